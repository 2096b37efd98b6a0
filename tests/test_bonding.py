"""The stake: what a node must bond, who buys and sells for it, what waits, and what slashing is
for.
"""

import numpy as np
import pytest
from events import early
from hypothesis import given, settings
from hypothesis import strategies as st
from test_conservation import assert_books_balance

import tokenomics as tk
from paths import simulate
from tokenomics.attacks.deterrence import deterred
from tokenomics.errors import InputError
from tokenomics.model.blocks.bonding import policy_bonding, share_bonded
from tokenomics.model.drift import drift
from tokenomics.model.formulas.cheating import cheating
from tokenomics.model.formulas.fleet import installed_capacity, willing_nodes
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import ShockTable
from tokenomics.model.steady_state import start_state, steady_state, steady_states
from tokenomics.parameters import put, resolve

STILL = {"shocks.enabled": False}
MODES = {
    "days_of_revenue": {"bonding.days": 90.0},
    "per_node": {"bonding.per_node": 5_000.0},
    "per_node_at_start": {"supply.staked_share": 0.1},
    "yield": {"supply.staked_share": 0.3, "bonding.bought": 0.2, "bonding.unstaked_sold": 0.2},
}


def network(mode, **more):
    sets = STILL | MODES[mode] | {"bonding.mode": mode}
    return resolve(
        "baseline", sets=sets | {k.replace("__", "."): v for k, v in more.items()}
    ).values


def stepped(values, **state):
    """What the block does in one step from rest with some variables changed."""
    begin = steady_state(values).state | state
    return policy_bonding(bind(values, None), 0, None, begin), begin


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("response", ["logistic", "elasticity"])
def test_every_mode_has_a_rest_that_holds_still(mode, response):
    found = steady_state(network(mode, bonding__response=response))
    assert found.residual < 1e-12, found.worst
    assert found.state["unbonding"] == 0.0 and abs(found.state["order_bond_usd"]) < 1e-6


@given(days=st.floats(0.5, 2000.0), fee=st.floats(0.0, 0.3), holding=st.floats(200.0, 4000.0))
@settings(max_examples=20, deadline=None)
def test_a_bond_in_days_is_so_many_days_of_revenue_at_rest(days, fee, holding):
    sets = {"bonding.days": days, "treasury.fee_share": fee, "supply.holding_time": holding}
    found = start_state(resolve("baseline", sets=STILL | sets | {"bonding.limit": 1.0}).values)
    worth = found["staked"] * found["token_price"]
    assert worth == pytest.approx(days * found["operator_income"], rel=1e-9)
    parts = [found[n] for n in ("circulating_supply", "staked", "treasury_tok", "locked")]
    assert sum(parts) == pytest.approx(found["total_supply"], rel=1e-12)


def test_a_bond_per_node_is_what_the_nodes_that_it_keeps_honest_have():
    # the nodes that stay depend on what is faked, which depends on their bond
    for bond in (0.0, 1e3, 2e4, 5e4):
        found = start_state(network("per_node", bonding__per_node=bond))
        assert found["staked"] == pytest.approx(bond * found["nodes"], rel=1e-9)
        assert found["demand"] == pytest.approx(found["utilisation"] * found["capacity"], rel=1e-9)


def test_today_s_stake_is_held_per_node_where_the_share_says_so():
    found = start_state(network("per_node_at_start"))
    assert found["staked"] == pytest.approx(0.1 * found["total_supply"], rel=1e-12)
    out, begin = stepped(network("per_node_at_start"), nodes=2.0 * found["nodes"])
    assert out["stake_per_node"] == begin["stake_per_node"]
    assert out["bond_flow"] > 0.0


def test_a_bond_in_days_is_worth_as_much_in_usd_whatever_the_token_does():
    values = network("days_of_revenue")
    one, begin = stepped(values)
    cheap = 0.25 * begin["token_price"]
    two, _ = stepped(values, token_price=cheap, measured_price=cheap)
    assert two["stake_per_node"] == pytest.approx(4.0 * one["stake_per_node"], rel=1e-12)
    # a crash of the token leaves its penalty as it was once the bond has followed
    paths = simulate(STILL, scenarios=("token_crash",), days=240, runs=1)
    worth = (paths["staked"] - paths["unbonding"]) * paths["token_price"]
    days = (worth / paths["operator_income"])[0]
    assert days[61] < 15.0 and days[-1] == pytest.approx(30.0, rel=0.05)


