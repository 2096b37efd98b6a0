"""What happened: variables on days, from one history or from several repetitions of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError, counted, nearest
from ..histories.choices import ANY_DAYS, Choices
from ..histories.cleaning import clean, ordered
from ..histories.layouts import told
from ..histories.rows import DAY, Rows, read_rows
from ..histories.table import Table
from .tables import dated, is_parquet, numbers, one, read, since_1970

PRICE = "token_price"  # what a table of prices is a history of
ABOVE_ZERO = (PRICE, "inference_price")
DATES, DAYS = ("date", "datetime", "timestamp"), ("day", "time")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A variable in one history. days: since day 0, ascending, each once. values: finite. unit: as
    the file says, or empty.
    """

    days: np.ndarray
    values: np.ndarray
    unit: str = ""

    def at(self, days: np.ndarray) -> np.ndarray:
        """Values on some days; NaN where there is none."""
        place = np.clip(np.searchsorted(self.days, days - NEAR), 0, len(self.days) - 1)
        return np.where(np.abs(self.days[place] - days) <= NEAR, self.values[place], np.nan)

    def last_known(self) -> float:
        """The latest value up to day 0; NaN where there is none."""
        known = np.flatnonzero(self.days <= NEAR)
        return float(self.values[known[-1]]) if len(known) else np.nan


NEAR = 1e-6  # days; times that differ by less are the same
History = dict[str, Outcomes]  # by variable


@dataclass(frozen=True)
class Reading:
    """How histories are read. variables: that are looked for. day_zero: date of day 0. choices: as
    of prices; `column` of them tells variables apart.
    """

    variables: Sequence[str]
    day_zero: dt.date | None
    choices: Choices

    @property
    def columns(self) -> dict[str, str]:
        """Names of columns by variable, and of the time's as date."""
        others = [name for name in self.variables if name != PRICE]
        return told(self.choices.column, (PRICE, *others))


def read_histories(path: str | Path, how: Reading) -> tuple[list[History], list[str]]:
    """The histories in a file, several where it has a column `run`; and what was taken for what,
    or left out.

    A column a variable with a day or a date; or one row a value, with columns variable and value;
    or daily prices in any layout. Raises InputError that names file, line and key.
    """
    table = read(path, how.choices.sheet)
    given = how.columns
    places = {
        name: table.column(given[name]) if name in given else one(table, name)
        for name in how.variables
    }
    places = {name: place for name, place in places.items() if place is not None}
    variable, value = one(table, "variable"), one(table, "value")
    run = one(table, "run")
    if not places and (variable is None or value is None):
        return _prices(path, table, how)
    # a price's column is named, and the rest of its layout is told as ever
    if set(places) == {PRICE} and PRICE in given and run is None and _as_prices(path, table, how):
        return _prices(path, table, how)
    days, by_date = _days(table, how, given)
    runs = np.zeros(len(table)) if run is None else numbers(table, run)
    found: dict[float, History] = {}
    notes = []
    if places:
        parts = [(name, np.arange(len(table)), place) for name, place in places.items()]
    else:
        cells = np.array(table.cells(variable), dtype=object)
        parts = [(name, np.flatnonzero(cells == name), value) for name in how.variables]
        parts = [part for part in parts if len(part[1])]
        if not parts:
            raise _nothing(table, how, sorted(set(cells)))
    for name, rows, place in parts:
        values = numbers(table, place, how.choices.decimal)
        unit = "" if places else _unit(table, rows)
        good = np.isfinite(values[rows]) & np.isfinite(days[rows])
        notes += _without(table, name, good)
        for number in np.unique(runs[rows]):
            own = rows[(runs[rows] == number) & good]
            if not len(own):
                continue
            if name == PRICE and by_date:
                series, said = _closes(_as_rows(table, own, place, days, values, how), how)
                notes += said
            else:
                series = _series(table, own, days, values, unit, name)
            found.setdefault(float(number), {})[name] = replace(series, unit=unit)
    if not found:
        raise InputError(
            "no value", file=path, expected=f"values of {', '.join(name for name, *_ in parts)}"
        )
    return list(found.values()), notes


def _without(table: Table, name: str, good: np.ndarray) -> list[str]:
    """That rows are left out. good: which have a number and a day."""
    lost = int((~good).sum())
    rows = f"{lost:,} of {counted(len(good), 'row')}"
    return [f"{table.file}: {rows} of {name} left out, without a number or a day"] if lost else []


def _unit(table: Table, rows: np.ndarray) -> str:
    place = one(table, "unit")
    return "" if place is None else table.cell(place, int(rows[0]))


