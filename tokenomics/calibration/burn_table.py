"""A monthly table of burn-and-mint, read strictly: what is wrong is named by line."""

from __future__ import annotations

import calendar
import csv
import re
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, nearest
from ..recorded import csv_number

# what each quantity may be called; the first name is Helium's
NAMES = {
    "burn_usd": ("dc_burn_usd", "burn_usd"),
    "burned": ("hnt_burned", "burned"),
    "issued": ("hnt_issued", "issued"),
    "price": ("hnt_price_avg", "price"),
}
LENGTH = {"n_weeks": 7.0, "days": 1.0}  # optional columns that say how long a row is, in days
RATIOS = ("bme", "bme_check")  # Helium's own ratios, which are not read: they follow from the others
SHORTEST = 12  # months


@dataclass(frozen=True)
class BurnTable:
    """Months without a gap, all flows a day. burn_usd [USD/day], burned and issued [TOK/day], price [USD/TOK], days: of each row; (n,) each."""

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
    """Months since the year 0. Raises ValueError for what is no YYYY-MM."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", month.strip())
    if not match or not 1 <= int(match[2]) <= 12:
        raise ValueError(month)
    return 12 * int(match[1]) + int(match[2]) - 1


def _columns(header: list[str], file: str) -> dict[str, int]:
    found = {}
    for what, names in NAMES.items():
        named = [name for name in names if name in header]
        if len(named) != 1:
            said = f"both columns {' and '.join(named)}" if named else "no such column"
            hint = None if named else nearest(names[-1], [h for h in header if h not in RATIOS])
            raise InputError(said, file=file, line=1, key=what, expected=" or ".join(names), nearest=hint)
        found[what] = header.index(named[0])
    lengths = [name for name in LENGTH if name in header]
    if len(lengths) > 1:
        raise InputError("both columns n_weeks and days", file=file, line=1, expected="one of them")
    known = {"month", *(n for names in NAMES.values() for n in names), *LENGTH, *RATIOS}
    for name in header:
        if name not in known:
            raise InputError(f"column '{name[:40]}'", file=file, line=1, expected="one of " + ", ".join(sorted(known)), nearest=nearest(name, known))
        if header.count(name) > 1:
            raise InputError(f"column '{name}' twice", file=file, line=1, expected="it once")
    return found | ({"length": header.index(lengths[0])} if lengths else {})


def read_burn(file: str) -> BurnTable:
    """A CSV `month` and burn in USD, tokens burned, tokens issued, mean price, each the month's total; optionally its length in weeks or days.

    Raises InputError that names file and line: a gap, a month twice, a cell that is no number above 0 (logarithms are taken of all).
    """
    try:
        with open(file, newline="", encoding="utf-8-sig") as stream:
            lines = [(i, [cell.strip() for cell in row]) for i, row in enumerate(csv.reader(stream), start=1) if row]
    except FileNotFoundError:
        raise InputError("no such file", file=file, expected="a CSV by month") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", file=file, expected="a CSV in UTF-8") from None
    if not lines or lines[0][1][0] != "month":
        expected = f"month,{','.join(names[-1] for names in NAMES.values())}"
        raise InputError(f"the header {','.join(lines[0][1])[:80]}" if lines else "an empty file", file=file, line=1, expected=expected)
    header, place = lines[0][1], _columns(lines[0][1], file)
    months, values, previous = [], {what: [] for what in place}, None
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise InputError(f"{len(row)} cells", file=file, line=line, expected=f"{len(header)} cells")
        try:
            now = index(row[0])
        except ValueError:
            raise InputError(f"'{row[0][:40]}' is not a month", file=file, line=line, key="month", expected="YYYY-MM") from None
        if previous is not None and now != previous + 1:
            said = "twice" if now == previous else f"after {months[-1]}"
            raise InputError(f"{row[0]} {said}", file=file, line=line, key="month", expected="the month after the one above, without a gap")
        previous = now
        months.append(row[0])
        for what, column in place.items():
            values[what].append(csv_number(row[column], file, line, header[column], positive=True))
    if len(months) < SHORTEST:
        raise InputError(f"{len(months)} months", file=file, expected=f"at least {SHORTEST}")
    table = {what: np.array(column) for what, column in values.items()}
    if "length" in place:
        name = header[place["length"]]
        days = table.pop("length") * LENGTH[name]
        chosen = f"flows a day by column {name} ({days.min():g} to {days.max():g} days a row)"
    else:
        days = np.array([calendar.monthrange(*map(int, month.split("-")))[1] for month in months], dtype=float)
        chosen = "flows a day by the calendar: no column n_weeks or days"
    used = "columns used: " + ", ".join(header[place[what]] for what in NAMES)
    ratios = [name for name in RATIOS if name in header]
    if ratios:
        used += f"; not used: {', '.join(ratios)} (burned/issued is worked out, which is `bme`; `bme_check` is burn in USD over price over issued)"
    flows = {what: table[what] / (1.0 if what == "price" else days) for what in NAMES}
    return BurnTable(tuple(months), **flows, days=days, file=str(file), choices=(used, chosen))
