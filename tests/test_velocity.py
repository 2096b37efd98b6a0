"""A rise of velocity is told to be usage or speculation from what anybody can see, and a rise of
velocity alone does not tell.
"""

import dataclasses
import datetime as dt
import json
import re

import numpy as np
import pytest
from scipy.special import expit, logit

from paths import command, simulate
from tokenomics.errors import InputError
from tokenomics.model.model import MODEL
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import find
from tokenomics.velocity.detector import (
    BEFORE,
    BOUGHT,
    FEATURES,
    OBSERVED,
    SOLD,
    Series,
    decomposition,
    detector,
    features,
    observed,
)
from tokenomics.velocity.episodes import HELD_OUT, TRAINING, simulate_episodes
from tokenomics.velocity.training import CLASSES, OneVariable, fit_logistic, judge, train

SHIPPED = detector()


@pytest.fixture(scope="module")
def trained():
    return dataclasses.replace(train(300, seed=11), detector=SHIPPED)


@pytest.fixture(scope="module")
def episodes():
    return simulate_episodes(TRAINING, 150, seed=12)


def test_every_order_of_the_model_is_in_the_volume():
    # with a buy-back, all orders and nothing else; arbitrage trades without an order
    orders = {
        v.name for v in MODEL.variables(resolve().values).values() if v.name.startswith("order_")
    }
    assert orders == {*BOUGHT, *SOLD} - {"arbitrage_tok"}
    one = {name: np.ones(3) for name in OBSERVED} | {"settlement_price": np.full(3, 4.0)}
    assert observed(one).volume == pytest.approx((len(BOUGHT) + 1) / 4.0 + len(SOLD))


def test_features_do_not_know_the_units(episodes):
    s = episodes.series
    found = features(s, BEFORE)
    # a cent for a dollar, and a token of a thousandth
    scaled = Series(s.price * 100.0 / 1000.0, s.volume * 1000.0, s.fees * 100.0, s.burned * 1000.0)
    for name, value in features(scaled, BEFORE).items():
        assert value == pytest.approx(found[name], abs=1e-9), name
    assert list(found) == list(FEATURES)


def test_features_of_series_known_by_hand():
    step = np.repeat([1.0, 2.0], [60, 30])
    found = features(Series(np.ones(90), 3.0 * step, step, np.zeros(90)), BEFORE)
    assert found == pytest.approx(
        {"fees": np.log(2.0), "turnover": np.log(2.0), "comovement": 1.0, "drift": 0.0}
    )
    growing = 1.0 + 0.01 * np.arange(90)
    found = features(Series(np.ones(90), np.ones(90), growing, np.zeros(90)), BEFORE)
    # by 0.01 a day over the 45 days between the middles of the windows, of a mean of 1.295
    assert found["drift"] == pytest.approx(0.45 / 1.295)
    assert found["fees"] == pytest.approx(np.log(1.0 + 0.45 / 1.295))
    assert found["comovement"] == 0.0


def test_logistic_regression_finds_the_odds_that_made_the_data():
    x = np.random.default_rng(0).normal(size=(40_000, 2))
    usage = np.random.default_rng(1).uniform(size=40_000) < expit(0.5 + x @ [1.0, -2.0])
    found, errors = fit_logistic(x, usage)
    assert np.all(np.abs(found - [0.5, 1.0, -2.0]) < 4.0 * errors) and np.all(errors < 0.03)
    # of one yes-or-no variable the weights are log odds of the shares
    groups = np.repeat([0.0, 1.0], [100, 50])
    found, _ = fit_logistic(
        groups[:, None], np.concatenate([np.arange(100) < 20, np.arange(50) < 40])
    )
    assert found == pytest.approx([logit(0.2), logit(0.8) - logit(0.2)], abs=1e-6)


def test_estimated_again_on_fewer_episodes_the_weights_are_those_that_are_shipped():
    again = train(400, seed=13).detector
    for name in FEATURES:
        shipped, found = SHIPPED.features[name], again.features[name]
        assert np.sign(found.weight) == np.sign(shipped.weight), name
        assert abs(found.weight - shipped.weight) < 4.0 * np.hypot(found.error, shipped.error), name
    assert again.intercept.weight == pytest.approx(SHIPPED.intercept.weight, abs=2.0)


def test_the_shipped_weights_do_not_know_the_episodes_of_a_test():
    assert (SHIPPED.seed, SHIPPED.before, SHIPPED.after) == (1, 60, 30)
    first, second = (simulate_episodes(TRAINING, 2, seed, CLASSES).series.price for seed in (1, 12))
    assert not np.any(first == second)


