"""A table of text, which every format is read into, with the line of each row and the names of its
columns as people change them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError, nearest, printable

MOST_BYTES = (
    256 * 2**20
    # of a file; 10^6 rows of a dozen columns are about half of it. It is held in memory beside the
    # table
)
MOST_ROWS = 5_000_000  # a minute's rows of nine years; a table of them takes some GB at most
MOST_COLUMNS = 500  # assumption: no export of prices, requests or burns is wider
# rows that are kept as Python text at a time: a cell takes five times as much there as in an Arrow
# array
BLOCK = 2_000
LOOKED = 500  # rows that are looked at to tell one column from another
EXPECTED = "a table: CSV or other delimited text, JSON, or a workbook (.xlsx)"


@dataclass(frozen=True, eq=False)
class Table:
    """Cells as text, by column, without spaces around them.

    header: the name of each column as the file has it, "" where it has none; names of several
    header lines are joined by " / ".
    heads: the header lines, () where the file has none. columns: one string array a column,
    (rows,). lines: the line in which each row begins, the row of a workbook, or the record of a
    JSON list, counted from 1; (rows,). unit: what `lines` counts. delimiter: of text, else "".
    notes: what was recognised, for the user. title: of the list in JSON, else "".
    """

    file: str
    header: tuple[str, ...]
    columns: tuple[pa.Array, ...]
    lines: np.ndarray
    notes: tuple[str, ...] = ()
    heads: tuple[tuple[str, ...], ...] = ()
    unit: str = "line"
    delimiter: str = ""
    title: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    def cells(self, column: int) -> list[str]:
        """A column as Python text."""
        return self.columns[column].to_pylist()

    def cell(self, column: int, row: int) -> str:
        """One cell."""
        return self.columns[column][row].as_py()

    def name(self, column: int) -> str:
        """What to call a column in a message."""
        return printable(self.header[column])[:60] or f"column {column + 1}"

    def find(self, *names: str) -> list[int]:
        """Columns that bear one of the names, whatever their capitals, spaces and underscores, in
        the order of the names.
        """
        plain = [simple(name) for name in self.header]
        return [i for name in names for i in range(len(plain)) if plain[i] == simple(name)]

    def column(self, name: str) -> int:
        """The one column of a name, or of a number counted from 1. Raises InputError."""
        found = [i for i, header in enumerate(self.header) if header == name] or self.find(name)
        if not found and name.isascii() and name.isdigit() and 1 <= int(name) <= len(self.header):
            return int(name) - 1
        if len(found) == 1:
            return found[0]
        said = f"{len(found)} columns '{name[:60]}'" if found else f"no column '{name[:60]}'"
        expected = f"one of {self.named()}, or a column's number from 1"
        near = None if found else nearest(name, [h for h in self.header if h])
        raise InputError(said, file=self.file, argument="column", expected=expected, nearest=near)

    def named(self) -> str:
        """The columns' names, for a message."""
        shown = ", ".join(self.name(i) for i in range(min(len(self.header), 20)))
        return shown + (f" and {len(self.header) - 20} more" if len(self.header) > 20 else "")

    def error(
        self, found: str, *, row: int, key: str | None = None, expected: str | None = None
    ) -> InputError:
        """An error that names the line of a row, or its record."""
        line = int(self.lines[row])
        if self.unit == "record":
            return InputError(
                found,
                file=self.file,
                key=f"record {line}" + (f", {key}" if key else ""),
                expected=expected,
            )
        return InputError(found, file=self.file, line=line, key=key, expected=expected)

    def take(self, rows: np.ndarray) -> Table:
        """Some rows, by number or by a mask."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        chosen = tuple(column.take(pa.array(rows)) for column in self.columns)
        return Table(
            self.file,
            self.header,
            chosen,
            self.lines[rows],
            self.notes,
            self.heads,
            self.unit,
            self.delimiter,
            self.title,
        )


@dataclass(eq=False)
class Builder:
    """Rows put together to columns, a block at a time."""

    file: str
    width: int
    parts: list[list[pa.Array]] = field(default_factory=list)
    lines: list[np.ndarray] = field(default_factory=list)
    count: int = 0

    def add(self, lines: np.ndarray, rows: Sequence[Sequence[str]]) -> None:
        """A block of rows of `width` cells each; `width` may have grown since the block before."""
        self.count += len(rows)
        if self.count > MOST_ROWS:
            raise InputError(
                f"more than {MOST_ROWS:,} rows", file=self.file, expected=f"at most {MOST_ROWS:,}"
            )
        if rows:
            self.parts.append(
                [
                    pc.utf8_trim_whitespace(pa.array(column, pa.string()))
                    for column in zip(*rows, strict=True)
                ]
            )
            self.lines.append(lines)

    def columns(self) -> tuple[tuple[pa.Array, ...], np.ndarray]:
        """The columns and the lines."""
        columns = []
        for _ in range(self.width):
            # taken out, so that one column at a time is in memory twice
            both = zip(self.parts, self.lines, strict=True)
            parts = [
                part.pop(0) if part else pa.array([""] * len(lines), pa.string())
                for part, lines in both
            ]
            columns.append(pa.concat_arrays(parts) if parts else pa.array([], pa.string()))
        return tuple(columns), np.concatenate(self.lines or [np.zeros(0, dtype=int)])


def lines_of(content: bytes) -> TextIO:
    """UTF-8 as a stream of lines, so that the text never stands in memory as a whole."""
    return io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")


def simple(name: str) -> str:
    """A name without what a spreadsheet or a service may change of it: capitals, spaces,
    underscores, points, angle brackets.
    """
    return "".join(c for c in name.casefold() if c not in " _.<>\u00a0")


def words(name: str) -> list[str]:
    """The words of a name, in small letters: `marketCap`, `market_cap` and `Market Cap (USD)` begin
    with market, cap.
    """
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())


def name_parts(table: Table, column: int) -> set[str]:
    """The names that a column bears: that of the header, and those of its lines where it has
    several.
    """
    return {simple(table.header[column])} | {simple(head[column]) for head in table.heads}


def bearing(table: Table, names: Sequence[str], but: Iterable[int] = ()) -> list[int]:
    """Columns that bear one of the names, in the order of the names."""
    parts = [name_parts(table, i) for i in range(len(table.header))]
    return list(
        dict.fromkeys(
            i
            for name in names
            for i in range(len(parts))
            if i not in but and simple(name) in parts[i]
        )
    )
