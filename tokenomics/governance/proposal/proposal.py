"""A proposal in one YAML file: what is changed, against which limits, in which scenarios; read
strictly, and turned into a plan of evidence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_origin

from pydantic import AfterValidator, Field, model_validator

from ...errors import InputError, counted, nearest
from ...experiments.plan import Case
from ...experiments.spans import VOTED, YEARS, days_of
from ...inputs import bounds
from ...inputs.files import read_text
from ...model import controllers
from ...parameters import NONE, ROLES, Resolved, called, fits, place, resolve
from ...parameters.documents import validated
from ...parameters.explaining import line_of
from ...parameters.kinds import refuse_other
from ...parameters.layers import OverlayLayer, PolicyLayer, ScenarioLayer, Source
from ...parameters.locate import find
from ...parameters.reading import LARGEST_FILE, load
from ...results.matters import too_few
from ...results.metrics import DEPLETING, METRICS
from ..evidence.plan import EvidencePlan, Point, Value, portable
from ..evidence.statement import (
    LARGEST_ROUNDING,
    CalibrationRecord,
    Line,
    MetricName,
    Statement,
    Variation,
    claim,
    visible,
)
from ..evidence.structure import (
    COLUMNS,
    CURRENT,
    PROPOSED,
    SPAN,
    changed_label,
    counterfactual_label,
    span_label,
)
from ..evidence.unread import idle
from ..evidence.worlds_record import WorldsAsked

Changes = dict[Line, bool | float | str]

# Worlds in which every verdict is asked for, between these ends where a proposal names no others:
# what a purchase leaves in the price decides what buy-backs are worth, and no study of a token
# tells it. From a third to that of square-root impact (Farmer and others 2013).
ALWAYS = {"market.permanent_impact": (0.33, 0.67)}
LONGEST_NAME = 500  # characters


def _told(layer: str | dict[str, Any]) -> str | dict[str, Any]:
    """A layer whose name can be shown."""
    if isinstance(layer, str) and not 0 < len(layer) <= LONGEST_NAME:
        expected = f"a name of 1 to {LONGEST_NAME} characters"
        raise ValueError(f"a name of {len(layer):,} characters; expected {expected}")
    if isinstance(layer, str):
        visible(layer)
    return layer


class Proposal(Statement):
    """A proposal's file.

    base, policy, overlays, set: the network as it is today. policy, overlays, scenarios: names,
    files, or mappings with a `name` of their own. current: today's values of the changed
    parameters, where they differ from the network's. proposed: the new ones. alternatives: other
    values, by name. calibration: folders that `tokenomics calibrate --out` wrote, whose overlays
    apply. worlds: in how many, with other facts than the network's, the limits are judged. metrics:
    names, all by default. years: after which what depletes is shown, beside the network's own span,
    which is three years where `set` gives no other.
    """

    title: Line
    base: Line = "baseline"
    policy: Annotated[PolicyLayer, AfterValidator(_told)] | None = None
    overlays: list[Annotated[OverlayLayer, AfterValidator(_told)]] = Field(
        default=[], max_length=50
    )
    set: Changes = Field(default={}, max_length=1_000)
    calibration: list[Line] = Field(default=[], max_length=20)
    current: Changes = Field(default={}, max_length=200)
    proposed: Changes = Field(min_length=1, max_length=200)
    alternatives: dict[Line, Changes] = Field(default={}, max_length=20)
    scenarios: list[Annotated[ScenarioLayer, AfterValidator(_told)]] = Field(
        min_length=1, max_length=50
    )
    runs: int = Field(ge=2, le=1_000_000)
    seed: int = Field(ge=0, lt=2**64)
    sensitivity: Variation = Variation()
    worlds: WorldsAsked = WorldsAsked()
    metrics: list[MetricName] = Field(default=[], max_length=500)
    years: list[Annotated[int, Field(ge=bounds.YEARS.least, le=bounds.YEARS.most)]] = Field(
        default=list(YEARS), max_length=20
    )

    @property
    def settings(self) -> Changes:
        """What is set in the network, with the span of what is voted on."""
        return {SPAN: VOTED, **self.set}

    def measured(self, every: Iterable[str]) -> list[str]:
        """Names of its metrics. every: all that there are."""
        shown = DEPLETING if self.years else ()
        return list(dict.fromkeys([*(self.metrics or every), *self.named, *shown]))

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, tree: Any) -> Any:
        lists = {
            name for name, field in cls.model_fields.items() if get_origin(field.annotation) is list
        }
        return (
            {k: [v] if k in lists and isinstance(v, (str, dict)) else v for k, v in tree.items()}
            if isinstance(tree, dict)
            else tree
        )


class Reader:
    """A proposal's tree with its lines, for errors."""

    def __init__(self, tree: Mapping[str, Any], file: str):
        self.tree, self.file = tree, file

    def error(self, found: str, *keys: Any, **more: Any) -> InputError:
        """An error at a key."""
        return InputError(
            found,
            file=self.file,
            line=line_of(self.tree, keys),
            key=".".join(map(str, keys)),
            **more,
        )


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
    _check(proposal, labels, today, at)
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
    current = {path: _number(path, value) for path, value in proposal.current.items()}
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


