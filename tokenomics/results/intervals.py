"""Monte-Carlo confidence intervals: Student's t, cut off at the bounds of what is averaged, and
Wilson's for a probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elementary import ndtri, power
from .student import quantile

LEVEL = 0.95  # of the confidence intervals
# half their width in standard deviations of a normal, ndtri(0.5 + LEVEL / 2); a number, for no code
# need be made where nothing is simulated
Z = 1.959963984540054
BLOCK = 1024  # runs that are summed up at once, so that what is read in pieces fits into memory
FEWEST_EQUAL = 5  # runs whose equal differences tell two policies apart
Bounds = tuple[float, float]
UNBOUNDED, SIZE, SHARE = (-np.inf, np.inf), (0.0, np.inf), (0.0, 1.0)


@dataclass(frozen=True)
class Intervals:
    """Means over runs, (points,), with intervals; NaN bounds where fewer than two runs count. n:
    runs that count.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


class Moments:
    """How many runs count, their sum and their squared deviations, of many points at once, taken in
    a block of runs after the other. The same runs in the same blocks give the same bits, whether
    they are in memory or read in pieces.

    counted, total, squares: (points,).
    """

    def __init__(self, points: int):
        self.counted, self.total, self.squares = np.zeros((3, points))

    def add(self, points: Any, values: np.ndarray) -> None:
        """Take in the next block of runs. points: indices. values: (points, runs of the block), NaN
        for a failed run.

        Blocks are merged by Chan, Golub and LeVeque (1983), The American Statistician 37, 242-247.
        """
        values = np.ascontiguousarray(values)
        good = np.isfinite(values)
        n, total = good.sum(axis=1), np.where(good, values, 0.0).sum(axis=1)
        counted, before = self.counted[points], self.total[points]
        with np.errstate(all="ignore"):
            mean = total / n
            deviation = np.where(good, values - mean[:, None], 0.0)
            apart = (mean - before / counted) ** 2 * (counted * n / (counted + n))
        squares = (deviation**2).sum(axis=1) + np.where((counted > 0) & (n > 0), apart, 0.0)
        self.counted[points], self.total[points] = counted + n, before + total
        self.squares[points] += squares

    @property
    def mean(self) -> np.ndarray:
        """Means (points,), NaN where no run counts."""
        with np.errstate(all="ignore"):
            return self.total / self.counted

    def intervals(
        self,
        *,
        probability: bool = False,
        level: float = LEVEL,
        bounds: tuple[Any, Any] = UNBOUNDED,
    ) -> Intervals:
        """Means with their intervals; see `intervals`."""
        n, mean = self.counted.astype(int), self.mean
        with np.errstate(all="ignore"):
            if probability:
                z = ndtri(0.5 + level / 2.0)
                centre = (mean + z * z / (2.0 * n)) / (1.0 + z * z / n)
                half = z * np.sqrt(mean * (1.0 - mean) / n + z * z / (4.0 * n * n))
                half /= 1.0 + z * z / n
                # the bounds hold the mean but for rounding, which matters where it is 0 or 1
                half = np.where((mean == 0.0) | (mean == 1.0), np.abs(centre - mean), half)
            else:
                centre, spread = mean, np.sqrt(self.squares / (n - 1))
                counts, own = np.unique(n, return_inverse=True)
                factors = [quantile(0.5 + level / 2.0, max(int(one) - 1, 1)) for one in counts]
                half = np.array(factors)[own] * spread / np.sqrt(n)
        few = n < 2
        # the mean itself may be beyond a bound by rounding
        low, high = (
            np.maximum(centre - half, np.minimum(bounds[0], mean)),
            np.minimum(centre + half, np.maximum(bounds[1], mean)),
        )
        return Intervals(mean, np.where(few, np.nan, low), np.where(few, np.nan, high), n)


def blocks(runs: int) -> list[slice]:
    """The blocks in which runs are summed up."""
    return [slice(first, min(first + BLOCK, runs)) for first in range(0, runs, BLOCK)]


def intervals(
    values: np.ndarray,
    *,
    probability: bool = False,
    level: float = LEVEL,
    bounds: tuple[Any, Any] = UNBOUNDED,
) -> Intervals:
    """Mean and confidence interval over the runs of each point: Student's t, Wilson's for a
    probability.

    values: (points, runs); NaN marks a failed run. bounds: between which each value lies, numbers
    or (points,). The mean of such values lies there too, so that an interval cut off there holds it
    as often as the whole one. Source of Wilson's: Wilson (1927), without continuity correction.
    """
    moments = Moments(len(values))
    for block in blocks(values.shape[1]):
        moments.add(slice(None), values[:, block])
    return moments.intervals(probability=probability, level=level, bounds=bounds)


