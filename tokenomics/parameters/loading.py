"""From files, overlays and settings to one checked, frozen parameter tree with the origin of every
value.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ..errors import InputError, nearest
from ..inputs.arguments import SETS, SOURCE, checked, many, optional, several
from .changes import Dated, history, schedule
from .explaining import explained
from .fields import ROLES, Group, Role
from .kinds import BEFORE, refuse_other
from .locate import find
from .reading import Leaf, flatten, load, number, read, scalar
from .schema import Parameters, put
from .units import in_other_tokens
from .writing import yaml_text

Source = str | Path | Mapping[str, Any]
NONE = "none"  # in place of a scenario: nothing happens
# far above any real quantity in any unit here; squares and products of such numbers stay finite
LARGEST = 1e18
# names of workloads, accelerators, events and custom numbers
FREE_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Entry:
    """One parameter: value, unit, where it comes from, what it means. bounds: as text, empty where
    there are none.

    role: one of `ROLES`. reason: why the network moved it there from the schema's, else empty.
    """

    path: str
    value: Any
    unit: str
    source: str
    file: str
    line: int | None
    doc: str
    bounds: str
    role: Role
    reason: str = ""


@dataclass(frozen=True)
class Before:
    """Levers as they stood until a day, where they differ from the tree: values by path. until:
    None for `change.day`.
    """

    until: float | None
    levers: Mapping[str, Any]


@dataclass(frozen=True)
class Resolved:
    """A resolved parameter tree. values: the frozen tree, with all changes in force. entries: every
    parameter with its origin, by path.

    base, policy, scenarios: names of what it was resolved from. descriptions: of those files, by
    name. before: what levers were before they changed, in the order of time; the first is the
    network of today, from which simulations start.
    """

    values: Parameters
    entries: dict[str, Entry]
    base: str
    policy: str
    scenarios: tuple[str, ...]
    descriptions: dict[str, str]
    before: tuple[Before, ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the values and of what levers were before, in
        hexadecimal.
        """
        told: Any = self.values.model_dump()
        if self.before:
            told = {"values": told, "before": [[b.until, dict(b.levers)] for b in self.before]}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def today(self) -> Parameters:
        """The network before any change."""
        return put(self.values, self.before[0].levers) if self.before else self.values

    def stages(self) -> tuple[tuple[int, Parameters], ...]:
        """Parameters from a step on, in the order of time; the first from the start. Those that end
        before they begin are left out.

        Raises InputError for a change within a step or after the end.
        """
        values, first, found = self.values, 0, []
        for one in self.before:
            until = values.change.day if one.until is None else one.until
            step = round(until / values.simulation.time_step)
            if abs(step * values.simulation.time_step - until) > 1e-6:
                raise InputError(
                    f"day {until:g}",
                    key="change.day",
                    expected=f"a multiple of the step, {values.simulation.time_step:g} days",
                )
            if step >= values.simulation.steps:
                raise InputError(
                    f"day {until:g}",
                    key="change.day",
                    expected=f"a day before the end, {values.simulation.days:g}",
                )
            if step > first:
                found.append((first, put(values, one.levers)))
                first = step
        return (*found, (first, values))

    def in_force(self) -> Resolved:
        """The network in which all changes have been made long ago: its today is what they give."""
        return replace(self, before=())

    def is_lever(self, path: str) -> bool:
        """Whether a vote or an operator of the protocol sets the parameter at a path in this
        network.
        """
        entry = self.entries.get(path)
        return (entry.role if entry else place(path).role) == "lever"

    @property
    def scenario(self) -> str:
        """The scenarios as one name; `NONE` where there is none."""
        return "+".join(self.scenarios) or NONE

    def to_yaml(self) -> str:
        """The tree as a parameter file: it loads again, with the same hash."""
        tree: dict[str, Any] = {
            "description": f"{self.base}, policy {self.policy}, "
            + (", ".join(self.scenarios) or "no scenario")
        }
        if self.before:
            tree[BEFORE] = as_history(self.before)
        for path, entry in self.entries.items():
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = {} if entry.value == {} else as_written(entry)
        return yaml_text(tree)

    def replace(self, changes: Mapping[str, Any], source: str) -> Resolved:
        """The tree with some values changed, checked again. changes: values by path. source:
        why.

        Changed levers act with the last change, and today stays; any other change is one of today,
        too.
        """
        return self.with_leaves(
            {
                path: Leaf(path, number(value), None, source, source, None)
                for path, value in changes.items()
            }
        )

    def in_other_tokens(self, factor: float, source: str) -> Resolved:
        """The same network, today and after its changes, with a token that is worth 1/factor of the
        old one. source: why.
        """
        values, entries = _build(self.leaves(in_other_tokens(self.values, factor), source))
        before = [
            Before(
                one.until,
                {
                    path: in_other_tokens(put(self.values, one.levers), factor).get(path, value)
                    for path, value in one.levers.items()
                },
            )
            for one in self.before
        ]
        return replace(self, values=values, entries=entries, before=tuple(before))

    def with_leaves(self, changes: Mapping[str, Leaf]) -> Resolved:
        """`replace` with changes as they were written, by path."""
        values, entries = _build(_merge(self.leaves({}, ""), changes))
        levers = {
            path: self.entries[path].value
            for path in changes
            if path in self.entries and self.is_lever(path)
        }
        past = self.before or (Before(None, {}),)
        kept = [Before(one.until, levers | dict(one.levers)) for one in past]
        return replace(self, values=values, entries=entries, before=_told_apart(kept, entries))

    def leaves(self, changes: Mapping[str, Any], source: str) -> dict[str, Leaf]:
        """Its values as they were written, unchecked. changes: by path, values in place of them.
        source: what a changed one says of where it is from.
        """
        leaves = {
            e.path: Leaf(
                e.path, e.value, None, e.source, e.file, e.line, e.reason and e.role, e.reason
            )
            for e in self.entries.values()
        }
        changed = {
            path: Leaf(path, number(value), None, source, source, None)
            for path, value in changes.items()
        }
        return _merge(leaves, changed)


