"""A regression whose errors follow an Ornstein–Uhlenbeck process seen at equal steps: exact
Gaussian likelihood, whole and restricted.

y = Xβ + x, x stationary AR(1) with φ = exp(−θ Δt) and innovations of variance s². The restricted
likelihood (Harville 1977; for AR(1) Cheang and Reinsel 2000) is that of what is left of y when X is
taken out: its estimate of θ is far less biased in a short series, and its likelihood ratio is
nearly χ² up to φ = 1 (Chen and Deo 2009), which the intervals of θ and of the size of x use.
Intervals of β average Student's t over θ by the restricted likelihood, flat in φ: with few points
the error of β depends on a θ that is itself hardly known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import stdtr
from scipy.stats import chi2

from ..results.intervals import LEVEL, Z

# of the grid of θ: neighbours differ by 2 % over four decades, far below the error of θ in a series
# of hundreds of points
POINTS = 400
DROP = 0.5 * float(chi2.ppf(LEVEL, 1))  # of the log-likelihood at the ends of an interval
# half widths of the likelihood's top that a finer grid covers, where the first one is too coarse:
# what lies beyond has no weight
REACH = 16
NEGLIGIBLE = 1e-9  # weight of a θ that is left out of an average


@dataclass(frozen=True)
class Interval:
    """An estimate with its standard error and 95 % interval; `error` is NaN, and `open` says so,
    where the interval reaches the range of θ.
    """

    value: float
    error: float
    low: float
    high: float
    open: str = ""


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck:
    """The fit. y: (n,). X: (n, k). step: Δt [time]. high: end of the range of θ [1/time].

    The range starts at one over the span: a process that is slower cannot be told from its own
    level, and would make the error of the level infinite.
    """

    y: np.ndarray
    X: np.ndarray
    step: float
    high: float = 10.0

    @property
    def low(self) -> float:
        """Start of the range of θ [1/time]."""
        return 1.0 / (len(self.y) * self.step)

    @property
    def freedom(self) -> int:
        """Points less coefficients."""
        return self.X.shape[0] - self.X.shape[1]

    @cached_property
    def _moments(self) -> tuple[np.ndarray, ...]:
        # the inverse covariance of an AR(1) is tridiagonal, so that Z'Ω⁻¹Z is a quadratic in φ of
        # three small matrices
        z = np.column_stack([self.X, self.y])
        cross = z[1:].T @ z[:-1]
        return z.T @ z, cross + cross.T, z[1:-1].T @ z[1:-1]

    def _solve(self, theta: np.ndarray):
        phi = np.exp(-np.asarray(theta, dtype=float) * self.step)[..., None, None]
        whole, cross, inner = self._moments
        m = whole - phi * cross + phi * phi * inner
        xx, xy, yy = m[..., :-1, :-1], m[..., :-1, -1], m[..., -1, -1]
        inverse = np.linalg.inv(xx)
        beta = (inverse @ xy[..., None])[..., 0]
        rss = yy - (xy * beta).sum(axis=-1)
        log_det = -np.log1p(-(phi[..., 0, 0] ** 2))
        return beta, inverse, rss, log_det, np.linalg.slogdet(xx)[1]

    def log_likelihood(self, theta, innovation=None) -> np.ndarray:
        """Exact Gaussian log-likelihood at θ and innovation variance s² (its best where not given),
        β at its best.
        """
        _, _, rss, log_det, _ = self._solve(theta)
        n = len(self.y)
        s2 = rss / n if innovation is None else innovation
        return -0.5 * (n * np.log(2.0 * np.pi * s2) + log_det + rss / s2)

    def restricted(self, theta, innovation=None) -> np.ndarray:
        """Restricted log-likelihood at θ and innovation variance s² (its best where not given), a
        constant left out.
        """
        _, _, rss, log_det, log_xx = self._solve(theta)
        s2 = rss / self.freedom if innovation is None else innovation
        return -0.5 * (self.freedom * np.log(s2) + log_det + log_xx + rss / s2)

    @cached_property
    def _coarse(self) -> np.ndarray:
        return np.geomspace(self.low, self.high, POINTS)

    @cached_property
    def grid(self) -> np.ndarray:
        """θ at equal distances of its logarithm, and closer ones around the top of a likelihood
        that is narrower: a long series tells θ well.
        """
        coarse, peak = self._coarse, float(self.restricted(self.theta))
        step = half = float(np.log(coarse[1] / coarse[0]))
        while self.restricted(self.theta * np.exp([-half, half])).min() < peak - DROP:
            half /= 2.0
        if half == step:
            return coarse
        fine = self.theta * np.exp(half * np.linspace(-REACH, REACH, POINTS))
        return np.union1d(coarse, fine[(fine > self.low) & (fine < self.high)])

    @cached_property
    def _on_grid(self):
        beta, inverse, rss, log_det, log_xx = self._solve(self.grid)
        restricted = -0.5 * (
            self.freedom * np.log(rss / self.freedom) + log_det + log_xx + self.freedom
        )
        return beta, inverse, rss, log_det + log_xx, restricted

    def _peak(self, function) -> float:
        on_grid = function(self._coarse)
        best = int(np.argmax(on_grid))
        ends = np.log(self._coarse[[max(best - 1, 0), min(best + 1, POINTS - 1)]])
        found = minimize_scalar(
            lambda log: -float(function(np.exp(log))),
            bounds=tuple(ends),
            method="bounded",
            options={"xatol": 1e-9},
        )
        return float(np.exp(found.x)) if -found.fun > on_grid[best] else float(self._coarse[best])

    def maximum_likelihood(self) -> tuple[float, float]:
        """θ [1/time] and volatility [1/√time] of exact maximum likelihood, biased in a short
        series.
        """
        theta = self._peak(self.log_likelihood)
        return theta, float(
            np.sqrt(self._solve(theta)[2] / len(self.y) * self._per_innovation(theta, "volatility"))
        )

    def _per_innovation(self, theta, what: str):
        """Square of a size of the process over the variance of its innovations."""
        kept = -np.expm1(-2.0 * np.asarray(theta) * self.step)
        return 1.0 / kept if what == "deviation" else 2.0 * np.asarray(theta) / kept

    @cached_property
    def theta(self) -> float:
        """θ [1/time] of restricted maximum likelihood."""
        return self._peak(self.restricted)

    def reversion(self) -> Interval:
        """θ [1/time] with the interval of the restricted likelihood ratio."""
        return _interval(self.theta, self.grid, self.restricted)

    def size(self, what: str) -> Interval:
        """`volatility` [1/√time] or stationary `deviation` of the process, with the interval of the
        restricted likelihood ratio over all θ.
        """
        innovation = self._solve(self.theta)[2] / self.freedom
        value = float(np.sqrt(innovation * self._per_innovation(self.theta, what)))
        _, _, rss, dets, _ = self._on_grid
        per_innovation = self._per_innovation(self.grid, what)

        def profile(sizes) -> np.ndarray:
            s2 = np.asarray(sizes)[..., None] ** 2 / per_innovation
            return (-0.5 * (self.freedom * np.log(s2) + dets + rss / s2)).max(axis=-1)

        return _interval(value, value * np.geomspace(1.0 / 30.0, 30.0, POINTS), profile)

    @cached_property
    def _mixture(self):
        beta, inverse, rss, _, restricted = self._on_grid
        weight = (
            np.exp(restricted - restricted.max())
            * np.exp(-self.grid * self.step)
            * self.grid
            * np.gradient(np.log(self.grid))
        )
        weight /= weight.sum()
        kept = weight > NEGLIGIBLE
        covariance = inverse[kept] * (rss[kept] / self.freedom)[:, None, None]
        return weight[kept] / weight[kept].sum(), beta[kept], covariance

    def coefficient(self, combination) -> Interval:
        """A linear combination of the coefficients, (k,)."""
        c = np.asarray(combination, dtype=float)
        weight, beta, covariance = self._mixture
        centre, scale = beta @ c, np.sqrt(np.einsum("i,nij,j->n", c, covariance, c))
        mean = float(weight @ centre)
        inflation = self.freedom / (self.freedom - 2.0) if self.freedom > 2 else np.nan
        error = float(np.sqrt(weight @ (scale**2 * inflation + (centre - mean) ** 2)))
        widest = 1e3 * scale.max()
        low, high = (
            brentq(
                lambda x, p=p: weight @ stdtr(self.freedom, (x - centre) / scale) - p,
                centre.min() - widest,
                centre.max() + widest,
            )
            for p in (0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0)
        )
        return Interval(mean, error, float(low), float(high))

    def fitted(self) -> np.ndarray:
        """Xβ at the restricted estimate of θ, (n,)."""
        return self.X @ self._solve(self.theta)[0]


def _interval(value: float, grid: np.ndarray, profile: Callable) -> Interval:
    """Where the profile is within the likelihood ratio's limit of its peak; the error is that
    width, in logarithms, over 2 × 1.96.
    """
    grid = np.union1d(
        grid, value
    )  # in a long series the whole interval lies between two points of the grid
    excess = profile(grid)
    limit = excess.max() - DROP
    excess -= limit
    inside = np.flatnonzero(excess >= 0.0)
    first, last = int(inside[0]), int(inside[-1])

    def crossing(i: int, j: int) -> float:
        ends = sorted((np.log(grid[i]), np.log(grid[j])))
        return float(
            np.exp(brentq(lambda log: float(profile(np.exp(log))) - limit, *ends, xtol=1e-10))
        )

    low = float(grid[0]) if first == 0 else crossing(first, first - 1)
    high = float(grid[-1]) if last == len(grid) - 1 else crossing(last, last + 1)
    ends = ["low"] * (first == 0) + ["high"] * (last == len(grid) - 1)
    error = float("nan") if ends else value * np.log(high / low) / (2.0 * Z)
    return Interval(value, float(error), low, high, " and ".join(ends))


def averaged(theta: float, deviation: float, span: float = 1.0) -> tuple[float, float]:
    """Standard deviation and lag-1 autocorrelation of the means over `span` of an
    Ornstein–Uhlenbeck process, by integrating its covariance.
    """
    x = theta * span
    variance = 2.0 * (x + np.expm1(-x)) / x**2
    return deviation * float(np.sqrt(variance)), float(np.expm1(-x) ** 2 / x**2 / variance)
