"""The ensemble engine against the reference: the same numbers, run by run, whatever is computed beside them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokenomics as tk
from tokenomics.engines import cadcad, ensemble
from tokenomics.engines.program import record_step
from tokenomics.model import MODEL, bind, steady_state
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import names
from tokenomics.shocks import ShockTable, sample

# Both engines call exp, log and pow of the C library, where NumPy does; on processors for which NumPy brings its own, the last
# bit may differ, and feedback within the model carries it on.
TOLERANCE = 1e-9


def prepared(runs=3, days=60, model=MODEL, **choice):
    parameters = resolve("baseline", sets={"simulation.days": days} | choice.pop("sets", {}), **choice).values
    params = bind(parameters, sample(parameters, np.arange(runs), 7, extra=model.extra_shocks))
    return model.bound(params), params, steady_state(parameters, model).state


def both(runs=3, days=60, **choice):
    model, params, start = prepared(runs, days, **choice)
    return [e.simulate(model, params, start, runs=np.arange(runs), steps=days) for e in (cadcad, ensemble)]


def assert_same(slow, fast):
    assert list(slow.values) == list(fast.values)
    np.testing.assert_array_equal(slow.time, fast.time)
    for name, series in slow.values.items():
        np.testing.assert_allclose(fast.values[name], series, rtol=TOLERANCE, atol=1e-300 + TOLERANCE * np.nanmax(np.abs(series)), err_msg=name)
    assert [str(f) for f in slow.failures] == [str(f) for f in fast.failures]


@pytest.mark.parametrize("policy", names("policy"))
@pytest.mark.parametrize("scenario", names("scenario"))
def test_engines_agree_on_every_variable(policy, scenario):
    assert_same(*both(policy=policy, scenarios=(scenario,)))


SWITCHES = [f"{group}.enabled" for group in ("news", "demand", "venues", "capacity", "reliability", "pricing", "operators", "oracle", "supply", "treasury")]
SWITCHES += [f"{group}.enabled" for group in ("speculation", "market", "bills", "shocks")]


@pytest.mark.parametrize("switch", SWITCHES)
def test_engines_agree_with_a_mechanism_taken_out(switch):
    assert_same(*both(days=20, policy="pid", sets={switch: False}))


@pytest.mark.parametrize("sets", [{"market.type": "linear"}, {"privacy.mode": "zk"}, {"simulation.time_step": 0.25}, {"controller.interval": 7.0}])
def test_engines_agree_on_structural_choices(sets):
    assert_same(*both(days=20, policy="pid", sets=sets, overlays=("growth", "seasonality", "vesting", "decaying_emission")))


def test_the_numbers_are_those_of_numpy_to_the_last_bit_where_both_use_the_same_functions():
    x = np.random.default_rng(3).uniform(0.1, 5.0, 4096)
    identity = tk.block("identity", lambda params, substep, history, state: {f: getattr(np, f)(state["x"]) for f in ("exp", "log", "expm1")}, writes=("exp", "log", "expm1"))
    values = _one_step(identity, {"x": x, "exp": 0.0, "log": 0.0, "expm1": 0.0})
    for name in ("exp", "log", "expm1"):
        np.testing.assert_allclose(values[name], getattr(np, name)(x), rtol=4e-16, atol=0)
