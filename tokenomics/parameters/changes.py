"""Changes of levers as data: what they were before, as a parameter file and a bundle record it, and
a dated list of what is changed when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..errors import InputError
from ..inputs.bounds import CENTURY
from .documents import Strict, validated
from .locate import find
from .reading import load

MOST = 100  # changes of one network
Day = Annotated[float, Field(ge=0.0, le=CENTURY)]
Values = dict[Annotated[str, Field(max_length=500)], bool | float | str]


class BeforeRecord(Strict):
    """Levers as they stood until a day: values by path. until: none for `change.day`."""

    until: Day | None = None
    levers: Values = Field(min_length=1, max_length=1_000)


class History(Strict):
    """What levers were before they changed, in the order of time."""

    before: list[BeforeRecord] = Field(max_length=MOST)


class Dated(Strict):
    """What is changed on a day. policy: a shipped name or a file. set: values by path."""

    day: Day
    policy: str | None = None
    set: Values = Field(default={}, max_length=1_000)


class Schedule(Strict):
    """A dated list of changes."""

    description: str = ""
    changes: list[Dated] = Field(min_length=1, max_length=MOST)


def history(given: Any, file: str) -> list[BeforeRecord]:
    """What a file says under `before`. Raises InputError, with the file, for what is no history."""
    given = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else given
    found = validated(History, {"before": given}, file).before
    days = [one.until for one in found if one.until is not None]
    if days != sorted(set(days)):
        raise InputError(
            f"days {', '.join(f'{day:g}' for day in days)}",
            file=file,
            key="before",
            expected="`until` in the order of time, each once",
        )
    return found


def schedule(source: str | Path | Mapping[str, Any] | Sequence[Any]) -> list[Dated]:
    """A dated list of changes, in the order of time. source: a shipped name, a YAML file with
    `changes`, a mapping like it, or the list itself.

    Raises InputError for what is no such list, and for a day twice.
    """
    if isinstance(source, (str, Path)):
        path = find("changes", str(source))
        file, tree = str(path), load(path, "changes: a list of day and policy or set")
    elif isinstance(source, Mapping):
        file, tree = "changes", source
    else:
        file, tree = "changes", {"changes": list(source)}
    found = sorted(validated(Schedule, tree, file).changes, key=lambda one: one.day)
    for one, other in zip(found, found[1:], strict=False):
        if one.day == other.day:
            raise InputError(
                f"day {one.day:g} twice", file=file, key="changes", expected="each day once"
            )
    for one in found:
        if one.policy is None and not one.set:
            raise InputError(
                f"day {one.day:g} changes nothing",
                file=file,
                key="changes",
                expected="`policy` or `set`",
            )
    return found
