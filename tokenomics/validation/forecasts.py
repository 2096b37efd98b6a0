"""Predictive distributions of the model: from the state of a day, many runs with sampled news and
noise.

A day's runs have run indices of their own, counted from the history's first date, so that a
forecast depends on the closes up to its day alone, and the shocks of two days are independent.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..engines.ensemble import Ensemble
from ..errors import ModelError
from ..experiments.history import undisturbed
from ..model.model import Model, bind
from ..model.shocks import ShockTable, sample
from ..parameters import Parameters, put
from .replay import Replayed, Settled
from .scores import LEVELS, Draws, draws

SHARES = tuple(
    sorted(
        {0.5, *(0.5 - level / 2.0 for level in LEVELS), *(0.5 + level / 2.0 for level in LEVELS)}
    )
)  # quantiles of a fan


@dataclass(frozen=True, eq=False)
class Collected:
    """What is kept of a forecaster's draws. ahead: by horizon. fans: quantiles (shares, horizon) of
    some days. broken: runs that failed.
    """

    ahead: dict[int, Draws]
    fans: dict[int, np.ndarray]
    broken: int


def collect(
    paths: Iterable[Mapping[str, np.ndarray]],
    days: Sequence[int],
    horizons: Sequence[int],
    fans: Sequence[int],
) -> dict[str, Collected]:
    """Keep the draws at some horizons [days], and the fans of some days, by forecaster.

    paths: by day and forecaster, log price relative to the day's close, (runs, steps). A run that
    broke is NaN; the others are counted again in its place. Raises ModelError where all runs of a
    day broke.
    """
    kept: dict[str, dict[int, list[np.ndarray]]] = defaultdict(lambda: {h: [] for h in horizons})
    shown: dict[str, dict[int, np.ndarray]] = defaultdict(dict)
    broken: dict[str, int] = defaultdict(int)
    for day, made in zip(days, paths, strict=True):
        for name, path in made.items():
            good = np.isfinite(path[:, -1])
            if not good.any():
                raise ModelError(
                    f"{name}: all runs of the forecast on day {day} of the history break a check"
                )
            broken[name] += int(np.sum(~good))
            whole = path[np.resize(np.flatnonzero(good), len(path))] if not good.all() else path
            for h in horizons:
                kept[name][h].append(whole[:, h - 1].copy())  # a view would keep the whole path
            if day in fans:
                shown[name][day] = np.quantile(whole, SHARES, axis=0, method="weibull")
    return {
        name: Collected(
            {h: draws(np.array(rows)) for h, rows in by.items()}, shown[name], broken[name]
        )
        for name, by in kept.items()
    }


def model_paths(
    parameters: Parameters,
    replays: Mapping[str, Replayed | Settled],
    days: Sequence[int],
    *,
    horizon: int,
    runs: int,
    seed: int,
    model: Model,
) -> Iterator[dict[str, np.ndarray]]:
    """Log price relative to the day's close after 1 to `horizon` days, (runs, horizon) by replay,
    day after day.

    parameters: as in the replays, with shocks. days: since the history's first date. All replays
    meet the same shocks. A run that breaks is NaN.
    """
    quiet = put(undisturbed(parameters), {"simulation.days": float(horizon)})

    def shocks(day: int) -> ShockTable:
        return sample(
            quiet, np.arange(day * runs, (day + 1) * runs), seed, extra=model.processes(quiet)
        )

    params = bind(quiet, shocks(int(days[0])), model)
    engine = Ensemble(model.bound(params), params, record=("token_price",), steps=horizon)

    def simulate(day: int) -> dict[str, np.ndarray]:
        drawn, found = engine.shocks(shocks(day)), {}
        for name, one in replays.items():
            start = one.at(day)
            outcome = engine(start, {}, drawn, lanes=runs)
            with np.errstate(all="ignore"):
                path = np.log(
                    outcome.values["token_price"][:, 1:] / np.reshape(start["token_price"], (-1, 1))
                )
            found[name] = np.where(outcome.failed[:, None] > 0, np.nan, path)
        return found

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(simulate, map(int, days))
