"""What a plan must look like to be one that this package makes: untrusted labels and roles must say
what the values are.

Every table of a report finds its points by role and names them by label, so that a wrong label is a
wrong statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import InputError, counted, nearest
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...parameters import place
from ...parameters.documents import validated
from .plan_records import PlanRecord, PointRecord, Value
from .statement import FullStatement
from .worlds_record import WORLDS, wrong

CURRENT, PROPOSED, AS_RUN, AS_DESIGNED = "current", "proposed", "as run", "as designed"
COLUMNS = ("scenario", "metric", "values")  # of the tables in which the other columns are labels
VARIED = ("sensitivity", "counterfactual")
COMPARED = ("current", "proposed", "alternative")  # over the plan's own span
SPAN = "simulation.days"


def changed_label(path: str, value: float) -> str:
    """What the proposal with one parameter changed is called."""
    return f"{path} = {value:.6g}"


def counterfactual_label(path: str, value: float) -> str:
    """What today's values with the same parameter changed are called."""
    return f"{CURRENT}, {changed_label(path, value)}"


def span_text(days: float) -> str:
    """A span in words, years where it is a whole number of them."""
    years = days / DAYS_PER_YEAR
    return counted(int(years), "year") if years == int(years) else f"{days:.10g} days"


def span_label(base: str, days: float) -> str:
    """What today's or the proposed values over another span are called. base: their label."""
    return f"{base}, after {span_text(days)}"


def sweep_labels(points: Sequence[Mapping[str, Value]]) -> list[str]:
    """What a sweep's points are called: by their values, and by a number where those come again, as
    in a sample of a few choices.
    """
    seen: Counter[str] = Counter()
    labels = []
    for values in points:
        texts = (
            f"{path.rsplit('.', 1)[-1]} {v:.10g}" if isinstance(v, float) else f"{path} {v}"
            for path, v in values.items()
        )
        label = ", ".join(texts) or AS_DESIGNED
        seen[label] += 1
        labels.append(f"{label} ({seen[label]})" if seen[label] > 1 else label)
    return labels


class _Checker:
    """A plan's record with the file that it stands in, for errors."""

    def __init__(self, record: PlanRecord, file: str):
        self.record, self.file = record, file

    def error(self, found: str, key: str, expected: str | None = None, **more: Any) -> InputError:
        return InputError(found, file=self.file, key=f"plan.{key}", expected=expected, **more)

    def want(self, good: bool, found: str, key: str, expected: str) -> None:
        if not good:
            raise self.error(found, key, expected)

    def unique(self, names: Sequence[str], key: str) -> None:
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        self.want(twice is None, f"'{twice}'"[:80] + " twice", key, "each name once")


def check(record: PlanRecord, labels: Sequence[str], file: str) -> None:
    """Raise InputError where a plan is not one that this package makes. labels: of its cases."""
    at = _Checker(record, file)
    at.unique([point.label for point in record.points], "points")
    at.unique(record.metrics, "metrics")
    first = list(record.points[0].values)
    for point in record.points:
        if point.role in WORLDS:
            continue
        at.want(
            list(point.values) == first,
            f"'{point.label[:80]}' changes other parameters",
            "points",
            "those of the first",
        )
    {"run": _run, "sweep": _sweep, "proposal": _proposal}[record.kind](at, labels)


def _plain(at: _Checker) -> None:
    at.want(not at.record.statement, f"a statement in a {at.record.kind}", "statement", "none")
    at.want(at.record.worlds is None, f"worlds in a {at.record.kind}", "worlds", "none")
    wrong = next((point.role for point in at.record.points if point.role != "point"), None)
    at.want(wrong is None, f"role '{wrong}'", "points", "'point'")


def _ensemble(at: _Checker) -> None:
    found = f"engine {at.record.engine}, every {at.record.every}"
    at.want(
        at.record.engine == "ensemble" and at.record.every == 1,
        found,
        "engine",
        "ensemble, every 1",
    )


def _run(at: _Checker, _: Sequence[str]) -> None:
    _plain(at)
    point = at.record.points[0]
    at.want(
        len(at.record.points) == 1 and not point.values,
        f"{len(at.record.points)} points",
        "points",
        "one without values",
    )
    at.want(point.label == AS_RUN, f"'{point.label[:80]}'", "points", f"'{AS_RUN}'")


