"""Run and sweep directories as evidence: the plan that each was made by, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import InputError
from ...experiments.design_reading import recorded_design
from ...experiments.plan import Case
from ...parameters import NONE
from ...results.folder import MANIFEST
from ...results.result import Result
from ...results.sweep import Sweep
from .plan import EvidencePlan, Point, portable, with_code
from .structure import AS_RUN, sweep_labels


def plan_of_run(result: Result, folder: str | Path = "run") -> EvidencePlan:
    """The plan of a run directory. Raises InputError for a run on recorded input, which the
    parameters alone do not repeat.

    Several runs become one plan by `together`.
    """
    if result.notes:
        raise InputError(
            f"run on recorded input ({result.notes[0]})",
            file=folder,
            expected="a run on sampled shocks, which its parameters repeat",
        )
    runs = [int(r) for r in result.trajectories.runs]
    if runs != list(range(len(runs))):
        raise InputError("runs that do not begin at 0", file=folder)
    scenario = result.resolved.scenario
    case = Case(result.resolved.policy, scenario, result.resolved)
    time, step = result.trajectories.time, result.resolved.values.simulation.time_step
    every = round(float(time[1] - time[0]) / step) if len(time) > 1 else 1
    under = "" if scenario == NONE else f", scenario {scenario}"
    title = f"Run of {result.resolved.base}, policy {case.policy}{under}"
    metrics = tuple(result.metrics_per_run().columns)
    return portable(
        EvidencePlan(
            "run",
            title,
            (case,),
            (Point(AS_RUN, "point", {}, len(runs)),),
            result.seed,
            metrics,
            result.engine,
            every,
        ),
        folder,
    )


def together(plans: Sequence[EvidencePlan], folders: Sequence[str | Path]) -> EvidencePlan:
    """Several run directories as one plan, compared on the same shocks. Raises InputError where
    they do not meet the same ones.
    """
    first = plans[0]
    for plan, folder in zip(plans, folders, strict=True):
        for name in ("kind", "seed", "runs", "engine", "every", "metrics"):
            if plan.kind != "run" or getattr(plan, name) != getattr(first, name):
                found = f"{name} {getattr(plan, name)}"
                raise InputError(
                    found,
                    file=folder,
                    expected=(
                        f"run directories alike: {name} {getattr(first, name)}, as in {folders[0]}"
                    ),
                )
    return with_code(
        replace(
            first,
            cases=tuple(case for plan in plans for case in plan.cases),
            title=f"{len(plans)} runs of {first.cases[0].resolved.base}",
        )
    )


def runs_of_run(result: Result) -> pd.DataFrame:
    """A run directory's numbers in the form of `simulate`'s table."""
    table = result.metrics_per_run().reset_index()
    failed = {f.run: f.time for f in result.failures}
    front = pd.DataFrame({"case": 0, "point": 0, "run": table.pop("run").astype(int)})
    front["failed_day"] = [failed.get(run, np.nan) for run in front["run"]]
    front["error"] = ""
    return pd.concat([front, table], axis=1)


def plan_of_sweep(result: Sweep, folder: str | Path = "sweep") -> EvidencePlan:
    """The plan of a sweep directory. Raises InputError where it is not finished, or its files have
    changed since.
    """
    if result.problems:
        first = next(iter(result.problems.values()))
        found = f"{len(result.tasks)} of {result.manifest['tasks']} tasks done"
        raise InputError(
            found,
            file=folder,
            expected=f"a finished sweep; the same sweep does what is missing or damaged ({first})",
        )
    design = recorded_design(result.manifest, Path(folder) / MANIFEST)
    cases = []
    for (policy, scenario), told in zip(design.cases(), result.manifest["cases"], strict=True):
        try:
            resolved = design.resolved(policy, scenario)
        except InputError as error:
            raise InputError(str(error), file=Path(folder) / MANIFEST, key="design") from None
        if resolved.hash != told[2]:
            raise InputError(
                f"parameters of {told[0]}, {told[1]} differ from those swept",
                file=folder,
                expected="the files as they were",
            )
        cases.append(Case(told[0], told[1], resolved))
    rows = [dict(zip(result.paths, row, strict=True)) for row in result.manifest["points"]]
    points = [
        Point(label, "point", values, design.runs)
        for label, values in zip(sweep_labels(rows), rows, strict=True)
    ]
    title = design.description or f"Sweep of {', '.join(result.paths) or 'one point'}"
    return portable(
        EvidencePlan(
            "sweep", title, tuple(cases), tuple(points), design.seed, tuple(result.metrics)
        ),
        Path(folder) / MANIFEST,
    )


def runs_of_sweep(result: Sweep) -> pd.DataFrame:
    """A sweep directory's numbers in the form of `simulate`'s table."""
    return pd.DataFrame(result.columns("failed_day", "error", *result.metrics))
