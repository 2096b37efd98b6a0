"""Daily log returns under Merton's (1976) jump-diffusion, centred as the model's news is: a Poisson
mixture of normals.

r = drift + σ z + Σ_{i ≤ n} J_i − λ μ_J, n ~ Poisson(λ), J ~ N(μ_J, δ²), so that drift is the mean
daily return and jumps do not move it. Source: Merton (1976), "Option pricing when underlying stock
returns are discontinuous"; centring as in `model/blocks/shocks.py`. Units: log points, days.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize
from scipy.special import gammaln, logsumexp, ndtr
from scipy.stats import poisson

LEFT_OUT = 1e-12  # probability of the numbers of jumps a day that the mixture leaves out
LEAST_TERMS = 8  # the mixture counts at least so many jumps a day


class Jumps(NamedTuple):
    """drift [1/day], volatility σ [1/sqrt(day)], jump_rate λ [1/day], jump_mean μ_J [1],
    jump_volatility δ [1].
    """

    drift: float
    volatility: float
    jump_rate: float
    jump_mean: float
    jump_volatility: float


def to_log(values: Jumps) -> np.ndarray:
    """Coordinates in which the likelihood is climbed: logarithms of the three positive parameters.
    volatility and jump parameters must be > 0.
    """
    drift, volatility, rate, mean, size = values
    return np.array([drift, np.log(volatility), np.log(rate), mean, np.log(size)])


def from_log(place: np.ndarray) -> Jumps:
    """Inverse of `to_log`."""
    drift, volatility, rate, mean, size = place
    return Jumps(
        float(drift),
        float(np.exp(volatility)),
        float(np.exp(rate)),
        float(mean),
        float(np.exp(size)),
    )


def _parts(values: Jumps) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of jumps a day (terms, 1) with their log probability, mean and variance of the
    return.
    """
    last = max(LEAST_TERMS, int(poisson.isf(LEFT_OUT, values.jump_rate)) + 1)
    n = np.arange(last + 1.0)[:, None]
    weight = n * np.log(values.jump_rate) - values.jump_rate - gammaln(n + 1.0)
    mean = values.drift + (n - values.jump_rate) * values.jump_mean
    return n, weight, mean, values.volatility**2 + n * values.jump_volatility**2


def log_density(returns: np.ndarray, values: Jumps) -> np.ndarray:
    """Log density of each daily return (days,). jump_rate and volatility must be > 0."""
    _, weight, mean, variance = _parts(values)
    return logsumexp(
        weight - 0.5 * np.log(2.0 * np.pi * variance) - 0.5 * (returns - mean) ** 2 / variance,
        axis=0,
    )


def distribution(returns: np.ndarray, values: Jumps) -> np.ndarray:
    """Probability of a daily return up to each (days,)."""
    _, weight, mean, variance = _parts(values)
    return np.sum(np.exp(weight) * ndtr((returns - mean) / np.sqrt(variance)), axis=0)


def score(place: np.ndarray, returns: np.ndarray) -> tuple[float, np.ndarray]:
    """Log likelihood at `to_log` coordinates and its gradient (5,)."""
    values = from_log(place)
    n, weight, mean, variance = _parts(values)
    off = returns - mean
    terms = weight - 0.5 * np.log(2.0 * np.pi * variance) - 0.5 * off**2 / variance
    top = terms.max(axis=0)
    share = np.exp(terms - top)
    total = share.sum(axis=0)
    share /= total
    # sums over days of the posterior of n, and of the first and second moment of the deviation
    count, first = (
        share.sum(axis=1, keepdims=True),
        (share * off).sum(axis=1, keepdims=True) / variance,
    )
    excess = (share * off**2).sum(axis=1, keepdims=True) / variance - count
    gradient = [
        first.sum(),
        (excess / variance).sum() * values.volatility**2,
        ((n - values.jump_rate) * count).sum() - values.jump_rate * values.jump_mean * first.sum(),
        ((n - values.jump_rate) * first).sum(),
        (excess * n / variance).sum() * values.jump_volatility**2,
    ]
    return float(np.sum(top + np.log(total))), np.array(gradient)


def information(place: np.ndarray, returns: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Observed information (5, 5) at `to_log` coordinates: central differences of the gradient.

    step: in the coordinates, times a scale of the returns for drift and jump mean.
    """
    scale = np.array([returns.std(), 1.0, 1.0, returns.std(), 1.0]) * step
    rows = [
        (score(place + e, returns)[1] - score(place - e, returns)[1]) / (2.0 * e.sum())
        for e in np.diag(scale)
    ]
    found = -np.array(rows)
    return 0.5 * (found + found.T)


def simulate(values: Jumps, days: int, generator: np.random.Generator) -> np.ndarray:
    """Daily log returns (days,)."""
    n = generator.poisson(values.jump_rate, days)
    centred = values.drift + (n - values.jump_rate) * values.jump_mean
    return centred + np.sqrt(
        values.volatility**2 + n * values.jump_volatility**2
    ) * generator.standard_normal(days)


def cumulants(values: Jumps) -> np.ndarray:
    """First to sixth cumulant of a daily return: those of the normal, and λ E[Jᵏ] of the compound
    Poisson sum.
    """
    m, v = values.jump_mean, values.jump_volatility**2
    raw = [m, m**2 + v, m**3 + 3 * m * v, m**4 + 6 * m**2 * v + 3 * v**2]
    raw += [
        m**5 + 10 * m**3 * v + 15 * m * v**2,
        m**6 + 15 * m**4 * v + 45 * m**2 * v**2 + 15 * v**3,
    ]
    found = values.jump_rate * np.array(raw)
    found[0], found[1] = values.drift, found[1] + values.volatility**2
    return found


def sample_cumulants(returns: np.ndarray) -> np.ndarray:
    """First to sixth cumulant of a sample, from its central moments (their bias is of order 1 /
    days).
    """
    off = returns - returns.mean()
    _, m2, m3, m4, m5, m6 = (float(np.mean(off**k)) for k in range(1, 7))
    fourth, fifth = m4 - 3 * m2**2, m5 - 10 * m3 * m2
    return np.array(
        [returns.mean(), m2, m3, fourth, fifth, m6 - 15 * m4 * m2 - 10 * m3**2 + 30 * m2**3]
    )


def match_cumulants(returns: np.ndarray) -> Jumps | None:
    """Method of moments: the parameters whose mean, variance, third, fourth and sixth cumulant are
    the sample's; None where no such parameters exist.

    Without skew δ² = κ₆ / 5κ₄ and λ = κ₄ / 3δ⁴, from where the general case is solved.
    """
    scale = float(returns.std())
    k1, k2, k3, k4, _, k6 = sample_cumulants(returns / scale)
    if k4 <= 0.0 or k6 <= 0.0:
        return None

    def gap(place: np.ndarray) -> np.ndarray:
        found = cumulants(Jumps(0.0, 0.0, np.exp(place[0]), place[1], np.exp(place[2])))
        return np.array([found[2] - k3, found[3] / k4 - 1.0, found[5] / k6 - 1.0])

    square = k6 / (5.0 * k4)
    with np.errstate(all="ignore"):  # far trial steps overflow and are rejected
        solved = optimize.root(gap, [np.log(k4 / (3.0 * square**2)), 0.0, 0.5 * np.log(square)])
    rate, mean, size = np.exp(solved.x[0]), solved.x[1], np.exp(solved.x[2])
    rest = k2 - rate * (mean**2 + size**2)
    if not solved.success or rest <= 0.0:
        return None
    return Jumps(k1 * scale, np.sqrt(rest) * scale, float(rate), mean * scale, float(size) * scale)
