"""Two ways to cheat on customers: what each gains and risks, how much work is done so, and what
comes of it.

A node *fakes*: it answers anything, at no cost. Or it *swaps*: it serves a smaller model and saves
a part of the cost. Answers of two honest nodes differ too where tokens are sampled, so that a
replica tells a made-up answer, not a smaller model's; an audit of swaps is a statistical test of
many answers (Gao, Liang, Guestrin 2025, arXiv 2410.20247). What nobody finds is no failure: the
customer uses it. Units: shares, USD.
"""

import numpy as np

from ...elementary import exp, log, power
from .ordered import total

NOTHING = 1e-150  # stake and revenue of nothing, where one is divided by the other
STEEPEST = 60.0  # logarithm of the odds beyond which a share is 0 or 1 in double precision


def _unseen(params, false_negative):
    """Probability that neither audit nor verification finds a day's bad work."""
    rel, protection = params["reliability"], params["privacy"].in_use
    return (1.0 - rel.audit_probability * (1.0 - false_negative)) * (1.0 - protection.detection)


def caught_share(params):
    """Probability that a node which fakes a day's work is caught: by an audit, by the verification
    in use, or by another node with the same request.

    An audit counts unless it errs. The other nodes differ unless they fake too, of which there are
    at most `cheating_limit`.
    """
    rel = params["reliability"]
    return 1.0 - _unseen(params, rel.false_negative) * power(
        rel.cheating_limit, rel.replication - 1.0
    )


def swap_caught_share(params):
    """Probability that a node which serves a smaller model for a day is caught."""
    return 1.0 - _unseen(params, params["reliability"].swap_false_negative)


def _at_a_days_revenue(params):
    """Deterrences of faking and swapping where what is staked is a day's revenue."""
    rel, open_to_it = params["reliability"], 1.0 - params["privacy"].in_use.integrity
    return tuple(
        np.maximum(rel.slash_fraction * caught, NOTHING) / np.maximum(gain * open_to_it, NOTHING)
        for caught, gain in (
            (caught_share(params), rel.cheating_gain),
            (swap_caught_share(params), rel.swapping_gain),
        )
    )


def _days(stake_per_node_usd, revenue_per_node):
    """Stake in days of revenue."""
    return np.maximum(stake_per_node_usd, NOTHING) / np.maximum(revenue_per_node, NOTHING)


def deterrences(params, stake_per_node_usd, revenue_per_node):
    """Expected penalty of a day of faking and of swapping over the gain from it (Becker 1968). A
    node at the margin spends its revenue, so that what a smaller model saves is a share of it too.

    stake and a day's revenue of one node in USD.
    """
    days = _days(stake_per_node_usd, revenue_per_node)
    return tuple(days * each for each in _at_a_days_revenue(params))


def deterrence(params, stake_per_node_usd, revenue_per_node):
    """The lesser of the two: cheating never pays where it is above 1."""
    return np.minimum(*deterrences(params, stake_per_node_usd, revenue_per_node))


def cheating(params, stake_per_node_usd, revenue_per_node):
    """Shares of work that are faked and swapped, which compete: a logit in the logarithms of
    penalty over gain, in all at most `cheating_limit`. stake and a day's revenue of one node in
    USD.
    """
    rel = params["reliability"]
    days = log(_days(stake_per_node_usd, revenue_per_node))
    pulls = [
        exp(-np.clip((days + log(each)) * (1.0 / rel.cheating_scale), -STEEPEST, STEEPEST))
        for each in _at_a_days_revenue(params)
    ]
    each = rel.cheating_limit / (1.0 + total(pulls))
    return {"cheating_share": pulls[0] * each, "swapped_share": pulls[1] * each}


def outcomes(params, fault, faked, swapped):
    """Share of requests that fail and are done again, and share answered with bad work.

    fault, faked, swapped: chance of each at one node. The first answer that is not known to be bad
    counts; a made-up one is known to be where another answer is there. A swapped answer that is
    found out is as good as none.
    """
    rel = params["reliability"]
    unseen, swap_unseen = (
        _unseen(params, miss) for miss in (rel.false_negative, rel.swap_false_negative)
    )
    nothing = fault + swapped * (1.0 - swap_unseen)  # no answer, or one that is withdrawn
    none = power(nothing, rel.replication)
    made_up = power(nothing + faked, rel.replication) - none  # made-up answers alone
    # of the answers that look right
    smaller = swapped * swap_unseen / np.maximum(1.0 - nothing - faked, 1e-12)
    return {
        "failure_share": none + made_up * (1.0 - unseen),
        "bad_share": made_up * unseen + (1.0 - none - made_up) * smaller,
    }
