"""Naive benchmarks: random walks and GARCH(1,1), each from the returns up to the day of the
forecast.

All have no drift. Random walk: normal with the standard deviation of all returns so far, growing
with the square root of the horizon, or sums of past returns drawn with replacement. EWMA: the
variance forgets with a factor of 0.94 a day (J.P. Morgan and Reuters 1996, RiskMetrics, section
5.3). GARCH(1,1) with Student's t (Bollerslev 1987): fitted every 30 days on all returns so far, its
variance updated every day.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ..calibration.prices.garch import load_arch
from ..model.shocks import Streams
from .scores import Normal

DECAY = 0.94  # a day
REFIT = 30  # days between two fits of GARCH
PERCENT = 100.0  # arch fits best where returns are of the order of 1
Progress = Callable[[int, int], None]


def random_walk(returns: np.ndarray, days: Sequence[int], horizon: int) -> Normal:
    """Normal random walk. returns: (n,), returns[i] leads from day i to day i + 1. days: of the
    forecasts, since the first close.
    """
    sd = np.array([np.sqrt(np.mean(returns[:day] ** 2)) for day in days])
    return Normal(np.zeros(len(sd)), sd * np.sqrt(horizon))


def ewma(returns: np.ndarray, days: Sequence[int], horizon: int) -> Normal:
    """Normal with exponentially weighted variance; see `random_walk`."""
    sd = []
    for day in days:
        weight = DECAY ** np.arange(day)[::-1]
        sd.append(np.sqrt(np.sum(weight * returns[:day] ** 2) / np.sum(weight)))
    return Normal(np.zeros(len(sd)), np.array(sd) * np.sqrt(horizon))


def bootstrap(
    returns: np.ndarray, days: Sequence[int], *, horizon: int, runs: int, seed: int
) -> Iterator[np.ndarray]:
    """Sums of past returns less their mean, drawn with replacement: after 1 to `horizon` days
    (runs, horizon), day after day.
    """
    streams = Streams(seed)
    for day in map(int, days):
        past = returns[:day] - np.mean(returns[:day])
        drawn = (streams.uniforms(day, "bootstrap", runs * horizon) * day).astype(int)
        yield np.cumsum(past[drawn].reshape(runs, horizon), axis=1)


@dataclass(frozen=True)
class GarchUpTo:
    """GARCH(1,1)-t of returns in per cent up to a day. variance: of the last return [%^2]. ok:
    whether the search converged.
    """

    day: int
    omega: float
    alpha: float
    beta: float
    degrees: float
    variance: float
    ok: bool


def garch_fits(
    returns: np.ndarray, days: Sequence[int], progress: Progress | None = None
) -> list[GarchUpTo]:
    """Fits on the first and every 30th of consecutive days. Raises InputError where the package
    arch is missing.
    """
    arch_model = load_arch().arch_model
    found, chosen = [], list(map(int, days[::REFIT]))
    for done, day in enumerate(chosen, start=1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what did not converge is counted and told
            fit = arch_model(
                returns[:day] * PERCENT, mean="Zero", vol="GARCH", p=1, q=1, dist="t"
            ).fit(disp="off", show_warning=False)
        numbers = (float(fit.params[name]) for name in ("omega", "alpha[1]", "beta[1]", "nu"))
        found.append(
            GarchUpTo(
                day, *numbers, float(fit.conditional_volatility[-1]) ** 2, fit.convergence_flag == 0
            )
        )
        if progress:
            progress(done, len(chosen))
    return found


def garch(
    returns: np.ndarray,
    days: Sequence[int],
    fits: Sequence[GarchUpTo],
    *,
    horizon: int,
    runs: int,
    seed: int,
) -> Iterator[np.ndarray]:
    """GARCH(1,1)-t, simulated: after 1 to `horizon` days (runs, horizon), day after day; days:
    consecutive, as for the fits.
    """
    streams, by_day, fit, variance = Streams(seed), {one.day: one for one in fits}, fits[0], 0.0
    for day in map(int, days):
        if day in by_day:
            fit = by_day[day]
            variance = fit.variance
        shock = returns[day - 1] * PERCENT
        variance = fit.omega + fit.alpha * shock * shock + fit.beta * variance  # of the day ahead
        uniforms = streams.uniforms(day, "garch", runs * horizon).reshape(horizon, runs)
        standard = stdtrit(fit.degrees, uniforms) * np.sqrt((fit.degrees - 2.0) / fit.degrees)
        ahead, moved = np.full(runs, variance), np.empty((runs, horizon))
        for step in range(horizon):
            moved[:, step] = np.sqrt(ahead) * standard[step]
            ahead = fit.omega + fit.alpha * moved[:, step] ** 2 + fit.beta * ahead
        yield np.cumsum(moved, axis=1) / PERCENT
