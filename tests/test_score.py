"""Scores of forecasts: the rules against closed forms, and the command on tables as people have
them.
"""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import binomtest

import tokenomics
from paths import command
from tokenomics.errors import InputError
from tokenomics.forecasts.coverage import NARROW, UNDECIDED, covered, verdict
from tokenomics.forecasts.rules import (
    crps,
    interval_score,
    pinball,
    weighted_interval_score,
    weights,
)

COLUMNS = ["scenario", "values", "variable", "unit", "day", "date", "runs", "quantile", "value"]
LEVELS = np.array([0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975])


def test_the_crps_of_quantiles_tends_to_that_of_the_normal_distribution():
    y = np.array([-1.7, 0.0, 0.4, 2.5])
    density = np.exp(-0.5 * y * y) / np.sqrt(2.0 * np.pi)
    exact = y * (2.0 * ndtr(y) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi)
    gaps = []
    for count in (9, 99, 999):
        levels = np.arange(1, count + 1) / (count + 1.0)
        found = crps(np.broadcast_to(ndtri(levels), (len(y), count)), levels, y)
        gaps.append(np.max(np.abs(found / exact - 1.0)))
    assert gaps[0] > 5.0 * gaps[1] > 25.0 * gaps[2]
    assert gaps[2] < 2e-3


def test_seven_levels_tell_the_crps_of_a_right_forecast_to_four_percent():
    # the mean loss of a normal's quantile is the density there (Gneiting and Raftery 2007)
    losses = np.exp(-0.5 * ndtri(LEVELS) ** 2) / np.sqrt(2.0 * np.pi)
    assert 2.0 * np.sum(weights(LEVELS) * losses) * np.sqrt(np.pi) == pytest.approx(0.958, abs=1e-3)


def test_the_weights_are_the_parts_of_all_levels_that_are_nearest():
    np.testing.assert_allclose(weights(np.array([0.25, 0.5, 0.75])), [0.375, 0.25, 0.375])
    assert np.sum(weights(LEVELS)) == pytest.approx(1.0)


def test_an_interval_score_by_hand():
    # inside its width; outside 2/(1 − 0.9) = 20 times the distance more
    assert interval_score(1.0, 3.0, 0.9, 2.0) == 2.0
    assert interval_score(1.0, 3.0, 0.9, 3.5) == pytest.approx(2.0 + 20.0 * 0.5)
    assert interval_score(1.0, 3.0, 0.5, 0.0) == pytest.approx(2.0 + 4.0 * 1.0)


def test_the_weighted_interval_score_is_that_of_its_intervals():
    quantiles, y = np.array([0.0, 1.0, 3.0, 4.0, 7.0, 9.0, 20.0]), np.array(8.0)
    whole = 0.5 * abs(8.0 - 4.0)
    for i in range(3):
        level = LEVELS[6 - i] - LEVELS[i]
        whole += 0.5 * (1 - level) * interval_score(quantiles[i], quantiles[6 - i], level, 8.0)
    assert weighted_interval_score(quantiles, LEVELS, y) == pytest.approx(whole / 3.5)


def test_a_quantile_loss_by_hand():
    found = pinball(np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.5, 0.9]), np.array(3.0))
    np.testing.assert_allclose(found, [0.2, 0.5, 0.1])


def test_coverage_counts_alike_dates_once_and_unlike_ones_each():
    alike = np.repeat([[1.0]] * 90 + [[0.0]] * 10, 5, axis=1)
    share, low, high, count = covered(alike)
    assert (share, round(count)) == (0.9, 100)  # histories, not 500 outcomes
    assert low < 0.84 and high > 0.94
    unlike = (np.random.default_rng(2).random((100, 5)) < 0.9).astype(float)
    assert covered(unlike)[3] > 350.0


def strays_for_weeks(tables, histories, seed, days=365, memory=0.95):
    """Paths of a right forecast as standard normals, (tables, histories, days)."""
    noise = np.random.default_rng(seed).standard_normal((tables, histories, days))
    path = [noise[..., 0]]
    for t in range(1, days):
        path.append(memory * path[-1] + np.sqrt(1.0 - memory**2) * noise[..., t])
    return np.stack(path, axis=-1)


