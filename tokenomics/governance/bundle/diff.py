"""Two bundles beside each other: what was simulated, with which versions, and how the metrics
differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ...parameters.tables import text
from ...results.differences import Paired
from ...results.intervals import LEVEL, independent_shares, intervals
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.worlds_record import WORLDS
from .bundle import ManifestRecord
from .directory import open_bundle


@dataclass(frozen=True, eq=False)
class BundleDifference:
    """What differs between two bundles, a and b.

    settings: what, a, b: identifiers, versions, seeds, sizes. parameters: scenario, parameter, a,
    b, unit; empty where one has no such entry.
    metrics: scenario, values, metric, mean and interval of each over all its runs (a_n, b_n),
    difference b − a with its 95 % interval, method and unit, one row for every metric that both
    have at the same scenario and values. Means differ in other runs than the difference where the
    bundles have other numbers of runs: pairs are the runs of both that a paired difference is over,
    None for an independent one.
    unmoved: whether these are other bundles, and yet every metric that both have is the same number
    in every run.
    """

    settings: pd.DataFrame
    parameters: pd.DataFrame
    metrics: pd.DataFrame
    unmoved: bool = False

    @property
    def same(self) -> bool:
        """Whether both bundles have the same plan, numbers and version."""
        return "id" not in set(self.settings["what"])


def diff(a: str | Path, b: str | Path) -> BundleDifference:
    """Compare two bundles as they stand; `verify` tells whether each is true.

    a, b: directories of bundles. Where both have one seed, runs of one index met the same shocks
    and the differences are paired; else the interval is Welch's (1947), of two independent samples.
    Raises InputError for what is no bundle.
    """
    (one, mine), (two, other) = open_bundle(a), open_bundle(b)
    return BundleDifference(
        _frame(_settings(one, mine, two, other), ("what", "a", "b")),
        _frame(_parameters(mine, other), ("scenario", "parameter", "a", "b", "unit")),
        _frame(
            _metrics(mine, other), ("scenario", "values", "metric", *MEANS, *GAP, "method", "unit")
        ),
        one.id != two.id and _unmoved(mine, other),
    )


MEANS = tuple(f"{one}{end}" for one in "ab" for end in ("", "_low", "_high", "_n"))
GAP = ("difference", "low", "high", "pairs")


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def _settings(
    one: ManifestRecord, mine: Evidence, two: ManifestRecord, other: Evidence
) -> list[dict[str, str]]:
    def told(record: ManifestRecord, evidence: Evidence) -> dict[str, str]:
        plan = evidence.plan
        front = {
            "id": record.id,
            "kind": record.kind,
            "title": plan.title,
            "tokenomics": record.tokenomics,
            "commit": record.commit or "",
        }
        versions = {name: version or "" for name, version in record.dependencies.items()}
        size = {
            "scenarios": "; ".join(plan.labels),  # a label may have a comma of its own
            "values": "; ".join(p.label for p in plan.points),
            "runs": str(plan.runs),
            "seed": str(plan.seed),
        }
        last = {"metrics": ", ".join(plan.metrics), "verdict": evidence.verdict()}
        return (
            front | {"python": record.python, "platform": record.platform} | versions | size | last
        )

    first, second = told(one, mine), told(two, other)
    return [
        {"what": name, "a": first.get(name, ""), "b": second.get(name, "")}
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def _parameters(mine: Evidence, other: Evidence) -> list[dict[str, str]]:
    """The parameters that differ in a scenario that both have, before and after each set of values
    that both have.
    """
    rows = []
    scenarios = dict(zip(other.plan.labels, other.plan.cases, strict=True))
    for label, case in zip(mine.plan.labels, mine.plan.cases, strict=True):
        if label in scenarios:
            entries, theirs = case.resolved.entries, scenarios[label].resolved.entries
            a, b = (
                {path: text(e.value) for path, e in found.items()} for found in (entries, theirs)
            )
            units = {path: e.unit for path, e in (theirs | entries).items()}
            rows += _differing(label, a, b, units)
    units = {
        path: e.unit
        for path, e in (
            other.plan.cases[0].resolved.entries | mine.plan.cases[0].resolved.entries
        ).items()
    }
    points = {point.label: point.values for point in other.plan.points}
    for point in mine.plan.points:
        if point.label in points:
            a, b = (
                _whole(evidence, values)
                for evidence, values in ((mine, point.values), (other, points[point.label]))
            )
            shared = set(point.values) | set(points[point.label])
            a, b = (
                {path: value for path, value in whole.items() if path in shared} for whole in (a, b)
            )
            rows += _differing(f"values '{point.label}'", a, b, units)
    return rows


def _whole(evidence: Evidence, values: Mapping[str, Any]) -> dict[str, str]:
    """Every parameter at a point: what it does not set is the first case's."""
    return {
        path: text(entry.value) for path, entry in evidence.plan.cases[0].resolved.entries.items()
    } | {p: text(v) for p, v in values.items()}


