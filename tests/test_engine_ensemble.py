"""The ensemble engine against the reference: the same numbers, run by run, whatever is computed
beside them.
"""

from functools import cache

import numpy as np
import pytest
from events import early
from hypothesis import given, settings
from hypothesis import strategies as st

from paths import assert_same_bits
from tokenomics.engines import cadcad, ensemble
from tokenomics.errors import ModelError
from tokenomics.model.block import block
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import ShockTable, sample
from tokenomics.model.steady_state import steady_state, steady_states
from tokenomics.model.variables import Variable
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import names


def prepared(runs=3, days=60, model=MODEL, **choice):
    parameters = resolve(
        "baseline", sets={"simulation.days": days} | choice.pop("sets", {}), **choice
    ).values
    params = bind(parameters, sample(parameters, np.arange(runs), 7, extra=model.extra_shocks))
    return model.bound(params), params, steady_state(parameters, model).state


def both(runs=2, days=60, **choice):
    model, params, start = prepared(runs, days, **choice)
    return [
        e.simulate(model, params, start, runs=np.arange(runs), steps=days)
        for e in (cadcad, ensemble)
    ]


def assert_same(slow, fast):
    assert list(slow.values) == list(fast.values)
    np.testing.assert_array_equal(slow.time, fast.time)
    for name, series in slow.values.items():
        assert_same_bits(name, fast.values[name], series)
    assert [str(f) for f in slow.failures] == [str(f) for f in fast.failures]


# A policy decides which operations a step has, a scenario only which numbers enter them: each
# policy under the scenario that has several events at once, and each scenario under some policy.
PAIRS = {(policy, "combined_stress") for policy in names("policy")}
PAIRS |= {
    (names("policy")[i % len(names("policy"))], scenario)
    for i, scenario in enumerate(names("scenario"))
}


@pytest.mark.slow_after(12)
@pytest.mark.parametrize(("policy", "scenario"), sorted(PAIRS))
def test_engines_agree_on_every_variable(policy, scenario):
    assert_same(*both(days=20, policy=policy, scenarios=(scenario,), sets=early(scenario)))


GROUPS = (
    "news",
    "demand",
    "venues",
    "capacity",
    "reliability",
    "pricing",
    "operators",
    "oracle",
    "supply",
    "treasury",
)
GROUPS += ("speculation", "market", "bills", "shocks")


@pytest.mark.slow_after(3)
@pytest.mark.parametrize("group", GROUPS)
def test_engines_agree_with_a_mechanism_taken_out(group):
    assert_same(*both(days=20, policy="pid", sets={f"{group}.enabled": False}))


@pytest.mark.parametrize(
    "sets",
    [
        {"market.type": "linear"},
        {"privacy.mode": "tee"},
        {"simulation.time_step": 0.25},
        {"controller.interval": 7.0},
    ],
)
def test_engines_agree_on_structural_choices(sets):
    assert_same(
        *both(
            days=20,
            policy="pid",
            sets=sets,
            overlays=("growth", "seasonality", "vesting", "decaying_emission"),
        )
    )


@pytest.mark.parametrize("recorded", [{"recorded_rate": 1.3}, {"recorded_news": 0.02}])
def test_engines_agree_on_recorded_input(recorded):
    model, params, start = prepared(days=10)
    params["shock_table"] = params["shock_table"].replace(
        **{n: np.full((10, 3), v) for n, v in recorded.items()}
    )
    assert_same(
        *(e.simulate(model, params, start, runs=np.arange(3), steps=10) for e in (cadcad, ensemble))
    )


@cache
def twenty_runs():
    """What is simulated, and its results all at once in order."""
    model, params, start = prepared(runs=20, days=15, policy="pid")
    whole = ensemble.simulate(model, params, start, runs=np.arange(20), steps=15)
    return model, params, start, whole


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 3), st.permutations(range(20)))
def test_results_do_not_depend_on_chunk_workers_or_order(chunk, workers, order):
    model, params, start, whole = twenty_runs()
    shuffled = {**params, "shock_table": params["shock_table"].columns(np.array(order))}
    part = ensemble.simulate(
        model, shuffled, start, runs=np.array(order), steps=15, chunk=chunk, workers=workers
    )
    for name, series in whole.values.items():
        np.testing.assert_array_equal(part.values[name], series[order], err_msg=name)


def test_keeping_every_third_step_keeps_the_same_numbers():
    model, params, start = prepared(days=10)
    for engine in (cadcad, ensemble):
        whole = engine.simulate(model, params, start, runs=np.arange(3), steps=10)
        thin = engine.simulate(
            model,
            params,
            start,
            runs=np.arange(3),
            steps=10,
            every=3,
            record=["token_price", "time"],
        )
        assert list(thin.values) == ["token_price", "time"]
        np.testing.assert_array_equal(thin.time, [0.0, 3.0, 6.0, 9.0])
        for name in thin.values:
            np.testing.assert_array_equal(thin.values[name], whole.values[name][:, ::3])


