"""A proposal's file as it was given, beside the plan that was simulated: a bundle must not show
another proposal than the one it is evidence of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError
from ...model.lanes import shipped
from ...parameters import NONE, called, resolve
from ...parameters.documents import validated
from ...parameters.reading import load
from ...results.metrics import METRICS
from ..bundle.make import GIVEN
from ..evidence.plan import EvidencePlan, Point
from ..evidence.shipped import not_shipped
from ..evidence.statement import Statement
from ..evidence.structure import COMPARED
from ..evidence.worlds_record import WORLDS
from ..proposal.points import points_of
from ..proposal.proposal import as_today, labelled, scenario_labels
from ..proposal.stated import Proposal, Reader
from .findings import Finding

Pair = tuple[str, Any, Any]  # what, as the file has it, and as simulated


def disagreements(folder: Path, plan: EvidencePlan) -> list[Finding]:
    """What the proposal's file says otherwise than the plan: title, statement, values, runs, seed;
    once, and not what follows from it. Raises InputError for what is no proposal.

    Files that it names are not read, for they are outside of the bundle; see `unread`.
    """
    file = folder / GIVEN
    tree = load(file, "a proposal")
    proposal = validated(Proposal, tree, str(file))
    told, stands = labelled(proposal, proposal.model_dump(mode="json")), dict(plan.statement)
    pairs: list[Pair] = [("title", proposal.title, plan.title)]
    for name in Statement.model_fields:
        one, two = told[name], stands.get(name)
        pairs.append((name, one, two))
    pairs += [("runs", proposal.runs, plan.points[0].runs), ("seed", proposal.seed, plan.seed)]
    if plan.worlds is not None:  # without them its maker left them out, as the report says
        pairs.append(("worlds", proposal.worlds, plan.worlds.asked))
        pairs.append(("sensitivity.step", proposal.sensitivity.step, plan.worlds.step))
    pairs.append(("metrics", _metrics(proposal, plan), list(plan.metrics)))
    fits = len(plan.statement.get("calibrations", []))
    pairs.append(("calibration", len(proposal.calibration), fits))
    network = _network(proposal, plan)
    pairs += network + ([] if _differing(network) else _resolved(proposal, plan))
    pairs += _points(tree, str(file), proposal, plan)
    return [
        Finding(GIVEN, f"{what} is not what was simulated", *map(_told, values))
        for what, *values in _differing(pairs)
    ]


def _differing(pairs: list[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair[1] != pair[2]]


def _told(value: Any) -> str | None:
    return None if value is None else str(value)


def _network(proposal: Proposal, plan: EvidencePlan) -> list[Pair]:
    """Names, scenarios and settings: as the file has them, and as simulated."""
    names, case = scenario_labels(proposal.scenarios), plan.cases[0]
    pairs: list[Pair] = [("scenarios", list(names.values()), [one.scenario for one in plan.cases])]
    pairs.append(("base", Path(proposal.base).stem, case.resolved.base))
    if proposal.policy is not None:
        pairs.append(("policy", Path(called("policy", proposal.policy)).stem, case.policy))
    for path, value in proposal.settings.items():
        entry = case.resolved.entries.get(path)
        pairs.append((f"set: {path}", value, None if entry is None else entry.value))
    return pairs


def _metrics(proposal: Proposal, plan: EvidencePlan) -> list[str]:
    """The metrics that the file asks for; where it names none, all: who picks a few must say so.
    Each user's own ones are theirs.
    """
    every = [name for name in METRICS if shipped(METRICS[name].function)] + [
        name for name in plan.metrics if not shipped(METRICS[name].function)
    ]
    return proposal.measured(every)


def _own(proposal: Proposal) -> list[str]:
    """What of the network stands in files of somebody's own, by kind and name."""
    layers = {
        "base": [proposal.base],
        "policy": [NONE if proposal.policy is None else proposal.policy],
        "scenario": proposal.scenarios,
        "overlay": proposal.overlays,
    }
    found = [
        f"{kind} {Path(name).name}"
        for kind, given in layers.items()
        for name in given
        if isinstance(name, str) and not_shipped(kind, name)  # a mapping stands in the file itself
    ]
    return found + [f"calibration {Path(name).name}" for name in proposal.calibration]


def unread(folder: Path) -> list[str]:
    """Files that the proposal's file names and the bundle does not have, by kind and name: what
    they say cannot be compared with the plan.
    """
    file = folder / GIVEN
    return _own(validated(Proposal, load(file, "a proposal"), str(file)))


def _resolved(proposal: Proposal, plan: EvidencePlan) -> list[Pair]:
    """Every parameter of every scenario as the file's names and settings give it, where all of them
    are shipped, and as simulated.
    """
    names = scenario_labels(proposal.scenarios)
    if _own(proposal) or list(names.values()) != [case.scenario for case in plan.cases]:
        return []
    pairs: list[Pair] = []
    for case, scenario in zip(plan.cases, proposal.scenarios, strict=True):
        layers = {
            "own": proposal.policy,
            "scenarios": [scenario],
            "overlays": proposal.overlays,
            "today": proposal.settings,
        }
        network = resolve(proposal.base, **layers).naming(list(proposal.proposed))
        told = as_today(network, proposal)
        one, two = told.entries, case.resolved.entries
        values = {
            path: tuple(None if path not in found else found[path].value for found in (one, two))
            for path in dict.fromkeys([*one, *two])
        }
        pairs += [(f"{case.scenario}: {path}", *both) for path, both in values.items()]
    return pairs


def _points(tree: Any, file: str, proposal: Proposal, plan: EvidencePlan) -> list[Pair]:
    """Values of today, the proposal and its alternatives; where they agree, also of what is made
    from them: the varied ones, and those over other spans.
    """
    try:
        wanted = points_of(proposal, plan.cases[0].resolved, Reader(tree, file))
    except InputError as error:
        return [("points", str(error), "what was simulated")]
    given, simulated = (
        {point.label: point for point in points}
        for points in (wanted, [one for one in plan.points if one.role not in WORLDS])
    )
    as_many = proposal.runs == plan.points[0].runs  # else all have others, which is said once
    stated: list[Pair] = []
    made: list[Pair] = []
    for label in dict.fromkeys([*given, *simulated]):
        one, two = given.get(label), simulated.get(label)
        compared = any(point is not None and point.role in COMPARED for point in (one, two))
        (stated if compared else made).extend(_beside(label, one, two, as_many))
    return stated + ([] if _differing(stated) else made)


def _beside(label: str, one: Point | None, two: Point | None, as_many: bool) -> list[Pair]:
    """A set of values beside the same one as simulated. as_many: whether runs are compared."""
    if one is None or two is None:
        return [(label, one and one.role, two and two.role)]
    mine, other = ({"role": point.role} | dict(point.values) for point in (one, two))
    if as_many:
        mine["runs"], other["runs"] = one.runs, two.runs
    return [
        (f"{label}: {name}", mine.get(name), other.get(name))
        for name in dict.fromkeys([*mine, *other])
    ]
