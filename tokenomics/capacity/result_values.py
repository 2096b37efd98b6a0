"""JSON of benchmark tools, read within bounds, and its values by their path of keys."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..errors import InputError, printable
from ..inputs.strict_json import LONGEST_TOLD, MOST_GROUPS, once
from .served import Origin

EXPECTED = "the JSON or the JSON lines that a serving benchmark writes"
MOST_TEXT = 200  # characters of a name in a file
DEEPEST = 60  # levels; GuideLLM's reports have ten


class Values:
    """A mapping of an origin. A path names keys by dots, or is a key with dots in it; of several
    paths the first that is there counts.
    """

    def __init__(self, tree: Mapping[str, Any], origin: Origin):
        self.tree, self.origin = tree, origin

    def get(self, *paths: str) -> tuple[str, Any]:
        """The first path with a value, and the value; ("", None) where none has one."""
        for path in paths:
            node: Any = self.tree
            for key in [path] if path in self.tree else path.split("."):
                node = node.get(key) if isinstance(node, Mapping) else None
            if node is not None:
                return path, node
        return "", None

    def has(self, *paths: str) -> bool:
        """Whether one of the paths has a value."""
        return self.get(*paths)[1] is not None

    def number(self, *paths: str) -> float:
        """A number above 0. Raises InputError where it is missing or something else."""
        path, value = self.get(*paths)
        if value is None:
            raise self.origin.error("missing", " or ".join(paths), "a number above 0")
        return self._positive(path, value)

    def some(self, *paths: str) -> float | None:
        """A number above 0, or None where it is missing."""
        path, value = self.get(*paths)
        return None if value is None else self._positive(path, value)

    def whole(self, *paths: str) -> int | None:
        """A whole number above 0, also as text, or None where it is missing."""
        path, value = self.get(*paths)
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:9])
        found = self._positive(path, value)
        if found != int(found):
            raise self.origin.error(f"{found:g}", path, "a whole number")
        return int(found)

    def count(self, path: str) -> int:
        """A whole number above 0. Raises InputError where it is missing or something else."""
        self.number(path)
        return self.whole(path)

    def failed(self, bad: str, good: str) -> float:
        """The share of requests that failed. bad, good: paths of their numbers; none failed where
        the file does not say.
        """
        _, value = self.get(bad)
        if value is None or value == 0:
            return 0.0
        lost = self._positive(bad, value)
        return lost / (lost + self.number(good))

    def text(self, *paths: str) -> str | None:
        """A name, or None where it is missing; the first of a list of names."""
        path, value = self.get(*paths)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping):
            value = value.get("name")
        if value is None or value == []:
            return None
        if not isinstance(value, (str, int, float)) or len(str(value)) > MOST_TEXT:
            raise self.origin.error(
                "no short text", path, f"a name of at most {MOST_TEXT} characters"
            )
        return printable(str(value)) or None

    def _positive(self, path: str, value: Any) -> float:
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        try:
            finite = plain and math.isfinite(value) and value > 0
        except OverflowError:  # a whole number beyond a float's range
            finite = False
        if not finite:
            shown = printable(json.dumps(value, default=str))[:40]
            raise self.origin.error(shown, path, "a number above 0")
        return float(value)


def documents(content: bytes, origin: Origin) -> Iterator[Values]:
    """The mappings of a JSON document, of a list of them, or of one a line. Raises InputError."""
    if content.count(b"[") + content.count(b"{") > MOST_GROUPS:
        raise InputError(
            "too many groups of values", file=origin.file, expected=f"at most {MOST_GROUPS:,}"
        )
    lines = [(i, line) for i, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    if len(lines) > 1 and _whole(lines[0][1]):
        parts = [(replace(origin, line=i), _parsed(line, origin, i)) for i, line in lines]
    else:
        tree = _parsed(content, origin, None)
        several = isinstance(tree, list)
        parts = [
            (replace(origin, place=f"record {i}") if several else origin, one)
            for i, one in enumerate(tree if several else [tree], 1)
        ]
    for place, tree in parts:
        if not isinstance(tree, Mapping):
            raise place.error(f"a JSON {type(tree).__name__}", "content", EXPECTED)
        yield Values(tree, place)


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _parsed(content: bytes, origin: Origin, line: int | None) -> Any:
    try:
        # not strict about NaN and Infinity: SGLang writes them for a request rate without a limit
        tree = json.loads(content, object_pairs_hook=once)
    except RecursionError:
        raise InputError(
            "nested too deeply", file=origin.file, line=line, expected=EXPECTED
        ) from None
    except ValueError as error:
        found = f"not JSON ({error})"[:LONGEST_TOLD]
        raise InputError(found, file=origin.file, line=line, expected=EXPECTED) from None
    if _depth(tree) > DEEPEST:
        raise InputError("nested too deeply", file=origin.file, line=line, expected=EXPECTED)
    return tree


def _depth(tree: Any) -> int:
    deep, level = 0, [tree]
    while level := [one for one in level if isinstance(one, (dict, list))]:
        deep += 1
        if deep > DEEPEST:
            break
        level = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
    return deep
