"""Windows without a request in a series of rates: an outage, or a rate so low that some windows are
empty.

An outage is not demand: its windows are filled with what is usual, and said. Where empty windows
belong to the series, patterns come from mean counts, which need no logarithm of a single window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import counted
from ...histories.demand import DemandSeries

# requests that an empty window has at the same time of the other days, from which it is an outage:
# a Poisson count of that mean is 0 once in 5e8 windows; assumption, for counts are overdispersed
EXPECTED = 20.0
MOST = 0.1  # share of windows above which empty ones belong to the series; assumption
HALF = 0.5  # share of a day's windows that has to be there for the day to have a level
MOST_NAMED = 5  # blocks that are named one by one


@dataclass(frozen=True, eq=False)
class EmptyWindows:
    """lost: which windows are taken for an outage (n,). filled: rates with these replaced by the
    day's level times the usual share of that time of day (n,) [req/s]; of a day of which less than
    half is there they stay. whole: days that have a level (days,).
    """

    lost: np.ndarray
    filled: np.ndarray
    whole: np.ndarray

    def blocks(self) -> list[tuple[int, int]]:
        """First window of each block, and the first one after it."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.lost.astype(int), [0]])))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def outages(by_day: np.ndarray, width: float) -> EmptyWindows:
    """Outages in whole days. by_day: rates (days, windows a day) [req/s]. width: of one [s]."""
    empty = by_day == 0.0
    whole = np.ones(len(by_day), dtype=bool)
    none = EmptyWindows(np.zeros(by_day.size, dtype=bool), by_day.ravel(), whole)
    if len(by_day) < 2 or not empty.any():
        return none
    usual = np.median(by_day, axis=0)
    lost = empty & (usual * width >= EXPECTED)
    share = lost.mean(axis=1)
    # a day without any request counts as one day, not as all of its windows
    if not lost.any() or lost[share < 1.0].sum() > MOST * by_day.size:
        return none
    whole = share < HALF
    kept = np.where(lost, 0.0, 1.0)
    profile = (by_day * kept).sum(axis=0) / np.maximum(kept.sum(axis=0), 1.0)
    expected = (profile * kept).sum(axis=1)
    level = by_day.sum(axis=1) / np.where(expected > 0.0, expected, 1.0)
    fill = lost & whole[:, None]
    filled = np.where(fill, level[:, None] * profile, by_day)
    return EmptyWindows(lost.ravel(), filled.ravel(), whole)


def said(found: EmptyWindows, series: DemandSeries, used: np.ndarray) -> list[str]:
    """What was done to windows without a request, a line each. used: rates of whole days, or all of
    a series shorter than one [req/s].
    """
    lines, width = [], series.width
    empty, lost = int((used == 0.0).sum()), int(found.lost.sum())
    if lost:
        blocks = found.blocks()
        named = [
            f"{series.time(a * width)} to {series.time(b * width)} ({b - a})"
            for a, b in blocks[:MOST_NAMED]
        ]
        more = f" and {len(blocks) - MOST_NAMED} more" if len(blocks) > MOST_NAMED else ""
        lines.append(
            f"outage: {counted(lost, 'window')} without a request at times of day that usually "
            f"have {EXPECTED:g} or more, in {counted(len(blocks), 'block')}: "
            f"{', '.join(named)}{more}; left out of the overdispersion"
        )
    if (found.filled != used).any():
        lines.append(
            f"in patterns and means the rate in the outage is the day's level times what is usual "
            f"at that time: mean {found.filled.mean():.4g} req/s in place of {used.mean():.4g}"
        )
    if days := int((~found.whole).sum()):
        lines.append(
            f"{counted(days, 'day')} of which half is missing or more: nothing tells a day's level "
            f"then, and the mean rate has it as it is"
        )
    if empty > lost:
        why = (
            "they are many, or come where few requests are usual"
            if len(found.whole) > 1
            else "below two days nothing tells an outage"
        )
        lines.append(f"{counted(empty - lost, 'window')} without a request kept as demand: {why}")
    if empty:
        lines.append("no log process of single windows, some of which have no logarithm")
    return lines


def logs_of_means(days: np.ndarray) -> np.ndarray | None:
    """Log rates by hour where windows are empty, (days, hours): the jackknife's pseudo-values of
    the logarithm of the mean over days, one for each day left out. None where an hour is empty on
    all days but one. days: rates (days, windows a day).
    """
    count, per_day = days.shape
    hour = np.arange(per_day) * 24 // per_day
    means = np.column_stack([days[:, hour == h].mean(axis=1) for h in np.unique(hour)])
    total = means.sum(axis=0)
    without = (total - means) / (count - 1)
    if not without.all():
        return None
    return count * np.log(total / count) - (count - 1) * np.log(without)
