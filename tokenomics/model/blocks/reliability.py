"""Faults, regional outages, audits and slashing of nodes; whether cheating pays.

Availability MTBF/(MTBF+MTTR) by tier, around which the share of a small fleet swings
(`formulas/fleet_luck.py`); work lost to a fault, or found out as bad, is done again. What is faked
or done by a smaller model, and what of it is found out, is in `formulas/cheating.py`; what all of
it takes is in `formulas/toll.py`. Outages of
regions are shot noise: they begin as a Poisson process and end with an exponential tail. Units:
days, shares.
"""

import numpy as np

from ...elementary import exp, expm1
from ..formulas.bonding import bonded
from ..formulas.cheating import cheating
from ..formulas.fleet_luck import down_share, memory, next_luck
from ..formulas.numerics import poisson
from ..formulas.rest import kept_at_rest
from ..formulas.toll import online_at_rest, stake_days_at_rest, toll
from ..variables import Variable, writes


def cheating_at_rest(params, rest):
    """Shares of work that are faked and swapped. Stake against a day's income does not depend on
    the size of the network, where both scale with its fees; where a node bonds so many tokens it
    does.
    """
    if not params["reliability"].enabled:
        return {"cheating_share": 0.0, "swapped_share": 0.0}
    return cheating(params, rest.of(stake_days_at_rest), kept_at_rest(params, rest))


def toll_at_rest(params, rest):
    """Availability, rework, failures, bad answers and slashing."""
    return toll(params, rest["cheating_share"], rest["swapped_share"])


@writes(
    Variable(
        "cheating_share", "1", "share of work that is faked", 1.0, 0.0, start=cheating_at_rest
    ),
    Variable(
        "swapped_share",
        "1",
        "share of work that is done by a smaller model",
        1.0,
        0.0,
        start=cheating_at_rest,
    ),
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
        "share of attempts that fail or are found out as bad work, and are made again",
        1.0,
        0.0,
        start=toll_at_rest,
    ),
    Variable(
        "bad_share",
        "1",
        "share of answers that are made up or a smaller model's, which nobody finds out",
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
    shares = {"cheating_share": 0.0 * nodes, "swapped_share": 0.0 * nodes}
    if rel.enabled:
        shares = cheating(
            params,
            bonded(state) * state["token_price"] / nodes,
            state["operator_income"] / nodes,
        )
    luck = 0.0 * state["fleet_luck"]
    found = shares | toll(params, *shares.values())
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
