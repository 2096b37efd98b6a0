"""What a request meets on the network besides its service: faults, outages, replicas, audits,
protection, access checks, several calls.
"""

import numpy as np
import pytest

from paths import simulate
from tokenomics.attacks.deterrence import deterred, needed_audit
from tokenomics.model.blocks.reliability import policy_regions
from tokenomics.model.formulas.cheating import caught_share, deterrence
from tokenomics.model.formulas.toll import toll
from tokenomics.model.model import bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

STILL = {"shocks.enabled": False}
TODAY = resolve("baseline").values


def params(**sets):
    chosen = [f"{path.replace('__', '.')}={value}" for path, value in sets.items()]
    return bind(resolve("baseline", sets=chosen).values, None)


def state(**sets):
    chosen = [f"{path.replace('__', '.')}={value}" for path, value in sets.items()]
    return steady_state(resolve("baseline", sets=chosen).values, today=TODAY).state


def test_availability_is_the_mean_over_the_tiers():
    rel = params()["reliability"]
    assert toll(params(), 0.0, 0.0)["availability"] == pytest.approx(
        sum(t.share * t.mtbf / (t.mtbf + t.mttr) for t in rel.tiers.values())
    )


def test_nodes_that_are_often_down_are_met_less_often():
    # a tier that is hardly ever up brings hardly any faults, however often it fails
    absent = params(reliability__tiers__home__mtbf=1e-9, reliability__tiers__home__share=0.1)
    gone = params(reliability__tiers__home__share=0.0, reliability__tiers__marketplace__share=0.8)
    shares = {
        "reliability__tiers__marketplace__share": 7 / 9,
        "reliability__tiers__datacentre__share": 2 / 9,
    }
    kept = params(reliability__tiers__home__share=0.0, **shares)
    assert toll(absent, 0.0, 0.0)["failure_share"] == pytest.approx(
        toll(kept, 0.0, 0.0)["failure_share"], rel=1e-3
    )
    assert toll(gone, 0.0, 0.0)["failure_share"] > toll(kept, 0.0, 0.0)["failure_share"]


@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_regions_are_down_for_the_share_of_time_that_rate_and_length_say(dt):
    sets = (
        f"simulation.time_step={dt}",
        "simulation.days=200",
        "reliability.region_outage_rate=0.02",
        "reliability.region_outage_days=2",
    )
    parameters = resolve("baseline", sets=sets).values
    bound, runs = bind(parameters, sample(parameters, range(400), 5)), 400
    now, seen = {"regions_down": np.zeros(runs), "region_outage": np.zeros(runs)}, []
    for step in range(parameters.simulation.steps):
        now = policy_regions(bound, 0, None, {**now, "step": step})
        seen.append(now["region_outage"])
    per_run = np.mean(seen[round(20 / dt) :], axis=0)  # after the first outages have come and gone
    assert per_run.mean() == pytest.approx(0.02 * 2.0, abs=4 * per_run.std() / np.sqrt(runs))
    assert np.max(seen) <= 1.0


def test_a_region_that_is_down_takes_its_nodes_with_it():
    paths = simulate({"reliability.region_outage_rate": 0.05}, days=60)
    shown = paths["availability"] * (1.0 - paths["region_outage"])
    np.testing.assert_allclose(paths["online"][:, 1:], shown[:, 1:], rtol=1e-12)
    assert paths["online"].min() < 0.9 * paths["availability"].min()


def test_replicas_fail_together_only_and_do_the_work_again():
    one, two = (toll(params(reliability__replication=r), 0.0, 0.0) for r in (1, 2))
    assert two["failure_share"] == pytest.approx(one["failure_share"] ** 2)
    assert two["rework"] == pytest.approx(2.0 / (1.0 - two["failure_share"]))
    assert state(reliability__replication=2)["capacity"] < 0.9 * state()["capacity"]


def test_a_replica_catches_who_fakes_unless_it_fakes_too():
    limit = params()["reliability"].cheating_limit
    caught = [
        caught_share(params(reliability__replication=r, reliability__audit_probability=0))
        for r in (1, 2, 3)
    ]
    assert caught == pytest.approx([0.0, 1.0 - limit, 1.0 - limit**2])


def test_verification_leaves_less_to_gain_from_cheating():
    shares = {
        mode: state(privacy__mode=mode)["cheating_share"]
        for mode in ("none", "tee", "optimistic", "zk")
    }
    assert shares["none"] > shares["optimistic"] > shares["tee"] > shares["zk"]
    proven = resolve("baseline", sets=("privacy.mode=zk",)).values
    assert deterred(proven, today=TODAY).needed_stake == pytest.approx(0.0, abs=1e-100)


def test_only_an_enclave_hides_the_request_from_the_node():
    met = {
        mode: state(privacy__mode=mode)["privacy_protection"]
        for mode in ("none", "tee", "optimistic", "zk")
    }
    assert met["tee"] > 0.5
    assert met["none"] == met["optimistic"] == met["zk"] == 0.0


def test_cheating_begins_to_pay_where_penalty_and_gain_are_equal():
    bonded = resolve("baseline", sets=("bonding.days=700",)).values
    found, p = deterred(bonded), params()
    assert float(deterrence(p, found.needed_stake, found.revenue)) == pytest.approx(1.0)
    audit = needed_audit(p, found.stake, found.revenue)
    assert float(
        deterrence(params(reliability__audit_probability=audit), found.stake, found.revenue)
    ) == pytest.approx(1.0)
    # at that price, with fees in USD as they are, what is paid in tokens falls as the stake does
    now = steady_state(bonded).state
    tokens = (now["emitted"] - now["slashed"]) * now["token_price"] / now["nodes"]
    poorer = found.revenue - tokens * (1.0 - found.price_margin)
    assert float(deterrence(p, found.stake * found.price_margin, poorer)) == pytest.approx(1.0)
    assert (
        needed_audit(params(reliability__slash_fraction=1e-9), found.stake, found.revenue) == np.inf
    )


def test_a_check_by_the_nodes_is_faster_and_costs_capacity():
    central, node = state(), state(access__mode="node")
    assert node["latency_mean"] < central["latency_mean"]
    costly = state(access__mode="node", access__node__throughput=0.5)
    assert costly["inference_price"] > node["inference_price"]


def test_an_identity_service_that_is_down_stops_the_network():
    up, half = (simulate(STILL | {"access.central.uptime": u}, days=2, runs=1) for u in (1.0, 0.5))
    scale = [
        p["capacity"][0, -1]
        / sum(p[f"nodes_{n}"][0, -1] * a.throughput for n, a in params()["fleet"].items())
        for p in (up, half)
    ]
    assert scale[1] == pytest.approx(0.5 * scale[0], rel=1e-6)


def test_more_agents_cost_latency_and_customers():
    one, ten = state(), state(workloads__interactive__calls=10)
    assert ten["demand_interactive"] < 0.7 * one["demand_interactive"]
    assert ten["share_batch"] > one["share_batch"]  # at a lower price
