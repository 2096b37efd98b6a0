"""From files, overlays and settings to one checked, frozen parameter tree with the origin of every value."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from ..errors import InputError, nearest
from .fields import Group
from .locate import find
from .reading import Leaf, flatten, number, read
from .schema import Parameters

Source = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One parameter: value, unit, where it comes from, what it means. bounds: as text, empty where there are none."""

    path: str
    value: Any
    unit: str
    source: str
    file: str
    line: int | None
    doc: str
    bounds: str


@dataclass(frozen=True)
class Resolved:
    """A resolved parameter tree. values: the frozen tree. entries: every parameter with its origin, by path."""

    values: Parameters
    entries: dict[str, Entry]
    base: str
    policy: str
    scenarios: tuple[str, ...]
    descriptions: dict[str, str]

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the values, in hexadecimal."""
        text = json.dumps(self.values.model_dump(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_yaml(self) -> str:
        """The tree as a parameter file: it loads again, with the same hash."""
        tree: dict[str, Any] = {"description": f"{self.base}, policy {self.policy}, " + (", ".join(self.scenarios) or "no scenario")}
        for path, entry in self.entries.items():
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = {} if entry.value == {} else {"value": entry.value, "unit": entry.unit, "source": entry.source}
        yaml, out = YAML(typ="safe", pure=True), io.StringIO()
        yaml.default_flow_style, yaml.width = False, 4096
        yaml.sort_base_mapping_type_on_output = False
        yaml.dump(tree, out)
        return out.getvalue()

    def replace(self, changes: Mapping[str, Any], source: str) -> Resolved:
        """The tree with some values changed, checked again; `source` says why."""
        leaves = {e.path: Leaf(e.path, e.value, None, e.source, e.file, e.line) for e in self.entries.values()}
        for path, value in changes.items():
            leaves[path] = Leaf(path, value, None, source, source, None)
        values, entries = _build(leaves)
        return replace(self, values=values, entries=entries)


def field_at(path: str) -> tuple[FieldInfo | None, list[str]]:
    """The schema's field at a path (None where there is none), and the names that would have been valid there."""
    model: Any = Parameters
    parts = path.split(".")
    info: FieldInfo | None = None
    for i, part in enumerate(parts):
        if isinstance(model, type) and issubclass(model, Group):
            info = model.model_fields.get(part)
            if info is None:
                return None, list(model.model_fields)
            model = info.annotation
            if get_origin(model) is dict and i + 1 < len(parts):
                model = get_args(model)[1]
                continue_with = parts[i + 1]
                if not continue_with.isidentifier():
                    return None, ["a name of letters, digits and _"]
                rest = parts[i + 2 :]
                if not (isinstance(model, type) and issubclass(model, Group)):
                    return (info, []) if not rest else (None, [])
                return _field_in(model, rest)
        else:
            return None, []
    return info, []


def _field_in(model: type[Group], parts: list[str]) -> tuple[FieldInfo | None, list[str]]:
    if len(parts) != 1 or parts[0] not in model.model_fields:
        return None, list(model.model_fields)
    return model.model_fields[parts[0]], []


def bounds(info: FieldInfo) -> str:
    """Bounds of a field as text."""
    signs = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
    found = [f"{sign} {getattr(m, name):g}" for m in info.metadata for name, sign in signs if hasattr(m, name)]
    choices = [repr(c).strip("'") for c in get_args(info.annotation)] if "Literal" in str(info.annotation) else []
    return ", ".join(found) or " | ".join(choices)


def unit_of(info: FieldInfo) -> str:
    """Unit of a field."""
    return dict(info.json_schema_extra or {}).get("unit", "-")  # type: ignore[call-overload]


def _expected(info: FieldInfo) -> str:
    kind = {bool: "true or false", str: "a name"}.get(info.annotation, "a number")  # type: ignore[arg-type]
    limits, unit = bounds(info), unit_of(info)
    if "Literal" in str(info.annotation):
        return "one of " + limits.replace(" | ", ", ")
    return " ".join(part for part in (kind, limits, unit if unit not in ("-", "1") else "") if part)


def _check_leaf(leaf: Leaf) -> FieldInfo:
    info, valid = field_at(leaf.path)
    if info is None:
        part = leaf.path.rsplit(".", 1)[-1] if "." in leaf.path else leaf.path
        near = nearest(part, valid)
        raise leaf.error("unknown key", expected="one of " + ", ".join(valid) if valid else None, nearest=near)
    unit = unit_of(info)
    if leaf.unit is not None and leaf.unit != unit:
        raise leaf.error(f"unit '{leaf.unit}'", expected=f"'{unit}'")
    is_group = isinstance(info.annotation, type) and issubclass(info.annotation, Group)
    if is_group:
        raise leaf.error(f"{leaf.value!r} in place of a group", expected="a group of parameters")
    numeric = isinstance(leaf.value, (int, float)) and not isinstance(leaf.value, bool)
    mapping = leaf.value == {} and get_origin(info.annotation) is dict
    wants_number = info.annotation is float or (get_origin(info.annotation) is dict and leaf.path.startswith("controller.custom."))
    if wants_number and not numeric and not mapping:
        raise leaf.error(f"{leaf.value!r}", expected=_expected(info))
    if info.annotation is bool and not isinstance(leaf.value, bool):
        raise leaf.error(f"{leaf.value!r}", expected=_expected(info))
    return info


