"""Attacks on a controller: what moves the price costs money, what the rule gives away is taken, and
the books stay balanced.
"""

import numpy as np
import pytest
from events import early
from hypothesis import given, settings
from hypothesis import strategies as st
from test_conservation import assert_books_balance

from paths import command, simulate
from tokenomics.attacks import attacks, front_running
from tokenomics.model.formulas.liquidity import clear, order_to_reach
from tokenomics.parameters import resolve

CALM = {"shocks.enabled": False}
RICH = {
    "attack.enabled": True,
    "attack.capital": 20.0,
    "attack.inventory": 3.0,
    "attack.start": 10.0,
}


@given(
    kind=st.sampled_from(["pool", "linear"]),
    target=st.floats(0.2, 5.0),
    buy=st.floats(0.0, 1e5),
    sell=st.floats(0.0, 1e5),
    tok=st.floats(1e4, 1e7),
    price=st.floats(0.01, 10.0),
    held=st.floats(0.01, 10.0),
)
def test_the_order_to_reach_a_price_reaches_it(kind, target, buy, sell, tok, price, held):
    usd, more = order_to_reach(kind, target * price, price, tok, tok * price, buy, sell, held * tok)
    assert usd >= 0.0 and more >= 0.0 and min(usd, more) == 0.0
    after = clear(kind, price, tok, tok * price, buy + usd, sell + more, held * tok)[1]
    assert after == pytest.approx(target * price, rel=1e-9)


@pytest.mark.parametrize("size", [-0.3, 0.25])
@pytest.mark.parametrize("policy", ["none", "pid"])
def test_a_push_holds_the_price_where_it_is_meant_to_be(policy, size):
    paths = simulate(
        CALM | RICH | {"attack.size": size, "attack.days": 5.0}, policy=policy, days=20, runs=1
    )
    held = np.log(paths["token_price"][0, 11:16] / paths["token_price"][0, 10])
    # the other traders' orders of the day are not known beforehand
    np.testing.assert_allclose(held, size, atol=0.1 * abs(size))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    size=st.floats(-0.5, 0.5),
    days=st.floats(1.0, 10.0),
    unwind=st.floats(0.0, 20.0),
    kind=st.sampled_from(["pool", "linear"]),
)
def test_moving_the_price_and_back_earns_nothing_without_a_controller(size, days, unwind, kind):
    sets = (
        CALM
        | RICH
        | {
            "attack.size": size,
            "attack.days": days,
            "attack.unwind_days": unwind,
            "market.type": kind,
        }
    )
    paths = simulate(sets, days=60, runs=1)
    assert paths["attacker_tok"][0, -1] == pytest.approx(paths["attack_inventory"][0, 0], rel=1e-6)
    assert paths["attacker_profit"][0, -1] <= 1e-6 * paths["pool_usd"][0, 0]


def test_an_attackers_trades_are_no_use_of_the_network():
    """His turnover is speculative, and leaves that of use as it was, up to the price he moves."""
    sets = CALM | RICH | {"attack.size": 0.2, "attack.days": 5.0}
    paths = simulate(sets, days=20, runs=1)
    quiet = simulate(CALM | RICH, days=20, runs=1)
    own = (
        paths["order_attacker_usd"] / paths["settlement_price"] + paths["order_attacker_tok"]
    ) / paths["circulating_supply"]
    others = paths["velocity_speculative"] - own
    assert own[0].max() > 10.0 * quiet["velocity_speculative"][0].max()
    assert others[0].min() >= -1e-12


@pytest.mark.slow_after(4)
@pytest.mark.parametrize("policy", ["none", "pid", "threshold"])
@pytest.mark.parametrize("scenario", attacks.ATTACKS)
def test_the_attacker_has_what_his_orders_bring_and_the_books_balance(policy, scenario):
    paths = simulate(early(scenario), policy=policy, scenarios=(scenario,), days=65, runs=3)
    assert_books_balance(paths)
    settled = paths["settlement_price"][:, 1:]
    cash = np.cumsum(
        paths["order_attacker_tok"][:, 1:] * settled - paths["order_attacker_usd"][:, 1:], axis=1
    )
    tokens = np.cumsum(
        paths["order_attacker_usd"][:, 1:] / settled - paths["order_attacker_tok"][:, 1:], axis=1
    )
    profit = cash + tokens * paths["token_price"][:, 1:]
    np.testing.assert_allclose(
        paths["attacker_profit"][:, 1:], profit, atol=1e-9 * paths["pool_usd"].max()
    )


