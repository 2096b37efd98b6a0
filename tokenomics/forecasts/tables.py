"""Tables of forecasts and histories: any layout that prices are read from, and Parquet; with days
counted from a forecast's day 0.
"""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import InputError, nearest
from ..histories.numbers import parse_numbers
from ..histories.reader import read_table
from ..histories.table import EXPECTED, MOST_BYTES, MOST_COLUMNS, MOST_ROWS, Table
from ..histories.times import parse_times
from ..inputs.files import read_bytes
from ..results.checked_parquet import BROKEN, LONGEST_TOLD

PARQUET = b"PAR1"
NS_A_DAY = 86_400 * 1_000_000_000


def is_parquet(path: str | Path) -> bool:
    """Whether a file begins as Parquet does; not, where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(len(PARQUET)) == PARQUET
    except OSError:
        return False


def read(path: str | Path, sheet: str | None = None) -> Table:
    """The table in a file. sheet: of a workbook, or the list of a JSON file. Raises InputError that
    names file and line.
    """
    return _parquet(path) if is_parquet(path) else read_table(path, sheet=sheet)


def _parquet(path: str | Path) -> Table:
    """A Parquet file as a table of text. Raises InputError for what is none, or too large."""
    content = read_bytes(path, most=MOST_BYTES, expected=EXPECTED)
    try:
        source = pq.ParquetFile(BytesIO(content))
        meta = source.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if meta.num_rows > MOST_ROWS or meta.num_columns > MOST_COLUMNS or size > MOST_BYTES:
            raise InputError(
                f"{meta.num_rows:,} rows of {meta.num_columns:,} columns, {size:,} bytes unpacked",
                file=path,
                expected=(
                    f"at most {MOST_ROWS:,} rows of {MOST_COLUMNS:,} columns, {MOST_BYTES:,} bytes"
                ),
            )
        found = source.read()
        columns = tuple(
            pc.utf8_trim_whitespace(pc.fill_null(pc.cast(column.combine_chunks(), pa.string()), ""))
            for column in found.columns
        )
    except BROKEN as error:
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f"cannot be read as a table ({what:.{LONGEST_TOLD}})", file=path, expected=EXPECTED
        ) from None
    header = tuple(found.column_names)
    lines = np.arange(1, len(found) + 1)
    return Table(str(path), header, columns, lines, heads=(header,), unit="record")


def one(table: Table, *names: str) -> int | None:
    """The one column of some names; None where there is none. Raises InputError for several."""
    found = table.find(*names)
    if len(found) > 1:
        raise InputError(
            f"{len(found)} columns: {', '.join(table.name(i) for i in found)}",
            file=table.file,
            key=names[0],
            expected="one",
        )
    return found[0] if found else None


def needed(table: Table, name: str, why: str) -> int:
    """As `one`. why: what it is needed for, in the message where there is none."""
    found = one(table, name)
    if found is None:
        raise InputError(
            f"no column '{name}'",
            file=table.file,
            key=name,
            expected=f"{why}; the columns are {table.named()}",
            nearest=nearest(name, [header for header in table.header if header]),
        )
    return found


def numbers(table: Table, column: int, decimal: str | None = None) -> np.ndarray:
    """A column's numbers, NaN where a cell is empty."""
    return parse_numbers(table, column, decimal).values


def texts(table: Table, column: int | None) -> list[str]:
    """A column's text; empty where there is no column."""
    return [""] * len(table) if column is None else table.cells(column)


def filled(table: Table, column: int | None) -> bool:
    """Whether a column is there, and every cell of it says something."""
    return column is not None and all(table.cells(column))


def dated(table: Table, column: int, date_format: str | None) -> np.ndarray:
    """The UTC day of every row, as days since 1970."""
    times = parse_times(
        table.columns[column],
        file=table.file,
        key=table.name(column),
        lines=table.lines,
        date_format=date_format,
    )
    return np.floor_divide(times.ns, NS_A_DAY)


def since_1970(date: dt.date) -> int:
    """Days from 1970-01-01 to a date."""
    return (date - dt.date(1970, 1, 1)).days


def date_of(days: float) -> dt.date:
    """The date of a number of days since 1970."""
    return dt.date(1970, 1, 1) + dt.timedelta(int(days))