def test_what_enters_buys_what_it_lacks_and_no_more():
    values = network("days_of_revenue")
    begin = steady_state(values).state
    few = begin["staked"] * 0.99
    out, _ = stepped(values, staked=few)
    bonding, dt = values.bonding, values.simulation.time_step
    speed = -np.expm1(-dt / bonding.time) / dt
    lacking = begin["staked"] - few
    assert out["bond_flow"] == pytest.approx(lacking * speed, rel=1e-9)
    assert out["order_bond_usd"] == out["bond_flow"] * begin["token_price"]
    assert out["delegated"] == out["unbonded"] == 0.0


def test_what_is_not_bought_comes_from_holders():
    values = network("days_of_revenue", bonding__bought=0.3)
    out, _ = stepped(values, staked=0.99 * steady_state(values).state["staked"])
    assert out["bond_flow"] / (out["bond_flow"] + out["delegated"]) == pytest.approx(0.3)


def test_the_queue_lets_go_by_its_closed_form():
    # no faults: n(t) = n(0) exp(-t/T), of which the share is sold
    sets = STILL | {"reliability.enabled": False, "bonding.unstaked_sold": 0.4}
    values = resolve("baseline", sets=sets | {"bonding.unbonding_time": 20.0}).values
    params, state = bind(values, None), steady_state(values).state
    state["unbonding"] = 1e5
    state["staked"] += 1e5
    for day in range(1, 31):
        out = policy_bonding(params, 0, None, state)
        assert out["order_holders_tok"] == 0.4 * out["unbonded"]
        state["staked"] -= out["unbonded"]
        state["unbonding"] = out["unbonding"]
        assert state["unbonding"] == pytest.approx(1e5 * np.exp(-day / 20.0), rel=1e-6)


def test_what_leaves_waits_before_it_is_sold():
    out, begin = stepped(network("days_of_revenue"), unit_revenue=1e-6)
    assert out["order_holders_tok"] == 0.0 and out["unbonding"] > 0.0
    assert out["unbonding"] <= begin["staked"]


@pytest.mark.parametrize("slashed", [True, False])
def test_what_is_on_its_way_out_is_slashed_where_the_network_does_so(slashed):
    values = network("days_of_revenue", bonding__unbonding_slashed=slashed)
    begin = steady_state(values).state
    half = 0.5 * begin["staked"]
    out, _ = stepped(values, unbonding=half)
    expected = begin["slash_rate"] * (begin["staked"] if slashed else half)
    assert out["slashed"] == pytest.approx(expected, rel=1e-12)


def test_tokens_on_their_way_out_deter_nobody():
    values = network("days_of_revenue")
    out = tk.run(days=2, runs=1, today=STILL | {"stocks.staked": 5e6}, engine="ensemble")
    paths = {k: v[0] for k, v in out.trajectories.values.items()}
    assert paths["unbonding"][1] > 0.0
    bond = (paths["staked"][1] - paths["unbonding"][1]) * paths["token_price"][1]
    shares = cheating(dict(values), bond, paths["operator_income"][1])
    assert paths["cheating_share"][2] == pytest.approx(shares["cheating_share"], rel=1e-9)


def test_deterrence_is_of_the_bond():
    found = deterred(network("days_of_revenue"))
    assert found.stake / found.revenue == pytest.approx(90.0, rel=1e-9)


@pytest.mark.parametrize("part", [0.0, 0.25, 1.0])
def test_what_is_slashed_is_burned_or_the_treasury_s(part):
    sets = STILL | {"bonding.slash_to_treasury": part, "bonding.days": 90.0}
    paths = simulate(sets, days=10, runs=1)
    slashed = paths["slashed"][0, 1:]
    assert np.all(slashed > 0.0)
    np.testing.assert_allclose(np.diff(paths["treasury_tok"][0]), part * slashed, atol=1e-6)
    fees = paths["burn_share"] * paths["fees"] / paths["settlement_price"]
    np.testing.assert_allclose(
        paths["burned"][0, 1:] - fees[0, 1:], (1 - part) * slashed, atol=1e-6
    )


