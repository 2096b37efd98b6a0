"""What a proposal forecasts: quantiles over runs of what a network's history can show, day by day,
under today's values and under the proposed ones; a later history can score them.

They are of the runs that the metrics are of, the first `MOST_RUNS`, in the first scenario. A run
that failed is left out. A quantile that so few runs do not reach is left empty.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

import numpy as np
import pandas as pd

from ...engines.ensemble import Outcome
from ...experiments.evaluate import Simulator
from ...experiments.reads import structural
from ...experiments.sweep import Progress
from ...experiments.worlds import AT_ONCE
from ...model.model import MODEL
from ...parameters import Resolved
from ...parameters.stocks import DATE, GROUP
from .plan import EvidencePlan

VARIABLES = (
    "token_price",
    "inference_price",
    "fees",
    "served",
    "nodes",
    "circulating_supply",
    "total_supply",
    "staked",
    "treasury_usd",
    "burned",
)
# the ends of the central intervals of 95, 90 and 50 %, and the median
QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
MOST_DAYS, MOST_RUNS = 60, 1_000
MEMORY = 2**30  # bytes
CASE = 0  # the scenario that a proposal names first
COLUMNS = ("scenario", "values", "variable", "unit", "day", "date", "runs", "quantile", "value")


def runs_of(plan: EvidencePlan) -> int:
    """Number of runs that the quantiles are over, of today's values and of the proposed ones."""
    return min(plan.points[0].runs, MOST_RUNS)


def simulations(plan: EvidencePlan) -> int:
    """Number of runs that `over_time` simulates; none for what is no proposal."""
    return 2 * runs_of(plan) if plan.kind == "proposal" else 0


def days(resolved: Resolved) -> np.ndarray:
    """Numbers of the steps that are told of: day 0, the last, and about as many days between as
    `MOST_DAYS` leaves, each at the end of a step.
    """
    steps = resolved.values.simulation.steps
    return np.unique(np.rint(np.linspace(0.0, steps, min(steps + 1, MOST_DAYS))).astype(int))


def day_zero(resolved: Resolved) -> dt.date | None:
    """The date of day 0: the latest on which a stock of the start was read; None where no stock is
    known.
    """
    sources = [
        entry.source
        for path, entry in resolved.entries.items()
        if path.startswith(f"{GROUP}.") and entry.value not in (None, {})
    ]
    return max((day for source in sources for day in _dates(source)), default=None)


def _dates(source: str) -> Iterator[dt.date]:
    for text in re.findall(DATE, source):
        with suppress(ValueError):  # of digits that are no day
            yield dt.date.fromisoformat(text)


def quantile(values: np.ndarray, share: float) -> np.ndarray:
    """A quantile along the last axis, between the order statistics about (n + 1) `share`: a further
    draw is below it with probability `share`, whatever values are drawn from. NaN where n values
    have no such order statistic, `share` being below 1 / (n + 1) or above n / (n + 1): even the
    outermost of them would be passed more often than it says.

    Source: Hyndman and Fan (American Statistician 50, 1996), type 6. In NumPy's elementwise
    operations, so that its bits are the same everywhere. values: finite, in ascending order.
    """
    count = values.shape[-1]
    place = (count + 1) * share
    if not 1.0 <= place <= count:
        return np.full(values.shape[:-1], np.nan)
    below = int(place) - 1
    low, high = values[..., below], values[..., min(below + 1, count - 1)]
    return low + (place - 1.0 - below) * (high - low)


def finished(path: np.ndarray) -> np.ndarray:
    """Values of the runs that came to their end, each day's in ascending order. path: (days, runs),
    NaN from a run that failed.
    """
    return np.sort(path[:, np.isfinite(path).all(axis=0)], axis=1)


class KeptDays:
    """`VARIABLES` at some steps of every run, as a simulator reduces runs to numbers."""

    def __init__(self, steps: np.ndarray):
        self._told = {name: [(int(s), f"{name} {s}") for s in steps] for name in VARIABLES}

    @property
    def names(self) -> list[str]:
        """What `of` calls its numbers."""
        return [told for kept in self._told.values() for _, told in kept]

    def of(self, outcome: Outcome) -> dict[str, np.ndarray]:
        """The numbers of some runs, by name."""
        return {
            told: outcome.values[name][:, step]
            for name, kept in self._told.items()
            for step, told in kept
        }

    def paths(self, found: Mapping[str, np.ndarray], row: int) -> dict[str, np.ndarray]:
        """Paths (days, runs) of a point by variable. found: numbers (points, runs) by name."""
        return {
            name: np.stack([found[told][row] for _, told in kept])
            for name, kept in self._told.items()
        }