def _told_apart(past: Sequence[Before], entries: Mapping[str, Entry]) -> tuple[Before, ...]:
    """Levers before their changes where they differ from the tree; none that no change follows."""
    found = [
        Before(
            one.until,
            {p: v for p, v in one.levers.items() if p in entries and entries[p].value != v},
        )
        for one in past
    ]
    while found and not found[-1].levers:
        found.pop()
    return tuple(found)


def as_history(before: Sequence[Before]) -> list[dict[str, Any]]:
    """What levers were before they changed, as a parameter file has it."""
    return [
        ({} if one.until is None else {"until": one.until}) | {"levers": dict(one.levers)}
        for one in before
    ]


def as_written(entry: Entry) -> dict[str, Any]:
    """An entry as a parameter file has it."""
    plain = {"value": entry.value, "unit": entry.unit, "source": entry.source}
    return plain | ({"role": entry.role, "reason": entry.reason} if entry.reason else {})


class Place(NamedTuple):
    """What the schema has at a path. field: None where there is nothing. wrong: the first part it
    does not know. role: of a parameter, by the schema.
    """

    field: FieldInfo | None
    kind: Any = None
    wrong: str = ""
    valid: tuple[str, ...] = ()
    role: Role = "world"


def place(path: str) -> Place:
    """What the schema has at a path, of a parameter or of a group."""
    field, kind, role = None, Parameters, "world"
    for part in path.split("."):
        if get_origin(kind) is dict:
            if not FREE_KEY.fullmatch(part):
                return Place(None, wrong=part)
            kind = get_args(kind)[1]
        elif isinstance(kind, type) and issubclass(kind, Group):
            field = kind.model_fields.get(part)
            if field is None:
                return Place(None, wrong=part, valid=tuple(kind.model_fields))
            role = dict(field.json_schema_extra or {}).get("role", kind.ROLE)  # type: ignore[call-overload]
            kind = field.annotation
        else:
            return Place(None, wrong=part)
    return Place(field, kind, role=role)


