"""Two results side by side, run by run. A `Result` compares itself with another by this."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, remark
from .intervals import paired_intervals
from .metrics import METRICS


def difference(one: Any, other: Any) -> pd.DataFrame:
    """Paired difference one − other of every metric over the run indices both have."""
    _refuse_unlike(one, other)
    mine, theirs = one.metrics_per_run(), other.metrics_per_run()
    common = mine.index.intersection(theirs.index)
    if common.empty:
        raise InputError(
            "no run index in common", expected="two results with some of the same run indices"
        )
    if len(common) < max(len(mine), len(theirs)):
        remark(
            f"compared over the {len(common)} runs that both have, of {len(mine)} and {len(theirs)}"
        )
    if mine.loc[common].equals(theirs.loc[common]):
        remark(f"nothing differs: both sides are the same numbers in all {len(common)} runs")
    names = list(mine.columns)
    chosen = [METRICS[name] for name in names]
    s = paired_intervals(
        *(side.loc[common, names].to_numpy(dtype=float).T for side in (mine, theirs)),
        [m.probability for m in chosen],
        np.transpose([m.gap for m in chosen]),
    )
    columns = {
        "difference": s.mean,
        "low": s.low,
        "high": s.high,
        "n": s.n,
        "unit": [m.unit for m in chosen],
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="metric"))


def _refuse_unlike(one: Any, other: Any) -> None:
    """Raise InputError where runs of one index do not meet the same shocks, or are not measured
    at the same times.
    """
    if one.seed != other.seed:
        raise InputError(
            f"seeds {one.seed} and {other.seed}",
            argument="other",
            expected="one seed, so that the runs meet the same shocks",
        )
    spans = [result.settings()["span"] for result in (one, other)]
    if spans[0] != spans[1]:
        raise InputError(
            f"{spans[0]} and {spans[1]}",
            argument="other",
            expected="one span and one step, as metrics depend on both",
        )
    if not np.array_equal(one.trajectories.time, other.trajectories.time):
        found = f"{len(one.trajectories.time)} and {len(other.trajectories.time)} recorded times"
        raise InputError(
            found,
            argument="other",
            expected="the same recorded times (every), as metrics depend on them",
        )
