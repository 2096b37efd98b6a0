"""Venue choice: each workload class splits between the network, other sellers of the same model and
the cloud by a nested logit on effective prices.

McFadden's (1978) nested logit with inertia; the class's demand is elastic to its mean cost, the
logit's inclusive value. Units: USD/Mtok, Mtok/day.
"""

from ..formulas.choice import choice_at_rest, chosen, class_work, concentration
from ..formulas.numerics import relaxation
from ..variables import Variable, writes


@writes(
    Variable(
        "share_<workload>",
        "1",
        "share of <workload> work brought to the network",
        1.0,
        0.0,
        start=choice_at_rest,
    ),
    Variable(
        "sellers_<workload>",
        "1",
        "share of <workload> work brought to other sellers of the same model",
        1.0,
        0.0,
        start=choice_at_rest,
    ),
    Variable(
        "demand_<workload>",
        "Mtok/day",
        "<workload> work brought to the network",
        "demand",
        0.0,
        start=choice_at_rest,
    ),
    Variable(
        "demand",
        "Mtok/day",
        "work that customers bring to the network",
        None,
        0.0,
        start=choice_at_rest,
    ),
    Variable(
        "demand_concentration",
        "1",
        "Herfindahl index of that work by workload class",
        1.0,
        0.0,
        start=choice_at_rest,
    ),
    Variable(
        "sellers_demand",
        "Mtok/day",
        "work that customers bring to other sellers of the same model",
        None,
        0.0,
    ),
    Variable("cloud_demand", "Mtok/day", "work that customers bring to the cloud", None, 0.0),
    Variable("network_share", "1", "share of all work that is brought to the network", 1.0, 0.0),
)
def policy_venue_choice(params, substep, state_history, state):
    """Shares and demand of every class, and the totals of all venues."""
    venues, dt = params["venues"], params["time_step"]
    signals, on_network, on_sellers, on_cloud = {}, 0.0, 0.0, 0.0
    parts = []
    changing = relaxation(dt, venues.switching_time)
    for name in params["workloads"]:
        network, sellers, mean_cost = chosen(params, name, state)
        own, other = state[f"share_{name}"], state[f"sellers_{name}"]
        if venues.enabled:
            own = own + (network - own) * changing
            other = other + (sellers - other) * changing
        work = class_work(params, name, state["potential_demand"], mean_cost)
        signals[f"share_{name}"], signals[f"sellers_{name}"] = own, other
        signals[f"demand_{name}"] = work * own
        parts.append(work * own)
        on_network, on_sellers = on_network + work * own, on_sellers + work * other
        on_cloud = on_cloud + work * (1.0 - own - other)
    signals |= {
        "demand": on_network,
        "demand_concentration": concentration(parts, on_network),
        "sellers_demand": on_sellers,
        "cloud_demand": on_cloud,
        "network_share": on_network / (on_network + on_sellers + on_cloud),
    }
    return signals


@writes(
    Variable(
        "price_variance", "1/day", "customers' estimate of the variance of the log price", 1e-3, 0.0
    ),
)
def policy_price_risk(params, substep, state_history, state):
    """Customers' estimate of the variance of the log price a day, from past returns [1/day]."""
    dt = params["time_step"]
    weight = relaxation(dt, params["venues"].variance_memory)
    return {
        "price_variance": state["price_variance"] * (1.0 - weight)
        + weight * (state["log_return"] * state["log_return"]) / dt
    }
