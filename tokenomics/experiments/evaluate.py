"""Metrics of many parameter points at once: steady states, shocks, simulation, metrics, a few runs at a time.

A number depends on its point and its run index alone. Shocks are drawn once for all points, so that points and policies
meet the same ones (common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from .. import equilibrium
from ..engines.ensemble import Ensemble
from ..engines.kernel import LANES
from ..errors import InputError, TokenomicsError
from ..model import MODEL, Model, bind
from ..parameters import Parameters, Resolved
from ..results.metrics import METRICS, evaluate_metrics
from ..shocks import sample
from ..state import SHARED

AT_ONCE = 256  # runs simulated and reduced to metrics at a time: bounds the memory
FEW = 32  # runs; as many or more are filled up to whole vectors, fewer are laid end to end


@dataclass(frozen=True)
class Evaluation:
    """values: (points, runs) by metric, NaN for a failed run. failed_day: (points, runs), day of the step that failed, else NaN.

    errors: a line for each point that could not be simulated, else empty.
    """

    values: dict[str, np.ndarray]
    failed_day: np.ndarray
    errors: tuple[str, ...]


def invalid(resolved: Resolved, paths: Sequence[str], points: Sequence[Sequence[Any]]) -> list[str]:
    """What is wrong with each point's parameters; empty where nothing is."""
    found = []
    for point in points:
        tree = resolved.values.model_dump()
        for path, value in zip(paths, point, strict=True):
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node[group]
            node[name] = value
        try:
            Parameters.model_validate(tree)
            found.append("")
        except ValidationError:
            try:
                resolved.replace(dict(zip(paths, point, strict=True)), source="sweep")
                found.append("")
            except InputError as error:
                found.append(str(error))
    return found


def no_steady_state(resolved: Resolved, paths: Sequence[str], point: Sequence[Any], model: Model) -> str:
    """Why a point has no steady state."""
    try:
        equilibrium.solve(resolved.replace(dict(zip(paths, point, strict=True)), source="sweep").values, model)
    except TokenomicsError as error:
        return str(error)
    return "no steady state"


def evaluate(
    resolved: Resolved,
    paths: Sequence[str],
    points: Sequence[Sequence[Any]],
    *,
    runs: np.ndarray,
    seed: int,
    metrics: Sequence[str],
    model: Model = MODEL,
) -> Evaluation:
    """Metrics of every point and run.

    resolved: parameters of all points but for `paths`, whose values, numbers, are given point by point. runs: run indices.
    Raises ModelError for blocks that cannot be compiled.
    """
    parameters, count = resolved.values, len(points)
    errors = invalid(resolved, paths, points)
    good = [i for i, error in enumerate(errors) if not error]
    shape = (count, len(runs))
    values = {name: np.full(shape, np.nan) for name in metrics}
    failed_day = np.full(shape, np.nan)
    swept = {path: np.array([float(points[i][k]) for i in good]) for k, path in enumerate(paths)}
    start = equilibrium.start(dict(parameters), model, swept, len(good)) if good else {}
    if good:
        exists = np.isfinite(start["token_price"])
        for i in np.flatnonzero(~exists):
            errors[good[i]] = no_steady_state(resolved, paths, points[good[i]], model)
        good = [i for i, ok in zip(good, exists, strict=True) if ok]
        swept = {path: column[exists] for path, column in swept.items()}
        start = {n: v if n in SHARED else v[exists] for n, v in start.items()}
    if not good:
        return Evaluation(values, failed_day, tuple(errors))

    # A vector holds runs of one point wherever that wastes little, so that points can share the columns of the shocks.
    wide = np.pad(runs, (0, -len(runs) % LANES), mode="edge") if len(runs) >= FEW else runs
    table = sample(parameters, wide, seed, extra=model.extra_shocks)
    params = bind(parameters, table)
    needs = sorted({variable for name in metrics for variable in METRICS[name].needs})
    steps = parameters.simulation.steps
    engine = Ensemble(model.bound(params), params, swept=paths, record=needs, steps=steps)
    shocks = engine.shocks(table)
    lanes = len(good) * len(wide)
    flat = {name: np.empty(lanes) for name in metrics}
    failed = np.empty(lanes)
    for first in range(0, lanes, AT_ONCE):
        piece = slice(first, min(first + AT_ONCE, lanes))
        point = np.arange(piece.start, piece.stop) // len(wide)
        mine = {path: column[point] for path, column in swept.items()}
        begin = {n: v if n in SHARED else v[point] for n, v in start.items()}
        outcome = engine(begin, mine, shocks, first_lane=first, lanes=len(point))
        with np.errstate(all="ignore"):
            found = evaluate_metrics(metrics, outcome.values, parameters, mine)
        broken = outcome.failed > 0
        for name in metrics:
            flat[name][piece] = np.where(broken, np.nan, found[name])
        failed[piece] = np.where(broken, (outcome.failed - 1) * parameters.simulation.time_step, np.nan)
    for name in metrics:
        values[name][good] = flat[name].reshape(len(good), -1)[:, : len(runs)]
    failed_day[good] = failed.reshape(len(good), -1)[:, : len(runs)]
    return Evaluation(values, failed_day, tuple(errors))
