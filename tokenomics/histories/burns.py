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
from .burn_columns import NAMES, PATTERNS, no_flows, one_token
from .burn_months import SHORTEST, BurnPart, bears, month_name, read_part
from .layouts import told
from .plausible import absurd_rows
from .reader import read_table

OF_A_TOKEN = ("burned", "issued", "price")
PRODUCT = ("burn_usd", "burned", "price")  # of which the third follows from two
LAST = ("refuse", "drop", "keep")
ABSURD = ("refuse", "keep")
# A last month is taken as unfinished where all its flows are below this share of the month before.
# Emission is steady, and a halving of it does not halve the burn too: Helium's 34 months have no
# such fall. Three weeks of four are caught, a month that lacks three days is not.
UNFINISHED = 0.8


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
        if not any(bears(table, name) for table in tables):
            tables[0].column(name)  # which says what there is
    parts = [read_part(table, named, date_format, decimal) for table in tables]
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


def _joined(parts: list[BurnPart], last: str, absurd: str) -> BurnTable:
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
            cut = ", ".join(month_name(m) for m in part.months[~inside][:3]) + (
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
            found = f"{month_name(months[-1])} looks unfinished: {shares} of the month before"
            raise InputError(
                found,
                file=part.table.file,
                line=int(part.lines[-1]),
                key="month",
                expected="a whole month (or `last` drop or keep)",
            )
        done, kept = ("left out", slice(None, -1)) if last == "drop" else ("kept", kept)
        said.append(
            f"{month_name(months[-1])} looks unfinished ({shares} of the month before) and is "
            f"{done}, as chosen"
        )
    rises = {name: flows[name][0] / flows[name][1] for name in falls}
    if rises and max(rises.values()) < UNFINISHED and not have["issued"].stated:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in rises.items())
        said.append(
            f"{month_name(months[0])} looks unfinished ({shares} of the month after) and is kept, "
            f"for growth looks so too"
        )
    flows, months = {name: flows[name][kept] for name in PATTERNS}, months[kept]
    said += _absurd(have, flows, months, absurd)
    if len(months) < SHORTEST:
        raise InputError(
            f"{len(months)} months", file=parts[0].table.file, expected=f"at least {SHORTEST}"
        )
    file = parts[0].table.file
    names = tuple(month_name(m) for m in months)
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
                found = f"{part.values[name][at]:g} in {month_name(months[i])}: {why}"
                raise InputError(
                    found,
                    file=part.table.file,
                    line=int(part.lines[at]),
                    key=name,
                    expected="a plausible value (or `absurd` keep)",
                )
            said.append(f"absurd {name} kept: {month_name(months[i])}, {why}")
    return said
