"""Arguments of the public functions: one name in place of several, and one line for what is of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def choice(argument: str, value: Any, choices: Iterable[str], what: str = "") -> str:
    """One of some names. what: of what it is the name. Raises InputError for anything else."""
    valid = list(choices)
    if not isinstance(value, str) or value not in valid:
        near = nearest(value, valid) if isinstance(value, str) else None
        raise InputError(f"unknown {what or argument} {shown(value)}", argument=argument, expected="one of " + ", ".join(valid), nearest=near)
    return value
