"""Credits with a vault: its worth over the credits outstanding in closed form, what a halt stops
and how it ends, and that every token is booked.
"""

import numpy as np
import pytest
from events import event
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bonding import MODES
from test_conservation import assert_books_balance
from test_wash_usage import FAKED, STILL

import tokenomics as tk
from paths import assert_same_bits, simulate
from tokenomics.engines import cadcad, ensemble
from tokenomics.engines.trace import record_step
from tokenomics.errors import InputError
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

CREDITS = {"payment.mode": "credits"}
PAR = CREDITS | {"payment.vault_ratio": 1.0, "payment.mint_spread": 0.0}
DAYS = resolve("baseline").values.supply.customer_days
CRASH = 3  # the day after which the price is another


def crashed(factor, **sets):
    """A network in which nothing happens but that the price falls to a share of itself."""
    more = {f"payment.{name}": value for name, value in sets.items()}
    fall = event("news", np.log(factor), start=CRASH)
    return simulate(STILL | PAR | fall | more, days=20, runs=1)


@pytest.mark.parametrize("bonding", MODES)
@pytest.mark.parametrize("ratio", [0.0, 1.0, 3.0])
def test_the_vault_at_rest_is_so_many_times_the_credits(bonding, ratio):
    sets = PAR | MODES[bonding] | {"bonding.mode": bonding, "payment.vault_ratio": ratio}
    values = resolve("baseline", sets=sets | {"shocks.enabled": False}).values
    found = steady_state(values)
    if ratio >= 1.0:  # or redemption is minted
        assert found.residual < 1e-11, found.worst
    state = found.state
    kept = 1.0 - values.treasury.fee_share
    assert state["credits"] == pytest.approx(DAYS * kept * state["fees"])
    worth = state["vault_tok"] * state["token_price"]
    assert worth == pytest.approx(ratio * state["credits"], rel=1e-9)
    assert state["token_price"] * state["circulating_supply"] == pytest.approx(
        values.supply.holding_time * state["fees"], rel=1e-9
    )
    assert abs(state["conservation_error"]) < 1e-12 and state["customers_tok"] == 0.0


@pytest.mark.slow
def test_a_given_price_leaves_room_for_the_vault_and_a_given_circulating_supply_does_not():
    found = tk.run(today=CREDITS | {"stocks.token_price": 0.5}, days=2, engine="ensemble")
    start = {name: path[0, 0] for name, path in found.trajectories.values.items()}
    assert start["vault_tok"] * 0.5 == pytest.approx(1.05 * start["credits"])
    assert abs(start["conservation_error"]) < 1e-12
    given = {"stocks.circulating_supply": 7.39e7}
    with pytest.raises(InputError, match="a vault, which does not circulate"):
        tk.run(today=CREDITS | given, days=2, engine="ensemble")
    tk.run(today=given, sets=CREDITS, days=2, engine="ensemble")


@pytest.mark.parametrize("step", [1.0, 0.5])
@pytest.mark.parametrize("spread", [0.0, 0.0025, 0.05])
def test_at_a_constant_price_the_ratio_grows_by_the_spread_alone(spread, step):
    sets = STILL | PAR | {"payment.mint_spread": spread, "simulation.time_step": step}
    found = simulate(sets, days=40, runs=1)
    time = step * np.arange(found["collateral_ratio"].shape[1])
    # of what is spent a day, one over `customer_days` of the credits, the spread stays
    expected = 1.0 + time * spread / (1.0 - spread) / DAYS
    np.testing.assert_allclose(found["collateral_ratio"][0, 1:], expected[1:], rtol=1e-9)
    assert found["halted"].max() == 0.0 == found["minted_for_credits"].max()


@pytest.mark.parametrize("factor", [0.95, 0.91, 1.3])
def test_a_price_that_falls_takes_the_ratio_along(factor):
    found = crashed(factor)
    np.testing.assert_allclose(found["collateral_ratio"][0, CRASH + 2 :], factor, rtol=1e-9)
    assert found["halted"].max() == 0.0
    assert found["warned"].max() == (factor < 0.95)


def test_a_halt_makes_the_ratio_worse_until_the_vault_is_empty_and_ends_with_the_credits():
    """The vault pays first, in full: of every dollar redeemed it loses a dollar, so that a ratio
    below one falls. (AEP-76 has it that redemption restores the ratio.)
    """
    factor = 0.8
    found = crashed(factor)
    first = CRASH + 2  # the first state whose ratio is of the new price
    gone = np.arange(round(DAYS)) / DAYS
    ratio = np.maximum(factor - gone, 0.0) / (1.0 - gone)
    np.testing.assert_allclose(
        found["collateral_ratio"][0, first : first + len(ratio)], ratio, atol=1e-9
    )
    halted = found["halted"][0]
    assert halted.sum() == DAYS and halted[first] == 1.0 and halted[-1] == 0.0
    # what was lost is minted, no more: the credits were worth a vault at the old price
    lost = (1.0 - factor) * found["credits"][0, 0]
    minted = (found["minted_for_credits"] * found["settlement_price"]).sum()
    assert minted == pytest.approx(lost, rel=1e-9)
    np.testing.assert_allclose(found["collateral_ratio"][0, first + len(ratio) :], 1.0, rtol=1e-9)


