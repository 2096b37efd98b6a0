"""Speculators: fundamentalists and chartists who switch by realised profit.

Logit switching after Brock and Hommes (1998); chartists' orders are noisy, so that the variance of
returns follows their share, after the structural stochastic volatility of Franke and Westerhoff
(2012). Orders are in depths a day. A depth is the USD of the market, the usual pool of others, of
which a part follows the pool and the book that there are: so a deeper market is moved less by the
same people.
A strategy's profit is what its position of the last days earns, from the fill on.
"""

import numpy as np

from ...elementary import log
from ..formulas.liquidity import depth, speculators_depth
from ..formulas.numerics import (
    chartist_share,
    in_tokens,
    positive,
    relaxation,
    restlessness,
)
from ..variables import Variable, writes


@writes(
    Variable("chartist_share", "1", "share of speculators who follow the trend", 1.0, 0.0),
    Variable(
        "traded_fundamentalist",
        "1/day",
        "order in this step if all were fundamentalists, in depths",
        1.0,
    ),
    Variable(
        "traded_chartist",
        "1/day",
        "order in this step if all were chartists, their noise apart, in depths",
        1.0,
    ),
    Variable(
        "order_speculators_usd",
        "USD/day",
        "speculators' purchases",
        "pool_usd",
        0.0,
        buys="speculators",
    ),
    Variable(
        "order_speculators_tok",
        "TOK/day",
        "speculators' sales",
        "pool_tok",
        0.0,
        sells="speculators",
    ),
)
def policy_speculators(params, substep, state_history, state):
    """Orders of both groups: buying in USD/day, selling in TOK/day, no more than they hold of
    either.
    """
    speculation, dt, price = params["speculation"], params["time_step"], state["token_price"]
    share = chartist_share(speculation, state["fitness_chartist"] - state["fitness_fundamentalist"])
    fundamentalist = speculation.fundamentalist * log(state["utility_value"] / price)
    chartist = speculation.chartist * state["trend"]
    # The noise differs between chartists and earns nothing on average: it moves the price, not
    # their fitness.
    level = restlessness(params["slow_volatility"], state["volatility_level"])
    noise = level * speculation.noise * state["speculation_noise"] / np.sqrt(dt)
    usual = params["market"].pool_share * state["circulating_supply"] * price
    there = depth(params["market"], state["pool_usd"])
    usd = speculators_depth(usual, there, speculation.follows_liquidity)
    order = ((1.0 - share) * fundamentalist + share * (chartist + noise)) * usd
    if not speculation.enabled:
        order = 0.0 * order
    sold = in_tokens(positive(-order), price)
    left = state["speculators_tok"] / dt - state["order_front_tok"]
    return {
        "chartist_share": share,
        "traded_fundamentalist": fundamentalist,
        "traded_chartist": chartist,
        # what those who run ahead of the controller take out of the ledger is gone
        "order_speculators_usd": np.minimum(
            positive(order), state["speculators_usd"] / dt - state["order_front_usd"]
        ),
        "order_speculators_tok": np.minimum(sold, left),
    }


@writes(
    Variable("trend", "1/day", "smoothed log return that chartists follow", 1.0),
    Variable(
        "fitness_fundamentalist",
        "1/day",
        "smoothed realised profit of fundamentalists per unit of depth",
        1e-3,
    ),
    Variable(
        "position_fundamentalist",
        "1",
        "fundamentalists' position of the last days, in depths",
        1.0,
    ),
    Variable(
        "fitness_chartist", "1/day", "smoothed realised profit of chartists per unit of depth", 1e-3
    ),
    Variable("position_chartist", "1", "chartists' position of the last days, in depths", 1.0),
)
def policy_profits(params, substep, state_history, state):
    """Trend and realised profits after the market has cleared: a position earns the step's return,
    and an order that from its fill to the close. A position is given up over the holding time.
    """
    speculation, dt, rate = (
        params["speculation"],
        params["time_step"],
        state["log_return"] / params["time_step"],
    )
    learn = relaxation(dt, speculation.profit_memory)
    left = relaxation(dt, speculation.holding_time)
    since = log(state["token_price"] / state["settlement_price"])
    signals = {
        "trend": state["trend"] + (rate - state["trend"]) * relaxation(dt, speculation.trend_memory)
    }
    for group in ("fundamentalist", "chartist"):
        fitness, position, traded = (
            state[f"{name}_{group}"] for name in ("fitness", "position", "traded")
        )
        earned = position * rate + traded * since
        signals[f"fitness_{group}"] = fitness + (earned - fitness) * learn
        signals[f"position_{group}"] = (
            position + (traded * speculation.holding_time - position) * left
        )
    return signals
