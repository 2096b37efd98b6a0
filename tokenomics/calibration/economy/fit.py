"""One history's fit: all Sobol points, descents from the best, and what the moments tell there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import InputError
from ...inputs import bounds
from ...parameters import Resolved
from .identification import Criterion, curves, flatness, local, rises
from .search import ITERATIONS, TOLERANCE, distance, multistart, nearest
from .simulated_moments import SimulatedMoments, Tick, curvature
from .space import Space, own_values

CHEAP = 0.05  # of the distance; what costs no more to hold at its own value is held there
FEWER = 32  # histories of a Sobol point: enough to tell where the valleys are
SEED_TEST = 1_000_003  # added to the seed for shocks that the fit has not seen


@dataclass(frozen=True, eq=False)
class Simulations:
    """How much is simulated. runs: histories a point. design: Sobol points of the global stage.
    starts: of them, from which a descent starts. check: histories behind tables and errors.
    """

    runs: int = 100
    design: int = 512
    starts: int = 3
    check: int = 1000
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        sizes = {
            name: (getattr(self, name), bound.from_(1))
            for bound, names in (
                (bounds.HISTORIES, ("runs", "check")),
                (bounds.RESAMPLES, ("design", "starts")),
            )
            for name in names
        }
        bounds.check(**sizes, seed=(self.seed, bounds.SEED), workers=(self.workers, bounds.WORKERS))


@dataclass(frozen=True, eq=False)
class MomentsFit:
    """x: log parameters. far: weighted distance at x. slopes: of the moments by them. covariance:
    of log parameters, NaN where held. curve: of the criterion around x.

    held: why a parameter is held, by its number. farther: share of histories simulated at x that,
    fitted themselves, lie farther from their fit. unfitted, scanned: distance at the values without
    a fit and at the best Sobol point. agree: starts that end near the best.
    """

    x: np.ndarray
    far: float
    weight: np.ndarray
    slopes: np.ndarray
    covariance: np.ndarray
    curve: pd.DataFrame
    held: Mapping[int, str]
    farther: float
    unfitted: float
    scanned: float
    agree: int


def model_of(
    resolved: Resolved,
    space: Space,
    days: int,
    runs: int,
    settings: Simulations,
    tick: Tick,
    other: int = 0,
) -> SimulatedMoments:
    """The model's moments over `days` returns. other: added to the seed."""
    return SimulatedMoments(
        resolved,
        space,
        days=days,
        runs=runs,
        seed=settings.seed + other,
        workers=settings.workers,
        tick=tick,
    )


def searched(
    criterion: Criterion, own: np.ndarray, settings: Simulations
) -> tuple[np.ndarray, float, int, float]:
    """Least distance over the whole space: log parameters, distance, starts that agree, and the
    distance at the best Sobol point. The points meet the first of the criterion's own shocks.
    """
    space = criterion.model.space
    points = space.spread(settings.design, settings.seed)
    means = criterion.model.first(FEWER).mean(points)
    starts = nearest(criterion.target[None], points, means, criterion.weight, settings.starts)[0]
    if not np.isfinite(criterion.at(starts[:1])[0]):
        raise InputError(
            "no point of the search can be simulated",
            argument="fit",
            expected="ranges within which the model runs",
        )
    x, far, agree = multistart(
        criterion.model, criterion.target, np.vstack([space.clip(own), starts]), criterion.weight
    )
    return x, far, agree, float(criterion.at(starts[:1])[0])


def fit_moments(
    resolved: Resolved,
    space: Space,
    target: np.ndarray,
    weight: np.ndarray,
    days: int,
    settings: Simulations,
    tick: Tick,
) -> MomentsFit:
    """Fit the target moments (moments,) of a history of `days` returns. weight: (moments,
    moments). tick: called with simulated runs and the length of each.
    """
    model = model_of(resolved, space, days, settings.runs, settings, tick)
    criterion, own = Criterion(model, target, weight), own_values(resolved, space)
    unfitted = float(criterion.at(own[None])[0])
    x, far, agree, scanned = searched(criterion, own, settings)
    refuse_worse(far, unfitted)
    check = model_of(resolved, space, days, settings.check, settings, tick, SEED_TEST)
    gaps = deviations(check, x)
    spread = np.cov(gaps.T)
    held: dict[int, str] = {}
    while True:
        free = np.array([i not in held for i in range(len(x))])
        near = local(criterion, x, spread, free)
        curve, lowest = curves(criterion, x, far, near, free)
        if lowest is not None:  # the curve found a way down that the descents did not
            x, far = lowest
            continue
        told = {i: rises(curve, space.paths[i]) for i in np.flatnonzero(free)}
        worst = min(told, key=told.get)
        if told[worst][0] >= 1.0 or len(told) == 1:
            farther = np.mean(refitted(gaps, near.slopes[:, free], weight) > far)
            return MomentsFit(
                x,
                far,
                weight,
                near.slopes,
                near.errors,
                curve,
                held,
                float(farther),
                unfitted,
                scanned,
                agree,
            )
        why = f"not told beside the others: {flatness(*told[worst])}"
        starts = np.vstack([x, own])
        starts[:, worst] = own[worst]
        rest = np.repeat((free & (np.arange(len(x)) != worst))[None], 2, axis=0)
        there, reached = criterion.least(starts, rest, ITERATIONS)
        best = int(reached.argmin())
        if reached[best] - far <= CHEAP:
            x, far = there[best], float(reached[best])
            held[worst] = f"{why}; held at its own value, {np.exp(own[worst]):.4g}"
        else:
            end = ", an end of its range" if space.at_bound(x)[worst] else ""
            held[worst] = (
                f"{why}; held where the fit is best, at {np.exp(x[worst]):.4g}{end}: its own "
                f"value, {np.exp(own[worst]):.4g}, is {reached[best] - far:.3g} farther"
            )


def refuse_worse(far: float, unfitted: float) -> None:
    """Raise InputError where a fit lies farther from the moments than the values without one."""
    if far > unfitted + TOLERANCE:
        raise InputError(
            f"a distance of {far:.4g} at the best point, of {unfitted:.4g} without a fit",
            argument="fit",
            expected="ranges that hold a better point, or the values without a fit",
        )


def deviations(model: SimulatedMoments, x: np.ndarray) -> np.ndarray:
    """Moments of simulated histories at a point less their means, (runs, moments). Raises
    InputError where runs fail.
    """
    values = model.each(x[None])[0]
    if not np.isfinite(values).all():
        raise InputError(
            "simulated runs fail at the estimate",
            argument="fit",
            expected="ranges within which the model runs",
        )
    return values - values.mean(axis=0)


def refitted(gaps: np.ndarray, slopes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Distance of histories from their own fits, by the slopes, (histories,)."""
    pull = np.linalg.solve(curvature(slopes, weight), slopes.T @ weight)
    return distance(gaps - gaps @ pull.T @ slopes.T, weight)
