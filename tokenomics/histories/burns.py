"""Burn-and-mint by month, from one table or several that are joined by month; weeks and days are
summed to months.

Tokens issued are needed, and two of burn in USD, tokens burned and price, from which the third
follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError, nearest
from ..inputs.arguments import many
from .burn_columns import NAMES, PATTERNS, columns, no_flows, one_token, ratios, unit_of_length
from .layouts import told
from .measures import read_measures
from .plausible import absurd_rows
from .reader import read_table
from .table import Table
from .times import parse_times

SHORTEST = 12  # months
OF_A_TOKEN = ("burned", "issued", "price")
PRODUCT = ("burn_usd", "burned", "price")  # of which the third follows from two
SHORTEST_MONTH = 28  # days of a row
LONGEST = 35  # days of a row: five weeks
LAST = ("refuse", "drop", "keep")
ABSURD = ("refuse", "keep")
# A last month is taken as unfinished where all its flows are below this share of the month before.
# Emission is steady, and a halving of it does not halve the burn too: Helium's 34 months have no
# such fall. Three weeks of four are caught, a month that lacks three days is not.
UNFINISHED = 0.8
STEPS = {1: "days", 7: "weeks"}


@dataclass(frozen=True, eq=False)
class BurnTable:
    """Months without a gap, all flows a day. burn_usd [USD/day], burned and issued [TOK/day], price
    [USD/TOK], days: of each row; (n,) each.

    choices: what was taken for what, and what was done to rows, a line each.
    """

    months: tuple[str, ...]
    burn_usd: np.ndarray
    burned: np.ndarray
    issued: np.ndarray
    price: np.ndarray
    days: np.ndarray
    file: str
    choices: tuple[str, ...]

    @property
    def years(self) -> np.ndarray:
        """Time of each month since the first one [years]."""
        return np.arange(len(self.months)) / 12.0


def index(month: str) -> int:
    """Months since 1970-01 of a month YYYY-MM."""
    return int(np.datetime64(month, "M").astype(int))


@dataclass(eq=False)
class _Part:
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


def read_burn(
    files: str | Path | Sequence[str | Path],
    *,
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    date_format: str | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
    last: str = "refuse",
    absurd: str = "refuse",
) -> BurnTable:
    """Months of burn and emission.

    files: one, or several that hold the quantities between them. column: names of columns as
    {"date": name, "burned": name, ...} or "burned=name", where they do not tell. date_format,
    sheet, decimal: see `parse_times`, `read_table` and `parse_numbers`. last: what to do with a
    last month that looks unfinished. absurd: what to do with a price, a burn or an emission that
    leaves by a factor and is back the next month.

    Raises InputError that names file and line: a gap, a month twice, a cell that is no number above
    0 (logarithms are taken of all).
    """
    for name, given, allowed in (("last", last, LAST), ("absurd", absurd, ABSURD)):
        if given not in allowed:
            raise InputError(
                f"'{given}'",
                argument=name,
                expected=", ".join(allowed),
                nearest=nearest(given, allowed),
            )
    named = told(column, (*PATTERNS, "length"))
    tables = [read_table(file, sheet=sheet) for file in many(files)]
    for name in named.values():
        if not any(_bears(table, name) for table in tables):
            tables[0].column(name)  # which says what there is
    parts = [_part(table, named, date_format, decimal) for table in tables]
    one_token(
        [
            (part.table, what, i)
            for part in parts
            for what, i in part.places.items()
            if what in OF_A_TOKEN and what not in named
        ]
    )
    for name in PATTERNS:
        having = [part for part in parts if name in part.values]
        if len(having) > 1:
            raise InputError(
                f"{name} in {having[0].table.file} too",
                file=having[1].table.file,
                expected="each quantity in one file",
            )
    return _joined(parts, last, absurd)


def _bears(table: Table, name: str) -> bool:
    try:
        table.column(name)
    except InputError:
        return False
    return True


def _part(
    table: Table, named: dict[str, str], date_format: str | None, decimal: str | None
) -> _Part:
    here = {what: name for what, name in named.items() if _bears(table, name)}
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
        raise InputError(
            found,
            file=table.file,
            line=int(lines[i + 1]),
            key=table.name(places["date"]),
            expected="it once",
        )
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


def _when(day: np.datetime64, step: int) -> str:
    return str(day)[:7] if step > 7 else str(day)


def _monthly(
    table: Table,
    places: dict[str, int],
    days: np.ndarray,
    values: dict[str, np.ndarray],
    lines: np.ndarray,
    said: list[str],
) -> _Part:
    months = days.astype("datetime64[M]").astype(int)
    for i in np.flatnonzero(np.diff(months) != 1)[:1]:
        gap = months[i + 1] - months[i] - 1
        found = f"{_month(months[i + 1])} " + (
            f"again, after line {lines[i]}"
            if gap < 0
            else f"after {_month(months[i])}: {gap} missing"
        )
        key, expected = table.name(places["date"]), "each month once, without a gap"
        raise InputError(found, file=table.file, line=int(lines[i + 1]), key=key, expected=expected)
    starts = days.astype("datetime64[M]").astype("datetime64[D]")
    place = (days - starts).astype(int)
    ends = ((starts.astype("datetime64[M]") + 1).astype("datetime64[D]") - days).astype(
        int
    )  # 1 on the last day of a month
    lengths = place + ends
    part = _Part(table, months, values, lengths.astype(float), lines, False, said, places)
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


def _summed(table, places, days, values, lines, step, said) -> _Part:
    """Weeks or days summed to the months in which they begin; months of which not all are there,
    first or last, are left out.
    """
    word = STEPS[step]
    for i in np.flatnonzero(np.diff(days).astype(int) != step)[:1]:
        found = f"a gap: {days[i + 1]} after {days[i]}"
        raise InputError(
            found,
            file=table.file,
            line=int(lines[i + 1]),
            key=table.name(places["date"]),
            expected=f"a row every {step} days",
        )
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
    part = _Part(table, known, flows, count * float(step), lines[first], True, said, places)
    said.append(
        f"{len(days)} {word} summed to the months in which they begin; prices are means of them"
    )
    if not whole.all():
        said.append(
            f"left out, for not all of their {word} are there: "
            f"{', '.join(_month(m) for m in known[~whole])}"
        )
        part.take(whole)
    return part


def _joined(parts: list[_Part], last: str, absurd: str) -> BurnTable:
    have = {name: part for part in parts for name in part.values if name != "length"}
    missing = [name for name in PATTERNS if name not in have]
    if "issued" in missing or len(missing) > 1:
        what = "issued" if "issued" in missing else missing[0]
        others = [name for one in parts for name in one.table.header if name]
        files = " and ".join(one.table.file for one in parts)
        expected = (
            f"{NAMES[what]}, or `column` {what}=NAME, or another file with it: tokens issued are "
            f"needed, and two of {', '.join(PRODUCT)}"
        )
        passed = [name for one in parts for name in no_flows(one.table, what)]
        found = "no such column" + (
            f": '{passed[0]}' is no flow of a month by its name" if passed else ""
        )
        raise InputError(
            found, file=files, key=what, expected=expected, nearest=nearest(what, others)
        )
    first, final = max(part.months[0] for part in parts), min(part.months[-1] for part in parts)
    said = [
        line
        for part in parts
        for line in (
            [f"{Path(part.table.file).name}: {s}" for s in part.said]
            if len(parts) > 1
            else part.said
        )
    ]
    for part in parts:
        inside = (part.months >= first) & (part.months <= final)
        if not inside.all():
            cut = ", ".join(_month(m) for m in part.months[~inside][:3]) + (
                " and others" if (~inside).sum() > 3 else ""
            )
            said.append(
                f"{Path(part.table.file).name}: {cut} left out, for another file lacks them"
            )
            part.take(inside)
    days = {name: part.days for name, part in have.items()}
    flows = {
        name: part.values[name] / (1.0 if name == "price" else days[name])
        for name, part in have.items()
    }
    if missing == ["price"]:
        flows["price"] = flows["burn_usd"] / flows["burned"]
        said.append("price: burn in USD over tokens burned, for no column has it")
    elif missing == ["burn_usd"]:
        flows["burn_usd"] = flows["burned"] * flows["price"]
        said.append("burn in USD: tokens burned times price, for no column has it")
    elif missing == ["burned"]:
        flows["burned"] = flows["burn_usd"] / flows["price"]
        said.append("tokens burned: burn in USD over price, for no column has it")
    months, kept = parts[0].months, slice(None)
    # a month is as long as its shortest row says: an unfinished month of one file is one of all
    falls = (
        {name: flows[name][-1] / flows[name][-2] for name in ("burn_usd", "burned", "issued")}
        if len(months) > 1
        else {}
    )
    if falls and max(falls.values()) < UNFINISHED and not have["issued"].stated:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in falls.items())
        if last == "refuse":
            part = have["issued"]
            found = f"{_month(months[-1])} looks unfinished: {shares} of the month before"
            raise InputError(
                found,
                file=part.table.file,
                line=int(part.lines[-1]),
                key="month",
                expected="a whole month (or `last` drop or keep)",
            )
        done, kept = ("left out", slice(None, -1)) if last == "drop" else ("kept", kept)
        said.append(
            f"{_month(months[-1])} looks unfinished ({shares} of the month before) and is {done}, "
            f"as chosen"
        )
    rises = {name: flows[name][0] / flows[name][1] for name in falls}
    if rises and max(rises.values()) < UNFINISHED and not have["issued"].stated:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in rises.items())
        said.append(
            f"{_month(months[0])} looks unfinished ({shares} of the month after) and is kept, for "
            f"growth looks so too"
        )
    flows, months = {name: flows[name][kept] for name in PATTERNS}, months[kept]
    said += _absurd(have, flows, months, absurd)
    if len(months) < SHORTEST:
        raise InputError(
            f"{len(months)} months", file=parts[0].table.file, expected=f"at least {SHORTEST}"
        )
    file = parts[0].table.file
    names = tuple(_month(m) for m in months)
    return BurnTable(
        names,
        **flows,
        days=have["issued"].days[kept],
        file=file,
        choices=(*(n for p in parts for n in p.table.notes), *said),
    )


def _absurd(have, flows, months, absurd: str) -> list[str]:
    said = []
    for name, part in have.items():
        if len(months) < 3:
            continue
        for i, why in absurd_rows(flows[name])[:1]:
            at = int(np.flatnonzero(part.months == months[i])[0])
            if absurd == "refuse":
                found = f"{part.values[name][at]:g} in {_month(months[i])}: {why}"
                raise InputError(
                    found,
                    file=part.table.file,
                    line=int(part.lines[at]),
                    key=name,
                    expected="a plausible value (or `absurd` keep)",
                )
            said.append(f"absurd {name} kept: {_month(months[i])}, {why}")
    return said


def _month(number: int) -> str:
    return str(np.datetime64(int(number), "M"))