def strays_for_good(tables, histories, seed, days=90):
    """The same of a price, whose returns add up; every third day."""
    steps = np.random.default_rng(seed).standard_normal((tables, histories, days))
    return (steps.cumsum(axis=2) / np.sqrt(np.arange(1.0, days + 1.0)))[..., 2::3]


def inside_of(paths, level):
    return (np.abs(paths) <= ndtri(0.5 + 0.5 * level)).astype(float)


@pytest.mark.parametrize("paths", [strays_for_weeks, strays_for_good])
@pytest.mark.parametrize("histories", [2, 5, 12, 30])
def test_a_right_interval_is_rarely_called_wrong_however_few_the_histories(histories, paths):
    drawn = paths(400, histories, seed=11)
    for level in (0.5, 0.9, 0.95):
        bounds = [covered(inside)[1:3] for inside in inside_of(drawn, level)]
        # of 400 at .05 a share has a deviation of .011
        wrong = np.mean([not low <= level <= high for low, high in bounds])
        assert wrong <= 0.08, level


def test_a_wrong_interval_is_found_with_a_few_histories():
    # 50 % where 90 % is stated
    tables = inside_of(strays_for_weeks(200, 5, seed=12), 0.5)
    told = [verdict(0.9, *covered(inside)[1:], histories=5) for inside in tables]
    assert np.mean([word == NARROW for word in told]) > 0.9


def test_histories_of_unequal_length_count_for_fewer():
    inside = np.ones((2, 300))
    inside[1, 3:] = np.nan
    kish = 303.0**2 / (300.0**2 + 3.0**2)
    share, low, high, count = covered(inside)
    assert (share, high) == (1.0, 1.0) and count == pytest.approx(kish)
    assert low == pytest.approx(0.025 ** (1.0 / kish))  # Clopper and Pearson, of all inside
    inside[1, :3] = 0.0
    assert covered(inside)[3] == pytest.approx(kish)  # Korn and Graubard's would be 0.01 of that


def test_the_interval_of_independent_outcomes_is_the_exact_binomial_one():
    for inside in (0, 3, 20):
        found = covered((np.arange(20) < inside).astype(float)[:, None])
        exact = binomtest(inside, 20).proportion_ci(method="exact")
        assert found[3] == 20.0 and found[1:3] == pytest.approx((exact.low, exact.high))


def test_one_history_has_no_verdict(tmp_path):
    assert covered(np.array([[1.0, 1.0, np.nan, 0.0]]))[3] == 1.0
    forecast = write(tmp_path, "f.csv", LONG)
    far = write(tmp_path, "h.csv", "day,token_price\n0,2\n10,9\n40,9\n")
    found = tokenomics.score(forecast, far)
    assert set(found.coverage["verdict"]) == {UNDECIDED}
    assert any("dates of one history are not independent" in note for note in found.notes)
    # nor have outcomes that are too few to tell against a level whatever they are
    three = [verdict(level, *covered(np.zeros((3, 1)))[1:], histories=3) for level in (0.5, 0.9)]
    assert three == [UNDECIDED, NARROW]


def write(folder, name, text):
    (folder / name).write_text(text)
    return str(folder / name)


LONG = "variable,day,quantile,value\n" + "".join(
    f"token_price,{day},{q},{2.0 + 0.1 * day * (q - 0.5)}\n"
    for day in (0, 10, 40)
    for q in (0.05, 0.5, 0.95)
)


def test_no_change_scored_against_itself_has_no_skill(tmp_path):
    still = "variable,day,quantile,value\n" + "".join(
        f"x,{day},{q},3.0\n" for day in (0, 1, 2) for q in LEVELS
    )
    forecast = write(tmp_path, "f.csv", still)
    found = tokenomics.score(forecast, write(tmp_path, "h.csv", "day,x\n0,3\n1,4\n2,1\n"))
    whole = found.scores.iloc[-1]
    assert (whole["horizon"], whole["dates"], whole["skill"]) == ("all", 2, 0.0)
    assert whole["crps"] == whole["no_change"] == pytest.approx(1.5)  # the absolute error


