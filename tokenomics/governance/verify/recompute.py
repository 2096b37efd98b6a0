"""The runs of a plan simulated again, all or a random sample, and what differs from those
recorded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...experiments.evaluate import evaluate
from ...experiments.plan import structural
from ...results.metrics import METRICS
from ..evidence.plan import KEYS, EvidencePlan
from ..evidence.simulation import simulate
from .findings import Finding

LEVEL = 0.95  # probability with which the stated number of forged runs would have been found


def choose(rows: int, share: float, seed: int) -> np.ndarray:
    """Numbers of the sampled rows, in order: share of `rows`, at least one, without replacement."""
    count = min(rows, max(1, math.ceil(share * rows)))
    return np.sort(np.random.default_rng(seed).choice(rows, size=count, replace=False))


def detection(rows: int, sampled: int, forged: int) -> float:
    """Probability that a sample has at least one of the forged rows: 1 − C(rows − forged, sampled)
    / C(rows, sampled).
    """
    if forged > rows - sampled:
        return 1.0
    kept = np.arange(forged, dtype=float)
    return float(-np.expm1(np.sum(np.log1p(-sampled / (rows - kept)))))


def found_with(rows: int, sampled: int, level: float = LEVEL) -> int:
    """Smallest number of forged rows of which at least one is in the sample with probability
    `level`.
    """
    low, high = 1, rows - sampled + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if detection(rows, sampled, middle) >= level else (middle + 1, high)
        )
    return low


def simulate_rows(plan: EvidencePlan, keys: pd.DataFrame, progress: Any = None) -> pd.DataFrame:
    """`simulate`'s table for some rows of it. keys: columns case, point, run.

    A single run's directory is simulated up to the last of its runs that is asked for.
    """
    if plan.kind == "run":
        whole = simulate(plan, runs=int(keys["run"].max()) + 1, progress=progress)
        return whole.merge(keys, on=list(KEYS)).reset_index(drop=True)
    parts, done = [], 0
    types = {
        point.values["controller.type"]
        for point in plan.points
        if "controller.type" in point.values
    }
    for (number, chosen), own in keys.groupby(["case", "point"]):
        case, values = plan.cases[number], plan.points[chosen].values
        laws = types or {case.resolved.values.controller.type}
        swept = [path for path in values if not structural(path, laws)]
        fixed = {path: value for path, value in values.items() if path not in swept}
        resolved = case.resolved.replace(fixed, source="this bundle") if fixed else case.resolved
        runs = own["run"].to_numpy()
        point = [[values[path] for path in swept]]
        found = evaluate(resolved, swept, point, runs=runs, seed=plan.seed, metrics=plan.metrics)
        front = own[list(KEYS)].assign(failed_day=found.failed_day[0], error=found.errors[0])
        parts.append(front.assign(**{name: found.values[name][0] for name in plan.metrics}))
        done += len(runs)
        if progress:
            progress(done, len(keys))
    return pd.concat(parts, ignore_index=True).sort_values(
        list(KEYS), kind="stable", ignore_index=True
    )


def relative(recorded: np.ndarray, found: np.ndarray) -> np.ndarray:
    """|recorded − found| relative to the larger of the two; 0 where both are missing or the same,
    infinite where only one is a finite number.
    """
    same = (recorded == found) | (np.isnan(recorded) & np.isnan(found))
    finite = np.isfinite(recorded) & np.isfinite(found)
    scale = np.maximum(np.abs(recorded), np.abs(found))
    with np.errstate(all="ignore"):
        gap = np.abs(recorded - found) / np.where(scale > 0.0, scale, 1.0)
    return np.where(same, 0.0, np.where(finite, gap, np.inf))


def compare(
    plan: EvidencePlan, recorded: pd.DataFrame, found: pd.DataFrame, file: str
) -> tuple[list[Finding], float, pd.DataFrame]:
    """What differs between two tables of the same rows by a bit or more, and the largest relative
    difference of all numbers.

    The third is `recorded` with what differs as it was found.
    """
    columns: Sequence[str] = ("failed_day", *plan.metrics)
    one, two = (table[list(columns)].to_numpy(dtype=float) for table in (recorded, found))
    gaps = relative(one, two)
    missing = np.isnan(one) & np.isnan(two)
    wrong = ~(((one == two) & (np.signbit(one) == np.signbit(two))) | missing)
    findings = []
    for row, column in zip(*np.nonzero(wrong), strict=True):
        unit = METRICS[columns[column]].unit if column else "days"
        findings.append(
            Finding(
                file,
                f"{_where(plan, recorded.iloc[row])}, {columns[column]} [{unit}]",
                float(one[row, column]),
                float(two[row, column]),
            )
        )
    for row in np.flatnonzero(recorded["error"].to_numpy() != found["error"].to_numpy()):
        findings.append(
            Finding(
                file,
                f"{_where(plan, recorded.iloc[row])}, error",
                recorded["error"].iloc[row],
                found["error"].iloc[row],
            )
        )
    mended = recorded.assign(
        error=found["error"], **dict(zip(columns, np.where(wrong, two, one).T, strict=True))
    )
    return findings, float(np.max(gaps[np.isfinite(gaps)], initial=0.0)), mended


def _where(plan: EvidencePlan, row: pd.Series) -> str:
    return f"run {row['run']} of {plan.points[row['point']].label} in {plan.labels[row['case']]}"
