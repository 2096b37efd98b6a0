"""A column of a table as measured quantities: every cell is needed, finite, and within its
bound.
"""

from __future__ import annotations

import numpy as np

from .numbers import absent, parse_numbers
from .table import Table

# A supply of 10^12 tokens in units of 10^-18, the finest in use: nothing that is counted or priced
# here lies beyond, and its square is finite.
MOST = 1e30


def read_measures(
    table: Table,
    column: int,
    *,
    positive: bool = False,
    decimal: str | None = None,
    most: float = MOST,
) -> np.ndarray:
    """The values of a column, (rows,): at least 0, or above it, and within what quantities can be.

    Raises InputError that names the line of what is missing, no number or out of bounds.
    """
    expected = "a number > 0" if positive else "a number >= 0"
    values = parse_numbers(table, column, decimal).values
    wrong = ~(values > 0.0 if positive else values >= 0.0)
    if (
        not wrong.any()
        and (wrong := (values > most) | ((values > 0.0) & (values < 1.0 / MOST))).any()
    ):
        expected += f", of {1.0 / MOST:g} to {most:g}"
    if wrong.any():
        row = int(np.argmax(wrong))
        found = f"{values[row]:g}" if np.isfinite(values[row]) else absent(table.cell(column, row))
        raise table.error(found, row=row, key=table.name(column), expected=expected)
    return values
