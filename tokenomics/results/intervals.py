"""Monte-Carlo confidence intervals: Student's t, cut off at the bounds of what is averaged,
Wilson's for a probability, and Newcombe's for the difference of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elementary import ndtri
from ..model.formulas.normal import ndtr
from ..shown import readable
from .student import LEAST, outside, quantile

LEVEL = 0.95  # of the confidence intervals
# half their width in standard deviations of a normal, ndtri(0.5 + LEVEL / 2); a number, for no code
# need be made where nothing is simulated
Z = 1.959963984540054
BLOCK = 1024  # runs that are summed up at once, so that what is read in pieces fits into memory
MANY_PAIRS = 10_000  # discordant pairs that are counted exactly
FEWEST_EQUAL = 5  # runs whose equal differences tell two policies apart
Bounds = tuple[float, float]
UNBOUNDED, SIZE, SHARE = (-np.inf, np.inf), (0.0, np.inf), (0.0, 1.0)


@dataclass(frozen=True, eq=False)
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


@dataclass(frozen=True)
class Pairs:
    """Of runs in which something did or did not happen on two sides, on the same shocks: how often
    on both, on the first alone, on the second alone, on neither; numbers or (metrics,).
    """

    both: Any
    first: Any
    second: Any
    neither: Any

    @property
    def n(self) -> Any:
        """Runs."""
        return self.both + self.first + self.second + self.neither

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Interval of the first probability less the second; it reaches to 0 where the exact test
        does not tell them apart.

        Newcombe (1998), Statistics in Medicine 17, 2635-2650, method 10: Wilson's intervals of both
        sides, put together with their correlation, which is corrected for continuity. The test is
        McNemar's, exact: `mcnemar`.
        """
        one, two = self.both + self.first, self.both + self.second
        low, high = _squared_and_added(
            wilson(one, self.n, level), wilson(two, self.n, level), self._correlation()
        )
        if mcnemar(self.first, self.second) >= 1.0 - level:
            low, high = min(low, 0.0), max(high, 0.0)
        return low, high

    def _correlation(self) -> float:
        """Of both sides; 0 where one of them is the same in every run."""
        one, two = self.both + self.first, self.both + self.second
        square = one * (self.n - one) * two * (self.n - two)
        if square == 0.0:
            return 0.0
        apart = self.both * self.neither - self.first * self.second
        corrected = max(apart - 0.5 * self.n, 0.0) if apart > 0.0 else apart
        return float(corrected / np.sqrt(square))


def wilson(count: float, n: float, level: float = LEVEL) -> tuple[float, float, float]:
    """Share, low and high of what happened in some of n runs; see `intervals`."""
    share, z = count / n, float(ndtri(0.5 + level / 2.0))
    centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z * np.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n)
    # 0 and 1 are bounds but for rounding
    return share, float(centre - half) if share else 0.0, float(centre + half) if share < 1 else 1.0


def _squared_and_added(
    one: tuple[float, float, float], two: tuple[float, float, float], correlation: float
) -> tuple[float, float]:
    """Interval of a difference of shares from their own intervals (Newcombe 1998)."""
    (p, p_low, p_high), (q, q_low, q_high) = one, two

    def reach(x: float, y: float) -> float:
        return float(np.sqrt(max(x * x - 2.0 * correlation * x * y + y * y, 0.0)))

    gap = p - q
    return gap - reach(p - p_low, q_high - q), gap + reach(p_high - p, q - q_low)


def independent_shares(
    one: float, of_one: float, two: float, of_two: float, level: float = LEVEL
) -> tuple[float, float]:
    """Interval of a share less another, of runs that have nothing to do with one another: Newcombe
    (1998), Statistics in Medicine 17, 873-890, method 10. one, two: counts.
    """
    return _squared_and_added(wilson(one, of_one, level), wilson(two, of_two, level), 0.0)


def mcnemar(first: float, second: float) -> float:
    """Probability of discordant pairs at least as uneven, if both sides were alike: twice a tail of
    the binomial distribution (McNemar 1947, exact), by Edwards's (1948) corrected normal beyond
    `MANY_PAIRS` of them.
    """
    fewer, pairs = int(min(first, second)), int(first + second)
    if not pairs:
        return 1.0
    if pairs > MANY_PAIRS:
        apart = max(pairs - 2.0 * fewer - 1.0, 0.0) / np.sqrt(pairs)
        return 2.0 * float(ndtr(-apart))
    ways = total = 1
    for k in range(1, fewer + 1):
        ways = ways * (pairs - k + 1) // k
        total += ways
    return min(2 * total / 2**pairs, 1.0)


