"""Simulated method of moments: parameters at which a model's moments are nearest to measured ones,
for many measured histories at once.

All points meet the same shocks, so that the distance is smooth in the parameters; the least squares
are Levenberg and Marquardt's. One simulated run, after its burn-in, is one history of the length of
the real one: its moments carry the same small-sample bias, and their covariance over runs is the
sampling error. Sources: McFadden (1989), Econometrica 57, 995-1026; Duffie and Singleton (1993),
Econometrica 61, 929-952.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from ...errors import InputError
from ...experiments.evaluate import Simulator
from ...parameters import Resolved
from .moments import BURN_IN, MOMENTS, natural, reduce

STEP = 0.1  # in log parameters, of the derivatives
DAMPINGS = (1e-3, 0.1, 3.0)  # tried in every iteration
# information of a log parameter below which the moments tell nothing: its standard error is 100
# where they do not move at all
UNTOLD = 1e-4
TOLERANCE = 1e-3  # of the distance, which is of the order of the number of moments
Tick = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Space:
    """Parameters that are fitted, in logs between bounds. low, high: (parameters,) in their own
    units.
    """

    paths: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray

    def clip(self, x: np.ndarray) -> np.ndarray:
        """Log parameters within their bounds."""
        return np.clip(x, np.log(self.low), np.log(self.high))

    def at_bound(self, x: np.ndarray) -> np.ndarray:
        """Which log parameters lie on a bound."""
        return (x <= np.log(self.low) + 1e-9) | (x >= np.log(self.high) - 1e-9)

    def spread(self, count: int, seed: int) -> np.ndarray:
        """Sobol points, (count, parameters) in logs."""
        unit = qmc.Sobol(len(self.paths), seed=seed).random(count)
        return np.log(self.low) + unit * np.log(self.high / self.low)


class SimulatedMoments:
    """Moments of the model as a function of log parameters, on fixed shocks. tick: called with the
    number of points of each evaluation.
    """

    def __init__(
        self,
        resolved: Resolved,
        space: Space,
        *,
        days: int,
        runs: int,
        seed: int,
        workers: int = 1,
        tick: Tick | None = None,
    ):
        longer = resolved.replace(
            {"simulation.days": float(BURN_IN + days)}, source="length of the history and burn-in"
        )
        self.space, self.runs, self._workers, self._tick = space, runs, workers, tick
        self._simulator = Simulator(
            longer, space.paths, runs=np.arange(runs), seed=seed, needs=["token_price"]
        )

    def within(self, space: Space) -> SimulatedMoments:
        """The same with other bounds."""
        other = copy(self)
        other.space = space
        return other

    def each(self, points: np.ndarray) -> np.ndarray:
        """Moments of every run, (points, runs, moments); NaN where it failed."""
        found = self._simulator(
            [tuple(map(float, point)) for point in np.exp(points)], MOMENTS, reduce, self._workers
        )
        if self._tick:
            self._tick(len(points))
        return np.stack([found.values[name] for name in MOMENTS], axis=-1)

    def natural(self, point: np.ndarray) -> dict[str, np.ndarray]:
        """Moments on their own scales of every run that did not fail, (runs,) by name, at one
        point.
        """
        found = self._simulator(
            [tuple(map(float, np.exp(point)))],
            MOMENTS,
            lambda outcome, swept: natural(outcome.values),
            self._workers,
        )
        if self._tick:
            self._tick(1)
        return {name: column[0][np.isfinite(column[0])] for name, column in found.values.items()}

    def mean(self, points: np.ndarray) -> np.ndarray:
        """Their means over runs, (points, moments); NaN where a run of the point failed."""
        return self.each(points).mean(axis=1)

    def weight(self, points: np.ndarray) -> np.ndarray:
        """Inverse covariance over runs (points, moments, moments). Raises InputError where runs
        fail.
        """
        values = self.each(points)
        if not np.isfinite(values).all():
            raise InputError(
                "simulated runs fail at the estimate",
                argument="fit",
                expected="ranges within which the model runs",
            )
        gap = values - values.mean(axis=1, keepdims=True)
        return np.linalg.inv(np.einsum("prm,prn->pmn", gap, gap) / (self.runs - 1))

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """Derivatives by log parameters, (points, moments, parameters); one-sided at a bound."""
        count, size = points.shape
        shifted = np.repeat(points[:, None, :], 2 * size, axis=1)
        for i in range(size):
            shifted[:, 2 * i, i] += STEP
            shifted[:, 2 * i + 1, i] -= STEP
        shifted = self.space.clip(shifted)
        means = self.mean(shifted.reshape(-1, size)).reshape(count, 2 * size, -1)
        width = np.stack(
            [shifted[:, 2 * i, i] - shifted[:, 2 * i + 1, i] for i in range(size)], axis=-1
        )
        return np.moveaxis(means[:, 0::2] - means[:, 1::2], 1, 2) / width[:, None, :]


def distance(gap: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted square of gaps (..., moments). weight: (moments, moments), or one for each gap."""
    return np.einsum("...i,...ij,...j->...", gap, weight, gap)