class Toy:
    """A model of a few variables with the engines' interface."""

    strict = True

    def __init__(self, *blocks, lower=None):
        self.blocks, self.lower = blocks, lower

    def variables(self, params):
        shared = {n: Variable(n, "1", n, 1.0) for n in ("time", "step")}
        return shared | {
            n: Variable(n, "1", n, 1.0, low) for n, low in (("x", None), ("y", self.lower))
        }


def policy_clock(params, substep, state_history, state):
    return {"step": state["step"] + 1, "time": (state["step"] + 1) * params["time_step"]}


CLOCK = block("clock", policy_clock, writes=("step", "time"))


def toy(function, x, steps=1, z=None, lower=None, **options):
    """One variable y computed from x by the ensemble engine and by cadCAD."""

    def policy(params, substep, state_history, state):
        return {"y": function(state["x"], params["shock_table"].at("z", state["step"]), state)}

    x, model = (
        np.asarray(x, dtype=float),
        Toy(block("toy", policy, writes=("y",)), CLOCK, lower=lower),
    )
    table = ShockTable({"z": np.ones((steps, len(x))) if z is None else z})
    start = {"x": x, "y": 0.0, "time": 0.0, "step": 0}
    params = {"time_step": 1.0, "shock_table": table}
    return [
        e.simulate(model, params, start, runs=np.arange(len(x)), steps=steps, **options)
        for e in (cadcad, ensemble)
    ]


FUNCTIONS = {
    "exp": lambda x, z, s: np.exp(x),
    "log": lambda x, z, s: np.log(np.abs(x) + 0.1),
    "expm1": lambda x, z, s: np.expm1(x),
    "log1p": lambda x, z, s: np.log1p(x * x),
    "sqrt": lambda x, z, s: np.sqrt(np.abs(x)),
    "a constant and the position of the clock": lambda x, z, s: (
        0.5 * (x + s["step"]) + 100.0 * (x + 1.0) + (x + 2.0) * (x + 3.0)
    ),
    "powers of the clock": lambda x, z, s: (
        np.power(x + 4.0, s["step"]) + np.power(2.0, x) + np.power(8.0, x)
    ),
    "a zero times what is not finite": lambda x, z, s: (
        np.where(x > 0, 0.0, 0.0 * np.log(np.abs(x) + 1.0)) + 1.0
    ),
    "power": lambda x, z, s: np.power(np.abs(x) + 0.1, -1.3) + np.power(np.abs(x), 0.5),
    "power of two variables": lambda x, z, s: np.power(np.abs(x) + 0.1, x * z),
    "tanh": lambda x, z, s: np.tanh(x) + np.arctan(x) + np.cos(x),
    "extremes": lambda x, z, s: np.maximum(x, z) - np.minimum(0.5, x) + np.clip(x, -0.2, z),
    "where": lambda x, z, s: np.where((x > 0.3) & ~(x > 0.9) | (x == -1.0), x, -2.0 * z),
    "truth added as a number": lambda x, z, s: 0.0 + (x > 0.2) + 1.0 * (x != 0.5) - (x > 0.4),
    "sign": lambda x, z, s: np.sign(x) * np.abs(x) + np.floor(x) + np.ceil(x),
    "the clock": lambda x, z, s: np.sin(s["time"] + 0.3) * x + np.where(s["step"] >= 1, 1.0, 2.0),
    "comparisons": lambda x, z, s: (
        1.0 * np.logical_or(x <= -0.5, np.less(0.7, x)) + np.isfinite(x) - np.isnan(x)
    ),
    "a number of the shape of the state": lambda x, z, s: 0.0 * x + 3.0 + x / 1.0 - 0.0,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=19))
def test_a_compiled_function_has_the_bits_of_the_reference(name, x):
    slow, fast = toy(FUNCTIONS[name], x, steps=2)
    np.testing.assert_array_equal(fast.values["y"], slow.values["y"])


def test_a_run_that_is_not_finite_on_the_way_fails_in_both_engines():
    for function in (
        lambda x, z, s: 0.0 * np.exp(1e6 * x) + 1.0,
        lambda x, z, s: np.maximum(x, np.nan),
    ):
        slow, fast = toy(function, [-1.0, 1.0], steps=2)
        assert_same(slow, fast)
        assert fast.failures


def test_a_failure_that_a_later_block_repairs_is_a_failure():
    first = block("first", lambda p, u, h, s: {"y": np.log(s["x"])}, writes=("y",))
    second = block("second", lambda p, u, h, s: {"y": 0.0 * s["x"] + 1.0}, writes=("y",))
    model, params = (
        Toy(first, second, CLOCK),
        {"time_step": 1.0, "shock_table": ShockTable({"z": np.ones((2, 2))})},
    )
    start = {"x": np.array([-1.0, 1.0]), "y": 0.0, "time": 0.0, "step": 0}
    slow, fast = (
        e.simulate(model, params, start, runs=np.arange(2), steps=2) for e in (cadcad, ensemble)
    )
    assert [f.run for f in fast.failures] == [0]
    assert_same(slow, fast)


