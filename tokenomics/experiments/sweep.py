"""Sweeps: a design's tasks done on this machine's cores or on a Dask cluster, written as they
finish, resumed where they stopped.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, TokenomicsError, remark
from ..inputs import bounds, strict_json
from ..inputs.arguments import CALL, PATH, checked, optional
from ..results import sweep_store
from ..results.digests import KEYS
from ..results.records import sealed
from ..results.sources import recorded_code
from ..results.sweep import Sweep, metric_units
from ..results.versions import package_record, source_digest
from . import costs
from .design import Design
from .design_reading import read_design
from .idle import idle
from .limits import check_work
from .plan import Case, Plan, check_code, make_plan, perform, plan_code
from .remote import on_dask

LOG = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Effort:
    """Size of a sweep, and what it would take here.

    structures: what is compiled by itself. seconds: extrapolated from one task, and from the time
    that compiling it took. memory: bytes, of the tasks at work or of the table that they make,
    whichever is more.
    """

    points: int
    cases: int
    runs: int
    simulations: int
    structures: int
    tasks: int
    seconds: float
    memory: float


def manifest(plan: Plan) -> dict[str, Any]:
    """What a sweep is, as plain data. Its hash stands for everything that its numbers and its
    shards depend on.
    """
    design = plan.design
    cut = [(t.case, t.points, t.runs) for t in plan.tasks]
    told = {
        "description": design.description,
        "design": design.model_dump(mode="json", by_alias=True, exclude={"description"}),
        "cases": [(c.policy, c.scenario, c.resolved.hash) for c in plan.cases],
        "paths": design.paths,
        "points": plan.points,
        "runs": design.runs,
        "seed": design.seed,
        "metrics": plan.metrics,
        "tasks": len(plan.tasks),
        "cut": strict_json.digest(strict_json.canonical(cut)),
        "source": source_digest(),
        **recorded_code(plan_code(plan)),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "platform": platform.platform(),
        **package_record(),
    }
    return sealed("sweep", told)


def _finish(
    pending: dict[Future, int], numbers: Iterator[int], submit: Callable[[int], Future], ahead: int
) -> Iterator[tuple[int, Columns]]:
    """Keep some tasks handed out and give them back as they finish."""
    for number in numbers:
        pending[submit(number)] = number
        if len(pending) >= ahead:
            break
    while pending:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            number = pending.pop(future)
            following = next(numbers, None)
            if following is not None:
                pending[submit(following)] = following
            yield number, future.result()


def _threads(workers: int | None) -> int:
    return workers or os.cpu_count() or 1


def _locally(plan: Plan, numbers: list[int], workers: int | None) -> Iterator[tuple[int, Columns]]:
    count = _threads(workers)
    pool = ThreadPoolExecutor(count)
    try:
        yield from _finish(
            {}, iter(numbers), lambda number: pool.submit(perform, *plan.arguments(number)), count
        )
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def default_folder(design: Design, name: str) -> Path:
    """Where a sweep's results go: its name and a hash of what it is and of the code, so that the
    same command resumes it.
    """
    told = manifest(make_plan(design))
    own = "".join(one["sha256"] for one in told.get("code", ()))
    digest = hashlib.sha256((told["sha256"] + told["source"] + own).encode()).hexdigest()
    return Path("runs") / f"sweep-{name}-{digest[:12]}"


@checked(out=optional(PATH), progress=optional(CALL))
def sweep(
    design: str | Path | Mapping[str, Any] | Design,
    *,
    runs: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | Any | None = None,
    progress: Progress | None = None,
    cases: Sequence[Case] | None = None,
) -> Sweep:
    """Simulate a design's points × policies × scenarios × runs.

    The numbers do not depend on workers, scheduler, interruption or order.

    Parameters
    ----------
    design : str, Path, mapping or Design
        A shipped name, a YAML file, or a mapping; see `experiments.design.Design`.
    runs, seed : int, optional
        In place of the design's.
    out : str or Path, optional
        Directory for the results, written as they finish. Where it holds the same sweep, only what
        is missing is done. Without it they stay in memory.
    workers : int, optional
        Threads, one a core by default.
    scheduler : str or Dask cluster, optional
        Address of a Dask scheduler (tcp://host:8786), or a cluster object.
    progress : callable, optional
        Called with simulations done and their number.
    cases : sequence of Case, optional
        Policies and scenarios that are resolved already, in place of those that a `Design` names.

    Returns
    -------
    Sweep
        Metrics of every case, point and run.

    Raises
    ------
    InputError
        For a wrong design.
    TokenomicsError
        Where tasks are missing or gave other rows than their own.

    Examples
    --------
    >>> design = {"parameters": {"market.arbitrage_speed": [0.1, 0.2]}}
    >>> design |= {"set": {"simulation.days": 3}, "metrics": ["tracking_rms"]}
    >>> found = tk.sweep(design, runs=2)
    >>> found.table().shape
    (2, 10)
    """
    bounds.optional(
        runs=(runs, bounds.RUNS), seed=(seed, bounds.SEED), workers=(workers, bounds.WORKERS)
    )
    # what is resolved is checked; the names of its files may mean nothing here
    if cases is None:
        design = read_design(design, runs=runs, seed=seed)
        for line in idle(design).lines():
            remark(line)
    plan = make_plan(design, cases)
    check_work(plan.structures, min(_threads(workers), len(plan.tasks)) if scheduler is None else 1)
    if out is None:
        plan.rows.check_kept()
    check_code(plan)
    folder = None if out is None else Path(out)
    told, units = manifest(plan), metric_units(plan.metrics)
    if folder is not None:
        told = sweep_store.open_folder(folder, told)
    done = _finished(plan, folder, told)
    left = [number for number in range(len(plan.tasks)) if number not in done]
    finished = sum(plan.tasks[number].size for number in done)
    LOG.info("%d simulations, %d of them are done already", plan.simulations, finished)
    kept = _InMemory(plan)
    results = (
        on_dask(plan, left, scheduler, told["sha256"][:16])
        if scheduler is not None
        else _locally(plan, left, workers)
    )
    if progress:
        progress(finished, plan.simulations)
    try:
        for number, columns in results if left else ():
            if not plan.tasks[number].gave(columns):
                raise TokenomicsError(f"task {number} gave other rows than its own")
            if folder is None:
                kept.add(number, columns)
            else:
                sweep_store.write_shard(folder, number, columns, units, told)
            finished += plan.tasks[number].size
            LOG.debug("task %d is done: %d of %d simulations", number, finished, plan.simulations)
            if progress:
                progress(finished, plan.simulations)
    except InputError:
        raise
    except TokenomicsError as error:
        stays = "" if folder is None else f", kept in {folder}; the same command goes on from there"
        raise TokenomicsError(
            f"{error}; {finished} of {plan.simulations} simulations are done{stays}"
        ) from None
    there = kept.done if folder is None else _finished(plan, folder, told)
    lost = [number for number in range(len(plan.tasks)) if number not in there]
    if lost:
        where = (
            ""
            if folder is None
            else f" in {folder}, whose shards are gone or damaged; the same command does them"
        )
        raise TokenomicsError(
            f"{len(lost)} of {len(plan.tasks)} tasks are missing{where}: {sweep_store.listed(lost)}"
        )
    if folder is not None:
        return Sweep(told, folder)
    return Sweep(told, kept.columns)


class _InMemory:
    """Rows that stay in memory, by case, point and run. done: numbers of the tasks that are
    there.
    """

    def __init__(self, plan: Plan):
        rows = plan.rows
        self._plan, self._sizes = plan, (rows.cases, rows.points, rows.runs)
        self.columns: Columns = {}
        self.done: set[int] = set()

    def add(self, number: int, columns: Columns) -> None:
        """Take in what a task gave."""
        task = self._plan.tasks[number]
        for name, column in columns.items():
            if name in KEYS:
                continue
            if name not in self.columns:
                self.columns[name] = np.empty(math.prod(self._sizes), dtype=column.dtype)
            whole = self.columns[name].reshape(self._sizes)
            mine = column.reshape(len(task.points), -1)
            whole[task.case, list(task.points), slice(*task.runs)] = mine
        self.done.add(number)


def _finished(plan: Plan, folder: Path | None, told: Mapping[str, Any]) -> set[int]:
    """Numbers of the tasks whose shards are there, whole, and theirs; a damaged one is to be done
    again.
    """
    if folder is None:
        return set()
    done = set()
    for number, task in enumerate(plan.tasks):
        with contextlib.suppress(InputError):
            if task.gave(sweep_store.read_shard(folder, told, number)):
                done.add(number)
    return done


def estimate(
    design: str | Path | Mapping[str, Any] | Design,
    *,
    runs: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> Effort:
    """The size of a sweep and the time that it would take on this machine, from its first task done
    twice (compiled, then timed).
    """
    plan = make_plan(read_design(design, runs=runs, seed=seed))
    count = min(_threads(workers), len(plan.tasks))
    memory = max(check_work(plan.structures, count), plan.rows.check_table(plan.rows.metrics))
    started = time.perf_counter()
    perform(*plan.arguments(0))
    first = time.perf_counter()
    perform(*plan.arguments(0))
    again = time.perf_counter() - first
    compiling = max(first - started - again, 0.0)
    task, structure = plan.tasks[0], plan.structures[0]
    told = costs.TASK + costs.POINT * len(task.points) + structure.seconds * task.size
    work = costs.TASK * len(plan.tasks) + sum(s.work for s in plan.structures)
    seconds = (again * work / told + compiling * len(plan.structures)) / count
    sizes = len(plan.points), len(plan.cases), plan.design.runs, plan.simulations
    return Effort(*sizes, len(plan.structures), len(plan.tasks), seconds, memory)