def nearest(
    targets: np.ndarray, points: np.ndarray, means: np.ndarray, weight: np.ndarray, count: int
) -> np.ndarray:
    """The `count` points nearest to each target, (targets, count, parameters). means: (points,
    moments) at the points.
    """
    far = distance(targets[:, None, :] - np.nan_to_num(means, nan=1e6)[None], weight)
    return points[np.argsort(far, axis=1)[:, :count]]


def descend(
    model: SimulatedMoments,
    targets: np.ndarray,
    starts: np.ndarray,
    weight: np.ndarray,
    *,
    free: np.ndarray | None = None,
    iterations: int = 12,
) -> tuple[np.ndarray, np.ndarray]:
    """Least distance from each start: log parameters (problems, parameters), and the distance
    (problems,).

    targets: (problems, moments). starts: (problems, parameters). weight: (moments, moments), or one
    for each problem. free: which parameters move, all by default.
    """
    weights = np.broadcast_to(weight, (len(targets), *np.shape(weight)[-2:]))
    x, size = model.space.clip(starts.copy()), starts.shape[1]
    moving = np.ones_like(x, dtype=bool) if free is None else free
    at = model.mean(x)
    far = np.nan_to_num(distance(targets - at, weights), nan=np.inf)
    going = np.isfinite(far)
    for _ in range(iterations):
        active = np.flatnonzero(going)
        if not len(active):
            break
        here, slopes, weight = (
            x[active],
            model.slopes(x[active]) * moving[active][:, None, :],
            weights[active],
        )
        usable = np.isfinite(slopes).all(axis=(1, 2))
        slopes = np.nan_to_num(slopes)
        hessian = np.einsum("pmi,pmn,pnj->pij", slopes, weight, slopes)
        slope = np.einsum("pmi,pmn,pn->pi", slopes, weight, targets[active] - at[active])
        scale = np.einsum("pii->pi", hessian) + 1e-9
        trials = []
        for damping in DAMPINGS:
            damped = hessian + np.einsum("pi,ij->pij", damping * scale + 1e-9, np.eye(size))
            trials.append(
                model.space.clip(
                    here + np.clip(np.linalg.solve(damped, slope[..., None])[..., 0], -1.0, 1.0)
                )
            )
        tried = np.stack(trials, axis=1)
        means = model.mean(tried.reshape(-1, size)).reshape(len(active), len(DAMPINGS), -1)
        reached = np.nan_to_num(
            distance(targets[active][:, None] - means, weight[:, None]), nan=np.inf
        )
        best = reached.argmin(axis=1)
        least = reached[np.arange(len(active)), best]
        better = usable & (least < far[active])
        going[active] = usable & (far[active] - least > TOLERANCE)
        rows, chosen = active[better], (np.flatnonzero(better), best[better])
        x[rows], at[rows], far[rows] = tried[chosen], means[chosen], least[better]
    return x, far


def multistart(
    model: SimulatedMoments, targets: np.ndarray, starts: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best of several starts for each target: log parameters, distance, and how many starts end
    within 0.1 of it.

    starts: (targets, starts, parameters).
    """
    count, tries, size = starts.shape
    x, far = descend(model, np.repeat(targets, tries, axis=0), starts.reshape(-1, size), weight)
    x, far = x.reshape(count, tries, size), far.reshape(count, tries)
    best = far.argmin(axis=1)
    rows = np.arange(count)
    return x[rows, best], far[rows, best], np.sum(far < far[rows, best][:, None] + 0.1, axis=1)


def covariance(slopes: np.ndarray, weight: np.ndarray, runs: int) -> np.ndarray:
    """Covariance of log parameters (..., parameters, parameters), the moments' covariance being the
    weight's inverse. runs: simulated histories.

    A direction that moves no moment has a variance of 1 / UNTOLD; a pseudo-inverse would give it
    none, and so call it known exactly.
    """
    information = np.einsum("...mi,...mn,...nj->...ij", slopes, weight, slopes)
    return (1.0 + 1.0 / runs) * np.linalg.inv(information + UNTOLD * np.eye(information.shape[-1]))


def positive_range(
    resolved: Resolved, path: str, low: float | None, high: float | None, factor: float = 4.0
) -> Sequence[float]:
    """Bounds of a fitted parameter: those given, else its value divided and multiplied by a
    factor.
    """
    if path not in resolved.entries or not isinstance(resolved.entries[path].value, float):
        raise InputError(
            f"'{path}'",
            argument="fit",
            expected="the path of a number, for example speculation.noise",
        )
    value = resolved.entries[path].value
    found = (value / factor if low is None else low, value * factor if high is None else high)
    if not 0.0 < found[0] < found[1]:
        raise InputError(
            f"a range from {found[0]:g} to {found[1]:g} for {path}",
            argument="fit",
            expected="path=low:high with 0 < low < high",
        )
    return found
