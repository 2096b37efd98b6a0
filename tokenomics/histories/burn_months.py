"""The months of one file of burn and emission: rows by month as they are, weeks and days summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .burn_columns import PATTERNS, columns, ratios, unit_of_length
from .measures import read_measures
from .table import Table
from .times import parse_times

SHORTEST = 12  # months
SHORTEST_MONTH = 28  # days of a row
LONGEST = 35  # days of a row: five weeks
STEPS = {1: "days", 7: "weeks"}


@dataclass(eq=False)
class BurnPart:
    """What one file tells by month. months: since 1970-01, increasing without a gap; values, days:
    by month.
    """

    table: Table
    months: np.ndarray
    values: dict[str, np.ndarray]
    days: np.ndarray
    lines: np.ndarray
    stated: bool  # whether the length of a row is known from the file
    said: list[str]
    places: dict[str, int]  # of the columns

    def take(self, kept: np.ndarray) -> None:
        self.months, self.days, self.lines = self.months[kept], self.days[kept], self.lines[kept]
        self.values = {name: values[kept] for name, values in self.values.items()}


def bears(table: Table, name: str) -> bool:
    """Whether a table has the one column of a name."""
    try:
        table.column(name)
    except InputError:
        return False
    return True


def read_part(
    table: Table, named: dict[str, str], date_format: str | None, decimal: str | None
) -> BurnPart:
    """The months of a table. named: columns that are chosen, by what they hold; those that another
    file has are none of its own.
    """
    here = {what: name for what, name in named.items() if bears(table, name)}
    places = columns(table, here, elsewhere=named.keys() - here.keys())
    times = parse_times(
        table.columns[places["date"]],
        file=table.file,
        key=table.name(places["date"]),
        lines=table.lines,
        date_format=date_format,
    )
    used = ", ".join(f"{name} from '{table.name(i)}'" for name, i in places.items())
    left = [table.name(i) for i in range(len(table.header)) if i not in places.values()]
    said = [f"{used}; {times.said}" + (f"; not used: {', '.join(left)}" if left else "")]
    values = {
        name: read_measures(table, places[name], positive=True, decimal=decimal)
        for name in (*PATTERNS, "length")
        if name in places
    }
    days, order = times.days, np.argsort(times.ns, kind="stable")
    if times.local is not None:  # a month that begins in Berlin is no month that ends in UTC
        days = times.local
        said.append("all rows are at midnight of their zone: taken as the day that they name")
    if (np.diff(times.ns) < 0).any():
        turned = (np.diff(times.ns) <= 0).all()
        said.append(
            "newest row first: turned" if turned else "sorted by time: rows came after a later one"
        )
    days, lines, values = (
        days[order],
        table.lines[order],
        {name: one[order] for name, one in values.items()},
    )
    step = int(np.median(np.diff(days).astype(int))) if len(days) > 1 else 31
    for i in np.flatnonzero(np.diff(days).astype(int) <= 0)[:1]:
        found = f"{_when(days[i + 1], step)} again, after line {lines[i]}"
        raise _of_dates(table, places, lines[i + 1], found, "it once")
    if step in STEPS:
        part = _summed(table, places, days, values, lines, step, said)
    elif 28 <= step <= 31:
        part = _monthly(table, places, days, values, lines, said)
    else:
        raise InputError(
            f"rows {step} days apart", file=table.file, expected="months, weeks or days"
        )
    if len(part.months) < 2:
        raise InputError(
            f"{len(part.months)} whole months", file=table.file, expected=f"at least {SHORTEST}"
        )
    part.said += ratios(table, order, values, decimal)
    return part


def _of_dates(
    table: Table, places: dict[str, int], line: int, found: str, expected: str
) -> InputError:
    """What is wrong with the date of a line."""
    key = table.name(places["date"])
    return InputError(found, file=table.file, line=int(line), key=key, expected=expected)


def _when(day: np.datetime64, step: int) -> str:
    return str(day)[:7] if step > 7 else str(day)


def _monthly(
    table: Table,
    places: dict[str, int],
    days: np.ndarray,
    values: dict[str, np.ndarray],
    lines: np.ndarray,
    said: list[str],
) -> BurnPart:
    months = days.astype("datetime64[M]").astype(int)
    for i in np.flatnonzero(np.diff(months) != 1)[:1]:
        gap = months[i + 1] - months[i] - 1
        found = f"{month_name(months[i + 1])} " + (
            f"again, after line {lines[i]}"
            if gap < 0
            else f"after {month_name(months[i])}: {gap} missing"
        )
        raise _of_dates(table, places, lines[i + 1], found, "each month once, without a gap")
    starts = days.astype("datetime64[M]").astype("datetime64[D]")
    place = (days - starts).astype(int)
    ends = ((starts.astype("datetime64[M]") + 1).astype("datetime64[D]") - days).astype(
        int
    )  # 1 on the last day of a month
    lengths = place + ends
    part = BurnPart(table, months, values, lengths.astype(float), lines, False, said, places)
    if "length" in values:
        name = table.name(places["length"])
        part.days = values.pop("length") * unit_of_length(name)
        part.stated = True
        said.append(
            f"flows a day by column {name} ({part.days.min():g} to {part.days.max():g} days a row)"
        )
        short = part.days < SHORTEST_MONTH
        short[[0, -1]] = False  # the first and the last one may be unfinished
        for i in np.flatnonzero(short | (part.days > LONGEST))[:1]:
            expected = (
                f"at least {SHORTEST_MONTH} days in a month, but for the first and the last"
                if short[i]
                else f"at most {LONGEST} days in a month"
            )
            raise InputError(
                f"{part.days[i]:g} days",
                file=table.file,
                line=int(lines[i]),
                key=name,
                expected=expected,
            )
    else:
        said.append("flows a day by the calendar: no column n_weeks or days")
    whole = len(days) > 2 and ((place[:-1] == 0).all() or (ends[:-1] == 1).all())
    if whole and place[-1] != place[-2] and ends[-1] != 1:
        said.append(
            f"{days[-1]} is in the middle of a month, as no other row is: left out as unfinished"
        )
        part.take(np.arange(len(days) - 1))
    return part


def _summed(table, places, days, values, lines, step, said) -> BurnPart:
    """Weeks or days summed to the months in which they begin; months of which not all are there,
    first or last, are left out.
    """
    word = STEPS[step]
    for i in np.flatnonzero(np.diff(days).astype(int) != step)[:1]:
        found = f"a gap: {days[i + 1]} after {days[i]}"
        raise _of_dates(table, places, lines[i + 1], found, f"a row every {step} days")
    months = days.astype("datetime64[M]").astype(int)
    known, first, count = np.unique(months, return_index=True, return_counts=True)
    flows = {
        name: np.add.reduceat(one, first) / (count if name == "price" else 1)
        for name, one in values.items()
        if name != "length"
    }
    starts = known.astype("datetime64[M]").astype("datetime64[D]")
    following = (known + 1).astype("datetime64[M]").astype("datetime64[D]")
    last = days[np.append(first[1:], len(days)) - 1]
    whole = (days[first] - starts < np.timedelta64(step, "D")) & (
        following - last <= np.timedelta64(step, "D")
    )
    part = BurnPart(table, known, flows, count * float(step), lines[first], True, said, places)
    said.append(
        f"{len(days)} {word} summed to the months in which they begin; prices are means of them"
    )
    if not whole.all():
        said.append(
            f"left out, for not all of their {word} are there: "
            f"{', '.join(month_name(m) for m in known[~whole])}"
        )
        part.take(whole)
    return part


def month_name(number: int) -> str:
    """A month since 1970-01 as YYYY-MM."""
    return str(np.datetime64(int(number), "M"))