def test_without_a_halt_nothing_is_minted_however_far_the_price_falls():
    """What is deposited at the new price pays for what is redeemed."""
    found = crashed(0.3, halt_ratio=0.0)
    assert found["halted"].max() == 0.0 == found["minted_for_credits"].max()
    np.testing.assert_allclose(found["collateral_ratio"][0, -1], 0.3, rtol=1e-9)


@pytest.mark.parametrize("direct", [0.0, 0.25, 1.0])
def test_idle_credits_keep_a_halt_going_and_work_that_nobody_can_pay_for_is_not_served(direct):
    found = crashed(0.8, idle_share=0.1, direct_share=direct)
    assert found["halted"][0, -1] == 1.0 and found["vault_tok"][0, -1] == pytest.approx(0.0)
    assert found["credits"][0, -1] > 0.0 == found["credits_spent"][0, -1]
    served = found["served"][0, -1] / found["demand"][0, -1]
    assert served == pytest.approx(direct)
    fees = found["fees"][0, -1]
    kept = 1.0 - resolve("baseline").values.treasury.fee_share
    assert found["order_direct_usd"][0, -1] == pytest.approx(kept * fees)
    np.testing.assert_allclose(found["served"] + found["unserved"], found["demand"], rtol=1e-12)


@pytest.mark.parametrize("step", [1.0, 0.25])
def test_a_late_price_follows_a_step_by_its_age(step):
    sets = {"price_age": 2.0, "oracle_window": 1.0, "halt_ratio": 0.0}
    fall = event("news", np.log(0.5), start=CRASH)
    more = {f"payment.{name}": value for name, value in sets.items()}
    found = simulate(STILL | PAR | fall | more | {"simulation.time_step": step}, days=12, runs=1)
    late = np.log(found["credit_oracle"][0] / found["token_price"][0, 0])
    first = round(CRASH / step) + 1
    since = step * np.arange(1, len(late) - first)
    np.testing.assert_allclose(
        late[first + 1 :], np.log(0.5) * (1.0 - np.exp(-since / 2.5)), rtol=1e-9
    )


def test_customers_gain_by_a_price_that_is_late_and_operators_lose():
    """While the price falls credits are cheap, and an operator's due is too few tokens."""
    found = crashed(0.5, price_age=5.0, halt_ratio=0.0)
    day = CRASH + 3
    paid, spent = found["order_credits_usd"][0, day], found["credits_spent"][0, day]
    late = found["credit_oracle"][0, day] / found["token_price"][0, day - 1]
    assert late > 1.3
    target = DAYS * spent
    refill = (target - found["credits"][0, day - 1]) * -np.expm1(-1.0 / 7.0)
    assert paid == pytest.approx((spent + refill) / late, rel=1e-9)
    worth = found["operator_income"][0, day] / found["operator_income"][0, CRASH]
    assert worth < 0.9


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    bonding=st.sampled_from(sorted(MODES)),
    scenario=st.sampled_from(["token_crash", "bank_run", "wash_usage", "combined_stress"]),
    market=st.sampled_from(["pool", "linear"]),
    burn=st.sampled_from([0.0, 0.5, 0.9]),
    ratio=st.sampled_from([0.0, 1.0, 2.0]),
    age=st.sampled_from([0.0, 0.5, 5.0]),
    idle=st.sampled_from([0.0, 0.2]),
    step=st.sampled_from([1.0, 0.5]),
    seed=st.integers(0, 2**32),
)
def test_books_balance_on_random_networks_paid_with_credits(
    bonding, scenario, market, burn, ratio, age, idle, step, seed
):
    sets = CREDITS | MODES[bonding] | {"bonding.mode": bonding, "market.type": market}
    sets |= {"supply.burn_share": burn, "simulation.time_step": step}
    sets |= {"payment.vault_ratio": ratio, "payment.price_age": age, "payment.idle_share": idle}
    found = simulate(sets, policy="pid", scenarios=(scenario,), days=70, runs=2, seed=seed)
    assert_books_balance(found, dt=step)
    now = {name: path[:, 1:] for name, path in found.items()}
    paid = now["treasury_income"] + now["credits_spent"] + now["order_direct_usd"]
    np.testing.assert_allclose(paid, now["fees"], rtol=1e-9)
    assert found["credits"].min() >= 0.0
    np.testing.assert_allclose(
        now["vault_paid"] + now["minted_for_credits"], now["redeemed_tok"], rtol=1e-12
    )
    sold = now["order_credits_usd"] / now["settlement_price"] * now["credit_oracle"]
    spread = resolve("baseline").values.payment.mint_spread
    change = (sold * (1.0 - spread) - now["redeemed_tok"] * now["credit_oracle"]) * step
    np.testing.assert_allclose(
        np.diff(found["credits"], axis=1), change, atol=1e-9 * found["credits"].max()
    )
    assert np.all(now["order_credits_usd"] * found["halted"][:, :-1] == 0.0)


