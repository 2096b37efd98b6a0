"""What a voter reads first: the verdict in two sentences, and the forecast as a picture."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from proposals import PROPOSAL
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.unread import UnreadChanges
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.report.axes import settle
from tokenomics.governance.report.fan import over_time
from tokenomics.governance.report.figures import effects, spread, svg
from tokenomics.governance.verify.redrawn import difference
from tokenomics.results.metrics.declaration import LABELS

LOW, DEEP = "treasury_low <= 0.9", "max_drawdown <= 0.25"
DAYS, QUANTILES = (0.0, 5.0, 30.0), (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


@pytest.fixture(scope="module")
def plan():
    changes = {"set": {"simulation.days": 30, "change.day": 7}, "alternatives": {}, "watch": []}
    return read_proposal(PROPOSAL | changes)[1]


def evidence(plan, *limits, moved=0.1, forecast=None):
    """Made up: in every other run the reserve is low; the deepest fall is 20 % and a bit, `moved`
    more under the proposal.
    """
    said = [{"scenarios": plan.labels, **one} for one in limits]
    plan = replace(plan, statement={**plan.statement, "limits": said})
    rows = [
        {"case": case, "point": number, "run": run, "failed_day": np.nan, "error": ""}
        | dict.fromkeys(plan.metrics, 0.5)
        | {"treasury_low": float(run % 2), "max_drawdown": 0.2 + 0.001 * run}
        | ({} if point.role == "current" else {"max_drawdown": 0.2 + moved + 0.001 * run})
        for case in range(len(plan.cases))
        for number, point in enumerate(plan.points)
        for run in range(point.runs)
    ]
    table = pd.DataFrame() if forecast is None else forecast
    found = Evidence(plan, pd.DataFrame(rows)[plan.columns], over_time=table)
    vars(found)["idle"] = UnreadChanges({}, frozenset(), {})  # which takes seconds to find out
    return found


def test_a_verdict_that_holds_says_so_and_how_it_bears_other_parameters(plan):
    found = evidence(plan, {"limit": LOW})
    assert found.verdict() == (
        "The proposal meets its one limit in every scenario. Every 95 % interval over 6 runs is "
        "within its limit; with one parameter changed at a time, none of 12 checks fails."
    )
    assert found.details() == [
        "6 runs in each of 2 scenarios: calm (no scenario's events), token_crash. 2 checks of 1 "
        "limit: 2 hold, 0 fail. Today's values against the same limits, but for those on a "
        "change: 2 hold, 0 fail."
    ]


def test_a_verdict_that_fails_says_by_how_much_and_where(plan):
    found = evidence(plan, {"limit": LOW}, {"limit": DEEP, "scenarios": ["none"]})
    assert found.verdict() == (
        "The proposal fails 1 of its 2 limits: largest fall of the price is 0.303 (limit: at most "
        "0.25). It fails in calm by more than chance explains (95 % intervals for all checks at "
        "once, 6 runs), and still does in 6 of 6 variations of one parameter, each judged by "
        "itself."
    )
    assert found.warnings()[0].endswith("it would fail: max_drawdown <= 0.25 (token_crash).")


def test_a_limit_on_a_probability_is_told_as_a_share_of_the_runs(plan):
    found = evidence(plan, {"limit": "treasury_low <= 0.4"}, {"limit": LOW})
    assert found.verdict() == (
        "The proposal fails no limit, but 1 of its 2 is undecided: the reserve falls to 10 % of "
        "its start or is 0 from the start in 50 % of the runs (limit: at most 40 %). In every "
        "scenario a limit lies within the 95 % interval over 6 runs, or is too near for so few."
    )


def test_a_change_is_told_as_a_change_and_what_is_the_same_as_no_change(plan):
    fall = {"limit": "max_drawdown <= 0.0", "of": "change"}
    assert (
        evidence(plan, fall)
        .verdict()
        .startswith(
            "The proposal fails its one limit: largest fall of the price changes by 0.1 (limit: at "
            "most 0). "
        )
    )
    assert evidence(plan, fall, moved=0.0).verdict() == (
        "Nothing changed: today's values and the proposed ones give the same numbers in all runs. "
        "So no limit was tested, in 6 runs of each of 2 scenarios."
    )


def test_a_scenario_that_is_called_calm_is_not_taken_for_none(plan):
    quiet = replace(plan.cases[1], scenario="calm")
    both = replace(plan, cases=(plan.cases[0], quiet))
    assert both.shown == {"none": "none", "calm": "calm"}
    assert plan.shown == {"none": "calm", "token_crash": "token_crash"}


def forecast(**changed):
    """As `Evidence.over_time`. changed: factors of a variable's values under the proposal."""
    rows = [
        {"scenario": "none", "values": values, "variable": name, "unit": unit, "day": day}
        | {"date": "", "quantile": share}
        | {
            "value": (1.0 + share + day * share)
            * (changed.get(name, 1.0) if values == "proposed" else 1.0)
        }
        for values in ("current", "proposed")
        for name, unit in (("token_price", "USD/TOK"), ("treasury_usd", "USD"))
        for day in DAYS
        for share in QUANTILES
    ]
    return pd.DataFrame(rows)