class PairedMoments(Moments):
    """Moments of paired differences, with their least and largest, and how often what is 0 or 1 was
    1 on each side.
    """

    def __init__(self, points: int):
        super().__init__(points)
        self.least, self.largest = np.full(points, np.inf), np.full(points, -np.inf)
        self.both, self.first, self.second = np.zeros((3, points))

    def add_pairs(self, mine: np.ndarray, base: np.ndarray) -> None:
        """Take in the next block of runs: values (points, runs of the block), NaN for a failed
        run.
        """
        gaps = np.ascontiguousarray(mine - base)
        super().add(slice(None), gaps)
        good = np.isfinite(gaps)
        least, largest = np.where(good, gaps, np.inf), np.where(good, gaps, -np.inf)
        self.least = np.minimum(self.least, least.min(axis=1, initial=np.inf))
        self.largest = np.maximum(self.largest, largest.max(axis=1, initial=-np.inf))
        self.both += (good & (mine == 1.0) & (base == 1.0)).sum(axis=1)
        self.first += (good & (mine == 1.0) & (base == 0.0)).sum(axis=1)
        self.second += (good & (mine == 0.0) & (base == 1.0)).sum(axis=1)

    def paired(
        self, probability: Any, bounds: tuple[Any, Any] = UNBOUNDED, level: float = LEVEL
    ) -> Intervals:
        """Mean differences with their intervals; see `paired_intervals`."""
        found = self.intervals(level=level, bounds=bounds)
        alike = (found.n > 1) & (self.least == self.largest)
        mean, low, high = (
            np.where(alike, self.least, some) for some in (found.mean, found.low, found.high)
        )
        for i in np.flatnonzero((found.n > 1) & np.asarray(probability, dtype=bool)):
            both, first, second = (float(some[i]) for some in (self.both, self.first, self.second))
            pairs = Pairs(both, first, second, float(found.n[i]) - both - first - second)
            low[i], high[i] = pairs.interval(level)
        return Intervals(mean, low, high, found.n)

    def p_values(self, probability: Any) -> np.ndarray:
        """Probability of mean differences at least as large, were there none, each alone: Student's
        t, `mcnemar` for a probability, and the sign test where all runs differ by one number; NaN
        where fewer than two runs count. None is below `LEAST`. probability: as of
        `paired_intervals`.
        """
        found = np.full(len(self.counted), np.nan)
        for i in np.flatnonzero(self.counted > 1):
            n = float(self.counted[i])
            if np.asarray(probability)[i]:
                found[i] = mcnemar(self.first[i], self.second[i])
            elif self.least[i] == self.largest[i]:
                found[i] = 1.0 if self.least[i] == 0.0 else 2.0 ** (1.0 - n)
            else:
                error = np.sqrt(self.squares[i] / (n - 1.0) / n)
                found[i] = outside(abs(float(self.total[i] / n / error)), int(n) - 1)
        return np.maximum(found, LEAST)


def paired_intervals(
    mine: np.ndarray,
    base: np.ndarray,
    probability: Any,
    bounds: tuple[Any, Any],
    level: float = LEVEL,
) -> Intervals:
    """Mean paired difference mine − base over the runs of each metric, with its interval: Student's
    t, `Pairs.interval` for a probability.

    mine, base: (metrics, runs); NaN marks a failed run. probability: (metrics,), whether it is one.
    bounds: of each difference, as of `intervals`. Where another metric's differences are all equal,
    both bounds are that number.
    """
    moments = PairedMoments(len(mine))
    for block in blocks(mine.shape[1]):
        moments.add_pairs(mine[:, block], base[:, block])
    return moments.paired(probability, bounds, level)


def quantile_interval(values: np.ndarray, q: float, level: float = LEVEL) -> tuple[float, float]:
    """Interval of the quantile q of what finite values (n,) are drawn from: two of them, whatever
    its distribution; NaN for an end that so few values do not reach.

    David and Nagaraja, Order Statistics (2003), section 7.1: the number of values below it is
    binomial.
    """
    # simulations and their metrics go without it, as the self-check does where it is missing
    from scipy.special import bdtr

    ordered, n = np.sort(values), len(values)
    below = bdtr(np.arange(n), n, q) if n else np.zeros(0)  # P(at most k values below it)
    low = int(np.searchsorted(below, 0.5 - 0.5 * level, side="right"))
    high = int(np.searchsorted(below, 0.5 + 0.5 * level))
    return (
        float(ordered[low - 1]) if low else np.nan,
        float(ordered[high]) if high < n else np.nan,
    )


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
    return f"{readable(mean)} {interval({'low': low, 'high': high})}".rstrip()


def interval(row: Mapping) -> str:
    """The interval of a metric's row as text; empty for a single run."""
    if not np.isfinite(row["low"]):
        return ""
    return f"[{readable(row['low'])}, {readable(row['high'])}]"
