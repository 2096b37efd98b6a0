"""Potential demand: size × growth × weekly season × a mean-reverting log process, or a recorded
request rate.

The log process is an Ornstein–Uhlenbeck process in its exact discretisation. Units: Mtok/day.
"""

import numpy as np

from ...elementary import exp, sin
from ..formulas.numerics import DAYS_PER_YEAR, MTOK_PER_DAY
from ..variables import Variable, writes

WEEK = 7.0


def rate_at_rest(params, rest):
    """Requests of one service a second."""
    return params["demand"].request_rate


def potential_at_rest(params, rest):
    """Work of all services, at the rate and the lengths of the parameters [Mtok/day]."""
    demand = params["demand"]
    return (
        demand.services
        * rest["request_rate"]
        * (demand.prompt_tokens + demand.output_tokens)
        * MTOK_PER_DAY
    )


@writes(
    Variable(
        "request_rate",
        "req/s",
        "request rate of one service, recorded or the parameter's",
        None,
        0.0,
        start=rate_at_rest,
    ),
    Variable("demand_deviation", "1", "log process of potential demand", 1.0),
    Variable(
        "potential_demand",
        "Mtok/day",
        "what customers would ask of all venues at the prices of the start",
        None,
        0.0,
        start=potential_at_rest,
    ),
)
def policy_demand(params, substep, state_history, state):
    """Potential demand on all venues [Mtok/day]; a recorded rate replaces growth, season and log
    process.
    """
    demand, dt = params["demand"], params["time_step"]
    recorded = params["shock_table"].at("recorded_rate", state["step"])
    decay = exp(-demand.reversion * dt)
    spread = demand.volatility * np.sqrt((1.0 - decay * decay) / (2.0 * demand.reversion))
    deviation = state["demand_deviation"] * decay + spread * state["demand_noise"]
    trend = demand.growth_rate / DAYS_PER_YEAR * state["time"]
    season = demand.weekly_amplitude * sin(2.0 * np.pi * state["time"] / WEEK)
    log_size = trend + season + deviation
    rate = demand.request_rate + 0.0 * state["request_rate"]
    if recorded is not None:
        rate, log_size = recorded, 0.0
    elif not demand.enabled:
        log_size = 0.0
    tokens = demand.prompt_tokens + demand.output_tokens
    size = demand.services * rate * tokens * MTOK_PER_DAY
    return {
        "request_rate": rate,
        "demand_deviation": deviation,
        "potential_demand": size * exp(log_size + state["demand_event"]),
    }