def _check(proposal: Proposal, labels: Mapping[str, str], today: Resolved, at: Reader) -> None:
    """Names and values that a field alone cannot tell."""
    for group in ("limits", "watch"):
        for number, one in enumerate(getattr(proposal, group)):
            for name in one.scenarios if group == "limits" else filter(None, [one.scenario]):
                if name not in labels:
                    key = "scenarios" if group == "limits" else "scenario"
                    expected = "one of " + ", ".join(labels)
                    raise at.error(
                        f"unknown scenario '{name}'",
                        group,
                        number,
                        key,
                        expected=expected,
                        nearest=nearest(name, labels),
                    )
    given = [("proposed", proposal.proposed), ("current", proposal.current)]
    for keys, values in [
        *(((group,), v) for group, v in given),
        *((("alternatives", name), v) for name, v in proposal.alternatives.items()),
    ]:
        for path, value in values.items():
            _check_value(path, value, today, at, (*keys, path))
            role = today.entries[path].role
            if role != "lever":
                raise at.error(
                    f"{path} is {ROLES[role]}",
                    *keys,
                    path,
                    expected=(
                        "a lever, which a vote can set; `set` describes the network, "
                        "`sensitivity.paths` varies what is uncertain"
                    ),
                )
    for path in proposal.current:
        if path not in proposal.proposed:
            expected = "one of " + ", ".join(proposal.proposed)
            raise at.error(
                "not a parameter that the proposal changes",
                "current",
                path,
                expected=expected,
                nearest=nearest(path, proposal.proposed),
            )
    for path in proposal.on_chain:
        if path not in proposal.proposed:
            expected = "one of " + ", ".join(proposal.proposed)
            raise at.error(
                "not a parameter that the proposal changes",
                "on_chain",
                path,
                expected=expected,
                nearest=nearest(path, proposal.proposed),
            )
        if place(path).kind is not float:
            raise at.error(
                "not a number", "on_chain", path, expected="a parameter that is a number"
            )
    _check_limits(proposal, at)
    _check_matters(proposal, at)
    _check_stored(proposal, today, at)
    for name in proposal.alternatives:
        if name in (CURRENT, PROPOSED, *COLUMNS):
            raise at.error(
                f"'{name}' as an alternative", "alternatives", name, expected="a name of its own"
            )


def _check_limits(proposal: Proposal, at: Reader) -> None:
    """A limit tests something: the metric, within its bounds, can hold it and can fail it."""
    for number, one in enumerate(proposal.limits):
        rule = one.constraint
        chosen = METRICS[rule.metric]
        low, high = chosen.gap if one.of == "change" else chosen.bounds
        best, worst = (low, high) if rule.sign > 0 else (high, low)
        never = "hold" if rule.excess(best) > 0.0 else "fail" if rule.excess(worst) <= 0.0 else ""
        if never:
            found = (
                f"'{one.limit}' can never {never}: "
                f"{'a change of ' * (one.of == 'change')}{rule.metric} is from {low:g} to {high:g}"
            )
            raise at.error(
                found,
                "limits",
                number,
                "limit",
                expected="a limit that the metric can hold and can fail",
            )


def _check_matters(proposal: Proposal, at: Reader) -> None:
    """The smallest differences that matter are of metrics that are shown, and can be told with so
    many runs.
    """
    shown = proposal.measured(METRICS)
    for name in proposal.matters:
        if name not in shown:
            raise at.error(
                "not a metric of this proposal",
                "matters",
                name,
                expected="one of " + ", ".join(shown),
                nearest=nearest(name, shown),
            )
    if few := too_few(
        proposal.matters, proposal.runs, len(shown) * (1 + len(proposal.alternatives))
    ):
        name, size, runs = few
        raise at.error(
            f"{size:g}, with {counted(proposal.runs, 'run')}",
            "matters",
            name,
            expected=f"at least {counted(runs, 'run')} for so small a difference of a probability",
        )


def _check_stored(proposal: Proposal, today: Resolved, at: Reader) -> None:
    """What a contract would store is what is simulated: it tells today from the proposal, and moves
    none of the values by much.
    """
    for path, rule in proposal.on_chain.items():
        new, others = (
            float(proposal.proposed[path]),
            [values[path] for values in proposal.alternatives.values() if path in values],
        )
        old = float(proposal.current.get(path, today.entries[path].value))
        if old != new and rule.raw(old)[0] == rule.raw(new)[0]:
            found = (
                f"{old:g} and {new:g} are both stored as {rule.raw(new)[0]}: the contract would "
                f"not change"
            )
            raise at.error(
                found,
                "on_chain",
                path,
                "decimals",
                expected="as many decimals as tell the two apart",
            )
        for value in (old, new, *map(float, others)):
            if rule.rounding(value) > LARGEST_ROUNDING:
                stored, meant = rule.raw(value)
                found = (
                    f"{value:g} is stored as {stored}, which stands for {float(meant):g}: the "
                    f"contract would have another value than is simulated"
                )
                expected = (
                    f"as many decimals as keep it to {LARGEST_ROUNDING:.0%}, or a value that they "
                    f"can tell"
                )
                raise at.error(found, "on_chain", path, "decimals", expected=expected)
        meant, wanted = float(rule.raw(new)[1] - rule.raw(old)[1]), new - old
        if abs(meant - wanted) > LARGEST_ROUNDING * abs(wanted):
            found = (
                f"{old:g} to {new:g} is a change of {wanted:g}, of which the contract would make "
                f"{meant:g}"
            )
            expected = f"as many decimals as keep the change to {LARGEST_ROUNDING:.0%}"
            raise at.error(found, "on_chain", path, "decimals", expected=expected)


