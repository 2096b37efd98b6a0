"""Latency knows the load: the batch of a node against a birth-death chain and a simulation request
by request, its limits, and the share of tasks that are answered in time.
"""

import heapq
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from discrete_event import lognormals
from paths import simulate
from tokenomics.capacity.hardware import hardware
from tokenomics.capacity.roofline import Request, roofline
from tokenomics.capacity.shapes import shape
from tokenomics.model.blocks.answers import in_time
from tokenomics.model.formulas.distribution import at_node, lognormal, quantile
from tokenomics.model.formulas.latency import (
    alone_per_token,
    batching,
    call_latency,
    places,
    request_time,
    service_time,
    slowing,
)
from tokenomics.model.formulas.normal import ndtr
from tokenomics.model.formulas.queueing import waiting
from tokenomics.model.model import bind
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

BASELINE = resolve("baseline")
PARAMS = bind(BASELINE.values, None)
FLEET = PARAMS["fleet"]
NODES = {"h100": 300.0, "h200": 20.0, "a100": 1.0, "l40s": 60.0}


def chain(count, load, slowed):
    """Chance to wait and mean service time, in that of a full node, of the birth-death chain whose
    k requests each take S(k), affine from 1 − slowed alone to 1 with all places taken.
    """
    k = np.arange(1, count + 1)
    taken = 1.0 - slowed + slowed * (k - 1) / (count - 1)
    below = np.exp(np.cumsum(np.log(k / (count * load * taken))[::-1]))[::-1]  # p(k−1)/p(count)
    full = 1.0 / (1.0 - load)  # P(all places taken)/p(count)
    total = below.sum() + full
    busy = (np.arange(count) * below).sum() + count * full
    return full / total, busy / total / (count * load)


