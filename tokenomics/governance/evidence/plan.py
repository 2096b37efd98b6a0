"""What evidence stands on: cases × points × runs, seed and metrics, as data that can be computed
again anywhere.

A case is a scenario with all its resolved parameters; a point is a labelled change of some of them.
A proposal, a run directory and a sweep directory each become such a plan; it needs no file that
they were read from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ...errors import InputError, nearest
from ...experiments.plan import Case
from ...parameters import BEFORE, NONE, Resolved, as_history, as_written, fits, resolve
from ...parameters.documents import validated
from ...results.metrics import METRICS
from ...results.sources import OwnCode, code_of, files_of, names_code, recorded_code
from .plan_records import MOST_VALUES, CaseRecord, Kind, PlanRecord, Role, Value
from .structure import check
from .worlds_record import WORLDS, WorldsRecord

KEYS = ("case", "point", "run")
CALM = "calm"  # what a reader is told of the scenario `NONE`, whose name looks like nothing


@dataclass(frozen=True)
class Point:
    """Values of the parameters that differ between points, by path. role: what it is evidence of.
    runs: indices 0 to runs − 1.
    """

    label: str
    role: Role
    values: Mapping[str, Value]
    runs: int


@dataclass(frozen=True)
class EvidencePlan:
    """What is simulated, and what is claimed of it.

    cases: scenarios with their parameters. points: each with the same paths; every point is
    simulated in every case. Worlds have further paths, and are simulated in the first case alone.
    engine, every: of a single run's directory; proposals and sweeps use the ensemble. statement: a
    proposal's own words and limits, empty for a run or a sweep. worlds: how they were chosen, if
    there are any. code: of its maker's own, which it runs.
    """

    kind: Kind
    title: str
    cases: tuple[Case, ...]
    points: tuple[Point, ...]
    seed: int
    metrics: tuple[str, ...]
    engine: Literal["cadcad", "ensemble"] = "ensemble"
    every: int = 1
    statement: Mapping[str, Any] = field(default_factory=dict)
    worlds: WorldsRecord | None = None
    code: tuple[OwnCode, ...] = ()

    @property
    def paths(self) -> list[str]:
        """Paths of the parameters that differ between points."""
        return list(self.points[0].values)

    @property
    def runs(self) -> int:
        """Largest number of runs of a point."""
        return max(point.runs for point in self.points)

    def cases_of(self, point: Point) -> tuple[Case, ...]:
        """The cases in which a point is simulated, the first of all."""
        return self.cases[:1] if point.role in WORLDS else self.cases

    @property
    def columns(self) -> list[str]:
        """Columns of `simulate`'s table."""
        return [*KEYS, "failed_day", "error", *self.metrics]

    @property
    def simulations(self) -> int:
        """Number of simulated runs: the rows of `simulate`'s table."""
        return sum(len(self.cases_of(point)) * point.runs for point in self.points)

    @property
    def labels(self) -> list[str]:
        """What each case is called: its scenario, with its policy where cases differ in it, and a
        number where two have the same name.
        """
        return self._labels(NONE)

    @property
    def shown(self) -> dict[str, str]:
        """What a reader is told each of `labels`: `CALM` of the scenario `NONE`, unless another is
        called so.
        """
        taken = any(case.scenario == CALM for case in self.cases)
        return dict(zip(self.labels, self._labels(NONE if taken else CALM), strict=True))

    def _labels(self, calm: str) -> list[str]:
        """calm: what the scenario `NONE` is called."""
        several = len({case.policy for case in self.cases}) > 1
        scenarios = [calm if case.scenario == NONE else case.scenario for case in self.cases]
        names = [
            f"{case.policy}, {scenario}" if several else scenario
            for case, scenario in zip(self.cases, scenarios, strict=True)
        ]
        return [
            f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name
            for i, name in enumerate(names)
        ]

    def resolved(self, case: int, point: int) -> Resolved:
        """All parameters of a case at a point."""
        values = self.points[point].values
        found = self.cases[case].resolved
        return (
            found.replace(values, source=f"{self.points[point].label} of this {self.kind}")
            if values
            else found
        )

    def at_most(self, runs: int) -> EvidencePlan:
        """The same plan with the first `runs` runs of every point at most."""
        return replace(
            self, points=tuple(replace(point, runs=min(point.runs, runs)) for point in self.points)
        )

    def plain(self) -> dict[str, Any]:
        """For JSON; `from_plain` reads it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "cases": [plain_case(case) for case in self.cases],
            "points": [
                {"label": p.label, "role": p.role, "values": dict(p.values), "runs": p.runs}
                for p in self.points
            ],
            "seed": self.seed,
            "metrics": list(self.metrics),
            "engine": self.engine,
            "every": self.every,
            "statement": dict(self.statement),
            **recorded_code(self.code),
        } | ({} if self.worlds is None else {"worlds": self.worlds.model_dump(mode="json")})


def plain_case(case: Case) -> dict[str, Any]:
    """A case as data."""
    entries = case.resolved.entries.values()
    # a value without a source of its own has the path of its file there, which is another on every
    # machine
    sources = {e.path: Path(e.source).name if e.source == e.file else e.source for e in entries}
    parameters = {e.path: as_written(e) | {"source": sources[e.path]} for e in entries}
    words = case.resolved.descriptions.get(case.scenario, "")
    named = {
        "base": case.resolved.base,
        "policy": case.policy,
        "scenario": case.scenario,
        "description": words,
    }
    past = {"before": as_history(case.resolved.before)} if case.resolved.before else {}
    return named | {"parameters": parameters} | past


def tree(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as data, `plain_case`, as the nested mapping that `resolve` takes."""
    found: dict[str, Any] = {BEFORE: case[BEFORE]} if case.get(BEFORE) else {}
    for path, entry in case["parameters"].items():
        *groups, name = path.split(".")
        node = found
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = {} if entry["value"] == {} else dict(entry)
    return found


