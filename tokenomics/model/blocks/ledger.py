"""The books: every token that moved in the step is booked once, at the settlement price, and the
books must balance.

Δtotal = minted − burned; total = circulating + staked + treasury + locked + vault of credits.
Utility value, decoupling and the two velocities follow from the books. Units: TOK, USD, TOK/day.
"""

import numpy as np

from ...elementary import log
from ...errors import InputError
from ...parameters.stocks import supplies
from ..formulas.bonding import bond_at_rest, rewarded, slash_to_treasury
from ..formulas.numerics import burned_share, in_tokens, relaxation
from ..formulas.payment import (
    burned_part,
    burns_fees,
    credits_at_rest,
    holding_time,
    in_credits,
    in_stablecoin,
    spent_usd,
    to_delegators,
    to_nodes,
    token_share,
    vault_share,
)
from ..formulas.rebase import rebased, rebases
from ..formulas.rest import earned_tokens_at_rest
from ..variables import Variable, writes

CIRCULATING = (
    "pool_tok",
    "customers_tok",
    "operators_tok",
    "speculators_tok",
    "attacker_tok",
    "holders_tok",
)
SPECULATIVE = ("speculators", "attacker")  # ledgers whose orders are no use of the network


def supply_at_rest(params, rest):
    """What is staked, held by the treasury and locked; the rest circulates, less what is in the
    vault of credits [TOK].
    """
    held = supplies(params["supply"], params["stocks"], bond_at_rest(params, rest))
    if not in_credits(params):
        return held | {"vault_tok": 0.0}
    if params["stocks"].circulating_supply is not None:
        raise InputError(
            "given, and credits have a vault, which does not circulate",
            key="stocks.circulating_supply",
            expected="none where customers pay with credits from the start on",
        )
    outside, price = held["circulating_supply"], params["stocks"].token_price
    if price is None:
        circulating = outside / (1.0 + vault_share(params))
    else:
        circulating = (
            outside - params["payment"].vault_ratio * credits_at_rest(params, rest) / price
        )
    return held | {"circulating_supply": circulating, "vault_tok": outside - circulating}


def circulation_at_rest(params, rest):
    """Who holds what circulates [TOK, USD]: stocks of some days for who uses tokens, shares for who
    trades.
    """
    supply, attack, price, pool = (
        params["supply"],
        params["attack"],
        rest["token_price"],
        rest["pool_tok"],
    )
    customers = supply.customer_days * token_share(params) * rest["throughput"] / price
    operators = params["operators"].inventory_days * earned_tokens_at_rest(params, rest)
    speculators = supply.speculator_share * rest["circulating_supply"]
    book = params["market"].book_depth
    attacker = attack.inventory * pool if attack.enabled else 0.0
    return {
        "customers_tok": customers,
        "operators_tok": operators,
        "speculators_tok": speculators,
        "attacker_tok": attacker,
        "attacker_usd": attack.capital * pool * price + attack.capital * book
        if attack.enabled
        else 0.0,
        "treasury_usd": params["treasury"].reserve * price * rest["circulating_supply"],
    }


def speculators_usd_at_rest(params, rest):
    """As much as their tokens are worth [USD]."""
    return rest["speculators_tok"] * rest["token_price"]


def holders_at_rest(params, rest):
    """What nobody else holds of what circulates [TOK]."""
    left = rest["circulating_supply"]
    for name in CIRCULATING[:-1]:
        left = left - rest[name]
    return left


def throughput_at_rest(params, rest):
    """Fees [USD/day]."""
    return rest["demand"] * rest["inference_price"]


def utility_at_rest(params, rest):
    """The value that pins the price: every flow balances at any other, too [USD/TOK]."""
    return rest["throughput"] * holding_time(params) / rest["circulating_supply"]


