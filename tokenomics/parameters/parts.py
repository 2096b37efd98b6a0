"""What a shipped file sets, whatever its kind: every value with its unit, its source and, where it
is one of the network's parameters, what it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, nearest
from .checking import place, unit_of
from .kinds import GROUPS
from .locate import KINDS, find, names, there
from .reading import load, number
from .schema import Parameters

WHOLE = ("base", "network")  # kinds that are a whole set of parameters


@dataclass(frozen=True)
class ShippedSetting:
    """A value of a file. name: its keys, with dots between. unit, source, meaning: empty where
    neither the file nor the parameters say any.
    """

    name: str
    value: Any
    unit: str
    source: str
    meaning: str


@dataclass(frozen=True)
class ShippedPart:
    """A shipped file. kind: one of `KINDS`. description: what it says of itself."""

    kind: str
    name: str
    file: str
    description: str
    settings: tuple[ShippedSetting, ...]


def every_name() -> list[str]:
    """What `kind_and_name` takes: every shipped name, with its kind where several have it."""
    kinds = {kind: names(kind) for kind in KINDS if kind not in WHOLE}
    every = [name for found in kinds.values() for name in found] + names("base")
    return [
        *names("base"),
        *(
            name if every.count(name) == 1 else f"{kind}/{name}"
            for kind, found in kinds.items()
            for name in found
        ),
    ]


def is_parameter(text: str) -> bool:
    """Whether a text begins as the path of a parameter does, with its group, and is neither a
    file's nor a shipped name.
    """
    file = text.endswith((".yaml", ".yml")) or there(Path(text))
    named = text.split(".")[0] in Parameters.model_fields
    return named and not file and text not in every_name()


def kind_and_name(text: str) -> tuple[str, str] | None:
    """The kind and the name of a shipped file from its name, or from kind/name; None for the path
    of a file. A parameter set needs no kind before its name.

    Raises InputError for an unknown name, and for one of several kinds.
    """
    kind, _, name = text.partition("/")
    if text.endswith((".yaml", ".yml")) or there(Path(text)) or (name and kind not in KINDS):
        return None
    if name:
        if name not in names(kind):
            raise InputError(
                f"unknown {kind} '{name}'",
                expected="one of " + ", ".join(names(kind)),
                nearest=nearest(name, names(kind)),
            )
        return kind, name
    kinds = [kind for kind in KINDS if text in names(kind)]
    if not kinds:
        raise InputError(
            f"unknown name '{text}'",
            expected="one that tokenomics params list has, or the path of a YAML file",
            nearest=nearest(text, every_name()),
        )
    if len(kinds) > 1 and kinds[0] not in WHOLE:
        raise InputError(
            f"'{text}' is a {' and a '.join(kinds)}",
            expected="one of " + ", ".join(f"{kind}/{text}" for kind in kinds),
        )
    return kinds[0], text


def part_of(kind: str, name: str) -> ShippedPart:
    """A shipped file, one of no whole set of parameters."""
    file = find(kind, name)
    tree = dict(load(file, f"a {kind}"))
    # a proposal has a title and a summary in place of a description
    told = (str(tree.pop(key, "")) for key in ("title", "summary", "description"))
    description = ". ".join(" ".join(one.split()) for one in told if one)
    settings = _settings(tree, "", "" if kind in GROUPS else None)
    return ShippedPart(kind, name, str(file), description, tuple(settings))


def _settings(tree: Mapping[str, Any], prefix: str, above: str | None) -> Iterator[ShippedSetting]:
    """The values of a mapping. prefix: of their names. above: of the path of the parameter that a
    name is, None where names are no such paths but for those that have dots.
    """
    for key, node in tree.items():
        path = f"{prefix}{key}"
        parameter = f"{above}{key}" if above is not None else str(key) if "." in str(key) else ""
        if isinstance(node, Mapping) and node and not {"value", "unit"} <= node.keys():
            if parameter and {"low", "high"} <= node.keys():
                yield _setting(path, _range(node), parameter)
                continue
            inside = f"{parameter}." if above is not None else None
            yield from _settings(node, f"{path}.", inside)
        elif isinstance(node, list) and any(isinstance(one, Mapping) for one in node):
            for count, one in enumerate(node, 1):
                yield from _settings({str(count): one}, f"{path}.", None)
        else:
            yield _setting(path, node, parameter)


def _range(node: Mapping[str, Any]) -> str:
    """An axis of a design in words."""
    told = f"{node['low']:g} to {node['high']:g}"
    told += f", {node['count']} values" if "count" in node else ""
    return told + (f", {node['scale']}" if "scale" in node else "")


def _setting(name: str, node: Any, parameter: str) -> ShippedSetting:
    own = node if isinstance(node, Mapping) else {"value": node}
    field = place(parameter).field if parameter else None
    value = own.get("value", "")
    return ShippedSetting(
        name,
        [number(one) for one in value] if isinstance(value, list) else number(value),
        str(own.get("unit", unit_of(field) if field else "")),
        str(own.get("source", "")),
        (field.description or "") if field else "",
    )
