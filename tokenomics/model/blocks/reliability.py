"""Faults, regional outages, audits and slashing of nodes; whether cheating pays.

Availability MTBF/(MTBF+MTTR) by tier; work lost to a fault or faked is done again. The share of
faked work falls with the ratio of the expected penalty to the gain (logistic in its log). Outages
of regions are shot noise: they begin as a Poisson process and end with an exponential tail. Units:
days, shares.
"""

import numpy as np

from ...elementary import exp, expm1, log, power
from ..formulas.bonding import (
    bonded,
    bonds_by_node,
    nodes_for,
    stake_days_at_rest,
    stake_days_of,
)
from ..formulas.latency import service_time
from ..formulas.numerics import SECONDS_PER_DAY, poisson
from ..formulas.rest import kept_at_rest
from ..formulas.root import roots
from ..variables import Variable, writes


def caught_share(params):
    """Probability that a node which fakes a day's work is caught: by an audit, by the verification
    in use, or by another node with the same request.

    An audit counts unless it errs. The other nodes differ unless they fake too, of which there are
    at most `cheating_limit`.
    """
    rel, protection = params["reliability"], params["privacy"].in_use
    unseen = (1.0 - rel.audit_probability * (1.0 - rel.false_negative)) * (
        1.0 - protection.detection
    )
    return 1.0 - unseen * power(rel.cheating_limit, rel.replication - 1.0)


def deterrence(params, stake_per_node_usd, revenue_per_node):
    """Expected penalty of faking a day's work over the gain from it: cheating never pays where it
    is above 1 (Becker 1968).

    stake and a day's revenue of one node in USD.
    """
    rel = params["reliability"]
    penalty = stake_per_node_usd * rel.slash_fraction * caught_share(params)
    gain = rel.cheating_gain * revenue_per_node * (1.0 - params["privacy"].in_use.integrity)
    return np.maximum(penalty, 1e-300) / np.maximum(gain, 1e-300)


def faked_share(params, stake_per_node_usd, revenue_per_node):
    """Share of work that is faked; stake and a day's revenue of one node in USD."""
    rel = params["reliability"]
    ratio = np.clip(
        log(deterrence(params, stake_per_node_usd, revenue_per_node)) / rel.cheating_scale,
        -60.0,
        60.0,
    )
    return rel.cheating_limit / (1.0 + exp(ratio))


def online_share(tier):
    """Share of a tier's nodes that are up."""
    return tier.mtbf / (tier.mtbf + tier.mttr)


def reliability(params, cheating):
    """Availability, rework, failure share and slash rate for a share of faked work."""
    rel = params["reliability"]
    if not rel.enabled:
        still = 0.0 * cheating
        return {
            "availability": 1.0 + still,
            "rework": 1.0 + still,
            "failure_share": still,
            "slash_rate": still,
        }
    service, online, fault = service_time(params) / SECONDS_PER_DAY, 0.0, 0.0
    for tier in rel.tiers.values():
        online = online + tier.share * online_share(tier)
        fault = fault - tier.share * online_share(tier) * expm1(-service / tier.mtbf)
    failure = power(fault / online + cheating, rel.replication)
    condemned = (
        rel.audit_probability * rel.false_positive * (1.0 - cheating)
        + caught_share(params) * cheating
    )
    return {
        "availability": online + 0.0 * cheating,
        "rework": rel.replication / (1.0 - failure),
        "failure_share": failure,
        "slash_rate": condemned * rel.slash_fraction,
    }


def faked_at_rest(params, rest):
    """Share of work that is faked. Stake against a day's income does not depend on the size of the
    network, where both scale with its fees; where a node bonds so many tokens it does.
    """
    if not params["reliability"].enabled:
        return 0.0
    kept = kept_at_rest(params, rest)
    if not bonds_by_node(params):
        return faked_share(params, stake_days_at_rest(params, rest), kept)

    # nodes that are willing follow from what is left of their work, which follows from the bond
    known = {name: rest[name] for name in ("inference_price", "utilisation", "privacy_throughput")}
    points = np.size(known["inference_price"] + known["utilisation"])

    def excess(share, live):
        cheating = np.zeros(points)
        cheating[live] = share
        nodes = nodes_for(params, known | reliability(params, cheating))
        staked = faked_share(params, stake_days_of(params, nodes), kept)
        return (staked - cheating)[live]

    most = np.broadcast_to(params["reliability"].cheating_limit, points).astype(float)
    return roots(excess, np.zeros(points), most)


def toll_at_rest(params, rest):
    """Availability, rework, failures and slashing."""
    return reliability(params, rest["cheating_share"])


@writes(
    Variable("cheating_share", "1", "share of work that is faked", 1.0, 0.0, start=faked_at_rest),
    Variable(
        "availability", "1", "share of nodes online after faults", 1.0, 0.0, start=toll_at_rest
    ),
    Variable(
        "rework",
        "1",
        "work done per unit of work delivered (re-computation)",
        1.0,
        0.0,
        start=toll_at_rest,
    ),
    Variable(
        "failure_share",
        "1",
        "share of requests that fail or are faked",
        1.0,
        0.0,
        start=toll_at_rest,
    ),
    Variable(
        "slash_rate", "1/day", "share of all stake slashed a day", 1e-3, 0.0, start=toll_at_rest
    ),
)
def policy_reliability(params, substep, state_history, state):
    """What faults, audits and cheating do in this step."""
    nodes = np.maximum(state["nodes"], 1e-12)
    cheating = 0.0 * nodes
    if params["reliability"].enabled:
        cheating = faked_share(
            params,
            bonded(state) * state["token_price"] / nodes,
            state["operator_income"] / nodes,
        )
    return {"cheating_share": cheating, **reliability(params, cheating)}


@writes(
    Variable(
        "regions_down", "1", "share of regions that are down at the end of the step", 1.0, 0.0
    ),
    Variable(
        "region_outage",
        "1",
        "share of nodes offline in this step because their region is down",
        1.0,
        0.0,
    ),
)
def policy_regions(params, substep, state_history, state):
    """Regions that are down: their share at the end of the step, and its mean over the step.

    Outages begin at the start of a step, so that the mean share is rate × length for any Δt.
    """
    rel, dt = params["reliability"], params["time_step"]
    if not (rel.enabled and params["shocks"].enabled):
        return {
            "regions_down": 0.0 * state["regions_down"],
            "region_outage": 0.0 * state["regions_down"],
        }
    begun = poisson(
        rel.regions * rel.region_outage_rate * dt,
        params["shock_table"].at("region_uniform", state["step"]),
    )
    decay = dt / rel.region_outage_days
    down = state["regions_down"] + begun / rel.regions
    return {
        "regions_down": down * exp(-decay),
        "region_outage": np.minimum(down * -expm1(-decay) / decay, 1.0),
    }
