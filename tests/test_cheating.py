"""Cheating: what nobody finds out is no failure, a smaller model competes with a made-up answer,
and audits must find both.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from tokenomics.attacks.deterrence import deterred, needed_audit
from tokenomics.model.formulas.cheating import (
    caught_share,
    cheating,
    deterrence,
    deterrences,
    outcomes,
    swap_caught_share,
)
from tokenomics.model.formulas.toll import toll
from tokenomics.model.model import bind
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

SHARE = st.floats(0.0, 0.3)


def params(**sets):
    chosen = [f"reliability.{name}={value}" for name, value in sets.items()]
    return bind(resolve("baseline", sets=chosen).values, None)


def state(**sets):
    chosen = [f"reliability.{name}={value}" for name, value in sets.items()]
    return steady_state(resolve("baseline", sets=chosen).values).state


def test_without_audits_what_is_faked_is_used_and_nothing_of_it_is_a_failure():
    found = outcomes(params(audit_probability=0), 0.001, 0.02, 0.03)
    assert found["failure_share"] == pytest.approx(0.001)
    assert found["bad_share"] == pytest.approx(0.02 + 0.999 * 0.03 / 0.999)


def test_audits_that_never_err_leave_nothing_to_the_customer():
    sure = params(audit_probability=1, false_negative=0, swap_false_negative=0)
    found = outcomes(sure, 0.001, 0.02, 0.03)
    assert found["bad_share"] == 0.0
    assert found["failure_share"] == pytest.approx(0.051)


def test_a_replica_tells_a_made_up_answer_and_not_a_smaller_models():
    one, two = (
        outcomes(params(audit_probability=0, replication=r), 0.0, 0.05, 0.0) for r in (1, 2)
    )
    assert two["bad_share"] == pytest.approx(one["bad_share"] ** 2)
    one, two = (
        outcomes(params(audit_probability=0, replication=r), 0.0, 0.0, 0.05) for r in (1, 2)
    )
    assert two["bad_share"] == pytest.approx(one["bad_share"]) == pytest.approx(0.05)


@given(SHARE, SHARE, SHARE, st.sampled_from([1.0, 2.0, 3.0]), st.floats(0.0, 1.0))
def test_failed_bad_and_good_answers_are_all_answers(fault, faked, swapped, replication, audits):
    p = params()
    rel = p["reliability"].model_copy(
        update={"replication": replication, "audit_probability": audits}
    )
    found = outcomes({**p, "reliability": rel}, fault, faked, swapped)
    assert 0.0 <= found["failure_share"] <= 1.0
    assert 0.0 <= found["bad_share"] <= 1.0 - found["failure_share"] + 1e-12


@pytest.mark.parametrize("replication", [1, 2])
def test_outcomes_are_those_of_requests_drawn_one_by_one(replication):
    p, rng, n = (
        params(replication=replication, audit_probability=0.5),
        np.random.default_rng(2),
        10**6,
    )
    fault, faked, swapped, rel = 0.05, 0.2, 0.15, p["reliability"]
    kind = rng.choice(4, (n, replication), p=[fault, faked, swapped, 0.6])
    audited = rng.random((n, replication)) < 0.5 * (1.0 - rel.swap_false_negative)
    withdrawn = (kind == 2) & audited
    right = ((kind == 2) | (kind == 3)) & ~withdrawn
    some = right.any(axis=1)
    first = kind[np.arange(n), right.argmax(axis=1)]
    made_up = ~some & (kind == 1).any(axis=1)
    seen = rng.random(n) < 0.5 * (1.0 - rel.false_negative)
    found = outcomes(p, fault, faked, swapped)
    failed = (~some & ~made_up) | (made_up & seen)
    bad = (made_up & ~seen) | (some & (first == 2))
    assert found["failure_share"] == pytest.approx(failed.mean(), abs=0.002)
    assert found["bad_share"] == pytest.approx(bad.mean(), abs=0.002)


def test_who_cannot_gain_from_a_smaller_model_fakes_as_if_there_were_none():
    p = params(swapping_gain=0)
    found, rel = cheating(p, 1e3, 10.0), p["reliability"]
    odds = float(deterrences(p, 1e3, 10.0)[0]) ** (1.0 / rel.cheating_scale)
    assert found["swapped_share"] < 1e-20
    assert found["cheating_share"] == pytest.approx(rel.cheating_limit / (1.0 + odds))


def test_a_larger_saving_draws_cheaters_from_faking_to_swapping():
    shares = [cheating(params(swapping_gain=g), 10.0, 100.0) for g in (0.45, 0.7, 5.0)]
    swapped, faked = ([s[name] for s in shares] for name in ("swapped_share", "cheating_share"))
    assert swapped == sorted(swapped)
    assert faked == sorted(faked, reverse=True)
    assert all(sum(s.values()) <= params()["reliability"].cheating_limit for s in shares)


def test_replicas_deter_faking_and_leave_swapping_to_audits():
    one, two = (params(replication=r) for r in (1, 2))
    assert caught_share(two) > caught_share(one)
    assert swap_caught_share(two) == swap_caught_share(one)
    fake, swap = deterrences(two, 1e3, 10.0)
    assert fake > swap == deterrence(two, 1e3, 10.0)


def test_the_audits_that_deter_are_those_of_the_harder_way():
    found = deterred(
        resolve("baseline", sets=("reliability.replication=2", "bonding.days=1500")).values
    )
    stake = 0.05 * found.stake
    needed = needed_audit(params(replication=2), stake, found.revenue)
    ratios = deterrences(params(replication=2, audit_probability=needed), stake, found.revenue)
    assert min(map(float, ratios)) == pytest.approx(1.0)


def test_more_audits_leave_less_bad_work_and_only_what_is_found_fails():
    few, many = state(audit_probability=0.01), state(audit_probability=0.3)
    assert many["bad_share"] < few["bad_share"]
    assert few["bad_share"] > 10.0 * few["failure_share"]
    assert few["rework"] == pytest.approx(1.0 / (1.0 - few["failure_share"]))


def test_the_baselines_rest_holds_with_both_ways():
    found = steady_state(resolve("baseline").values)
    assert found.residual < 1e-9
    assert found.state["swapped_share"] > 0.0
    assert found.state["bad_share"] > found.state["failure_share"]


def test_both_engines_count_the_same_bad_answers():
    one, two = (
        tk.run(sets=["simulation.days=20", "simulation.warm_up=5"], runs=2, engine=engine)
        for engine in ("cadcad", "ensemble")
    )
    for name in ("cheating_share", "swapped_share", "bad_share", "failure_share", "slash_rate"):
        np.testing.assert_array_equal(
            one.dataset[name].values, two.dataset[name].values, err_msg=name
        )


def test_customers_turn_from_a_network_whose_answers_are_bad():
    today = resolve("baseline").values
    shares = {}
    for cost in (0.0, 0.5):
        now, lax = (
            resolve("baseline", sets={"venues.bad_answer_cost": cost} | more).values
            for more in ({}, {"reliability.slash_fraction": 0.01})
        )
        careful, careless = (steady_state(v, today=now).state for v in (now, lax))
        assert careless["bad_share"] > careful["bad_share"]
        shares[cost] = careless["network_share"] / careful["network_share"]
    assert shares[0.5] < shares[0.0]
    assert today.venues.bad_answer_cost > 0.0


def test_work_that_cannot_be_faked_is_not_slashed():
    sets = {"privacy.mode": "zk", "reliability.false_positive": 0.0}
    found = toll(bind(resolve("baseline", sets=sets).values, None), 0.03, 0.02)
    assert found["slash_rate"] == found["bad_share"] == 0.0
