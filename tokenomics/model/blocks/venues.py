"""Venue choice: each workload class splits between the network and the cloud by a logit on
generalised cost.

McFadden's (1974) binary logit with inertia; the class's demand is elastic to its mean generalised
cost. Units: USD/Mtok, Mtok/day, s.
"""

import numpy as np

from ...elementary import exp, power
from ..formulas.distribution import Cumulants, quantile
from ..formulas.latency import cloud_latency
from ..formulas.numerics import relaxation
from ..formulas.outages import cloud_up, network_up
from ..variables import Variable, writes

LOGIT_LIMIT = 60.0  # beyond it a share is 0 or 1 in double precision


def latency_penalty(workload, call):
    """Cost of a task's latency beyond the tolerance, in the mean and in the tail [USD/Mtok]. call:
    `Cumulants` of one request.
    """
    task = call.repeated(workload.calls)
    excess = np.maximum(task.mean - workload.latency_tolerance, 0.0)
    tail = np.maximum(quantile(task, 0.99) - workload.latency_tolerance, 0.0)
    return workload.latency_cost / workload.latency_tolerance * (excess + tail)


def generalised_costs(params, workload, state):
    """Generalised cost of the network and of the cloud for one class [USD/Mtok].

    state: needs inference_price, price_variance, latency_mean, latency_variance, latency_third,
    failure_share, privacy_protection.
    """
    venues, cloud, bills = params["venues"], params["cloud"], params["bills"]
    price = state["inference_price"]
    failed = 1.0 - (1.0 - state["failure_share"]) * network_up(params["outages"], params["access"])
    failed_there = 1.0 - cloud_up(params["outages"], cloud)
    call = Cumulants(state["latency_mean"], state["latency_variance"], state["latency_third"])
    risk = (
        venues.risk_aversion
        * bills.token_share
        * np.sqrt(state["price_variance"] * bills.quote_lag)
    )
    network = (
        price * (1.0 + risk + workload.failure_cost * failed)
        + latency_penalty(workload, call)
        + workload.privacy_need * (1.0 - state["privacy_protection"])
        + workload.recourse_value
    )
    central = cloud.price * (1.0 + workload.failure_cost * failed_there) + latency_penalty(
        workload, cloud_latency(params)
    )
    return network, central


def preferred_share(params, network, central):
    """Share of a class that prefers the network."""
    per_scale = 1.0 / params["venues"].choice_scale
    odds = np.clip((network - central) * per_scale, -LOGIT_LIMIT, LOGIT_LIMIT)
    return 1.0 / (1.0 + exp(odds))


def class_work(params, workload, potential, share, network, central):
    """Work of a class on both venues [Mtok/day]: its part of potential demand, elastic to the mean
    cost.
    """
    mean_cost = share * network + (1.0 - share) * central
    relative = mean_cost * (1.0 / params["cloud"].price)
    change = power(relative, -workload.price_elasticity)
    return potential * workload.share * change


def choice_at_rest(params, rest):
    """Share and work of every class that has settled on its venues, and the network's work
    [Mtok/day].
    """
    found, total = {}, 0.0
    for name, workload in params["workloads"].items():
        network, central = generalised_costs(params, workload, rest)
        share = preferred_share(params, network, central)
        work = (
            class_work(params, workload, rest["potential_demand"], share, network, central) * share
        )
        found[f"share_{name}"], found[f"demand_{name}"] = share, work
        total = total + work
    return found | {"demand": total}


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
    Variable("cloud_demand", "Mtok/day", "work that customers bring to the cloud", None, 0.0),
    Variable("network_share", "1", "share of all work that is brought to the network", 1.0, 0.0),
)
def policy_venue_choice(params, substep, state_history, state):
    """Shares and demand of every class, and the totals of both venues."""
    venues, dt = params["venues"], params["time_step"]
    signals, on_cloud, on_network = {}, 0.0, 0.0
    for name, workload in params["workloads"].items():
        network, central = generalised_costs(params, workload, state)
        share = state[f"share_{name}"]
        if venues.enabled:
            share = share + (preferred_share(params, network, central) - share) * relaxation(
                dt, venues.switching_time
            )
        work = class_work(params, workload, state["potential_demand"], share, network, central)
        signals[f"share_{name}"], signals[f"demand_{name}"] = share, work * share
        on_cloud, on_network = on_cloud + work * (1.0 - share), on_network + work * share
    signals |= {
        "demand": on_network,
        "cloud_demand": on_cloud,
        "network_share": on_network / (on_network + on_cloud),
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
