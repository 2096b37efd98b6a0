"""Inter-arrival variation of a trace whose time stamps are rounded to a lattice.

The probability p0(w) that a window of length w is empty gives the gaps of any stationary process:
1 + CV² = 2 × rate × ∫p0 (Palm and Khinchin). Rounded stamps show p0 at multiples of the step only.
Between them it is convex, starts at 1 and falls at the rate, so that the integral lies between two
limits which no law of the arrivals can leave; the upper one is the CV of the stamps as they are.
(Sampling aside, and if arrivals do not follow the clock that stamps them.)

Where requests are many to a step the limits are far apart, and the counts by step speak. Two
readings are compared: requests that come as a Poisson process within a step (spread uniformly over
it), and a renewal process whose counts have the dispersion seen from one step to the next. If they
agree, their mean is taken. If they do not, bursts within steps and changes of the rate are the
same thing to the data, and the CV is refused. What neither sees is bursts that come more regularly
than a Poisson process, so that their counts have its dispersion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...histories.request_trace import RequestTrace
from ...results.intervals import Z

WITHIN = 0.1  # relative distance of the CV from the truth up to which it is told


@dataclass(frozen=True, eq=False)
class StampCells:
    """The steps of the stamps ("cells") that hold requests, without the first and the last, which
    are cut by the ends of the trace.

    gap: from each to the next (n,) [cells]. count, after: requests in it and in the next (n,).
    place: of each in the time observed, in [0, 1). width: of a cell [s]. number: of all cells.
    requests: in each that holds any (n + 1,). position: of these, from the first cell.
    """

    gap: np.ndarray
    count: np.ndarray
    after: np.ndarray
    place: np.ndarray
    width: float
    number: int
    requests: np.ndarray
    position: np.ndarray

    @property
    def seconds(self) -> np.ndarray:
        """Of every request, in the middle of its cell, from the start of the first cell [s]."""
        return (np.repeat(self.position, self.requests) + 0.5) * self.width

    @property
    def span(self) -> float:
        """Time of all cells [s]."""
        return self.number * self.width


@dataclass(frozen=True)
class GapVariation:
    """A coefficient of variation. value: NaN where it is refused. low, high: what it may be, the
    steps being what they are; how: it was found, for a note. problem: why it is refused.
    """

    value: float
    low: float
    high: float
    how: str
    problem: str = ""


def cells(trace: RequestTrace) -> StampCells:
    """The cells of a trace with a lattice. Steps between stamps are rounded one by one, so that
    an inexact lattice (3000, 5999, 9000 ms) does not drift.
    """
    index = np.concatenate([[0], np.cumsum(np.rint(np.diff(trace.seconds) / trace.lattice))])
    position, requests = np.unique(index.astype(np.int64), return_counts=True)
    last = int(position[-1])
    inner = (position > 0) & (position < last)
    position, requests = position[inner] - 1, requests[inner]
    number = max(last - 1, 0)
    return StampCells(
        np.diff(position),
        requests[:-1],
        requests[1:],
        position[:-1] / max(number, 1),
        trace.lattice,
        number,
        requests,
        position,
    )


def limits(gap: np.ndarray, count: np.ndarray) -> tuple[float, float]:
    """Lowest and highest CV that a stationary process with these stamps can have. gap: from each
    occupied cell to the next [cells]; count: requests in each.
    """
    total = int(gap.sum())
    rate = count.sum() / total  # requests a cell
    # p[j]: share of places from which j cells are empty, the sum of what gaps exceed j by
    tail = np.cumsum(np.bincount(gap)[::-1])[::-1]  # [j]: gaps of j or more
    beyond = np.append(np.cumsum(tail[::-1])[::-1][1:], 0.0) / total
    p = np.append(beyond, 0.0)
    p[0] = 1.0
    slope = np.diff(p)
    # a convex curve lies above the chords of its neighbours, drawn on; below 0 it does not go
    left, right = np.append(-rate, slope[:-1]), np.append(slope[1:], 0.0)
    bend = right - left
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(bend > 0.0, (p[:-1] - p[1:] + right) / bend, 0.5)
    x = np.clip(x, 0.0, 1.0)
    y = np.maximum(p[:-1] + left * x, 0.0)
    low = 0.5 * (x * (p[:-1] + y) + (1.0 - x) * (y + p[1:])).sum()
    high = p.sum() - 0.5
    return tuple(float(np.sqrt(max(2.0 * rate * area - 1.0, 0.0))) for area in (low, high))


def spread(gap: np.ndarray, count: np.ndarray, after: np.ndarray) -> float:
    """CV where the requests of a cell lie in it uniformly and independently: the expectation over
    their places, from the moments of uniform spacings.
    """
    mean, square = 1.0 / (count + 1.0), 2.0 / ((count + 1.0) * (count + 2.0))
    mean_after, square_after = 1.0 / (after + 1.0), 2.0 / ((after + 1.0) * (after + 2.0))
    empty = gap - 1.0
    squares = (count - 1.0) * square + square + square_after + empty**2
    squares += 2.0 * empty * (mean + mean_after) + 2.0 * mean * mean_after
    lengths = (count - 1.0) * mean + mean + mean_after + empty
    n = count.sum()
    return float(np.sqrt(max(n * squares.sum() / lengths.sum() ** 2 - 1.0, 0.0)))


def dispersion(gap: np.ndarray, count: np.ndarray, after: np.ndarray) -> float:
    """Variance over mean of the counts of cells by their differences from one cell to the next,
    in which a slowly changing rate is not seen. A Poisson process has 1, a renewal process with
    many gaps a cell CV².
    """
    squares = np.where(gap == 1, (after - count) ** 2, after**2 + count**2)
    return float(squares.sum() / (2.0 * count.sum()))


def _renewal(uniform: float, local: float) -> float:
    """CV of a renewal process with the local dispersion whose rate changes as that of a Poisson
    process with this CV does: 1 + CV² is (1 + local) × E[rate] × E[1/rate] for both.
    """
    return float(np.sqrt(max((1.0 + local) * (1.0 + uniform**2) / 2.0 - 1.0, 0.0)))


def _near(value: float, *others: float) -> bool:
    return all(abs(other - value) <= WITHIN * other for other in others)


def variation(found: StampCells, kept: np.ndarray | None = None, how: str = "") -> GapVariation:
    """CV of the inter-arrival times. kept: which gaps between cells are used; how: "limits" or
    "counts" in place of a choice between them, as a jackknife needs it.
    """
    kept = slice(None) if kept is None else kept
    gap, count, after = (one[kept].astype(float) for one in (found.gap, found.count, found.after))
    low, high = limits(found.gap[kept], count)
    middle = 0.5 * (low + high)
    if how == "limits" or (not how and _near(middle, low, high)):
        return GapVariation(middle, low, high, "limits")
    uniform, local = spread(gap, count, after), dispersion(gap, count, after)
    readings = uniform, _renewal(uniform, local)
    value = 0.5 * sum(readings)
    if how == "counts":
        return GapVariation(value, *sorted(readings), "counts")
    # of a sum of squared differences, of which neighbours have a correlation of a quarter
    error = Z * np.sqrt(3.0 / gap.sum())
    ends = (_renewal(uniform, local * max(1.0 + side * error, 0.0)) for side in (-1.0, 1.0))
    reach = (*readings, *ends)
    inside = low <= value <= high
    if inside and _near(value, *reach):
        return GapVariation(value, min(reach), max(reach), "counts")
    per = count.sum() / gap.sum()
    problem = (
        f"time stamps have steps of {found.width:.4g} s, with {per:.3g} requests in each: counts "
        f"by step allow {round(min(reach), 2):.3g} to {max(reach):.3g}, any arrivals with these "
        f"stamps {round(low, 2):.3g} to {high:.3g}"
    )
    return GapVariation(float("nan"), low, high, "", problem)


def explained(reading: GapVariation, width: float) -> str:
    """How a CV was had from rounded stamps, for a note. width: of the steps [s]."""
    ways = {
        "limits": "whatever the law of arrivals, sampling aside",
        "counts": (
            "spread uniformly over their steps, or as a renewal process with the dispersion of "
            "counts from step to step"
        ),
    }
    return (
        f"capacity.arrival_cv is corrected for time stamps with steps of {width:.4g} s: it lies "
        f"within {reading.low:.4g} to {reading.high:.4g}, {ways[reading.how]}"
    )
