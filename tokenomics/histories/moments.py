"""The column of times of a table: calendar times, unix times, or seconds and milliseconds since
some start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError, counted
from .measures import read_measures
from .table import Table
from .time_names import BEGINS, SPANS, TIMES, unit_of
from .times import NS, is_time, parse_times

LONGEST = 2.0**53 / 1e9  # s that a float tells to the nanosecond, a hundred days
FARTHEST = 1e10  # s; bare numbers above are unix times in a smaller unit, or none
# Bare numbers from here on are unix times, of 2001 and later, where only the layout tells their
# unit: as milliseconds or seconds from a file's own start they would leave out its first twelve
# days or thirty years.
UNIX = 1e9


@dataclass(frozen=True, eq=False)
class TimeStamps:
    """Times of rows. ns: nanoseconds since 1970, or since the file's own zero; (n,). name: of the
    column. calendar: whether they are dates.
    """

    ns: np.ndarray
    name: str
    calendar: bool
    said: str

    def label(self, row: int) -> str:
        """A time for a reader."""
        if not self.calendar:
            return f"{self.ns[row] / NS:,.9g} s"
        return label(self.ns[row].view("datetime64[ns]"))

    def instant(self, row: int) -> np.datetime64 | None:
        """The instant of a row; None where the file does not tell it."""
        return self.ns[row].view("datetime64[ns]") if self.calendar else None


def label(instant: np.datetime64) -> str:
    """An instant for a reader, to the second."""
    return str(instant.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")


def turned(ns: np.ndarray) -> str:
    """What is said of rows that are not in the order of time, and are put in it."""
    steps = np.diff(ns)
    if (steps <= 0).all():
        return "newest row first: turned"
    return f"sorted by time: {counted(int((steps < 0).sum()), 'row')} came after a later one"


def read_moments(
    table: Table,
    column: int | None,
    taken: set[int],
    date_format: str | None,
    unit: str | None,
    decimal: str | None,
    whole: bool = False,
) -> TimeStamps:
    """The times of a table.

    column: where they are; by its name where not given. taken: columns that hold something else.
    unit: "s" or "ms", which the layout has for bare numbers; a unit in the column's own name goes
    before it. whole: whether the layout has whole numbers alone. Raises InputError that names file
    and line.
    """
    if column is None:
        column = _column(table, taken)
    name, first = table.name(column), table.cell(column, 0)
    told = unit_of(table.header[column])
    if bare(first) is not None and (told or unit or not is_time(first)):
        if not (told or unit):
            raise _unknown(table, column, 0)
        value = read_measures(table, column, decimal=decimal)
        if told or value.min() < UNIX:
            if not told and whole and (value % 1.0 > 0.0).any():
                raise _unknown(
                    table,
                    column,
                    int(np.argmax(value % 1.0 > 0.0)),
                    ", for the layout has whole ones alone",
                )
            return _counted(table, name, value, told or unit)
    times = parse_times(
        table.columns[column], file=table.file, key=name, lines=table.lines, date_format=date_format
    )
    return TimeStamps(times.ns, name, True, f"time: column '{name}', {times.said}")


def _unknown(table: Table, column: int, row: int, why: str = "") -> InputError:
    found = f"'{table.cell(column, row)[:40]}' is a number of unknown unit{why}"
    return table.error(
        found,
        row=row,
        key=table.name(column),
        expected="dates, unix times, or a name that tells the unit: t_s or t_ms",
    )


def _counted(table: Table, name: str, value: np.ndarray, unit: str) -> TimeStamps:
    """Times from the file's own start."""
    scale = 1.0 if unit == "s" else 1e-3
    if value.max() * scale > FARTHEST:
        row = int(np.argmax(value * scale > FARTHEST))
        raise table.error(
            f"{value[row]:g} {unit}",
            row=row,
            key=name,
            expected=f"at most {FARTHEST / scale:g} {unit}",
        )
    whole = np.floor(value)
    ns = whole.astype(np.int64) * int(NS * scale) + np.round((value - whole) * NS * scale).astype(
        np.int64
    )
    words = "seconds" if unit == "s" else "milliseconds"
    return TimeStamps(ns, name, False, f"time: column '{name}', {words} from the file's own start")


def bare(cell: str) -> float | None:
    """The number that a cell is; None for what is none."""
    try:
        return float(cell)
    except ValueError:
        return None


def _column(table: Table, taken: set[int]) -> int:
    named = [i for i, name in enumerate(table.header) if unit_of(name)]
    listed = [*dict.fromkeys([*named, *table.find(*TIMES, *BEGINS)])]
    found = [i for i in listed if i not in taken] or [
        i for i in table.find(*SPANS) if i not in taken
    ]
    if len(found) > 1:  # an hour of the day beside its date is no time
        found = [i for i in found if i in named or is_time(table.cell(i, 0))] or found
    if not found and table.header[0] == "" and 0 not in taken and is_time(table.cell(0, 0)):
        return 0  # an index that was saved without a name
    if len(found) == 1:
        return found[0]
    said = (
        f"{len(found)} columns of times: {', '.join(table.name(i) for i in found)}"
        if found
        else f"no column of times among {table.named()}"
    )
    raise InputError(
        said,
        file=table.file,
        expected="one, such as timestamp, date, t_s or t_ms, or `column` date=NAME",
    )
