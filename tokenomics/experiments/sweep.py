"""Sweeps: a design's tasks done on this machine's cores or on a Dask cluster, written as they finish, resumed where they stopped."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, missing_extra
from ..results import sweep_store
from ..results.sweep import Sweep, metric_units
from ..results.versions import package_record
from .design import Design, read_design
from .plan import Case, Plan, make_plan, perform

Progress = Callable[[int, int], None]
Columns = dict[str, np.ndarray]
AHEAD = 4  # tasks handed out for each worker, so that none waits


@dataclass(frozen=True)
class Estimate:
    """Size of a sweep, and how long it would take here. seconds: extrapolated from one task."""

    points: int
    cases: int
    runs: int
    simulations: int
    tasks: int
    seconds: float


def manifest(plan: Plan) -> dict[str, Any]:
    """What a sweep is, as plain data. Its hash stands for everything that its numbers and its shards depend on."""
    design = plan.design
    identity = {
        "design": design.model_dump(mode="json", by_alias=True, exclude={"description"}),
        "cases": [(c.policy, c.scenario, c.resolved.hash) for c in plan.cases],
        "paths": design.paths,
        "points": plan.points,
        "runs": design.runs,
        "seed": design.seed,
        "metrics": plan.metrics,
        "tasks": len(plan.tasks),
    }
    cut = [(t.case, t.points[0], t.runs) for t in plan.tasks]
    record = package_record()
    text = json.dumps([identity, cut, record["tokenomics"]], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return {
        "kind": "sweep",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "description": design.description,
        **identity,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "platform": platform.platform(),
        **record,
    }


def _arguments(plan: Plan, number: int) -> tuple:
    task = plan.tasks[number]
    points = [plan.points[i] for i in task.points]
    return plan.cases[task.case], task, plan.design.paths, points, plan.design.seed, plan.metrics


def _finish(pending: dict[Future, int], numbers: Iterator[int], submit: Callable[[int], Future], ahead: int) -> Iterator[tuple[int, Columns]]:
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


def _locally(plan: Plan, numbers: list[int], workers: int | None) -> Iterator[tuple[int, Columns]]:
    count = workers or os.cpu_count() or 1
    pool = ThreadPoolExecutor(count)
    try:
        yield from _finish({}, iter(numbers), lambda number: pool.submit(perform, *_arguments(plan, number)), count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _on_dask(plan: Plan, numbers: list[int], scheduler: str | Any, name: str) -> Iterator[tuple[int, Columns]]:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise missing_extra("Dask", "cluster", argument="scheduler") from None
    if isinstance(scheduler, str):
        try:
            client = Client(scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            found = f"no scheduler answers at '{scheduler}' ({type(error).__name__})"
            raise InputError(found, argument="scheduler", expected="tcp://host:8786") from None
    else:
        client = Client(scheduler, set_as_default=False)
    try:
        left = iter(numbers)
        ahead = max(AHEAD * len(client.scheduler_info(n_workers=-1)["workers"]), AHEAD)

        def submit(number: int) -> Any:
            return client.submit(perform, *_arguments(plan, number), key=f"tokenomics-{name}-{number}", pure=True, retries=3)

        first = [submit(number) for number, _ in zip(left, range(ahead), strict=False)]
        running = as_completed(first, loop=client.loop)
        for future in running:
            yield int(future.key.rsplit("-", 1)[1]), future.result()
            future.release()
            following = next(left, None)
            if following is not None:
                running.add(submit(following))
    finally:
        client.close()


def default_folder(design: Design, name: str) -> Path:
    """Where a sweep's results go: its name and its hash, so that the same command resumes it."""
    return Path("runs") / f"sweep-{name}-{manifest(make_plan(design))['sha256'][:12]}"


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

    design: a shipped name, a YAML file, or a mapping (see `experiments.design.Design`). runs, seed: in place of the design's. out: directory
    for the results, written as they finish; where it holds the same sweep, only what is missing is done. Without it they stay in
    memory. workers: threads, one a core by default. scheduler: address of a Dask scheduler (tcp://host:8786) or a Dask cluster object. progress:
    called with simulations done and their number. cases: policies and scenarios that are resolved already, in place of those that a `Design` names.

    The numbers do not depend on workers, scheduler, interruption or order. Raises InputError for a wrong design.
    """
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers", argument="workers", expected="at least 1")
    # what is resolved is checked; the names of its files may mean nothing here
    plan = make_plan(read_design(design, runs=runs, seed=seed) if cases is None else design, cases)
    folder = None if out is None else Path(out)
    told, units = manifest(plan), metric_units(plan.metrics)
    done: set[int] = set()
    if folder is not None:
        sweep_store.open_folder(folder, told)
        done = sweep_store.finished(folder, len(plan.tasks))
    left = [number for number in range(len(plan.tasks)) if number not in done]
    sizes = [len(t.points) * (t.runs[1] - t.runs[0]) for t in plan.tasks]
    finished = sum(sizes[number] for number in done)
    kept: list[Columns] = []
    results = _on_dask(plan, left, scheduler, told["sha256"][:16]) if scheduler is not None else _locally(plan, left, workers)
    if progress:
        progress(finished, plan.simulations)
    for number, columns in results if left else ():
        if folder is None:
            kept.append(columns)
        else:
            sweep_store.write_shard(folder, number, columns, units)
        finished += sizes[number]
        if progress:
            progress(finished, plan.simulations)
    if folder is not None:
        return Sweep(sweep_store.read_manifest(folder), folder)
    return Sweep(told, {name: np.concatenate([columns[name] for columns in kept]) for name in kept[0]})


def estimate(
    design: str | Path | Mapping[str, Any] | Design, *, runs: int | None = None, seed: int | None = None, workers: int | None = None
) -> Estimate:
    """The size of a sweep and the time that it would take on this machine, from its first task done twice (compiled, then timed)."""
    plan = make_plan(read_design(design, runs=runs, seed=seed))
    task = plan.tasks[0]
    perform(*_arguments(plan, 0))
    started = time.perf_counter()
    perform(*_arguments(plan, 0))
    each = (time.perf_counter() - started) / (len(task.points) * (task.runs[1] - task.runs[0]))
    count = min(workers or os.cpu_count() or 1, len(plan.tasks))
    seconds = each * plan.simulations / count
    return Estimate(len(plan.points), len(plan.cases), plan.design.runs, plan.simulations, len(plan.tasks), seconds)
