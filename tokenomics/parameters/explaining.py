"""What pydantic says of a mistake, in the words of this package: one error with file, line, key,
what was found and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..errors import InputError, counted, nearest

LONGEST = 60  # characters of a value in an error
NAMES = re.compile(r"'([^']*)'")  # that pydantic expects
BOUNDS = {
    "gt": "above {}",
    "ge": "at least {}",
    "lt": "below {}",
    "le": "at most {}",
    "min_length": "at least {}",
    "max_length": "at most {}",
}
TYPES = {
    list: "a list",
    tuple: "a list",
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
}
KINDS_OF_VALUES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "list": "a list",
    "tuple": "a list",
}
KINDS_OF_VALUES |= {
    "dict": "a group of keys",
    "mapping": "a group of keys",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
}

Keys = tuple[Any, ...]
Where = Callable[[Keys], Mapping[str, Any]]


def explained(
    error: ValidationError,
    kind: type[BaseModel],
    where: Where,
    expected: Callable[[Keys], str | None] = lambda keys: None,
) -> InputError:
    """The first mistake in a record of a kind.

    where: file and line of a path of keys. expected: what the caller knows to be expected at a
    path; None leaves it to the record's types.
    """
    # a misspelt key is also a missing one; it is the misspelling that helps
    mistakes = error.errors()
    first = min(mistakes, key=lambda one: one["type"] != "extra_forbidden")
    keys, there = _followed(kind, first["loc"])
    place = {**where(keys), "key": ".".join(map(str, keys)) or None}
    if first["type"] == "extra_forbidden":
        valid = _fields(_followed(kind, first["loc"][:-1])[1])
        return InputError(
            "unknown key",
            **place,
            expected="one of " + ", ".join(valid),
            nearest=nearest(str(keys[-1]), valid),
        )
    if first["type"] == "value_error":
        return InputError(str(first["ctx"]["error"]), **place)
    if first["type"] == "missing":
        return InputError("missing", **place, expected=expected(keys) or _kind_of(there))
    # of a union there is one for every member that was tried
    tried = [
        one
        for one in mistakes
        if one["loc"][: len(keys)] == keys and _followed(kind, one["loc"])[0] == keys
    ]
    wanted = ", or ".join(dict.fromkeys(_wanted(one, kind) for one in tried or [first]))
    return InputError(
        shown(first["input"]),
        **place,
        expected=expected(keys) or wanted,
        nearest=_nearest_choice(first["input"], tried or [first]),
    )


def in_tree(tree: Any, file: object) -> Where:
    """Where a key stands in a parsed file."""
    return lambda keys: {"file": file, "line": line_of(tree, keys)}


def line_of(tree: Any, path: Sequence[Any]) -> int | None:
    """Line of the deepest part of a path that is in the file, 1-based: where the file begins for
    one of which nothing is there.
    """
    begins = getattr(tree, "lc", None)
    line = None if begins is None or not path else begins.line + 1
    for part in path:
        mark = getattr(tree, "lc", None)
        try:
            line = (mark.key if isinstance(tree, Mapping) else mark.item)(part)[0] + 1
            tree = tree[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def shown(value: Any) -> str:
    """A value as it is told of in an error, cut short."""
    try:
        return repr(value)[:LONGEST]
    except ValueError:  # Python refuses to write whole numbers of thousands of digits
        return "a number of too many digits"


def _nearest_choice(value: Any, mistakes: Sequence[Mapping[str, Any]]) -> str | None:
    """Of the names that pydantic's errors on a text would have taken, the one that is nearest."""
    told = (one["ctx"]["expected"] for one in mistakes if one["type"] == "literal_error")
    valid = [name for names in told for name in NAMES.findall(names)]
    return nearest(value, valid) if isinstance(value, str) else None


def _wanted(error: Mapping[str, Any], kind: type[BaseModel]) -> str:
    """What a pydantic error expects. kind: of the record."""
    name, context = error["type"], error.get("ctx", {})
    if name in ("model_type", "model_attributes_type", "dataclass_type"):
        fields = _fields(_followed(kind, error["loc"])[1])
        return "a group of keys" + (f": {', '.join(fields)}" if fields else "")
    for bound, words in BOUNDS.items():
        if bound in context and name.startswith(
            ("greater", "less", "too_", "string_too", "multiple")
        ):
            limit = context[bound]
            if name.startswith("string_too"):
                return words.format(counted(limit, "character"))
            return words.format(f"{limit:g}" if isinstance(limit, float) else limit)
    if name == "literal_error":
        return (
            f"one of {context['expected']}" if "," in context["expected"] else context["expected"]
        )
    return KINDS_OF_VALUES.get(
        name.removesuffix("_parsing").removesuffix("_type"),
        error["msg"].removeprefix("Input should be "),
    )


def _followed(kind: Any, path: Sequence[Any]) -> tuple[Keys, Any]:
    """The keys in pydantic's path, without its names for the members of a union that it tried, and
    the type that is there.
    """
    keys: list[Any] = []
    kind = _bare(kind)
    for part in path:
        if get_origin(kind) in (Union, UnionType):
            kind = _bare(next((one for one in get_args(kind) if _name(one) in str(part)), None))
            continue
        keys.append(part)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = next(
                (
                    field.annotation
                    for name, field in kind.model_fields.items()
                    if part in (name, field.alias)
                ),
                None,
            )
        elif get_origin(kind) in (dict, list, tuple):
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
        kind = _bare(kind)
    return tuple(keys), kind


def _bare(kind: Any) -> Any:
    """A type without Annotated and without its None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if type(None) in get_args(kind) and get_origin(kind) in (Union, UnionType):
        return _bare(reduce(or_, (one for one in get_args(kind) if one is not type(None))))
    return kind


def _name(kind: Any) -> str:
    bare = _bare(kind)
    return (get_origin(bare) or bare).__name__


def _fields(kind: Any) -> tuple[str, ...]:
    """The keys of a record, as they are written."""
    model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return tuple(field.alias or name for name, field in kind.model_fields.items()) if model else ()


def _kind_of(kind: Any) -> str:
    """What is expected of a type. A record may say it in its own WORDS."""
    return TYPES.get(get_origin(kind) or kind) or getattr(kind, "WORDS", "a group of keys")