def part(progress: Progress | None, before: int, total: int) -> Progress | None:
    """`progress` as a part of some work calls it. before: simulations done when the part begins.
    total: of all parts.
    """
    return progress and (lambda done, _: progress(before + done, total))


def over_time(
    plan: EvidencePlan, *, workers: int | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """The quantiles of a proposal's plan; empty for another.

    Columns scenario, values (label of the point), variable, unit, day, date (ISO 8601; empty where
    the start is not dated), runs (that finished, which the quantile is of), quantile and value, NaN
    where so few runs do not reach the quantile. workers: threads, one a core by default. progress:
    called with simulations done and their number.
    """
    if plan.kind != "proposal":
        return pd.DataFrame(columns=list(COLUMNS))
    count, total = runs_of(plan), simulations(plan)
    threads = min(workers or os.cpu_count() or 1, _most_threads(plan))
    tables = []
    for members in together(plan):
        paths = _simulated(plan, members, count, threads)
        tables += [_table(plan, point, own) for point, own in zip(members, paths, strict=True)]
        if progress:
            progress(count * len(tables), total)
    return pd.concat(tables, ignore_index=True)


def _most_threads(plan: EvidencePlan) -> int:
    """Threads whose paths, of every step until they are reduced, fit `MEMORY`."""
    steps = plan.resolved(CASE, 0).values.simulation.steps + 1
    return max(1, MEMORY // (8 * AT_ONCE * steps * len(VARIABLES)))


def together(plan: EvidencePlan) -> list[list[int]]:
    """Numbers of the points that one compiled simulation serves."""
    today, new = plan.points[:2]
    laws = {_law(plan, point) for point in (0, 1)}
    same = not any(structural(path, laws) for path in _moved(plan))
    return [[0, 1]] if same and list(today.values) == list(new.values) else [[0], [1]]


def _law(plan: EvidencePlan, point: int) -> str:
    return plan.resolved(CASE, point).values.controller.type


def _moved(plan: EvidencePlan) -> list[str]:
    """Parameters in which today's values and the proposed ones differ."""
    today, new = plan.points[0].values, plan.points[1].values
    return [path for path, value in today.items() if new[path] != value]


def _simulated(
    plan: EvidencePlan, members: list[int], count: int, workers: int
) -> list[dict[str, np.ndarray]]:
    """Paths (days, runs) of some points by variable, NaN from a run that failed."""
    resolved = plan.resolved(CASE, members[0])
    paths = _moved(plan) if len(members) > 1 else []
    kept = KeptDays(days(resolved))
    simulator = Simulator(resolved, paths, runs=np.arange(count), seed=plan.seed, needs=VARIABLES)
    points = [[plan.points[i].values[path] for path in paths] for i in members]
    found = simulator(points, kept.names, lambda outcome, _: kept.of(outcome), workers).values
    return [kept.paths(found, row) for row in range(len(members))]


def _table(plan: EvidencePlan, point: int, paths: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Rows of a point. paths: (days, runs) by variable."""
    resolved = plan.resolved(CASE, point)
    known = MODEL.variables(resolved.values)
    times = days(resolved) * resolved.values.simulation.time_step
    first = day_zero(resolved)
    dates = [
        "" if first is None else (first + dt.timedelta(math.floor(day))).isoformat()
        for day in times
    ]
    parts = []
    for name, path in paths.items():
        good = finished(path)
        values = [quantile(good, share) for share in QUANTILES]
        parts.append(
            pd.DataFrame(
                {
                    "scenario": plan.labels[CASE],
                    "values": plan.points[point].label,
                    "variable": name,
                    "unit": known[name].unit,
                    "day": np.repeat(times, len(QUANTILES)),
                    "date": np.repeat(dates, len(QUANTILES)),
                    "runs": good.shape[1],
                    "quantile": np.tile(QUANTILES, len(times)),
                    "value": np.column_stack(values).ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]
