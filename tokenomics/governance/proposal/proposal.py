"""A proposal in one YAML file: what is changed, against which limits, in which scenarios; read
strictly, and turned into a plan of evidence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError, counted
from ...experiments.plan import Case
from ...inputs.files import read_text
from ...model import controllers
from ...parameters import NONE, Resolved, called, fits, place, resolve
from ...parameters.documents import validated
from ...parameters.kinds import refuse_other
from ...parameters.layers import Source
from ...parameters.locate import find
from ...parameters.reading import LARGEST_FILE, load
from ...results.metrics import METRICS
from ..evidence.plan import EvidencePlan, portable
from ..evidence.statement import CalibrationRecord, claim
from ..evidence.unread import idle
from .checks import check
from .points import points_of
from .stated import Proposal, Reader, numeric


def read_proposal(
    source: str | Path | Mapping[str, Any], *, runs: int | None = None, seed: int | None = None
) -> tuple[Proposal, EvidencePlan]:
    """A proposal and the plan of its evidence, from a shipped name, a YAML file or a mapping. runs,
    seed: in place of the proposal's.

    Raises InputError that names file, line, key, what was found and expected, and the nearest valid
    name.
    """
    if isinstance(source, Mapping):
        tree, file = source, "proposal"
    else:
        path = find("proposal", str(source))
        tree, file = (
            load(path, "a proposal: title, proposed, scenarios, limits, runs, seed"),
            str(path),
        )
        refuse_other("proposal", tree, path)
    proposal = validated(Proposal, tree, file, expected=_expected)
    if runs is not None and runs < 2:
        raise InputError(
            counted(runs, "run"), argument="runs", expected="at least 2, for an interval"
        )
    proposal = proposal.model_copy(
        update={
            name: value for name, value in (("runs", runs), ("seed", seed)) if value is not None
        }
    )
    return proposal, _plan(proposal, Reader(tree, file))


def _expected(keys: tuple[Any, ...]) -> str | None:
    """What a parameter's value is to be, by its keys in the file; None where no parameter is
    named.
    """
    values = (
        keys[0] in ("proposed", "current", "set")
        and len(keys) == 2
        or keys[:1] == ("alternatives",)
        and len(keys) == 3
    )
    return fits(keys[-1], None) if values and place(keys[-1]).field is not None else None


def _plan(proposal: Proposal, at: Reader) -> EvidencePlan:
    labels = scenario_labels(proposal.scenarios)
    if len(set(labels.values())) < len(proposal.scenarios):
        raise at.error("a scenario twice", "scenarios", expected="each name once")
    sources = dict(zip(labels, proposal.scenarios, strict=True))
    records, overlays = _calibrations(proposal.calibration, at)

    def network(*scenarios: Source) -> Resolved:
        layers = {
            "own": proposal.policy,
            "scenarios": scenarios,
            "overlays": [*proposal.overlays, *overlays],
            "today": proposal.settings,
        }
        try:
            found = resolve(proposal.base, **layers).naming(list(proposal.proposed))
            controllers.law(found.values.controller.type)
        except InputError as error:
            raise InputError(str(error), file=at.file) from None
        return found

    today = network()
    check(proposal, labels, today, at)
    points = points_of(proposal, today, at)
    cases = []
    for name, label in labels.items():
        found = network(sources[name])
        for path in points[0].values:
            if found.entries[path].value != today.entries[path].value:
                raise at.error(
                    f"'{name}' sets {path}, which the proposal changes",
                    "scenarios",
                    expected="scenarios that leave it alone",
                )
        cases.append(Case(found.policy, label, as_today(found, proposal)))
    statement = labelled(proposal, claim(proposal, records).model_dump(mode="json"))
    metrics = tuple(proposal.measured(METRICS))
    plan = portable(
        EvidencePlan(
            "proposal",
            proposal.title,
            tuple(cases),
            points,
            proposal.seed,
            metrics,
            statement=statement,
        )
    )
    unread = idle(plan)
    silent = unread.everywhere(plan.labels)
    if silent and all(
        points[0].values[path] == value or path in silent
        for path, value in points[1].values.items()
    ):
        one = unread.told[silent[0]]
        raise at.error(one.found, "proposed", one.path, expected=one.expected)
    return plan


def as_today(network: Resolved, proposal: Proposal) -> Resolved:
    """The network as it is today: its policy and `current` are in force, and no change."""
    current = {path: numeric(path, value) for path, value in proposal.current.items()}
    return network.replace(current, source="current of this proposal").in_force()


def scenario_labels(scenarios: Sequence[Source]) -> dict[str, str]:
    """What a proposal's scenarios are called in its evidence, by the name or the file with which it
    tells of them.
    """
    names = [called("scenario", one) for one in scenarios]
    return {name: NONE if name == NONE else Path(name).stem for name in names}


def labelled(proposal: Proposal, statement: dict[str, Any]) -> dict[str, Any]:
    """A statement as data whose limits and watch list name the scenarios of the evidence, those
    that are meant by default included.
    """
    labels = scenario_labels(proposal.scenarios)
    names = list(labels)
    limits = [
        {**one, "scenarios": [labels.get(name, name) for name in one["scenarios"] or names]}
        for one in statement["limits"]
    ]
    watch = [
        {**one, "scenario": labels.get(one["scenario"] or names[0], one["scenario"])}
        for one in statement["watch"]
    ]
    return {**statement, "limits": limits, "watch": watch}


def _calibrations(folders: list[str], at: Reader) -> tuple[list[CalibrationRecord], list[str]]:
    """What the folders of calibrations say, and their overlays."""
    records, overlays = [], []
    for number, folder in enumerate(folders):
        path = Path(folder) / "calibration.json"
        try:
            content = json.loads(read_text(path, most=LARGEST_FILE))
            data = content["data"]
            told = (
                f"{Path(data['file']).name} (SHA-256 {data['sha256'][:12]}), {data['first']} to "
                f"{data['last']}, {data['count']} {data['what']}"
            )
            plain = {
                "method": content["method"],
                "data": told,
                "estimates": content["estimates"],
                "notes": content["notes"],
            }
        except (InputError, ValueError, KeyError, TypeError, RecursionError):
            raise at.error(
                f"no calibration in '{folder}'",
                "calibration",
                number,
                expected="a folder of 'tokenomics calibrate --out'",
            ) from None
        records.append(validated(CalibrationRecord, plain, str(path)))
        overlays.append(str(Path(folder) / "overlay.yaml"))
    return records, overlays
