"""Faults, audits and slashing of nodes; whether cheating pays.

Availability MTBF/(MTBF+MTTR); work lost to a fault or faked is done again. The share of faked work falls with the
ratio of the expected penalty to the gain (logistic in its log). Units: days, shares.
"""

import numpy as np

from ..capacity.latency import service_time
from ..kinetics import SECONDS_PER_DAY


def faked_share(params, stake_per_node_usd, revenue_per_node):
    """Share of work that is faked; stake and a day's revenue of one node in USD."""
    rel = params["reliability"]
    penalty = stake_per_node_usd * rel.slash_fraction * rel.audit_probability * (1.0 - rel.false_negative)
    gain = rel.cheating_gain * revenue_per_node
    ratio = np.clip(np.log(np.maximum(penalty, 1e-300) / np.maximum(gain, 1e-300)) / rel.cheating_scale, -60.0, 60.0)
    return rel.cheating_limit / (1.0 + np.exp(ratio))


def reliability(params, cheating):
    """Availability, rework, failure share and slash rate for a share of faked work."""
    rel = params["reliability"]
    if not rel.enabled:
        still = 0.0 * cheating
        return {"availability": 1.0 + still, "rework": 1.0 + still, "failure_share": still, "slash_rate": still}
    fault = -np.expm1(-service_time(params) / (rel.mtbf * SECONDS_PER_DAY))
    failure = fault + cheating
    condemned = rel.audit_probability * (rel.false_positive * (1.0 - cheating) + (1.0 - rel.false_negative) * cheating)
    return {
        "availability": rel.mtbf / (rel.mtbf + rel.mttr) + 0.0 * cheating,
        "rework": 1.0 / (1.0 - failure),
        "failure_share": failure,
        "slash_rate": condemned * rel.slash_fraction,
    }


def policy_reliability(params, substep, state_history, state):
    """What faults, audits and cheating do in this step."""
    nodes = np.maximum(state["nodes"], 1e-12)
    cheating = 0.0 * nodes
    if params["reliability"].enabled:
        cheating = faked_share(params, state["staked"] * state["token_price"] / nodes, state["operator_income"] / nodes)
    return {"cheating_share": cheating, **reliability(params, cheating)}
