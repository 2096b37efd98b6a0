"""Delimited text: which character parts the cells, what stands above the table, which lines are its
header, and then every row.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ..errors import InputError, printable
from .table import BLOCK, EXPECTED, MOST_COLUMNS, MOST_ROWS, Builder, Table, lines_of

SAMPLE = 200  # lines with content by which the shape is told
MOST_HEADS = 4  # lines of a header; yfinance writes three
# share of the sample's rows that have one width; assumption: fewer, and the character parts
# something else
ALIKE = 0.8
# The comma comes last, for it stands in numbers too: where another of these parts every line, the
# comma is a decimal mark.
DELIMITERS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
BREAK = re.compile("\r\n|\r|\n")
NUMBER = re.compile(
    r"[-+(]?\s?[$€£¥]?\s?(\d[\d.,'’\u00a0\u202f ]*|[.,]\d+)(e[-+]?\d+)?\s?[%kmb)]?", re.IGNORECASE
)
DATE = re.compile(
    (
        r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4}.*)?|([a-z]{3,9},? )?[a-z]{3,9}\.? \d{1,2},? "
        r"\d{4}.*|\d{1,2}[ -][a-z]{3,9}[ -]\d{2,4}.*"
    ),
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FirstLines:
    """What the first lines tell. width: cells of a row. above: the lines above the header. heads:
    the header lines. begin: line of the first row.
    """

    delimiter: str
    width: int
    above: tuple[str, ...]
    heads: tuple[tuple[str, ...], ...]
    begin: int


def read_delimited(file: str, content: bytes, notes: tuple[str, ...]) -> Table:
    """The table of a text in UTF-8. Raises InputError that names the line of a row of another
    width, and of a quote that does not end.
    """
    stream = lines_of(content)
    declared = _declared(stream)
    before = 1 if declared else 0
    sample = list(
        itertools.islice(
            ((i, line) for i, line in enumerate(stream, before + 1) if line.strip()), SAMPLE
        )
    )
    shape = _shape(file, sample, declared)
    skip = len(shape.above) + len(shape.heads)
    columns, lines = _unquoted(file, content, shape) or _quoted(file, stream, shape, before, skip)
    if shape.delimiter != ",":
        notes += (f"cells parted by {DELIMITERS.get(shape.delimiter, repr(shape.delimiter))}",)
    if shape.above:
        more = f" and {len(shape.above) - 1} more" if len(shape.above) > 1 else ""
        notes += (f"above the table, left out: '{printable(shape.above[0])[:60]}'{more}",)
    full = np.add.reduce([pc.binary_length(column).to_numpy() for column in columns]) > 0
    if not full.all():
        notes += (f"{np.count_nonzero(~full)} rows of empty cells left out",)
        columns, lines = tuple(column.filter(pa.array(full)) for column in columns), lines[full]
    names = [
        " / ".join(dict.fromkeys(head[i] for head in shape.heads if head[i]))
        for i in range(shape.width)
    ]
    if shape.delimiter == "," and shape.heads:
        _whole_numbers(file, names, columns, lines)
    keep = [i for i, name in enumerate(names) if name or not _hollow(columns[i])]
    heads = tuple(tuple(head[i] for i in keep) for head in shape.heads)
    return Table(
        file,
        tuple(names[i] for i in keep),
        tuple(columns[i] for i in keep),
        lines,
        notes,
        heads,
        "line",
        shape.delimiter,
    )


def _whole_numbers(
    file: str, names: list[str], columns: tuple[pa.Array, ...], lines: np.ndarray
) -> None:
    """Refuse digits behind the last column with a name: under a header that ends with commas,
    `3,04` without quotes is 3 and a column of 04.
    """
    named = max((i for i, name in enumerate(names) if name), default=0)
    for i in range(named + 1, len(names)):
        full = pc.not_equal(columns[i], "")
        if (
            pc.any(full).as_py()
            and pc.all(pc.match_substring_regex(columns[i].filter(full), r"^\d+$")).as_py()
        ):
            row = int(np.argmax(full.to_numpy(zero_copy_only=False)))
            found = f"'{columns[i][row].as_py()[:20]}' in column {i + 1}, which has no name"
            expected = "a name above every column of numbers (a decimal comma that is not quoted?)"
            raise InputError(found, file=file, line=int(lines[row]), expected=expected)


def _declared(stream: TextIO) -> str:
    """The delimiter of a first line `sep=;`, which Excel writes and reads; else nothing is
    consumed.
    """
    match = re.fullmatch(r'"?sep=(.)"?\s*', stream.readline(100))
    if not match:
        stream.seek(0)
    return match[1] if match else ""


def _unquoted(
    file: str, content: bytes, shape: FirstLines
) -> tuple[tuple[pa.Array, ...], np.ndarray] | None:
    """Columns and lines of a text without quotes and blank lines, whose rows are all as wide:
    several times as fast as `_quoted`. None for others.
    """
    end = len(content)
    while end and content[end - 1] in b"\r\n":
        end -= 1
    if (
        b'"' in content
        or content.count(b"\r") != content.count(b"\r\n")
        or any(0 <= content.find(blank) < end for blank in (b"\n\n", b"\n\r\n"))
    ):
        return None
    begin = 0
    for _ in range(shape.begin - 1):
        begin = content.find(b"\n", begin) + 1
    names = [f"f{i}" for i in range(shape.width)]
    try:
        table = pa_csv.read_csv(
            pa.py_buffer(memoryview(content)[begin:end]),
            read_options=pa_csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=pa_csv.ParseOptions(
                delimiter=shape.delimiter, quote_char=False, ignore_empty_lines=False
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None  # a row of another width, which `_quoted` names
    if table.num_rows > MOST_ROWS:
        raise InputError(f"{table.num_rows:,} rows", file=file, expected=f"at most {MOST_ROWS:,}")
    columns = []
    for _ in range(shape.width):
        columns.append(pc.utf8_trim_whitespace(table.column(0)).combine_chunks())
        table = table.remove_column(0)
    return tuple(columns), np.arange(shape.begin, shape.begin + len(columns[0]))


def _quoted(
    file: str, stream: TextIO, shape: FirstLines, before: int, skip: int
) -> tuple[tuple[pa.Array, ...], np.ndarray]:
    """Columns and lines of any text. before: lines that are no rows; skip: rows that are left
    out.
    """
    stream.seek(0)
    if before:
        stream.readline()
    builder = Builder(file, shape.width)
    for lines, rows in _blocks(file, stream, shape.delimiter, before, skip):
        if set(map(len, rows)) != {shape.width}:
            rows = [
                _fitted(file, shape, int(line), row) for line, row in zip(lines, rows, strict=True)
            ]
        builder.add(lines, rows)
    return builder.columns()


def _blocks(
    file: str, stream: TextIO, delimiter: str, before: int, skip: int
) -> Iterator[tuple[np.ndarray, list[list[str]]]]:
    """Rows with content after the first `skip` of them, a block at a time, and the line in which
    each begins.
    """
    begin = stream.tell()
    reader = csv.reader(
        stream, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True
    )
    while True:
        line = before + reader.line_num + 1
        try:
            rows = list(itertools.islice(reader, BLOCK))
        except csv.Error as error:
            stream.seek(begin)
            raise _quote(file, stream, delimiter, before, error) from None
        if not rows:
            return
        lines = np.arange(line, line + len(rows))
        if before + reader.line_num + 1 - line != len(rows):  # quoted cells go over lines
            lines[1:] += np.cumsum(
                [sum(len(BREAK.findall(cell)) for cell in row) for row in rows[:-1]]
            )
        if skip or [] in rows or [""] in rows:
            full = [i for i, row in enumerate(rows) if _content(row)]
            skip, full = max(0, skip - len(full)), full[skip:]
            lines, rows = lines[full], [rows[i] for i in full]
        yield lines, rows


def _quote(file: str, stream: TextIO, delimiter: str, before: int, error: csv.Error) -> InputError:
    """What is wrong with a quoted cell, with the line in which its row begins."""
    reader = csv.reader(
        stream, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True
    )
    line = before
    with contextlib.suppress(csv.Error):
        for _ in reader:
            line = before + reader.line_num
    found = (
        "a quote that does not end"
        if "limit" in str(error) or "end of data" in str(error)
        else str(error)
    )
    return InputError(
        found,
        file=file,
        line=line + 1,
        expected="a quoted cell that is closed, with quotes inside of it doubled",
    )


def _content(row: list[str]) -> bool:
    """Whether a line is not blank."""
    return len(row) > 1 or bool(row and row[0].strip())


def _fitted(file: str, shape: FirstLines, line: int, row: list[str]) -> list[str]:
    if len(row) < shape.width or _wide(row) > shape.width:
        raise InputError(
            f"{len(row)} cells", file=file, line=line, expected=_cells(shape, len(row))
        )
    return row[: shape.width]


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    """Cells of some lines, read leniently: they are only looked at."""
    try:
        rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        return [row for row in rows if _content(row)]
    except csv.Error:
        return []


def _shape(file: str, sample: list[tuple[int, str]], declared: str) -> FirstLines:
    texts = [text for _, text in sample]
    best: tuple[float, str, int] = (0.0, declared or ",", 1)
    for delimiter in declared or DELIMITERS:
        widths = Counter(len(row) for row in _split(texts, delimiter) if _data(row))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        alike = count / widths.total() if width > 1 else 0.0
        if alike > best[0] and best[0] < ALIKE:
            best = alike, delimiter, width
    _, delimiter, width = best
    rows = _split(texts, delimiter)
    first = next(
        (i for i, row in enumerate(rows) if len(row) > 1 and len(row) <= width and _data(row)), None
    )
    if first is None:
        head = max(rows or [[""]], key=len)
        if len(head) > 1:
            raise InputError(
                "no row with a number or a date", file=file, line=sample[0][0], expected=EXPECTED
            )
        expected = "two columns or more, parted by a comma, a semicolon, a tab or a bar"
        raise InputError(
            f"one column: '{printable(texts[0])[:60]}'",
            file=file,
            line=sample[0][0],
            expected=expected,
        )
    if width > MOST_COLUMNS:
        raise InputError(
            f"{width} columns", file=file, line=sample[first][0], expected=f"at most {MOST_COLUMNS}"
        )
    spare = all(
        not row[-1].strip() for row in rows[first:] if len(row) == width
    )  # every row ends with a delimiter
    begin = first
    while begin and first - begin < MOST_HEADS and _heading(rows[begin - 1], width, spare):
        begin -= 1
        if rows[begin][0].startswith("#"):
            break
    while (
        begin < first - 1 and _wide(rows[begin]) == 1
    ):  # a title, which a spreadsheet makes as wide as the table
        begin += 1
    last = rows[first - 1] if first else [""]
    if begin == first and len(last) > 1 and not last[0].startswith(("#", "//")):
        hint = (
            " (or a decimal comma is not quoted)"
            if delimiter == "," and width == len(last) + 1
            else ""
        )
        line = sample[min(first, len(sample)) - 1][0]
        found = f"a header of {len(last)} cells, {printable(','.join(last))[:60]}"
        raise InputError(
            found, file=file, line=line, expected=f"{width}, as in the rows below it{hint}"
        )
    heads = [[cell.strip() for cell in [*row, ""][:width]] for row in rows[begin:first]]
    if heads:
        heads[0][0] = heads[0][0].lstrip("# ")
    return FirstLines(
        delimiter,
        width,
        tuple(text.strip() for text in texts[:begin]),
        tuple(map(tuple, heads)),
        sample[min(first, len(sample) - 1)][0],
    )


def _heading(row: list[str], width: int, spare: bool) -> bool:
    """Whether a row above the data is a line of the header: as wide, and without a number."""
    same = (
        len(row) == width or (len(row) > width >= _wide(row)) or (spare and len(row) == width - 1)
    )
    return same and _wide(row) > 0 and not any(map(_telling, row))


def _data(row: list[str]) -> bool:
    """Whether a row holds a number or a date, and is no comment."""
    return any(map(_telling, row)) and not row[0].startswith(("#", "//"))


def _telling(cell: str) -> bool:
    cell = cell.strip()[:40]
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def _wide(row: list[str]) -> int:
    """Cells up to the last one with content."""
    return next((i for i in range(len(row), 0, -1) if row[i - 1].strip()), 0)


def _hollow(column: pa.Array) -> bool:
    return not pc.max(pc.binary_length(column)).as_py()


def _cells(shape: FirstLines, found: int) -> str:
    hint = (
        " (a decimal comma that is not quoted?)"
        if shape.delimiter == "," and found > shape.width
        else ""
    )
    return f"{shape.width} cells{hint}"