@pytest.mark.parametrize("slowed", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("load", [0.05, 0.3, 0.6, 0.9, 0.98])
def test_the_batch_of_a_load_is_that_of_the_birth_death_chain(load, slowed):
    """Within 1.5 % with the H100's 220 places, 5.5 % with the A100's 42."""
    for count, error in ((220, 0.015), (42, 0.055)):
        found = 1.0 - slowed + slowed * batching(slowed, load)
        assert found == pytest.approx(chain(count, load, slowed)[1], rel=error)


@pytest.mark.parametrize("load", [0.6, 0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("slowed", [0.3, 0.5, 0.8])
def test_a_node_that_is_faster_when_not_full_seldom_fills(load, slowed):
    """Within .06 of the chain's chance to wait, and nearer than without the slowing."""
    for count in (42, 220):
        exact = chain(count, load, slowed)[0]
        found, fixed = (waiting(count, load, 1.0, 1.0, 1.0, s)[0] for s in (slowed, 0.0))
        assert abs(found - exact) < 0.06
        assert abs(found - exact) <= abs(fixed - exact) + 1e-3


@given(st.floats(0.0, 0.99), st.floats(0.0, 1.0))
def test_littles_law_holds_for_the_batch(slowed, load):
    # b/places = load × S(b)/S(full), with S affine in what the request finds
    batch = batching(slowed, load)
    assert batch == pytest.approx(load * (1.0 - slowed + slowed * batch), abs=1e-12)
    assert 0.0 <= batch <= 1.0 + 1e-12


def shared(rng, count, load, slowed, scv, n):
    """Times in the system, one by one: all requests in service advance alike, at 1/S(k)."""
    gaps, work = rng.exponential(1.0 / (count * load), n), lognormals(rng, 1.0, scv, n)
    arrived, now, clock, queue, ends, found = np.cumsum(gaps), 0.0, 0.0, [], [], np.full(n, np.nan)
    following = 0
    while following < n or ends:
        pace = 1.0 - slowed + slowed * max(len(ends) - 1, 0) / (count - 1)
        finish = now + (ends[0][0] - clock) * pace if ends else np.inf
        if following < n and arrived[following] < finish:
            clock += (arrived[following] - now) / pace
            now = arrived[following]
            queue.append(following)
            following += 1
        else:
            clock, now = ends[0][0], finish
            found[heapq.heappop(ends)[1]] = now
        while queue and len(ends) < count:
            one = queue.pop(0)
            heapq.heappush(ends, (clock + work[one], one))
    return (found - arrived)[n // 10 : -n // 10]


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_percentiles_are_those_of_requests_that_share_a_node(load):
    count, slowed, scv = 42, 0.6, 0.3
    own = lognormal(1.0 - slowed + slowed * batching(slowed, load), scv)
    form = at_node(count, load, 1.0, 1.0, scv, own=own, slowed=slowed)
    sample = np.concatenate(
        [shared(np.random.default_rng(s), count, load, slowed, scv, 20_000) for s in range(3)]
    )
    assert form.mean == pytest.approx(sample.mean(), rel=0.06)
    for p in (0.5, 0.95, 0.99):
        assert quantile(form, p) == pytest.approx(np.quantile(sample, p), rel=0.1)


def test_at_full_load_the_service_time_is_that_of_the_latency_target():
    for accelerator in FLEET.values():
        slowed = slowing(PARAMS, accelerator)
        full, alone = (
            request_time(PARAMS, accelerator, batching(slowed, load)) for load in (1.0, 0.0)
        )
        assert full == pytest.approx(service_time(PARAMS), rel=1e-14)
        assert alone == pytest.approx(
            PARAMS["capacity"].time_to_first_token
            + PARAMS["demand"].output_tokens * alone_per_token(PARAMS, accelerator)
        )


def test_capacity_at_the_latency_target_does_not_know_how_fast_an_empty_node_is():
    fast, slow = (
        resolve("baseline", sets=(f"fleet.h100.least_time_per_token={t}",)).values
        for t in (0.001, 0.03)
    )
    assert places(dict(fast), fast.fleet["h100"]) == places(dict(slow), slow.fleet["h100"])


def test_a_node_with_one_place_has_no_batch_and_one_service_time():
    proofs = bind(resolve("baseline", sets=("privacy.mode=zk",)).values, None)
    for accelerator in proofs["fleet"].values():
        assert places(proofs, accelerator) == 1.0
        assert slowing(proofs, accelerator) == pytest.approx(0.0, abs=1e-14)


def test_the_shipped_times_are_near_the_rooflines():
    # they are of a roofline without kernels and with a bandwidth fitted card by card, as their
    # sources say with all numbers
    told = re.compile(
        r": ([\d.]+) GB .* over ([\d.]+) of the \w+'s ([\d.]+) TB/s.* has ([\d.]+) s$"
    )
    for name, precision in (("h100", "fp8"), ("h200", "fp8"), ("a100", "fp16"), ("l40s", "fp8")):
        card = roofline(hardware(name), shape("llama-3.1-8b"), precision)
        shipped, now = FLEET[name].least_time_per_token, card.decode_time(0.0, 1.0)
        source = BASELINE.entries[f"fleet.{name}.least_time_per_token"].source
        weights, share, bandwidth, said = map(float, told.search(source).groups())
        assert shipped == pytest.approx(1e-3 * weights / (share * bandwidth), rel=5e-3)
        assert said == pytest.approx(now, rel=1e-2)
        assert shipped == pytest.approx(now, rel=0.35)


def test_the_rooflines_time_per_token_is_affine_in_the_batch_up_to_the_target():
    work, target = Request(1155.0, 211.0), PARAMS["capacity"].time_per_token
    for name, precision in (("h100", "fp8"), ("h200", "fp8"), ("a100", "fp16"), ("l40s", "fp8")):
        card = roofline(hardware(name), shape("llama-3.1-8b"), precision)
        batches = np.linspace(1.0, places(PARAMS, FLEET[name]), 20)
        times = card.time_per_token(batches, work)
        within = times <= target
        ends = np.interp(batches, batches[within][[0, -1]], times[within][[0, -1]])
        np.testing.assert_allclose(times[within], ends[within], rtol=1e-12)


def test_an_empty_network_answers_fast_and_a_full_one_as_at_the_target():
    means = [float(call_latency(PARAMS, NODES, u, 0.0).mean) for u in (0.0, 0.05, 0.3, 0.6, 0.9)]
    assert np.all(np.diff(means) > 0.0)
    assert means[0] < 0.35 * service_time(PARAMS)
    unbatched = {
        name: a.model_copy(update={"least_time_per_token": 0.03}) for name, a in FLEET.items()
    }
    still = [
        float(call_latency({**PARAMS, "fleet": unbatched}, NODES, u, 0.0).mean) for u in (0.0, 0.6)
    ]
    assert still[0] == pytest.approx(still[1], rel=1e-3)


def test_the_share_answered_in_time_falls_with_the_load_and_some_venue_holds_every_limit():
    loads = (0.05, 0.3, 0.6, 0.9, 0.98)
    shares = [float(in_time(PARAMS, call_latency(PARAMS, NODES, u, 0.0))) for u in loads]
    assert np.all(np.diff(shares) < 0.0)
    assert shares[0] > 0.9999 and shares[-1] < 0.99
    cloud = PARAMS["cloud"]
    for workload in PARAMS["workloads"].values():
        assert cloud.latency_p99 * workload.calls <= workload.latency_limit


def test_attainment_moves_with_a_boom_of_demand():
    calm, boom = (
        simulate({"shocks.enabled": False}, scenarios=s, days=70, runs=1)["in_time"]
        for s in ((), ("demand_boom",))
    )
    assert boom.min() < calm.min() - 1e-3


def test_the_steady_state_holds_the_shares_in_time():
    state = steady_state(resolve("baseline").values)
    assert state.residual < 1e-9
    assert 0.99 < state.state["in_time"] < state.state["cloud_in_time"] < 1.0


def test_the_normal_distribution_function_is_scipys():
    x = np.concatenate([np.linspace(-40.0, 40.0, 100_001), [np.inf, -np.inf]])
    np.testing.assert_allclose(ndtr(x), stats.norm.cdf(x), rtol=1e-8, atol=1e-15)
