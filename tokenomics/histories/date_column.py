"""Which column has the date of each row, told by names and by cells: a column of dates is one whose
cells are dates.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError, printable
from .table import LOOKED, Table, bearing
from .time_names import BEGINS, SPANS, TIMES
from .times import is_time, parse_times


def _dated(table: Table, column: int) -> bool:
    """Whether the first cell with content is a time."""
    return any(
        is_time(cell)
        for cell in [c for c in table.columns[column].slice(0, LOOKED).to_pylist() if c][:1]
    )


def date_column(table: Table, date_format: str | None) -> int:
    """The column of dates. date_format: where one is chosen, cells need not look like dates."""
    begins, dates, spans = (bearing(table, names) for names in (BEGINS, TIMES, SPANS))
    for found in (begins, dates, spans):
        good = [i for i in found if date_format is not None or _dated(table, i)]
        if good:
            if found is not begins and date_format is None:
                _agree(table, good)
            return good[0]
    if begins or dates or spans:
        return [*begins, *dates, *spans][0]  # its cells will be refused by line
    good = [i for i in range(len(table.header)) if _dated(table, i)]
    if len(good) == 1 or (good and not table.heads):
        return good[0]
    if good:
        names = ", ".join(f"'{table.name(i)}'" for i in good)
        raise InputError(
            f"{len(good)} columns of dates: {names}", file=table.file, expected="`column` date=NAME"
        )
    unnamed = [i for i in range(len(table.header)) if not table.header[i]]
    if not table.heads and unnamed:
        return 0
    first = (
        f", line {table.lines[0]} has '{printable(table.cell(0, 0))[:40]}'" if len(table) else ""
    )
    expected = "a column 'date', or `column` date=NAME"
    raise InputError(
        f"no column of dates among {table.named()}{first}", file=table.file, expected=expected
    )


def _agree(table: Table, good: list[int]) -> None:
    """Refuse two columns of dates of which one says another day than the other."""
    some = np.unique(np.linspace(0, len(table) - 1, LOOKED).astype(int))
    rows, read = table.take(some), {}
    for i in good:
        try:
            read[i] = parse_times(
                rows.columns[i], file=table.file, key=table.name(i), lines=rows.lines
            )
        except InputError:
            continue
    for i, times in read.items():
        first = read[next(iter(read))]
        if times.unit == "M" or first.unit == "M":
            continue
        other = np.flatnonzero(times.days != first.days)
        if len(other):
            row, one = int(other[0]), next(iter(read))
            cells = (
                f"'{printable(rows.cell(one, row))[:40]}' and '{printable(rows.cell(i, row))[:40]}'"
            )
            found = f"columns '{table.name(one)}' and '{table.name(i)}' are of two days: {cells}"
            raise rows.error(found, row=row, expected="`column` date=NAME, the one that is meant")
