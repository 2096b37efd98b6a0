"""News, noise and events of the step, read from the shock table and the scenarios.

News is Merton's (1976) jump-diffusion, centred: ln V gains σ√Δt z + Σ jumps − λ μ Δt. Zero median
rather than a martingale correction, so that the log error which a controller sees is unbiased.
Beside it stands the market that all tokens share: an index that moves by a normal change a step, of
which the token takes beta times. What the market does no network can change. How restless
the token is changes over years: the log of a slow level follows an Ornstein-Uhlenbeck process
(Taylor 1986, with days in place of hours), by which its own news and chartists' noise are
multiplied. Units: log points, days.
"""

import numpy as np

from ..formulas.numerics import impulse, poisson, relaxation, restlessness, window
from ..variables import Variable, writes


def _parts(params, state, kind, over):
    """Size of each event of a kind, and the share of it that is in this step. In the order of their
    names, so that sums do not depend on that of the scenarios.
    """
    dt, time = params["time_step"], state["time"]
    for _, event in sorted(params["events"].items()):
        if event.kind == kind:
            yield event.size, over(time, dt, event.start, event.days)


def _added(parts):
    """Log changes that come together."""
    total = 0.0
    for size, part in parts:
        total = total + size * part
    return total


def _combined(parts):
    """Share of what is taken by several at once: 1 - (1 - a) (1 - b) ..., exact for one."""
    total = 0.0
    for size, part in parts:
        total = total + size * part * (1.0 - total)
    return total


def _index_change(params, state):
    """Log change of the market's index in the step: recorded or sampled; none beside recorded news
    that hold the market's moves, too.
    """
    news, table = params["news"], params["shock_table"]
    recorded = table.at("recorded_index", state["step"])
    if recorded is not None:
        return recorded
    whole = table.at("recorded_news", state["step"]) is not None
    if whole or not (news.enabled and params["shocks"].enabled):
        return 0.0 * state["market_factor"]
    normal = table.at("factor_normal", state["step"])
    return params["market_factor"].volatility * np.sqrt(params["time_step"]) * normal


def _volatility_level(params, state):
    """Log of the slow level after the step. At rest it is not known: the first step draws it from
    its long-run distribution, so that no day of a run is calmer than another.
    """
    slow, level = params["slow_volatility"], state["volatility_level"]
    move = relaxation(params["time_step"], slow.memory)
    draw = slow.spread * params["shock_table"].at("volatility_normal", state["step"])
    after = level - level * move + np.sqrt(move * (2.0 - move)) * draw
    return np.where(level == 0.0, draw, after)


def _own_news(params, state, level):
    """The network's own news of the step: recorded or sampled. level: log of the slow level."""
    news, table, dt = params["news"], params["shock_table"], params["time_step"]
    recorded = table.at("recorded_news", state["step"])
    if recorded is not None:
        return recorded
    if not (news.enabled and params["shocks"].enabled):
        return 0.0 * state["news"]
    count = poisson(news.jump_rate * dt, table.at("news_jump_uniform", state["step"]))
    jumps = count * news.jump_mean + np.sqrt(count) * news.jump_volatility * table.at(
        "news_jump_normal", state["step"]
    )
    diffusion = news.volatility * np.sqrt(dt) * table.at("news_normal", state["step"])
    sampled = diffusion + jumps - news.jump_rate * dt * news.jump_mean
    return restlessness(params["slow_volatility"], level) * sampled


@writes(
    Variable(
        "news",
        "1",
        "news of this step, the network's own and the market's: log change of the outside "
        "valuation",
        1.0,
    ),
    Variable("market_factor", "1", "log change of the market's index in this step", 1.0),
    Variable("market_index", "1", "log of the market's index, of any start", 1.0, start=0.0),
    Variable(
        "volatility_level",
        "1",
        "log of the slow level by which own news and chartists' noise are multiplied",
        1.0,
        start=0.0,
    ),
)
def policy_news(params, substep, state_history, state):
    """News of the step: the network's own, events, and what the token takes of the market's move;
    that move, the index after it, and the slow level of volatility.
    """
    event = _added(_parts(params, state, "news", impulse))
    moved, level = _index_change(params, state), _volatility_level(params, state)
    return {
        "news": _own_news(params, state, level) + event + params["market_factor"].beta * moved,
        "market_factor": moved,
        "market_index": state["market_index"] + moved,
        "volatility_level": level,
    }


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
    Variable("demand_event", "1", "log change of potential demand by events", 1.0),
    Variable("outage_share", "1", "share of nodes offline by events", 1.0),
    Variable("banned_share", "1", "share of nodes and potential nodes under a ban", 1.0),
    Variable("oracle_bias", "1", "log bias of the measured price by manipulation", 1.0),
    Variable("hardware_event", "1", "log change of reservation costs by events", 1.0),
    Variable(
        "unlock_rate", "TOK/day", "locked tokens unlocked and sold by events", "pool_tok", 0.0
    ),
)
def policy_events(params, substep, state_history, state):
    """What events do in this step. Log changes of one kind add up, and so do unlocks, which are
    bounded by what is locked; of what one outage or ban leaves, the next takes its share.
    """
    supply, dt = params["supply"], params["time_step"]
    unlocked = 0.0
    for share, part in _parts(params, state, "unlock", impulse):
        unlocked = unlocked + share * supply.total_supply * supply.locked_share * part
    return {
        "demand_event": _added(_parts(params, state, "demand", window)),
        "outage_share": _combined(_parts(params, state, "outage", window)),
        "banned_share": _combined(_parts(params, state, "ban", window)),
        "oracle_bias": _added(_parts(params, state, "oracle", window)),
        "hardware_event": _added(_parts(params, state, "hardware", window)),
        "unlock_rate": unlocked / dt,
    }
