"""What faults, audits and cheating take: nodes that are up, work that is done again, answers that
are bad, stake that is slashed; and how much of a bond a network at rest has, on which cheating
depends. Units: shares, days.
"""

import numpy as np

from ...elementary import expm1
from .bonding import bonds_by_node, nodes_for, set_stake_days, stake_days_of
from .cheating import caught_share, cheating, outcomes, swap_caught_share
from .latency import service_time
from .numerics import SECONDS_PER_DAY
from .ordered import total
from .rest import kept_at_rest
from .root import roots

MOST_SHARE = 1.0 - 1e-12  # d/(1 + d) of days of a bond, beyond which nobody cheats


def online_share(tier):
    """Share of a tier's nodes that are up."""
    return tier.mtbf / (tier.mtbf + tier.mttr)


def online_at_rest(rel):
    """Share of nodes that are up on average."""
    return total(tier.share * online_share(tier) for tier in rel.tiers.values())


def toll(params, faked, swapped):
    """Availability, rework, failures, bad answers and slashing for shares of work that are faked
    and swapped. What a protection makes impossible to fake is neither bad nor slashed.
    """
    rel, open_to_it = params["reliability"], 1.0 - params["privacy"].in_use.integrity
    if not rel.enabled:
        still = 0.0 * faked
        return {
            "availability": 1.0 + still,
            "rework": 1.0 + still,
            "failure_share": still,
            "bad_share": still,
            "slash_rate": still,
        }
    service, online, fault = service_time(params) / SECONDS_PER_DAY, online_at_rest(rel), 0.0
    for tier in rel.tiers.values():
        fault = fault - tier.share * online_share(tier) * expm1(-service / tier.mtbf)
    faked, swapped = faked * open_to_it, swapped * open_to_it
    found = outcomes(params, fault / online, faked, swapped)
    condemned = (
        rel.audit_probability * rel.false_positive * (1.0 - faked - swapped)
        + caught_share(params) * faked
        + swap_caught_share(params) * swapped
    )
    return found | {
        "availability": online + 0.0 * faked,
        "rework": rel.replication / (1.0 - found["failure_share"]),
        "slash_rate": condemned * rel.slash_fraction,
    }


def stake_days_at_rest(params, rest):
    """What is staked, in days of the network's fees. Where a node bonds so many tokens, the nodes
    that are willing follow from what their work leaves them and the bond costs them, which follows
    from what is staked.
    """
    if not bonds_by_node(params):
        return set_stake_days(params, rest)
    kept = kept_at_rest(params, rest)
    known = {name: rest[name] for name in ("inference_price", "utilisation", "privacy_throughput")}
    points = np.size(known["inference_price"] + known["utilisation"])

    def excess(share, live):
        days = np.zeros(points)
        days[live] = share / (1.0 - share)
        cheats = {"cheating_share": 0.0 * days, "swapped_share": 0.0 * days}
        if params["reliability"].enabled:
            cheats = cheating(params, days, kept)
        found = stake_days_of(
            params, nodes_for(params, known | toll(params, *cheats.values()), days)
        )
        found = np.broadcast_to(found, points)[live]
        return found / (1.0 + found) - share

    share = roots(excess, np.zeros(points), np.full(points, MOST_SHARE))
    return share / (1.0 - share)
