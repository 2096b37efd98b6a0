"""Scores of forecasts: the rules against closed forms, and the command on tables as people have
them.
"""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

import tokenomics
from paths import command
from tokenomics.errors import InputError
from tokenomics.forecasts.rules import (
    crps,
    interval_score,
    pinball,
    weighted_interval_score,
    weights,
)
from tokenomics.forecasts.score import covered

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
    one = np.array([[1.0, 1.0, np.nan, 0.0]])
    assert covered(one)[3] == 3.0


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
    assert status == 0 and "as stated" in out and "note: CRPS is approximated" in out


def test_a_price_at_or_below_zero_is_refused_by_its_line(tmp_path):
    (tmp_path / "f.csv").write_text(
        "variable,day,quantile,value\n" + "".join(f"token_price,1,{q},{q}\n" for q in (0.1, 0.9))
    )
    (tmp_path / "h.csv").write_text("day,token_price\n0,0.2\n1,-0.2\n")
    status, _, error = command("score", tmp_path / "f.csv", tmp_path / "h.csv")
    assert status == 2 and "h.csv:3: token_price: -0.2; expected a price above 0" in error