def test_the_numbers_of_a_small_table_by_hand(tmp_path):
    history = write(tmp_path, "h.csv", "day,token_price\n-1,1.9\n10,2.6\n40,1.5\n41,9\n")
    found = tokenomics.score(write(tmp_path, "f.csv", LONG), history)
    first, second = found.scores.iloc[0], found.scores.iloc[1]
    assert list(found.scores["horizon"]) == ["7 to 30 days", "30 to 90 days", "all"]
    # on day 10: 1.55, 2, 2.45; twice the sum of 0.275, 0.45 and 0.275 of the losses
    loss = 2.0 * (0.275 * 0.05 * 1.05 + 0.45 * 0.5 * 0.6 + 0.275 * 0.95 * 0.15)
    assert first["crps"] == pytest.approx(loss)
    assert first["no_change"] == pytest.approx(0.7)
    assert second["no_change"] == pytest.approx(0.4)
    assert second["error"] == pytest.approx(0.5)
    cover = found.coverage.set_index("horizon")
    assert list(cover["covered"]) == [0.0, 1.0, 0.5]
    assert cover.loc["7 to 30 days", "interval_score"] == pytest.approx(0.9 + 20.0 * 0.15)
    assert any("not independent" in note for note in found.notes)


def test_intervals_alone_have_no_crps_and_with_a_median_they_have(tmp_path):
    rows = (
        "variable,date,low,high,level{}\nfees,2026-01-05,1,3,0.9{}\nfees,2026-01-05,1.5,2.5,0.5{}\n"
    )
    history = write(tmp_path, "h.csv", "date,fees\n2026-01-01,2\n2026-01-05,3.5\n")
    alone = write(tmp_path, "f.csv", rows.format("", "", ""))
    found = tokenomics.score(alone, history, day_zero="2026-01-01")
    assert np.isnan(found.scores["crps"]).all() and list(found.coverage["level"][:2]) == [0.9, 0.5]
    assert found.coverage["interval_score"][0] == pytest.approx(2.0 + 20.0 * 0.5)
    both = write(tmp_path, "g.csv", rows.format(",median", ",2", ",2"))
    found = tokenomics.score(both, history, day_zero="2026-01-01")
    assert found.scores["wis"][0] > 0.0 and found.scores["crps"][0] > 0.0


@pytest.mark.parametrize("kind", ["wide", "long", "prices", "parquet", "renamed"])
def test_histories_are_read_in_their_forms(tmp_path, kind):
    days = pd.date_range("2026-01-01", periods=41)
    values = np.linspace(2.0, 3.0, 41)
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "token_price": values})
    path, more = tmp_path / "h.csv", {}
    if kind == "parquet":
        path = tmp_path / "h.parquet"
        frame.to_parquet(path)
    elif kind == "long":
        frame = frame.rename(columns={"token_price": "value"})
        frame.assign(variable="token_price", unit="USD/TOK").to_csv(path, index=False)
    else:
        name = {"wide": "token_price", "prices": "close", "renamed": "mine"}[kind]
        frame.rename(columns={"token_price": name}).to_csv(path, index=False)
        more = {"column": ["token_price=mine"]} if kind == "renamed" else {}
    found = tokenomics.score(write(tmp_path, "f.csv", LONG), path, day_zero="2026-01-01", **more)
    assert found.scores["no_change"].iloc[-1] == pytest.approx(0.5 * (0.25 + 1.0))


def test_a_price_that_is_named_leaves_the_rest_of_its_layout_told(tmp_path):
    """CoinGecko's dates, of which its last is of an unfinished day."""
    days = pd.date_range("2026-01-01", periods=41).strftime("%Y-%m-%d 00:00:00 UTC")
    rows = [f"{day},{value},9" for day, value in zip(days, np.linspace(2.0, 3.0, 41), strict=True)]
    head = "snapped_at,price,market_cap"
    history = write(tmp_path, "h.csv", "\n".join([head, *rows, "2026-02-10 13:05:00 UTC,9,9\n"]))
    forecast = write(tmp_path, "f.csv", LONG)
    told, named = (
        tokenomics.score(forecast, history, day_zero="2026-01-01", **more)
        for more in ({}, {"column": "price"})
    )
    pd.testing.assert_frame_equal(told.scores, named.scores)


