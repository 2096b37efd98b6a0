"""The best and the worst point of a sweep by each metric."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .metrics import METRICS

SAME = "same"  # at every point
# of a metric that is better lower, of one that is better higher, and of one that is neither
ENDS = {"lower": ("best", "worst"), "higher": ("worst", "best"), "": ("lowest", "highest")}


def extremes(table: pd.DataFrame, metrics: Sequence[str], paths: Sequence[str]) -> pd.DataFrame:
    """The points at which the mean of a metric is best and worst, or lowest and highest where
    neither is better, and the first point where it is the same at all.

    table: of the sweep, a row a case and point. A row here: metric, unit, end, mean, low, high,
    policy, scenario, the parameters, n, failed.
    """
    rows = []
    for name in metrics:
        good = table[table[name].notna()]
        if good.empty:
            continue
        known, values = METRICS[name], good[name]
        ends = [*zip(ENDS[known.better], (values.idxmin(), values.idxmax()), strict=True)]
        if values.nunique() == 1:
            ends = [(SAME, good.index[0])]
        for end, at in sorted(ends, key=lambda one: one[0] == "worst"):  # the best first
            row = good.loc[at]
            rows.append(
                {
                    "metric": name,
                    "unit": known.unit,
                    "end": end,
                    "mean": row[name],
                    "low": row[f"{name}_low"],
                    "high": row[f"{name}_high"],
                    **{c: row[c] for c in ("policy", "scenario", *paths, "n", "failed")},
                }
            )
    columns = ["metric", "unit", "end", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "policy", "scenario", *paths, "n", "failed"])
