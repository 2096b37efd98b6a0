"""An untrusted Parquet table: refused by what it says of itself before it is unpacked, and read
into arrays.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import InputError
from .parquet_pages import account

LONGEST_TEXT, LARGEST_HEAD = (
    10_000,
    1_000_000,
)  # bytes of a text in a row, and of a table beside its rows
LONGEST_TOLD = 300  # characters of untrusted text in an error
MOST_CELLS = 50_000_000  # 400 MB as numbers
MOST_TEXT = 100_000_000  # bytes of the texts of all rows together, each as often as it stands there
KINDS = {int: "whole numbers", float: "numbers", str: "text"}
# what pyarrow raises for bytes that are no Parquet; of the last two it makes its own errors of keys
# and indices
BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, LookupError)


def largest(cells: int, rows: int) -> int:
    """Most bytes, packed or unpacked, of a table."""
    return 16 * cells + min(MOST_TEXT, rows * LONGEST_TEXT) + LARGEST_HEAD


def read_head(content: bytes, path: Path) -> tuple[pa.Schema, int]:
    """Names, types and units of a table, and how many rows it tells of. path: of the file, for
    errors. Raises InputError for what is no Parquet.
    """
    try:
        source = pq.ParquetFile(BytesIO(content))
        return source.schema_arrow, source.metadata.num_rows
    except BROKEN as error:
        raise _not_parquet(error, path) from None


def read_columns(
    content: bytes | None,
    path: Path,
    columns: Mapping[str, type],
    rows: int | None,
    told: str,
    *,
    most: int | None = None,
    only: Sequence[str] | None = None,
) -> dict[str, np.ndarray]:
    """The columns of a table, in order: int64, float64 with NaN where there is none, or text.

    content: of the file, which is opened where it is None. path: of the file. columns: all of the
    table's, int, float or str by name. rows: how many there must be, any number where it is None.
    told: whose rows and columns they are, for errors. most: rows times columns, `MOST_CELLS` by
    default.
    only: the columns to read, all by default. Raises InputError for anything else, for missing
    whole numbers and text, and beyond the limits.
    """
    chosen = list(columns) if only is None else list(only)
    texts = [name for name in chosen if columns[name] is str]
    try:
        # a text that stands in many rows is one in the file, and is read as one
        with pq.ParquetFile(
            path if content is None else BytesIO(content),
            read_dictionary=texts,
            page_checksum_verification=True,
        ) as source:
            _bounded(
                source, content, path, columns, rows, told, MOST_CELLS if most is None else most
            )
            table = source.read(columns=chosen, use_threads=False)
            if table.num_rows != source.metadata.num_rows:
                raise InputError(
                    f"{table.num_rows} rows",
                    file=path,
                    expected=f"{source.metadata.num_rows}, as it tells",
                )
        return {name: _column(table[name], columns[name], path, name) for name in chosen}
    except BROKEN as error:
        raise _not_parquet(error, path) from None


def _not_parquet(error: Exception, path: Path) -> InputError:
    what = (str(error) or type(error).__name__).splitlines()[0]
    return InputError(
        f"cannot be read as a table ({what:.{LONGEST_TOLD}})",
        file=path,
        expected="Parquet, as this package writes it",
    )


def _bounded(
    source: pq.ParquetFile,
    content: bytes | None,
    path: Path,
    columns: Mapping[str, type],
    rows: int | None,
    told: str,
    most: int,
) -> None:
    """Refuse a table that is another than it must be, or too large, by what it says of itself."""
    meta, schema, wanted = source.metadata, source.schema_arrow, list(columns)
    rows = meta.num_rows if rows is None else rows
    if meta.num_rows != rows or schema.names != wanted:
        found = (
            f"{meta.num_rows} rows of {len(schema.names)} columns{_astray(schema.names, wanted)}"
        )
        raise InputError(found, file=path, expected=f"{rows} rows of {len(wanted)} columns, {told}")
    cells = rows * len(wanted)
    if cells > most:
        raise InputError(
            f"{cells} cells", file=path, expected=f"at most {most}, rows times columns"
        )
    told_size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    size = max(
        told_size, _unpacked(content, path, meta)
    )  # the head of a page, which the reader trusts, may tell another than the footer
    if size > largest(cells, rows):
        raise InputError(
            f"{size} bytes unpacked",
            file=path,
            expected=f"at most {largest(cells, rows)} for {rows} rows",
        )
    for field in schema:
        kind, whole = columns[field.name], pa.types.is_integer(field.type)
        fits = {
            int: whole,
            float: whole or pa.types.is_floating(field.type),
            str: _is_text(field.type),
        }
        if not fits[kind]:
            raise InputError(
                f"{field.type}"[:60],
                file=path,
                key=field.name[:LONGEST_TOLD],
                expected=f"a column of {KINDS[kind]}",
            )


def _unpacked(content: bytes | None, path: Path, meta: pq.FileMetaData) -> int:
    """Bytes that the pages of a table have unpacked, as each says."""
    if content is not None:
        return account(content, meta).unpacked
    with (
        open(path, "rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        return account(mapped, meta).unpacked


def _astray(names: list[str], wanted: list[str]) -> str:
    """The first name that is one too many, or missing, in a message."""
    more = next((name for name in names if name not in wanted), None)
    less = next((name for name in wanted if name not in names), None)
    if more is not None:
        return f", '{more[:60]}' among them"
    return "" if less is None else f" without '{less}'"


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(plain) or pa.types.is_large_string(plain)


def _column(column: pa.ChunkedArray, kind: type, path: Path, name: str) -> np.ndarray:
    if kind is str:
        return _texts(column, path, name)
    if kind is int and column.null_count:
        raise InputError(
            "missing values", file=path, key=name, expected="a whole number in every row"
        )
    return np.array(column.to_numpy(), dtype=np.int64 if kind is int else np.float64)


def _texts(column: pa.ChunkedArray, path: Path, name: str) -> np.ndarray:
    """Texts of all rows, each text once in memory."""
    parts, size = [np.array([], dtype=object)], 0
    for chunk in column.chunks:
        if not (pa.types.is_dictionary(chunk.type) and _is_text(chunk.type)):
            raise InputError(f"{chunk.type}"[:60], file=path, key=name, expected="a column of text")
        if chunk.null_count or chunk.dictionary.null_count:
            raise InputError(
                "missing values",
                file=path,
                key=name,
                expected="a text in every row, if an empty one",
            )
        if not len(chunk):
            continue
        lengths = pc.binary_length(chunk.dictionary).to_numpy(zero_copy_only=False)
        codes = chunk.indices.to_numpy(zero_copy_only=False)
        size += int(lengths[codes].sum(dtype=np.int64))
        if lengths.max() > LONGEST_TEXT or size > MOST_TEXT:
            found = f"{lengths.max()} bytes of one run, {size} in all"
            raise InputError(
                found, file=path, key=name, expected=f"at most {LONGEST_TEXT}, {MOST_TEXT} in all"
            )
        parts.append(chunk.dictionary.to_numpy(zero_copy_only=False).astype(object)[codes])
    return np.concatenate(parts)
