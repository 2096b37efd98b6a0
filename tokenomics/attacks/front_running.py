"""Which gains stay robust when speculators know the rule and trade ahead of it.

Linear: the gain margin of the loop with front-runners who know kp. Simulated: tracking on common
shocks, with front-runners who know kp at the start and learn on, over that without them, and what
they earn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ..errors import InputError
from ..experiments.evaluate import evaluate
from ..inputs import bounds
from ..loop.economy import PID_GAINS, linearise, pid_law
from ..loop.margins import margins
from ..model.steady_state import start_state
from ..parameters import Resolved
from ..results.intervals import intervals

FACTORS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # on all three gains
SIZES = (0.0, 0.1, 0.25, 0.5, 1.0)  # reference depths per unit of expected log return
MARGIN, WORSE = 2.0, 1.1  # what counts as robust: gain margin, and tracking against none
METRICS = ("tracking_rms", "price_volatility", "front_profit", "treasury_final")


def front_running_table(
    resolved: Resolved,
    *,
    factors: Sequence[float] = FACTORS,
    sizes: Sequence[float] = SIZES,
    runs: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """One row a factor on the gains and a size of the front-runners' position.

    gain_margin: of the linear loop. tracking, volatility: ratio of means to size 0 at the same
    gains, with the 95 % interval of the paired difference over the mean without front-runners.
    profit: what the front-runners earn, share of the treasury's first reserve.
    failed: runs that broke off and are not counted. Raises InputError for another law than the
    PID's.
    """
    bounds.check(runs=(runs, bounds.REPEATED), seed=(seed, bounds.SEED))
    if resolved.values.controller.type != "pid":
        raise InputError(
            f"policy with the law {resolved.values.controller.type}",
            key="controller.type",
            expected="pid: its gains are varied",
        )
    reserve = start_state(resolved.today)["treasury_usd"]
    pid, rows = resolved.values.controller.pid, []
    for number, factor in enumerate(factors):
        gains = (pid.kp * factor, pid.ki * factor, pid.kd * factor)
        known = {"front_running.enabled": True, "front_running.prior_slope": gains[0]}
        mine = resolved.replace(
            dict(zip(PID_GAINS, gains, strict=True)) | known, source="front-running"
        )
        points = [[size] for size in sizes]
        found = evaluate(
            mine, ["front_running.size"], points, runs=np.arange(runs), seed=seed, metrics=METRICS
        ).values
        base = evaluate(
            mine, ["front_running.size"], [[0.0]], runs=np.arange(runs), seed=seed, metrics=METRICS
        ).values
        for i, size in enumerate(sizes):
            case = mine.replace({"front_running.size": size}, source="front-running")
            values = case.values
            economy = linearise(values, today=case.today)
            gain = margins(economy.plant, pid_law(values, economy, gains)).gain
            ratios = []
            for name in ("tracking_rms", "price_volatility"):
                calm = base[name][0]
                ratios.append(_shifted((found[name][i] - calm) / np.nanmean(calm), 1.0))
            profit = _shifted(found["front_profit"][i] / reserve, 0.0)
            failed = int(np.sum(~np.isfinite(found["tracking_rms"][i])))
            rows.append((factor, size, gain, *ratios, profit, failed))
        if progress:
            progress(number + 1, len(factors))
    return pd.DataFrame(
        rows,
        columns=["factor", "size", "gain_margin", "tracking", "volatility", "profit", "failed"],
    )


def robust(table: pd.DataFrame) -> dict[float, float]:
    """Largest factor on the gains up to which all are robust, by the front-runners' size; 0 where
    none is.
    """
    good = (
        (table["failed"] == 0)
        & (table["gain_margin"] >= MARGIN)
        & (table["tracking"].map(lambda x: x[2]) <= WORSE)
    )
    found = {}
    for size, rows in table.assign(good=good).sort_values("factor").groupby("size"):
        kept = rows["factor"][rows["good"].cumprod().astype(bool)]
        found[float(size)] = float(kept.max()) if len(kept) else 0.0
    return found


def _shifted(values: np.ndarray, by: float) -> tuple[float, float, float]:
    """Mean and 95 % interval of values plus a constant."""
    found = intervals(values[None, :])
    return tuple(float(x[0]) + by for x in (found.mean, found.low, found.high))
