"""How sharply customers compare sellers: what the targets of demand say, in closed form.

A nested logit on the log of each seller's effective price (McFadden, "Modelling the choice of
residential location", 1978; Train, Discrete Choice Methods with Simulation, chapter 4): the network
and the other sellers of the same model share a nest, the cloud is the other branch. In a class with
share s of the network, a of the other sellers, B = s + a of the nest and w = s/B, with scales μ
within the nest and λ between the branches and elasticity η to the class's mean cost, the network's
work answers to its own price and to that of the other sellers with

    own   = −[E + η s],   E = μ (1 − w) + λ w (1 − B)
    cross = C − η a,      C = (1 − w) [μ − λ (1 − B)]

Of what the network loses to dearer work, the smaller class apart, C/E goes to the other sellers:
the diversion ratio (Shapiro, "Mergers with differentiated products", Antitrust 10, 1996). Means
over the network's work of today in each class are linear in μ and λ, and E − C holds λ alone: there
is one solution wherever all shares are between 0 and 1. It is one of customers who choose what
suits them best where 0 < λ ≤ μ; λ = μ is the multinomial logit, where those who leave go to the
others in proportion to their shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROUNDING = 1e-12


def network_share(workloads: Mapping[str, Any]) -> Any:
    """Today's share of the network in all work [1]."""
    total: Any = 0.0
    for workload in workloads.values():
        total = total + workload.share * workload.network_share
    return total


@dataclass(frozen=True)
class _Means:
    """Over the network's work: of 1 − w, of w (1 − B), of 1 − B and of η s."""

    rivals: Any
    kept: Any
    cloud: Any
    size: Any


def _means(workloads: Mapping[str, Any]) -> _Means:
    rivals: Any = 0.0
    kept: Any = 0.0
    cloud: Any = 0.0
    size: Any = 0.0
    whole = network_share(workloads)
    for workload in workloads.values():
        own, other = workload.network_share, workload.sellers_share
        weight = workload.share * own / whole
        within = own / (own + other)
        rivals = rivals + weight * (1.0 - within)
        kept = kept + weight * within * (1.0 - own - other)
        cloud = cloud + weight * (1.0 - own - other)
        size = size + weight * workload.price_elasticity * own
    return _Means(rivals, kept, cloud, size)


def scales(venues: Any, workloads: Mapping[str, Any]) -> tuple[Any, Any]:
    """Scales μ within the nest and λ between the branches [1] that meet the targets."""
    mean = _means(workloads)
    lost = -venues.own_elasticity - mean.size
    between = lost * (1.0 - venues.diversion) / mean.cloud
    return (lost - mean.kept * between) / mean.rivals, between


def least(workloads: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the targets must reach: an own-price elasticity, in size, beyond that of the classes'
    work alone, and the diversion of one scale for all.
    """
    mean = _means(workloads)
    return mean.size, 1.0 - mean.cloud / (mean.rivals + mean.kept)


def attainable(venues: Any, workloads: Mapping[str, Any]) -> Any:
    """Whether customers who choose what suits them best can have these elasticities."""
    size, diversion = least(workloads)
    return (-venues.own_elasticity > size) & (venues.diversion >= diversion - ROUNDING)


def told(venues: Any, workloads: Mapping[str, Any]) -> str:
    """Why they cannot."""
    size, diversion = least(workloads)
    if -venues.own_elasticity <= size:
        return (
            f"venues.own_elasticity: {venues.own_elasticity:g}; expected below {-size:.4g}, which "
            f"workloads.*.price_elasticity alone make of it"
        )
    return (
        f"venues.diversion: {venues.diversion:g}; expected at least {diversion:.4g}, at which "
        f"those who leave go to other sellers and the cloud in proportion to today's shares"
    )