def test_the_share_bonded_is_today_s_at_today_s_yield_and_follows_it():
    for response in ("logistic", "elasticity"):
        values = network("yield", bonding__response=response)
        state, params = steady_state(values).state, dict(values)
        bonding = values.bonding
        worth = state["staked"] * state["token_price"]
        share = bonding.reward_share
        earned = 365.0 * share / (1.0 - share) * state["operator_income"] / worth
        today = share_bonded(params, state["bond_anchor"], earned)
        assert today == pytest.approx(0.3, rel=1e-9)
        more = [share_bonded(params, state["bond_anchor"], k * earned) for k in (0.5, 1.0, 2.0)]
        assert more == sorted(more) and more[0] < more[2]
        if response == "elasticity":
            assert more[2] / more[1] == pytest.approx(2.0**bonding.elasticity, rel=1e-9)
        else:
            odds = [share / (bonding.limit - share) for share in more]
            rise = np.log(odds[2] / odds[1])
            assert rise == pytest.approx(earned / bonding.response_scale, rel=1e-9)


def test_a_better_rate_elsewhere_draws_stake_out():
    values, begin = network("yield"), steady_state(network("yield")).state
    for rate, leaves in ((0.01, False), (0.3, True)):
        params = bind(put(values, {"bonding.outside_rate": rate}), ShockTable({}))
        out = policy_bonding(params, 0, None, begin)
        assert (out["unbonding"] > 0.0) == leaves
        enters = out["delegated"] > out["slashed"]
        assert (out["bond_flow"] > 0.0) == enters == (not leaves)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("mode", MODES)
def test_books_balance_in_every_mode_and_engines_agree(mode):
    today = MODES[mode] | {"bonding.mode": mode, "bonding.slash_to_treasury": 0.5}
    how = {"today": today, "policy": "pid", "scenario": "token_crash", "days": 20, "runs": 2}
    how["sets"] = {"events.token_crash.start": 5.0}
    fast, slow = (tk.run(**how, engine=engine) for engine in ("ensemble", "cadcad"))
    assert not fast.failures
    one, two = fast.trajectories.values, slow.trajectories.values
    for name, path in one.items():
        assert np.array_equal(path, two[name]), name
    assert_books_balance(one)
    assert np.all(one["unbonding"] <= one["staked"] * (1.0 + 1e-12))


@pytest.mark.slow
@given(
    mode=st.sampled_from(list(MODES)),
    bought=st.floats(0.0, 1.0),
    sold=st.floats(0.0, 1.0),
    time=st.floats(1.0, 30.0),
    queue=st.floats(0.0, 60.0),
    limit=st.floats(0.3, 0.7),
    audit=st.floats(0.0, 1.0),
    part=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=12, deadline=None)
def test_books_balance_whatever_the_bond(mode, bought, sold, time, queue, limit, audit, part, seed):
    sets = MODES[mode] | {
        "bonding.mode": mode,
        "bonding.bought": bought,
        "bonding.unstaked_sold": sold,
        "bonding.time": time,
        "bonding.unbonding_time": queue,
        "bonding.limit": limit,
        "reliability.audit_probability": audit,
        "bonding.slash_to_treasury": part,
    }
    sets |= early("token_crash")
    assert_books_balance(simulate(sets, scenarios=("token_crash",), days=25, runs=2, seed=seed))


def test_nodes_that_bond_tokens_are_solved_side_by_side_as_each_alone():
    holding, tokens = np.linspace(900.0, 4000.0, 5), np.linspace(100.0, 8000.0, 5)
    swept = {"supply.holding_time": holding, "bonding.per_node": tokens}
    together = steady_states(dict(network("per_node")), MODEL, swept, 5)
    for i in range(5):
        sets = {"supply__holding_time": holding[i]}
        alone = steady_state(put(network("per_node", **sets), {"bonding.per_node": tokens[i]}))
        for name, value in alone.state.items():
            assert np.ravel(together[name])[i if np.ndim(together[name]) else 0] == value, name