@pytest.mark.parametrize("name", ["holding time 180 to 500 days", "linear market"])
def test_where_it_was_not_estimated_the_detector_beats_velocity_and_is_no_better_than_fees(
    trained, name
):
    group = next(one for one in HELD_OUT if one.name == name)
    judged = judge(trained, simulate_episodes(group, 150, seed=14, kinds=CLASSES))
    assert judged.error("detector").high < 0.15
    assert judged.gain("velocity").low > 0.2
    assert judged.gain("claim").low > 0.2
    assert abs(judged.gain("fees").mean) < 0.05


def test_a_rise_of_velocity_does_not_show_usage(trained, episodes):
    judged = judge(trained, episodes)
    assert judged.error("claim").high > 0.5
    assert judged.chosen("claim", "null").mean > 0.35
    assert judged.shares("null")["usage"].high < 0.1
    assert judged.shares("mixed")["usage"].low > 0.7


def test_one_variable_has_the_threshold_that_parts_two_heaps():
    values = np.concatenate([np.linspace(0.0, 1.2, 50), np.linspace(0.8, 2.0, 50)])
    rule = OneVariable.estimate(values, np.arange(100) >= 50)
    assert rule.weight > 0.0 and -rule.intercept / rule.weight == pytest.approx(1.0)


def test_use_explains_the_orders_of_customers_and_operators():
    paths = simulate({"shocks.enabled": False}, days=90, runs=1)
    series = observed({name: paths[name][:, 1:] for name in OBSERVED})
    found = decomposition(series, BEFORE)["window"]
    truth = (
        paths["order_customers_usd"] / paths["settlement_price"] + paths["order_operators_tok"]
    )[0, -30:].mean()
    # both miss the other's part: the treasury's tenth of fees, emission that is sold
    assert found["use"][0] == pytest.approx(truth, rel=0.25)
    assert found["rest"] + found["use"] == pytest.approx(found["volume"])
    assert found["paid"][0] == pytest.approx((paths["fees"] / paths["token_price"])[0, -30:].mean())


def table(series, first=dt.date(2024, 1, 1)):
    lines = ["date,price,volume,fees,burned"]
    for day, row in enumerate(
        zip(series.price, series.volume, series.fees, series.burned, strict=True)
    ):
        lines.append(
            ",".join([str(first + dt.timedelta(days=day)), *(repr(float(x)) for x in row)])
        )
    return "\n".join(lines) + "\n"


def test_the_command_says_what_the_detector_says(tmp_path, episodes):
    for number in range(4):
        series = episodes.series[number]
        (tmp_path / "token.csv").write_text(table(series))
        status, out, errors = command("velocity", "token.csv", "--json", folder=tmp_path)
        assert status == 0, errors
        said, found = json.loads(out), features(series, BEFORE)
        assert said["probability_of_usage"] == pytest.approx(
            float(SHIPPED.probability(found)), rel=1e-9
        )
        rise = found["turnover"] > 0.0
        assert said["verdict"] == (
            str(SHIPPED.verdict(SHIPPED.probability(found))) if rise else "undecided"
        )
        odds = said["intercept"] + sum(one["log_odds"] for one in said["features"].values())
        assert expit(odds) == pytest.approx(said["probability_of_usage"])
        assert said["window"] == {"from": "2024-03-01", "to": "2024-03-30", "days": 30}
        status, out, _ = command("velocity", "token.csv", folder=tmp_path)
        assert status == 0 and f"verdict: {said['verdict']}; probability of usage" in out


def test_the_window_is_the_one_that_is_asked_for(tmp_path, episodes):
    series = episodes.series[0]
    late = table(series) + "2024-06-01,1,1,1,1\n"  # a gap behind the window does not matter
    (tmp_path / "token.csv").write_text(late)
    _, whole, _ = command("velocity", "token.csv", "--to", "2024-03-30", "--json", folder=tmp_path)
    _, same, _ = command("velocity", "token.csv", "--from", "2024-03-01", "--json", folder=tmp_path)
    assert json.loads(whole) == json.loads(same)
    _, short, _ = command(
        "velocity",
        "token.csv",
        "--from",
        "2024-03-01",
        "--to",
        "2024-03-20",
        "--json",
        folder=tmp_path,
    )
    assert json.loads(short)["window"]["days"] == 20
    assert "estimated for a window of 30 days; this one has 20" in short


CALM = table(Series(*(np.ones(90),) * 4))
ROW = "2024-01-05,1.0,1.0,1.0,1.0\n"