def unseen(n: int, level: float = LEVEL) -> float:
    """The largest probability, at `level`, of what happened in none of n independent runs: one side
    of Clopper and Pearson (1934).
    """
    return 1.0 - float(power(0.5 - 0.5 * level, 1.0 / n))


def equal_gap(gap: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a probability's mean paired difference, low and high, where all n runs have the
    same one: no certainty, for others were `unseen`.

    gap: -1, 0 or 1, in every run. n: at least 1.
    """
    most = unseen(n, level)
    if gap == 0.0:
        return -most, most
    return (1.0 - 2.0 * most, 1.0) if gap > 0.0 else (-1.0, 2.0 * most - 1.0)


class PairedMoments(Moments):
    """Moments of paired differences, with their least and largest."""

    def __init__(self, points: int):
        super().__init__(points)
        self.least, self.largest = np.full(points, np.inf), np.full(points, -np.inf)

    def add(self, points: Any, values: np.ndarray) -> None:
        """Take in the next block of runs; see `Moments.add`."""
        super().add(points, values)
        good = np.isfinite(values)
        least, largest = np.where(good, values, np.inf), np.where(good, values, -np.inf)
        self.least[points] = np.minimum(self.least[points], least.min(axis=1, initial=np.inf))
        self.largest[points] = np.maximum(
            self.largest[points], largest.max(axis=1, initial=-np.inf)
        )

    def paired(
        self, probability: Any, bounds: tuple[Any, Any] = UNBOUNDED, level: float = LEVEL
    ) -> Intervals:
        """Mean differences with their intervals; see `paired_intervals`."""
        found = self.intervals(level=level, bounds=bounds)
        alike = (found.n > 1) & (self.least == self.largest)
        mean, low, high = (
            np.where(alike, self.least, some) for some in (found.mean, found.low, found.high)
        )
        for i in np.flatnonzero(alike & np.asarray(probability, dtype=bool)):
            if mean[i] in (-1.0, 0.0, 1.0):
                low[i], high[i] = equal_gap(float(mean[i]), int(found.n[i]), level)
        return Intervals(mean, low, high, found.n)


def paired_intervals(
    gaps: np.ndarray, probability: Any, bounds: tuple[Any, Any], level: float = LEVEL
) -> Intervals:
    """Mean paired difference over the runs of each metric, with its interval: Student's t,
    `equal_gap` for a probability whose runs are all equal.

    gaps: (metrics, runs); NaN marks a failed run. probability: (metrics,), whether it is one.
    bounds: of each difference, as of `intervals`. Where another metric's differences are all equal,
    both bounds are that number.
    """
    moments = PairedMoments(len(gaps))
    for block in blocks(gaps.shape[1]):
        moments.add(slice(None), gaps[:, block])
    return moments.paired(probability, bounds, level)


def differs(low: float, high: float, n: int) -> bool:
    """Whether an interval of n runs tells from zero; a number that is the same in fewer than
    `FEWEST_EQUAL` runs does not.
    """
    return bool((low > 0.0 or high < 0.0) and (low < high or n >= FEWEST_EQUAL))


@dataclass(frozen=True)
class Summary:
    """Mean over runs with its interval; low and high are None for a single run. failed: runs that
    are not counted.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    failed: int


def summarise(
    per_run: np.ndarray,
    *,
    probability: bool = False,
    level: float = LEVEL,
    bounds: Bounds = UNBOUNDED,
) -> Summary:
    """Mean and confidence interval of a metric's values (runs,); NaN marks a failed run."""
    found = intervals(
        np.asarray(per_run, dtype=float)[None, :],
        probability=probability,
        level=level,
        bounds=bounds,
    )
    n = int(found.n[0])
    low, high = (None, None) if n < 2 else (float(found.low[0]), float(found.high[0]))
    return Summary(float(found.mean[0]), low, high, n, len(per_run) - n)


def mean_interval(mean: float, low: float, high: float) -> str:
    """A mean with its interval as text; the mean alone for a single run."""
    return f"{mean:.4g} {interval({'low': low, 'high': high})}".rstrip()


def interval(row: Mapping) -> str:
    """The interval of a metric's row as text; empty for a single run."""
    return "" if not np.isfinite(row["low"]) else f"[{row['low']:.4g}, {row['high']:.4g}]"
