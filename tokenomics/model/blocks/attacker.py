"""An attacker who trades against the protocol: builds a position, pushes the price, holds it, and
trades himself out.

Each phase is off at length or size zero, so that one block gives the attacks on a controller:
manipulation of the oracle by trades (for one decision, or for weeks), a drain of the treasury by
selling to its buy-back, and, with the scenario's bias of the measured price, a drain through a
corrupt price feed. He knows the rule and the controller's order of the step, trades in the same
market as all others, never more than he has, and pays what the pool takes: his profit is what the
ledgers say. Units: USD, TOK, USD/day, TOK/day.

Source of the cost of holding a price against arbitrage: Mackinga, Nadahalli and Wattenhofer (2022),
TWAP oracle attacks.
"""

import numpy as np

from ...elementary import exp, log
from ..formulas.liquidity import anchored, closing, dealers, kind_of, order_to_reach
from ..formulas.numerics import CLOCK_TOLERANCE, impulse, in_tokens, positive
from ..variables import Variable, writes


def needed_price(params, state, goal):
    """Price after clearing from which arbitrage leaves the price at `goal` [USD/TOK].

    The market takes a share of the impact for news (permanent impact), so that less than all of it
    is traded back.
    """
    market, price = params["market"], log(state["token_price"])
    old, new = closing(market.arbitrage_speed, params["time_step"])
    outside, anchor = log(state["outside_value"]), anchored(params, state)
    kept = market.permanent_impact + (1.0 - market.permanent_impact) * new
    missing = log(goal) - anchor - (price - outside) * old + (anchor - outside) * new
    return exp(price + missing / np.maximum(kept, 1e-6))


@writes(
    Variable(
        "order_attacker_usd", "USD/day", "attacker's purchases", "pool_usd", 0.0, buys="attacker"
    ),
    Variable(
        "order_attacker_tok", "TOK/day", "attacker's sales", "pool_tok", 0.0, sells="attacker"
    ),
    Variable(
        "attack_anchor",
        "USD/TOK",
        "price before the attacker's push, from which it is measured",
        None,
        0.0,
        start="token_price",
    ),
    Variable(
        "attack_inventory",
        "TOK",
        "attacker's tokens at the start",
        "pool_tok",
        0.0,
        start="attacker_tok",
    ),
)
def policy_attacker(params, substep, state_history, state):
    """Orders of the attacker, and what he measures his push and his unwinding against."""
    attack, market, dt, time = (
        params["attack"],
        params["market"],
        params["time_step"],
        state["time"],
    )
    price, none = state["token_price"], 0.0 * state["token_price"]
    before = time + CLOCK_TOLERANCE < attack.start
    measured_against = {
        "attack_anchor": np.where(before, price, state["attack_anchor"]),
        "attack_inventory": state["attack_inventory"],
    }
    if not attack.enabled:
        return {"order_attacker_usd": none, "order_attacker_tok": none} | measured_against
    depth, end = state["reference_depth"], attack.start + attack.days
    built = impulse(time, dt, attack.start - np.maximum(attack.build_days, dt), attack.build_days)
    build = attack.position * built * depth
    buy, sell = positive(build), in_tokens(positive(-build), price)

    kind = kind_of(market)
    others_usd = positive(state["control_output"]) * dt
    others_tok = params["orders"].sales(state, "treasury", "mint") * dt
    target = needed_price(params, state, measured_against["attack_anchor"] * exp(attack.size))
    orders = (others_usd, others_tok, dealers(params, state))
    push_usd, push_tok = order_to_reach(
        kind, target, price, state["pool_tok"], state["pool_usd"], *orders, market.book_depth
    )
    still = np.logical_and(time + CLOCK_TOLERANCE < end, attack.size != 0.0)
    pushing = np.logical_and(np.logical_not(before), still)
    buy, sell = buy + np.where(pushing, push_usd, 0.0), sell + np.where(pushing, push_tok, 0.0)

    surplus = state["attacker_tok"] - state["attack_inventory"]
    leaving = np.where(
        time + CLOCK_TOLERANCE < end,
        0.0,
        surplus * dt / np.maximum(end + attack.unwind_days - time, dt),
    )
    buy, sell = buy + positive(-leaving) * price, sell + positive(leaving)
    return {
        "order_attacker_usd": np.minimum(buy, state["attacker_usd"]) / dt,
        "order_attacker_tok": np.minimum(sell, state["attacker_tok"]) / dt,
    } | measured_against


@writes(
    Variable(
        "attacker_profit",
        "USD",
        "attacker's profit so far, his tokens beyond the first at the market price",
        "pool_usd",
    ),
)
def policy_profit(params, substep, state_history, state):
    """Profit so far: cash less capital, and the tokens beyond the first inventory at the market
    price [USD].
    """
    cash = state["attacker_usd"] - params["attack"].capital * state["reference_depth"]
    profit = cash + (state["attacker_tok"] - state["attack_inventory"]) * state["token_price"]
    return {"attacker_profit": profit if params["attack"].enabled else 0.0 * profit}