def test_two_models_that_differ_in_a_constant_alone_do_not_share_a_kernel():
    one, two = (
        toy(f, [1.5, 2.5])[1].values["y"]
        for f in (lambda x, z, s: x * x - z, lambda x, z, s: x * 2.0 - z)
    )
    np.testing.assert_array_equal(one[:, 1] - two[:, 1], [1.5**2 - 3.0, 2.5**2 - 5.0])


def test_a_run_that_breaks_a_bound_fails_alone_with_the_same_words():
    z = np.ones((4, 11))
    z[2, 3], z[1, 9] = -1.0, np.nan
    slow, fast = toy(lambda x, z, s: x * z, np.ones(11), steps=4, z=z, lower=0.0)
    assert [f.run for f in fast.failures] == [3, 9]
    assert_same(slow, fast)
    assert np.isnan(fast.values["y"][3, 3:]).all() and np.isfinite(fast.values["y"][3, :3]).all()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x, z, s: x if x > 0 else -x,
            "a Python branch on a value that differs between runs",
        ),
        (
            lambda x, z, s: np.cumsum(x),
            "another 'y' when other runs are beside it: no mean, maximum or draw over the runs",
        ),
        (
            lambda x, z, s: np.arctan2(x, z),
            "uses np.arctan2 .*, whose last digits differ between processors",
        ),
        (lambda x, z, s: x * x[0], "another 'y' when other runs are beside it"),
        (lambda x, z, s: (x > 0) + (z > 0), "np.add of truth values; make them numbers"),
        (lambda x, z, s: np.exp(x > 0), "np.exp of truth values"),
        (lambda x, z, s: np.where(x > 0, x > 1, z > 0) + 0.0, "np.where between truth values"),
        (lambda x, z, s: x * (2**53 + 1), "not exact as a double"),
        (lambda x, z, s: np.spacing(x), "spacing has no compiled form; the engine cadcad takes it"),
    ],
)
def test_what_cannot_be_compiled_is_named(function, message):
    def policy(params, substep, state_history, state):
        return {"y": function(state["x"], params["shock_table"].at("z", state["step"]), state)}

    model = Toy(block("toy", policy, writes=("y",)), CLOCK)
    params = {"time_step": 1.0, "shock_table": ShockTable({"z": np.ones((1, 1))})}
    with pytest.raises(ModelError, match=message):
        ensemble.simulate(
            model, params, {"x": 1.0, "y": 0.0, "time": 0.0, "step": 0}, runs=np.arange(1), steps=1
        )


@pytest.mark.parametrize(
    "function", [lambda x, z, s: np.maximum(-np.abs(x), -0.0), lambda x, z, s: -np.minimum(x, 0.0)]
)
def test_no_state_variable_has_a_negative_zero(function):
    # which of two zeros NumPy's maximum gives depends on the processor
    for found in toy(function, [1.0, 2.0]):
        assert not np.signbit(found.values["y"]).any()


def test_many_steady_states_at_once_are_those_of_each_alone():
    burn, lag = np.linspace(0.0, 0.5, 7), np.linspace(1.0, 9.0, 7)
    parameters = resolve("baseline", policy="pid").values
    swept = {
        "supply.burn_share": burn,
        "oracle.lag": lag,
        "demand.services": np.geomspace(0.5, 1.5, 7) * resolve().values.demand.services,
    }
    many = steady_states(dict(parameters), MODEL, swept, 7)
    for i in range(7):
        one = steady_state(
            resolve("baseline", policy="pid", sets={k: v[i] for k, v in swept.items()}).values
        ).state
        for name, value in one.items():
            assert np.ravel(many[name])[i if np.ndim(many[name]) else 0] == value, name


@pytest.mark.parametrize("engine", [cadcad, ensemble])
def test_a_run_that_goes_on_from_a_state_within_it_has_the_same_path(engine):
    # growth and season make the step depend on the time
    model, params, start = prepared(
        days=30, sets={"demand.growth_rate": 2.0, "demand.weekly_amplitude": 0.3}
    )
    whole = engine.simulate(model, params, start, runs=np.arange(3), steps=30).values
    middle = {name: series[:, 11] for name, series in whole.items()} | {"step": 11, "time": 11.0}
    rest = ShockTable(
        {name: series[11:] for name, series in params["shock_table"].values.items()}
    ).starting(11)
    later = engine.simulate(
        model, {**params, "shock_table": rest}, middle, runs=np.arange(3), steps=19
    ).values
    for name, series in later.items():
        assert_same_bits(name, series, whole[name][:, 11:])
