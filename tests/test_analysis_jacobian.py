"""The linear economy is the derivative of the economy; at a kink it is the mean of both sides."""

import numpy as np
import pytest

from tokenomics.engines.program import SHOCK, Program
from tokenomics.engines.trace import Recorder, constant_or_position, record_step
from tokenomics.errors import ModelError
from tokenomics.loop.economy import linear_law, linearise
from tokenomics.loop.jacobian import jacobian
from tokenomics.loop.margins import closed
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import NORMALS, UNIFORMS, ShockTable, sample
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import SHARED, as_arrays, scale
from tokenomics.parameters import put, resolve


def loop(policy="pid", *sets):
    economy = linearise(resolve("baseline", policy=policy, sets=sets).values)
    return economy, linear_law(economy.params, economy.state)


@pytest.mark.slow
def test_the_jacobian_is_that_of_central_differences_away_from_kinks():
    parameters = resolve("baseline", policy="pid").values
    params = bind(parameters, sample(parameters, [0], 3))
    bound, state = MODEL.bound(params), as_arrays(steady_state(parameters).state, 1)
    for _ in range(40):
        state = bound.step(params, state)
    point = {name: float(np.ravel(value)[0]) for name, value in state.items()}
    names = [n for n in point if n not in SHARED]
    program = record_step(bound, params)
    step = int(point["step"])
    at = {
        **point,
        **{
            f"{SHOCK}{n}": float(params["shock_table"].at(n, step)[0])
            for n in (*NORMALS, *UNIFORMS)
        },
    }
    exact, after = jacobian(program, at, names, names)
    sizes = np.array(
        [float(scale(MODEL.variables(params)[n], steady_state(parameters).state)) for n in names]
    )
    table = ShockTable(
        {n: np.repeat(v, 2 * len(names), axis=1) for n, v in params["shock_table"].values.items()}
    )
    columns = {n: np.full(2 * len(names), point[n]) for n in names} | {
        "time": point["time"],
        "step": step,
    }
    for i, name in enumerate(names):
        columns[name][i] += 1e-6 * sizes[i]
        columns[name][len(names) + i] -= 1e-6 * sizes[i]
    moved = bound.step({**params, "shock_table": table}, columns)
    rows = np.array([np.broadcast_to(moved[n], 2 * len(names)) for n in names])
    measured = (rows[:, : len(names)] - rows[:, len(names) :]) / 2e-6 / sizes[:, None]
    unequal = np.argwhere(
        np.abs(exact * sizes / sizes[:, None] - measured) > 1e-4 * (1.0 + np.abs(measured))
    )
    # what stands on a bound or decides when the next decision is due has no derivative
    told = {
        (names[i], names[j])
        for i, j in unequal
        if names[j] not in ("control_age", "privacy_protection")
    }
    assert len(told) <= 0.01 * len(names), told
    then = bound.step(params, state)
    for name, value in zip(names, after, strict=True):
        assert value == pytest.approx(float(np.ravel(then[name])[0]), rel=1e-12, abs=1e-12)


