"""Rows of prices in time, read from any layout, with one line that says what was taken for what.

Time: a row is of the UTC day in which its time lies; a date without a time is that day. A row of an
unfinished day is left out, by this rule: where all rows but the last in time stand at one time of
the day, and the last at another, on the same UTC day as the row before or less than 23 hours after
it (a change of clocks shortens a day by one), it is a quote of the moment in which the file was
made. No clock is looked at: the same file reads alike tomorrow, and a file of plain dates is taken
to be of days that are over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError, counted
from .choices import Choices
from .layouts import layout
from .numbers import absent, parse_numbers
from .reader import read_table
from .table import Table
from .times import NS, parse_times

DAY = 86_400 * NS
SHORTEST_DAY = 23 * 3_600 * NS  # of a year with changes of clocks
LISTS = ("prices",)  # of JSON: CoinGecko and DefiLlama call it so


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as they are in the file, or turned round where it is newest first.

    ns: time of each, nanoseconds since 1970 UTC. columns: values by what they are, "price"
    [USD/TOK] first, NaN where the file has none; (n,) each.
    table: the text of these columns, for messages. names: of the columns in the file, "date" among
    them. clock: whether rows tell a time of day.
    taken: what was taken for what.
    """

    table: Table
    names: Mapping[str, str]
    ns: np.ndarray
    columns: Mapping[str, np.ndarray]
    clock: bool
    taken: str

    def __len__(self) -> int:
        return len(self.ns)

    @property
    def price(self) -> np.ndarray:
        return self.columns["price"]

    @property
    def days(self) -> np.ndarray:
        """The UTC day of each, datetime64[D]."""
        return self.ns.view("datetime64[ns]").astype("datetime64[D]")

    def take(self, rows: np.ndarray) -> Rows:
        """Some of the rows, by number or by a mask."""
        chosen = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, table=self.table.take(rows), ns=self.ns[rows], columns=chosen)

    def when(self, row: int) -> str:
        """The day of a row, with its time where the file tells one."""
        unit = "s" if self.clock else "D"
        return str(
            self.ns[row : row + 1].view("datetime64[ns]").astype(f"datetime64[{unit}]")[0]
        ).replace("T", " ")

    def error(self, found: str, row: int, what: str, expected: str) -> InputError:
        """An error of a row. what: "date", "price" or another of the columns."""
        return self.table.error(found, row=row, key=self.names[what], expected=expected)

    def absent(self, row: int, what: str = "price") -> str:
        """What stands where a number should."""
        return absent(self.table.cell([*self.columns].index(what), row))


def read_rows(path: str | Path, choices: Choices, roles: Sequence[str] = ("price",)) -> Rows:
    """The rows of a file. choices: how to read it, where it has to be told. roles: what is wanted
    of it beside the date.

    Raises InputError that names file and line of what cannot be read.
    """
    table = read_table(path, sheet=choices.sheet, prefer=LISTS)
    if len(table) < 2:
        raise InputError(counted(len(table), "row"), file=path, expected="at least 2")
    found = layout(table, roles, choices.column, choices.date_format)
    key = table.name(found.time)
    times = parse_times(
        table.columns[found.time],
        file=path,
        key=key,
        lines=table.lines,
        date_format=choices.date_format,
    )
    if times.unit == "M":
        raise InputError(
            "months", file=path, key=key, expected="days: a month is not one length of time"
        )
    columns, said = {}, [*table.notes] if table.heads else [*table.notes, "no header"]
    for role, column in found.columns.items():
        numbers = parse_numbers(table, column, choices.decimal)
        columns[role] = numbers.values
        if numbers.said and numbers.said not in said:
            said.append(numbers.said)
    names = {"date": key} | {role: table.name(column) for role, column in found.columns.items()}
    narrow = replace(
        table,
        columns=tuple(table.columns[column] for column in found.columns.values()),
        header=tuple(found.columns),
        heads=(),
    )
    rows = Rows(narrow, names, times.ns, columns, times.unit == "s", "")
    if np.all(rows.ns[1:] <= rows.ns[:-1]) and rows.ns[0] > rows.ns[-1]:
        rows = rows.take(np.arange(len(rows))[::-1])
        said.append("newest first, turned round")
    rows, left = _finished(rows)
    return replace(rows, taken="; ".join([found.said, times.said, *said, *left]))


def _finished(rows: Rows) -> tuple[Rows, list[str]]:
    """The rows without a last one that is of an unfinished day, by the rule above, and what to say
    of it.
    """
    if not rows.clock or len(rows) < 4:
        return rows, []
    last = len(rows) - 1 - int(np.argmax(rows.ns[::-1]))
    others = np.delete(np.arange(len(rows)), last)
    clock, before = rows.ns[others] % DAY, int(rows.ns[others].max())
    if np.any(clock != clock[0]) or rows.ns[last] % DAY == clock[0]:
        return rows, []
    if rows.ns[last] // DAY != before // DAY and rows.ns[last] - before >= SHORTEST_DAY:
        return rows, []
    where = f"{rows.table.unit} {rows.table.lines[last]}"
    return rows.take(others), [
        f"the last row ({where}, {rows.when(last)}) is of an unfinished day and is left out"
    ]
