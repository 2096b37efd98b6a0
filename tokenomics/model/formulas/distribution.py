"""The distribution of a request's time from its first three cumulants.

Cumulants of independent parts add; a sum of a random number of them, a mixture and a random factor
have closed forms. Percentiles are those of the shifted lognormal with the same three cumulants,
whose shape solves a cubic: exact for a lognormal, and the normal distribution where the skewness is
zero. All work on numbers, arrays and a recorder's symbols. Units: s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...elementary import exp, expm1, log, log1p, ndtri
from .normal import ndtr
from .ordered import total
from .queueing import wait_scv, waiting

PERCENTILES = (0.5, 0.95, 0.99, 0.999)
LEAST = -1.0 + 2.0**-53  # where the shifted lognormal begins, as far as its logarithm has a value
NO_SKEW = 1e-6  # shapes below it are the normal distribution's to within rounding


@dataclass(frozen=True)
class Cumulants:
    """Mean [s], variance [s²] and third central moment [s³] of a time."""

    mean: Any
    variance: Any = 0.0
    third: Any = 0.0

    def __add__(self, other: Cumulants) -> Cumulants:
        """The sum of two independent times."""
        return Cumulants(
            self.mean + other.mean, self.variance + other.variance, self.third + other.third
        )

    def repeated(self, n) -> Cumulants:
        """The sum of n independent times like this one."""
        return Cumulants(n * self.mean, n * self.variance, n * self.third)

    def attempts(self, failure) -> Cumulants:
        """The sum until the first success: each attempt takes such a time, and fails with a
        probability < 1 at its end.

        Cumulants of a compound geometric sum, with the cumulants 1/q, f/q² and f (1 + f)/q³ of the
        number of attempts, q = 1 − f.
        """
        count = 1.0 / (1.0 - failure)
        spread = failure * count * count
        skew = spread * (1.0 + failure) * count
        return Cumulants(
            count * self.mean,
            count * self.variance + spread * self.mean * self.mean,
            count * self.third
            + 3.0 * spread * self.mean * self.variance
            + skew * self.mean * self.mean * self.mean,
        )

    def scaled(self, scv) -> Cumulants:
        """The time times an independent lognormal factor of mean 1 and this squared CV: a node's
        slowness.
        """
        square = self.mean * self.mean
        second, one = self.variance + square, 1.0 + scv
        cube = self.third + 3.0 * self.mean * self.variance + self.mean * square
        return _central(self.mean, one * second, one * one * one * cube)


def _central(mean, second, cube) -> Cumulants:
    """From raw moments."""
    return Cumulants(
        mean, second - mean * mean, cube - 3.0 * mean * second + 2.0 * mean * mean * mean
    )


def lognormal(mean, scv) -> Cumulants:
    """A lognormal time; third central moment s³ (scv + 3) √scv of its standard deviation s."""
    variance = scv * mean * mean
    return Cumulants(mean, variance, variance * scv * (scv + 3.0) * mean)


def wait(probability, mean_if_any, scv_if_any=1.0) -> Cumulants:
    """Nothing, or with a probability a gamma wait of this mean and squared CV: 1, an exponential
    one.
    """
    mean, one = probability * mean_if_any, 1.0 + scv_if_any
    second = mean * mean_if_any * one
    return _central(mean, second, second * mean_if_any * (one + scv_if_any))


def mixture(parts) -> Cumulants:
    """The time of one of several kinds, drawn at random. parts: (share, Cumulants), shares adding
    up to 1.
    """
    parts = tuple(parts)
    mean = total(share * part.mean for share, part in parts)
    variance = third = 0.0
    for share, part in parts:
        off = part.mean - mean
        variance = variance + share * (part.variance + off * off)
        third = third + share * (part.third + off * (3.0 * part.variance + off * off))
    return Cumulants(mean, variance, third)


def at_node(
    places, utilisation, service, arrival_scv, service_scv, speed_scv=0.0, own=None, slowed=0.0
) -> Cumulants:
    """Wait and service of one attempt at a node of a type, over nodes whose speeds differ by a
    lognormal factor.

    own: service time of the request in question, where it is not that of a full node. slowed: share
    of that which comes of the other requests there.

    Requests go to nodes in proportion to what they can do, so that all are used alike and a slow
    node's wait is as much longer as its service. service: mean time with all places taken [s].
    arrival_scv: at the node (`queueing.node_scv`).
    """
    probability, mean = waiting(places, utilisation, service, arrival_scv, service_scv, slowed)
    waited = wait(probability, mean, wait_scv(places, utilisation, arrival_scv, service_scv))
    served = lognormal(service, service_scv) if own is None else own
    return (waited + served).scaled(speed_scv)


def _shape(time: Cumulants):
    """Standard deviation, root y of y³ + 3y = |skewness| (the CV of the unshifted lognormal), its
    σ, and the sign of the skewness.
    """
    deviation = np.sqrt(np.maximum(time.variance, 0.0))
    half = 0.5 * time.third / np.maximum(time.variance * deviation, 1e-300)
    size = np.absolute(half)
    cube_root = exp(log(size + np.sqrt(1.0 + size * size)) * (1.0 / 3.0))
    y = np.maximum(cube_root - 1.0 / cube_root, NO_SKEW)
    return deviation, y, np.sqrt(log1p(y * y)), np.where(half < 0.0, -1.0, 1.0)


def quantile(time: Cumulants, p: float):
    """The time not exceeded with a probability p, a plain number between 0 and 1 [s]."""
    deviation, y, sigma, sign = _shape(time)
    normal = ndtri(p)
    return time.mean + sign * deviation * expm1(sigma * (sign * normal - 0.5 * sigma)) / y


def exceedance(time: Cumulants, x):
    """The probability of more than x [s]."""
    deviation, y, sigma, sign = _shape(time)
    # the shape's reciprocals, which all limits on one time share
    stretched = sign * y * (1.0 / np.maximum(deviation, 1e-300)) * (x - time.mean)
    inside = log1p(np.maximum(stretched, LEAST)) * (1.0 / sigma) + 0.5 * sigma
    return ndtr(-sign * inside)
