"""What cadCAD lets pass is caught: wrong names, masked exceptions, NaN; and it stays quiet."""

import numpy as np
import pytest

from tokenomics.engines.cadcad import simulate
from tokenomics.errors import BlockError, InputError, ModelError
from tokenomics.model.block import Block
from tokenomics.model.shocks import ShockTable
from tokenomics.model.variables import Variable, assign


class Toy:
    """A model of two blocks with the engine's interface."""

    strict = True

    def __init__(self, *blocks):
        self.blocks = blocks

    def variables(self, params):
        names = {"x": None, "y": 0.0}
        shared = {n: Variable(n, "1", n, 1.0) for n in ("time", "step")}
        return shared | {n: Variable(n, "1", n, 1.0, low) for n, low in names.items()}


def policy_walk(params, substep, state_history, state):
    return {"x": state["x"] + params["shock_table"].at("z", state["step"])}


def policy_double(params, substep, state_history, state):
    return {"y": state["x"] ** 2}


def policy_clock(params, substep, state_history, state):
    return {"step": state["step"] + 1, "time": state["time"] + params["time_step"]}


WALK = Block("walk", (policy_walk,), (assign("x"),))
SQUARE = Block(
    "square", (policy_double, policy_clock), (assign("y"), assign("step"), assign("time"))
)
START = {"x": 0.0, "y": 0.0, "time": 0.0, "step": 0}


def go(*blocks, runs=3, steps=5, z=None, **options):
    z = np.random.default_rng(0).normal(size=(steps, runs)) if z is None else z
    params = {"time_step": 1.0, "shock_table": ShockTable({"z": z})}
    return simulate(Toy(*blocks), params, START, runs=np.arange(runs), steps=steps, **options)


def replaced(policy=policy_walk, updates=None):
    return Block("walk", (policy,), updates or WALK.updates)


def test_paths_are_those_of_a_plain_loop():
    z = np.random.default_rng(0).normal(size=(5, 3))
    out = go(WALK, SQUARE, z=z)
    np.testing.assert_array_equal(out.values["x"][:, 1:], np.cumsum(z, axis=0).T)
    np.testing.assert_array_equal(out.values["y"][:, 1:], out.values["x"][:, 1:] ** 2)
    np.testing.assert_array_equal(out.time, np.arange(6.0))


def test_the_batch_does_not_matter():
    one, all_at_once = go(WALK, SQUARE, batch=1), go(WALK, SQUARE)
    for name in one.values:
        np.testing.assert_array_equal(one.values[name], all_at_once.values[name])


def test_only_what_is_asked_for_is_recorded():
    assert list(go(WALK, SQUARE, record=["y"]).values) == ["y"]
    with pytest.raises(InputError, match="unknown variable 'yy'"):
        go(WALK, SQUARE, record=["yy"])


def test_nothing_is_printed(capfd):
    go(WALK, SQUARE)
    out = capfd.readouterr()
    assert out.out + out.err == ""


def test_progress_counts_every_step_of_every_batch():
    seen = []
    go(WALK, SQUARE, batch=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 10) for i in range(1, 11)]


def test_two_calls_do_not_touch_one_another():
    first, second = go(WALK, SQUARE), go(WALK, SQUARE)
    np.testing.assert_array_equal(first.values["x"], second.values["x"])


def wrong_name(params, substep, state_history, state, signal):
    return "z", signal["x"]


wrong_name.variable = "x"


def misnamed(params, substep, state_history, state, signal):
    return "xx", signal["x"]


misnamed.variable = "xx"


def pair(params, substep, state_history, state, signal):
    return signal["x"]


pair.variable = "x"


def policy_mutates(params, substep, state_history, state):
    state["y"] = 1.0
    return {"x": state["x"]}


def policy_mutates_in_place(params, substep, state_history, state):
    x = state["x"]
    x += 1.0
    return {"x": x}


def misshapen(params, substep, state_history, state, signal):
    return "x", np.zeros(7)


misshapen.variable = "x"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (replaced(updates=(wrong_name,)), "block 'walk': the update of 'x' returns the name 'z'"),
        (
            replaced(updates=(misnamed,)),
            "block 'walk' writes unknown state variable 'xx'; did you mean 'x'",
        ),
        (replaced(updates=(assign("x"), assign("x"))), "block 'walk' writes 'x' twice"),
        (replaced(updates=(pair,)), r"the update of 'x' returns ndarray; expected \(name, value\)"),
        (replaced(lambda p, s, h, state: {"X": 1.0}), "no policy gives the signal 'x'"),
        (replaced(lambda p, s, h, state: 3.0), "returns float; expected a dict"),
        (replaced(lambda p, s: {}), "takes 2 arguments; expected 4"),
        (replaced(policy_mutates), "changes 'y' of the state it reads"),
        (replaced(policy_mutates_in_place), "changes 'x' of the state it reads"),
        (
            replaced(updates=(misshapen,)),
            r"the value of 'x' has shape \(7,\); expected a number or one a run, \(3,\)",
        ),
    ],
)
def test_a_wrongly_built_block_is_caught_before_the_run(block, message):
    with pytest.raises(ModelError, match=message):
        go(block, SQUARE)