def field_at(path: str) -> tuple[FieldInfo | None, list[str]]:
    """The schema's field at a path (None where there is none), and the names that would have been
    valid there.
    """
    found = place(path)
    return found.field, list(found.valid)


def bounds(info: FieldInfo) -> str:
    """Bounds of a field as text."""
    signs = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
    found = [
        f"{sign} {getattr(m, name):g}"
        for m in info.metadata
        for name, sign in signs
        if hasattr(m, name)
    ]
    choices = (
        [repr(c).strip("'") for c in get_args(info.annotation)]
        if "Literal" in str(info.annotation)
        else []
    )
    return ", ".join(found) or " | ".join(choices)


def unit_of(info: FieldInfo) -> str:
    """Unit of a field."""
    return dict(info.json_schema_extra or {}).get("unit", "-")  # type: ignore[call-overload]


def _expected(info: FieldInfo) -> str:
    kind = {bool: ("true or false"), str: "a name"}.get(info.annotation, "a number")  # type: ignore[arg-type]
    limits, unit = bounds(info), unit_of(info)
    if "Literal" in str(info.annotation):
        return "one of " + limits.replace(" | ", ", ")
    return " ".join(part for part in (kind, limits, unit if unit not in ("-", "1") else "") if part)


def check_leaf(leaf: Leaf) -> FieldInfo:
    """The field of a value as it was written. Raises InputError for a key that there is not, and
    for another unit or type.
    """
    info, kind, wrong, valid, _ = place(leaf.path)
    if info is None:
        key = None if FREE_KEY.fullmatch(wrong) else "a name of a-z, 0-9 and _, a letter first"
        raise leaf.error(
            "unknown key",
            expected="one of " + ", ".join(valid) if valid else key,
            nearest=nearest(wrong, valid),
        )
    unit = unit_of(info)
    if leaf.unit is not None and leaf.unit != unit:
        raise leaf.error(f"unit '{leaf.unit}'", expected=f"'{unit}'")
    if get_origin(kind) is dict and leaf.value != {}:
        raise leaf.error(f"{leaf.value!r} in place of a group", expected="a group of parameters")
    if isinstance(kind, type) and issubclass(kind, Group):
        raise leaf.error(
            f"{leaf.value!r} in place of a group",
            expected="a group of parameters: " + ", ".join(kind.model_fields),
        )
    numeric = isinstance(leaf.value, (int, float)) and not isinstance(leaf.value, bool)
    if kind in (int, float) and not (numeric and abs(leaf.value) <= LARGEST):  # also false for NaN
        size = f" of at most {LARGEST:g} in size" if numeric else ""
        raise leaf.error(f"{leaf.value!r}"[:40], expected=_expected(info) + size)
    if kind is bool and not isinstance(leaf.value, bool):
        raise leaf.error(f"{leaf.value!r}", expected=_expected(info))
    return info


@lru_cache(maxsize=256)
def _adapter(path: str) -> TypeAdapter:
    """What checks one value of a parameter; a design has thousands of them."""
    info = place(path).field
    return TypeAdapter(Annotated[info.annotation, info])


def fits(path: str, value: Any) -> str | None:
    """None where a value alone is one that the parameter at a path takes; else what is expected
    there.
    """
    try:
        info = check_leaf(Leaf(path, value, None, None, "", None))
        # bounds alone: the groups that it belongs to are checked with all their values
        _adapter(path).validate_python(value)
    except ValidationError:
        return _expected(info)
    except InputError as error:
        return error.expected or str(error)
    return None


