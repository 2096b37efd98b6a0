"""What a sweep may ask for. What is larger is refused before any work starts, with what to lower.

Memory is what fills first: a table needs every row at once, a task the shocks of its runs. Bounds
of single numbers are in `bounds`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..inputs import footprint

MOST_POINTS = 1_000_000  # all stand in the manifest, which is read whole
# points × cases that differ in a switch, a span or a name: each is compiled and is a task of its
# own, some second
MOST_STRUCTURES = 2_000
# of a row while a table of one metric is made: measured, six columns that are read and sorted
ROW_BYTES = 170
CELL_BYTES = (
    16  # of a metric of a row that is kept in memory: as it came, and once more in the whole
)
STEP_BYTES = 130  # of a run-step of a task, its shocks and what is recorded: measured, all metrics
# run-steps a second on one core, all metrics: measured on a cloud's core within a factor of two
SPEED = 1e6
COMPILING = 1.0  # s of one structure: measured
# of one core; assumption: a thousand cores for three hours may be meant, more is a slip of a digit
MOST_SECONDS = 1e7


def check_points(count: int, key: str) -> None:
    """Refuse too many points. key: the design's key that makes them. Raises InputError."""
    if count > MOST_POINTS:
        raise InputError(f"{count:,} points", key=key, expected=f"at most {MOST_POINTS:,}")


def row_bytes(sizes: Mapping[str, int], kept: int = 0) -> float:
    """Bytes of a table of all rows, estimated; refused where they are beyond the limit of memory.

    sizes: of what the rows are a product, by the design's key; the largest is named. kept: metrics
    that stay in memory. Raises InputError.
    """
    rows = math.prod(sizes.values())
    taken = float(rows * (ROW_BYTES + CELL_BYTES * kept))
    made = " x ".join(f"{n:,} {key}" for key, n in sizes.items())
    less = f"fewer {max(sizes, key=sizes.get)}" + (", or a directory for them" if kept else "")
    footprint.refuse_above(taken, f"{rows:,} simulations ({made})", less)
    return taken


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
    of them in one task.
    """

    steps: int
    points: int
    runs: int
    at_once: int


def check_work(structures: Sequence[Structure], workers: int) -> float:
    """Refuse tasks that take too much memory or time; bytes of those at work, estimated. workers:
    tasks at a time. Raises InputError.
    """
    largest = max(structures, key=lambda s: s.steps * s.at_once)
    taken = float(workers * STEP_BYTES * largest.steps * largest.at_once)
    what = f"{largest.steps:,} steps of {largest.at_once:,} runs, in {workers} tasks at a time,"
    footprint.refuse_above(taken, what, "fewer days, longer steps, or fewer `workers`")
    seconds = sum(COMPILING + s.steps * s.points * s.runs / SPEED for s in structures)
    if seconds > MOST_SECONDS:
        found = f"about {seconds / 86400:,.0f} days of one core"
        raise InputError(
            found,
            key="runs",
            expected=f"at most {MOST_SECONDS / 86400:,.0f}: fewer runs, points or days",
        )
    return taken