def _sweep(at: _Checker, _: Sequence[str]) -> None:
    _plain(at)
    _ensemble(at)
    for point, wanted in zip(
        at.record.points, sweep_labels([point.values for point in at.record.points]), strict=True
    ):
        at.want(
            point.label == wanted,
            f"'{point.label[:80]}' for the values of '{wanted}'",
            "points",
            "labels that say the values",
        )
        at.want(
            point.runs == at.record.points[0].runs,
            f"{point.runs} runs of '{wanted}'",
            "points",
            "as many as of the first",
        )


def _proposal(at: _Checker, labels: Sequence[str]) -> None:
    _ensemble(at)
    apart = list(labels) == [case.scenario for case in at.record.cases]
    at.want(apart, "a scenario twice, or several policies", "cases", "each scenario once")
    points = at.record.points
    roles = [point.role for point in points]
    first = [(point.label, point.role) for point in points[:2]]
    at.want(
        first == [(CURRENT, "current"), (PROPOSED, "proposed")],
        f"{first}"[:200],
        "points",
        "current and proposed first",
    )
    at.want(
        {"current", "proposed", "point"}.isdisjoint(roles[2:]),
        "a second current or proposed point",
        "points",
        "one of each",
    )
    now, new = points[0], points[1]
    for point in points:
        if point.role in WORLDS:
            continue
        at.want(point.label not in COLUMNS, f"'{point.label}'", "points", "a name of its own")
        if point.role in VARIED:
            _varied(at, point, new if point.role == "sensitivity" else now)
            continue
        if point.role == "span":
            _over_another_span(at, point, (now, new))
        at.want(
            point.runs == now.runs,
            f"{point.runs} runs of '{point.label[:80]}'",
            "points",
            f"{now.runs}, as today",
        )
    over = [[point.label for point in points if _over(point, base)] for base in (now, new)]
    at.want(
        len(over[0]) == len(over[1]),
        f"{len(over[0])} other spans of today, {len(over[1])} of the proposal",
        "points",
        "both over the same spans",
    )
    _claim(at, validated(FullStatement, at.record.statement, at.file), labels)
    own = {path: entry.value for path, entry in at.record.cases[0].parameters.items()}
    lie = wrong(at.record.worlds, points, own | dict(new.values))
    if lie:
        raise at.error(lie[0], "worlds", lie[1])


def _varied(at: _Checker, point: PointRecord, base: PointRecord) -> None:
    """One parameter is another than at the base, and the label says which."""
    named = changed_label if point.role == "sensitivity" else counterfactual_label
    good = False
    for path, value in point.values.items():
        others = all(
            point.values[other] == base.values[other] for other in point.values if other != path
        )
        good |= (
            others
            and isinstance(value, float)
            and not isinstance(value, bool)
            and point.label == named(path, value)
        )
    at.want(
        good,
        f"'{point.label[:80]}'",
        "points",
        f"the one parameter in which it differs from '{base.label}'",
    )


def _over(point: PointRecord, base: PointRecord) -> bool:
    """Whether a point is a base over another span, and its label says so."""
    days = point.values.get(SPAN)
    return (
        point.role == "span"
        and isinstance(days, float)
        and days not in (0.0, base.values[SPAN])
        and point.values == base.values | {SPAN: days}
        and point.label == span_label(base.label, days)
    )


def _over_another_span(
    at: _Checker, point: PointRecord, bases: tuple[PointRecord, PointRecord]
) -> None:
    at.want(
        any(_over(point, base) for base in bases),
        f"'{point.label[:80]}'",
        "points",
        f"'{CURRENT}' or '{PROPOSED}' over another span, which the label says",
    )


def _claim(at: _Checker, claim: FullStatement, labels: Sequence[str]) -> None:
    for name in claim.named:
        at.want(
            name in at.record.metrics,
            f"'{name}' is not measured",
            "statement",
            "metrics of the plan",
        )
    for number, limit in enumerate(claim.limits):
        at.unique(limit.scenarios, f"statement.limits.{number}.scenarios")
        at.want(
            bool(limit.scenarios),
            "no scenario",
            f"statement.limits.{number}",
            "the scenarios of the limit",
        )
    scenarios = [name for limit in claim.limits for name in limit.scenarios] + [
        one.scenario or "" for one in claim.watch
    ]
    for name in scenarios:
        if name not in labels:
            raise at.error(
                f"unknown scenario '{name[:80]}'",
                "statement",
                "one of " + ", ".join(labels),
                nearest=nearest(name, labels),
            )
    for path in claim.on_chain:
        known = path in at.record.points[0].values and place(path).kind is float
        at.want(
            known,
            f"'{path[:80]}' on chain",
            "statement.on_chain",
            "a number that the points change",
        )