def nest(tree: dict[str, Any], leaf: Leaf) -> Any:
    """Put the value of a leaf into a tree of groups, whole numbers as floats; the value."""
    whole = isinstance(leaf.value, int) and not isinstance(leaf.value, bool)
    *groups, name = leaf.path.split(".")
    for group in groups:
        tree = tree.setdefault(group, {})
    tree[name] = float(leaf.value) if whole else leaf.value
    return tree[name]


def _build(leaves: Mapping[str, Leaf]) -> tuple[Parameters, dict[str, Entry]]:
    entries, tree = {}, {}
    for path, leaf in leaves.items():
        info = check_leaf(leaf)
        entries[path] = Entry(
            path,
            nest(tree, leaf),
            unit_of(info),
            leaf.source or "",
            leaf.file,
            leaf.line,
            info.description or "",
            bounds(info),
            _role(leaf),
            leaf.reason or "",
        )
    return checked_tree(tree, leaves), entries


MOVABLE = ("lever", "world")  # a stock, an event or a step of the simulation is no other thing


def _role(leaf: Leaf) -> Role:
    """Role of a parameter: the schema's, or that to which its file moves it with a reason."""
    role = place(leaf.path).role
    if not leaf.role:
        if leaf.reason:
            raise leaf.error("a reason without a role", expected="`role` beside it")
        return role
    if leaf.role not in ROLES:
        raise leaf.error(
            f"role '{leaf.role}'",
            expected="one of " + ", ".join(ROLES),
            nearest=nearest(leaf.role, ROLES),
        )
    if leaf.role != role and not {role, leaf.role} <= set(MOVABLE):
        found = f"role '{leaf.role}' of {ROLES[role]}"
        raise leaf.error(found, expected=f"'{role}'; only a lever and a fact may change places")
    if not leaf.reason:
        raise leaf.error(f"role '{leaf.role}' without a reason", expected="`reason`, in words")
    return leaf.role  # type: ignore[return-value]


def checked_tree(tree: Mapping[str, Any], leaves: Mapping[str, Leaf]) -> Parameters:
    """The parameters in a tree of groups. leaves: what it was made of, for errors. Raises
    InputError.
    """
    try:
        return Parameters(**tree)
    except ValidationError as error:
        raise _explained(error, leaves) from None


def _explained(error: ValidationError, leaves: Mapping[str, Leaf]) -> InputError:
    # what most of the leaves come from: the first of them may have been set over it
    base = Counter(leaf.file for leaf in leaves.values()).most_common(1)[0][0] if leaves else None
    first = error.errors()[0]
    if first["type"] == "value_error":
        return _contradiction(str(first["ctx"]["error"]), leaves, base)

    def where(keys: Sequence[Any]) -> dict[str, Any]:
        path = ".".join(map(str, keys))
        beside = (
            leaf for name, leaf in leaves.items() if name.startswith(path.rpartition(".")[0] + ".")
        )
        leaf = leaves.get(path) or next(beside, None)
        return {"file": leaf.file, "line": leaf.line} if leaf else {"file": base}

    def expected(keys: Sequence[Any]) -> str | None:
        info = place(".".join(map(str, keys))).field
        return _expected(info) if info else None

    found = explained(error, Parameters, where, expected)
    return _with_namesake(found, leaves) if first["type"] == "missing" else found


def _with_namesake(error: InputError, leaves: Mapping[str, Leaf]) -> InputError:
    """The error of a parameter that is missing. What is set of a misspelt free key makes it one of
    its own: then it has the nearest of the others.
    """
    above, _, key = str(error.key).rpartition(".")[0].rpartition(".")
    if get_origin(place(above).kind) is not dict:
        return error
    front = f"{above}."
    others = {
        path.removeprefix(front).partition(".")[0] for path in leaves if path.startswith(front)
    }
    near = nearest(key, sorted(others - {key}))
    return InputError(
        error.found,
        file=error.file,
        line=error.line,
        key=error.key,
        expected=error.expected,
        nearest=near and front + near,
    )


