"""A proposal's file as it was given, beside the plan that was simulated: a bundle must not show another proposal than the one it is evidence of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InputError
from ..parameters.documents import validated
from ..parameters.reading import load
from .findings import Finding
from .make import GIVEN
from .plan import EvidencePlan
from .proposal import Proposal, Reader, labelled, points_of, scenario_labels
from .statement import Statement


def disagreements(folder: Path, plan: EvidencePlan) -> list[Finding]:
    """What the proposal's file says otherwise than the plan: title, statement, values. Raises InputError for what is no proposal.

    Runs and seed may be others, for the command line may have set them. Files that it names, and overlays, are not read: the plan has what
    they said.
    """
    file = folder / GIVEN
    tree = load(file, "a proposal")
    proposal = validated(Proposal, tree, str(file))
    told, stands = labelled(proposal, proposal.model_dump(mode="json")), dict(plan.statement)
    pairs: list[tuple[str, Any, Any]] = [("title", proposal.title, plan.title)]
    for name in Statement.model_fields:
        one, two = told[name], stands.get(name)
        pairs.append((name, one, two))
    pairs += _network(proposal, plan) + _points(tree, str(file), proposal, plan)
    return [Finding(GIVEN, f"{what} is not what was simulated", str(one), str(two)) for what, one, two in pairs if one != two]


def _network(proposal: Proposal, plan: EvidencePlan) -> list[tuple[str, Any, Any]]:
    """Names, scenarios and settings: as the file has them, and as simulated."""
    names, case = scenario_labels(proposal.scenarios), plan.cases[0]
    pairs: list[tuple[str, Any, Any]] = [("scenarios", list(names.values()), [one.scenario for one in plan.cases])]
    pairs.append(("base", Path(proposal.base).stem, case.resolved.base))
    if proposal.policy is not None:
        pairs.append(("policy", Path(proposal.policy).stem, case.policy))
    if proposal.metrics:
        pairs.append(("metrics", list(dict.fromkeys([*proposal.metrics, *proposal.named])), list(plan.metrics)))
    for path, value in proposal.set.items():
        entry = case.resolved.entries.get(path)
        pairs.append((f"set: {path}", value, None if entry is None else entry.value))
    pairs.append(("calibration", len(proposal.calibration), len(plan.statement.get("calibrations", []))))
    return pairs


def _points(tree: Any, file: str, proposal: Proposal, plan: EvidencePlan) -> list[tuple[str, Any, Any]]:
    """Values of today, the proposal, its alternatives and of what is varied."""
    try:
        wanted = points_of(proposal, plan.cases[0].resolved, Reader(tree, file))
    except InputError as error:
        return [("points", str(error), "what was simulated")]
    one, two = ({point.label: {"role": point.role} | dict(point.values) for point in points} for points in (wanted, plan.points))
    pairs: list[tuple[str, Any, Any]] = []
    for label in dict.fromkeys([*one, *two]):
        mine, other = one.get(label, {}), two.get(label, {})
        pairs += [(f"{label}: {name}", mine.get(name), other.get(name)) for name in dict.fromkeys([*mine, *other])]
    return pairs
