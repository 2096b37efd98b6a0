"""Cautions: what a verdict hides, and what was simulated otherwise than a reader would think."""

from __future__ import annotations

from typing import Protocol

from .statement import LEAST_ROUNDING
from .verdict import FAILS, UNDECIDED, HasVerdict, listed, tallied


class HasCautions(HasVerdict, Protocol):
    """What a reader is warned of: `Evidence`."""

    @property
    def unmoved(self) -> list[str]: ...
    def varied_path(self, point: int) -> str: ...


def warnings(evidence: HasCautions) -> list[str]:
    """What a verdict hides: what nothing reads, limits not stated where they would fail, checks
    that fail where one parameter is another.
    """
    told, beside, varied = (
        [*untested(evidence), *rounded(evidence), *_equal(evidence)],
        evidence.unstated,
        evidence.varied_checks,
    )
    if len(beside) and (beside["verdict"] == FAILS).any():
        wrong = beside[beside["verdict"] == FAILS]
        told.append(
            f"Not counted, for its limits are stated for some scenarios alone, it would fail: "
            f"{listed(wrong, evidence)}."
        )
    if len(varied):
        wrong = varied[varied["verdict"] == FAILS]
        what = (
            f"With one parameter changed at a time, {len(wrong) or 'none'} of {len(varied)} "
            f"checks fail{'s' * (len(wrong) < 2)}"
        )
        rest = int((varied["verdict"] == UNDECIDED).sum())
        left = (
            f" {rest} others are undecided."
            if rest > 1
            else " 1 other is undecided."
            if rest
            else ""
        )
        told.append((f"{what}: {tallied(wrong, varied)}." if len(wrong) else f"{what}.") + left)
    paths = dict.fromkeys(evidence.varied_path(point) for _, point in sorted(evidence.idle.varied))
    for path in paths:
        told.append(f"Not counted with one parameter changed: {evidence.idle.told[path]}.")
    return told


def untested(evidence: HasCautions) -> list[str]:
    """The proposal's changes on which no metric depends, a line each."""
    shown = evidence.plan.shown
    where = {
        path: ""
        if len(places) == len(shown)
        else f" in {', '.join(shown[place] for place in places)}"
        for path, places in evidence.idle.changed.items()
    }
    return [
        f"Not tested{where[path]}: {evidence.idle.told[path]}." for path in evidence.idle.changed
    ]


def rounded(evidence: HasCautions) -> list[str]:
    """Values that a contract cannot store as they were simulated, a line each."""
    points, told = (
        [evidence.plan.points[i] for i in evidence.points("current", "proposed", "alternative")],
        {},
    )
    for path, rule in (evidence.claim.on_chain if evidence.claim else {}).items():
        for value in (float(point.values[path]) for point in points):
            if rule.rounding(value) > LEAST_ROUNDING:
                stored, meant = rule.raw(value)
                told[path, value] = (
                    f"Rounded on chain: {path} {value:.10g} was simulated and is stored as "
                    f"{stored}, which stands for {float(meant):.10g}."
                )
    return list(told.values())


def _equal(evidence: HasCautions) -> list[str]:
    """Scenarios and alternatives in which every run has today's numbers."""
    told, cases, shown = [], range(len(evidence.plan.cases)), evidence.plan.shown
    if evidence.unmoved and len(evidence.unmoved) < len(cases):
        where = ", ".join(shown[label] for label in evidence.unmoved)
        told.append(
            f"In {where} the proposal changes nothing: it has today's numbers in every run."
        )
    for point in evidence.points("alternative"):
        if all(evidence.equal(case, point, (case, 0)) for case in cases):
            told.append(
                f"The alternative '{evidence.plan.points[point].label}' changes nothing: it has "
                f"today's numbers in every run."
            )
    return told
