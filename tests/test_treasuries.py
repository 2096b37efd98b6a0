"""Treasuries as their owners see them: what they are worth, how long they last, when they are low,
whether they pay what is due; and what a comparison shows of them by year.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokenomics as tk
from tokenomics.cli.compare import _besides
from tokenomics.errors import InputError
from tokenomics.experiments.compare import comparison_design
from tokenomics.inputs.bounds import CENTURY
from tokenomics.model.formulas.liquidity import clear, proceeds
from tokenomics.results.metrics import DEPLETING, METRICS

SETS = {"simulation.time_step": 0.5}


def of(name, sets=(), **paths):
    """A metric of hand-made paths, one run each row."""
    values = {k: np.atleast_2d(np.asarray(v, dtype=float)) for k, v in paths.items()}
    return METRICS[name].function(values, tk.resolve(sets=dict(sets)).values)


def sold_in(pieces, kind, price, pool_tok, pool_usd, tokens):
    """What a market pays for tokens that come in so many batches, nobody else trading."""
    total, piece = 0.0, tokens / pieces
    for _ in range(pieces):
        settled, price, out = clear(kind, price, pool_tok, pool_usd, 0.0, piece, 1e300)
        total += settled * piece
        if kind == "pool":
            pool_tok, pool_usd = pool_tok - out, pool_usd - settled * piece
    return total


POOLS = st.tuples(st.floats(0.01, 100.0), st.floats(1e3, 1e7), st.floats(1e-3, 30.0))


@settings(deadline=None)
@given(POOLS, st.integers(1, 40))
def test_a_pool_pays_the_same_in_however_many_pieces(pool, pieces):
    price, pool_tok, share = pool
    sale = ("pool", price, pool_tok, price * pool_tok, share * pool_tok)
    assert proceeds(*sale) == pytest.approx(sold_in(pieces, *sale), rel=1e-9)
    assert proceeds(*sale) < price * pool_tok  # never more than there is


@settings(deadline=None)
@given(POOLS)
def test_a_linear_market_pays_what_small_pieces_fetch(pool):
    price, pool_tok, share = pool
    sale = ("linear", price, pool_tok, price * pool_tok, share * pool_tok)
    few, many = (abs(sold_in(pieces, *sale) / proceeds(*sale) - 1.0) for pieces in (50, 800))
    assert many <= few / 10.0 + 1e-9
    assert many < 0.05


@pytest.mark.parametrize("kind", ["pool", "linear"])
def test_selling_little_is_worth_the_price_and_more_is_worth_more(kind):
    tokens = np.geomspace(1e-6, 1e9, 200)
    found = proceeds(kind, 2.0, 1e6, 2e6, tokens)
    assert found[0] == pytest.approx(2e-6, rel=1e-9)
    assert np.all(np.diff(found) > 0.0) and np.all(found <= 2.0 * tokens)
    assert proceeds("off", 2.0, 1e6, 2e6, 7.0) == 14.0


@pytest.mark.parametrize(
    ("sets", "wanted"),
    [
        ({}, 10.0 + 2e6 * 3.0 / (1e6 + 3.0)),
        ({"market.type": "linear"}, 10.0 + 1e6 * np.log1p(6e-6)),
        ({"market.enabled": False}, 16.0),
    ],
)
def test_the_value_counts_tokens_at_the_market_or_at_what_it_would_pay(sets, wanted):
    end = {
        "treasury_usd": [[99.0, 10.0]],
        "treasury_tok": [[50.0, 3.0]],
        "token_price": [[1.0, 2.0]],
        "pool_tok": [[9.0, 1e6]],
        "pool_usd": [[9.0, 2e6]],
        "protocol_owned": [[0.0, 0.0]],
    }
    assert of("treasury_value", **end) == 16.0
    assert of("treasury_value_pool", sets, **end) == pytest.approx(wanted, rel=1e-12)


def test_the_runway_is_days_of_operating_cost_and_has_an_end():
    found = of(
        "treasury_runway",
        treasury_usd=[[9.0, 50.0], [9.0, 0.0], [9.0, 50.0], [9.0, 0.0], [9.0, 1e300]],
        operating_cost=[[9.0, 2.0], [9.0, 2.0], [9.0, 0.0], [9.0, 0.0], [9.0, 1e-300]],
    )
    # what costs nothing lasts a century, however little there is
    assert found.tolist() == [25.0, 0.0, CENTURY, CENTURY, CENTURY]


def test_the_first_low_day_is_the_first_one_and_the_span_where_there_is_none():
    reserve = [
        [100.0, 50.0, 10.0, 5.0, 90.0],
        [100.0, 10.1, 11.0, 12.0, 13.0],
        [100.0, 90.0, 80.0, 70.0, 10.0],
        [0.0, 5.0, 5.0, 5.0, 5.0],
    ]
    assert of("treasury_low", treasury_usd=reserve).tolist() == [1.0, 0.0, 1.0, 1.0]
    assert of("treasury_low_day", treasury_usd=reserve).tolist() == [2.0, 4.0, 4.0, 0.0]
    assert of("treasury_low_day", SETS, treasury_usd=reserve).tolist() == [1.0, 2.0, 2.0, 0.0]


def test_a_day_that_never_comes_is_told_where_it_stands_for_the_span():
    never = METRICS["treasury_low_day"]
    assert never.heading == "treasury_low_day [days; the span where never]"
    assert never.label.endswith("the span where never")
    assert METRICS["treasury_min"].heading == "treasury_min [USD]"


def test_the_interval_of_a_day_does_not_pass_the_span():
    sets = {"treasury.cost_ratio": 100.0, "simulation.warm_up": 0.0, "simulation.days": 17}
    asked = {"metrics": ["treasury_low_day"], "runs": 10}
    low = {"policies": ["pid"], "set": sets, "parameters": {"controller.pid.kp": [0.1]}}
    swept = tk.sweep(low | asked).table().iloc[0]
    assert swept["treasury_low_day"] < 17.0 == swept["treasury_low_day_high"]
    by_path = low | {"parameters": {"simulation.days": [17.0, 18.0]}}
    by_path["set"] = {path: value for path, value in sets.items() if "days" not in path}
    assert tk.sweep(by_path | asked).spans.tolist() == [17.0, 18.0]
    compared = tk.compare(policies=["pid", "none"], sets=sets, **asked, years=()).means()
    alone = tk.run(policy="pid", sets=sets, runs=10, engine="ensemble").metrics()
    assert compared["high"].max() <= 17.0 >= alone.loc["treasury_low_day", "high"]


def test_a_network_without_a_treasury_has_a_low_one_and_the_meaning_says_so():
    assert of("treasury_low", treasury_usd=[0.0, 0.0]) == 1.0
    assert METRICS["treasury_low"].meaning.endswith("or is 0 from the start")


def test_who_pays_less_than_planned_on_one_day_has_not_paid():
    found = of(
        "treasury_unpaid",
        cost_paid=[[0.0, 5.0, 5.0, 5.0], [0.0, 5.0, 4.999, 5.0], [0.0, 0.0, 0.0, 0.0]],
        operating_cost=[[5.0] * 4, [5.0] * 4, [0.0] * 4],
    )
    assert found.tolist() == [0.0, 1.0, 0.0]  # the start pays nothing, and that is no default


@pytest.mark.parametrize("policy", ["none", "pid", "threshold"])
def test_a_treasury_without_a_reserve_is_low_and_does_not_pay(policy):
    found = tk.run(
        policy=policy,
        sets={"treasury.reserve": 0.0, "simulation.warm_up": 0.0},
        days=10,
        runs=3,
        engine="ensemble",
    ).metrics_per_run()
    assert (found["treasury_low"] == 1.0).all() and (found["treasury_low_day"] == 0.0).all()
    assert (found["treasury_unpaid"] == 1.0).all()


def test_a_treasury_whose_income_stops_is_low_and_unpaid_on_the_days_of_arithmetic():
    """Nothing comes in and only the planned cost goes out: a straight line."""
    sets = {"shocks.enabled": False, "treasury.cost_ratio": 60.0}
    result = tk.run(policy="none", sets=sets, days=120, record=None, engine="ensemble")
    paths = {
        n: result.trajectories.values[n][0]
        for n in ("treasury_usd", "treasury_income", "cost_paid")
    }
    reserve = paths["treasury_usd"][0]
    cost = paths["cost_paid"][1]
    net = cost - paths["treasury_income"][1]
    found = result.metrics_per_run().iloc[0]
    assert found["treasury_low_day"] == np.ceil(0.9 * reserve / net)
    assert found["treasury_unpaid"] == float(paths["cost_paid"][1:].min() < cost) == 1.0


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("policy", "scenario", "overlays"),
    [
        ("pid", "combined_stress", ()),
        ("threshold", "bank_run", ()),
        ("mpc", "none", ()),
        ("rai", "whale_unlock", ()),
        ("dcbm", "treasury_drain", ()),
        ("static", "regional_outage", ("growth",)),
    ],
)
def test_a_runs_first_days_are_the_same_however_long_it_is(policy, scenario, overlays):
    """So that the tables by year are of the same runs."""
    short, long = (
        tk.run(
            policy=policy,
            scenario=scenario,
            overlay=overlays,
            days=days,
            runs=3,
            seed=2,
            engine="ensemble",
        ).trajectories
        for days in (80, 120)
    )
    assert len(short.values) > 80
    for name, path in short.values.items():
        np.testing.assert_array_equal(path, long.values[name][:, :81], err_msg=name)


def test_what_is_voted_on_is_simulated_for_three_years_unless_another_span_is_given():
    def days(**given):
        return comparison_design(policies=["none", "pid"], **given).sets["simulation.days"]

    assert days() == 1095.0
    assert (days(days=10), days(sets={"simulation.days": 20})) == (10, 20)
    as_it_is = comparison_design(policies=["none", "pid"], today={"simulation.days": 30})
    assert as_it_is.resolved("pid", "none").values.simulation.days == 30.0
    alone = tk.run(policy="none", record=["nodes"], engine="ensemble")
    assert alone.trajectories.time[-1] == 365.0


@pytest.mark.slow
def test_what_depletes_by_year_is_that_of_runs_of_so_many_years():
    common = {"runs": 4, "seed": 3}
    scenarios = ["none", "whale_unlock"]
    found = tk.compare(
        policies=["none", "threshold"], scenarios=scenarios, days=730, years=[2, 1], **common
    )
    # the comparison's own span is not simulated again, and of the other no more than is shown
    assert found.years == (1, 2)
    assert found.spans.points["simulation.days"].tolist() == [365.0]
    assert found.spans.metrics == list(DEPLETING)
    table = found.by_year()
    assert table["year"].tolist() == ([1] * 10 + [2] * 10) * 2
    for year, scenario in zip((2, 1), scenarios, strict=True):
        alone = tk.run(
            policy="threshold", scenario=scenario, days=365 * year, engine="ensemble", **common
        ).metrics()
        mine = table.query(
            "policy == 'threshold' and year == @year and scenario == @scenario"
        ).set_index("metric")
        for name in DEPLETING:
            for column in ("mean", "low", "high", "n", "failed"):
                assert mine[column][name] == alone[column][name], (name, column)
    shown = found.by_year_shown("none")
    assert list(shown) == ["metric", "policy", "1 year", "2 years"] and len(shown) == 10
    text = found.markdown()
    assert text.count("By year, scenario") == 2 and "| treasury_low [1] | threshold | " in text


def test_a_comparison_that_measures_little_still_shows_what_depletes():
    found = tk.compare(policies=["none", "pid"], runs=2, days=365, metrics=["price_final"], years=1)
    assert found.sweep.metrics == ["price_final"]
    assert found.spans.points["simulation.days"].tolist() == [365.0]
    assert set(found.by_year()["metric"]) == set(DEPLETING)
    (told,) = _besides(found)
    assert (
        told.startswith("every run was simulated over 365 days besides") and "--years none" in told
    )
    assert _besides(dataclasses.replace(found, spans=None)) == []


@pytest.mark.parametrize("years", [[0], [1.5], [101], [3, 3], ["3"]])
def test_years_are_whole_and_stand_once(years):
    with pytest.raises(InputError, match="years: "):
        tk.compare(policies=["none", "pid"], runs=2, days=2, years=years)
