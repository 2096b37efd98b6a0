"""How a file of prices is to be read, and what is to be done with each of its defects, as the user
chose; each command offers what works there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from ..errors import InputError, nearest

LONGEST_STEP = 31  # days; FEWEST returns of longer steps are more years than any token has


@dataclass(frozen=True)
class Choices:
    """How to read a file of prices, where it has to be told, and what to do with each defect;
    "refuse" names it and stops.

    column: the price's column by its name or its number from 1, or several as {"date": name,
    "price": name}. date_format: "DD/MM/YYYY", "%d.%m.%y" and the like. sheet: of a workbook, or the
    list of a JSON file. decimal: "point" or "comma". daily: "close" takes the last row of each UTC
    day.
    step: days from one row to the next, where the rows are not daily.

    gaps: "span" leaves the return over a gap out of the daily returns, "interpolate" fills in the
    log price. nonpositive, absurd: "drop" leaves the row out, which makes a gap; "keep" takes an
    absurd row as it is. duplicates: "first", "last" or "mean" of the prices. unsorted: "sort".
    """

    gaps: str = "refuse"
    nonpositive: str = "refuse"
    duplicates: str = "refuse"
    unsorted: str = "refuse"
    absurd: str = "refuse"
    daily: str = "refuse"
    column: str | Sequence[str] | Mapping[str, str] | None = None
    date_format: str | None = None
    sheet: str | None = None
    decimal: str | None = None
    step: int = 1


OPTIONS = {
    "gaps": ("refuse", "span", "interpolate"),
    "nonpositive": ("refuse", "drop"),
    "duplicates": ("refuse", "first", "last", "mean"),
    "unsorted": ("refuse", "sort"),
    "absurd": ("refuse", "drop", "keep"),
    "daily": ("refuse", "close"),
}
# where every day is needed: a row that is left out could not be made good
EVERY_DAY = OPTIONS | {
    "gaps": ("refuse",),
    "nonpositive": ("refuse",),
    "absurd": ("refuse", "keep"),
}
# where days flow into one another (volume, fees): they are sums, and no last row is one
FLOWS = EVERY_DAY | {"daily": ("refuse",)}
# where days may be missing: a row that is left out is a day that is not used
ANY_DAYS = OPTIONS | {"gaps": ("span",)}
FILLED = OPTIONS | {"gaps": ("refuse", "interpolate")}


def choices_of(
    given: Choices | Mapping[str, object] | None, offered: Mapping[str, tuple[str, ...]] = OPTIONS
) -> Choices:
    """Choices, also by name. offered: those of the command. Raises InputError for an unknown name,
    and for a choice that is not offered.
    """
    if not isinstance(given, Choices):
        known = [field.name for field in fields(Choices)]
        for name in given or {}:
            if name not in known:
                raise InputError(
                    f"'{name}'",
                    argument="choices",
                    expected=", ".join(known),
                    nearest=nearest(name, known),
                )
        given = Choices(**(given or {}))
    for name, allowed in offered.items():
        chosen = getattr(given, name)
        if chosen not in allowed:
            raise InputError(
                f"'{chosen}'",
                argument=name,
                expected=", ".join(allowed),
                nearest=nearest(chosen, allowed),
            )
    for name in ("date_format", "sheet", "decimal"):
        if not isinstance(getattr(given, name), str | None):
            raise InputError(f"{getattr(given, name)!r}", argument=name, expected="a text")
    if (
        isinstance(given.step, bool)
        or not isinstance(given.step, int)
        or not 1 <= given.step <= LONGEST_STEP
    ):
        raise InputError(
            f"{given.step!r}", argument="step", expected=f"whole days from 1 to {LONGEST_STEP}"
        )
    if given.step > 1 and "span" not in offered["gaps"]:
        raise InputError(f"{given.step}", argument="step", expected="1: every day is needed here")
    return given
