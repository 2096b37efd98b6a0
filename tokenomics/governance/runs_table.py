"""The table of runs, every metric of every run, as Parquet: written, and read as what a stranger may have made."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import InputError
from ..results.metrics import METRICS
from .plan import KEYS, EvidencePlan
from .statement import words

LONGEST_ERROR, LARGEST_HEAD = 10_000, 1_000_000  # bytes of a run's error, and of a table beside its rows
LONGEST_TOLD = 300  # characters of a stranger's text in an error
MOST_CELLS = 50_000_000  # of the table of runs: 400 MB as numbers
MOST_ERRORS = 100_000_000  # bytes of the errors of all runs together, each as often as it stands there


def runs_parquet(plan: EvidencePlan, runs: pd.DataFrame) -> bytes:
    """One row a run, with units."""
    table = pa.Table.from_pandas(runs[plan.columns], preserve_index=False)
    units = {"failed_day": "days"} | {name: METRICS[name].unit for name in plan.metrics}
    fields = [field.with_metadata({"unit": units.get(field.name, "1")}) for field in table.schema]
    out = BytesIO()
    pq.write_table(table.cast(pa.schema(fields)), out, compression="zstd")
    return out.getvalue()


def parse_runs(content: bytes, plan: EvidencePlan, path: Path) -> pd.DataFrame:
    """`simulate`'s table from a Parquet file's bytes; see `read_runs`. path: of the file, for errors."""
    try:
        # an error that stands in many rows is one text in the file, and is read as one
        source = pq.ParquetFile(BytesIO(content), read_dictionary=["error"])
        _bounded(source, plan, path)
        read = source.read(use_threads=False)
        errors = _errors(read["error"], path)
        table = read.drop_columns("error").to_pandas()
        table.insert(len(KEYS) + 1, "error", errors)
        table = table.astype(dict.fromkeys(KEYS, "int64") | dict.fromkeys(["failed_day", *plan.metrics], "float64") | {"error": str})
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise InputError(f"not the table of its runs ({str(error).splitlines()[0]:.{LONGEST_TOLD}})", file=path) from None
    expected = _keys(plan)
    if any(not np.array_equal(table[name].to_numpy(), expected[name]) for name in KEYS):
        raise InputError("rows that are not those of its plan", file=path, expected="every case, point and run once, in order")
    both = np.flatnonzero(table["failed_day"].notna().to_numpy() & (table["error"] != "").to_numpy())
    if len(both):
        raise InputError(f"row {both[0] + 1} has both a day on which the run failed and an error", file=path, expected="one of them at most")
    return table


def _bounded(source: pq.ParquetFile, plan: EvidencePlan, path: Path) -> None:
    """Refuse a table that is another than its plan's, or too large, by what it says of itself: before it is unpacked."""
    told, schema, wanted = source.metadata, source.schema_arrow, plan.columns
    if told.num_rows != plan.simulations or schema.names != wanted:
        raise InputError(
            f"{told.num_rows} rows of {len(schema.names)} columns",
            file=path,
            expected=f"{plan.simulations} rows of {len(wanted)} columns, as its plan has them",
        )
    cells = plan.simulations * len(wanted)
    if cells > MOST_CELLS:
        raise InputError(f"{cells} cells", file=path, expected=f"at most {MOST_CELLS}, runs times columns")
    size = sum(told.row_group(i).total_byte_size for i in range(told.num_row_groups))
    most = 16 * cells + min(MOST_ERRORS, plan.simulations * LONGEST_ERROR) + LARGEST_HEAD
    if size > most:
        raise InputError(f"{size} bytes unpacked", file=path, expected=f"at most {most} for {plan.simulations} rows")
    for field in schema:
        if field.name != "error" and not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
            raise InputError(f"{field.type}"[:60], file=path, key=field.name, expected="a column of numbers")


def _errors(column: pa.ChunkedArray, path: Path) -> np.ndarray:
    """The errors of all runs as text, each text once in memory."""
    parts, size = [], 0
    for chunk in column.chunks:
        if not pa.types.is_dictionary(chunk.type) or _plain_type(chunk.type.value_type) != pa.string():
            raise InputError(f"{chunk.type}"[:60], file=path, key="error", expected="a column of text")
        if chunk.null_count or not len(chunk):
            raise InputError("missing values", file=path, key="error", expected="an empty text where there is no error")
        lengths = pc.binary_length(chunk.dictionary).to_numpy(zero_copy_only=False)
        codes = chunk.indices.to_numpy(zero_copy_only=False)
        size += int(lengths[codes].sum(dtype=np.int64))
        if lengths.max() > LONGEST_ERROR or size > MOST_ERRORS:
            raise InputError(
                f"{lengths.max()} bytes of one run, {size} in all", file=path, key="error", expected=f"at most {LONGEST_ERROR}, {MOST_ERRORS} in all"
            )
        texts = chunk.dictionary.to_numpy(zero_copy_only=False).astype(object)
        for text in texts:
            words(text)  # it stands in the report, where no character may hide or be taken for another
        parts.append(texts[codes])
    return np.concatenate(parts)


def _keys(plan: EvidencePlan) -> dict[str, np.ndarray]:
    """The columns case, point and run of `simulate`'s table."""
    counts = np.array([point.runs for point in plan.points])
    point = np.repeat(np.arange(len(counts)), counts)
    run = np.arange(len(point)) - np.repeat(np.cumsum(counts) - counts, counts)
    cases = len(plan.cases)
    return {"case": np.repeat(np.arange(cases), len(point)), "point": np.tile(point, cases), "run": np.tile(run, cases)}


def schema_differences(recorded: bytes, found: bytes) -> list[str]:
    """In what the columns of two Parquet files differ, names, types, units and what else is told of them: a line each.

    Raises InputError where either is no Parquet file.
    """
    try:
        one, two = (pq.read_schema(BytesIO(content)) for content in (recorded, found))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"not Parquet ({str(error).splitlines()[0]:.{LONGEST_TOLD}})") from None
    if one.names != two.names:
        return ["its columns have other names"]
    lines = ["it says more than this package writes"] * (one.metadata != two.metadata)
    for mine, other in zip(one, two, strict=True):
        if _plain_type(mine.type) != _plain_type(other.type):
            lines.append(f"{mine.name} is of type {mine.type}, not {other.type}"[:LONGEST_TOLD])
        if _said(mine) != _said(other):
            lines.append(f"{mine.name} has another unit, or more said of it, than this package writes")
    return lines


def _plain_type(kind: pa.DataType) -> pa.DataType:
    # which of Arrow's two types of text a column has is a matter of pandas' version
    return pa.string() if pa.types.is_large_string(kind) else kind


def _said(field: pa.Field) -> dict[bytes, bytes]:
    # the number of the field is Parquet's own
    return {key: value for key, value in (field.metadata or {}).items() if key != b"PARQUET:field_id"}
