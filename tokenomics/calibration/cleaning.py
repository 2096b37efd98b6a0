"""Daily closes for estimation: what is wrong with a file is refused by line, or handled as the user chose, and then listed.

Nothing is repaired by default. Rows are treated in this order: window, order of dates, duplicates, prices at or below zero, absurd rows, gaps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from ..errors import InputError, nearest
from ..recorded import PriceHistory, as_date, csv_date, csv_number, csv_rows

FEWEST = 100  # daily returns; assumption: the 5 % tail that the Hill index reads then has 5 returns
MOST_STILL = 0.25  # share of daily returns that may be the same number; assumption: beyond it the density has a spike, which no model here has
# An isolated row is absurd where the price leaves by more than ISOLATED robust standard deviations of the returns (1.4826 MAD) and by a factor of at
# least 2, and is back the next day: the two returns have opposite signs and cancel by more than half. Assumption: the largest one-day moves of Render
# and Helium are 8.8 and 9.8 such deviations, and are not reversed.
ISOLATED, LEAST_FACTOR = 10.0, 2.0
# A leading row is absurd where it and all before it are off by more than LISTING from the median of the FOLLOWING rows after it. Assumption: Render
# and Helium, which rose as fast as any, are within a factor of 3.1 in their first month.
LISTING, FOLLOWING = 10.0, 30
SHOWN = 3  # rows that a line of choices names; the rest is counted


@dataclass(frozen=True)
class Choices:
    """What to do with each defect; "refuse" names it and stops.

    gaps: "span" leaves the return over a gap out of the daily returns, "interpolate" fills in the log price. nonpositive, absurd: "drop" leaves the
    row out, which makes a gap; "keep" takes an absurd row as it is. duplicates: "first", "last" or "mean" of the prices. unsorted: "sort".
    """

    gaps: str = "refuse"
    nonpositive: str = "refuse"
    duplicates: str = "refuse"
    unsorted: str = "refuse"
    absurd: str = "refuse"


OPTIONS = {
    "gaps": ("refuse", "span", "interpolate"),
    "nonpositive": ("refuse", "drop"),
    "duplicates": ("refuse", "first", "last", "mean"),
    "unsorted": ("refuse", "sort"),
    "absurd": ("refuse", "drop", "keep"),
}


@dataclass(frozen=True)
class Closes(PriceHistory):
    """Closes by increasing date, and the daily returns among them.

    returns: log returns of one day (days,). ends: place in `dates` of the close that ends each. choices: what was done to rows, a line each.
    """

    returns: np.ndarray
    ends: np.ndarray
    choices: tuple[str, ...]


class Row(NamedTuple):
    """A row of the file."""

    line: int
    date: dt.date
    value: float


def choices_of(given: Mapping[str, str]) -> Choices:
    """Choices by name. Raises InputError for an unknown name."""
    for name in given:
        if name not in OPTIONS:
            raise InputError(f"'{name}'", key="choices", expected=", ".join(OPTIONS), nearest=nearest(name, OPTIONS))
    return Choices(**given)


def read_closes(
    path: str | Path, choices: Choices | Mapping[str, str] | None = None, start: str | dt.date | None = None, end: str | dt.date | None = None
) -> Closes:
    """Closes of a CSV `date,value` from `start` to `end` (all where not given), with daily log returns.

    Only the window used has to be clean. Raises InputError that names file, line and the option that would handle what is wrong; text, NaN and
    infinity in a value, a wrong header, fewer than FEWEST daily returns and prices that stand still are always refused.
    """
    chosen = choices if isinstance(choices, Choices) else choices_of(choices or {})
    start, end = as_date(start, "start"), as_date(end, "end")
    for name, allowed in OPTIONS.items():
        given = getattr(chosen, name)
        if given not in allowed:
            raise InputError(f"'{given}'", argument=name, expected=", ".join(allowed), nearest=nearest(given, allowed))
    _, cells = csv_rows(path, [("date", "value")])
    rows = [Row(line, csv_date(date, path, line), csv_number(value, path, line, "value", positive=None)) for line, (date, value) in cells]
    done: list[str] = []
    rows = _window(path, rows, start, end, done)
    for step in (_sorted, _single, _positive, _plausible):
        rows = step(path, rows, chosen, done)
    dates, values, returns, ends = _daily(path, rows, chosen, done)
    if len(returns) < FEWEST:
        raise InputError(f"{len(returns)} daily returns", file=path, expected=f"at least {FEWEST}, that is {FEWEST + 1} daily closes in a row")
    still = float(np.max(np.unique(returns, return_counts=True)[1])) / len(returns)
    if still > MOST_STILL:
        found = f"{100 * still:.0f} % of the daily returns are the same"
        raise InputError(found, file=path, key="value", expected="prices that move on most days: these are stale or fixed")
    return Closes(tuple(dates), values, str(path), returns, ends, tuple(done))


def _window(path, rows: list[Row], start: dt.date | None, end: dt.date | None, done: list[str]) -> list[Row]:
    first, last = min(r.date for r in rows), max(r.date for r in rows)
    for name, date in (("start", start), ("end", end)):
        if date is not None and not first <= date <= last:
            raise InputError(f"{date} is outside of the history", file=path, argument=name, expected=f"{first} to {last}")
    if start and end and start > end:
        raise InputError(f"{start} is after {end}", file=path, argument="start", expected="a first day before the last")
    if start or end:
        kept = [r for r in rows if (start or first) <= r.date <= (end or last)]
        done.append(f"window {start or first} to {end or last}: {len(rows) - len(kept)} of {len(rows)} rows outside of it left out")
        return kept
    return rows


def _sorted(path, rows: list[Row], chosen: Choices, done: list[str]) -> list[Row]:
    wrong = [now for before, now in zip(rows, rows[1:], strict=False) if now.date < before.date]
    if not wrong:
        return rows
    if chosen.unsorted == "refuse":
        above = rows[rows.index(wrong[0]) - 1].date
        raise InputError(
            f"{wrong[0].date} after {above}", file=path, line=wrong[0].line, key="date", expected="increasing dates (or `unsorted` sort)"
        )
    done.append(f"sorted by date: {_named(wrong, 'came after a later date')}")
    return sorted(rows, key=lambda r: r.date)  # stable, so that first and last of duplicates are the file's


def _single(path, rows: list[Row], chosen: Choices, done: list[str]) -> list[Row]:
    groups = [list(group) for _, group in groupby(rows, key=lambda r: r.date)]
    twice = [group for group in groups if len(group) > 1]
    if not twice:
        return rows
    if chosen.duplicates == "refuse":
        again = twice[0][1]
        expected = "each date once (or `duplicates` first, last or mean)"
        raise InputError(f"{again.date} again, after line {twice[0][0].line}", file=path, line=again.line, key="date", expected=expected)
    pick: Callable[[list[Row]], Row] = {
        "first": lambda group: group[0],
        "last": lambda group: group[-1],
        "mean": lambda group: group[0]._replace(value=float(np.mean([r.value for r in group]))),
    }[chosen.duplicates]
    done.append(f"duplicated dates, {chosen.duplicates} price taken: {_named([row for group in twice for row in group[1:]], 'repeated')}")
    return [pick(group) for group in groups]


def _positive(path, rows: list[Row], chosen: Choices, done: list[str]) -> list[Row]:
    wrong = [r for r in rows if r.value <= 0.0]
    if not wrong:
        return rows
    if chosen.nonpositive == "refuse":
        expected = "a price > 0 (or `nonpositive` drop)"
        raise InputError(f"{wrong[0].value:g}", file=path, line=wrong[0].line, key="value", expected=expected)
    done.append(f"price not above zero, dropped: {_named(wrong)}")
    return [r for r in rows if r.value > 0.0]


def _plausible(path, rows: list[Row], chosen: Choices, done: list[str]) -> list[Row]:
    if len(rows) < 3:
        return rows
    wrong = absurd_rows(rows)
    if not wrong:
        return rows
    if chosen.absurd == "refuse":
        row, why = wrong[0]
        raise InputError(f"{row.value:g}: {why}", file=path, line=row.line, key="value", expected="a plausible price (or `absurd` drop or keep)")
    done.append(f"absurd price, {'dropped' if chosen.absurd == 'drop' else 'kept'}: {_named([row for row, _ in wrong], wrong[0][1])}")
    out = {row for row, _ in wrong}
    return rows if chosen.absurd == "keep" else [r for r in rows if r not in out]


def absurd_rows(rows: Sequence[Row]) -> list[tuple[Row, str]]:
    """Rows that cannot be prices, with the reason: the first ones of a listing, and isolated ones. Rule: see the constants.

    Two wrong rows in a row, or a wrong last row, cannot be told from news and are not found. rows: three or more, prices above zero, by date.
    """
    log = np.log([r.value for r in rows])
    found: list[tuple[Row, str]] = []
    lead = 0
    while lead < min(FOLLOWING, len(rows) - FOLLOWING):
        later = float(np.median(log[lead + 1 : lead + 1 + FOLLOWING]))
        if abs(log[lead] - later) <= np.log(LISTING):
            break
        factor = np.exp(abs(log[lead] - later))
        found.append((rows[lead], f"off by a factor of {factor:.3g} from the median {np.exp(later):.4g} of the rows after it"))
        lead += 1
    steps = np.diff(log)
    far = max(ISOLATED * float(stats.median_abs_deviation(steps, scale="normal")), np.log(LEAST_FACTOR))
    for i in range(max(lead, 1), len(rows) - 1):
        there, back = steps[i - 1], steps[i]
        if min(abs(there), abs(back)) > far and there * back < 0.0 and abs(there + back) < 0.5 * min(abs(there), abs(back)):
            factors = f"a factor of {np.exp(abs(there)):.3g} from the row before and {np.exp(abs(back)):.3g} from the row after"
            found.append((rows[i], factors))
    return found


def _daily(path, rows: list[Row], chosen: Choices, done: list[str]) -> tuple[list[dt.date], np.ndarray, np.ndarray, np.ndarray]:
    """Dates, closes, daily log returns and where each ends."""
    dates, values = [r.date for r in rows], np.array([r.value for r in rows])
    place = np.array([d.toordinal() for d in dates])
    steps = np.diff(place)
    gaps = np.flatnonzero(steps > 1)
    if len(gaps) and chosen.gaps == "refuse":
        i = int(gaps[0])
        missing, more = int(steps[i]) - 1, f"; {len(gaps)} gaps in all" if len(gaps) > 1 else ""
        expected = "one close a day (or `gaps` span or interpolate, or a window without it by `start` and `end`)"
        found = f"{missing} day{'s are' if missing > 1 else ' is'} missing after {dates[i]}{more}"
        raise InputError(found, file=path, line=rows[i + 1].line, key="date", expected=expected)
    if len(gaps):
        days = int(np.sum(steps[gaps] - 1))
        text = f"{len(gaps)} gap(s), {days} missing day(s)"
        shown = ", ".join(f"after {dates[i]}" for i in gaps[:SHOWN]) + (" and others" if len(gaps) > SHOWN else "")
        if chosen.gaps == "interpolate":
            done.append(f"{text} ({shown}) filled by interpolating the log price: smoother there than the token was")
            every = np.arange(place[0], place[-1] + 1)
            dates, values = [dt.date.fromordinal(int(d)) for d in every], np.exp(np.interp(every, place, np.log(values)))
            steps = np.diff(every)
        else:
            done.append(f"{text} ({shown}) spanned: the return over each is left out of the daily returns")
    ends = np.flatnonzero(steps == 1) + 1
    return dates, values, np.diff(np.log(values))[ends - 1], ends


def _named(rows: Sequence[Row], why: str = "") -> str:
    """Rows by line and date, the first few of them."""
    shown = ", ".join(f"line {r.line} ({r.date}, {r.value:g})" for r in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{len(rows)} row{'s' if len(rows) > 1 else ''}: {shown}{more}" + (f"; {why}" if why else "")
