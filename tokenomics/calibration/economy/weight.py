"""The weight of the moments: the inverse covariance of one history's moments, from the history
itself.

Its days are drawn anew in blocks, so that spells stay together (stationary bootstrap; Politis and
Romano 1994, J. Am. Stat. Assoc. 89, 1303-1313). It is fixed before anything is simulated: so two
points of a fit, two fits, and a fit and the baseline are held against each other by one criterion.
It need not be the best one: standard errors allow for it.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from ...results.returns import statistics
from .moments import scaled

BLOCK = 60.0  # mean days of a block: three times the longest lag of the moments
DRAWS = 1000
# Share of the covariances between moments that is left out: 1,000 draws of ten moments that partly
# measure the same have directions with hardly any variance.
SHRINK = 0.1


def resampled(
    prices: np.ndarray, spread: float = 0.0, memory: float = 1.0, draws: int = DRAWS
) -> np.ndarray:
    """Moments on their scales of histories drawn from one, (draws, moments). prices: (days,).
    spread, memory: of the slow level of volatility, of which every drawn history has its own: the
    one recorded shows too little of what a level over years may be.
    """
    returns = np.diff(np.log(prices))
    days, generator = len(returns), np.random.default_rng(0)  # the same whatever seed a fit has
    begins = generator.random((draws, days)) < 1.0 / BLOCK
    begins[:, 0] = True
    day = np.arange(days)
    last = np.maximum.accumulate(np.where(begins, day, 0), axis=1)
    first = np.take_along_axis(generator.integers(0, days, (draws, days)), last, axis=1)
    drawn = returns[(first + day - last) % days]
    if spread > 0.0:
        drawn = drawn * np.exp(slow_levels(generator, (draws, days), spread, memory))
    levels = np.pad(np.cumsum(drawn, axis=1), ((0, 0), (1, 0)))
    return np.stack(list(scaled(statistics(np.exp(levels))).values()), axis=1)


def slow_levels(
    generator: np.random.Generator, shape: tuple[int, int], spread: float, memory: float
) -> np.ndarray:
    """Paths of the slow level's log, (draws, days), stationary from the first day on."""
    kept = np.exp(-1.0 / memory)
    shocks = spread * np.sqrt(1.0 - kept**2) * generator.standard_normal(shape)
    shocks[:, 0] /= np.sqrt(1.0 - kept**2)
    return lfilter([1.0], [1.0, -kept], shocks, axis=1)


def weight_of(prices: np.ndarray, spread: float = 0.0, memory: float = 1.0) -> np.ndarray:
    """Weight (moments, moments) of a history's moments. prices: daily closes (days,). spread,
    memory: of the slow level.
    """
    found = np.cov(resampled(prices, spread, memory).T)
    return np.linalg.inv((1.0 - SHRINK) * found + SHRINK * np.diag(np.diag(found)))
