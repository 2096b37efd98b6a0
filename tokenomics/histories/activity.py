"""A token's days as anybody can see them: price, traded volume, fees and burned tokens, without a
gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .choices import FLOWS, Choices, choices_of
from .cleaning import read_priced
from .prices import gapless

ROLES = ("price", "volume", "fees", "burned")


@dataclass(frozen=True, eq=False)
class Activity:
    """A token's days without a gap. values: price [USD/TOK], volume [TOK/day], fees [USD/day],
    burned [TOK/day], (days,) each.

    notes: what was taken for what, and what was done to rows.
    """

    dates: tuple[dt.date, ...]
    values: dict[str, np.ndarray]
    file: str
    notes: tuple[str, ...] = ()


def read_activity(
    path: str | Path,
    before: int,
    days: int,
    start: dt.date | None = None,
    end: dt.date | None = None,
    choices: Choices | Mapping[str, object] | None = None,
) -> Activity:
    """A table of days with a price and columns volume, fees, burned: a window and the `before` days
    ahead of it.

    start, end: first and last day of the window; where one is not given the window has `days` days,
    where none is it ends with the file. choices: as for prices, "close" excepted: flows of a day
    are no last row. Only the days used have to be clean. Raises InputError that names file and
    line.
    """
    chosen = choices_of(choices, FLOWS)
    rows, done = read_priced(path, chosen, FLOWS, ROLES)
    every, span = rows.days, dt.timedelta(days=days - 1)
    from_, to = every.min().item(), every.max().item()
    last = end or (min(start + span, to) if start else to)
    first = start or last - span
    for name, date in (("start", start), ("end", end)):
        if date is not None and not from_ <= date <= to:
            raise InputError(
                f"{date} is outside of the file",
                file=path,
                argument=name,
                expected=f"{from_} to {to}",
            )
    if first > last:
        raise InputError(
            f"{first} is after {last}",
            file=path,
            argument="start",
            expected="a first day before the last",
        )
    begin = first - dt.timedelta(days=before)
    if begin < from_:
        expected = f"{begin} or earlier: {before} days before the window from {first} to {last}"
        raise InputError(
            f"the first day is {from_}",
            file=path,
            line=int(rows.table.lines[0]),
            key=rows.names["date"],
            expected=expected,
        )
    rows = rows.take((every >= np.datetime64(begin)) & (every <= np.datetime64(last)))
    rows = gapless(
        rows,
        chosen,
        begin,
        last,
        "one row a day (choose days without the gap by `start` and `end`)",
        done,
        FLOWS,
    )
    return Activity(tuple(rows.days.tolist()), dict(rows.columns), str(path), tuple(done))
