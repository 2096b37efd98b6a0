"""A sweep cut into tasks: each is some points of one case, on some of its runs, and can be done
anywhere in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, TokenomicsError
from ..model.model import MODEL, Model
from ..parameters import Resolved
from ..results.metrics import METRICS
from . import limits
from .design import Design
from .evaluate import AT_ONCE, evaluate
from .reads import structural

STEPS_PER_TASK = 1_500_000  # run-steps; about a second of work, which is what a kill can lose
RUNS_AT_ONCE = 1024  # of one point: bounds the memory of the shocks


@dataclass(frozen=True)
class Case:
    """One policy and scenario. resolved: its parameters, the same for all points but for the
    design's paths.
    """

    policy: str
    scenario: str
    resolved: Resolved


@dataclass(frozen=True)
class Task:
    """points: their numbers in the design; all have the same structure, and differ in `swept` only.
    runs: first and one past the last.
    """

    case: int
    points: tuple[int, ...]
    structure: tuple[tuple[str, Any], ...]
    swept: tuple[str, ...]
    runs: tuple[int, int]

    @property
    def size(self) -> int:
        """Number of simulated runs."""
        return len(self.points) * (self.runs[1] - self.runs[0])

    def rows(self) -> dict[str, np.ndarray]:
        """Case, point and run of every row that it gives."""
        runs = np.arange(*self.runs)
        where = {"point": np.repeat(self.points, len(runs)), "run": np.tile(runs, len(self.points))}
        return {"case": np.full(self.size, self.case), **where}

    def gave(self, columns: Mapping[str, Any]) -> bool:
        """Whether columns are those of this task, row by row."""
        rows = self.rows()
        return all(
            name in columns and np.array_equal(np.asarray(columns[name]), row)
            for name, row in rows.items()
        )


@dataclass(frozen=True)
class Plan:
    """A design resolved and cut into tasks, in a fixed order. table_bytes: memory of a table of all
    rows, estimated.
    """

    design: Design
    cases: tuple[Case, ...]
    points: list[list[Any]]
    tasks: tuple[Task, ...]
    structures: tuple[limits.Structure, ...]
    table_bytes: float

    @property
    def sizes(self) -> dict[str, int]:
        """Of what its rows are a product."""
        return _sizes(self.design, len(self.cases))

    @property
    def simulations(self) -> int:
        """Number of simulated runs."""
        return len(self.cases) * len(self.points) * self.design.runs

    def arguments(self, number: int) -> tuple:
        """What `perform` needs to do a task."""
        task = self.tasks[number]
        return (
            self.cases[task.case],
            task,
            self.design.paths,
            [self.points[i] for i in task.points],
            self.design.seed,
            self.metrics,
        )

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics."""
        return list(self.design.metrics or METRICS)


def make_plan(design: Design, cases: Sequence[Case] | None = None) -> Plan:
    """Cut a design into tasks. cases: already resolved, in place of those that the design names.

    Raises InputError where a case's parameters are wrong, and for a design beyond the limits of
    `limits`.
    """
    if cases is None:
        named = [
            (policy, scenario, design.resolved(policy, scenario))
            for policy, scenario in design.cases()
        ]
        cases = [
            Case(policy or resolved.policy, scenario, resolved)
            for policy, scenario, resolved in named
        ]
    taken = limits.row_bytes(_sizes(design, len(cases)))
    paths, points = design.paths, design.table()
    types = (
        {point[paths.index("controller.type")] for point in points}
        if "controller.type" in paths
        else set()
    )
    grouped: dict[tuple[int, ...], list[list[int]]] = {}
    compiled = []
    for number, case in enumerate(cases):
        fixed = [
            i
            for i, path in enumerate(paths)
            if structural(path, types or {case.resolved.values.controller.type})
        ]
        swept = tuple(path for i, path in enumerate(paths) if i not in fixed)
        key = tuple(fixed)
        if key not in grouped:
            grouped[key] = _groups(points, fixed)
        compiled += [(number, fixed, swept, members) for members in grouped[key]]
    limits.check_structures(len(compiled))
    tasks, structures = [], []
    for number, fixed, swept, members in compiled:
        structure = tuple((paths[i], points[members[0]][i]) for i in fixed)
        steps = _steps(cases[number].resolved, dict(structure))
        structures.append(
            limits.Structure(
                steps, len(members), design.runs, max(min(design.runs, RUNS_AT_ONCE), AT_ONCE)
            )
        )
        for first in range(0, design.runs, RUNS_AT_ONCE):
            runs = (first, min(first + RUNS_AT_ONCE, design.runs))
            size = max(1, STEPS_PER_TASK // steps // (runs[1] - runs[0]))
            for at in range(0, len(members), size):
                tasks.append(Task(number, tuple(members[at : at + size]), structure, swept, runs))
    return Plan(design, tuple(cases), points, tuple(tasks), tuple(structures), taken)


def _sizes(design: Design, cases: int) -> dict[str, int]:
    return {"points": design.size, "cases": cases, "runs": design.runs}


def _groups(points: Sequence[Sequence[Any]], fixed: Sequence[int]) -> list[list[int]]:
    """Numbers of the points that agree in the columns `fixed`."""
    groups: dict[str, list[int]] = {}
    for number, point in enumerate(points):
        # as text, which keeps true and 1.0 apart
        groups.setdefault(repr([point[i] for i in fixed]), []).append(number)
    return list(groups.values())


def _steps(resolved: Resolved, structure: dict[str, Any]) -> int:
    try:
        return resolved.replace(structure, source="sweep").values.simulation.steps
    except InputError:
        return 1  # the task will say what is wrong


def perform(
    case: Case,
    task: Task,
    paths: Sequence[str],
    points: Sequence[Sequence[Any]],
    seed: int,
    metrics: Sequence[str],
    model: Model = MODEL,
) -> dict[str, np.ndarray]:
    """Do a task: columns case, point, run, failed_day, error and the metrics, one row a point and
    run.

    points: those of the task. What makes a point impossible is written to its rows, and the others
    go on.
    """
    runs = np.arange(*task.runs)
    shape = (len(points), len(runs))
    chosen = [[row[paths.index(path)] for path in task.swept] for row in points]
    try:
        resolved = (
            case.resolved.replace(dict(task.structure), source="sweep")
            if task.structure
            else case.resolved
        )
        found = evaluate(
            resolved, task.swept, chosen, runs=runs, seed=seed, metrics=metrics, model=model
        )
        failed, errors, values = found.failed_day, found.errors, found.values
    except (TokenomicsError, MemoryError) as error:
        failed, errors = np.full(shape, np.nan), (str(error) or "out of memory",) * len(points)
        values = {name: np.full(shape, np.nan) for name in metrics}
    told = {
        "failed_day": failed,
        "error": np.broadcast_to(np.array(errors, dtype=object)[:, None], shape),
    }
    return task.rows() | {name: np.ravel(column) for name, column in (told | values).items()}
