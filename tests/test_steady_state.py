"""The network's stationary form stands still, and the utility value alone pins its price."""

import numpy as np
import pytest

from paths import simulate
from tokenomics.model.model import MODEL
from tokenomics.model.steady_state import starts, steady_state
from tokenomics.model.variables import scale
from tokenomics.parameters import put, resolve
from tokenomics.parameters.locate import names

STILL = {"shocks.enabled": False}


@pytest.mark.parametrize("policy", ["none", "pid", "threshold"])
def test_the_steady_state_balances_every_flow(policy):
    found = steady_state(resolve("baseline", policy=policy, sets=("shocks.enabled=false",)).values)
    assert found.residual < 1e-12, found.worst


@pytest.mark.slow_after(3)
@pytest.mark.parametrize("policy", ["none", "pid", "threshold"])
@pytest.mark.parametrize(("time_step", "days"), [(1.0, 365), (0.5, 90)])
def test_without_shocks_nothing_drifts(policy, time_step, days):
    sets = STILL | {"simulation.time_step": time_step}
    paths = simulate(sets, policy=policy, days=days, runs=1)
    parameters = resolve("baseline", policy=policy, sets=("shocks.enabled=false",)).values
    start = {name: path[0, 0] for name, path in paths.items()}
    drift = {
        name: np.max(np.abs(path - path[:, :1])) / scale(variable, start)
        for name, variable in MODEL.variables(parameters).items()
        if name not in ("time", "step", "control_age")
        for path in (paths[name],)
    }
    worst = max(drift, key=drift.get)
    assert drift[worst] < 1e-6, (worst, drift[worst])


def test_a_static_buy_back_takes_from_the_reserve_exactly_what_it_spends():
    paths = simulate(STILL, policy="static", days=120, runs=1)
    parameters = resolve("baseline", policy="static").values
    start = steady_state(resolve("baseline", sets=("shocks.enabled=false",)).values).state
    assert paths["treasury_usd"][0, 0] == start["treasury_usd"]
    spent = paths["control_output"][0, 1:]
    fallen = -np.diff(paths["treasury_usd"][0])
    np.testing.assert_allclose(fallen[:30], spent[:30], rtol=1e-3)  # of the same income
    due = paths["treasury_income"][0, 1:] - paths["cost_paid"][0, 1:]
    np.testing.assert_allclose(fallen + due, spent, rtol=1e-9)
    half = parameters.controller.static_share * start["treasury_income"]
    np.testing.assert_allclose(spent, half, rtol=0.02)
    assert np.all(paths["cost_paid"][0, 1:] == start["operating_cost"])
    # what it bought is burned and not minted again
    assert np.all(paths["emitted"][0, 1:] == start["emission_rate"])
    assert paths["total_supply"][0, -1] < paths["total_supply"][0, 0]


def test_the_price_is_the_utility_value_in_the_steady_state():
    state = steady_state(resolve("baseline").values).state
    assert state["token_price"] == pytest.approx(state["utility_value"], rel=1e-12)
    supply = resolve("baseline").values.supply
    equation_of_exchange = state["fees"] * supply.holding_time / state["circulating_supply"]
    assert state["utility_value"] == pytest.approx(equation_of_exchange, rel=1e-12)


def test_redenominating_the_token_leaves_every_usd_figure_as_it_was():
    one = steady_state(resolve("baseline").values).state
    ten = steady_state(resolve("baseline", sets=("supply.total_supply=1e9",)).values).state
    for name in (
        "fees",
        "nodes",
        "inference_price",
        "treasury_usd",
        "pool_usd",
        "latency_p99",
        "operator_income",
    ):
        assert ten[name] == pytest.approx(one[name], rel=1e-9), name
    ratio = 1e9 / resolve("baseline").values.supply.total_supply
    assert ten["token_price"] * ratio == pytest.approx(one["token_price"], rel=1e-9)


def test_growth_and_decaying_emission_start_from_the_same_point():
    base = steady_state(resolve("baseline").values).state
    overlaid = steady_state(
        resolve("baseline", overlays=("growth", "decaying_emission", "vesting")).values
    ).state
    for name, value in base.items():
        assert overlaid[name] == pytest.approx(value, rel=1e-12, abs=1e-12), name


def test_the_directions_that_stay_put_are_counted():
    rank, variables = steady_state(
        resolve("baseline", policy="pid", sets=("shocks.enabled=false",)).values
    ).rank()
    assert 0 < variables - rank < 40


def test_the_steady_utilisation_is_the_target():
    parameters = resolve("baseline").values
    state = steady_state(parameters).state
    assert state["demand"] / state["capacity"] == pytest.approx(
        parameters.pricing.target_utilisation, rel=1e-9
    )


def test_a_start_is_the_same_to_the_last_bit_whatever_events_come():
    """Which is why a start is kept for all scenarios of a network: `model/keeping.py`."""
    today = resolve().today
    scenarios = [resolve(scenarios=name).today.events for name in names("scenario")]
    events = {name: event for found in scenarios for name, event in found.items()}
    assert len(events) > 5
    there, none = (
        starts(dict(put(today, {"events": some})), MODEL, {}, 1) for some in (events, {})
    )
    assert there.keys() == none.keys()
    assert all(np.array_equal(there[name], none[name]) for name in there)
