"""The simulation of a plan: every metric of every run, and a trial of the code that it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...experiments.design import Design
from ...experiments.plan import check_code, make_plan
from ...experiments.run import run
from ...experiments.sweep import Progress, sweep
from ...results.metrics import needed
from .plan import KEYS, EvidencePlan, plain_case, tree
from .recorded import runs_of_run, runs_of_sweep
from .worlds_record import WORLDS


def try_code(plan: EvidencePlan) -> None:
    """Try out the code of users' own that a plan runs, as a sweep does before it begins."""
    design = Design(
        method="points",
        points=[dict(point.values) for point in plan.points],
        runs=1,
        seed=plan.seed,
        metrics=plan.metrics,
    )
    check_code(make_plan(design, plan.cases))


def _simulate_runs(plan: EvidencePlan, progress: Progress | None) -> pd.DataFrame:
    """Run directories, by the engine that made them."""
    tables = []
    for number, case in enumerate(plan.cases):
        chosen = tree(plain_case(case))
        result = run(
            chosen,
            runs=plan.runs,
            seed=plan.seed,
            engine=plan.engine,
            every=plan.every,
            record=needed(plan.metrics),
            progress=progress,
        )
        tables.append(runs_of_run(result).assign(case=number))
    return pd.concat(tables, ignore_index=True)[plan.columns]


def simulate(
    plan: EvidencePlan,
    runs: int | None = None,
    *,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Every metric of every run: columns case, point, run, failed_day, error and the metrics, in
    the order of case, point and run.

    runs: the first so many of each point, all by default. workers: threads. out: folder for what is
    finished, so that killed work goes on there. progress: called with simulations done and their
    number. Raises InputError for a plan that cannot be simulated.
    """
    chosen = plan if runs is None else plan.at_most(runs)
    if chosen.kind == "run":
        return _simulate_runs(chosen, progress)
    groups: dict[tuple[int, bool], list[int]] = {}
    for number, point in enumerate(chosen.points):
        groups.setdefault((point.runs, point.role in WORLDS), []).append(number)
    parts, done = [], 0
    for (count, in_worlds), members in groups.items():
        points = [dict(chosen.points[i].values) for i in members]
        design = Design(
            method="points", points=points, runs=count, seed=plan.seed, metrics=plan.metrics
        )
        own = None if out is None else Path(out) / f"{'worlds' if in_worlds else 'runs'}-{count}"

        def tell(now: int, _: int, before: int = done) -> None:
            if progress:
                progress(before + now, chosen.simulations)

        cases = plan.cases_of(chosen.points[members[0]])
        found = sweep(design, cases=cases, workers=workers, out=own, progress=tell)
        table = runs_of_sweep(found)
        table["point"] = np.array(members)[table["point"]]
        parts.append(table)
        done += len(table)
    whole = pd.concat(parts, ignore_index=True).sort_values(
        list(KEYS), kind="stable", ignore_index=True
    )
    return whole[plan.columns]
