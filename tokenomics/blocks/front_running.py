"""Speculators who learn the controller's rule and trade ahead of it (front-running).

They regress what the protocol buys on the error that it publishes, with exponential forgetting; predict from today's
price, which the oracle will only see later, what will be bought over their horizon; and hold a position in proportion
to the return that this flow will bring: 2 × flow/depth, the pool's impact to first order.
Source: exponentially weighted least squares, Ljung, System Identification (1999), section 11.2, with a prior as ridge;
predatory trading ahead of a known flow: Brunnermeier and Pedersen (2005). Units: reference depths, days.
"""

import numpy as np

from ..kinetics import relaxation

PRIOR_WEIGHT = 1e-4  # the prior slope counts as much as one error of 1 % seen through the whole memory


def learned_slope(params, state):
    """What they think the protocol buys per unit of log error [1/day], in reference depths."""
    prior = params["front_running"].prior_slope
    return (state["rule_covariance"] + PRIOR_WEIGHT * prior) / (state["rule_variance"] + PRIOR_WEIGHT)


def policy_front_runners(params, substep, state_history, state):
    """The position's change in this step, as an order [1/day], in reference depths; at most half of what speculators have."""
    front, dt, price = params["front_running"], params["time_step"], state["token_price"]
    if not front.enabled:
        return {"front_order": 0.0 * price}
    error = np.log(state["reference_price"] / price)
    expected = 2.0 * learned_slope(params, state) * error * front.horizon * state["reference_depth"] / state["pool_usd"]
    order = (front.size * expected - state["front_position"]) * relaxation(dt, front.reaction_time) / dt
    low = -0.5 * state["speculators_tok"] * price / (dt * state["reference_depth"])
    high = 0.5 * state["speculators_usd"] / (dt * state["reference_depth"])
    return {"front_order": np.clip(order, low, high)}


def policy_learning(params, substep, state_history, state):
    """The position after the trade, its profit to first order in the return, and what the step taught about the rule."""
    front, dt = params["front_running"], params["time_step"]
    learn = relaxation(dt, front.memory)
    error, bought = state["control_error"], state["control_output"] / state["reference_depth"]
    held, traded = state["front_position"], state["front_order"] * dt
    gain = held * state["log_return"] + traded * np.log(state["token_price"] / state["settlement_price"])
    covariance, variance = state["rule_covariance"], state["rule_variance"]
    if not front.enabled:
        learn = 0.0
    return {
        "front_position": held + traded,
        "front_profit": state["front_profit"] + gain * state["reference_depth"],
        "rule_covariance": covariance + (error * bought - covariance) * learn,
        "rule_variance": variance + (error * error - variance) * learn,
    }
