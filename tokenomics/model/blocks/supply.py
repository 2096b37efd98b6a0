"""Fees, emission and vesting: what the protocol mints and burns, and what vests (burn-and-mint).

Emission is a number, that which balanced the burns at the start or one that is set, and never
follows the burns but in the mode that mints them again (Helium's net emissions); or the control law
mints it. It may halve
(Helium HIP-20) and end at a cap on total supply. Fees burn a share of what customers spend
(Render's burn-and-mint), or spend it on a buy-back where customers pay in stablecoin; see
`formulas/payment.py`. Units: TOK/day, USD/day.
"""

import numpy as np

from ...elementary import exp, expm1, log
from ..controllers.command import EMISSION
from ..formulas.numerics import (
    CLOCK_TOLERANCE,
    below_cap,
    in_tokens,
    positive,
    relaxation,
)
from ..formulas.payment import bought_back, token_share
from ..variables import Variable, writes


@writes(
    Variable("fees", "USD/day", "what the network is paid for work", None, 0.0),
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
    Variable(
        "order_buyback_usd",
        "USD/day",
        "what the protocol spends on tokens in the market out of fees in stablecoin",
        "pool_usd",
        0.0,
        buys="buyback",
    ),
)
def policy_fees(params, substep, state_history, state):
    """Fees [USD/day] and the customers' orders: who pays in tokens buys what he spends and keeps
    some days of it; who pays in stablecoin needs none and sells what he has. Of fees in stablecoin
    the burn share is spent on a buy-back.
    """
    supply, dt, price = params["supply"], params["time_step"], state["token_price"]
    fees = state["served"] * state["inference_price"]
    paid = token_share(params) * fees
    gap = in_tokens(supply.customer_days * paid, price) - state["customers_tok"]
    refill = gap * relaxation(dt, supply.customer_time) / dt
    return {
        "fees": fees,
        "order_customers_usd": paid + positive(refill) * price,
        "order_customers_tok": positive(-refill),
        "order_buyback_usd": bought_back(params, state, fees),
    }


def number(emission, state):
    """What the mode emits before factor and schedule [TOK/day]."""
    if emission.mode == "rate":
        return emission.rate
    if emission.mode == "law":
        return state[f"control_{EMISSION}"]
    return state["emission_rate" if emission.mode == "balance_at_start" else "burned"]


def scheduled(emission, share, time, dt):
    """Mean of the schedule's share over the step from `time` [days] on, exact for any Δt, and the
    share after it. share: that of the emission which is left before it.
    """
    if emission.schedule == "smooth":
        decay = log(2.0) / emission.half_life * dt
        return share * -expm1(-decay) / decay, share * exp(-decay)
    if emission.schedule == "stepwise":
        period = emission.half_life
        # whole multiples of the period, the start not being one of them; at most one in a step
        passed = np.floor(positive(time + CLOCK_TOLERANCE) / period)
        beyond = positive(time + dt - (passed + 1.0) * period)
        halved = np.where(time + dt >= (passed + 1.0) * period - CLOCK_TOLERANCE, 0.5, 1.0)
        return share * (1.0 - 0.5 * beyond / dt), share * halved
    return share, share


@writes(
    Variable("emitted", "TOK/day", "emission paid to operators", "pool_tok", 0.0),
    Variable(
        "emission_share",
        "1",
        "share of emission that its schedule has left",
        1.0,
        0.0,
        start=1.0,
    ),
)
def policy_emission(params, substep, state_history, state):
    """Emission paid to operators [TOK/day], and what its schedule leaves of it afterwards."""
    emission, dt, share = params["emission"], params["time_step"], state["emission_share"]
    if not params["supply"].enabled:
        return {"emitted": 0.0 * share, "emission_share": share}
    paid, after = scheduled(emission, share, state["time"], dt)
    wanted = number(emission, state) * emission.factor * paid * state["emission_multiplier"]
    emitted = np.maximum(wanted, emission.floor)
    if emission.capped:
        # the controller has minted before
        room = positive(below_cap(params, state) - state["order_mint_tok"])
        emitted = np.minimum(emitted, room)
    return {"emitted": emitted, "emission_share": after}


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
