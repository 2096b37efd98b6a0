"""Policies at equal cost: what is matched costs the same, what cannot be is told, and the strength
is found where it is known.
"""

import json

import numpy as np
import pytest

from paths import command
from tokenomics.errors import InputError, ModelError
from tokenomics.experiments import matching
from tokenomics.experiments.evaluate import evaluate
from tokenomics.experiments.matching import CLOSE, COSTS, MATCH_SEED, match
from tokenomics.experiments.own_code import load_code, only
from tokenomics.model.controllers import LAWS, Strength
from tokenomics.parameters import resolve

SPAN = {"simulation.days": 60.0}
HOW = {"reference": "pid", "runs": 20, "seed": 3, "sets": SPAN}


def matched(*policies, to="spend", **how):
    return {one.policy: one for one in match("baseline", policies, to=to, **HOW | how)}


def mean(policy, values, metric, seed):
    one = resolve("baseline", policy=policy, sets=SPAN).replace(values, source="test")
    return float(
        evaluate(one, (), [[]], runs=np.arange(20), seed=seed, metrics=[metric])
        .values[metric][0]
        .mean()
    )


@pytest.mark.slow
def test_a_law_is_matched_on_shocks_that_the_comparison_does_not_see():
    found = matched("none", "pid", "threshold", "dcbm")
    assert set(found) == {"threshold", "dcbm"}
    target = mean("pid", {}, "purchases", 3 + MATCH_SEED)
    for policy, one in found.items():
        assert one.target == pytest.approx(target) and not one.why
        assert one.cost == pytest.approx(target, rel=CLOSE)
        assert mean(policy, one.values, "purchases", 3 + MATCH_SEED) == pytest.approx(one.cost)
        assert one.low <= one.target <= one.high


@pytest.mark.slow
def test_gains_that_are_computed_before_a_simulation_are_matched_one_by_one(monkeypatch):
    monkeypatch.setattr(matching, "POINTS", 3)
    monkeypatch.setattr(matching, "CLOSE", 0.1)
    one = matched("lqr")["lqr"]
    assert not one.why and one.cost == pytest.approx(one.target, rel=0.1)


def test_the_strength_is_found_where_it_is_known(tmp_path):
    # the PID with twice its gains spends as the PID does at half of its strength
    file = tmp_path / "twice.yaml"
    gains = resolve("baseline", policy="pid").values.controller.pid
    twice = {name: 2.0 * getattr(gains, name) for name in ("kp", "ki", "kd")}
    file.write_text(
        json.dumps(
            {"description": "d", "controller": {"type": "pid", "sides": "buy", "pid": twice}}
        )
    )
    one = matched(str(file))[str(file)]
    assert one.strength == pytest.approx(0.5, rel=0.03)
    assert one.values["controller.pid.kp"] == pytest.approx(gains.kp, rel=0.03)


def test_a_law_that_cannot_spend_as_much_is_told_with_its_range():
    one = matched("static")["static"]
    assert one.why == "no strength costs as much" and one.low < one.high < one.target
    one = matched("pid", reference="static")["pid"]
    assert not one.why and one.cost == pytest.approx(one.target, rel=CLOSE)


def test_a_budget_is_what_the_treasury_loses_against_no_controller():
    one = matched("threshold", to="budget")["threshold"]
    metric, seed = COSTS["budget"], 3 + MATCH_SEED
    lost = mean("none", {}, metric, seed) - mean("threshold", one.values, metric, seed)
    assert lost == pytest.approx(one.cost) == pytest.approx(one.target, rel=2 * CLOSE)


