"""News, noise and scenario events of the step, read from the shock table and the scenario.

News is Merton's (1976) jump-diffusion, centred: ln V gains σ√Δt z + Σ jumps − λ μ Δt. Zero median
rather than a martingale correction, so that the log error which a controller sees is unbiased.
Units: log points, days.
"""

import numpy as np

from ..formulas.numerics import impulse, poisson, window
from ..variables import Variable, writes


@writes(
    Variable("news", "1", "news of this step: log change of the outside valuation", 1.0),
)
def policy_news(params, substep, state_history, state):
    """News of the step [log points]: recorded or sampled, plus the scenario's."""
    news, events, table, dt = (
        params["news"],
        params["events"],
        params["shock_table"],
        params["time_step"],
    )
    event = events.news_size * impulse(state["time"], dt, events.news_start, events.news_days)
    recorded = table.at("recorded_news", state["step"])
    if recorded is not None:
        return {"news": recorded + event}
    if not (news.enabled and params["shocks"].enabled):
        return {"news": event + 0.0 * state["news"]}
    count = poisson(news.jump_rate * dt, table.at("news_jump_uniform", state["step"]))
    jumps = count * news.jump_mean + np.sqrt(count) * news.jump_volatility * table.at(
        "news_jump_normal", state["step"]
    )
    diffusion = news.volatility * np.sqrt(dt) * table.at("news_normal", state["step"])
    return {"news": diffusion + jumps - news.jump_rate * dt * news.jump_mean + event}


@writes(
    Variable("demand_noise", "1", "standard normal that drives the log demand process", 1.0),
    Variable("speculation_noise", "1", "standard normal that drives chartists' noise orders", 1.0),
    Variable("oracle_noise", "1", "standard normal of the measurement error", 1.0),
)
def policy_noise(params, substep, state_history, state):
    """Standard normals of demand, speculation and measurement."""
    names = ("demand_noise", "speculation_noise", "oracle_noise")
    return {name: params["shock_table"].at(name, state["step"]) for name in names}


@writes(
    Variable("demand_event", "1", "log change of potential demand by the scenario", 1.0),
    Variable("outage_share", "1", "share of nodes offline by the scenario", 1.0),
    Variable("banned_share", "1", "share of nodes and potential nodes under a ban", 1.0),
    Variable("oracle_bias", "1", "log bias of the measured price by manipulation", 1.0),
    Variable("hardware_event", "1", "log change of reservation costs by the scenario", 1.0),
    Variable(
        "unlock_rate", "TOK/day", "locked tokens unlocked and sold by the scenario", "pool_tok", 0.0
    ),
)
def policy_events(params, substep, state_history, state):
    """What the scenario does in this step."""
    events, dt, time = params["events"], params["time_step"], state["time"]
    forever = np.inf
    whale = events.unlock_share * params["supply"].total_supply * params["supply"].locked_share
    return {
        "demand_event": events.demand_size
        * window(time, dt, events.demand_start, events.demand_days),
        "outage_share": events.outage_share
        * window(time, dt, events.outage_start, events.outage_days),
        "banned_share": events.ban_share * window(time, dt, events.ban_start, forever),
        "oracle_bias": events.oracle_size
        * window(time, dt, events.oracle_start, events.oracle_days),
        "hardware_event": events.hardware_size * window(time, dt, events.hardware_start, forever),
        "unlock_rate": whale * impulse(time, dt, events.unlock_start, events.unlock_days) / dt,
    }