@pytest.mark.slow
def test_a_given_stake_is_the_start_and_drifts_to_the_bond():
    values = resolve(today=STILL | {"stocks.staked": 5e6}).values
    found = start_state(values)
    assert found["staked"] == 5e6
    staked = next(one for one in drift(values).stocks if one.name == "staked")
    assert staked.rate <= 0.0
    assert max(staked.changes) < -0.1
    paths = tk.run(today=STILL | {"stocks.staked": 5e6}, days=300, runs=1, engine="ensemble")
    path = paths.trajectories.values
    days = path["staked"] * path["token_price"] / path["operator_income"]
    assert days[0, 0] > 100.0 and days[0, -1] == pytest.approx(30.0, rel=0.05)


def test_a_given_price_and_bond_go_together():
    found = start_state(resolve(today=STILL | {"stocks.token_price": 0.7}).values)
    worth = 0.7 * found["staked"]
    assert worth == pytest.approx(30.0 * found["operator_income"], rel=1e-9)


def test_what_all_others_leave_is_staked():
    given_stocks = {"treasury_tok": 8e6, "locked": 12e6, "circulating_supply": 60e6}
    today = {f"stocks.{name}": value for name, value in given_stocks.items()}
    assert start_state(resolve(today=today).values)["staked"] == 20e6


def test_a_share_above_the_limit_is_refused_where_it_is_read():
    sets = {"supply.staked_share": 0.3, "bonding.limit": 0.2}
    assert resolve("baseline", sets=sets)
    with pytest.raises(InputError, match="bonding.limit is below supply.staked_share"):
        resolve("baseline", sets=sets | {"bonding.mode": "yield"})


@pytest.mark.slow
def test_an_emission_cut_lowers_the_price_first_by_the_stake_and_then_by_demand_that_answers():
    def price(today, **sets):
        ran = tk.run(today=STILL | today, sets=sets, days=90, runs=1, engine="ensemble")
        return ran.trajectories.values["token_price"][0]

    def gain(**today):
        named = {name.replace("__", "."): value for name, value in today.items()}
        return price(named, **{"emission.factor": 0.75}) / price(named) - 1.0

    small, large = gain(), gain(bonding__days=360.0)
    kept = gain(bonding__days=360.0, bonding__unstaked_sold=0.0)
    assert large[20] < -0.05 < 0.0 < min(small[20], kept[20])
    # fewer nodes are dearer: whether fees and so the token rise by it is a matter of elasticity
    assert abs(small[90]) < 0.01
    assert gain(venues__own_elasticity=-0.75)[90] > 0.03


@pytest.mark.parametrize("mode", ["days_of_revenue", "per_node", "per_node_at_start"])
def test_a_bond_costs_its_capital(mode):
    # who joins weighs the revenue less what the money that is tied up would earn
    values = network(mode, bonding__capital_cost=0.3, bonding__days=400.0)
    found = start_state(values)
    cost = 0.3 / 365.0 * found["staked"] * found["token_price"]
    nodes = {name: found[f"nodes_{name}"] for name in values.fleet}
    net = found["unit_revenue"] - cost / installed_capacity(dict(values), nodes)
    for name, accelerator in values.fleet.items():
        assert nodes[name] == pytest.approx(float(willing_nodes(accelerator, net)), rel=1e-9)
    free = start_state(network(mode, bonding__capital_cost=0.0, bonding__days=400.0))
    assert free["inference_price"] < found["inference_price"]


def test_delegators_get_their_share_and_what_was_slashed():
    values = network("yield")
    paths = simulate(STILL | MODES["yield"] | {"bonding.mode": "yield"}, days=20, runs=1)
    one = {name: path[0, -1] for name, path in paths.items()}
    share = values.bonding.reward_share
    kept = 1.0 - values.treasury.fee_share - one["burn_share"]
    gross = kept * one["fees"] + one["emitted"] * one["token_price"]
    lost = one["slashed"] * one["token_price"]
    assert one["operator_income"] == pytest.approx((1.0 - share) * (gross - lost), rel=1e-6)
    # at rest they sell what they get beyond what replaces the slashed, and hold as much as before
    sold = one["order_delegators_tok"] * one["token_price"]
    assert sold == pytest.approx(share * (gross - lost), rel=1e-6)
    assert paths["holders_tok"][0, -1] == pytest.approx(paths["holders_tok"][0, 0], rel=1e-6)
    assert one["stake_flow"] == 0.0
