"""Speculators: fundamentalists and chartists who switch by realised profit.

Logit switching after Brock and Hommes (1998); chartists' orders are noisy, so that the variance of returns follows
their share, after the structural stochastic volatility of Franke and Westerhoff (2012). Orders are in pool depths
(the pool's USD) a day, so that their impact does not depend on the size of the market.
"""

import numpy as np

from ..formulas.numerics import chartist_share, positive, relaxation


def policy_speculators(params, substep, state_history, state):
    """Orders of both groups: buying in USD/day, selling in TOK/day, no more than they hold of either."""
    speculation, dt, price = params["speculation"], params["time_step"], state["token_price"]
    share = chartist_share(speculation, state["fitness_chartist"] - state["fitness_fundamentalist"])
    fundamentalist = speculation.fundamentalist * np.log(state["utility_value"] / price)
    chartist = speculation.chartist * state["trend"]
    # The noise differs between chartists and earns nothing on average: it moves the price, not their fitness.
    noise = speculation.noise * state["speculation_noise"] / np.sqrt(dt)
    order = ((1.0 - share) * fundamentalist + share * (chartist + noise)) * state["pool_usd"]
    if not speculation.enabled:
        order = 0.0 * order
    return {
        "chartist_share": share,
        "traded_fundamentalist": fundamentalist,
        "traded_chartist": chartist,
        # what those who run ahead of the controller take out of the ledger is gone
        "order_speculators_usd": np.minimum(positive(order), state["speculators_usd"] / dt - state["order_front_usd"]),
        "order_speculators_tok": np.minimum(positive(-order) / price, state["speculators_tok"] / dt - state["order_front_tok"]),
    }


def policy_profits(params, substep, state_history, state):
    """Trend and realised profits after the market has cleared: what was ordered a step ago earns this step's return."""
    speculation, dt, rate = params["speculation"], params["time_step"], state["log_return"] / params["time_step"]
    learn = relaxation(dt, speculation.profit_memory)
    signals = {"trend": state["trend"] + (rate - state["trend"]) * relaxation(dt, speculation.trend_memory)}
    for group in ("fundamentalist", "chartist"):
        fitness = state[f"fitness_{group}"]
        signals[f"fitness_{group}"] = fitness + (state[f"position_{group}"] * rate - fitness) * learn
        signals[f"position_{group}"] = state[f"traded_{group}"]
    return signals
