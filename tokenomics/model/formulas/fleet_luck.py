"""The share of a fleet that is down, of nodes that fail and are repaired each by itself: binomial
around its mean, so that few nodes are all up or badly short and many hardly ever differ from it.

A latent standard normal, an Ornstein-Uhlenbeck process in its exact discretisation, forgets with
the nodes' repair; the share is the quantile of the binomial distribution where the normal stands in
its own. Counted out where few are down; else the normal approximation of the same variance, between
0 and 1. Units: shares, days.
"""

import numpy as np

from ...elementary import exp, log1p
from .normal import ndtr
from .numerics import LARGEST_COUNT

FEW = 3.0  # nodes down on average, below which they are counted: more than LARGEST_COUNT in 2e-5


def memory(tiers):
    """Mean time in which the share that is down forgets what it was [days]: 1/(1/MTBF + 1/MTTR) of
    a node that is up and down in turn, over the tiers by what each adds to the variance.
    """
    weighted = total = 0.0
    for tier in tiers.values():
        cycle = tier.mtbf + tier.mttr
        varies = tier.share * tier.mtbf * tier.mttr / (cycle * cycle)
        weighted = weighted + varies * (tier.mtbf * tier.mttr / cycle)
        total = total + varies
    return weighted / np.maximum(total, 1e-300)


def next_luck(luck, noise, dt, time):
    """The latent normal one step on. noise: standard normal. time: its memory [days]."""
    kept = exp(-dt / np.maximum(time, 1e-12))
    return kept * luck + np.sqrt(1.0 - kept * kept) * noise


def down_share(nodes, mean, luck):
    """Share of `nodes` that is down where each is with the probability `mean`; a fleet of less than
    one node is one.
    """
    count = np.maximum(nodes, 1.0)
    per_node = 1.0 / count
    approximate = np.clip(mean + np.sqrt(mean * (1.0 - mean) * per_node) * luck, 0.0, 1.0)
    uniform, odds = ndtr(luck), mean / np.maximum(1.0 - mean, 1e-12)
    term = exp(count * log1p(-np.minimum(mean, 1.0 - 1e-12)))
    below, down = term, 0.0
    for k in range(1, LARGEST_COUNT + 1):
        down = down + (uniform > below)
        term = term * (odds * (1.0 / k)) * np.maximum(count - (k - 1.0), 0.0)
        below = below + term
    counted = np.minimum(down * per_node, 1.0)
    return np.where(np.less(count * mean, FEW), counted, approximate)
