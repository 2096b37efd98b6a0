"""Fees, emission, vesting, staking: what the protocol mints, burns and locks (burn-and-mint).

Emission halves every half-life (schedule: Helium HIP-20) or stays at the rate that balances the
burns; fees burn a share of what customers spend (Render's burn-and-mint). Customers buy what they
spend. Units: TOK/day, USD/day.
"""

import numpy as np

from ...elementary import exp, expm1, log
from ..controllers import spending_at_rest
from ..formulas.numerics import in_tokens, positive, relaxation, treasury_share
from ..formulas.rest import slashed_at_rest
from ..variables import Variable, writes


@writes(
    Variable("fees", "USD/day", "what customers pay the network", None, 0.0),
    Variable(
        "order_customers_usd",
        "USD/day",
        "customers' purchases of tokens",
        None,
        0.0,
        buys="customers",
    ),
    Variable(
        "order_customers_tok",
        "TOK/day",
        "customers' sales of surplus tokens",
        "pool_tok",
        0.0,
        sells="customers",
    ),
)
def policy_fees(params, substep, state_history, state):
    """Fees [USD/day] and the customers' orders: they buy what they spend and keep some days of it
    in tokens.
    """
    supply, dt, price = params["supply"], params["time_step"], state["token_price"]
    fees = state["served"] * state["inference_price"]
    paid = (1.0 - treasury_share(params)) * fees
    gap = in_tokens(supply.customer_days * paid, price) - state["customers_tok"]
    refill = gap * relaxation(dt, supply.customer_time) / dt
    return {
        "fees": fees,
        "order_customers_usd": paid + positive(refill) * price,
        "order_customers_tok": positive(-refill),
    }


def emission_at_rest(params, rest):
    """Emission that balances the burns [TOK/day]."""
    supply = params["supply"]
    if not supply.enabled:
        return 0.0
    spending = spending_at_rest(params, rest["treasury_income"])
    return (supply.burn_share * rest["throughput"] + spending) / rest[
        "token_price"
    ] + slashed_at_rest(params, rest)


@writes(
    Variable("emitted", "TOK/day", "emission paid to operators", "pool_tok", 0.0),
    Variable(
        "emission_rate",
        "TOK/day",
        "scheduled emission to operators",
        "pool_tok",
        0.0,
        start=emission_at_rest,
    ),
)
def policy_emission(params, substep, state_history, state):
    """Emission paid to operators [TOK/day], exact over Δt for any Δt, and its rate afterwards."""
    supply, dt, rate = params["supply"], params["time_step"], state["emission_rate"]
    if not supply.enabled:
        return {"emitted": 0.0 * rate, "emission_rate": rate}
    paid, after = rate, rate
    if supply.emission_decay:
        decay = log(2.0) / supply.emission_half_life * dt
        paid, after = rate * -expm1(-decay) / decay, rate * exp(-decay)
    return {"emitted": paid * state["emission_multiplier"], "emission_rate": after}


@writes(
    "unlock_rate",
    Variable("vested", "TOK/day", "locked tokens that vest by schedule", "pool_tok", 0.0),
    Variable(
        "order_holders_tok",
        "TOK/day",
        "sales of vested and unlocked tokens",
        "pool_tok",
        0.0,
        sells="released",
    ),
)
def policy_vesting(params, substep, state_history, state):
    """Vested and unlocked tokens, and how many of them their holders sell at once [TOK/day]."""
    supply, dt = params["supply"], params["time_step"]
    unlocked = np.minimum(state["unlock_rate"], state["locked"] / dt)
    schedule = (
        supply.total_supply * supply.locked_share / supply.vesting_time if supply.vesting else 0.0
    )
    vested = np.minimum(schedule, state["locked"] / dt - unlocked)
    return {
        "unlock_rate": unlocked,
        "vested": vested,
        "order_holders_tok": unlocked + supply.vesting_sold * vested,
    }


@writes(
    Variable("slashed", "TOK/day", "stake slashed and burned", "pool_tok", 0.0),
    Variable(
        "stake_flow",
        "TOK/day",
        "tokens with which operators replace what was slashed",
        "pool_tok",
        0.0,
    ),
    Variable(
        "delegated",
        "TOK/day",
        "stake that passive holders delegate, negative when they get it back",
        "pool_tok",
    ),
    "order_holders_tok",
)
def policy_staking(params, substep, state_history, state):
    """Slashing, its replacement out of operators' holdings, and delegated stake that follows the
    nodes [TOK/day].

    Delegators are passive holders: what they get back returns to them, and a share of it is sold at
    once.
    """
    supply, dt = params["supply"], params["time_step"]
    speed = relaxation(dt, supply.staking_time) / dt
    target = np.minimum(
        state["stake_per_node"] * state["nodes"], supply.staked_limit * state["total_supply"]
    )
    wanted = (target - state["staked"]) * speed
    delegated = np.minimum(wanted, 0.5 * state["holders_tok"] / dt)
    # what is given back in this step cannot be slashed as well
    rate = np.minimum(state["slash_rate"], 1.0 / dt - speed) if supply.enabled else 0.0
    slashed = rate * state["staked"]
    return {
        "slashed": slashed,
        "stake_flow": np.minimum(slashed, 0.5 * state["operators_tok"] / dt),
        "delegated": delegated,
        "order_holders_tok": supply.unstaked_sold * positive(-delegated),
    }
