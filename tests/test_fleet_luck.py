"""Small fleets: the share online swings as a binomial count does, forgets with repair, and does not
move a large network; outages count for both venues alike.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import tokenomics as tk
from paths import simulate
from tokenomics.model.formulas.choice import log_prices
from tokenomics.model.formulas.fleet_luck import down_share, memory, next_luck
from tokenomics.model.formulas.outages import cloud_up, network_up, up
from tokenomics.model.formulas.toll import online_at_rest
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import put, resolve

BASE = resolve("baseline").values
UP = online_at_rest(BASE.reliability)


def scaled(size):
    """Settings of the baseline with everything this many times as large, regions always up."""
    sets = {"demand.services": BASE.demand.services * size, "reliability.region_outage_rate": 0.0}
    return sets | {
        f"fleet.{name}.potential_nodes": a.potential_nodes * size for name, a in BASE.fleet.items()
    }


@pytest.mark.parametrize("nodes", [1, 2, 10, 50, 200, 1000])
def test_the_share_down_has_the_binomials_mean_and_deviation(nodes):
    luck = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    found, mean = down_share(float(nodes), 1.0 - UP, luck), 1.0 - UP
    assert found.mean() == pytest.approx(mean, rel=0.02)
    assert found.std() == pytest.approx(np.sqrt(mean * UP / nodes), rel=0.04)
    assert found.min() >= 0.0 and found.max() <= 1.0


@pytest.mark.parametrize("nodes", [1, 2, 7, 40])
def test_few_nodes_are_counted_out_as_scipy_counts_them(nodes):
    luck = stats.norm.ppf((np.arange(1000) + 0.5) / 1000)
    counted = stats.binom.ppf((np.arange(1000) + 0.5) / 1000, nodes, 1.0 - UP) / nodes
    np.testing.assert_allclose(down_share(float(nodes), 1.0 - UP, luck), counted, atol=1e-12)


@given(st.floats(0.0, 1e6), st.floats(0.0, 1.0), st.floats(-9.0, 9.0))
def test_the_share_down_stays_a_share_for_any_fleet(nodes, mean, luck):
    assert 0.0 <= down_share(nodes, mean, luck) <= 1.0


def test_bad_luck_is_forgotten_with_the_repair_time_at_any_step():
    tiers = BASE.reliability.tiers
    time = memory({"one": tiers["marketplace"]})
    assert time == pytest.approx(1.0 / (1.0 / 20.0 + 1.0))
    assert memory({"one": tiers["marketplace"].model_copy(update={"mttr": 0.0})}) == 0.0
    whole, quarter = next_luck(2.0, 0.0, 1.0, time), 2.0
    for _ in range(4):
        quarter = next_luck(quarter, 0.0, 0.25, time)
    assert quarter == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("size", [0.003, 0.03, 3.0])
def test_the_share_online_of_a_network_swings_as_the_binomial(size):
    paths = simulate(scaled(size), days=60, runs=400, keep={"online", "nodes"})
    nodes = np.maximum(paths["nodes"][:, 1:].mean(), 1.0)
    binomial = np.sqrt(UP * (1.0 - UP) / nodes)
    assert paths["online"][:, 1:].mean() == pytest.approx(UP, abs=0.02 * binomial + 0.003)
    assert paths["online"][:, 1:].std() == pytest.approx(binomial, rel=0.1)


def test_without_shocks_the_share_online_stands_still():
    paths = simulate(scaled(0.003) | {"shocks.enabled": False}, days=20, runs=1)
    np.testing.assert_allclose(paths["availability"], UP, rtol=1e-12)
    assert np.all(paths["fleet_luck"] == 0.0)


def test_a_service_that_is_down_as_long_as_it_is_up_is_up_half_of_the_time():
    outage = BASE.outages.chain
    assert up(outage.model_copy(update={"rate": 0.5, "length": 2.0})) == 0.5
    assert up(outage.model_copy(update={"rate": 0.0})) == 1.0


def test_a_network_without_outages_is_up_as_its_identity_service():
    none = {f"outages.{name}.rate": 0.0 for name in ("gateway", "oracle", "chain", "cloud")}
    calm = put(BASE, none)
    assert network_up(calm.outages, calm.access) == BASE.access.in_use.uptime
    assert cloud_up(calm.outages, calm.cloud) == BASE.cloud.uptime
    assert network_up(BASE.outages, BASE.access) < network_up(calm.outages, calm.access)
    assert cloud_up(BASE.outages, BASE.cloud) == pytest.approx(0.999, abs=1e-4)


def test_customers_count_the_outages_of_both_venues():
    state, workload = steady_state(BASE).state, BASE.workloads["interactive"]
    worse = put(BASE, {"outages.gateway.rate": 1.0, "outages.cloud.rate": 1.0})
    (network, _, cloud), (network_worse, _, cloud_worse) = (
        log_prices(dict(p), workload, state) for p in (BASE, worse)
    )
    assert network_worse > network and cloud_worse > cloud


def test_service_uptime_is_what_is_served_in_time_while_all_is_up():
    sets = ("simulation.days=40", "simulation.warm_up=0")
    result = tk.run(
        policy="none", sets=sets, runs=2, record=("served", "demand", "in_time", "cloud_in_time")
    )
    paths = {
        n: result.dataset[n].transpose("run", "time").values[:, 1:]
        for n in ("served", "demand", "in_time", "cloud_in_time")
    }
    table = result.metrics_per_run()
    kept = (paths["served"] * paths["in_time"]).sum(axis=1) / paths["demand"].sum(axis=1)
    np.testing.assert_allclose(
        table["service_uptime"], kept * network_up(BASE.outages, BASE.access), rtol=1e-12
    )
    np.testing.assert_allclose(
        table["cloud_service_uptime"],
        paths["cloud_in_time"].mean(axis=1) * cloud_up(BASE.outages, BASE.cloud),
        rtol=1e-12,
    )


def test_both_engines_draw_the_same_luck_and_the_same_shares_in_time():
    sets = [f"{path}={value}" for path, value in scaled(0.003).items()]
    sets += ["simulation.days=30", "simulation.warm_up=10"]
    one, two = (
        tk.run(policy="none", sets=sets, runs=2, engine=engine) for engine in ("cadcad", "ensemble")
    )
    for name in ("fleet_luck", "availability", "latency_p99", "in_time", "token_price"):
        np.testing.assert_array_equal(
            one.dataset[name].values, two.dataset[name].values, err_msg=name
        )
    assert np.unique(one.dataset["availability"].values).size > 1