def test_a_corrupt_feed_pays_the_attacker_out_of_the_treasury_and_only_where_a_controller_buys():
    drained = {
        policy: simulate(CALM, policy=policy, scenarios=("treasury_drain",), days=120, runs=1)
        for policy in ("none", "pid")
    }
    profit = {
        policy: paths["attacker_profit"][0, -1] / paths["pool_usd"][0, 0]
        for policy, paths in drained.items()
    }
    assert profit["pid"] > 0.0 > profit["none"]
    spent = 1.0 - drained["pid"]["treasury_usd"][0, 80] / drained["pid"]["treasury_usd"][0, 0]
    assert spent > 0.1


def test_a_bound_on_the_slope_keeps_a_corrupt_feed_out_and_holds_to_the_letter():
    bound = CALM | {"oracle.slope_limit": 0.03, "oracle.noise": 0.0}
    free, bounded = (
        simulate(CALM | s, policy="pid", scenarios=("oracle_manipulation",), days=90, runs=1)
        for s in ({}, bound)
    )
    change = np.diff(np.log(bounded["measured_price"]), axis=1)
    assert np.abs(change).max() <= 0.03 * (1.0 + 1e-9)
    bias = [
        np.log(paths["measured_price"] / paths["token_price"])[0, 60:75]
        for paths in (free, bounded)
    ]
    assert np.abs(bias[1][:5]).max() < 0.5 * np.abs(bias[0][:5]).max()


def test_nobody_runs_on_a_treasury_that_is_not_touched_and_a_controller_that_spends_makes_the_run():
    none, pid = (
        simulate(CALM, policy=policy, scenarios=("bank_run",), days=120, runs=1)
        for policy in ("none", "pid")
    )
    assert none["order_run_tok"].max() < 1e-4 * none["holders_tok"].min()
    assert pid["order_run_tok"].max() > 0.005 * pid["holders_tok"].max()
    assert pid["treasury_usd"][0, -1] < 0.7 * pid["treasury_usd"][0, 0]


@pytest.mark.parametrize("build_days", [0.0, 0.5, 4.0])
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_the_position_is_bought_whole_before_the_push(build_days, step):
    sets = (
        CALM
        | RICH
        | {
            "attack.position": 0.25,
            "attack.build_days": build_days,
            "attack.days": 20.0,
            "simulation.time_step": step,
        }
    )
    paths = simulate(sets, days=12, runs=1)
    spent = paths["attacker_usd"][0, 0] - paths["attacker_usd"][0, -1]
    assert spent == pytest.approx(0.25 * paths["reference_depth"][0, 0], rel=1e-9)


def test_an_attack_on_an_early_day_has_all_of_its_days_to_build():
    sets = early("treasury_drain")
    days = int(sets["attack.start"])
    paths = simulate(CALM | sets, scenarios=("treasury_drain",), days=days, runs=1)
    spent = paths["attacker_usd"][0, 0] - paths["attacker_usd"][0, -1]
    assert spent == pytest.approx(0.25 * paths["reference_depth"][0, 0], rel=1e-9)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("scenario", "measure"),
    [
        ("oracle_siege", lambda p: p["attacker_profit"][0, -1] / p["pool_usd"][0, 0]),
        ("treasury_drain", lambda p: p["treasury_usd"][0, -1] / p["treasury_usd"][0, 0]),
        ("bank_run", lambda p: np.log(p["token_price"]).min()),
    ],
)
def test_half_the_time_step_changes_an_attack_within_the_error_of_discretisation(scenario, measure):
    whole, half = (
        measure(
            simulate(
                CALM | {"simulation.time_step": step},
                policy="pid",
                scenarios=(scenario,),
                days=120,
                runs=1,
            )
        )
        for step in (1.0, 0.5)
    )
    assert half == pytest.approx(whole, rel=0.15)


