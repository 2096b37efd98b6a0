"""Speculators who learn the controller's rule and trade ahead of it (front-running).

They regress what the protocol buys on the error that it publishes, with exponential forgetting;
predict from today's price, which the oracle will only see later, what will be bought over their
horizon; and hold a position in proportion to the return that this flow will bring: 2 × flow/depth,
the market's impact to first order. Source: exponentially weighted least squares, Ljung, System
Identification (1999), section 11.2, with a prior as ridge; predatory trading ahead of a known flow:
Brunnermeier and Pedersen (2005). They trade out of the speculators' ledger; their own part of it,
which may be short, is counted from the start. Units: USD, TOK, USD/day, TOK/day.
"""

import numpy as np

from ...elementary import log
from ..formulas.liquidity import depth
from ..formulas.numerics import in_tokens, positive, relaxation
from ..variables import Variable, writes

PRIOR_WEIGHT = (
    1e-4  # the prior slope counts as much as one error of 1 % seen through the whole memory
)


def learned_slope(params, state):
    """What they think the protocol buys per unit of log error [1/day], in reference depths."""
    prior = params["front_running"].prior_slope
    return (state["rule_covariance"] + PRIOR_WEIGHT * prior) / (
        state["rule_variance"] + PRIOR_WEIGHT
    )


@writes(
    Variable(
        "order_front_usd",
        "USD/day",
        "purchases of those who run ahead of the controller",
        "pool_usd",
        0.0,
        buys="speculators",
    ),
    Variable(
        "order_front_tok",
        "TOK/day",
        "sales of those who run ahead of the controller",
        "pool_tok",
        0.0,
        sells="speculators",
    ),
)
def policy_front_runners(params, substep, state_history, state):
    """Their orders: buying in USD/day, selling in TOK/day, at most half of what speculators have of
    either a step.
    """
    front, dt, price = params["front_running"], params["time_step"], state["token_price"]
    if not front.enabled:
        return {"order_front_usd": 0.0 * price, "order_front_tok": 0.0 * price}
    unit, error = state["reference_depth"], log(state["reference_price"] / price)
    there = depth(params["market"], state["pool_usd"])
    expected = 2.0 * learned_slope(params, state) * error * front.horizon * unit / there
    order = (
        (front.size * expected * unit - state["front_tok"] * price)
        * relaxation(dt, front.reaction_time)
        / dt
    )
    return {
        "order_front_usd": np.minimum(positive(order), 0.5 * state["speculators_usd"] / dt),
        "order_front_tok": np.minimum(
            in_tokens(positive(-order), price), 0.5 * state["speculators_tok"] / dt
        ),
    }


@writes(
    Variable(
        "front_tok",
        "TOK",
        "their tokens since the start, part of the speculators', negative when short",
        "pool_tok",
    ),
    Variable(
        "front_usd", "USD", "their cash since the start, part of the speculators'", "pool_usd"
    ),
    Variable("front_profit", "USD", "their profit so far, tokens at the market price", "pool_usd"),
    Variable(
        "rule_covariance", "1/day", "what they saw of the rule: smoothed error x purchase", 1e-3
    ),
    Variable("rule_variance", "1", "what they saw of the rule: smoothed error squared", 1e-3, 0.0),
)
def policy_learning(params, substep, state_history, state):
    """Their tokens and cash since the start, profit at the market price, and what the step taught
    about the rule.
    """
    front, dt, settled = params["front_running"], params["time_step"], state["settlement_price"]
    learn = relaxation(dt, front.memory) if front.enabled else 0.0
    error, bought = state["control_error"], state["control_output"] / state["reference_depth"]
    covariance, variance = state["rule_covariance"], state["rule_variance"]
    tokens = (
        state["front_tok"] + (state["order_front_usd"] / settled - state["order_front_tok"]) * dt
    )
    cash = state["front_usd"] + (state["order_front_tok"] * settled - state["order_front_usd"]) * dt
    return {
        "front_tok": tokens,
        "front_usd": cash,
        "front_profit": cash + tokens * state["token_price"],
        "rule_covariance": covariance + (error * bought - covariance) * learn,
        "rule_variance": variance + (error * error - variance) * learn,
    }
