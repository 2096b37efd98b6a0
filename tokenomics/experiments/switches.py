"""Which switch keeps a parameter from being read: found by trying each, the nearest in the tree
first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from ..errors import InputError
from ..model.controllers import LAWS
from ..parameters import fits, place
from ..parameters.resolved import of_own_block
from .reads import Network, network

TYPE = "controller.type"
CUSTOM = "controller.custom."  # begins the path of a number of a modeller's own
HELD = "held"  # opens the loop for the analysis: no policy of its own
LITTLE = 0.1  # stands for a number other than zero


@dataclass(frozen=True)
class Switch:
    """Parameters that keep another from being read. now: their values, by path. needed: those with
    which it is read, by path; none for any but 0.
    """

    now: Mapping[str, Any]
    needed: Mapping[str, tuple[Any, ...]]

    def __str__(self) -> str:
        return " and ".join(f"{path} is {_text(value)}" for path, value in self.now.items())

    @property
    def expected(self) -> str:
        """What would have it read."""
        return " and ".join(
            f"{path} {_listed(values) if values else 'other than 0'}"
            for path, values in self.needed.items()
        )


def _text(value: Any) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else f"'{value}'"
    )


def _listed(values: Sequence[Any]) -> str:
    plain = [value if isinstance(value, str) else _text(value) for value in values]
    return plain[0] if len(plain) == 1 else f"{', '.join(plain[:-1])} or {plain[-1]}"


def find(
    own: Network, path: str, values: Sequence[Any], wanted: frozenset[str], *, far: bool = True
) -> Switch | None:
    """The switch that keeps a parameter from having an effect on metrics; None where none is found.

    values: that it may take. wanted: metrics. far: try those of other groups, too; else no more
    than the controller's type.
    """
    key = (path, tuple(map(repr, values)), wanted)
    if key not in own.switches:
        own.switches[key] = _search(own, path, values, wanted, far)
    return own.switches[key]


def _search(
    own: Network, path: str, values: Sequence[Any], wanted: frozenset[str], far: bool
) -> Switch | None:
    entries = own.resolved.entries

    def reads(changes: Mapping[str, Any]) -> bool:
        try:
            return not wanted.isdisjoint(
                network(own.resolved.replace(changes, source="switch"), own.model, own.recorded)
                .reach(path, values)
                .metrics
            )
        except InputError:  # values that each may be, and not together
            return False

    def switch(changes: Mapping[str, Any], needed: Mapping[str, tuple[Any, ...]]) -> Switch:
        return Switch(
            {one: entries[one].value for one in changes}, dict.fromkeys(changes, ()) | dict(needed)
        )

    zeros = _zeros(own, path)
    if zeros and reads(zeros):
        return switch(_least(zeros, reads), {})
    choices = _choices(own, path)
    near = [(name, others) for name, others in choices if name.split(".")[0] == path.split(".")[0]]
    found = _single(near, path, reads)
    if found is None and zeros:
        for name, value in ((name, value) for name, others in near for value in others):
            if reads({name: value} | zeros):
                rest = _least(zeros, lambda some, chosen={name: value}: reads(chosen | some))
                return switch({name: value} | rest, {name: (value,)})
    if found is None:
        found = _single(
            [one for one in choices if one not in near and (far or one[0] == TYPE)], path, reads
        )
    return found and switch({found[0]: None}, {found[0]: found[1]})


def _single(
    choices: Sequence[tuple[str, list[Any]]], path: str, reads: Callable[[Mapping[str, Any]], bool]
) -> tuple[str, tuple[Any, ...]] | None:
    """The first switch that has a parameter read, and its values that do."""
    for name, others in choices:
        # what a controller computes its gains from it reads; to compute them takes long
        designed = {value: LAWS[value].designed_from for value in others if name == TYPE}
        found = tuple(
            v
            for v in others
            if (path.startswith(designed[v]) if designed.get(v) else reads({name: v}))
        )
        if found:
            return name, found
    return None


def _least(some: Mapping[str, Any], enough: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """The changes without those that are not needed."""
    left = dict(some)
    for name in some:
        without = {other: value for other, value in left.items() if other != name}
        if without and enough(without):
            left = without
    return left


def _zeros(own: Network, path: str) -> dict[str, float]:
    """Numbers that are zero in the parameter's group, put to another."""
    group = path.rpartition(".")[0]
    return {
        one: LITTLE
        for one in own.numbers
        if one != path
        and one.rpartition(".")[0] == group
        and own.resolved.entries[one].value == 0.0
        and fits(one, LITTLE) is None
    }


def _choices(own: Network, path: str) -> list[tuple[str, list[Any]]]:
    """Switches and names with their other values, those that share most of the parameter's path
    first.
    """
    parts = path.split(".")
    # what is a modeller's own no shipped block reads, whatever its switches are
    own_number = path.startswith(CUSTOM)

    def distance(name: str) -> int:
        shared = 0
        for one, other in zip(name.split("."), parts, strict=False):
            if one != other:
                break
            shared += 1
        return -shared

    found = []
    for name, entry in own.resolved.entries.items():
        kind = place(name).kind
        values: Sequence[Any] = (
            [law for law in LAWS if law != HELD]
            if name == TYPE
            else get_args(kind)
            if get_origin(kind) is Literal
            else ()
        )
        if kind is bool:
            values = (True, False)
        if name.startswith("events."):
            continue  # an event of another kind is another event, and no switch of this one
        if own_number and name != TYPE and not of_own_block(name):
            continue
        others = [value for value in values if value != entry.value]
        if others and name != path:
            found.append((name, others))
    # the controller first among those that are equally far
    return sorted(found, key=lambda one: (distance(one[0]), one[0] != TYPE))
