"""How customers pay: in stablecoin, with a buy-back, the network rests where it does with tokens;
every USD and every token is booked; nobody who pays in stablecoin carries the token's risk.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bonding import MODES
from test_conservation import assert_books_balance

import tokenomics as tk
from paths import assert_same_bits, simulate
from tokenomics.engines import cadcad, ensemble
from tokenomics.engines.trace import record_step
from tokenomics.errors import InputError
from tokenomics.model.drift import drift
from tokenomics.model.formulas.payment import operators_share
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

CALM = {"shocks.enabled": False, "venues.risk_aversion": 0.0}
STABLE = {"payment.mode": "stablecoin"}
TO = ("burned", "kept", "stakers")
BONDS = ("days_of_revenue", "yield")


def rest(**sets):
    return steady_state(
        resolve("baseline", sets=CALM | {k.replace("__", "."): v for k, v in sets.items()}).values
    )


@pytest.mark.parametrize("bonding", MODES)
def test_what_is_bought_back_and_burned_rests_where_burned_fees_do(bonding):
    sets = MODES[bonding] | {"bonding.mode": bonding}
    tokens, stable = (
        steady_state(resolve("baseline", sets=CALM | sets | {"payment.mode": mode}).values)
        for mode in ("tokens", "stablecoin")
    )
    assert stable.residual < 1e-11, stable.worst
    for name in ("token_price", "operator_income", "nodes", "emitted", "staked", "inference_price"):
        assert stable.state[name] == pytest.approx(tokens.state[name], rel=1e-9), name
    assert stable.state["customers_tok"] == 0.0 < tokens.state["customers_tok"]
    assert stable.state["order_customers_usd"] == 0.0
    # half of fees reach operators in USD: what they sell is the other half's emission
    sold = stable.state["order_operators_tok"] + stable.state["order_delegators_tok"]
    assert sold == pytest.approx(stable.state["emitted"] - stable.state["slashed"], rel=1e-9)


@pytest.mark.parametrize("bonding", ["days_of_revenue", "per_node", "per_node_at_start"])
def test_nodes_who_are_given_what_is_bought_back_rest_without_emission(bonding):
    sets = MODES[bonding] | {"bonding.mode": bonding, "payment.buyback_to": "stakers"}
    found = steady_state(resolve("baseline", sets=CALM | STABLE | sets).values)
    assert found.residual < 1e-11, found.worst
    slashed = found.state["slashed"]
    assert found.state["emitted"] == pytest.approx(slashed)
    kept = 1.0 - resolve("baseline").values.treasury.fee_share
    assert found.state["operator_income"] == pytest.approx(kept * found.state["fees"])


def test_what_is_kept_is_no_income_and_is_not_minted_again():
    found = rest(payment__mode="stablecoin", payment__buyback_to="kept").state
    values = resolve("baseline").values
    kept = 1.0 - values.treasury.fee_share - values.supply.burn_share
    assert found["operator_income"] == pytest.approx(kept * found["fees"])
    assert found["emitted"] == pytest.approx(found["slashed"])


@given(weight=st.floats(0.05, 1.0), days=st.floats(1.0, 300.0))
@settings(max_examples=15, deadline=None)
def test_the_weight_is_the_share_of_fees_that_holders_value(weight, days):
    sets = STABLE | {"payment.stablecoin_weight": weight, "bonding.days": days}
    values = resolve("baseline", sets=CALM | sets | {"bonding.limit": 1.0}).values
    found = steady_state(values)
    assert found.residual < 1e-11, found.worst
    state = found.state
    worth = state["token_price"] * state["circulating_supply"]
    assert worth == pytest.approx(weight * values.supply.holding_time * state["fees"])
    bond = state["staked"] * state["token_price"]
    assert bond == pytest.approx(days * state["operator_income"], rel=1e-9)


def test_who_pays_in_stablecoin_carries_no_price_risk():
    def work(mode, exposed):
        # the customers of a network that bills in tokens, half of them exposed, once it has changed
        sets = {"payment.mode": mode, "payment.exposed_share": exposed}
        today = resolve("baseline").values
        return steady_state(resolve("baseline", sets=sets).values, today=today).state["demand"]

    assert work("stablecoin", 0.0) == work("stablecoin", 1.0)
    assert work("stablecoin", 1.0) == pytest.approx(work("tokens", 0.0), rel=1e-9)
    assert work("tokens", 0.5) < 0.999 * work("tokens", 0.0)


@pytest.mark.slow_after(4)
@pytest.mark.parametrize("to", TO)
@pytest.mark.parametrize("bonding", ["days_of_revenue", "yield"])
@pytest.mark.parametrize("policy", ["none", "pid_two_sided"])
def test_every_usd_of_fees_and_every_token_is_booked(to, bonding, policy):
    sets = STABLE | MODES[bonding] | {"bonding.mode": bonding, "payment.buyback_to": to}
    found = simulate(
        sets | {"supply.burn_share": 0.4}, policy=policy, scenarios=("token_crash",), days=90
    )
    assert_books_balance(found)
    now = {name: path[:, 1:] for name, path in found.items()}
    before = {name: path[:, :-1] for name, path in found.items()}
    tokens = now["emitted"] - now["slashed"]
    # holders who delegate get their share of it
    share = resolve("baseline").values.bonding.reward_share if bonding == "yield" else 0.0
    in_usd = now["operator_income"] / (1.0 - share) - tokens * before["token_price"]
    if to == "stakers" and bonding != "yield":
        in_usd = in_usd - now["order_buyback_usd"]
    paid = now["treasury_income"] + now["order_buyback_usd"] + in_usd
    np.testing.assert_allclose(paid, now["fees"], rtol=1e-9)
    assert now["order_customers_usd"].max() == 0.0 and now["order_buyback_usd"].min() > 0.0

    bought = now["order_buyback_usd"] / now["settlement_price"]
    buyback = np.maximum(now["control_output"], 0.0) / now["settlement_price"]
    burned = now["slashed"] + buyback + (bought if to == "burned" else 0.0)
    np.testing.assert_allclose(now["burned"], burned, rtol=1e-9)
    kept = np.diff(found["treasury_tok"], axis=1) + now["order_treasury_tok"]
    np.testing.assert_allclose(
        kept + now["protocol_liquidity"], bought if to == "kept" else 0.0, atol=1e-6
    )


@settings(max_examples=8, deadline=None)
@given(
    to=st.sampled_from(TO),
    bonding=st.sampled_from(sorted(MODES)),
    market=st.sampled_from(["pool", "linear"]),
    burn=st.floats(0.0, 0.8),
    factor=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    scenario=st.sampled_from(["bank_run", "wash_usage", "whale_unlock"]),
    seed=st.integers(0, 2**32),
)
def test_books_balance_on_random_networks_paid_in_stablecoin(
    to, bonding, market, burn, factor, scenario, seed
):
    sets = STABLE | MODES[bonding] | {"bonding.mode": bonding, "payment.buyback_to": to}
    sets |= {"market.type": market, "supply.burn_share": burn, "emission.factor": factor}
    assert_books_balance(
        simulate(sets, policy="pid", scenarios=(scenario,), days=70, runs=2, seed=seed)
    )


def test_kept_tokens_are_as_good_as_burned_ones_for_the_market():
    """As long as the treasury does not sell them: of supply alone there is more."""
    burned, kept = (
        tk.run(sets=STABLE | {"payment.buyback_to": to}, days=60, runs=2, engine="ensemble")
        for to in ("burned", "kept")
    )
    one, other = burned.trajectories.values, kept.trajectories.values
    for name in ("token_price", "operator_income", "served", "circulating_supply"):
        assert_same_bits(name, one[name], other[name])
    more = other["treasury_tok"] - one["treasury_tok"]
    assert more[:, -1].min() > 0.0
    np.testing.assert_allclose(other["total_supply"] - one["total_supply"], more, atol=1e-5)


@pytest.mark.parametrize("step", [1.0, 0.5])
def test_customers_sell_the_tokens_that_they_need_no_more(step):
    sets = STABLE | {"shocks.enabled": False, "simulation.time_step": step}
    found = tk.run("baseline", sets=sets, days=20, engine="ensemble").trajectories.values
    stock = found["customers_tok"][0]
    time = step * np.arange(len(stock))
    start = steady_state(resolve("baseline").values).state["customers_tok"]
    assert stock[0] == pytest.approx(start, rel=0.01)
    customer_time = resolve("baseline").values.supply.customer_time
    np.testing.assert_allclose(stock, stock[0] * np.exp(-time / customer_time), rtol=1e-9)


def test_tokens_that_nobody_needs_any_more_press_on_the_price_for_a_while():
    """With no fee burned or bought back only what customers and operators held is between the two:
    they sell it, and the price comes back to its value.
    """
    sets = {"shocks.enabled": False, "supply.burn_share": 0.0, "speculation.enabled": False}
    still = tk.run(today=sets, days=400, engine="ensemble").trajectories.values
    moved = tk.run(today=sets, sets=STABLE, days=400, engine="ensemble").trajectories.values
    price = moved["token_price"][0] / still["token_price"][0] - 1.0
    lowest = price.argmin()
    assert price[lowest] < -0.01 and lowest < 60
    assert np.all(np.diff(price[lowest:]) > 0.0) and price[-1] > 0.5 * price[lowest]
    # operators, paid in USD, have no more tokens of fees to sell
    assert moved["order_operators_tok"][0, -1] < 0.05 * still["order_operators_tok"][0, -1]


def test_operators_with_usd_to_spare_keep_the_tokens_that_they_do_not_want_to_sell():
    """Their fees in USD cover the cost; of emission they sell what `rent_sold` says."""
    sets = STABLE | CALM | {"operators.rent_sold": 0.25}
    values = resolve("baseline", sets=sets).values
    state = steady_state(values).state
    params = bind(values, None)
    usd = operators_share(params, state) * state["fees"]
    assert usd < state["operator_cost"]  # the baseline's do not: half of its fees are burned
    rich = sets | {"supply.burn_share": 0.1}
    values = resolve("baseline", sets=rich).values
    state = steady_state(values).state
    params = bind(values, None)
    assert operators_share(params, state) * state["fees"] > state["operator_cost"]
    sold = state["order_operators_tok"] / (state["emitted"] - state["stake_flow"])
    assert sold == pytest.approx(0.25, rel=1e-6)


def test_operators_without_tokens_can_still_buy_their_bond():
    sets = STABLE | {"shocks.enabled": False, "supply.burn_share": 0.0, "emission.factor": 0.0}
    more = sets | {"bonding.days": 60.0}
    paths = tk.run(today=sets, sets={"bonding.days": 60.0}, days=120, engine="ensemble")
    found = paths.trajectories.values
    assert resolve("baseline", sets=more).values.bonding.days == 60.0
    days = found["staked"] * found["token_price"] / found["operator_income"]
    assert days[0, 0] == pytest.approx(30.0, rel=1e-3)
    assert days[0, -1] == pytest.approx(60.0, rel=0.03)


@pytest.mark.parametrize("to", ["burned", "stakers"])
def test_who_fakes_usage_pays_in_stablecoin_too(to):
    """All nodes are his: what operators are given is his income, their fiat cost apart."""
    sets = STABLE | {
        "payment.buyback_to": to,
        "wash_usage.own_nodes": 1.0,
        "wash_usage.start": 5.0,
        "wash_usage.days": 30.0,
    }
    hit = simulate(sets, policy="pid", scenarios=("wash_usage",), days=60, runs=3)
    assert_books_balance(hit)
    assert hit["faked_fees"].max() > 0.0 == hit["order_faker_usd"].max()
    now = {name: path[:, 1:] for name, path in hit.items()}
    share = now["burn_share"]
    np.testing.assert_allclose(now["order_buyback_usd"], share * now["fees"], rtol=1e-9)
    given = now["order_buyback_usd"] if to == "stakers" else 0.0
    kept = 1.0 - resolve("baseline").values.treasury.fee_share - share
    income = (
        kept * now["fees"]
        + given
        + (now["emitted"] - now["slashed"]) * now["settlement_price"]
        - now["operator_cost"]
    )
    np.testing.assert_allclose(now["faker_income"][:, 10:20], income[:, 10:20], rtol=1e-9)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("bonding", ["days_of_revenue", "yield"])
@pytest.mark.parametrize("to", TO)
def test_what_circulates_changes_by_the_parts_that_are_told(to, bonding):
    sets = STABLE | MODES[bonding] | {"bonding.mode": bonding, "payment.buyback_to": to}
    values = resolve("baseline", sets=sets | {"shocks.enabled": False}).values
    found = drift(values)
    stock = next(one for one in found.stocks if one.name == "circulating_supply")
    told = sum(found.circulation.values()) * stock.start / 365.0
    assert told == pytest.approx(stock.rate, abs=1e-9 * stock.start)


@pytest.mark.parametrize(
    ("bonding", "to"),
    [("days_of_revenue", "burned"), ("yield", "kept"), *((one, "stakers") for one in BONDS)],
)
def test_engines_agree_on_payment_in_stablecoin(to, bonding):
    sets = STABLE | MODES[bonding] | {"bonding.mode": bonding, "payment.buyback_to": to}
    sets |= {"payment.stablecoin_weight": 0.7, "simulation.days": 12.0}
    values = resolve("baseline", policy="pid", scenarios=("wash_usage",), sets=sets).values
    params = bind(values, sample(values, np.arange(3), 7))
    start = steady_state(values).state
    slow, fast = (
        engine.simulate(MODEL.bound(params), params, start, runs=np.arange(3), steps=12)
        for engine in (cadcad, ensemble)
    )
    for name, series in slow.values.items():
        assert_same_bits(name, fast.values[name], series)


def test_who_bills_in_tokens_does_not_compute_a_buyback():
    """Its order is no operation of the compiled step, but a number: nothing."""
    values = resolve("baseline", policy="pid").values
    params = bind(values, sample(values, np.zeros(1, dtype=int), 0))
    ends = dict(record_step(MODEL.bound(params), params).outputs)
    assert getattr(ends["order_buyback_usd"], "text", "") == (0.0).hex()


@pytest.mark.parametrize("overlay", ["stablecoin_buyback", "credits"])
def test_the_shipped_ways_of_paying_balance_their_books(overlay):
    found = simulate(overlays=(overlay,), policy="pid", days=60, runs=2)
    assert_books_balance(found)
    assert found["order_customers_usd"].max() == 0.0
    assert (found["vault_tok"].max() > 0.0) == (overlay == "credits")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("payment.mode=cash", "expected one of tokens, stablecoin, credits"),
        ("payment.buyback_to=me", "expected one of burned, kept, stakers"),
        ("payment.stablecoin_weight=0", "expected a number > 0, ≤ 1"),
    ],
)
def test_what_is_no_way_of_paying_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        resolve("baseline", sets=(text,))
