"""Daily closes of a file: as a history to replay, which needs every day, or as returns to estimate
from, which may leave days out.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .choices import EVERY_DAY, LONGEST_STEP, OPTIONS, Choices, choices_of
from .cleaning import SHOWN, clean, frequency, read_priced
from .rows import Rows
from .times import as_date

FEWEST = 100  # daily returns; assumption: the 5 % tail that the Hill index reads then has 5 returns
# closes; a century of days: no token is older, and work and memory of a bootstrap grow with the
# days
MOST = 36_600
# share of daily returns that may be the same number; assumption: beyond it the density has a spike,
# which no model here has
MOST_STILL = 0.25


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Daily closes [USD/TOK] without a gap. dates and values: (n,). notes: what was taken for what,
    and what was done to rows.
    """

    dates: tuple[dt.date, ...]
    values: np.ndarray
    file: str
    notes: tuple[str, ...] = ()

    def when(self, day: float) -> str:
        """A day by its number from the first, 0, as its date and file."""
        return f"{self.dates[min(math.floor(day), len(self.dates) - 1)]} in {self.file}"


@dataclass(frozen=True, eq=False)
class Closes:
    """Closes [USD/TOK] by increasing date, and the returns among them.

    returns: log returns of one step (n,). ends: place in `dates` of the close that ends each. step:
    days of one. choices: what was taken for what, and what was done to rows, a line each.
    """

    dates: tuple[dt.date, ...]
    values: np.ndarray
    file: str
    returns: np.ndarray
    ends: np.ndarray
    choices: tuple[str, ...]
    step: int = 1


def most_invented(days: int) -> float:
    """Share of days that may be filled in.

    Returns over a filled gap share its whole move evenly: their squares add up to what one day's
    does, as if the other days had not moved. The variance is low by the share of filled days, and
    the volatility by half of it. That may be half of the volatility's standard error, 1/sqrt(2
    days): a 95 % interval then still holds the truth in 92 % of samples.
    """
    return 1.0 / math.sqrt(2.0 * days)


def read_closes(
    path: str | Path,
    choices: Choices | Mapping[str, object] | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    offered: Mapping[str, tuple[str, ...]] = OPTIONS,
    least: int = FEWEST,
    why: str = "",
) -> Closes:
    """Closes from `start` to `end` (all where not given), with log returns of a day, or of
    `choices.step` days.

    choices: how to read the file and what to do with its defects. offered: the choices that the
    command offers. least: returns that are needed; why: the reason, as the end of a message. Only
    the window used has to be clean. Raises InputError that names file, line
    and the choice that would handle what is wrong; text and infinity in a price, fewer than `least`
    returns and prices that stand still are always refused.
    """
    chosen = choices_of(choices, offered)
    rows, done = read_priced(path, chosen, offered)
    rows = _window(rows, as_date(start, "start"), as_date(end, "end"), done)
    rows = clean(rows, chosen, offered, done)
    if len(rows) > MOST:
        raise InputError(
            f"{len(rows):,} closes", file=path, expected=f"at most {MOST:,}, a century"
        )
    place, values, ends = _steps(rows, chosen, offered, done)
    returns = np.diff(np.log(values))[ends - 1]
    what = "daily returns" if chosen.step == 1 else f"returns of {chosen.step} days"
    if len(returns) < least:
        found = frequency(rows.days)
        hint = f"; the rows are {found}" if found != "days" else ""
        expected = (
            f"at least {least}, that is {least + 1} closes in a "
            f"row{_by_step(rows, chosen, offered, ' (or {})')}{why}"
        )
        raise InputError(f"{len(returns)} {what}{hint}", file=path, expected=expected)
    _refuse_still(returns, what, rows)
    dates = tuple(place.astype("datetime64[D]").tolist())
    return Closes(dates, values, str(path), returns, ends, tuple(done), chosen.step)


def _refuse_still(returns: np.ndarray, what: str, rows: Rows) -> None:
    """Refuse returns of which more than MOST_STILL are the same number. what: they are."""
    still = float(np.max(np.unique(returns, return_counts=True)[1])) / len(returns)
    if still > MOST_STILL:
        raise InputError(
            f"{100 * still:.0f} % of the {what} are the same",
            file=rows.table.file,
            key=rows.names["price"],
            expected="prices that move in most rows: these are stale or fixed",
        )


