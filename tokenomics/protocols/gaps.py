"""Rows that a history lacks: where its clock goes on by more than from one row to the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ..errors import counted
from .rule import RecordedForm, Row


class ClockGap(NamedTuple):
    """Rows that are missing. before, after: clocks of the rows beside them. line: of the row after.
    missing: their number.
    """

    before: int
    after: int
    line: int
    missing: int


def gaps_of(rows: Sequence[Row], form: RecordedForm) -> tuple[ClockGap, ...]:
    """The gaps of a history in the order of the clock; none where its rows are not evenly apart."""
    if form.spacing is None:
        return ()
    moment, spacing = form.moment or (lambda row: row.clock), form.spacing
    found = []
    for before, after in pairwise(rows):
        # the nearest number of rows, for a clock may be late
        missing = (2 * (moment(after) - moment(before)) + spacing) // (2 * spacing) - 1
        if missing > 0:
            found.append(ClockGap(before.clock, after.clock, after.line, missing))
    return tuple(found)


def gaps_told(gaps: Sequence[ClockGap]) -> list[str]:
    """The gaps in a line, with the reading that is made of them; no line without one."""
    if not gaps:
        return []
    first, missing = gaps[0], sum(gap.missing for gap in gaps)
    return [
        f"{counted(len(gaps), 'gap')} in the clock, {counted(missing, 'row')} missing; the first "
        f"before line {first.line}, from {first.before:,} to {first.after:,}: rows beside a gap "
        "are read as if none were missing"
    ]