@pytest.mark.parametrize(
    ("price", "volume"), [(1.0, 1.0), (0.3, 0.7), (1e-300, 1e300), (1e300, 1e300), (1e-300, 1e-300)]
)
def test_where_the_volume_did_not_rise_there_is_nothing_to_explain(tmp_path, price, volume):
    (tmp_path / "still.csv").write_text(
        table(Series(*(np.full(90, value) for value in (price, volume, 3.7, 1.1))))
    )
    status, out, errors = command("velocity", "still.csv", "--json", folder=tmp_path)
    assert (status, errors) == (0, "")
    said = json.loads(out)
    assert said["verdict"] == "undecided"
    assert (
        "the traded volume did not rise: there is no rise of velocity to explain, and no verdict"
        in said["notes"]
    )
    assert all(np.isfinite(one["value"]) for one in said["features"].values())


BAD = {
    "missing column": (
        CALM.replace(",burned", ""),
        (),
        r"t.csv:1: a header of 4 cells, date,price,volume,fees; expected 5",
    ),
    "gap": (
        CALM.replace(ROW, ""),
        (),
        r"t.csv:6: date: a gap: 2024-01-05 is missing; expected one row a day",
    ),
    "twice": (
        CALM.replace(ROW, ROW + ROW),
        (),
        r"t.csv:7: date: 2024-01-05 again, after line 6; expected each date once",
    ),
    "unsorted": (
        CALM.replace(ROW, ROW.replace("2024", "2023")),
        (),
        r"t.csv:6: date: 2023-01-05 after 2024-01-04",
    ),
    "not a date": (
        CALM.replace(ROW, ROW.replace("2024", "soon")),
        (),
        r"t.csv:6: date: 'soon-01-05' is not a date; expected YYYY-MM-DD",
    ),
    "zero price": (
        CALM.replace(ROW, "2024-01-05,0,1,1,1\n"),
        (),
        r"t.csv:6: price: 0; expected a price > 0",
    ),
    "negative volume": (
        CALM.replace(ROW, "2024-01-05,1,-3,1,1\n"),
        (),
        r"t.csv:6: volume: -3; expected a number >= 0",
    ),
    "NaN": (
        CALM.replace(ROW, "2024-01-05,1,1,nan,1\n"),
        (),
        r"t.csv:6: fees: NaN; expected a number >= 0",
    ),
    "empty cell": (
        CALM.replace(ROW, "2024-01-05,1,1,1,\n"),
        (),
        r"t.csv:6: burned: an empty cell; expected a number >= 0",
    ),
    "cells": (CALM.replace(ROW, "2024-01-05,1,1\n"), (), r"t.csv:6: 3 cells; expected 5 cells"),
    "too short": (
        CALM[: CALM.index("2024-02-15")],
        (),
        r"t.csv:2: date: the first day is 2024-01-01; expected 2023-11-17 or earlier",
    ),
    "no fees": (
        CALM.replace("1.0,1.0\n", "0,1.0\n"),
        (),
        r"t.csv: fees: no fees at all before the window; expected a day above 0",
    ),
    "outside": (
        CALM,
        ("--to", "2025-01-01"),
        r"--to: 2025-01-01 is outside of the file; expected 2024-01-01 to 2024-03-30",
    ),
    "reversed": (
        CALM,
        ("--from", "2024-03-20", "--to", "2024-03-01"),
        r"--from: 2024-03-20 is after 2024-03-01",
    ),
    "narrow": (
        CALM,
        ("--from", "2024-03-20"),
        r"t.csv: window: 11 days in the window; expected 15 to 60",
    ),
    "option": (CALM, ("--from", "March"), r"--from: 'March' is not a date; expected YYYY-MM-DD"),
    "detector": (
        CALM,
        ("--detector", "velocty"),
        r"unknown detector 'velocty'.*did you mean 'velocity'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_status_2(tmp_path, case):
    text, options, message = BAD[case]
    (tmp_path / "t.csv").write_text(text)
    status, out, errors = command("velocity", "t.csv", *options, folder=tmp_path)
    assert status == 2 and not out
    assert errors.count("\n") == 1
    assert re.search(message, errors), errors


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  fees:",
            "  fee:",
            (
                r"mine.yaml: unknown feature 'fee'; expected fees, turnover, comovement, drift; "
                r"did you mean 'fees'"
            ),
        ),
        ("- 0.8", "- 0.1", r"undecided from 0.2 to 0.1"),
        ("episodes:", "epsodes:", r"mine.yaml:5: epsodes: unknown key.*did you mean 'episodes'"),
        ("seed: 1", "seed: one", r"mine.yaml:6: seed: 'one'; expected a whole number"),
    ],
)
def test_a_detector_file_is_read_strictly(tmp_path, old, new, message):
    text = find("detector", "velocity").read_text()
    assert old in text
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        detector(str(file))