def _of_fees(params, state, price, spent, back):
    """Tokens that the burn share of fees burns, and that operators, the treasury and passive
    holders receive of fees [TOK/day]. spent: by customers. back: bought by the protocol.
    """
    if in_credits(params):
        received = spent + state["redeemed_tok"]
        burn = received * burned_part(params, state)
        return burn + back, received - burn, 0.0, 0.0
    if not in_stablecoin(params):
        burn = in_tokens(burned_share(params, state) * state["fees"], price)
        return burn + back, spent - burn, 0.0, 0.0
    kept = params["payment"].buyback_to == "kept"
    takers = (burns_fees(params), to_nodes(params), kept, to_delegators(params))
    return tuple(back if takes else 0.0 for takes in takers)


@writes(
    Variable(
        "minted", "TOK/day", "tokens minted: emission, controller and rebase", "pool_tok", 0.0
    ),
    Variable(
        "burned", "TOK/day", "tokens burned: fees, slashing, buy-back and rebase", "pool_tok", 0.0
    ),
    Variable(
        "customers_tok",
        "TOK",
        "tokens held by customers, part of circulating supply",
        "pool_tok",
        0.0,
        start=circulation_at_rest,
    ),
    Variable(
        "operators_tok",
        "TOK",
        "unsold tokens of operators, part of circulating supply",
        "pool_tok",
        0.0,
        start=circulation_at_rest,
    ),
    Variable(
        "speculators_tok",
        "TOK",
        "tokens held by speculators, part of circulating supply",
        "pool_tok",
        0.0,
        start=circulation_at_rest,
    ),
    Variable(
        "speculators_usd",
        "USD",
        "stablecoin with which speculators can buy",
        "pool_usd",
        0.0,
        start=speculators_usd_at_rest,
    ),
    Variable(
        "attacker_tok",
        "TOK",
        "tokens held by the attacker, part of circulating supply",
        "pool_tok",
        0.0,
        start=circulation_at_rest,
    ),
    Variable(
        "attacker_usd", "USD", "attacker's stablecoin", "pool_usd", 0.0, start=circulation_at_rest
    ),
    Variable(
        "holders_tok",
        "TOK",
        "tokens of passive holders and arbitrageurs, part of circulating supply",
        None,
        0.0,
        start=holders_at_rest,
    ),
    Variable(
        "staked",
        "TOK",
        "tokens bonded by operators and delegated to them, those on their way out among them",
        "pool_tok",
        0.0,
        start=supply_at_rest,
    ),
    Variable(
        "treasury_tok", "TOK", "tokens held by the treasury", "pool_tok", 0.0, start=supply_at_rest
    ),
    Variable(
        "vault_tok",
        "TOK",
        "tokens in the vault of credits, which do not circulate",
        "pool_tok",
        0.0,
        start=supply_at_rest,
    ),
    Variable("locked", "TOK", "tokens locked in vesting", "pool_tok", 0.0, start=supply_at_rest),
    Variable(
        "treasury_usd",
        "USD",
        "treasury's reserve in stablecoin",
        "pool_usd",
        0.0,
        start=circulation_at_rest,
    ),
    Variable("total_supply", "TOK", "all tokens that exist", None, 0.0, start=supply_at_rest),
)
def policy_settlement(params, substep, state_history, state):
    """Book the step on every ledger."""
    s, dt, price = state, params["time_step"], state["settlement_price"]

    def bought(ledger):
        return params["orders"].purchases(state, ledger)

    def sold(ledger):
        return params["orders"].sales(state, ledger)

    spent = in_tokens(spent_usd(params, s), price)
    back = in_tokens(bought("buyback"), price)
    fee_burn, to_operators, kept, to_holders = _of_fees(params, s, price, spent, back)
    buyback_usd = np.maximum(s["control_output"], 0.0)
    buyback = in_tokens(buyback_usd, price)
    minted = s["emitted"] + sold("mint") + s["minted_for_credits"]
    compensation = slash_to_treasury(params) * s["slashed"]
    burned = fee_burn + (s["slashed"] - compensation) + buyback
    grown = minted - burned
    if rebases(params):
        # balances are rebased before; what is booked here is that it was minted, or burned
        by = rebased(params, s)
        minted, burned = minted + np.maximum(by, 0.0), burned + np.maximum(-by, 0.0)
    released = s["vested"] + s["unlock_rate"]
    earned = to_operators + s["emitted"]
    rewards = rewarded(params, earned, s["slashed"])
    sold_usd = (sold("treasury") + sold("mint")) * price
    flows = {
        "customers_tok": in_tokens(bought("customers"), price) - sold("customers") - spent,
        "operators_tok": earned
        - rewards
        + in_tokens(bought("operators"), price)
        - s["stake_flow"]
        - s["bond_flow"]
        - sold("operators"),
        "speculators_tok": in_tokens(bought("speculators"), price) - sold("speculators"),
        "speculators_usd": sold("speculators") * price - bought("speculators"),
        "attacker_tok": in_tokens(bought("attacker"), price) - sold("attacker"),
        "attacker_usd": sold("attacker") * price - bought("attacker"),
        "holders_tok": released
        + rewards
        - sold("released")
        - sold("holders")
        + s["unbonded"]
        - s["delegated"]
        - s["liquidity_flow"]
        + to_holders,
        "staked": s["stake_flow"] + s["bond_flow"] + s["delegated"] - s["unbonded"] - s["slashed"],
        "treasury_tok": compensation - sold("treasury") - s["protocol_liquidity"] + kept,
        "vault_tok": in_tokens(bought("vault"), price) - s["vault_paid"],
        "locked": -released,
        "treasury_usd": s["treasury_income"]
        - s["cost_paid"]
        - buyback_usd
        + sold_usd
        - s["protocol_liquidity"] * s["token_price"],
        "total_supply": grown,
    }
    return {"minted": minted, "burned": burned} | {
        name: s[name] + flow * dt for name, flow in flows.items()
    }


