"""Forecasts of the share bonded by its yield, against a random walk: fitted on the first half of a
history's rounds, scored on the second.

From every row of the second half both go on without knowing what comes. The response's inflation
follows the rule on its own share, its coefficients are drawn anew for each path, and its noise is
in blocks of its residuals; the random walk's is in blocks of the first half's changes, their mean
taken off. How many rounds a row spans is known to both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ..calibration.bonding.calibrate import calibrate_bonding
from ..calibration.bonding.response import (
    DRAWS,
    BondingFit,
    BondingHistory,
    Form,
    blocks_of,
    drive,
    scaled,
    unscaled,
)
from ..calibration.estimates import Calibration
from ..results.intervals import LEVEL
from .rules import crps, interval_score

HORIZONS = (1, 30, 90)  # rows, of about a day
PATHS = 400
LEVELS = np.array([0.05, *np.arange(0.1, 0.95, 0.1), 0.95])
CENTRAL = 0.9
FEWEST_BLOCKS = 3
TABLE = "Forecasts of the second half against a random walk"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Forecasts:
    """Quantiles of the share, (origins, levels), and what became of it, (origins,)."""

    quantiles: np.ndarray
    outcome: np.ndarray

    def losses(self) -> dict[str, np.ndarray]:
        """Of each origin, in points of share."""
        q, real = 100.0 * self.quantiles, 100.0 * self.outcome
        return {
            "squared error": (q[:, len(LEVELS) // 2] - real) ** 2,
            "CRPS": crps(q, LEVELS, real),
            "interval score": interval_score(q[:, 0], q[:, -1], CENTRAL, real),
        }

    def coverage(self) -> float:
        """Share of outcomes within the central interval."""
        inside = (self.outcome >= self.quantiles[:, 0]) & (self.outcome <= self.quantiles[:, -1])
        return float(inside.mean())


def forecasts(
    found: BondingFit,
    second: BondingHistory,
    *,
    by_yield: bool,
    seed: int = 0,
    paths: int = PATHS,
    progress: Progress | None = None,
) -> dict[int, _Forecasts]:
    """Forecasts from every row of the second half, by horizon. by_yield: the response; else the
    random walk.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, 2 + by_yield]))
    n, form = len(second), found.form
    reach = [h for h in HORIZONS if h < n]
    x = np.repeat(scaled(form, second.share[:-1])[:, None], paths, axis=1)
    inflation = np.repeat(second.inflation[:-1, None], paths, axis=1)
    noise, pulled = found.residuals, found.usable[rng.integers(0, found.draws, paths)].T
    if not by_yield:
        noise = np.diff(scaled(form, found.on.share)) / np.sqrt(found.on.rounds)
    shocks = blocks_of(noise - noise.mean(), paths, max(reach), rng)
    # a draw's level is that at which what it was fitted on is met on average
    z = drive(form, found.on.inflation, found.on.share)[:-1]
    level = scaled(form, found.on.share)[:-1]
    c = (np.diff(scaled(form, found.on.share)).sum() / found.on.rounds.sum()) + (
        pulled[1] * np.average(level, weights=found.on.rounds)
        - pulled[2] * np.average(z, weights=found.on.rounds)
    )
    results = {}
    for h in range(max(reach)):
        going = n - h
        rounds = second.rounds[h:, None]
        x, inflation = x[:going], inflation[:going]
        share = unscaled(form, x)
        moved = 0.0
        if by_yield:
            moved = rounds * (c - pulled[1] * x + pulled[2] * drive(form, inflation, share))
        x = x + moved + np.sqrt(rounds) * shocks[:, h]
        inflation = second.moved(inflation, share, rounds)
        if h + 1 in reach:
            quantiles = np.quantile(unscaled(form, x), LEVELS, axis=1).T
            results[h + 1] = _Forecasts(quantiles, second.share[h + 1 :])
        if progress:
            progress(h + 1, max(reach))
    return results


def _against(ours: np.ndarray, walk: np.ndarray, horizon: int) -> tuple[float, float, float]:
    """Share by which a mean loss is below the random walk's, with its 95 % interval: Student's t of
    blocks of rows as long as the horizon; open where there are too few of them.
    """
    value = 1.0 - ours.mean() / walk.mean()
    count = len(ours) // max(horizon, 10)
    if count < FEWEST_BLOCKS:
        return float(value), float("nan"), float("nan")
    influence = ((1.0 - value) * walk - ours) / walk.mean()
    means = np.array([part.mean() for part in np.array_split(influence, count)])
    half = stdtrit(count - 1, 0.5 + LEVEL / 2.0) * means.std(ddof=1) / np.sqrt(count)
    return float(value), float(value - half), float(value + half)


def score_bonding(
    found: BondingFit, second: BondingHistory, *, seed: int = 0, progress: Progress | None = None
) -> pd.DataFrame:
    """Scores in points of share, a row by horizon and forecast; `skill` is by CRPS."""
    ours = forecasts(found, second, by_yield=True, seed=seed, progress=progress)
    walk = forecasts(found, second, by_yield=False, seed=seed)
    rows = []
    for h, of_walk in walk.items():
        losses = {"by the yield": ours[h].losses(), "random walk": of_walk.losses()}
        skill = _against(losses["by the yield"]["CRPS"], losses["random walk"]["CRPS"], h)
        for name, told in losses.items():
            mine = skill if name != "random walk" else (0.0, float("nan"), float("nan"))
            rows.append(
                {
                    "rows ahead": h,
                    "forecast": name,
                    "RMSE [points]": float(np.sqrt(told["squared error"].mean())),
                    "CRPS [points]": float(told["CRPS"].mean()),
                    "interval score [points]": float(told["interval score"].mean()),
                    "90 % held": (ours if name != "random walk" else walk)[h].coverage(),
                    "skill": mine[0],
                    "skill low": mine[1],
                    "skill high": mine[2],
                    "forecasts": len(of_walk.outcome),
                }
            )
    return pd.DataFrame(rows)


def calibrate_and_score(
    file: str | Path,
    *,
    response: Form = "logistic",
    seed: int = 0,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Calibration:
    """Livepeer's bonding by its yield, fitted on the first half of a history's rounds and scored on
    the second.

    file: a recorded history of Livepeer. response: "logistic" or "elasticity", the form. seed,
    draws: of the bootstrap and the forecasts. progress: called with rows done and all. Raises
    InputError for what cannot be read.
    """
    calibration, found, second = calibrate_bonding(file, response=response, seed=seed, draws=draws)
    table = score_bonding(found, second, seed=seed, progress=progress)
    ours = table[table["forecast"] != "random walk"]
    better = [int(r["rows ahead"]) for _, r in ours.iterrows() if r["skill low"] > 0.0]
    worse = [int(r["rows ahead"]) for _, r in ours.iterrows() if r["skill high"] < 0.0]

    def at(horizons: list[int]) -> str:
        return f"at {', '.join(map(str, horizons))} rows" if horizons else "at no horizon"

    verdict = f"told better than a random walk {at(better)}, told worse {at(worse)}"
    return replace(
        calibration,
        tables={TABLE: table},
        notes=(
            *calibration.notes,
            f"out of sample the response is {verdict}",
            "forecasts that overlap count by blocks as long as the horizon: few at 90 rows",
        ),
    )