def _build(leaves: Mapping[str, Leaf]) -> tuple[Parameters, dict[str, Entry]]:
    entries, tree = {}, {}
    for path, leaf in leaves.items():
        info = _check_leaf(leaf)
        value = float(leaf.value) if isinstance(leaf.value, int) and not isinstance(leaf.value, bool) else leaf.value
        *groups, name = path.split(".")
        node: Any = tree
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
        entries[path] = Entry(
            path, value, unit_of(info), leaf.source or "", leaf.file, leaf.line, info.description or "", bounds(info)
        )
    try:
        return Parameters(**tree), entries
    except ValidationError as error:
        raise _explained(error, leaves) from None


def _explained(error: ValidationError, leaves: Mapping[str, Leaf]) -> InputError:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    leaf, (info, _) = leaves.get(path), field_at(path) if path else (None, [])
    if first["type"] == "missing":
        file = next(iter(leaves.values())).file if leaves else None
        return InputError("missing", file=file, key=path, expected=_expected(info) if info else "a group of parameters")
    if first["type"] == "value_error":
        return InputError(str(first["ctx"]["error"]), file=next(iter(leaves.values())).file)
    found = f"{first.get('input')!r}"
    if leaf is None:
        return InputError(found, key=path or None, expected=_expected(info) if info else first["msg"])
    return leaf.error(found, expected=_expected(info) if info else first["msg"])


def _leaves(kind: str, source: Source) -> tuple[str, str, dict[str, Leaf]]:
    """Name, description and leaves of a base, policy, scenario or overlay."""
    if isinstance(source, Mapping):
        tree = dict(source)
        description = str(tree.pop("description", ""))
        return f"{kind} given in Python", description, flatten(tree, f"<{kind}>")
    path = find(kind, str(source))
    description, leaves = read(path)
    return path.stem, description, leaves


def _setting(text: str) -> Leaf:
    path, sign, raw = text.partition("=")
    path = path.strip()
    if not sign or not path:
        raise InputError(f"'{text}'", file="--set", expected="path=value, for example controller.pid.kp=0.05")
    raw = raw.strip()
    value: Any = {"true": True, "false": False}.get(raw.lower(), number(raw))
    return Leaf(path, value, None, f"--set {path}", "--set", None)


def _merge(below: dict[str, Leaf], above: Mapping[str, Leaf]) -> dict[str, Leaf]:
    merged = dict(below)
    for path, leaf in above.items():
        if path in merged and leaf.source is None:
            leaf = replace(leaf, source=leaf.file)
        # {} in place of free-keyed numbers stands only until the first of them is set
        merged.pop(path.rsplit(".", 1)[0], None)
        merged[path] = leaf
    return merged


def resolve(
    base: Source = "baseline",
    *,
    policy: Source | None = None,
    scenarios: Sequence[Source] = (),
    overlays: Sequence[Source] = (),
    sets: Sequence[str] = (),
) -> Resolved:
    """Base ← policy ← scenarios ← overlays ← settings, each over what is below it.

    base, policy, scenarios, overlays: a shipped name, the path of a YAML file, or a nested mapping. sets: "path=value".
    Raises InputError that names file, line, key, what was found and expected, and the nearest valid key.
    """
    base_name, description, leaves = _leaves("base", base)
    descriptions = {base_name: description}
    names: dict[str, list[str]] = {"policy": [], "scenario": [], "overlay": []}
    layers = [("policy", s) for s in ([policy] if policy is not None else [])]
    layers += [("scenario", s) for s in scenarios] + [("overlay", s) for s in overlays]
    for kind, source in layers:
        name, description, above = _leaves(kind, source)
        for leaf in above.values():
            _check_leaf(leaf)
        names[kind].append(name)
        descriptions[name] = description
        leaves = _merge(leaves, above)
    for text in sets:
        leaf = _setting(text)
        _check_leaf(leaf)
        leaves = _merge(leaves, {leaf.path: leaf})
    values, entries = _build(leaves)
    return Resolved(
        values,
        entries,
        base_name,
        names["policy"][0] if names["policy"] else values.controller.type,
        tuple(names["scenario"]),
        descriptions,
    )