@pytest.mark.parametrize("kind", [TypeError, ValueError, ZeroDivisionError])
def test_an_exception_is_shown_with_block_function_and_day(kind):
    def policy_fails_late(params, substep, state_history, state):
        if state["time"] >= 3:
            raise kind("the real reason")
        return {"x": state["x"]}

    with pytest.raises(
        BlockError,
        match=(
            rf"block 'walk', 'policy_fails_late' \(test_engine_cadcad.py, line \d+\), day 3, "
            f"runs 0 to 2: {kind.__name__}: the real reason"
        ),
    ):
        go(replaced(policy_fails_late), SQUARE)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (None, "the update of 'x' returns NoneType"),
        (("xx", 1.0), "the update of 'x' returns the name 'xx'"),
        (("x", None), "the value of 'x' is a NoneType"),
        (("x", np.zeros(7)), "has shape"),
    ],
)
def test_a_wrong_return_late_in_a_run_is_named_with_its_day(out, message):
    def turns_wrong(params, substep, state_history, state, signal):
        return ("x", signal["x"]) if state["time"] < 3 else out

    turns_wrong.variable = "x"
    with pytest.raises(BlockError, match=f"block 'walk', day 3, runs 0 to 2: .*{message}"):
        go(replaced(updates=(turns_wrong,)), SQUARE)


def test_a_policy_that_returns_no_signals_late_in_a_run_is_named():
    def policy_stops(params, substep, state_history, state):
        return {"x": state["x"]} if state["time"] < 3 else 3.0

    with pytest.raises(BlockError, match="day 3, runs 0 to 2: policy 'policy_stops' returns float"):
        go(replaced(policy_stops), SQUARE)


def test_no_block_can_change_the_past():
    def policy_assigns(params, substep, state_history, state):
        if state["time"] >= 3:
            state["y"] = 1.0
        return {"x": state["x"]}

    def policy_adds_in_place(params, substep, state_history, state):
        x = state["x"]
        if state["time"] >= 3:
            x += 1.0
        return {"x": x}

    for policy, kind in ((policy_assigns, "TypeError"), (policy_adds_in_place, "ValueError")):
        place = r"\(test_engine_cadcad.py, line \d+\), day 3, runs 0 to 2"
        with pytest.raises(BlockError, match=f"'{policy.__name__}' {place}: {kind}"):
            go(replaced(policy), SQUARE)


def test_what_a_progress_callback_prints_is_seen(capfd):
    go(WALK, SQUARE, steps=2, progress=lambda done, total: print(f"{done}/{total}"))
    assert capfd.readouterr().out == "1/2\n2/2\n"


def test_a_nan_stops_its_run_only():
    z = np.ones((5, 3))
    z[2, 1] = np.nan
    out = go(WALK, SQUARE, z=z)
    (failure,) = out.failures
    assert (failure.run, failure.time, failure.block, failure.variable, failure.reason) == (
        1,
        2.0,
        "walk",
        "x",
        "NaN",
    )
    assert np.all(np.isfinite(out.values["x"][[0, 2]]))
    assert np.all(np.isfinite(out.values["x"][1, :3]))
    assert np.all(np.isnan(out.values["x"][1, 3:]))


def test_a_broken_bound_stops_its_run_only():
    def policy_sinks(params, substep, state_history, state):
        return {"y": 1.0 - state["x"]} | policy_clock(params, substep, state_history, state)

    block = Block("sink", (policy_sinks,), SQUARE.updates)
    out = go(WALK, block, z=np.array([[0.1, 1.0]] * 5), runs=2)
    (failure,) = out.failures
    assert (failure.run, failure.variable, failure.reason) == (1, "y", "-1 is below its bound 0")


def test_a_clock_that_accumulates_rounding_does_not_cost_a_good_value():
    z = np.ones((12, 2))
    z[8, 1] = np.nan
    params = {"time_step": 0.1, "shock_table": ShockTable({"z": z})}
    x = simulate(Toy(WALK, SQUARE), params, START, runs=np.arange(2), steps=12).values["x"]
    np.testing.assert_array_equal(np.isnan(x[1]), np.arange(13) >= 9)


def test_a_failure_behind_the_clock_spoils_the_step_it_happens_in():
    def policy_fails(params, substep, state_history, state):
        return {
            "y": np.where(
                (params["shock_table"].at("z", 0) > 1.0) & (state["step"] == 3), np.nan, 1.0
            )
        }

    clock = Block("clock", (policy_clock,), (assign("step"), assign("time")))
    out = go(
        WALK,
        clock,
        Block("behind", (policy_fails,), (assign("y"),)),
        z=np.array([[0.0, 2.0, 0.0]] * 5),
    )
    for name in ("x", "y"):
        np.testing.assert_array_equal(np.isnan(out.values[name][1]), np.arange(6) >= 3)


def test_a_run_keeps_its_tolerance_whatever_runs_beside_it():
    class Sized(Toy):
        def variables(self, params):
            return super().variables(params) | {"y": Variable("y", "1", "y", None, 0.0)}

    def policy_sinks_a_little(params, substep, state_history, state):
        return {"y": 0.0 * state["y"] - 1e-7} | policy_clock(params, substep, state_history, state)

    model = Sized(WALK, Block("sink", (policy_sinks_a_little,), SQUARE.updates))
    params = {"time_step": 1.0, "shock_table": ShockTable({"z": np.zeros((2, 2))})}
    start = START | {"y": np.array([1.0, 1e3])}
    for batch in (1, 2):
        out = simulate(model, params, start, runs=np.arange(2), steps=2, batch=batch)
        assert [f.run for f in out.failures] == [0]


def test_a_failure_of_every_run_still_gives_trajectories():
    out = go(WALK, SQUARE, z=np.full((5, 3), np.nan), batch=2)
    assert [f.run for f in out.failures] == [0, 1, 2]
    assert np.all(np.isnan(out.values["x"][:, 1:]))
    assert np.all(np.isfinite(out.values["x"][:, 0]))