def _check_value(
    path: str, value: Value, today: Resolved, at: Reader, keys: tuple[Any, ...]
) -> None:
    if path not in today.entries:
        near = nearest(path, today.entries)
        raise at.error(
            "unknown parameter",
            *keys,
            expected="the path of one, as 'tokenomics params show' prints them",
            nearest=near,
        )
    wanted = fits(path, value)
    if wanted:
        raise at.error(f"{value!r}", *keys, expected=wanted)


def _number(path: str, value: Value) -> Value:
    return float(value) if place(path).kind is float else value


def points_of(proposal: Proposal, today: Resolved, at: Reader) -> tuple[Point, ...]:
    """Today, the proposal, its alternatives, its parameters and worlds varied one at a time, those
    of `ALWAYS` too, and today and the proposal over other spans; all with the same paths.

    today: parameters of the network. Raises InputError, with the line in `at`, for values that
    cannot be.
    """
    ranges = proposal.sensitivity
    varied = {
        path: ends
        for path, ends in ALWAYS.items()
        if today.values.market.enabled and path not in proposal.proposed
    } | ranges.paths
    spans = [
        days
        for days in map(days_of, sorted(set(proposal.years)))
        if days != today.entries[SPAN].value
    ]
    paths = dict.fromkeys(
        [
            *proposal.proposed,
            *(p for values in proposal.alternatives.values() for p in values),
            *varied,
            *([SPAN] if spans else ()),
        ]
    )
    for path in ranges.paths:
        if path not in today.entries or place(path).kind is not float:
            near = nearest(path, today.entries)
            raise at.error(
                "unknown parameter",
                "sensitivity",
                "paths",
                path,
                expected="the path of a number",
                nearest=near,
            )
    now = {path: today.entries[path].value for path in paths} | {
        p: _number(p, v) for p, v in proposal.current.items()
    }
    new = now | {path: _number(path, value) for path, value in proposal.proposed.items()}
    if new == now:
        raise at.error("the values of today", "proposed", expected="a change")
    found = [
        Point(CURRENT, "current", now, proposal.runs),
        Point(PROPOSED, "proposed", new, proposal.runs),
    ]
    for name, values in proposal.alternatives.items():
        other = Point(
            name, "alternative", now | {p: _number(p, v) for p, v in values.items()}, proposal.runs
        )
        same = next((point.label for point in found[1:] if point.values == other.values), None)
        if same is not None:
            raise at.error(
                f"the values of '{same}'",
                "alternatives",
                name,
                expected="other values than are simulated already",
            )
        found.append(other)
    _possible(found, today, at)
    few = min(ranges.runs, proposal.runs)
    for path in dict.fromkeys([*(p for p in proposal.proposed if place(p).kind is float), *varied]):
        value = new[path]
        ends = varied.get(path) or sorted(
            (value * (1.0 - ranges.step), value * (1.0 + ranges.step))
        )
        if ends[0] == ends[1]:
            raise at.error(
                f"{path} is 0, which has no relative step",
                "sensitivity",
                expected=f"paths: {{{path}: [low, high]}}",
            )
        for end in ends:
            wanted = fits(path, end)
            if wanted:
                raise at.error(
                    f"{path} would be {end:g}",
                    "sensitivity",
                    expected=f"{wanted}; state its range under sensitivity.paths",
                )
            found.append(
                Point(changed_label(path, end), "sensitivity", new | {path: float(end)}, few)
            )
            if path not in proposal.proposed:
                found.append(
                    Point(
                        counterfactual_label(path, end),
                        "counterfactual",
                        now | {path: float(end)},
                        few,
                    )
                )
    over = [
        Point(span_label(base.label, days), "span", {**base.values, SPAN: days}, proposal.runs)
        for days in spans
        for base in found[:2]
    ]
    return (*found, *over)


def _possible(points: list[Point], today: Resolved, at: Reader) -> None:
    """Values that are each allowed may not be possible: shares that add up to more than one, a
    controller that there is not.
    """
    for point in points:
        try:
            controllers.law(
                today.replace(dict(point.values), source=point.label).values.controller.type
            )
        except InputError as error:
            keys = (
                (point.label,)
                if point.label in (CURRENT, PROPOSED)
                else ("alternatives", point.label)
            )
            raise at.error(
                error.found, *keys, expected=error.expected, nearest=error.nearest
            ) from None


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
