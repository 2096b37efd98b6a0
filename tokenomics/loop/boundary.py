"""The predicted stability boundary against the simulated one, along rays of the PID's gain plane.

Predicted: the linear economy with the linear law. Simulated at small noise: whether an error of
1e-7 grows. At large noise, with the shocks of the parameters: the gain from which the controller
tracks worse than none, with its shipped limits and with limits that hardly bind; a run that fails
is worse than none. The PID has both sides here: one that only buys leaves every other half-wave to
itself, and does not grow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..engines.ensemble import Ensemble
from ..experiments.evaluate import evaluate
from ..inputs import bounds
from ..model.model import MODEL, bind
from ..model.shocks import sample
from ..model.steady_state import customers_of, steady_states
from ..parameters import Parameters, Resolved, put
from .economy import PID_GAINS, LinearEconomy, linearise, pid_law
from .margins import radius

INTEGRAL_TIMES = (np.inf, 100.0, 30.0, 10.0)  # days
DERIVATIVE_TIME = 1.0  # days
SMALL, STEPS = 1e-7, 800
ROUNDING = 1e-12  # changes below it are not told from rounding
EARLY, LATE = slice(300, 400), slice(700, 800)
GRID = 96  # gains of a ray
SPAN = 4.0  # a ray reaches from the prediction over this to the prediction times this
UNLIMITED = {
    "controller.pid.rate_limit": 1e3,
    "controller.sale_limit": 10.0,
    "controller.spend_limit": 1.0,
    "controller.mint_limit": 0.1,
    "treasury.reserve": 100.0,
}
LAW = {"controller.type": "pid", "controller.sides": "both"}
RAISE = np.logspace(-1.0, 1.5, 16)  # gains at large noise, in multiples of the prediction


def settings(row: Mapping[str, float], kp: str = "predicted") -> dict[str, Any]:
    """What makes any policy the PID at a critical gain of a row of the table, by path: the law
    first, then its sides and gains.
    """
    return {
        **LAW,
        **dict(zip(PID_GAINS, gains(float(row[kp]), float(row["integral_time"])), strict=True)),
    }


def gains(kp: float, integral_time: float) -> tuple[float, float, float]:
    """kp, ki, kd of a ray."""
    return kp, kp / integral_time, kp * DERIVATIVE_TIME


def predicted(
    parameters: Parameters,
    economy: LinearEconomy,
    integral_time: float,
    low: float = 1e-3,
    high: float = 1e3,
) -> float:
    """Smallest kp on a ray at which the linear loop is unstable [1/day]; infinite beyond `high`."""

    def unstable(kp: float) -> bool:
        return radius(economy.plant, pid_law(parameters, economy, gains(kp, integral_time))) >= 1.0

    scan = np.geomspace(low, high, 60)
    first = next((i for i, kp in enumerate(scan) if unstable(kp)), None)
    if first is None:
        return np.inf
    if first == 0:
        return 0.0
    low, high = scan[first - 1], scan[first]
    while high / low > 1.0 + 1e-6:
        middle = np.sqrt(low * high)
        low, high = (low, middle) if unstable(middle) else (middle, high)
    return float(low)


def simulated(
    parameters: Parameters, integral_time: float, around: float, today: Parameters | None = None
) -> float:
    """Gain kp on a ray from which a small error grows in the simulated economy [1/day], between two
    gains of the grid. today: whose customers it has, by default those of the parameters.
    """
    kps = np.geomspace(around / SPAN, around * SPAN, GRID)
    quiet = put(
        parameters,
        {"shocks.enabled": False, "simulation.days": STEPS * parameters.simulation.time_step},
    )
    swept = {
        path: np.array([gains(kp, integral_time)[i] for kp in kps])
        for i, path in enumerate(PID_GAINS)
    }
    table = sample(quiet, np.zeros(1, dtype=int), 0)
    params = bind(quiet, table)
    own = customers_of(today or parameters)
    begin = dict(steady_states(dict(quiet), MODEL, swept, GRID, own))
    begin["outside_value"] = begin["outside_value"] * np.exp(SMALL)
    engine = Ensemble(
        MODEL.bound(params), params, swept=PID_GAINS, record=["control_error"], steps=STEPS
    )
    outcome = engine(begin, swept, engine.shocks(table), lanes=GRID)
    # differences leave out what only drifts
    change = np.abs(np.diff(outcome.values["control_error"], axis=1))
    early, late = change[:, EARLY].max(axis=1), change[:, LATE].max(axis=1)
    growing = (late > np.maximum(early, ROUNDING)) | ~np.isfinite(late)
    if not growing.any():
        return np.inf
    first = int(np.argmax(growing))
    return float(np.sqrt(kps[first - 1] * kps[first])) if first else float(kps[0])


def worse_than_none(
    resolved: Resolved, integral_time: float, around: float, runs: int, seed: int, sets: dict
) -> float:
    """Smallest gain kp on a ray from which tracking RMS is above that without control on the same
    shocks [1/day]; infinite where none is.
    """
    kps = np.concatenate([[0.0], around * RAISE])
    points = [list(gains(kp, integral_time)) for kp in kps]
    found = evaluate(
        resolved.replace(sets, source="boundary"),
        PID_GAINS,
        points,
        runs=np.arange(runs),
        seed=seed,
        metrics=["tracking_rms"],
    )
    above = np.flatnonzero(worse(found.values["tracking_rms"])[1:])
    return float(kps[1 + above[0]]) if len(above) else np.inf


def worse(values: np.ndarray) -> np.ndarray:
    """Which points (points, runs) of a metric have a larger mean than the first, on the same
    shocks; a failed run (NaN) is worse than any.

    Runs that fail at the first point too say nothing and are left out.
    """
    told = values[:, np.isfinite(values[0])]
    mean = np.where(np.isfinite(told), told, np.inf).mean(axis=1)
    return mean > mean[0] if told.shape[1] else np.zeros(len(values), dtype=bool)


def boundary_table(
    resolved: Resolved,
    *,
    integral_times: Sequence[float] = INTEGRAL_TIMES,
    runs: int = 100,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Critical kp [1/day] on each ray: predicted, simulated at small noise, their ratio, and the
    gain that is worse than none at large noise.

    The law is the PID with both sides, whatever the policy of the parameters.
    """
    bounds.check(runs=(runs, bounds.REPEATED), seed=(seed, bounds.SEED))
    resolved = resolved.replace(LAW, source="boundary")
    parameters, rows = resolved.values, []
    economy = linearise(parameters, today=resolved.today)
    for number, time in enumerate(integral_times):
        linear = predicted(parameters, economy, time)
        near = linear if 0.0 < linear < np.inf else 1.0
        small = simulated(parameters, time, near, resolved.today)
        limited = worse_than_none(resolved, time, near, runs, seed, {})
        free = worse_than_none(resolved, time, near, runs, seed, UNLIMITED)
        rows.append(
            (
                time,
                linear,
                small,
                small / linear if 0.0 < linear < np.inf else np.nan,
                limited,
                free,
            )
        )
        if progress:
            progress(number + 1, len(integral_times))
    names = [
        "integral_time",
        "predicted",
        "simulated",
        "ratio",
        "worse_than_none",
        "worse_than_none_unlimited",
    ]
    return pd.DataFrame(rows, columns=names)


def reading(table: pd.DataFrame) -> str:
    """What a table of boundaries says, in plain language."""
    if table["ratio"].isna().all():
        return "No ratio: the linear loop is unstable at every gain of the rays, or at none."
    far = table.loc[(table["ratio"] - 1.0).abs().idxmax()]
    return (
        f"Largest disagreement: a factor of {far['ratio']:.3g} at an integral time of "
        f"{far['integral_time']:g} days. The linear plant has the "
        "mean of the two sides of every kink (entry of operators is slow, exit fast); the "
        "simulated grid has steps of 3 %."
    )