def test_what_front_runners_say_they_have_is_what_the_speculators_ledger_gained():
    """With the other speculators still, all that happens to their ledger is the front-runners'."""
    sets = {
        "front_running.enabled": True,
        "front_running.size": 0.5,
        "front_running.prior_slope": 0.05,
        "speculation.enabled": False,
    }
    paths = simulate(sets, policy="pid", days=150, runs=5)
    assert_books_balance(paths)
    tokens = paths["speculators_tok"] - paths["speculators_tok"][:, :1]
    cash = paths["speculators_usd"] - paths["speculators_usd"][:, :1]
    np.testing.assert_allclose(
        paths["front_tok"], tokens, atol=1e-9 * paths["speculators_tok"].max()
    )
    np.testing.assert_allclose(
        paths["front_profit"],
        cash + tokens * paths["token_price"],
        atol=1e-9 * paths["speculators_usd"].max(),
    )
    assert np.abs(tokens).max() > 0.0


def test_front_runners_learn_the_gain_of_a_proportional_controller():
    sets = {
        "controller.type": "pid",
        "controller.sides": "both",
        "controller.pid.kp": 0.04,
        "controller.pid.ki": 0.0,
        "controller.pid.kd": 0.0,
        "controller.pid.rate_limit": 10.0,
        "controller.sale_limit": 10.0,
        "controller.spend_limit": 1.0,
        "front_running.enabled": True,
        "front_running.size": 0.0,
        "front_running.prior_slope": 0.0,
    }
    paths = simulate(sets, days=300, runs=8)
    learned = paths["rule_covariance"][:, -1] / paths["rule_variance"][:, -1]
    np.testing.assert_allclose(learned, 0.04, rtol=0.02)


def test_front_runners_shrink_the_gain_margin_and_earn_while_they_are_few():
    found = front_running.front_running_table(
        resolve("baseline", policy="pid"), factors=[1.0], sizes=[0.0, 0.1, 0.5], runs=40, seed=3
    )
    assert (
        list(found["gain_margin"]) == sorted(found["gain_margin"], reverse=True)
        and found["gain_margin"].is_unique
    )
    assert found["tracking"][0] == pytest.approx((1.0, 1.0, 1.0)) and found["profit"][0] == (
        0.0,
        0.0,
        0.0,
    )
    assert found["profit"][1][1] > 0.0
    assert front_running.robust(found)[0.0] == 1.0


def test_the_cheapest_saturation_saturates_and_a_smaller_push_does_not():
    sets = {"controller.sides": "both", "controller.sale_limit": 0.005}
    resolved = resolve("baseline", policy="pid", sets=sets)
    row = attacks.saturation(resolved).set_index(["actuator", "push"]).loc[("sale", "one decision")]
    assert 0.0 < row["size"] < 1.0 and row["cost"] > 0.0
    outcome = attacks._pushes(resolved, np.array([row["size"] - 0.02, row["size"]]), 1.0)
    assert list(outcome["saturated"]) == [False, True]
    finer = attacks.saturation(
        resolve("baseline", policy="pid", sets=sets | {"simulation.time_step": 0.5})
    ).set_index(["actuator", "push"])
    assert finer.loc[("sale", "one decision"), "cost"] == pytest.approx(row["cost"], rel=0.1)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("policy", ["lqr", "scheduled", "threshold"])
def test_every_kind_of_law_can_be_attacked(policy):
    def under(name):
        return resolve("baseline", policy=policy, scenarios=(name,), sets=("simulation.days=75",))

    found = attacks.attack_table(under, attacks=["treasury_drain"], runs=4)
    assert list(found["defence"]) == list(attacks.defences(under("treasury_drain")))
    assert np.isfinite([list(x) for x in found["loss"]]).all() and found["loss"].nunique() > 2


def test_the_attack_command_says_who_gains(tmp_path):
    status, output, _ = command(
        "control",
        "attack",
        "--attack",
        "treasury_drain",
        "--runs",
        "8",
        "--days",
        "90",
        "--out",
        str(tmp_path / "a"),
    )
    assert status == 0 and "treasury_drain" in output
    assert (tmp_path / "a" / "attacks.md").exists() and (tmp_path / "a" / "saturation.md").exists()
    status, _, errors = command("control", "attack", "--attack", "treasury_drian")
    assert status == 2 and "treasury_drain" in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("attack", "--attack", "token_crash"), "in which nobody attacks"),
        (("attack", "--attack", "oracle_push", "--days", "30"), "expected more than 60"),
        (("attack", "--attack", "bank_run", "--set", "treasury.reserve=0"), "treasury.reserve"),
        (("front-run", "--policy", "dcbm"), "expected pid"),
    ],
)
def test_what_cannot_be_attacked_is_refused(arguments, message):
    status, _, errors = command("control", *arguments)
    assert status == 2 and message in errors
