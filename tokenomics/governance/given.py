"""A proposal's file as it was given, beside the plan that was simulated: a bundle must not show another proposal than the one it is evidence of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..parameters.documents import validated
from ..parameters.reading import load
from .findings import Finding
from .make import GIVEN
from .plan import EvidencePlan, Point
from .proposal import Proposal
from .statement import Statement

ELSEWHERE = ("limits", "watch")  # their scenarios are names of files there, and labels in the plan


def disagreements(folder: Path, plan: EvidencePlan) -> list[Finding]:
    """What the proposal's file says otherwise than the plan: title, statement, values. Raises InputError for what is no proposal.

    Runs and seed may be others, for the command line may have set them. Files that it names are not read: the plan has what they said.
    """
    file = folder / GIVEN
    proposal = validated(Proposal, load(file, "a proposal"), str(file))
    told, stands = proposal.model_dump(mode="json"), dict(plan.statement)
    pairs: list[tuple[str, Any, Any]] = [("title", proposal.title, plan.title)]
    for name in Statement.model_fields:
        one, two = told[name], stands.get(name)
        if name in ELSEWHERE:
            one, two = _without_scenarios(one), _without_scenarios(two or [])
        pairs.append((name, one, two))
    named = {point.label: point for point in plan.points if point.role in ("proposed", "alternative")}
    wanted = [(point.label, proposal.proposed) for point in plan.points if point.role == "proposed"] + list(proposal.alternatives.items())
    for label, values in wanted:
        pairs += [(f"{label}: {path}", value, _value(named.get(label), path)) for path, value in values.items()]
    return [Finding(GIVEN, f"{what} is not what was simulated", str(one), str(two)) for what, one, two in pairs if one != two]


def _without_scenarios(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if not key.startswith("scenario")} for entry in entries]


def _value(point: Point | None, path: str) -> Any:
    return None if point is None else point.values.get(path)
