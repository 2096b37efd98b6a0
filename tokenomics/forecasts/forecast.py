"""A forecast's table: quantiles, one row each, or central intervals, of variables on days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError, counted
from ..histories.table import Table
from .tables import date_of, dated, filled, needed, numbers, one, read, since_1970, texts

GROUP = ("scenario", "values", "variable")  # what one forecast is of
# of a level: 1 − 0.9 and 0.1 are the same one
ROUNDED = 9  # decimals


@dataclass(frozen=True, eq=False)
class Target:
    """What a table forecasts of one variable, in one scenario and under one set of values, both
    empty where it names none.

    days: (days,) since day 0. levels: of the quantiles, ascending. quantiles: (days, levels).
    points: mean or, without one, median (days,); None where there is neither.
    """

    scenario: str
    values: str
    variable: str
    unit: str
    days: np.ndarray
    levels: np.ndarray
    quantiles: np.ndarray
    points: np.ndarray | None

    @property
    def name(self) -> dict[str, str]:
        """Its scenario, values and variable."""
        return {name: getattr(self, name) for name in GROUP}

    @property
    def intervals(self) -> Iterator[tuple[float, int, int]]:
        """Level of each central interval, and the places of its ends, the widest first."""
        places = {float(level): i for i, level in enumerate(self.levels)}
        for low, i in places.items():
            j = places.get(round(1.0 - low, ROUNDED))
            if low < 0.5 and j is not None:
                yield round(1.0 - 2.0 * low, ROUNDED), i, j

    @property
    def whole(self) -> bool:
        """Whether it has the median and nothing but intervals around it."""
        return 0.5 in self.levels and len(self.levels) == 1 + 2 * len(list(self.intervals))


@dataclass(frozen=True)
class Forecast:
    """A forecast's table. day_zero: date of its day 0, None where it has none. notes: what was
    taken for what, and what was left out.
    """

    file: str
    targets: tuple[Target, ...]
    day_zero: dt.date | None
    notes: tuple[str, ...] = ()

    @property
    def variables(self) -> list[str]:
        """Names of its variables, each once."""
        return list(dict.fromkeys(target.variable for target in self.targets))


def read_forecast(path: str | Path, day_zero: dt.date | None = None) -> Forecast:
    """A forecast from a file: columns variable, day or date, and quantile with value, or low, high
    and level; optional median, mean, scenario, values, unit and runs.

    day_zero: date of day 0, where a table has dates alone or days alone. Raises InputError that
    names file, line and key.
    """
    table = read(path)
    if not len(table):
        raise InputError("no row", file=path, expected="a forecast: a row a variable and day")
    variable = needed(table, "variable", "the name of what is forecast in each row")
    days, first, notes = _days(table, day_zero)
    notes += _runs(table)
    frame = pd.DataFrame(
        {
            "scenario": texts(table, one(table, "scenario")),
            "values": texts(table, one(table, "values")),
            "variable": table.cells(variable),
            "unit": texts(table, one(table, "unit")),
            "day": days,
            "mean": _optional(table, "mean"),
            "row": np.arange(len(table)),
        }
    )
    empty = frame.index[frame["variable"] == ""]
    if len(empty):
        raise table.error("empty", row=int(empty[0]), key="variable", expected="a name")
    found = _quantiles(table, frame)
    lost = found["value"].isna()
    if lost.any():
        notes.append(f"{counted(int(lost.sum()), 'quantile')} without a value left out")
        found = found[~lost]
    groups = found.groupby(list(GROUP), sort=False)
    targets = tuple(_target(table, name, rows) for name, rows in groups)
    if not targets:
        raise InputError("no value", file=path, expected="a forecast with values")
    return Forecast(str(path), targets, first, tuple(notes))


def _optional(table: Table, name: str) -> np.ndarray:
    column = one(table, name)
    return np.full(len(table), np.nan) if column is None else numbers(table, column)


def _runs(table: Table) -> list[str]:
    """Of how many runs the quantiles are, where a table says so."""
    found = _optional(table, "runs")
    wrong = np.flatnonzero((found < 0.0) | (found != np.rint(found)) & np.isfinite(found))
    if len(wrong):
        row = int(wrong[0])
        expected = "the number of runs that the quantiles are of"
        raise table.error(f"{found[row]:g}", row=row, key="runs", expected=expected)
    found = found[np.isfinite(found)]
    if not len(found):
        return []
    least, most = int(found.min()), int(found.max())
    return [f"quantiles of {f'{least:,} to ' * (least < most)}{counted(most, 'run')}"]


def _days(table: Table, day_zero: dt.date | None) -> tuple[np.ndarray, dt.date | None, list[str]]:
    """Day of every row, the date of day 0, and what to say of it."""
    day, date = one(table, "day"), one(table, "date")
    if not filled(table, day) and not filled(table, date):
        raise InputError(
            "no day and no date" if day is date is None else "a row without a day or a date",
            file=table.file,
            key="day",
            expected="a column `day`, since day 0, or `date`; every row with one",
        )
    dates = dated(table, date, None) if filled(table, date) else None
    if not filled(table, day):
        zero = int(dates.min()) if day_zero is None else since_1970(day_zero)
        said = (
            [f"day 0 is taken to be {date_of(zero)}, the forecast's first date"]
            if day_zero is None
            else []
        )
        return (dates - zero).astype(float), date_of(zero), said
    days = numbers(table, day)
    wrong = np.flatnonzero(~(days >= 0.0))
    if len(wrong):
        raise table.error(
            f"{days[wrong[0]]:g}", row=int(wrong[0]), key="day", expected="days since day 0, from 0"
        )
    if dates is None:
        return days, day_zero, []
    zeros = dates - np.floor(days).astype(int)
    first = int(zeros[0]) if day_zero is None else since_1970(day_zero)
    apart = np.flatnonzero(zeros != first)
    if len(apart):
        row = int(apart[0])
        raise table.error(
            f"{date_of(dates[row])} as day {days[row]:g}",
            row=row,
            key="date",
            expected=f"{date_of(first + np.floor(days[row]))}, with day 0 on {date_of(first)}",
        )
    return days, date_of(first), []


def _quantiles(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """One row a quantile: `frame` with columns level and value."""
    long, apart = one(table, "quantile"), [one(table, name) for name in ("low", "high", "level")]
    if long is not None and any(place is not None for place in apart):
        raise InputError(
            "quantiles and intervals in one table",
            file=table.file,
            key="quantile",
            expected="`quantile` and `value`, or `low`, `high` and `level`",
        )
    if long is not None:
        value = needed(table, "value", "the value of each quantile")
        levels = _shares(table, long, "quantile", "such as 0.05 and 0.95")
        return frame.assign(level=levels, value=numbers(table, value))
    if all(place is None for place in apart):
        needed(table, "quantile", "`quantile` and `value`, or `low`, `high` and `level`")
    low, high, level = (
        needed(table, name, "the ends and the level of each interval")
        for name in ("low", "high", "level")
    )
    levels = _shares(table, level, "level", "such as 0.9 of an interval with 90 %")
    ends = [numbers(table, column) for column in (low, high)]
    wrong = np.flatnonzero(ends[0] > ends[1])
    if len(wrong):
        row = int(wrong[0])
        raise table.error(
            f"low {ends[0][row]:g} above high {ends[1][row]:g}",
            row=row,
            key="low",
            expected="a low end that is not above the high one",
        )
    middle = frame.assign(level=0.5, value=_optional(table, "median"))
    middle = middle[middle["value"].notna()].drop_duplicates([*GROUP, "day", "value"])
    return pd.concat(
        [
            frame.assign(level=0.5 - 0.5 * levels, value=ends[0]),
            frame.assign(level=0.5 + 0.5 * levels, value=ends[1]),
            middle,
        ]
    )


def _shares(table: Table, column: int, key: str, such: str) -> np.ndarray:
    found = numbers(table, column)
    wrong = np.flatnonzero(~((found > 0.0) & (found < 1.0)))
    if len(wrong):
        row = int(wrong[0])
        told = table.cell(column, row)[:40] or "empty"
        expected = f"a share above 0 and below 1, {such}"
        raise table.error(told, row=row, key=key, expected=expected)
    return found


def _target(table: Table, name: tuple[str, str, str], rows: pd.DataFrame) -> Target:
    """One forecast: the same levels on every day, each once, and in order."""
    rows = rows.assign(level=rows["level"].round(ROUNDED)).sort_values(
        ["day", "level"], kind="stable"
    )
    twice = rows.duplicated(["day", "level"])
    if twice.any():
        one_of = rows[twice].iloc[0]
        raise table.error(
            f"quantile {one_of['level']:g} of {one_of['variable']} on day {one_of['day']:g} twice",
            row=int(one_of["row"]),
            key="variable",
            expected="each once (`scenario` and `values` tell forecasts apart)",
        )
    units = rows["unit"].unique()
    if len(units) > 1:
        other = rows[rows["unit"] != units[0]].iloc[0]
        raise table.error(
            f"'{other['unit'][:40]}'",
            row=int(other["row"]),
            key="unit",
            expected=f"'{units[0][:40]}', as in the first row of {name[2]}",
        )
    wide = rows.pivot(index="day", columns="level", values="value")
    if wide.isna().any(axis=None):
        day, level = next((d, q) for d in wide.index for q in wide if np.isnan(wide.loc[d, q]))
        row = int(rows.loc[rows["day"] == day, "row"].iloc[0])
        raise table.error(
            f"no quantile {level:g} of {name[2]} on day {day:g}",
            row=row,
            key="quantile",
            expected="the same levels on every day",
        )
    values = wide.to_numpy()
    crossed = np.argwhere(np.diff(values, axis=1) < 0.0)
    if len(crossed):
        day, place = wide.index[crossed[0][0]], int(crossed[0][1])
        level = wide.columns[place + 1]
        at = rows[(rows["day"] == day) & (rows["level"] == level)].iloc[0]
        raise table.error(
            f"quantile {level:g} below quantile {wide.columns[place]:g} on day {day:g}",
            row=int(at["row"]),
            key="value",
            expected="quantiles that grow with their level",
        )
    levels = wide.columns.to_numpy(dtype=float)
    means = rows.groupby("day")["mean"].first().to_numpy()
    middle = values[:, levels == 0.5].ravel() if 0.5 in levels else None
    points = means if np.isfinite(means).all() else middle
    return Target(*name, units[0], wide.index.to_numpy(dtype=float), levels, values, points)
