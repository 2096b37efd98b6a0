"""Arguments of the public functions: one name in place of several, and one line for a value of
another kind than is asked for.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, TypeVar

from ..errors import InputError, nearest

Checked = TypeVar("Checked", bound=Callable)
SHOWN = 40  # characters of a wrong value
Check = Callable[
    [str, Any], Any
]  # an argument's name and value to the value that is used; raises InputError


def many(value: Any) -> tuple:
    """One or several names, files, mappings or records as a tuple; nothing as an empty one. A text
    is one name, not its letters.
    """
    if value is None:
        return ()
    # a record may be iterable, too
    listed = isinstance(value, (Sequence, Set, Iterator)) or hasattr(value, "__array__")
    return tuple(value) if listed and not isinstance(value, (str, bytes)) else (value,)


def checked(**checks: Check) -> Callable[[Checked], Checked]:
    """A decorator that puts arguments through their checks, by name."""

    def decorate(function: Checked) -> Checked:
        signature = inspect.signature(function)
        if unknown := checks.keys() - signature.parameters.keys():
            raise TypeError(f"{function.__name__} has no argument {', '.join(sorted(unknown))}")

        @functools.wraps(function)
        def with_checks(*arguments, **named):
            bound = signature.bind(*arguments, **named)
            for name, check in checks.items():
                if name in bound.arguments:
                    bound.arguments[name] = check(name, bound.arguments[name])
            return function(*bound.args, **bound.kwargs)

        return with_checks  # type: ignore[return-value]

    return decorate


def optional(check: Check) -> Check:
    """The check of a value that may be None."""
    return lambda argument, value: None if value is None else check(argument, value)


def choice(names: Iterable[str]) -> Check:
    """One of some names."""
    valid = list(names)

    def check(argument: str, value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong(argument, value, "one of " + ", ".join(valid))
        if value not in valid:
            raise InputError(
                f"unknown {argument} '{value}'",
                argument=argument,
                expected="one of " + ", ".join(valid),
                nearest=nearest(value, valid),
            )
        return value

    return check


def of(*kinds: type, expected: str) -> Check:
    """A value of some types. expected: in words."""

    def check(argument: str, value: Any) -> Any:
        if not isinstance(value, kinds):
            raise _wrong(argument, value, expected)
        return value

    return check


def several(check: Check) -> Check:
    """One value or several, as a tuple."""
    return lambda argument, value: tuple(check(argument, one) for one in many(value))


def _sets(argument: str, value: Any) -> Any:
    """A mapping of path to value, or texts "path=value", one or several."""
    return (
        value
        if isinstance(value, Mapping)
        else several(of(str, expected="{path: value}, or texts 'path=value'"))(argument, value)
    )


TEXT = of(str, expected="a text")
PATH = of(str, Path, expected="a path")
DATE = of(str, dt.date, expected="a date, YYYY-MM-DD")
SOURCE = of(str, Path, Mapping, expected="a shipped name, a YAML file or a mapping")
FILE = of(str, Path, expected="a shipped name or a YAML file")
FILES = several(FILE)
NAMES = several(of(str, expected="a name, or a list of names"))
SETS = _sets
FLAG = of(bool, expected="True or False")
CALL = of(Callable, expected="a function")  # type: ignore[arg-type]


def _wrong(argument: str, value: Any, expected: str) -> InputError:
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return InputError(
        text if len(text) <= SHOWN else f"{text[:SHOWN]}...", argument=argument, expected=expected
    )
