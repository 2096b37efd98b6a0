"""Entries: every parameter of a tree with its origin, made of leaves as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import nearest
from .checking import bounds, check_leaf, checked_tree, nest, place, unit_of
from .fields import ROLES, Role
from .reading import Leaf
from .schema import Parameters

MOVABLE = ("lever", "world")  # a stock, an event or a step of the simulation is no other thing


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


def as_written(entry: Entry) -> dict[str, Any]:
    """An entry as a parameter file has it."""
    plain = {"value": entry.value, "unit": entry.unit, "source": entry.source}
    return plain | ({"role": entry.role, "reason": entry.reason} if entry.reason else {})


def build(leaves: Mapping[str, Leaf]) -> tuple[Parameters, dict[str, Entry]]:
    """Leaves as a checked tree, and each as an entry."""
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


def merge(below: dict[str, Leaf], above: Mapping[str, Leaf]) -> dict[str, Leaf]:
    """Leaves with others on top of them."""
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