def _contradiction(text: str, leaves: Mapping[str, Leaf], base: str | None) -> InputError:
    """Values that do not go together. text: of a group, "key: found; expected ...", or without a
    key. base: file of the lowest layer.
    """
    words = set(re.findall(r"[a-z][a-z0-9_.]*", text))
    groups = tuple(f"{word}." for word in words if word)
    about = [
        e
        for e in leaves.values()
        if e.path in words or ("share" in e.path and e.path.startswith(groups))
    ]
    # the layers above the base are the likelier culprits: the base is valid alone
    culprit = next((e for e in about if e.file != base), about[0] if about else None)
    key, _, rest = text.partition(": ")
    found, _, expected = rest.partition("; expected ")
    parts = (
        {"found": found, "key": key, "expected": expected or None}
        if key in leaves
        else {"found": text}
    )
    return InputError(
        **parts, file=culprit.file if culprit else base, line=culprit.line if culprit else None
    )


def _leaves(kind: str, source: Source) -> tuple[str, str, dict[str, Leaf]]:
    """Name, description and leaves of a base, policy, scenario or overlay."""
    if isinstance(source, Mapping):
        tree = dict(source)
        description = str(tree.pop("description", ""))
        return f"{kind} given in Python", description, flatten(tree, f"<{kind}>")
    path = find(kind, str(source))
    try:
        description, leaves = read(path)
    except InputError as error:
        try:
            tree = load(path, "groups of parameters")
        except InputError:
            raise error from None
        refuse_other(kind, tree, path)
        raise
    refuse_other(kind, dict.fromkeys(leaf.partition(".")[0] for leaf in leaves), path)
    return path.stem, description, leaves


def setting(text: str, argument: str = "sets") -> Leaf:
    """The leaf of a text "path=value". argument: whose it is. Raises InputError for another
    form.
    """
    path, sign, raw = text.partition("=")
    path = path.strip()
    if not sign or not path:
        raise InputError(
            f"'{text}'",
            file=f"`{argument}`",
            expected="path=value, for example controller.pid.kp=0.05",
        )
    option = "--set" if argument == "sets" else f"--{argument}"
    return Leaf(path, scalar(raw.strip()), None, f"{option} {path}", f"`{argument}`", None)


def _refuse_twice(argument: str, names: Sequence[str]) -> None:
    """What is given twice says nothing more, and of two values of one parameter one would be
    dropped without a word.
    """
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"'{twice}' twice", argument=argument, expected="each once")


def _refuse_conflict(one: Leaf, other: Leaf) -> None:
    """What two scenarios set to different values: neither is above the other."""
    if one.value != other.value:
        line = f":{one.line}" if one.line else ""
        raise other.error(
            f"{other.value!r}, and {one.value!r} in {one.file}{line}",
            expected="scenarios that agree on it; an overlay or a setting is above them",
        )


def assignments(sets: Mapping[str, Any] | str | Sequence[str] | None) -> dict[str, Any]:
    """Settings as a mapping of path to value: a mapping, or texts "path=value", one or several.
    Raises InputError for another text.
    """
    return (
        dict(sets)
        if isinstance(sets, Mapping)
        else {leaf.path: leaf.value for leaf in map(setting, many(sets))}
    )


def _merge(below: dict[str, Leaf], above: Mapping[str, Leaf]) -> dict[str, Leaf]:
    merged = dict(below)
    for path, leaf in above.items():
        if leaf.value == {} and any(name.startswith(f"{path}.") for name in merged):
            continue  # nothing merged into a group leaves the group as it is
        if path in merged and leaf.source is None:
            leaf = replace(leaf, source=leaf.file)
        if path in merged and leaf.role is None and leaf.reason is None:
            leaf = replace(leaf, role=merged[path].role, reason=merged[path].reason)
        # {} in place of what is free-keyed stands only until the first of it is set
        group = path
        while group := group.rpartition(".")[0]:
            merged.pop(group, None)
        merged[path] = leaf
    return merged


