"""Quantiles of Student's t with whole degrees of freedom, the same bits on every processor."""

from __future__ import annotations

from functools import lru_cache
from math import pi, sqrt

from ..elementary import arctan, ndtri
from ..model.formulas.normal import ndtr

MANY = 1000  # degrees of freedom, beyond which the expansion is exact to rounding
MOST = 20_000  # degrees of freedom whose tail is summed up
LEAST = 1e-300  # of a probability that is not 0: double precision has little below
NOTHING = 1e-17  # of a sum: less does not change it
FAR = 0.999999  # within; beyond it 1 less that has lost too many digits


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
    return _summed(value, freedom)[0]


def _summed(value: float, freedom: int) -> tuple[float, float]:
    """`within`, and the last term of its sum."""
    sine = value / sqrt(freedom + value * value)
    square = freedom / (freedom + value * value)  # of the cosine
    odd = freedom % 2
    term = total = 1.0
    for k in range(2 + odd, freedom, 2):
        term = term * ((k - 1) / k) * square
        total += term
    if not odd:
        return sine * total, term
    angle = float(arctan(value / sqrt(freedom)))
    inside = angle + (sine * sqrt(square) * total if freedom > 1 else 0.0)
    return inside * (2.0 / pi), term


def outside(value: float, freedom: int) -> float:
    """Probability of a larger size, P(|t| > value), to some digits however small it is.

    Up to `MOST` degrees by the finite sum, and beyond `FAR` by what the same sum has left without
    an end, which is 1 then. With more degrees as a normal's: Abramowitz and Stegun (1964), 26.7.8,
    to some millionths, and less well far out.
    """
    if freedom > MOST:
        shrunk = value * (1.0 - 0.25 / freedom) / sqrt(1.0 + 0.5 * value * value / freedom)
        return 2.0 * float(ndtr(-shrunk))
    inside, term = _summed(value, freedom)
    return max(1.0 - inside, 0.0) if inside < FAR else _tail(value, freedom, term)


def _tail(value: float, freedom: int, term: float) -> float:
    """What the terms of `_summed` come to that follow its last one."""
    sine = value / sqrt(freedom + value * value)
    square = freedom / (freedom + value * value)
    # the sum of one degree has no term, and its first one is 1
    k, total = (3, term) if freedom == 1 else (freedom, 0.0)
    # a term near the least double stays what it is, times almost 1
    while term > max(NOTHING * total, LEAST):
        term *= (k - 1) / k * square
        total, k = total + term, k + 2
    return sine * total * (2.0 / pi * sqrt(square) if freedom % 2 else 1.0)


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
