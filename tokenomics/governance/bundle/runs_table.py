"""The table of runs, every metric of every run, as Parquet: written, and read as untrusted."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from ...results.checked_parquet import BROKEN, LONGEST_TOLD, read_columns
from ...results.metrics import METRICS
from ...results.parquet_pages import account
from ..evidence.plan import KEYS, EvidencePlan
from ..evidence.statement import words

WRITER = re.compile(r"parquet-cpp-arrow version [0-9]+\.[0-9]+\.[0-9]+(-SNAPSHOT)?")
MORE_FOOTER = 2  # times: versions of Arrow tell a little more or less of the same columns


def runs_parquet(plan: EvidencePlan, runs: pd.DataFrame) -> bytes:
    """One row a run, with units."""
    table = pa.Table.from_pandas(runs[plan.columns], preserve_index=False)
    units = {"failed_day": "days"} | {name: METRICS[name].unit for name in plan.metrics}
    fields = [field.with_metadata({"unit": units.get(field.name, "1")}) for field in table.schema]
    out = BytesIO()
    pq.write_table(table.cast(pa.schema(fields)), out, compression="zstd")
    return out.getvalue()


def parse_runs(content: bytes, plan: EvidencePlan, path: Path) -> pd.DataFrame:
    """`simulate`'s table from a Parquet file's bytes. path: of the file, for errors. Raises
    InputError where it is not the table of its plan.
    """
    kinds = {
        name: int if name in KEYS else str if name == "error" else float for name in plan.columns
    }
    table = pd.DataFrame(
        read_columns(content, path, kinds, plan.simulations, "as its plan has them")
    )
    try:
        for text in table["error"].unique():
            words(
                text
            )  # it stands in the report, where no character may hide or be taken for another
    except ValueError as error:
        raise InputError(f"{error}"[:LONGEST_TOLD], file=path, key="error") from None
    expected = _keys(plan)
    if any(not np.array_equal(table[name].to_numpy(), expected[name]) for name in KEYS):
        raise InputError(
            "rows that are not those of its plan",
            file=path,
            expected="every case, point and run once, in order",
        )
    both = np.flatnonzero(
        table["failed_day"].notna().to_numpy() & (table["error"] != "").to_numpy()
    )
    if len(both):
        raise InputError(
            f"row {both[0] + 1} has both a day on which the run failed and an error",
            file=path,
            expected="one of them at most",
        )
    return table


def _keys(plan: EvidencePlan) -> dict[str, np.ndarray]:
    """The columns case, point and run of `simulate`'s table."""
    rows = [
        (case, number, point.runs)
        for case in range(len(plan.cases))
        for number, point in enumerate(plan.points)
        if case < len(plan.cases_of(point))
    ]
    case, point, counts = np.array(rows).T
    run = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return {"case": np.repeat(case, counts), "point": np.repeat(point, counts), "run": run}


def schema_differences(recorded: bytes, found: bytes) -> list[str]:
    """In what the columns of two Parquet files differ, names, types, units and what else is told of
    them: a line each.

    Raises InputError where either is no Parquet file.
    """
    try:
        heads = [pq.ParquetFile(BytesIO(content)) for content in (recorded, found)]
        one, two = (head.schema_arrow for head in heads)
        mine, other = (
            account(content, head.metadata)
            for content, head in zip((recorded, found), heads, strict=True)
        )
    except BROKEN as error:
        raise InputError(
            f"not Parquet ({(str(error) or type(error).__name__).splitlines()[0]:.{LONGEST_TOLD}})"
        ) from None
    if mine.stray:
        return [f"{mine.stray} bytes that belong to no column"]
    if mine.footer > MORE_FOOTER * other.footer or not WRITER.fullmatch(
        heads[0].metadata.created_by or ""
    ):
        return [
            (
                f"a footer of {mine.footer} bytes that this package does not write; it has "
                f"{other.footer}"
            )
        ]
    if one.names != two.names:
        return ["its columns have other names"]
    lines = ["it says more than this package writes"] * (one.metadata != two.metadata)
    for mine, other in zip(one, two, strict=True):
        if _plain_type(mine.type) != _plain_type(other.type):
            lines.append(f"{mine.name} is of type {mine.type}, not {other.type}"[:LONGEST_TOLD])
        if _said(mine) != _said(other):
            lines.append(
                f"{mine.name} has another unit, or more said of it, than this package writes"
            )
    return lines


def _plain_type(kind: pa.DataType) -> pa.DataType:
    # which of Arrow's two types of text a column has is a matter of pandas' version
    return pa.string() if pa.types.is_large_string(kind) else kind


def _said(field: pa.Field) -> dict[bytes, bytes]:
    # the number of the field is Parquet's own
    return {
        key: value for key, value in (field.metadata or {}).items() if key != b"PARQUET:field_id"
    }
