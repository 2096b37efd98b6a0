"""Paired differences of many metrics at once: simultaneous intervals, read against the smallest
difference that matters, with Holm's p.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .intervals import FEWEST_EQUAL, LEVEL, Intervals, PairedMoments, blocks
from .metrics import METRICS

# of a size, whatever the sign
LARGER, SMALLER, UNDECIDED = "more than matters", "less than matters", "undecided"
# of a table of differences, after what tells them apart
FOUND = ("difference", "low", "high", "n", "win_rate", "p", "matters", "verdict", "reading", "unit")


class Paired:
    """Paired differences of some metrics, taken in a block of runs after the other. equal: whether
    all runs have the same numbers, to the last bit.
    """

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)
        self._metrics = [METRICS[name] for name in names]
        self._moments = PairedMoments(len(names))
        self._above, self._level = np.zeros((2, len(names)))
        self.equal = True

    @classmethod
    def of(cls, names: Sequence[str], mine: np.ndarray, base: np.ndarray) -> Paired:
        """Of values (metrics, runs) in memory, NaN for a failed run, of the same run indices."""
        found = cls(names)
        for block in blocks(mine.shape[1]):
            found.add(mine[:, block], base[:, block])
        return found

    def add(self, mine: np.ndarray, base: np.ndarray) -> None:
        """Take in the next block of runs: values (metrics, runs), NaN for a failed run."""
        gaps = mine - base
        self._moments.add_pairs(mine, base)
        self._above += (gaps > 0).sum(axis=1)
        self._level += (gaps == 0).sum(axis=1)
        self.equal = self.equal and np.array_equal(mine, base, equal_nan=True)

    def intervals(self, level: float = LEVEL) -> Intervals:
        """Mean differences mine − base with their intervals; see `paired_intervals`."""
        return self._moments.paired(
            [one.probability for one in self._metrics],
            np.transpose([one.gap for one in self._metrics]),
            level,
        )

    def p_values(self) -> np.ndarray:
        """Of no difference, (metrics,), each alone; see `PairedMoments.p_values`."""
        return self._moments.p_values([one.probability for one in self._metrics])

    def win_rate(self, i: int) -> float:
        """Share of runs in which a metric is better, ties counted half; NaN where neither direction
        is.
        """
        n, better = self._moments.counted[i], self._metrics[i].better
        if not n or not better:
            return np.nan
        above, level = self._above[i], self._level[i]
        return float(((above if better == "higher" else n - above - level) + 0.5 * level) / n)


def holm(p: np.ndarray) -> np.ndarray:
    """Probabilities (n,) adjusted for all of them together, NaN left out: Holm (1979), Scandinavian
    Journal of Statistics 6, 65-70.
    """
    p = np.asarray(p, dtype=float)
    found, good = np.full(len(p), np.nan), np.flatnonzero(np.isfinite(p))
    order = good[np.argsort(p[good], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return found


def word(low: float, high: float, n: int, margin: float) -> str:
    """A difference against the smallest that matters: `LARGER` where its whole interval is beyond
    it, `SMALLER` where all of it is within, else `UNDECIDED`, as where a few runs differ by one
    number.
    """
    if n < 2 or (low == high and n < FEWEST_EQUAL):
        return UNDECIDED
    if (low > 0.0 and low >= margin) or (high < 0.0 and high <= -margin):
        return LARGER
    return SMALLER if -margin < low and high < margin else UNDECIDED


def _reading(verdict: str, better: str, difference: float) -> str:
    """What a larger difference means; nothing for another."""
    if verdict != LARGER:
        return ""
    up = difference > 0.0
    if not better:
        return "higher" if up else "lower"
    return "better" if up == (better == "higher") else "worse"


def family(
    found: Mapping[str, Paired], margins: Mapping[str, float], key: str, size: int | None = None
) -> list[dict[str, Any]]:
    """Differences that a reader sees at once, one row an entry of `found` and metric; see
    `FOUND` for the columns.

    low, high: simultaneous 95 % intervals by Bonferroni. p: Holm's, of no difference. matters: the
    smallest difference that does, from `margins`, 0 for a metric without one. verdict: `word`.
    reading: of a larger one, better, worse, higher or lower. key: the column of the entries' names.
    size: how many differences there are, where more are seen than these.
    """
    count = size or sum(len(one.names) for one in found.values())
    level, rows = 1.0 - (1.0 - LEVEL) / max(count, 1), []
    adjusted = holm(np.concatenate([one.p_values() for one in found.values()] or [np.zeros(0)]))
    for label, one in found.items():
        s = one.intervals(level)
        for i, name in enumerate(one.names):
            metric, n = METRICS[name], int(s.n[i])
            mean, low, high = (float(some[i]) for some in (s.mean, s.low, s.high))
            margin = margins.get(name, 0.0)
            verdict = word(low, high, n, margin)
            told = (
                *(mean, low, high, n, one.win_rate(i), float(adjusted[len(rows)]), margin),
                *(verdict, _reading(verdict, metric.better, mean), metric.unit),
            )
            rows.append({key: label, "metric": name} | dict(zip(FOUND, told, strict=True)))
    return rows


def in_words(row: Any) -> str:
    """A row's verdict as it is read: which way the metric goes, and whether that is better. What
    has no smallest difference that matters is higher or lower by itself.
    """
    if row.verdict == SMALLER:
        return f"differs by {SMALLER}"
    if row.verdict != LARGER:
        return str(row.verdict)
    way = "higher" if row.difference > 0.0 else "lower"
    way += f" by {LARGER}" * (row.matters > 0.0)
    return f"{way}, {row.reading}" if row.reading in ("better", "worse") else way


def table(rows: Sequence[Mapping[str, Any]], *front: str) -> pd.DataFrame:
    """Rows of families as a table whose first columns are `front`."""
    return pd.DataFrame(rows, columns=[*front, *FOUND])
