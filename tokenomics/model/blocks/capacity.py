"""Operators serve what they can: capacity, dispatch and latency.

Capacity = online nodes × tokens/s at the latency target ÷ overheads; what exceeds the admission
limit is turned away and counted. Fleet and queueing in `model/formulas/`. Units: Mtok/day, s.
"""

import numpy as np

from ..formulas.distribution import quantile
from ..formulas.fleet import installed_capacity
from ..formulas.latency import call_latency
from ..formulas.payment import payable
from ..formulas.rest import efficiency_at_rest
from ..formulas.wash_usage import faked_ratio
from ..variables import Variable, writes


def capacity_at_rest(params, rest):
    """What the installed nodes can serve [Mtok/day]."""
    return installed_capacity(
        params, {name: rest[f"nodes_{name}"] for name in params["fleet"]}
    ) * efficiency_at_rest(params, rest)


def latency_at_rest(params, rest):
    """Cumulants and tail of a request's latency at the target utilisation."""
    online = {name: rest[f"nodes_{name}"] * rest["availability"] for name in params["fleet"]}
    latency = call_latency(params, online, rest["utilisation"], rest["failure_share"])
    found = {
        "latency_mean": latency.mean,
        "latency_variance": latency.variance,
        "latency_third": latency.third,
    }
    return found | {"latency_p99": quantile(latency, 0.99)}


def target_utilisation(params, rest):
    """The utilisation at which the price stands still."""
    return params["pricing"].target_utilisation


@writes(
    Variable("online", "1", "share of nodes online after faults and outages", 1.0, 0.0),
    Variable(
        "capacity",
        "Mtok/day",
        "what the online nodes can serve at the latency target",
        None,
        0.0,
        start=capacity_at_rest,
    ),
    Variable(
        "utilisation",
        "1",
        "work brought to the network, faked work too, as a share of its capacity",
        1.0,
        0.0,
        start=target_utilisation,
    ),
    Variable("served", "Mtok/day", "customers' work served by the network", None, 0.0),
    Variable("unserved", "Mtok/day", "customers' work turned away by the network", "served", 0.0),
    Variable(
        "latency_mean",
        "s",
        "mean end-to-end latency of a request on the network",
        None,
        0.0,
        start=latency_at_rest,
    ),
    Variable(
        "latency_variance", "s^2", "variance of that latency", None, 0.0, start=latency_at_rest
    ),
    Variable("latency_third", "s^3", "third central moment of that latency", start=latency_at_rest),
    Variable(
        "latency_p99", "s", "99th percentile of that latency", None, 0.0, start=latency_at_rest
    ),
)
def policy_dispatch(params, substep, state_history, state):
    """Capacity, what is served of customers' work and turned away, utilisation, latency of one
    request. Faked work takes its part of capacity and is turned away alike. Work that nobody can
    pay for is turned away first.
    """
    cap, check = params["capacity"], params["access"].in_use
    nodes = {name: state[f"nodes_{name}"] for name in params["fleet"]}
    online = state["availability"] * (1.0 - state["outage_share"]) * (1.0 - state["region_outage"])
    usable = (
        online * check.uptime * check.throughput * state["privacy_throughput"] / state["rework"]
    )
    capacity = installed_capacity(params, nodes) * usable
    swollen = 1.0 + faked_ratio(params, state)
    asked = payable(params, state, state["demand"])
    brought = asked * swollen
    utilisation = brought / np.maximum(capacity, 1e-12)
    served = asked
    if cap.enabled:
        served = np.minimum(brought, cap.admission_limit * capacity) / swollen
    latency = call_latency(
        params, {name: n * online for name, n in nodes.items()}, utilisation, state["failure_share"]
    )
    return {
        "online": online,
        "capacity": capacity,
        "utilisation": utilisation,
        "served": served,
        "unserved": state["demand"] - served,
        "latency_mean": latency.mean,
        "latency_variance": latency.variance,
        "latency_third": latency.third,
        "latency_p99": quantile(latency, 0.99),
    }
