"""The points of a sweep that one figure shows: those of a policy and a scenario, other parameters
held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..errors import InputError, nearest


def shown_points(
    table: pd.DataFrame,
    paths: Sequence[str],
    axes: Sequence[str],
    case: Mapping[str, str | None],
    at: Mapping[str, Any],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of a sweep's table that are shown, and the values at which parameters are held.

    paths: of the sweep. axes: those that are shown. case: policy and scenario, the first by
    default. at: values of other paths of a grid, the first of each by default. Raises InputError
    for unknown names and values.
    """
    for column, wanted in case.items():
        valid = list(table[column].unique())
        chosen = wanted or valid[0]
        if chosen not in valid:
            raise InputError(f"unknown {column} '{chosen}'", expected="one of " + ", ".join(valid))
        table = table[table[column] == chosen]
    fixed = {}
    for path in (p for p in paths if p not in axes):
        values = list(dict.fromkeys(table[path]))
        if path in at or 1 < len(values) <= len(table) // 2:
            fixed[path] = at.get(path, values[0])
            if fixed[path] not in values:
                raise InputError(
                    f"{fixed[path]!r}",
                    key=path,
                    expected="one of " + ", ".join(map(str, values[:20])),
                )
            table = table[table[path] == fixed[path]]
    for path in at:
        if path not in fixed:
            raise InputError(
                f"'{path}' cannot be held",
                expected="a path of the design that is not an axis",
                nearest=nearest(path, paths),
            )
    return table, fixed