@checked(
    base=SOURCE,
    policy=optional(SOURCE),
    scenarios=several(SOURCE),
    overlays=several(SOURCE),
    today=SETS,
    sets=SETS,
)
def resolve(
    base: Source = "baseline",
    *,
    policy: Source | None = None,
    scenarios: Sequence[Source] = (),
    overlays: Sequence[Source] = (),
    today: Sequence[str] | Mapping[str, Any] = (),
    sets: Sequence[str] | Mapping[str, Any] = (),
    changes: Source | Sequence[Mapping[str, Any]] = (),
    settled: bool = False,
) -> Resolved:
    """The network of today, base ← scenarios ← overlays ← `today`, and its changes of levers: the
    policy and then the settings from `change.day` on, and a dated list.

    base, policy, scenarios, overlays: a shipped name, the path of a YAML file, or a nested mapping;
    the scenario `NONE` is none. Several scenarios happen together, in any order, and may not
    contradict each other. today, sets: "path=value" texts or a mapping of path to value; a setting
    of no lever is no change but another network from the start. changes: a list of day, policy and
    set, or a YAML file with it. settled: policy and settings are today's and no change; the policy
    then lies below scenarios and overlays. Raises InputError that names file, line, key, what was
    found and expected, and the nearest valid key.
    """
    base_name, description, leaves = _leaves("base", base)
    past = leaves.pop(BEFORE, None)
    for leaf in leaves.values():
        check_leaf(leaf)
    _refuse_partial(base, leaves)
    descriptions = {base_name: description}
    names: dict[str, list[str]] = {"policy": [], "scenario": [], "overlay": []}
    layers = [("scenario", s) for s in scenarios if s != NONE] + [("overlay", s) for s in overlays]
    for kind in ("scenario", "overlay"):
        _refuse_twice(
            kind,
            [
                str(source)
                for its, source in layers
                if its == kind and not isinstance(source, Mapping)
            ],
        )
    above: dict[str, Leaf] = {}
    by_scenarios: dict[str, Leaf] = {}
    for kind, source in layers:
        name, description, own = _checked_leaves(kind, source)
        for leaf in own.values() if kind == "scenario" else ():
            _refuse_conflict(by_scenarios.setdefault(leaf.path, leaf), leaf)
        names[kind].append(name)
        descriptions[name] = description
        above = _merge(above, own)
    for leaf in _settings("today", today):
        above = _merge(above, {leaf.path: leaf})
    if settled and policy is not None:
        leaves = _merge(leaves, _checked_leaves("policy", policy)[2])
    leaves = _merge(leaves, above)

    def lever(path: str) -> bool:
        role = leaves[path].role if path in leaves else None
        return (role or place(path).role) == "lever"

    changed: dict[str, Leaf] = {}
    if policy is not None:
        name, description, own = _checked_leaves("policy", policy)
        names["policy"].append(name)
        descriptions[name] = description
        for path, leaf in own.items():
            if not lever(path):
                raise leaf.error(
                    f"a policy that sets {ROLES[place(path).role]}", expected="levers alone"
                )
        changed = {} if settled else own
    for leaf in _settings("sets", sets):
        if lever(leaf.path):
            changed = _merge(changed, {leaf.path: leaf})
        else:
            leaves = _merge(leaves, {leaf.path: leaf})
    values, entries = _build(leaves)
    scenario = tuple(names["scenario"])
    first = Resolved(
        values,
        entries,
        base_name,
        "",
        scenario,
        descriptions,
        _history(past, entries, above),
    )
    dated = schedule(changes) if changes else []
    found = _changed(first, changed, dated)
    law = names["policy"][0] if names["policy"] else found.values.controller.type
    return replace(found.in_force() if settled else found, policy=law)


