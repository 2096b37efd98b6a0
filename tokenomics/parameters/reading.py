"""Read a parameter file into leaves: path, value, unit, source, line. A file is data: nothing in it
is executed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from ..errors import InputError, nearest
from ..inputs.files import read_text

LARGEST_FILE = 1_000_000  # bytes
LEAF_KEYS = ("value", "unit", "source", "date", "note", "role", "reason")
DEEPEST = 8  # levels of nesting; the schema has four
MOST_LEAVES = 10_000  # a few aliases can stand for billions of leaves
LONGEST_NUMBER = 1_000  # characters of a whole number; Python writes no more than 4,300 digits
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Leaf:
    """One value as somebody wrote it, at a dotted path.

    Attributes
    ----------
    path : str
        Dotted.
    value : bool, float or str
        In `unit`.
    unit, source : str, optional
        None where not given.
    file : str
        Where it stands.
    line : int, optional
        1-based, None outside a file.
    role, reason : str, optional
        Where a network moves the parameter to another role.
    """

    path: str
    value: Any
    unit: str | None
    source: str | None
    file: str
    line: int | None
    role: str | None = None
    reason: str | None = None

    def error(self, found: str, **more: Any) -> InputError:
        """An error at this place.

        Parameters
        ----------
        found : str
            What is wrong.
        **more
            As `InputError` takes it.

        Returns
        -------
        InputError
            To be raised.
        """
        return InputError(found, file=self.file, line=self.line, key=self.path, **more)


class _Unread(Exception):
    """What YAML allows and these files do not need. found, expected: for the message. line:
    1-based.
    """

    def __init__(self, found: str, expected: str, node: Any):
        super().__init__(found)
        self.found, self.expected, self.line = found, expected, node.start_mark.line + 1


class _Constructor(RoundTripConstructor):
    """ruamel's, without what a few kilobytes can make expensive: merge keys copy whole mappings,
    hexadecimal numbers have no longest one.
    """

    def flatten_mapping(self, node: MappingNode) -> Any:
        """Of what a merge key stands for; refused before it is expanded."""
        for key, _ in node.value:
            if key.tag == MERGE:
                raise _Unread("a merge key (<<)", "the keys themselves", key)
        return super().flatten_mapping(node)

    def construct_yaml_int(self, node: ScalarNode) -> Any:
        """A whole number of a length that can be computed with and shown."""
        if len(node.value) > LONGEST_NUMBER:
            raise _Unread(
                f"a number of {len(node.value):,} characters", f"at most {LONGEST_NUMBER:,}", node
            )
        return super().construct_yaml_int(node)


_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.construct_yaml_int)


def number(value: Any) -> Any:
    """A scalar as a plain bool, int, float or str. Text stays text: a quoted number is not a
    number.
    """
    if isinstance(value, bool):
        return value
    for kind, plain in ((str, str), (Integral, int), (Real, float)):
        if isinstance(value, kind):
            return plain(value)
    return value


def scalar(text: str) -> Any:
    """The text of one value as YAML reads it: true or false, a number, else the text itself."""
    if len(text) > LONGEST_NUMBER:
        return text
    try:
        value = number(YAML(typ="safe", pure=True).load(text))
    except (YAMLError, ValueError, RecursionError):
        return text
    return value if isinstance(value, (bool, int, float, str)) else text


def _line(node: Any, key: Any) -> int | None:
    try:
        return node.lc.key(key)[0] + 1
    except (AttributeError, KeyError, TypeError):
        return None


def _is_day(text: str) -> bool:
    try:
        return str(dt.date.fromisoformat(text)) == text
    except ValueError:
        return False


def flatten(tree: Mapping[str, Any], file: str, prefix: str = "") -> dict[str, Leaf]:
    """Leaves by path. A mapping with a key `value` is a leaf; so is anything that is not a
    mapping.
    """
    leaves: dict[str, Leaf] = {}
    for key, node in tree.items():
        path, line = f"{prefix}{key}", _line(tree, key)
        if "." in str(key):
            raise InputError(
                f"key '{key}' with a dot",
                file=file,
                line=line,
                expected="groups inside one another",
            )
        if path.count(".") >= DEEPEST:
            raise InputError(
                "nested too deeply", file=file, line=line, expected=f"at most {DEEPEST} levels"
            )
        if len(leaves) > MOST_LEAVES:
            raise InputError(
                "too many values", file=file, line=line, expected=f"at most {MOST_LEAVES}"
            )
        if isinstance(node, Mapping) and "value" in node:
            for extra in node:
                if extra not in LEAF_KEYS:
                    raise InputError(
                        f"unknown key '{extra}'",
                        file=file,
                        line=_line(node, extra) or line,
                        key=path,
                        expected="one of " + ", ".join(LEAF_KEYS),
                        nearest=nearest(str(extra), LEAF_KEYS),
                    )
            unit, source, date, role, reason = (
                node.get(key) and str(node[key])
                for key in ("unit", "source", "date", "role", "reason")
            )
            if date and not _is_day(date):
                raise InputError(
                    f"date '{date}'",
                    file=file,
                    line=_line(node, "date") or line,
                    key=path,
                    expected="a day, such as 2026-11-01",
                )
            source = ", ".join(part for part in (source, date) if part) or None
            leaves[path] = Leaf(path, number(node["value"]), unit, source, file, line, role, reason)
        elif isinstance(node, Mapping) and node:
            leaves |= flatten(node, file, f"{path}.")
        elif isinstance(node, Mapping):
            leaves[path] = Leaf(path, {}, None, None, file, line)
        else:
            leaves[path] = Leaf(path, number(node), None, None, file, line)
    return leaves


def text_of(file: Path) -> str:
    """The text of a YAML file. Raises InputError for one that is too large, or no text."""
    # newlines as Python's text mode reads them: a file is the same under every convention
    return (
        read_text(file, most=LARGEST_FILE, expected="a YAML file in UTF-8")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )


def parse(text: str, name: str, expected: str) -> CommentedMap:
    """The mapping that a YAML text is, with line numbers. name: of its file. expected: what it
    should hold. Raises InputError for anything else.
    """
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    yaml.allow_duplicate_keys = False
    try:
        tree = yaml.load(text)
    except _Unread as error:
        raise InputError(error.found, file=name, line=error.line, expected=error.expected) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        problem = (error.problem or "malformed").split("\n")[0]
        raise InputError(
            f"not YAML: {problem}", file=name, line=mark.line + 1 if mark else None
        ) from None
    except RecursionError:
        raise InputError(
            "nested too deeply", file=name, expected=f"at most {DEEPEST} levels"
        ) from None
    except (YAMLError, ValueError) as error:
        raise InputError(f"not YAML: {str(error).splitlines()[0]}", file=name) from None
    if not isinstance(tree, CommentedMap):
        found = "an empty file" if tree is None else f"a {type(tree).__name__}"
        raise InputError(found, file=name, expected=expected)
    return tree


def load(file: Path, expected: str) -> CommentedMap:
    """A YAML file's mapping, with line numbers. expected: what it should hold. Raises InputError
    for what cannot be read.
    """
    return parse(text_of(file), str(file), expected)


@dataclass(frozen=True)
class _Text:
    """The text of a file to the cache. name: of the file that is parsed, where the text is not
    known.
    """

    text: str
    name: str = field(compare=False)


@lru_cache(maxsize=64)
def _parameters(asked: _Text) -> tuple[str, dict[str, Leaf]]:
    """Parsing is slow, sweeps, tests and notebooks resolve the same files over and over, and the
    directories of several runs hold the same parameters.
    """
    text, name = asked.text, asked.name
    tree = parse(text, name, "groups of parameters")
    description = str(tree.pop("description", ""))
    if not tree:
        # as a file is left by a copy that was cut off: taken for a change, it would change nothing
        # without a word
        raise InputError(
            "a description and no parameter", file=name, expected="groups of parameters"
        )
    return description, flatten(tree, name)


def read(file: Path) -> tuple[str, dict[str, Leaf]]:
    """Description and leaves of a parameter file. Raises InputError for what cannot be read."""
    name = str(file)
    description, leaves = _parameters(_Text(text_of(file), name))
    return description, {
        path: leaf if leaf.file == name else replace(leaf, file=name)
        for path, leaf in leaves.items()
    }