def test_customers_of_a_network_that_changes_to_credits_buy_their_stock():
    found = tk.run(sets=CREDITS | {"shocks.enabled": False}, days=60, engine="ensemble")
    path = {name: values[0] for name, values in found.trajectories.values.items()}
    assert path["credits"][0] == 0.0 == path["vault_tok"][0] and path["customers_tok"][0] > 0.0
    kept = 1.0 - resolve("baseline").values.treasury.fee_share
    assert path["credits"][-1] == pytest.approx(DAYS * kept * path["fees"][-1], rel=0.01)
    assert path["halted"].max() == 0.0
    assert path["collateral_ratio"][1:].min() > 0.95


def test_engines_agree_on_credits_through_a_halt():
    sets = CREDITS | FAKED | {"payment.idle_share": 0.1, "payment.price_age": 0.5}
    sets |= event("news", -0.6, start=4.0, days=1.0) | {"simulation.days": 14.0}
    values = resolve("baseline", policy="pid", sets=sets).values
    params = bind(values, sample(values, np.arange(3), 7))
    start = steady_state(values).state
    slow, fast = (
        engine.simulate(MODEL.bound(params), params, start, runs=np.arange(3), steps=14)
        for engine in (cadcad, ensemble)
    )
    assert slow.values["halted"].max() == 1.0 and slow.values["minted_for_credits"].max() > 0.0
    for name, series in slow.values.items():
        assert_same_bits(name, fast.values[name], series)


def test_who_fakes_usage_pays_with_credits_too():
    """All nodes are his: what operators are given is his income, their fiat cost apart."""
    sets = CREDITS | FAKED | {"wash_usage.own_nodes": 1.0, "payment.price_age": 1.0}
    hit = simulate(sets, policy="pid", days=40, runs=3)
    now = {name: path[:, 1:] for name, path in hit.items()}
    assert now["faked_fees"].max() > 0.0 == now["order_faker_usd"].max()
    kept = 1.0 - resolve("baseline").values.treasury.fee_share
    tokens = (1.0 - now["burn_share"] / kept) * now["redeemed_tok"]
    tokens = tokens + now["emitted"] - now["slashed"]
    direct = (1.0 - now["burn_share"] / kept) * now["order_direct_usd"]
    income = tokens * now["settlement_price"] + direct - now["operator_cost"]
    np.testing.assert_allclose(now["faker_income"], income, rtol=1e-9)


def test_metrics_of_credits_are_zero_where_nobody_pays_with_them():
    names = ["credits_halted", "credits_halted_days", "credits_minted"]
    none = tk.run(days=40, runs=4, engine="ensemble").metrics_per_run()
    assert (none[names] == 0.0).all(axis=None)
    fall = event("news", -1.2, start=4.0)
    hit = tk.run(today=CREDITS, sets=fall, days=40, runs=4, engine="ensemble")
    found = hit.metrics_per_run()
    assert (found[names[:2]] > 0.0).all(axis=None) and found["credits_minted"].max() > 0.0
    paths = hit.trajectories.values
    np.testing.assert_allclose(
        found["credits_halted_days"], paths["halted"][:, 1:].sum(axis=1), rtol=1e-12
    )


def test_who_bills_in_tokens_computes_no_credits():
    """Their variables are no operation of the compiled step, but numbers."""
    values = resolve("baseline", policy="pid").values
    params = bind(values, sample(values, np.zeros(1, dtype=int), 0))
    ends = dict(record_step(MODEL.bound(params), params).outputs)
    for name in ("order_credits_usd", "credits_spent", "redeemed_tok", "halted", "warned"):
        assert getattr(ends[name], "text", "") == (0.0).hex(), name


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("payment.halt_ratio=0.97",), "payment.halt_ratio: 0.97; expected at most"),
        (("payment.mint_spread=0.2",), "payment.mint_spread: 0.2; expected a number ≥ 0, ≤ 0.1"),
    ],
)
def test_what_no_vault_can_be_is_refused(sets, message):
    with pytest.raises(InputError, match=message):
        resolve("baseline", sets=sets)
