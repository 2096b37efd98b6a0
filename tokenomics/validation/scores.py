"""Proper scores of predictive distributions, and how sure they are where forecasts overlap.

CRPS: Gneiting and Raftery (2007), Strictly proper scoring rules, equations 20 and 21; for draws the
fair estimator, whose mean does not depend on their number (Ferro 2014, Fair scores for ensemble
forecasts). Averages over days: forecasts over h days share returns, so that scores are dependent.
Their long-run variance is the equal-weighted cosine estimate with Student's t, which Lazarus,
Lewis, Stock and Watson (2018, HAR inference) recommend for tests such as Diebold and Mariano's
(1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from ..results.intervals import LEVEL, summarise

BINS = 10  # of a PIT histogram

LEVELS = (0.5, 0.8, 0.95)  # of the predictive intervals whose coverage is told
COSINES, RATE = 0.4, 2.0 / 3.0  # number of cosines: 0.4 T^(2/3) (Lazarus et al. 2018, equation 4)
FEWEST = 2  # cosines; with fewer an interval tells nothing


@dataclass(frozen=True, eq=False)
class Normal:
    """Predictive distributions N(mean, sd²), (days,) each."""

    mean: np.ndarray
    sd: np.ndarray

    def crps(self, y: np.ndarray) -> np.ndarray:
        """Continuous ranked probability score of outcomes (days,), in their unit; less is
        better.
        """
        z = (y - self.mean) / self.sd
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        return self.sd * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))

    def quantile(self, share: float) -> np.ndarray:
        """Quantile of every forecast (days,)."""
        return self.mean + self.sd * ndtri(share)

    def pit(self, y: np.ndarray) -> np.ndarray:
        """Probability that the forecast gave to less than the outcome (days,); uniform where
        forecasts are right.
        """
        return ndtr((y - self.mean) / self.sd)


@dataclass(frozen=True, eq=False)
class Draws:
    """Predictive distributions as sorted draws (days, draws)."""

    sorted: np.ndarray

    def first(self, days: int) -> Draws:
        """The forecasts of the first days."""
        return Draws(self.sorted[:days])

    def crps(self, y: np.ndarray) -> np.ndarray:
        """As `Normal.crps`, the fair estimate from the draws."""
        x, n = self.sorted, self.sorted.shape[1]
        apart = (
            x @ (2.0 * np.arange(n) - n + 1.0) / (n * (n - 1.0))
        )  # half the mean distance of two draws
        return np.mean(np.abs(x - y[:, None]), axis=1) - apart

    def quantile(self, share: float) -> np.ndarray:
        """As `Normal.quantile`; between draws i and i + 1 a further draw falls with probability
        1/(n + 1).
        """
        return np.quantile(self.sorted, share, axis=1, method="weibull")

    def pit(self, y: np.ndarray) -> np.ndarray:
        """As `Normal.pit`."""
        return (np.sum(self.sorted < y[:, None], axis=1) + 0.5) / (self.sorted.shape[1] + 1.0)


Forecast = Normal | Draws


def draws(values: np.ndarray) -> Draws:
    """Predictive distributions of draws (days, draws) in any order."""
    return Draws(np.sort(values, axis=1))


@dataclass(frozen=True)
class Mean:
    """An average over days with its 95 % interval; NaN bounds where the days are too few."""

    value: float
    low: float
    high: float
    days: int


def cosines(count: int, horizon: int) -> int:
    """How many cosines a long-run variance is estimated from: longer in period than four horizons,
    over which overlapping forecasts look alike.
    """
    return int(min(COSINES * count**RATE, count / (2.0 * horizon)))


def needed(horizon: int) -> int:
    """Fewest forecasts for an interval."""
    return next(n for n in range(1, 10**6) if cosines(n, horizon) >= FEWEST)


def mean(values: np.ndarray, horizon: int, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Mean:
    """Average of scores of consecutive days (days,), with an interval that allows for forecasts
    over `horizon` days that overlap.
    """
    count = len(values)
    average, number = float(np.mean(values)), cosines(count, horizon)
    if number < FEWEST:
        return Mean(average, np.nan, np.nan, count)
    angle = np.pi * np.arange(1, number + 1)[:, None] * (np.arange(count) + 0.5) / count
    sums = np.sqrt(2.0 / count) * np.sum(np.cos(angle) * (values - average), axis=1)
    half = stdtrit(number, 0.5 + LEVEL / 2.0) * np.sqrt(np.mean(sums**2) / count)
    return Mean(average, max(average - half, bounds[0]), min(average + half, bounds[1]), count)


def coverage(forecast: Forecast, y: np.ndarray, level: float, horizon: int) -> Mean:
    """Share of days on which the outcome lies in the central interval of a level.

    Where it is none or all, the interval is Wilson's for as many days as there are forecasts that
    do not overlap.
    """
    inside = (forecast.quantile(0.5 - level / 2.0) <= y) & (
        y <= forecast.quantile(0.5 + level / 2.0)
    )
    if inside.all() or not inside.any():
        found = summarise(inside[::horizon].astype(float), probability=True)
        return Mean(
            found.mean,
            np.nan if found.low is None else found.low,
            np.nan if found.high is None else found.high,
            len(y),
        )
    return mean(inside.astype(float), horizon, (0.0, 1.0))


def width(forecast: Forecast, level: float) -> float:
    """Mean width of the central interval of a level."""
    return float(
        np.mean(forecast.quantile(0.5 + level / 2.0) - forecast.quantile(0.5 - level / 2.0))
    )


def verdict(difference: Mean) -> str:
    """What a difference in CRPS, model less benchmark, says of the model."""
    if np.isnan(difference.low):
        return "too few forecasts to tell"
    if difference.high < 0.0:
        return "better"
    return "worse" if difference.low > 0.0 else "not told apart: the interval holds 0"