def _by_step(rows: Rows, chosen: Choices, offered: Mapping, text: str) -> str:
    """The step that would take the rows as they are, for the end of a message; nothing where there
    is none, or none is offered.
    """
    steps = np.diff(rows.days).astype(int)
    usual = int(np.median(steps)) if len(steps) else 1
    fits = (
        chosen.step == 1
        and 1 < usual <= LONGEST_STEP
        and not np.any(steps % usual)
        and "span" in offered["gaps"]
    )
    return text.format(f"`step` {usual}") if fits else ""


def _window(rows: Rows, start: dt.date | None, end: dt.date | None, done: list[str]) -> Rows:
    days = rows.days
    first, last = days.min(), days.max()
    for name, date in (("start", start), ("end", end)):
        if date is not None and not first <= np.datetime64(date) <= last:
            raise InputError(
                f"{date} is outside of the history",
                file=rows.table.file,
                argument=name,
                expected=f"{first} to {last}",
            )
    if start and end and start > end:
        raise InputError(
            f"{start} is after {end}",
            file=rows.table.file,
            argument="start",
            expected="a first day before the last",
        )
    if not (start or end):
        return rows
    kept = (days >= np.datetime64(start or first)) & (days <= np.datetime64(end or last))
    if not kept.any():
        raise InputError(
            f"no row from {start or first} to {end or last}",
            file=rows.table.file,
            argument="start",
            expected="a window with rows",
        )
    done.append(
        f"window {start or first} to {end or last}: {np.count_nonzero(~kept)} of {len(rows)} rows "
        f"outside of it left out"
    )
    return rows.take(kept)


