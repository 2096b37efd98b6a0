"""The column of times of a table: calendar times, unix times, or seconds and milliseconds since some start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .measures import read_measures
from .table import Table, simple
from .times import NS, is_time, parse_times

# names of columns of times; a unit in the name is that of bare numbers
SECONDS = ("t_s", "time_s", "timestamp_s", "arrival_s", "arrived_at_s", "offset_s", "seconds", "second", "arrived_at")
MILLISECONDS = ("t_ms", "time_ms", "timestamp_ms", "arrival_ms", "offset_ms", "milliseconds")
NAMES = ("timestamp", "time", "date", "datetime", "day", "hour", "arrival_time", "arrival", "created_time", "created_at", "start_time", "t")
LONGEST = 2.0**53 / 1e9  # s that a float tells to the nanosecond, a hundred days
FARTHEST = 1e10  # s; bare numbers above are unix times in a smaller unit, or none


@dataclass(frozen=True)
class TimeStamps:
    """Times of rows. ns: nanoseconds since 1970, or since the file's own zero; (n,). name: of the column. calendar: whether they are dates."""

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


def read_moments(table: Table, column: int | None, taken: set[int], date_format: str | None, unit: str | None, decimal: str | None) -> TimeStamps:
    """The times of a table.

    column: where they are; by its name where not given. taken: columns that hold something else. unit: "s" or "ms" of bare numbers where the layout
    fixes it; else the column's name tells it. Raises InputError that names file and line.
    """
    if column is None:
        column = _column(table, taken)
    name = table.name(column)
    if unit is None:
        plain = simple(table.header[column])
        unit = "s" if plain in map(simple, SECONDS) else "ms" if plain in map(simple, MILLISECONDS) else None
    first = table.cell(column, 0)
    if _bare(first) and (unit is not None or not is_time(first)):
        if unit is None:
            found, expected = f"'{first[:40]}' is a number of unknown unit", "dates, unix times, or a name that tells the unit: t_s or t_ms"
            raise table.error(found, row=0, key=name, expected=expected)
        value = read_measures(table, column, decimal=decimal)
        scale = 1.0 if unit == "s" else 1e-3
        if value.max() * scale > FARTHEST:
            row = int(np.argmax(value * scale > FARTHEST))
            raise table.error(f"{value[row]:g} {unit}", row=row, key=name, expected=f"at most {FARTHEST / scale:g} {unit}")
        whole = np.floor(value)
        ns = whole.astype(np.int64) * int(NS * scale) + np.round((value - whole) * NS * scale).astype(np.int64)
        words = "seconds" if unit == "s" else "milliseconds"
        return TimeStamps(ns, name, False, f"time: column '{name}', {words} from the file's own start")
    lines = table.lines
    times = parse_times(table.columns[column], file=table.file, key=name, lines=lines, date_format=date_format)
    return TimeStamps(times.ns, name, True, f"time: column '{name}', {times.said}")


def _bare(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(table: Table, taken: set[int]) -> int:
    found = [i for i in table.find(*SECONDS, *MILLISECONDS, *NAMES) if i not in taken]
    if not found and table.header[0] == "" and 0 not in taken and is_time(table.cell(0, 0)):
        return 0  # an index that was saved without a name
    if len(found) == 1:
        return found[0]
    said = f"{len(found)} columns of times: {', '.join(table.name(i) for i in found)}" if found else f"no column of times among {table.named()}"
    raise InputError(said, file=table.file, expected="one, such as timestamp, date, t_s or t_ms, or `column` date=NAME")
