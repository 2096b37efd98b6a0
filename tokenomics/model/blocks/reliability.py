"""Faults, regional outages, audits and slashing of nodes; whether cheating pays.

Availability MTBF/(MTBF+MTTR) by tier, around which the share of a small fleet swings
(`formulas/fleet_luck.py`); work lost to a fault or faked is done again. The share of
faked work falls with the ratio of the expected penalty to the gain (logistic in its log). Outages
of regions are shot noise: they begin as a Poisson process and end with an exponential tail. Units:
days, shares.
"""

import numpy as np

from ...elementary import exp, expm1, log, power
from ..formulas.fleet_luck import down_share, memory, next_luck
from ..formulas.latency import service_time
from ..formulas.numerics import SECONDS_PER_DAY, poisson
from ..formulas.ordered import total
from ..formulas.rest import kept_at_rest
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


def online_at_rest(rel):
    """Share of nodes that are up on average."""
    return total(tier.share * online_share(tier) for tier in rel.tiers.values())


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
    service, online, fault = service_time(params) / SECONDS_PER_DAY, online_at_rest(rel), 0.0
    for tier in rel.tiers.values():
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
    network: both scale with its fees.
    """
    supply = params["supply"]
    if not params["reliability"].enabled:
        return 0.0
    stake_days = supply.holding_time * rest["staked"] / rest["circulating_supply"]
    return faked_share(params, stake_days, kept_at_rest(params, rest))


def toll_at_rest(params, rest):
    """Availability, rework, failures and slashing."""
    return reliability(params, rest["cheating_share"])


@writes(
    Variable("cheating_share", "1", "share of work that is faked", 1.0, 0.0, start=faked_at_rest),
    Variable(
        "availability", "1", "share of nodes online after faults", 1.0, 0.0, start=toll_at_rest
    ),
    Variable("fleet_luck", "1", "latent normal of the share of nodes that is down", 1.0),
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
    rel, nodes = params["reliability"], np.maximum(state["nodes"], 1e-12)
    cheating, luck = 0.0 * nodes, 0.0 * state["fleet_luck"]
    if rel.enabled:
        cheating = faked_share(
            params, state["staked"] * state["token_price"] / nodes, state["operator_income"] / nodes
        )
    found = {"cheating_share": cheating, **reliability(params, cheating)}
    if rel.enabled and params["shocks"].enabled:
        noise = params["shock_table"].at("fleet_noise", state["step"])
        luck = next_luck(state["fleet_luck"], noise, params["time_step"], memory(rel.tiers))
        found["availability"] = 1.0 - down_share(nodes, 1.0 - online_at_rest(rel), luck)
    return {"fleet_luck": luck, **found}


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
