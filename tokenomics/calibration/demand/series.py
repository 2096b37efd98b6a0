"""The demand block from a series of request rates: level, weekly and diurnal pattern, growth, and
the mean-reverting log process.

The block holds its log process over a day, so that its parameters are those of the logarithm of
daily means. The same process at the series' own windows is estimated beside it: it is another
quantity, and a table shows what it says about daily means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ...histories.demand import DemandSeries
from ...model.formulas.numerics import DAYS_PER_YEAR, SECONDS_PER_DAY
from ...results.intervals import LEVEL
from ..ar1 import Interval, OrnsteinUhlenbeck, averaged
from ..dependence import jackknife, jackknifed
from ..estimates import Estimate
from .outages import EmptyWindows, logs_of_means, outages, said

WEEK = 7  # days
PATTERNS = {
    "diurnal": 2,
    "weekly": 2 * WEEK,
    # whole days that each needs: every hour or weekday seen twice, else it is that day's own
    # deviation
}
LOG_PROCESS = WEEK  # daily means below which no process is fitted
TREND = 4 * WEEK  # days from which a trend is taken out of the daily means
YEAR = round(DAYS_PER_YEAR)  # days below which growth cannot be told from the season of the year
HARMONICS = 4  # of the day in the series' own windows: down to six hours
FAST_LIMIT = 1000.0  # 1/day; an upper end for θ at windows of minutes
NAN = float("nan")


def missing(name: str, unit: str, problem: str) -> Estimate:
    """What the data cannot tell at all."""
    return Estimate(name, unit, NAN, NAN, NAN, NAN, problem)


@dataclass(frozen=True, eq=False)
class SeriesFit:
    """What is fitted to a series; whole days only."""

    series: DemandSeries

    @property
    def per_day(self) -> int:
        """Windows a day."""
        return round(SECONDS_PER_DAY / self.series.width)

    @property
    def days(self) -> int:
        """Whole days."""
        return len(self.series.rate) // self.per_day

    @property
    def used(self) -> np.ndarray:
        """Rates of the whole days, or all of a series shorter than one [req/s]."""
        return self.series.rate[: self.days * self.per_day] if self.days else self.series.rate

    @cached_property
    def outages(self) -> EmptyWindows:
        """Windows without a request that are no demand."""
        if not self.days:
            return EmptyWindows(np.zeros(len(self.used), bool), self.used, np.zeros(0, bool))
        return outages(self.used.reshape(self.days, self.per_day), self.series.width)

    @property
    def filled(self) -> np.ndarray:
        """Rates with outages replaced by what is usual [req/s]."""
        return self.outages.filled

    @cached_property
    def by_day(self) -> np.ndarray:
        """The same, (days, windows a day) [req/s]."""
        return self.filled.reshape(self.days, self.per_day)

    def said_of_empty(self) -> list[str]:
        """What was done to windows without a request, a line each."""
        return said(self.outages, self.series, self.used)

    def short_for(self, pattern: str) -> str:
        """Why the series cannot carry a pattern; empty where it can."""
        need = PATTERNS[pattern]
        if pattern == "diurnal" and self.per_day < 4:
            return f"windows of {self.series.width:g} s do not show the hours of a day"
        if self.days < need:
            return (
                f"whole days: {self.days}; a {pattern} pattern needs {need}: seen once, it is that "
                f"period's own deviation"
            )
        return ""

    @cached_property
    def daily(self) -> OrnsteinUhlenbeck | None:
        """The log process of daily means; None where there are too few or a day has no level."""
        if self.days < LOG_PROCESS or self._without_level:
            return None
        means = self.by_day.mean(axis=1)
        return OrnsteinUhlenbeck(np.log(means), self._regressors(np.arange(self.days)), 1.0)

    @property
    def _without_level(self) -> str:
        """Why a day has no level; empty where each has one."""
        if not self.by_day.any(axis=1).all():
            return "a day without a request"
        return "" if self.outages.whole.all() else "a day of which half is missing or more"

    @cached_property
    def fast(self) -> OrnsteinUhlenbeck | None:
        """The log process of single windows without pattern; None where the day is not seen twice
        or a window is empty.
        """
        if self.short_for("diurnal") or not self.used.all():
            return None  # nor with an outage: what is filled in has no noise
        time = np.arange(len(self.used)) / self.per_day
        day = [
            f(2.0 * np.pi * k * time)
            for k in range(1, min(HARMONICS, self.per_day // 2 - 1) + 1)
            for f in (np.sin, np.cos)
        ]
        x = np.column_stack([self._regressors(time), *day])
        return OrnsteinUhlenbeck(np.log(self.used), x, 1.0 / self.per_day, high=FAST_LIMIT)

    def _regressors(self, time: np.ndarray) -> np.ndarray:
        columns = [np.ones(len(time))]
        if not self.short_for("weekly"):
            columns += [np.sin(2.0 * np.pi * time / WEEK), np.cos(2.0 * np.pi * time / WEEK)]
        if self.days >= TREND:
            columns.append((time - time.mean()) / DAYS_PER_YEAR)
        return np.column_stack(columns)

    def rate(self) -> Estimate:
        """Mean request rate with an error that allows for dependence between days, or between
        windows of a short series.
        """
        name, unit, mean = "demand.request_rate", "req/s", float(self.filled.mean())
        if self.daily is not None:
            level = self.daily.coefficient(np.eye(self.daily.X.shape[1])[0])
            low, high = (mean * float(np.exp(end - level.value)) for end in (level.low, level.high))
            return Estimate(name, unit, mean, mean * level.error, low, high)
        found = jackknife(
            lambda kept: self.filled[kept].mean(), np.arange(len(self.used)) / len(self.used)
        )
        return jackknifed(name, unit, found)

    def overdispersion(self) -> Estimate:
        """Variance over mean of the counts by window: 1 for a Poisson process of constant rate."""
        width, there = self.series.width, ~self.outages.lost
        used, place = self.used[there], np.flatnonzero(there) / len(there)
        name = f"overdispersion of counts in {width:g} s"
        found = jackknife(
            lambda kept: used[kept].var(ddof=1) / used[kept].mean() * width,
            place,
        )
        return jackknifed(name, "1", found)

    def weekly(self) -> Estimate:
        """Amplitude of the weekly sine in log demand at its own phase; the square of the noise
        across the phase is taken off (Rice).
        """
        name = "demand.weekly_amplitude"
        if (short := self.short_for("weekly")) or self.daily is None:
            return missing(name, "1", short or f"{self._without_level} has no logarithm")
        a, b = (self.daily.coefficient(np.eye(self.daily.X.shape[1])[i]).value for i in (1, 2))
        norm = float(np.hypot(a, b))
        along, across = np.zeros((2, self.daily.X.shape[1]))
        along[1:3], across[1:3] = (a / norm, b / norm), (-b / norm, a / norm)
        found = self.daily.coefficient(along)
        value = float(np.sqrt(max(norm**2 - self.daily.coefficient(across).error ** 2, 0.0)))
        low, high = (max(value + end - found.value, 0.0) for end in (found.low, found.high))
        problem = (
            "" if low > 0.0 else f"not told apart from none: {self.days} days, 95 % interval from 0"
        )
        return Estimate(name, "1", value, found.error, low, high, problem)

    def weekly_peak(self) -> float:
        """Day after the first at which the weekly sine is highest."""
        a, b = (self.daily.coefficient(np.eye(self.daily.X.shape[1])[i]).value for i in (1, 2))
        return float(np.arctan2(a, b) / (2.0 * np.pi) * WEEK % WEEK)

    def diurnal(self) -> tuple[Estimate, pd.DataFrame | None]:
        """Amplitude of the day's first harmonic of the log rate, and the factors of the hours;
        errors from day to day. Where windows without a request are no outage, those of the mean
        over days by hour.
        """
        name = "diurnal amplitude (first harmonic of the log rate)"
        if short := self.short_for("diurnal"):
            return missing(name, "1", short), None
        days = self.by_day[self.outages.whole]
        if len(days) < PATTERNS["diurnal"]:
            return missing(name, "1", f"days without an outage: {len(days)}"), None
        logs = np.log(days) if days.all() else logs_of_means(days)
        if logs is None:
            return missing(name, "1", "an hour without a request on all days, or all but one"), None
        logs = logs - logs.mean(axis=1, keepdims=True)
        angle = 2.0 * np.pi * np.arange(logs.shape[1]) / logs.shape[1]
        waves = 2.0 / logs.shape[1] * logs @ np.exp(1j * angle)
        mean = waves.mean()
        turned = waves * np.conj(mean) / abs(mean)
        along, across = turned.real, turned.imag
        t, root = stdtrit(len(days) - 1, 0.5 + LEVEL / 2.0), np.sqrt(len(days))
        value = float(np.sqrt(max(abs(mean) ** 2 - across.var(ddof=1) / len(days), 0.0)))
        error = float(along.std(ddof=1) / root)
        low = max(float(value - t * error), 0.0)
        problem = (
            "" if low > 0.0 else f"not told apart from none: {len(days)} days, 95 % interval from 0"
        )
        hours = np.arange(logs.shape[1]) * 24 // logs.shape[1]
        rows = []
        for hour in np.unique(hours):
            each = logs[:, hours == hour].mean(axis=1)
            half = t * each.std(ddof=1) / root
            rows.append((int(hour), *np.exp([each.mean(), each.mean() - half, each.mean() + half])))
        table = pd.DataFrame(rows, columns=["hour after the start", "factor", "low", "high"])
        return Estimate(name, "1", value, error, low, value + float(t * error), problem), table

    def growth(self) -> Estimate:
        """Continuous growth rate."""
        name, unit = "demand.growth_rate", "1/year"
        if self.days < TREND or self.daily is None:
            return missing(
                name,
                unit,
                (
                    f"whole days: {self.days}; a trend needs {TREND}, and {YEAR} to be told from "
                    f"the season of the year"
                ),
            )
        found = self.daily.coefficient(np.eye(self.daily.X.shape[1])[-1])
        problem = (
            ""
            if self.days >= YEAR
            else f"{self.days} days: growth is not told from the season of the year below {YEAR}"
        )
        return Estimate(name, unit, found.value, found.error, found.low, found.high, problem)

    def process(self) -> tuple[Estimate, ...]:
        """Reversion, volatility and standard deviation of the log process of daily means."""
        names = (
            ("demand.reversion", "1/day"),
            ("demand.volatility", "1/sqrt(day)"),
            ("standard deviation of log daily demand", "1"),
        )
        if self.daily is None:
            why = (
                f"whole days: {self.days}; the log process needs {LOG_PROCESS}"
                if self.days < LOG_PROCESS
                else self._without_level
            )
            return tuple(missing(*name, why) for name in names)
        parts = self.daily.reversion(), self.daily.size("volatility"), self.daily.size("deviation")
        problem = _unknown(parts[0], self.days)
        open_ended = (
            "" if not parts[2].open else "the interval reaches the end of what was searched"
        )
        return tuple(
            Estimate(*name, p.value, p.error, p.low, p.high, why)
            for name, p, why in zip(names, parts, (problem, problem, open_ended), strict=True)
        )

    def resolutions(self) -> pd.DataFrame | None:
        """The log process from daily means and from single windows, and what each says about daily
        means.
        """
        rows = []
        for label, fit in (
            ("daily means", self.daily),
            (f"windows of {self.series.width:g} s", self.fast),
        ):
            if fit is None or (rows and fit.step == 1.0):
                continue
            reversion, volatility, deviation = (
                fit.reversion(),
                fit.size("volatility"),
                fit.size("deviation"),
            )
            exact = fit.maximum_likelihood()
            held = (
                (deviation.value, float(np.exp(-reversion.value)))
                if fit.step == 1.0
                else averaged(reversion.value, deviation.value)
            )
            cells = [
                label,
                reversion.value,
                reversion.low,
                reversion.high,
                exact[0],
                volatility.value,
                volatility.low,
                volatility.high,
            ]
            rows.append([*cells, deviation.value, *held])
        names = [
            "from",
            "reversion 1/day",
            "low",
            "high",
            "by exact ML",
            "volatility 1/sqrt(day)",
            "low ",
            "high ",
            "standard deviation",
        ]
        return (
            pd.DataFrame(
                rows, columns=[*names, "of daily means", "lag-1 autocorrelation of daily means"]
            )
            if rows
            else None
        )


def _unknown(reversion: Interval, days: int) -> str:
    rivals = {"high": "independent days", "low": "a random walk"}
    found = [rival for end, rival in rivals.items() if end in reversion.open]
    reach = f"the 95 % interval reaches {reversion.low:g} to {reversion.high:g} 1/day"
    return (
        (
            f"{days} daily means do not tell a mean-reverting process from "
            f"{' or from '.join(found)}: {reach}"
        )
        if found
        else ""
    )