def test_at_the_kinks_of_the_steady_state_the_jacobian_is_the_mean_of_both_sides():
    parameters = put(resolve("baseline", policy="pid").values, {"controller.type": "held"})
    solved = steady_state(parameters)
    table = {n: np.zeros((1, 1)) for n in (*NORMALS, *UNIFORMS)}
    params = {**solved.params, "shock_table": ShockTable(table)}
    bound, variables = MODEL.bound(params), MODEL.variables(params)
    names = [n for n in solved.state if n not in SHARED]
    at = {**solved.state, **{f"{SHOCK}{n}": 0.0 for n in (*NORMALS, *UNIFORMS)}}
    exact, _ = jacobian(record_step(bound, params), at, names, names)
    sizes, many, small = (
        np.array([float(scale(variables[n], solved.state)) for n in names]),
        2 * len(names),
        1e-7,
    )
    columns = {n: np.full(many, solved.state[n]) for n in names} | {"time": 0.0, "step": 0}
    for i, name in enumerate(names):
        columns[name][i] += small * sizes[i]
        columns[name][len(names) + i] -= small * sizes[i]
    moved = bound.step(
        {**params, "shock_table": ShockTable({n: np.zeros((1, many)) for n in table})}, columns
    )
    rows = np.array([np.broadcast_to(moved[n], many) for n in names])
    measured = (rows[:, : len(names)] - rows[:, len(names) :]) / (2.0 * small) / sizes[:, None]
    exact = exact * sizes / sizes[:, None]
    unequal = np.argwhere(np.abs(exact - measured) > 1e-4 * (1.0 + np.abs(measured)))
    # a decision that is put off is a jump
    assert {(names[i], names[j]) for i, j in unequal} == {("control_age", "control_age")}


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: np.where(x > y, 3.0 * x, x + 2.0 * y),
        lambda x, y: np.where((x >= y) & (x > 0.0), x * y, y * y),
        lambda x, y: np.where(x <= y, 0.0, x - y) + np.minimum(x, y),
        lambda x, y: np.sign(x - y) * np.maximum(np.abs(x - y), 0.0),
        lambda x, y: np.maximum(np.maximum(x - y, 0.0), 0.0),
        lambda x, y: np.abs(np.minimum(x - y, 2.0 * (x - y))),
    ],
)
def test_a_kink_has_the_mean_of_its_sides(function):
    recorder = Recorder()
    x, y = recorder.input("x"), recorder.input("y")
    end = constant_or_position(function(x, y))
    program = Program(tuple(recorder.operations), tuple(recorder.inputs.items()), (("z", end),), ())
    (row,), _ = jacobian(program, {"x": 1.5, "y": 1.5}, ["x", "y"], ["z"])
    (up,), _ = jacobian(program, {"x": 1.5, "y": 1.5}, ["x", "y"], ["z"], forward=["x", "y"])
    h = 1e-6
    ahead = [
        function(1.5 + h, 1.5) - function(1.5, 1.5),
        function(1.5, 1.5 + h) - function(1.5, 1.5),
    ]
    back = [
        function(1.5, 1.5) - function(1.5 - h, 1.5),
        function(1.5, 1.5) - function(1.5, 1.5 - h),
    ]
    np.testing.assert_allclose(row, (np.array(ahead) + np.array(back)) / (2.0 * h), atol=1e-5)
    np.testing.assert_allclose(up, np.array(ahead) / h, atol=1e-5)


def test_the_linear_economy_is_the_first_order_of_the_simulated_one():
    # operators' entry and exit have different speeds: a kink, which no linear plant has
    sets = ("operators.enabled=false",)
    economy, law = loop("pid_two_sided", *sets)
    solved = steady_state(resolve("baseline", policy="pid_two_sided", sets=sets).values)
    params = {
        **solved.params,
        "shock_table": ShockTable({name: np.zeros((40, 1)) for name in (*NORMALS, *UNIFORMS)}),
    }
    bound, small = MODEL.bound(params), 1e-6
    paths = []
    for sign in (1.0, -1.0):
        state = {k: v if k in SHARED else np.full(1, v) for k, v in solved.state.items()}
        state["outside_value"] = state["outside_value"] * np.exp(sign * small)
        series = []
        for _ in range(40):
            state = bound.step(params, state)
            series.append(-float(state["control_error"][0]) / (sign * small))
        paths.append(series)
    a, x = closed(economy.plant, law), np.zeros(economy.plant.nstates + law.nstates)
    x[list(economy.plant.state_labels).index("outside_value")] = 1.0
    linear = []
    for _ in range(40):
        linear.append(float(economy.plant.C[0] @ x[: economy.plant.nstates]))
        x = a @ x
    np.testing.assert_allclose(np.mean(paths, axis=0), linear, atol=0.01)


def test_a_solver_has_no_derivative():
    parameters = resolve("baseline", policy="mpc").values
    solved = steady_state(parameters)
    params = {
        **solved.params,
        "shock_table": ShockTable({name: np.zeros((1, 1)) for name in (*NORMALS, *UNIFORMS)}),
    }
    program = record_step(MODEL.bound(params), params)
    at = {**solved.state, **{f"{SHOCK}{n}": 0.0 for n in (*NORMALS, *UNIFORMS)}}
    with pytest.raises(ModelError, match="no derivative"):
        jacobian(program, at, ["token_price"], ["token_price"])
