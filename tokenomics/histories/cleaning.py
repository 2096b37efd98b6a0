"""Rows of prices made daily closes: what is wrong with them is refused by line, or handled as the
user chose, and then said.

Nothing is repaired by default. Rows are treated in this order: order of times, rows before the
first price and after the last, several a day, dates given twice, cells without a price, prices at
or below zero, absurd ones, gaps. Each command offers the choices that work there
(`choices.OPTIONS`, or fewer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import counted
from .choices import Choices
from .plausible import UNIT, absurd_rows, lasting
from .rows import DAY, Rows, read_rows

SHOWN = 3  # rows that a line of choices names; the rest is counted
# Share of days with several rows up to which these are dates given twice. Beyond it the rows are
# finer than days, whose mean is no close: a mean over a day moves less than its close, by a factor
# of sqrt(2/3) where many rows are averaged, so that 1 % of days takes 0.2 % off the volatility.
MOST_TWICE = 0.01
EARLY = (
    DAY // 24
)  # ns before the usual end of a day from which a day is said to end early; assumption


def clean(
    rows: Rows, chosen: Choices, offered: Mapping[str, tuple[str, ...]], done: list[str]
) -> Rows:
    """One row a day, each with a plausible price. rows: `ordered`. done: gets a line for what was
    done to rows. Raises InputError by line.
    """
    for step in (_close, _single, _present, _positive, _plausible, _one_unit):
        rows = step(rows, chosen, offered, done)
    return rows


def frequency(days: np.ndarray) -> str:
    """How often rows come, in words. days: datetime64[D], increasing."""
    steps = np.diff(days).astype(int)
    if not len(steps):
        return "one row"
    usual = float(np.median(steps))
    weekday = (days.astype("datetime64[D]").astype(int) + 3) % 7  # Monday 0
    if usual == 1.0:
        weekends = np.count_nonzero(weekday >= 5)
        return "weekdays alone" if not weekends and len(days) >= 10 else "days"
    if np.mean((steps >= 28) & (steps <= 31)) > 0.9 and len(set(steps.tolist())) > 1:
        return "a month apart (monthly)"
    return f"{usual:g} days apart" + (" (weekly)" if usual == 7.0 else "")


def _or(offered: Mapping[str, tuple[str, ...]], name: str) -> str:
    """The other choices of an option, for the end of a message."""
    *others, last = offered[name]
    listed = f"{', '.join(others[1:])} or {last}" if others[1:] else last
    return f" (or `{name}` {listed})" if others else ""


def ordered(
    rows: Rows, chosen: Choices, offered: Mapping[str, tuple[str, ...]], done: list[str]
) -> Rows:
    """The rows by time. It comes before a window is taken: of dates out of order one may be wrong.
    Raises InputError by line.
    """
    wrong = np.flatnonzero(np.diff(rows.ns) < 0) + 1
    if not len(wrong):
        return rows
    if chosen.unsorted == "refuse":
        row = int(wrong[0])
        found = f"{rows.when(row)} after {rows.when(row - 1)}"
        raise rows.error(found, row, "date", f"increasing dates{_or(offered, 'unsorted')}")
    done.append(f"sorted by date: {_named(rows, wrong, 'came after a later date')}")
    return rows.take(
        np.argsort(rows.ns, kind="stable")
    )  # so that first and last of duplicates are the file's


def read_priced(
    path: str | Path,
    chosen: Choices,
    offered: Mapping[str, tuple[str, ...]],
    roles: Sequence[str] = ("price",),
) -> tuple[Rows, list[str]]:
    """The rows of a file by time, from the first with a price to the last, and what was done to
    them, a line each. So a window that is taken of them has the dates of the history. roles: what
    is wanted beside the date. Raises InputError by line.
    """
    rows = read_rows(path, chosen, roles)
    done = [f"read with {rows.taken}"]
    return _priced(ordered(rows, chosen, offered, done), done), done


def _priced(rows: Rows, done: list[str]) -> Rows:
    """The rows from the first with a price to the last: what stands before and after is of days on
    which there was no price yet or no more, and is no gap. rows: `ordered`.
    """
    here = np.flatnonzero(np.isfinite(rows.price))
    if not len(here) or len(here) == len(rows):
        return rows  # `clean` refuses rows without any price, by line
    first, last = int(here[0]), int(here[-1])
    for places, where, end in (
        (np.arange(first), "before the first", first),
        (np.arange(last + 1, len(rows)), "after the last", last),
    ):
        if len(places):
            done.append(
                f"{counted(len(places), 'row')} without a price {where} one, of {rows.when(end)}, "
                f"left out: {_shown(rows, places)}"
            )
    return rows.take(np.arange(first, last + 1))


def _close(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    """The last row of each day where that is chosen; else refuse rows that are finer than days."""
    if chosen.daily == "close" and rows.clock:
        rows = _instants(rows, chosen, offered, done)
    days = rows.ns // DAY
    first = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    count = np.diff(np.append(first, len(rows)))
    twice = np.count_nonzero(count > 1)
    if twice <= max(1, MOST_TWICE * len(count)):
        return rows  # dates given twice, at most
    if chosen.daily == "refuse":
        finer = rows.clock and bool(np.any(np.diff(rows.ns)[np.diff(days) == 0] > 0))
        if not finer and (
            chosen.duplicates in ("first", "last")
            or (chosen.duplicates == "refuse" and np.median(count) < 2)
        ):
            return rows
        row = int(first[np.argmax(count > 1)]) + 1
        every = f", {np.median(np.diff(rows.ns)) / 1e9:g} s apart" if finer else ""
        found = (
            f"{rows.when(row)} is of the day of the row before; {twice} of {len(count)} days have "
            f"several rows{every}"
        )
        other = ["`daily` close, the last of each UTC day"] * ("close" in offered["daily"])
        if chosen.duplicates == "mean":
            other.append(
                f"`duplicates` mean is for at most {MOST_TWICE:.0%} of the days: a day's mean "
                f"moves less than its close"
            )
        more = f" (or {'; '.join(other)})" if other else ""
        raise rows.error(found, row, "date", f"one close a day{more}")
    last = first + count - 1
    said = f"{twice} of {len(count)} days have several rows: the last of each UTC day taken"
    if not rows.clock:
        done.append(f"{said}, in the order of the file, for rows tell no time")
        return rows.take(last)
    ends = rows.ns[last] % DAY
    usual, apart = int(np.median(ends[:-1])), int(np.median(np.diff(rows.ns)))
    if ends[-1] <= usual - apart:  # by less no row is missing: trades end a day at any second
        day, time = rows.when(int(last[-1])).split()
        said += f"; {day} ends at {time}, before the others, and is left out as unfinished"
        last = last[:-1]
    if early := int(np.count_nonzero(rows.ns[last] % DAY < usual - EARLY)):
        said += f"; {early} days end more than an hour before the others"
    done.append(said)
    return rows.take(last)


def _instants(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    """One row at each instant. Two prices at a day's last one are of two tokens, or one is wrong:
    the close would be either.

    Within a day they decide nothing: an hour that a clock shows twice in autumn is let be.
    """
    same = np.diff(rows.ns) == 0
    if not same.any():
        return rows
    alike = (np.diff(rows.price) == 0.0) | (np.isnan(rows.price[1:]) & np.isnan(rows.price[:-1]))
    days = rows.ns // DAY
    closing = rows.ns == rows.ns[np.searchsorted(days, days, side="right") - 1]
    apart = same & closing[1:] & ~alike
    if apart.any() and chosen.duplicates == "refuse":
        row = int(np.argmax(apart)) + 1
        found = (
            f"{rows.when(row)} again, at {rows.price[row]:g} after {rows.price[row - 1]:g} in "
            f"{rows.table.unit} {rows.table.lines[row - 1]}"
        )
        raise rows.error(found, row, "date", f"one price at a time{_or(offered, 'duplicates')}")
    return _once(rows, rows.ns, "times", chosen.duplicates if apart.any() else "last", done)


def _single(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    days = rows.ns // DAY
    again = np.flatnonzero(np.diff(days) == 0) + 1
    if not len(again):
        return rows
    if chosen.duplicates == "refuse":
        row = int(again[0])
        found = f"{rows.when(row)} again, after {rows.table.unit} {rows.table.lines[row - 1]}"
        raise rows.error(found, row, "date", f"each date once{_or(offered, 'duplicates')}")
    return _once(rows, days, "dates", chosen.duplicates, done)


def _once(rows: Rows, days: np.ndarray, what: str, which: str, done: list[str]) -> Rows:
    """One row a day or an instant. days: of each row. which: the first or the last, or the mean of
    the prices.
    """
    again = np.flatnonzero(np.diff(days) == 0) + 1
    done.append(f"duplicated {what}, {which} price taken: {_named(rows, again, 'repeated')}")
    first = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    last = np.append(first[1:], len(rows)) - 1
    if which != "mean":
        return rows.take(first if which == "first" else last)
    mean = {
        name: np.add.reduceat(values, first) / (last - first + 1)
        for name, values in rows.columns.items()
    }
    single = rows.take(first)
    single.columns.update(mean)
    return single


def _present(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    """Rows with a price. Where one is missing between others the day is a gap."""
    here = np.isfinite(rows.price)
    for name, values in rows.columns.items():
        if name != "price" and not np.all(np.isfinite(values) & (values >= 0.0)):
            row = int(np.argmin(np.isfinite(values) & (values >= 0.0)))
            found = rows.absent(row, name) if np.isnan(values[row]) else f"{values[row]:g}"
            raise rows.error(found, row, name, "a number >= 0")
    if here.all():
        return rows
    if not here.any():
        raise rows.error(rows.absent(0), 0, "price", "a number: no row has one")
    missing = np.flatnonzero(~here)
    first, last = np.flatnonzero(here)[[0, -1]]
    # at the ends of a window a day is missing, which is told as the gap that it is
    inside = missing[(missing > first) & (missing < last)]
    if len(inside) and chosen.gaps == "refuse":
        row = int(inside[0])
        more = f"; {len(inside)} rows without a price in all" if len(inside) > 1 else ""
        raise rows.error(
            f"{rows.absent(row)} on {rows.when(row)}{more}",
            row,
            "price",
            f"a number{_or(offered, 'gaps')}",
        )
    done.append(f"{counted(len(missing), 'row')} without a price: {_shown(rows, missing)}")
    return rows.take(here)


def _positive(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    wrong = np.flatnonzero(rows.price <= 0.0)
    if not len(wrong):
        return rows
    if chosen.nonpositive == "refuse":
        row = int(wrong[0])
        raise rows.error(
            f"{rows.price[row]:g}", row, "price", f"a price > 0{_or(offered, 'nonpositive')}"
        )
    done.append(f"price not above zero, dropped: {_named(rows, wrong)}")
    if len(wrong) == len(rows):
        raise rows.error(f"{rows.price[0]:g}", 0, "price", "a price > 0: no row has one")
    return rows.take(rows.price > 0.0)


def _plausible(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    if len(rows) < 3:
        return rows
    wrong = absurd_rows(rows.price)
    if not wrong:
        return rows
    places = np.array([i for i, _ in wrong])
    if chosen.absurd == "refuse":
        row, why = wrong[0]
        raise rows.error(
            f"{rows.price[row]:g}: {why}",
            row,
            "price",
            f"a plausible price{_or(offered, 'absurd')}",
        )
    done.append(
        f"absurd price, {'dropped' if chosen.absurd == 'drop' else 'kept'}: "
        f"{_named(rows, places, wrong[0][1])}"
    )
    return rows if chosen.absurd == "keep" else rows.take(np.delete(np.arange(len(rows)), places))


def _one_unit(rows: Rows, chosen: Choices, offered, done: list[str]) -> Rows:
    """Refuse prices that go on in another unit from a row on; nothing that is left out would mend
    them.
    """
    found = lasting(rows.price, rows.days) if len(rows) >= 3 else []
    beyond = [(row, factor) for row, factor in found if factor > UNIT]
    if beyond and chosen.absurd != "keep":
        row, factor = beyond[0]
        change = (
            f"from {rows.price[row - 1]:g} to {rows.price[row]:g} on {rows.when(row)}, a factor of "
            f"{factor:.4g}, and not back the next day"
        )
        kept = " (or `absurd` keep)" if "keep" in offered["absurd"] else ""
        raise rows.error(
            f"{change}: a split, a redenomination, another token, or a collapse?",
            row,
            "price",
            f"prices of one unit throughout{kept}",
        )
    if found:
        places = np.array([row for row, _ in found])
        done.append(
            f"a move that stays, taken as news: "
            f"{_named(rows, places, f'a factor of {found[0][1]:.4g} in one step')}"
        )
    return rows


def _shown(rows: Rows, places: np.ndarray, *, with_price: bool = False) -> str:
    """Rows by line and date, the first few of them."""

    def one(row: int) -> str:
        price = f", {rows.price[row]:g}" if with_price else ""
        return f"{rows.table.unit} {rows.table.lines[row]} ({rows.when(row)}{price})"

    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(one(int(i)) for i in places[:SHOWN]) + more


def _named(rows: Rows, places: np.ndarray, why: str = "") -> str:
    """How many rows there are, and which with what price."""
    count = f"{len(places)} row{'s' if len(places) > 1 else ''}"
    return f"{count}: {_shown(rows, places, with_price=True)}" + (f"; {why}" if why else "")