@writes(
    Variable(
        "circulating_supply",
        "TOK",
        "tokens that are not staked, locked, in the treasury or in the vault of credits",
        None,
        0.0,
        start=supply_at_rest,
    ),
    Variable("conservation_error", "1", "total supply less the sum of its ledgers, relative", 1.0),
    Variable(
        "throughput",
        "USD/day",
        "smoothed fees: the fiat throughput of the utility value",
        None,
        0.0,
        start=throughput_at_rest,
    ),
    Variable(
        "utility_value",
        "USD/TOK",
        "fiat throughput x structural holding time / circulating supply",
        None,
        0.0,
        start=utility_at_rest,
    ),
    Variable("decoupling", "1", "ln(token price / utility value)", 1.0),
    Variable(
        "velocity_usage", "1/day", "tokens spent on inference over circulating supply", None, 0.0
    ),
    Variable(
        "velocity_speculative",
        "1/day",
        "tokens traded by speculators and arbitrage over circulating supply",
        1e-3,
        0.0,
    ),
)
def policy_accounts(params, substep, state_history, state):
    """Circulating supply, utility value, decoupling, velocities, and by how much the books fail to
    balance.
    """
    supply, dt, price = params["supply"], params["time_step"], state["token_price"]
    circulating = 0.0
    for name in CIRCULATING:
        circulating = circulating + state[name]
    booked = circulating + state["staked"] + state["treasury_tok"] + state["locked"]
    booked = booked + state["vault_tok"]
    throughput = state["throughput"] + (state["fees"] - state["throughput"]) * relaxation(
        dt, supply.throughput_memory
    )
    per_circulating = 1.0 / circulating
    utility = throughput * holding_time(params) * per_circulating
    orders = params["orders"]
    bought = in_tokens(orders.purchases(state, *SPECULATIVE), state["settlement_price"])
    speculative = bought + orders.sales(state, *SPECULATIVE)
    used = orders.purchases(state, "buyback") if in_stablecoin(params) else state["fees"]
    return {
        "circulating_supply": circulating,
        "conservation_error": (state["total_supply"] - booked) / state["total_supply"],
        "throughput": throughput,
        "utility_value": utility,
        "decoupling": log(price / utility),
        "velocity_usage": in_tokens(used, state["settlement_price"]) * per_circulating,
        "velocity_speculative": (speculative + np.abs(state["arbitrage_tok"])) * per_circulating,
    }
