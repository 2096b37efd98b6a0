"""Arguments of the public functions: one name in place of several, and one line for what is of another kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any

from .errors import InputError, nearest

SHOWN = 40  # characters of a wrong value


def many(value: Any) -> tuple:
    """One or several names, files, mappings or records as a tuple; nothing as an empty one. A text is one name, not its letters."""
    if value is None:
        return ()
    alone = isinstance(value, (str, bytes, Path, Mapping)) or not isinstance(value, Iterable)
    return (value,) if alone else tuple(value)


def shown(value: Any) -> str:
    """A value as messages tell of it."""
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def whole(argument: str, value: Any, least: int = 0, most: int = 2**63 - 1) -> int:
    """A whole number from `least` to `most`. Raises InputError for anything else."""
    span = f"a whole number from {least} to {most}" if most < 2**53 else f"a whole number of at least {least}"
    try:
        if isinstance(value, bool):
            raise TypeError
        found = index(value)
    except TypeError:
        raise InputError(shown(value), argument=argument, expected=span) from None
    if not least <= found <= most:
        raise InputError(shown(found), argument=argument, expected=span if found < least or most < 2**53 else f"{span} and at most {most}")
    return found


def number(argument: str, value: Any, above: float = 0.0, most: float = math.inf) -> float:
    """A finite number above `above` and at most `most`. Raises InputError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not (above < value <= most and math.isfinite(value)):
        limit = f" and at most {most:g}" if most < math.inf else ""
        raise InputError(shown(value), argument=argument, expected=f"a number above {above:g}{limit}")
    return float(value)


def choice(argument: str, value: Any, choices: Iterable[str], what: str = "") -> str:
    """One of some names. what: of what it is the name. Raises InputError for anything else."""
    valid = list(choices)
    if not isinstance(value, str) or value not in valid:
        near = nearest(value, valid) if isinstance(value, str) else None
        raise InputError(f"unknown {what or argument} {shown(value)}", argument=argument, expected="one of " + ", ".join(valid), nearest=near)
    return value