def _differing(
    where: str, a: Mapping[str, str], b: Mapping[str, str], units: Mapping[str, str]
) -> list[dict[str, str]]:
    return [
        {
            "scenario": where,
            "parameter": path,
            "a": a.get(path, ""),
            "b": b.get(path, ""),
            "unit": units[path],
        }
        for path in dict.fromkeys([*a, *b])
        if a.get(path) != b.get(path)
    ]


def _beside(
    mine: Evidence, other: Evidence
) -> Iterator[tuple[str, str, list[str], np.ndarray, np.ndarray]]:
    """What both have: scenario, values, names of metrics, and these (metrics, runs) of each."""
    names = [name for name in mine.plan.metrics if name in other.plan.metrics]
    places = {point.label: k for k, point in reversed(list(enumerate(other.plan.points)))}
    for i, scenario in enumerate(mine.plan.labels):
        for j, point in enumerate(mine.plan.points):
            if scenario in other.plan.labels and point.label in places and point.role not in WORLDS:
                one = mine.values[i, j][[mine.row(name) for name in names]]
                two = other.values[other.plan.labels.index(scenario), places[point.label]][
                    [other.row(name) for name in names]
                ]
                yield scenario, point.label, names, one, two


def _unmoved(mine: Evidence, other: Evidence) -> bool:
    """Whether every metric that both have is the same number in every run that both have; False
    where there is none.
    """
    pairs = [(one, two) for _, _, names, one, two in _beside(mine, other) if names]
    common = [min(one.shape[1], two.shape[1]) for one, two in pairs]
    return bool(pairs) and all(
        np.array_equal(one[:, :n], two[:, :n], equal_nan=True)
        for (one, two), n in zip(pairs, common, strict=True)
    )


def _metrics(mine: Evidence, other: Evidence) -> list[dict[str, Any]]:
    alike = mine.plan.seed == other.plan.seed
    rows = []
    for scenario, label, names, one, two in _beside(mine, other):
        gaps = _paired(names, one, two) if alike else _independent(names, one, two)
        for name, x, y, gap in zip(names, one, two, gaps, strict=True):
            told = {"method": "paired" if alike else "independent", "unit": METRICS[name].unit}
            means = dict(zip(MEANS, (*_mean(name, x), *_mean(name, y)), strict=True))
            rows.append(
                {"scenario": scenario, "values": label, "metric": name}
                | means
                | dict(zip(GAP, gap, strict=True))
                | told
            )
    return rows


def _mean(name: str, values: np.ndarray) -> tuple[float, float, float, int]:
    found = intervals(values[None, :], **METRICS[name].interval)
    return float(found.mean[0]), float(found.low[0]), float(found.high[0]), int(found.n[0])


def _paired(
    names: list[str], one: np.ndarray, two: np.ndarray
) -> list[tuple[float, float, float, int | None]]:
    common = min(one.shape[1], two.shape[1])
    s = Paired.of(names, two[:, :common], one[:, :common]).intervals()
    return [
        (float(mean), float(low), float(high), int(n))
        for mean, low, high, n in zip(s.mean, s.low, s.high, s.n, strict=True)
    ]


def _independent(
    names: list[str], one: np.ndarray, two: np.ndarray
) -> list[tuple[float, float, float, int | None]]:
    return [
        (*independent(x, y, METRICS[name].probability), None)
        for name, x, y in zip(names, one, two, strict=True)
    ]


def independent(
    one: np.ndarray, two: np.ndarray, probability: bool = False
) -> tuple[float, float, float]:
    """Mean of the second sample less that of the first, with Welch's interval: difference, low,
    high. NaN marks a failed run.

    probability: the values are 0 or 1, and the interval is that of `independent_shares`.
    """
    x, y = one[np.isfinite(one)], two[np.isfinite(two)]
    gap = float(np.mean(y) - np.mean(x)) if min(len(x), len(y)) else np.nan
    if min(len(x), len(y)) < 2:
        return gap, np.nan, np.nan
    if probability:
        return gap, *independent_shares(float(y.sum()), len(y), float(x.sum()), len(x))
    half = _welch(x, y)
    return gap, gap - half, gap + half


def _welch(x: np.ndarray, y: np.ndarray) -> float:
    """Half the width of the interval; 0 where neither sample varies."""
    if np.ptp(x) == np.ptp(y) == 0.0:
        return 0.0
    a, b = np.var(x, ddof=1) / len(x), np.var(y, ddof=1) / len(y)
    freedom = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1))
    return float(stdtrit(freedom, 0.5 + LEVEL / 2.0) * np.sqrt(a + b))
