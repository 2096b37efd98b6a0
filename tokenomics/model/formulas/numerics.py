"""The few pieces of arithmetic that several mechanisms share; elementwise, alike on a float and on
a run axis.
"""

from __future__ import annotations

import numpy as np

from ...elementary import exp, expm1

SECONDS_PER_DAY = 86_400.0
DAYS_PER_YEAR = 365.0
LARGEST_COUNT = (
    12  # of events in one step; the tables' rates make more than that all but impossible
)
CLOCK_TOLERANCE = 1e-9  # days; a decision due now is not put off by rounding
MTOK_PER_DAY = SECONDS_PER_DAY / 1e6  # Mtok/day of one token/s


def relaxation(dt, time_constant):
    """Share of a gap that a first-order lag closes in a step, exact for any Δt.

    Parameters
    ----------
    dt : float or array
        The step [days].
    time_constant : float or array
        Of the lag [days]; at 0 there is no lag, and the share is 1.

    Returns
    -------
    float or array
        1 - exp(-dt / time_constant), between 0 and 1.

    Examples
    --------
    >>> round(float(tk.relaxation(1.0, 10.0)), 6)
    0.095163
    >>> float(tk.relaxation(1.0, 0.0))
    1.0
    """
    return -expm1(-dt / np.maximum(time_constant, 1e-12))


def overlap(time, dt, start, length):
    """Days of the step [time, time + dt] that fall into [start, start + length]."""
    return np.maximum(np.minimum(time + dt, start + length) - np.maximum(time, start), 0.0)


def window(time, dt, start, length):
    """Share of the step that an event of `length` days covers."""
    return overlap(time, dt, start, length) / dt


def impulse(time, dt, start, length):
    """Share of an event that arrives in this step when it is spread over `length` days (one step if
    shorter).
    """
    spread = np.maximum(length, dt)
    return overlap(time, dt, start, spread) / spread


def in_tokens(usd, price):
    """Tokens that an amount buys [TOK]. By the price's reciprocal, which all amounts of a step
    share: a division takes as long as ten products.
    """
    return usd * (1.0 / price)


def positive(x):
    """max(x, 0)."""
    return np.maximum(x, 0.0)


def poisson(rate, uniform):
    """Poisson count with mean `rate` by inversion of its distribution function; 0 for a uniform of
    0.
    """
    term = exp(-rate)
    cumulative, count = term, 0.0
    for k in range(1, LARGEST_COUNT + 1):
        count = count + (uniform > cumulative)
        term = term * rate / k
        cumulative = cumulative + term
    return count


def restlessness(slow, level):
    """What own news and chartists' noise are multiplied by at the log of a slow level: its square
    is 1 on average, so that the spread of the level adds no variance over many years.
    """
    return exp(level - slow.spread * slow.spread)


def news_variance(params):
    """Variance of the log price a day that news alone brings, the network's own and the market's,
    none where shocks are off [1/day] (Merton 1976).
    """
    news = params["news"]
    if not (params["shocks"].enabled and news.enabled):
        return 0.0
    jumps = news.jump_mean * news.jump_mean + news.jump_volatility * news.jump_volatility
    market = params["market_factor"]
    moved = market.beta * market.volatility
    return news.volatility * news.volatility + news.jump_rate * jumps + moved * moved


def oracle_delay(params):
    """Numbers 1, 2, ... of the steps by which the oracle's measurement is delayed: one state
    variable each, none without a delay.
    """
    oracle = params["oracle"]
    return (
        range(1, 1 + round(oracle.delay / params["simulation"].time_step))
        if oracle.enabled
        else range(0)
    )


def cost_due(params, state):
    """Operating cost of the treasury that is due [USD/day]."""
    return params["treasury"].cost_ratio * state["balancing_cost"]


def below_cap(params, state):
    """Tokens that a cap on total supply leaves to be minted [TOK/day]."""
    room = params["emission"].cap - state["total_supply"]
    return positive(room) / params["time_step"]


def treasury_share(params):
    """Share of fees that goes to the treasury."""
    return params["treasury"].fee_share if params["treasury"].enabled else 0.0


def delegators_share(params):
    """Share of nodes' income, less slashing, that goes to those who delegate to them."""
    bonding = params["bonding"]
    return bonding.reward_share if bonding.mode == "yield" else 0.0


def burned_share(params, state):
    """Share of fees that is burned: the burn share in force, none where emission and burns are
    switched off.
    """
    return state["burn_share"] if params["supply"].enabled else 0.0


def chartist_share(speculation, advantage):
    """Share of speculators who follow the trend where chartists earn `advantage` a day more than
    fundamentalists (logit, Brock and Hommes 1998).

    Half of them where neither earns more and fundamentalists' information costs nothing.
    """
    drive = speculation.intensity_of_choice * (advantage + speculation.information_cost)
    return 1.0 / (1.0 + exp(-np.clip(drive, -60.0, 60.0)))
