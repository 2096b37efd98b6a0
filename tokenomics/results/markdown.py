"""Tables that paste into a proposal."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from ..parameters.tables import markdown_rows
from ..shown import readable

if TYPE_CHECKING:
    import pandas as pd


def cell(value: Any) -> str:
    """A table's cell: a readable number, nothing for what is missing."""
    if isinstance(value, float):
        return "" if isnan(value) else readable(value)
    return "" if value is None else str(value)


def markdown_table(table: pd.DataFrame) -> str:
    """A data frame in Markdown, without its index."""
    return markdown_rows(
        list(map(str, table.columns)),
        ([cell(value) for value in row] for row in table.itertuples(index=False)),
    )