def test_a_forecast_is_as_sure_as_it_says_where_the_truth_is_its_own(tmp_path):
    """1,000 paths forecast 200 later ones; their dates are as alike as those of a price."""
    draws = np.random.default_rng(3).normal(size=(1_200, 13)).cumsum(axis=1)
    past, later = draws[:1_000], draws[1_000:]
    quantiles = np.quantile(past, LEVELS, axis=0, method="weibull")
    rows = [("x", day, q, quantiles[i, day]) for day in range(13) for i, q in enumerate(LEVELS)]
    forecast = tmp_path / "f.csv"
    pd.DataFrame(rows, columns=["variable", "day", "quantile", "value"]).to_csv(forecast)
    table = pd.DataFrame({"run": np.repeat(np.arange(200), 13), "day": np.tile(np.arange(13), 200)})
    table.assign(x=later.ravel()).to_parquet(tmp_path / "h.parquet")
    found = tokenomics.score(forecast, tmp_path / "h.parquet")
    whole = found.coverage[found.coverage["horizon"] == "all"]
    assert list(whole["level"]) == [0.95, 0.9, 0.5]
    assert list(whole["verdict"]) == ["as stated"] * 3
    assert (whole["counted"] < whole["outcomes"]).all()  # a path strays for days
    off = pd.read_csv(forecast).assign(value=lambda t: 0.5 * t["value"])
    off.to_csv(tmp_path / "g.csv", index=False)
    narrow = tokenomics.score(tmp_path / "g.csv", tmp_path / "h.parquet").coverage
    assert set(narrow.loc[narrow["horizon"] == "all", "verdict"]) == {"too narrow"}