def _case(record: CaseRecord) -> Case:
    plain = record.model_dump(exclude_unset=True)
    words = {record.scenario: record.description}
    scenarios = () if record.scenario == NONE else (record.scenario,)
    resolved = replace(
        resolve(tree(plain)),
        base=record.base,
        policy=record.policy,
        scenarios=scenarios,
        descriptions=words,
    )
    return Case(record.policy, record.scenario, resolved)


def from_plain(content: Mapping[str, Any], file: str = "manifest.json") -> EvidencePlan:
    """A plan from untrusted data. Raises InputError for what is not one. file: named in errors."""
    record = validated(PlanRecord, content, file, MOST_VALUES)
    own = {one.part for one in record.code}
    for name in record.metrics:
        if f"metric {name}" not in own:
            _known(name, file)
    cases = tuple(_case(case) for case in record.cases)
    points = tuple(Point(p.label, p.role, p.values, p.runs) for p in record.points)
    for point in points:
        for path, value in point.values.items():
            if path not in cases[0].resolved.entries:
                raise InputError(
                    "unknown parameter",
                    file=file,
                    key=path,
                    nearest=nearest(path, cases[0].resolved.entries),
                )
            wanted = fits(path, value)
            if wanted:
                raise InputError(f"{value!r}"[:80], file=file, key=path, expected=wanted)
    plan = EvidencePlan(
        record.kind,
        record.title,
        cases,
        points,
        record.seed,
        tuple(record.metrics),
        record.engine,
        record.every,
        record.statement,
        record.worlds,
        tuple(OwnCode(**one.model_dump()) for one in record.code),
    )
    check(record, plan.labels, file)
    return plan


def portable(plan: EvidencePlan, file: str | Path = "manifest.json") -> EvidencePlan:
    """The plan as any reader of its bundle has it: without what its data do not hold, and with what
    code it runs. Raises InputError where some of that is in no file.
    """
    return from_plain(with_code(plan).plain(), str(file))


def with_code(plan: EvidencePlan) -> EvidencePlan:
    """The plan with the code of users' own that it runs, as it is here. Raises InputError where
    some of it is in no file.
    """
    found = code_of(
        (case.resolved for case in plan.cases),
        ({p: v for p, v in point.values.items() if names_code(p)} for point in plan.points),
        plan.metrics,
    )
    files_of(found)
    return replace(plan, code=found)


def _known(name: str, file: str) -> None:
    if name not in METRICS:
        expected = "one of " + ", ".join(METRICS) + ", or one of your own, registered"
        raise InputError(
            f"unknown metric '{name}'",
            file=file,
            key="metrics",
            expected=expected,
            nearest=nearest(name, METRICS),
        )
