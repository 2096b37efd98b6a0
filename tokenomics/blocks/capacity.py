"""Operators serve what they can: capacity, dispatch and latency.

Capacity = online nodes × tokens/s at the latency target ÷ overheads; what exceeds the admission limit is turned away
and counted. Fleet and queueing in `capacity/`. Units: Mtok/day, s.
"""

import numpy as np

from ..capacity.fleet import installed_capacity
from ..capacity.latency import latency


def policy_dispatch(params, substep, state_history, state):
    """Capacity, what is served and turned away, utilisation, latency."""
    cap = params["capacity"]
    nodes = {name: state[f"nodes_{name}"] for name in params["fleet"]}
    online = state["availability"] * (1.0 - state["outage_share"])
    capacity = installed_capacity(params, nodes) * online * state["privacy_throughput"] / state["rework"]
    utilisation = state["demand"] / np.maximum(capacity, 1e-12)
    served = np.minimum(state["demand"], cap.admission_limit * capacity) if cap.enabled else state["demand"]
    mean, p99 = latency(params, state["nodes"] * online, utilisation, state["failure_share"], state["privacy_latency"])
    return {
        "capacity": capacity,
        "utilisation": utilisation,
        "served": served,
        "unserved": state["demand"] - served,
        "latency_mean": mean,
        "latency_p99": p99,
    }
