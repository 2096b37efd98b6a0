"""What a sweep may ask for. What is larger is refused before any work starts, with what to lower.

Memory is what fills first: a table has every point and case at once, a task the shocks of its runs.
Bounds of single numbers are in `bounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError, counted
from ..inputs import footprint
from . import costs

MOST_POINTS = 1_000_000  # all stand in the manifest, which is read whole
# points × cases that differ in a switch, a span or a name: each is compiled and is a task of its
# own, some second
MOST_STRUCTURES = 2_000
# bytes, measured at a million points. Of a point and of each of its values: while the manifest is
# written or read, and afterwards
POINT_READ, VALUE_READ = 340, 130
POINT_KEPT, VALUE_KEPT = 110, 56
# of a row of a table, of each parameter and of each metric in it
CELL_BYTES, CELL_VALUE, CELL_METRIC = 130, 8, 24
NUMBER = 8  # of a number of a run that is kept in memory
BESIDE = 2  # columns that are kept beside the metrics
STEP_BYTES = 130  # of a run-step of a task, its shocks and what is recorded: measured, all metrics
# of one core; assumption: a thousand cores for three hours may be meant, more is a slip of a digit
MOST_SECONDS = 1e7


def check_points(count: int, key: str) -> None:
    """Refuse too many points. key: the design's key that makes them. Raises InputError."""
    if count > MOST_POINTS:
        raise InputError(f"{count:,} points", key=key, expected=f"at most {MOST_POINTS:,}")


@dataclass(frozen=True)
class RowCount:
    """Of what the rows of a sweep are a product, and what stands in each. paths: parameters that
    differ between points.
    """

    points: int
    cases: int
    runs: int
    paths: int
    metrics: int

    def table_bytes(self, metrics: int) -> float:
        """Memory of the sweep's manifest and of a table of some metrics, a row a point and case."""
        read = self.points * float(POINT_READ + VALUE_READ * self.paths)
        kept = self.points * float(POINT_KEPT + VALUE_KEPT * self.paths)
        cell = CELL_BYTES + CELL_VALUE * self.paths + CELL_METRIC * metrics
        return max(read, kept + float(self.points * self.cases) * cell)

    def check_table(self, metrics: int) -> float:
        """Refuse a table that takes too much memory; its bytes. Runs do not count: they are read a
        few at a time. Raises InputError.
        """
        taken = self.table_bytes(metrics)
        what = (
            f"a table of {counted(self.points, 'point')} x {counted(self.cases, 'case')}, "
            f"{counted(self.paths, 'parameter')} and {counted(metrics, 'metric')},"
        )
        less = "fewer " + ("points" if self.points >= self.cases else "cases")
        footprint.refuse_above(taken, what, f"{less} or metrics", argument="points")
        return taken

    def check_kept(self) -> None:
        """Refuse rows that take too much memory where they are kept there. Raises InputError."""
        rows = self.points * self.cases * self.runs
        taken = self.table_bytes(1) + float(rows) * NUMBER * (self.metrics + BESIDE)
        what = (
            f"{counted(rows, 'simulation')} ({counted(self.points, 'point')} x "
            f"{counted(self.cases, 'case')} x {counted(self.runs, 'run')}) in memory"
        )
        less = "fewer " + ("runs" if self.runs > self.points else "points")
        footprint.refuse_above(taken, what, f"{less}, or a directory for them")


def check_structures(count: int) -> None:
    """Refuse too many structures. Raises InputError."""
    if count > MOST_STRUCTURES:
        found = (
            f"{count:,} structures (values of switches, names and spans, by policy and scenario), "
            f"each to be compiled"
        )
        raise InputError(
            found,
            key="parameters",
            expected=f"at most {MOST_STRUCTURES:,}: fewer values of what is no plain number",
        )


@dataclass(frozen=True)
class Structure:
    """What is compiled by itself: its steps, and of how many points. runs: of each point. at_once:
    of them in one task. seconds: of a run.
    """

    steps: int
    points: int
    runs: int
    at_once: int
    seconds: float

    @property
    def work(self) -> float:
        """CPU seconds of all of its points, when it is compiled."""
        return self.points * (costs.POINT + self.runs * self.seconds)


def check_work(structures: Sequence[Structure], workers: int) -> float:
    """Refuse tasks that take too much memory or time; bytes of those at work, estimated. workers:
    tasks at a time. Raises InputError.
    """
    largest = max(structures, key=lambda s: s.steps * s.at_once)
    taken = float(workers * STEP_BYTES * largest.steps * largest.at_once)
    what = f"{largest.steps:,} steps of {largest.at_once:,} runs, in {workers} tasks at a time,"
    footprint.refuse_above(taken, what, "fewer days, longer steps, or fewer `workers`")
    seconds = sum(costs.STRUCTURE + s.work for s in structures)
    if seconds > MOST_SECONDS:
        found = f"about {seconds / 86400:,.0f} days of one core"
        raise InputError(
            found,
            key="runs",
            expected=f"at most {MOST_SECONDS / 86400:,.0f}: fewer runs, points or days",
        )
    return taken