def _steps(
    rows: Rows, chosen: Choices, offered: Mapping, done: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days since 1970, closes, and the places where a return of one step ends."""
    place, values, step = rows.days.astype(int), rows.price, chosen.step
    steps, often = np.diff(place), frequency(rows.days)
    odd = np.flatnonzero(steps % step)
    if len(odd):
        row = int(odd[0]) + 1
        found = (
            f"{steps[odd[0]]} day{'s' if steps[odd[0]] > 1 else ''} after {rows.when(row - 1)}; "
            f"the rows are {often}"
        )
        raise rows.error(
            found, row, "date", f"rows {step} days apart, or a multiple of it, as `step` says"
        )
    gaps = np.flatnonzero(steps > step)
    if not len(gaps):
        return place, values, np.arange(1, len(values))
    total = int(place[-1] - place[0]) // step + 1
    missing = total - len(place)
    unit = "day" if step == 1 else f"step of {step} days"
    if chosen.gaps == "refuse":
        i = int(gaps[0])
        lost = steps[i] // step - 1
        more = f"; {len(gaps)} gaps in all" if len(gaps) > 1 else ""
        more += f"; the rows are {often}" if often != "days" else ""
        by_step = _by_step(rows, chosen, offered, "{} or ")
        works = {
            "span": "span" in offered["gaps"] and np.any(steps == step),
            "interpolate": step == 1 and missing <= most_invented(total) * total,
        }
        fill = " or ".join(
            name for name, works_here in works.items() if works_here and name in offered["gaps"]
        )
        others = f"{by_step}`gaps` {fill}, or " if fill else by_step
        expected = f"one close a {unit} (or {others}a window without it by `start` and `end`)"
        plural = f"{lost} {unit}s are" if lost > 1 and step == 1 else f"{lost} {unit} is"
        raise rows.error(f"{plural} missing after {rows.when(i)}{more}", i + 1, "date", expected)
    shown = ", ".join(f"after {rows.when(int(i))}" for i in gaps[:SHOWN]) + (
        " and others" if len(gaps) > SHOWN else ""
    )
    text = f"{len(gaps)} gap(s), {missing} missing {unit}(s) ({shown})"
    if chosen.gaps == "span":
        done.append(
            f"{text} spanned: the return over each is left out of the "
            f"{'daily ' if step == 1 else ''}returns"
        )
        return place, values, np.flatnonzero(steps == step) + 1
    share, most = missing / total, most_invented(total)
    if share > most or step > 1:
        lower = 1.0 - math.sqrt(1.0 - share)
        found = (
            f"{missing} of {total} days would be filled in ({share:.1%}), which takes {lower:.1%} "
            f"off the volatility; the rows are {often}"
        )
        limit = (
            f"at most {most:.1%} of {total} days: half of the volatility's standard error"
            if step == 1
            else "daily rows"
        )
        other = (
            (
                f"{_by_step(rows, chosen, offered, '{} or ')}`gaps` span, which leaves their "
                f"returns out, or "
            )
            if "span" in offered["gaps"]
            else ""
        )
        raise rows.error(
            found,
            int(gaps[0]) + 1,
            "date",
            f"{limit} (or {other}a window without the gaps by `start` and `end`)",
        )
    done.append(
        f"{text} filled by interpolating the log price: the volatility is about {share / 2:.1%} low"
    )
    every = np.arange(place[0], place[-1] + 1)
    return every, np.exp(np.interp(every, place, np.log(values))), np.arange(1, len(every))


def read_prices(
    path: str | Path,
    start: dt.date | None = None,
    days: float | None = None,
    end: dt.date | None = None,
    window: str = "`start` and `days`",
    choices: Choices | Mapping[str, object] | None = None,
    moving: bool = False,
    begins: str = "start",
) -> PriceHistory:
    """Daily closes without a gap, from `start` over `days` or up to `end` (to the end of the file
    where neither is given).

    window: the arguments that choose it, for messages. choices: how to read the file, and what to
    do with those defects that leave no day out. moving: refuse prices that stand still, as
    `read_closes` does: for what scores or estimates the distribution of returns. begins: the
    argument that gives `start`, for messages. Only the window used has to be clean. Raises
    InputError that names file and line.
    """
    chosen = choices_of(choices, EVERY_DAY)
    rows, done = read_priced(path, chosen, EVERY_DAY)
    every = rows.days
    from_, to = every.min().item(), every.max().item()
    first = start or from_
    if not from_ <= first <= to:
        raise InputError(
            f"{first} is outside of the history",
            file=path,
            argument=begins,
            expected=f"{from_} to {to}",
        )
    if end is not None and not first < end <= to:
        raise InputError(
            f"{end} is outside of the history",
            file=path,
            argument="end",
            expected=f"a date after {first}, at most {to}",
        )
    if days is not None and first + dt.timedelta(days=math.ceil(min(days, MOST))) > to:
        expected = f"at most {(to - first).days}: the history ends on {to}"
        raise InputError(
            f"{days:g} days from {first}", file=path, argument="days", expected=expected
        )
    last = end or (to if days is None else first + dt.timedelta(days=math.ceil(days)))
    rows = rows.take((every >= np.datetime64(first)) & (every <= np.datetime64(last)))
    expected = f"one close a day (choose a window without the gap by {window})"
    rows = gapless(rows, chosen, first, last if end or days is not None else None, expected, done)
    if len(rows) < 2:
        raise InputError("a history of one day", file=path, expected="at least two days")
    if len(rows) > MOST:
        raise InputError(
            f"{len(rows):,} closes", file=path, expected=f"at most {MOST:,}, a century"
        )
    if moving:
        _refuse_still(np.diff(np.log(rows.price)), "daily returns", rows)
    return PriceHistory(tuple(rows.days.tolist()), rows.price, str(path), tuple(done))


def gapless(
    rows: Rows,
    chosen: Choices,
    first: dt.date,
    last: dt.date | None,
    expected: str,
    done: list[str],
    offered: Mapping[str, tuple[str, ...]] = EVERY_DAY,
) -> Rows:
    """The rows cleaned, one on every day from `first` to `last`, or to the last row where that is
    None. offered: the choices that the command offers. Raises InputError at the first gap.
    """
    if not len(rows):
        raise InputError(f"no row from {first} on", file=rows.table.file, expected=expected)
    lines = rows.table.lines
    rows = clean(rows, chosen, offered, done)
    place = np.append(np.datetime64(first) - 1, rows.days).astype("datetime64[D]")
    gaps = np.flatnonzero(np.diff(place).astype(int) != 1)
    if len(gaps):
        row, often = int(gaps[0]), frequency(rows.days)
        more = f"; the rows are {often}" if often != "days" else ""
        raise rows.error(f"a gap: {place[row] + 1} is missing{more}", row, "date", expected)
    if last is not None and place[-1] != np.datetime64(last):
        raise InputError(
            f"a gap: {place[-1] + 1} is missing",
            file=rows.table.file,
            line=int(lines[-1]),
            key=rows.names["date"],
            expected=expected,
        )
    return rows


def price_path(history: PriceHistory, time_step: float) -> np.ndarray:
    """Prices at every step [USD/TOK]; between closes the log price is interpolated."""
    days = np.arange(len(history.values))
    times = np.arange(round((len(history.values) - 1) / time_step) + 1) * time_step
    path = np.exp(np.interp(times, days, np.log(history.values)))
    closes = np.isclose(times, np.round(times))
    path[closes] = history.values[np.round(times[closes]).astype(int)]
    return path