def test_a_law_whose_cost_does_not_move_cannot_be_matched():
    # nothing that only buys mints
    found = matched("threshold", to="emission")["threshold"]
    assert found.why == "its cost does not move with its strength" and found.low == found.high


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"reference": "none"}, r"match: the reference 'none' costs 0 USD a day of purchases"),
        (
            {"sets": SPAN | {"controller.threshold_rate": 0.1}},
            r"match: controller.threshold_rate is set, and matched",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(how, message):
    with pytest.raises(InputError, match=message):
        matched("threshold", **how)


def test_every_law_that_acts_has_a_strength():
    assert {name for name, law in LAWS.items() if not law.strength} <= {
        "none",
        "held",
        "buy_only",
        "livepeer",
        "cosmos",
        "helium",
        "gonka_price",
        "eip1559",
        "ampleforth",
    }


def test_the_command_compares_at_equal_cost_and_keeps_the_policies(tmp_path):
    out = tmp_path / "out"
    given = ("compare", "--policies", "none,pid,static,threshold", "--reference", "pid")
    given = (*given, "--match", "spend", "--runs", "20", "--days", "60", "--years", "none")
    given = (*given, "--metrics", "tracking_rms", "--no-figures", "--out", out)
    status, text, errors = command(*given, "--json")
    told = json.loads(text)
    assert status == 0, errors
    assert {row["policy"] for row in told["means"]} == {"none", "pid", "threshold"}
    assert {row["metric"] for row in told["means"]} == {"tracking_rms", "purchases"}
    why = {one["policy"]: one["why"] for one in told["matched"]}
    assert why == {"static": "no strength costs as much", "threshold": ""}
    # the file is a policy as any other, of the same strength
    own = resolve("baseline", policy=str(out / "matched" / "threshold.yaml"), sets=SPAN)
    rate = next(one for one in told["matched"] if one["policy"] == "threshold")["strength"]
    assert own.values.controller.threshold_rate == pytest.approx(rate)
    # the same command goes on where it stopped
    assert json.loads(command(*given, "--json")[1])["means"] == told["means"]


def test_a_cost_that_there_is_not_names_its_neighbour(tmp_path):
    status, _, errors = command("compare", "--match", "spnd", "--out", tmp_path / "out")
    assert status == 2
    assert "match: 'spnd'; expected one of spend, budget, emission; did you mean 'spend'?" in errors


LAW = """import tokenomics as tk


def even(params, state, error, dt, low, high):
    return tk.Command(params["controller"].custom["gain"] * error)


def plain(params, state, error, dt, low, high):
    return tk.Command(0.1 * error)


strength = tk.Strength("controller.custom.gain", 1e-2, 1.0)
tk.register_controller("even", even, strength=strength)
tk.register_controller("plain", plain)
tk.register_controller("steady", plain, strength=strength)
for name, law, custom in (
    ("mild", "even", {"gain": 0.05}), ("bold", "even", {"gain": 0.2}),
    ("gainless", "even", {"rate": 0.2}), ("plain", "plain", {}), ("still", "steady", {}),
):
    tk.register_policy(name, {"controller": {"type": law, "custom": custom}})
"""


@pytest.fixture
def law(tmp_path):
    """A file of laws of a modeller's own, and none of anybody's before and after."""
    (tmp_path / "law.py").write_text(LAW)
    with only({}):
        yield tmp_path / "law.py"


@pytest.mark.slow
def test_a_law_of_ones_own_is_matched_by_the_strength_that_it_declares(law):
    load_code(law)
    own = matched("bold", "pid", reference="mild")
    # the same law at another gain costs the same at the reference's
    assert own["bold"].values == {"controller.custom.gain": own["bold"].strength}
    assert own["bold"].strength == pytest.approx(0.05, rel=0.02)
    assert not own["pid"].why and own["pid"].cost == pytest.approx(own["pid"].target, rel=CLOSE)
    with pytest.raises(InputError, match="strength of even is .*gain, which .* set"):
        matched("gainless")
    # the others are matched to a reference, whose own strength is not needed
    assert matched("still", "pid", reference="still")["pid"].values


@pytest.mark.slow
def test_commands_match_a_law_of_ones_own_and_say_of_which_it_cannot_be(law):
    few = ("--code", "law.py", "--days", "20", "--runs", "3", "--no-figures")
    line = ("frontier", "--policies", "none,pid,mild", *few)
    status, out, errors = command(*line, "--json", folder=law.parent)
    assert status == 0, errors
    rows = [row["policy"] for row in json.loads(out)["points"]]
    assert rows == ["pid"] * 10 + ["mild"] * 10 + ["none"]
    said = "'plain' cannot be matched: it declares no strength; expected laws that declare one"
    status, _, errors = command("frontier", "--policies", "pid,plain", *few, folder=law.parent)
    assert (status, errors) == (2, f"error: --policies: {said}\n")
    compared = ("compare", "--policies", "pid,mild,plain", "--match", "spend", "--years", "none")
    status, out, errors = command(*compared, *few, "--out", "made", folder=law.parent)
    assert status == 0, errors
    assert "plain cannot be matched: it declares no strength\n" in out
    # what it wrote is a policy as any other
    (own,) = [one for one in (law.parent / "made" / "matched").iterdir()]
    again = ("run", "--policy", f"made/matched/{own.name}", *few)
    assert own.stem == "mild" and command(*again, folder=law.parent)[0] == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (((), 0.1, 1.0), "a strength of no path"),
        (("controller.custom.gain", 0.0, 1.0), "from 0.0 to 1.0; expected .* numbers above 0"),
        (("controller.custom.gain", 1.0, 1.0), "from 1.0 to 1.0"),
        (("controller.custom.gain", 1.0, float("nan")), "from 1.0 to nan"),
    ],
)
def test_a_strength_without_a_range_is_refused(given, said):
    with pytest.raises(ModelError, match=said):
        Strength(*given)
