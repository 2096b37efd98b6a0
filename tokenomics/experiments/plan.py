"""A sweep cut into tasks: each is some points of one case, on some of its runs, and can be done
anywhere in any order.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, TokenomicsError
from ..model.model import MODEL, Model
from ..parameters import Parameters, Resolved, called
from ..results.metrics import METRICS
from ..results.sources import OwnCode, code_of, names_code
from . import costs, limits
from .design import Design
from .evaluate import evaluate, try_out
from .reads import structural
from .worlds import AT_ONCE, FEW

SECONDS_PER_TASK = 0.5  # of one core, by `costs`; what a kill can lose


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
    """A design resolved and cut into tasks, in a fixed order. Points of a task come with their runs
    in order.
    """

    design: Design
    cases: tuple[Case, ...]
    points: list[list[Any]]
    tasks: tuple[Task, ...]
    structures: tuple[limits.Structure, ...]

    @property
    def rows(self) -> limits.RowCount:
        """Of what its rows are a product."""
        return rows_of(self.design, len(self.cases))

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
        names = itertools.cycle(design.scenario_names)
        cases = []
        for (policy, scenario), name in zip(design.cases(), names, strict=False):
            resolved = design.resolved(policy, scenario)
            cases.append(Case(called("policy", policy or resolved.policy), name, resolved))
    rows_of(design, len(cases)).check_table(metrics=1)
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
        network = _network(cases[number].resolved, dict(structure))
        steps, seconds = network.simulation.steps, costs.run_seconds(network)
        size, block = _cut(design.runs, seconds)
        at_once = min(AT_ONCE, block * min(size, len(members)))
        structures.append(limits.Structure(steps, len(members), design.runs, at_once, seconds))
        pieces = -(-len(members) // size)
        ends = [len(members) * piece // pieces for piece in range(pieces + 1)]
        tasks += [
            Task(number, tuple(members[start:end]), structure, swept, (first, last))
            for start, end in itertools.pairwise(ends)
            for first in range(0, design.runs, block)
            for last in [min(first + block, design.runs)]
        ]
    return Plan(design, tuple(cases), points, tuple(tasks), tuple(structures))


def plan_code(plan: Plan) -> tuple[OwnCode, ...]:
    """The code of users' own that a plan runs."""
    named = {i: path for i, path in enumerate(plan.design.paths) if names_code(path)}
    points = [{p: row[i] for i, p in named.items()} for row in plan.points] if named else []
    return code_of((case.resolved for case in plan.cases), points, plan.metrics)


def check_code(plan: Plan) -> None:
    """Try out the code of users' own that a plan runs: a day and then a run of one point of every
    structure. Raises what is wrong with it, before anything is written; what is wrong with a point
    its rows will say.
    """
    if not plan_code(plan):
        return
    tried = set()
    for task in plan.tasks:
        if (key := (task.case, repr(task.structure))) in tried:
            continue
        tried.add(key)
        case, point = plan.cases[task.case], plan.points[task.points[0]]
        try:
            resolved = case.resolved.replace(dict(task.structure), source="sweep")
            values = [point[plan.design.paths.index(path)] for path in task.swept]
            try_out(resolved, task.swept, values, seed=plan.design.seed, metrics=plan.metrics)
        except TokenomicsError as error:
            if error.file is not None and not isinstance(error, InputError):
                raise


def rows_of(design: Design, cases: int) -> limits.RowCount:
    """Of what the rows of a design are a product."""
    metrics = len(design.metrics or METRICS)
    return limits.RowCount(design.size, cases, design.runs, len(design.paths), metrics)


def _cut(runs: int, seconds: float) -> tuple[int, int]:
    """How many points, and how many runs of each, are about a task. seconds: of a run."""
    most = (SECONDS_PER_TASK - costs.POINT) / seconds
    if runs <= most:
        return int(SECONDS_PER_TASK / (costs.POINT + runs * seconds)), runs
    # as many runs as are simulated at a time, or else whole vectors
    unit = AT_ONCE if most >= AT_ONCE else FEW
    pieces = -(-runs // (max(1, int(most / unit)) * unit))
    return 1, min(runs, -(-runs // pieces // unit) * unit)


def _groups(points: Sequence[Sequence[Any]], fixed: Sequence[int]) -> list[list[int]]:
    """Numbers of the points that agree in the columns `fixed`."""
    groups: dict[str, list[int]] = {}
    for number, point in enumerate(points):
        # as text, which keeps true and 1.0 apart
        groups.setdefault(repr([point[i] for i in fixed]), []).append(number)
    return list(groups.values())


def _network(resolved: Resolved, structure: dict[str, Any]) -> Parameters:
    if not structure:
        return resolved.values
    try:
        return resolved.replace(structure, source="sweep").values
    except InputError:
        return resolved.values  # the task will say what is wrong


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
