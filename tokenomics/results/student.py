"""Quantiles of Student's t with whole degrees of freedom, the same bits on every processor."""

from __future__ import annotations

from functools import lru_cache
from math import pi, sqrt

from ..elementary import arctan, ndtri
from ..model.formulas.normal import ndtr

MANY = 1000  # degrees of freedom, beyond which the expansion is exact to rounding
MOST = 20_000  # degrees of freedom whose tail is summed up


@lru_cache(maxsize=10_000)
def quantile(probability: float, freedom: int) -> float:
    """Where the distribution function is `probability`, above one half and below one. freedom:
    degrees, at least 1.

    Up to `MANY` by bisection of the finite sum, beyond by the expansion about the normal quantile,
    whose first term left out is of the order of freedom⁻⁵: Abramowitz and Stegun (1964), 26.7.3,
    26.7.4 and 26.7.5.
    """
    if freedom > MANY:
        return _expansion(float(ndtri(probability)), freedom)
    level = 2.0 * probability - 1.0
    low, high = 0.0, 1.0
    while within(high, freedom) < level:
        low, high = high, 2.0 * high
    middle = 0.5 * (low + high)
    while low < middle < high:
        low, high = (middle, high) if within(middle, freedom) < level else (low, middle)
        middle = 0.5 * (low + high)
    return middle


def within(value: float, freedom: int) -> float:
    """Probability of at most so large a size, P(|t| ≤ value)."""
    sine = value / sqrt(freedom + value * value)
    square = freedom / (freedom + value * value)  # of the cosine
    odd = freedom % 2
    term = total = 1.0
    for k in range(2 + odd, freedom, 2):
        term = term * ((k - 1) / k) * square
        total += term
    if not odd:
        return sine * total
    angle = float(arctan(value / sqrt(freedom)))
    return (angle + (sine * sqrt(square) * total if freedom > 1 else 0.0)) * (2.0 / pi)


def outside(value: float, freedom: int) -> float:
    """Probability of a larger size, P(|t| > value).

    Up to `MOST` degrees by the finite sum, beyond as a normal's: Abramowitz and Stegun (1964),
    26.7.8, to some millionths.
    """
    if freedom <= MOST:
        return max(1.0 - within(value, freedom), 0.0)
    shrunk = value * (1.0 - 0.25 / freedom) / sqrt(1.0 + 0.5 * value * value / freedom)
    return 2.0 * float(ndtr(-shrunk))


def _expansion(z: float, freedom: int) -> float:
    """z: quantile of the normal distribution."""
    s, n = z * z, float(freedom)
    terms = (
        (s + 1.0) / 4.0,
        ((5.0 * s + 16.0) * s + 3.0) / 96.0,
        (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0,
        ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0,
    )
    total = 0.0
    for term in reversed(terms):
        total = (total + term) / n
    return z * (1.0 + total)