def drawn(plan, table):
    picture, figure = over_time(evidence(plan, {"limit": LOW}, forecast=table))
    settle(figure)
    return picture, figure


def test_a_fan_shows_the_numbers_of_the_forecast_and_the_day_of_the_change(plan):
    table = forecast(treasury_usd=0.5)
    picture, figure = drawn(plan, table)
    assert [axis.get_ylabel() for axis in figure.axes] == ["USD/TOK", "USD"]
    for axis, name in zip(figure.axes, ("token_price", "treasury_usd"), strict=True):
        own = table[table["variable"] == name].set_index(["values", "quantile", "day"])["value"]
        bands = iter(axis.patches)
        for values, line in zip(("current", "proposed"), axis.lines, strict=False):
            assert list(line.get_ydata()) == list(own[values, 0.5])
            for low, high in ((0.05, 0.95), (0.25, 0.75)):
                x, y = next(bands).get_xy()[:-1].T  # which closes where it begins
                assert list(x) == [*DAYS, *DAYS[::-1]]
                assert list(y) == [*own[values, low], *own[values, high][::-1]]
        assert list(axis.lines[-1].get_xdata()) == [7.0, 7.0]
    assert figure.axes[0].get_title(loc="left") == (
        "token price\nmedian on day 30: 16.5 USD/TOK, as with today's values"
    )
    assert "treasury_usd: median on day 30: 8.25 USD, with today's values 16.5" in picture.alt
    assert "in the scenario calm" in picture.caption


def test_there_is_no_relative_change_of_what_is_about_zero(plan):
    found = evidence(plan, {"limit": LOW})
    about_zero = np.where(found.runs["run"] % 2, 2e-3, -1e-3) + 5.0 * (found.runs["point"] > 0)
    found = Evidence(plan, found.runs.assign(treasury_min=about_zero))
    _, figure = effects(found)
    drawn = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert "largest fall of the price" in drawn and "lowest reserve" not in drawn


def test_the_figure_of_effects_has_a_tick_beyond_the_largest_and_no_text_outside(plan, monkeypatch):
    monkeypatch.setitem(
        LABELS, "max_drawdown", "a fall of the price with a name that leaves little"
    )
    _, figure = effects(evidence(plan, {"limit": LOW}, moved=0.046))
    settle(figure)
    axis, canvas = figure.axes[0], FigureCanvasAgg(figure)
    (low, high), ends = axis.get_xlim(), axis.dataLim.intervalx
    ticks = [tick for tick in axis.get_xticks() if low <= tick <= high]
    assert ends[1] > 20 and min(ticks) <= ends[0] and max(ticks) >= ends[1]
    box = axis.xaxis.label.get_window_extent(canvas.get_renderer())
    assert box.x0 >= 0.0 and box.x1 <= figure.bbox.x1


def test_a_spread_is_drawn_of_what_varies_and_does_not_merely_happen(plan):
    found = evidence(plan, {"limit": LOW}, {"limit": DEEP}, {"limit": "treasury_min >= 0"})
    _, figure = spread(found)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title.split(":")[0] for title in titles] == ["largest fall of the price"]


@pytest.mark.parametrize(
    ("least", "bands", "words"),
    [
        (0.25, [(0.25, 0.75)], "half of them are within the band, and they are too few for one of"),
        (0.5, [], "they are too few for a band"),
    ],
)
def test_a_fan_of_few_runs_has_the_bands_that_they_reach(plan, least, bands, words):
    table = forecast()
    outer = (table["quantile"] < least) | (table["quantile"] > 1.0 - least)
    picture, figure = drawn(plan, table.assign(value=table["value"].mask(outer)))
    own = table.set_index(["variable", "values", "quantile", "day"])["value"]["token_price"]
    found = [list(patch.get_xy()[:3, 1]) for patch in figure.axes[0].patches]
    assert found == [
        list(own[values, low]) for values in ("current", "proposed") for low, _ in bands
    ]
    assert words in picture.caption and "inner" not in picture.caption
    assert svg(figure)


def test_a_fan_with_another_number_is_a_difference(plan):
    recorded, same, other = (
        svg(drawn(plan, forecast(token_price=factor))[1]) for factor in (1.0, 1.0, 1.2)
    )
    assert recorded == same and difference(recorded, same) is None
    assert difference(recorded, other) is not None


def test_what_was_not_forecast_has_no_fan(plan):
    assert over_time(evidence(plan, {"limit": LOW})) is None
    assert (
        over_time(evidence(plan, {"limit": LOW}, forecast=forecast().assign(value=np.nan))) is None
    )