GOOD = "day,token_price\n0,1\n10,2\n40,3\n"
UNITS = "variable,day,quantile,value,unit\ntoken_price,10,0.5,2,USD\n"
DATED = "variable,day,date,quantile,value\nx,1,2026-01-02,0.5,1\nx,2,2026-01-09,0.5,1\n"
BAD = {
    "no variable": (
        LONG.replace("variable", "varable"),
        GOOD,
        "f.csv: variable: no column.*did you mean 'varable'",
    ),
    "no day": (LONG.replace("day", "when"), GOOD, "f.csv: day: no day and no date"),
    "a negative day": (LONG.replace(",40,", ",-4,"), GOOD, "f.csv:8: day: -4; expected days"),
    "a level of 90": (
        LONG.replace(",0.95,", ",95,"),
        GOOD,
        "f.csv:4: quantile: 95; expected a share above 0 and below 1",
    ),
    "no value": (LONG.replace("value", "worth"), GOOD, "f.csv: value: no column 'value'"),
    "text": (LONG.replace("2.0\n", "high\n", 1), GOOD, "f.csv:2: value: the text 'high'"),
    "crossing": (
        LONG.replace("1.55", "3.55"),
        GOOD,
        "f.csv:6: value: quantile 0.5 below quantile 0.05 on day 10",
    ),
    "twice": (
        LONG + "token_price,40,0.5,2\n",
        GOOD,
        "f.csv:11: variable: quantile 0.5 of token_price on day 40 twice",
    ),
    "a level less": (
        LONG.replace("token_price,40,0.5,2.0\n", ""),
        GOOD,
        "no quantile 0.5 of token_price on day 40",
    ),
    "both forms": (
        "variable,day,quantile,value,low\nx,1,0.5,2,1\n",
        GOOD,
        "f.csv: quantile: quantiles and intervals in one table",
    ),
    "ends crossed": (
        "variable,day,low,high,level\nx,1,3,2,0.9\n",
        GOOD,
        "f.csv:2: low: low 3 above high 2",
    ),
    "no level": ("variable,day,low,high\nx,1,1,2\n", GOOD, "f.csv: level: no column 'level'"),
    "another variable": (
        LONG,
        "day,token_prise\n0,1\n10,2\n",
        "h.csv: nothing that the forecast is of.*did you mean 'token_prise'",
    ),
    "no time": (
        LONG,
        "tick,token_price\n0,1\n10,2\n",
        "h.csv: date: no column of days or dates",
    ),
    "a day twice": (
        LONG,
        GOOD + "40,4\n",
        "h.csv:5: day: a second value of token_price on day 40",
    ),
    "dates alone": (
        LONG,
        "date,token_price\n2026-01-01,1\n2026-01-11,2\n",
        "h.csv: --day-zero: a history by date",
    ),
    "no date in common": (
        LONG,
        "day,token_price\n0,1\n11,2\n",
        "h.csv: no value on a day of the forecast; expected values of token_price from day 10",
    ),
    "another day 0": (
        DATED,
        GOOD,
        "f.csv:3: date: 2026-01-09 as day 2; expected 2026-01-03, with day 0 on 2026-01-01",
    ),
    "another unit": (
        UNITS,
        "day,variable,value,unit\n10,token_price,2,EUR\n",
        "h.csv: unit: token_price in 'EUR'; expected 'USD'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_one_line(tmp_path, case):
    forecast, history, message = BAD[case]
    write(tmp_path, "f.csv", forecast)
    write(tmp_path, "h.csv", history)
    status, out, errors = command("score", "f.csv", "h.csv", folder=tmp_path)
    assert (status, out) == (2, "")
    assert errors.count("\n") == 1
    assert re.search(message, errors), errors


def test_bands_are_days_in_order():
    with pytest.raises(InputError, match="bands: 30, 7; expected days above 0, ascending"):
        tokenomics.score("f.csv", "h.csv", bands=[30, 7])
    with pytest.raises(InputError, match="histories: no history"):
        tokenomics.score("f.csv")


def test_the_command_prints_json_and_writes_its_tables(tmp_path):
    write(tmp_path, "f.csv", LONG)
    write(tmp_path, "h.csv", GOOD)
    line = ["score", "f.csv", "h.csv", "--bands", "20", "--json", "--out", "new"]
    status, out, errors = command(*line, folder=tmp_path)
    assert (status, errors) == (0, "")
    told = json.loads(out)
    assert [row["horizon"] for row in told["scores"]] == ["0 to 20 days", "over 20 days", "all"]
    assert {p.name for p in (tmp_path / "new").iterdir()} == {
        "scores.csv",
        "coverage.csv",
        "scores.md",
        "scores.json",
    }
    assert json.loads((tmp_path / "new/scores.json").read_text())["notes"] == told["notes"]
    status, out, _ = command("score", "f.csv", "h.csv", folder=tmp_path)
    assert status == 0 and "note: CRPS is approximated" in out
    assert out.startswith(told["conclusion"])
    assert told["conclusion"] == (
        "Intervals undecided (too few independent outcomes): token_price. In 1 history better than "
        "no change: token_price."
    )


def table_of(changed):
    """A forecast as a bundle has it: of two variables, under two sets of values. changed: spread of
    the fees under the proposed ones.
    """
    rows = [
        ("none", values, name, unit, day, "", 40, level)
        + (start * (1.0 + 0.02 * np.sqrt(day) * wide * ndtri(level)),)
        for values, spread in (("current", 1.0), ("proposed", changed))
        for name, unit, start, wide in (
            ("circulating_supply", "TOK", 1e8, 1.0),
            ("fees", "USD/day", 9e3, spread),
        )
        for day in range(0, 91, 3)
        for level in LEVELS
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def histories_of(count):
    """As `table_of` forecasts today's values."""
    steps = np.random.default_rng(5).normal(0.0, 0.02, (2, count, 91))
    steps[..., 0] = 0.0
    supply, fees = 1.0 + steps.cumsum(axis=2)
    run, day = np.repeat(np.arange(count), 91), np.tile(np.arange(91), count)
    numbers = {"circulating_supply": 1e8 * supply.ravel(), "fees": 9e3 * fees.ravel()}
    return pd.DataFrame({"run": run, "day": day} | numbers)


def test_the_command_says_first_which_intervals_are_right_in_lines_of_100_columns(tmp_path):
    table_of(0.1).to_csv(tmp_path / "f.csv", index=False)
    histories_of(100).to_csv(tmp_path / "h.csv", index=False)
    status, out, _ = command("score", "f.csv", "h.csv", folder=tmp_path)
    first, *lines = out.splitlines()
    assert status == 0
    assert first == (
        "Intervals too narrow: fees (proposed); as stated: circulating_supply, fees (current). In "
        "100 histories better than no change: circulating_supply, fees."
    )
    notes = [line for line in lines if line.startswith("note: ")]
    assert "note: quantiles of 40 runs" in notes
    assert "note: 6,000 of 9,000 values of circulating_supply, fees after day 0 not scored" in out
    assert all(len(line) <= 100 for line in lines if line not in notes)
    assert "values proposed" in out and "unit" in out and "0 to 7" in out


def test_skill_is_of_the_histories_that_have_a_start(tmp_path):
    forecast = write(tmp_path, "f.csv", LONG)
    with_start = write(tmp_path, "a.csv", GOOD)
    without = write(tmp_path, "b.csv", "day,token_price\n10,7\n40,9\n")
    alone = tokenomics.score(forecast, with_start).scores.iloc[-1]
    both = tokenomics.score(forecast, with_start, without)
    for name in ("no_change", "skill"):
        assert both.scores.iloc[-1][name] == alone[name] and np.isfinite(alone[name])
    assert both.scores.iloc[-1]["crps"] > alone["crps"]
    said = "no value of token_price up to day 0 in 1 of 2 histories: no_change and skill are of the"
    assert any(note.startswith(said) for note in both.notes)
    none = tokenomics.score(forecast, without)
    assert none.scores["skill"].isna().all()
    assert "no value of token_price up to day 0 in the history: no skill" in none.notes
    assert none.conclusion.endswith("In 1 history not comparable with no change: token_price.")


@pytest.mark.parametrize("kind", ["wide", "long", "prices"])
def test_what_is_left_out_is_counted(tmp_path, kind):
    rows = [("2026-01-01", "2"), ("2026-01-06", "3"), ("2026-01-11", ""), ("2026-02-10", "2.2")]
    rows += [("2026-02-11", "2.1")]
    head, form = {
        "wide": ("date,token_price", "{},{}"),
        "long": ("date,variable,value", "{},token_price,{}"),
        "prices": ("date,close", "{},{}"),
    }[kind]
    text = "\n".join([head, *(form.format(*row) for row in rows)]) + "\n"
    forecast, history = write(tmp_path, "f.csv", LONG), write(tmp_path, "h.csv", text)
    notes = tokenomics.score(forecast, history, day_zero="2026-01-01").notes
    assert f"{history}: 1 of 5 rows of token_price left out, without a number or a day" in notes
    assert (
        "2 of 3 values of token_price after day 0 not scored: on no day of the forecast, 1 after "
        "its last, day 40"
    ) in notes


@pytest.mark.parametrize(("factor", "word"), [(1000.0, "above"), (0.001, "below"), (5.0, "")])
def test_outcomes_in_another_unit_are_asked_about(tmp_path, factor, word):
    forecast = write(tmp_path, "f.csv", LONG)
    text = f"day,token_price\n0,{2 * factor}\n10,{2 * factor}\n40,{2 * factor}\n"
    notes = tokenomics.score(forecast, write(tmp_path, "h.csv", text)).notes
    asked = [note for note in notes if "same unit" in note]
    said = f"every outcome of token_price is more than 10 times {word} all quantiles: is it in the "
    assert asked == ([said + "same unit?"] if word else [])


@pytest.mark.parametrize("cell", ["-1", "2.5"])
def test_a_number_of_runs_that_is_none_is_refused(tmp_path, cell):
    text = f"variable,day,quantile,value,runs\nx,1,0.5,1,40\nx,2,0.5,1,{cell}\n"
    write(tmp_path, "h.csv", "day,x\n0,1\n1,2\n")
    forecast = write(tmp_path, "f.csv", text)
    with pytest.raises(InputError, match=f"f.csv:3: runs: {cell}; expected the number of runs"):
        tokenomics.score(forecast, tmp_path / "h.csv")


def test_a_price_at_or_below_zero_is_refused_by_its_line(tmp_path):
    (tmp_path / "f.csv").write_text(
        "variable,day,quantile,value\n" + "".join(f"token_price,1,{q},{q}\n" for q in (0.1, 0.9))
    )
    (tmp_path / "h.csv").write_text("day,token_price\n0,0.2\n1,-0.2\n")
    status, _, error = command("score", tmp_path / "f.csv", tmp_path / "h.csv")
    assert status == 2 and "h.csv:3: token_price: -0.2; expected a price above 0" in error