def _series(
    table: Table, rows: np.ndarray, days: np.ndarray, values: np.ndarray, unit: str, name: str
) -> Outcomes:
    rows = rows[np.argsort(days[rows], kind="stable")]
    twice = np.flatnonzero(np.diff(days[rows]) <= NEAR)
    if len(twice):
        row = int(rows[twice[0] + 1])
        raise table.error(
            f"a second value of {name} on day {days[row]:g}",
            row=row,
            key="day",
            expected="one a day (a column `run` tells repetitions apart)",
        )
    wrong = np.flatnonzero(values[rows] <= 0.0) if name in ABOVE_ZERO else []
    if len(wrong):
        row = int(rows[wrong[0]])
        raise table.error(f"{values[row]:g}", row=row, key=name, expected="a price above 0")
    return Outcomes(days[rows], values[rows], unit)


def _as_rows(
    table: Table, own: np.ndarray, place: int, days: np.ndarray, values: np.ndarray, how: Reading
) -> Rows:
    """Rows of a table as rows of prices, turned round where they are newest first."""
    assert how.day_zero is not None  # else days by date would have been refused
    if len(own) > 1 and np.all(np.diff(days[own]) < 0.0):
        own = own[::-1]
    date = one(table, *DATES)
    key = how.columns.get("date") or (table.name(date) if date is not None else "date")
    narrow = replace(table, columns=(table.columns[place],), header=("price",), heads=())
    ns = np.round(days[own] + since_1970(how.day_zero)).astype(np.int64) * DAY
    names = {"date": key, "price": table.name(place)}
    return Rows(narrow.take(own), names, ns, {"price": values[own]}, False, "")


def _closes(rows: Rows, how: Reading) -> tuple[Outcomes, list[str]]:
    """Recorded prices by the checks of every command that reads them, but for gaps: a day that is
    missing is not scored.
    """
    assert how.day_zero is not None
    done: list[str] = []
    rows = clean(ordered(rows, how.choices, ANY_DAYS, done), how.choices, ANY_DAYS, done)
    days = rows.days.astype(int).astype(float) - since_1970(how.day_zero)
    return Outcomes(days, rows.price, "USD/TOK"), [f"{rows.table.file}: {line}" for line in done]


def _days(table: Table, how: Reading, given: dict[str, str]) -> tuple[np.ndarray, bool]:
    """Day of every row since day 0, and whether it is told by a date: so where the forecast has
    dates, too.
    """
    if "date" in given:
        return _since(table, table.column(given["date"]), how), True
    date, day = one(table, *DATES), one(table, *DAYS)
    if day is not None and (date is None or how.day_zero is None) and _counts(table.cell(day, 0)):
        return numbers(table, day), False
    place = day if date is None else date
    if place is None:
        raise InputError(
            "no column of days or dates",
            file=table.file,
            key="date",
            expected=f"`date` or `day`, or `column` date=NAME, one of {table.named()}",
        )
    return _since(table, place, how), True


def _counts(cell: str) -> bool:
    """Whether a cell counts days: a number below all unix times."""
    try:
        return abs(float(cell)) < 1e6
    except ValueError:
        return False


def _since(table: Table, column: int, how: Reading) -> np.ndarray:
    if how.day_zero is None:
        raise InputError(
            "a history by date, and a forecast by day",
            file=table.file,
            argument="day_zero",
            expected="the date of the forecast's day 0, YYYY-MM-DD",
        )
    return (dated(table, column, how.choices.date_format) - since_1970(how.day_zero)).astype(float)


def _as_prices(path: str | Path, table: Table, how: Reading) -> bool:
    """Whether a table may be read as a file of daily prices: by dates, from text or a workbook."""
    day = one(table, *DAYS)
    by_day = day is not None and _counts(table.cell(day, 0))
    return PRICE in how.variables and not by_day and not is_parquet(path)


def _prices(path: str | Path, table: Table, how: Reading) -> tuple[list[History], list[str]]:
    """Daily prices in any layout, as a history of the token's price."""
    if not _as_prices(path, table, how):
        raise _nothing(table, how, [header for header in table.header if header])
    given = {"price" if role == PRICE else role: name for role, name in how.columns.items()}
    try:
        rows = read_rows(path, replace(how.choices, column=given or None))
    except InputError as error:
        if how.choices.column is not None or error.line is not None:
            raise
        raise _nothing(table, how, [header for header in table.header if header]) from None
    if how.day_zero is None:
        raise InputError(
            "a history by date, and a forecast by day",
            file=path,
            argument="day_zero",
            expected="the date of the forecast's day 0, YYYY-MM-DD",
        )
    good = np.isfinite(rows.price)
    told_of = [f"{PRICE} read with {rows.taken}", *_without(rows.table, PRICE, good)]
    series, said = _closes(rows.take(good) if good.any() else rows, how)
    return [{PRICE: series}], [*told_of, *said]


def _nothing(table: Table, how: Reading, names: Sequence[str]) -> InputError:
    near = next((found for name in how.variables if (found := nearest(name, names))), None)
    return InputError(
        "nothing that the forecast is of",
        file=table.file,
        expected=(
            f"a column of one of its variables ({', '.join(how.variables)}), or `column` "
            f"VARIABLE=NAME, one of {table.named()}"
        ),
        nearest=near,
    )