def _changed(today: Resolved, changed: Mapping[str, Leaf], dated: Sequence[Dated]) -> Resolved:
    """The network after its changes of levers: those of the policy and the settings on
    `change.day`, and dated ones.
    """
    if not dated:
        return today.with_leaves(changed) if changed else today
    if today.before:
        raise InputError(
            "dated changes of a network that has changes of its own",
            argument="changes",
            expected="one or the other",
        )
    steps = [(one.day, _dated_leaves(one, today)) for one in dated]
    if changed:
        steps.append((today.values.change.day, dict(changed)))
    steps.sort(key=lambda step: step[0])
    last = today.values.simulation.days
    stages = [today]
    for day, leaves in steps:
        if not day < last:
            raise InputError(
                f"day {day:g}", argument="changes", expected=f"before the end, day {last:g}"
            )
        stages.append(stages[-1].with_leaves(leaves).in_force())
    final = stages[-1]
    past = [
        Before(day, {path: entry.value for path, entry in stage.entries.items()})
        for stage, (day, _) in zip(stages, steps, strict=False)
    ]
    return replace(final, before=_told_apart(past, final.entries))


def _dated_leaves(one: Dated, today: Resolved) -> dict[str, Leaf]:
    """What a dated change sets. Raises InputError for what is no lever."""
    leaves: dict[str, Leaf] = {}
    if one.policy is not None:
        leaves = _checked_leaves("policy", one.policy)[2]
    where = f"change of day {one.day:g}"
    for path, value in one.set.items():
        leaf = Leaf(path, number(value), None, where, "changes", None)
        check_leaf(leaf)
        leaves = _merge(leaves, {path: leaf})
    for path, leaf in leaves.items():
        if not today.is_lever(path):
            raise leaf.error(
                f"{path} is {ROLES[place(path).role]}", expected="levers, which a vote can set"
            )
    return leaves


def _history(
    past: Leaf | None, entries: Mapping[str, Entry], above: Mapping[str, Leaf]
) -> tuple[Before, ...]:
    """What a parameter file says of its levers before they changed, but for those that a layer
    above it sets.
    """
    if past is None:
        return ()
    found = []
    for one in history(past.value, past.file):
        for path, value in one.levers.items():
            role = entries[path].role if path in entries else "unknown"
            wanted = "the path of a lever" if role != "lever" else fits(path, value)
            if wanted:
                raise InputError(
                    f"{path}: {value!r}"[:80], file=past.file, key=BEFORE, expected=wanted
                )
        found.append(Before(one.until, {p: v for p, v in one.levers.items() if p not in above}))
    return _told_apart(found, entries)


def _settings(argument: str, sets: Sequence[str] | Mapping[str, Any]) -> list[Leaf]:
    """Settings as leaves, each path once."""
    option = "--set" if argument == "sets" else f"--{argument}"
    if isinstance(sets, Mapping):
        found = [
            Leaf(path, number(v), None, f"{option} {path}", f"`{argument}`", None)
            for path, v in sets.items()
        ]
    else:
        found = [setting(text, argument) for text in sets]
        _refuse_twice(argument, [leaf.path for leaf in found])
    for leaf in found:
        check_leaf(leaf)
    return found


def _checked_leaves(kind: str, source: Source) -> tuple[str, str, dict[str, Leaf]]:
    """`_leaves`, each of a known key."""
    name, description, leaves = _leaves(kind, source)
    for leaf in leaves.values():
        check_leaf(leaf)
    return name, description, leaves


def _refuse_partial(base: Source, leaves: Mapping[str, Leaf]) -> None:
    """Raise InputError where a base lacks a whole group."""
    lacking = next(
        (
            group
            for group in Parameters.model_fields
            if not any(path.partition(".")[0] == group for path in leaves)
        ),
        None,
    )
    if lacking:
        wanted = (
            "a whole parameter set, as 'tokenomics params show' prints; a file with some numbers "
            "goes to `overlay`"
        )
        file = (
            next(iter(leaves.values())).file
            if leaves
            else None
            if isinstance(base, Mapping)
            else base
        )
        raise InputError("missing", file=file, key=lacking, expected=wanted)
