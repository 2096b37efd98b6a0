"""The point of least distance: all Sobol points first, on one set of shocks, then a descent from
the best of them.

Descents are Levenberg's and Marquardt's, many problems at once, each point simulated on the same
shocks: so the distance is smooth in the parameters.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .space import Space

DAMPINGS = (1e-3, 0.1, 3.0)  # tried in every iteration
TOLERANCE = 1e-3  # of the distance, which is of the order of the number of moments
ITERATIONS = 8
ALIKE = 0.1  # of the distance: starts that end so near the least found the same


class Curve(Protocol):
    """Moments and their derivatives at log parameters."""

    space: Space

    def mean(self, points: np.ndarray) -> np.ndarray:
        """(points, moments)."""

    def slopes(self, points: np.ndarray, free: np.ndarray | None = None) -> np.ndarray:
        """(points, moments, parameters), zero for what is not free."""


def distance(gap: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted square of gaps (..., moments). weight: (moments, moments), or one for each gap."""
    return np.einsum("...i,...ij,...j->...", gap, weight, gap)


def nearest(
    targets: np.ndarray, points: np.ndarray, means: np.ndarray, weight: np.ndarray, count: int
) -> np.ndarray:
    """The `count` points nearest to each target, (targets, count, parameters). means: (points,
    moments) at the points. weight: one, or one for each target.
    """
    weight = np.broadcast_to(weight, (len(targets), *np.shape(weight)[-2:]))[:, None]
    far = distance(targets[:, None, :] - np.nan_to_num(means, nan=1e6)[None], weight)
    return points[np.argsort(far, axis=1)[:, :count]]


def descend(
    model: Curve,
    targets: np.ndarray,
    starts: np.ndarray,
    weight: np.ndarray,
    *,
    free: np.ndarray | None = None,
    iterations: int = ITERATIONS,
) -> tuple[np.ndarray, np.ndarray]:
    """Least distance from each start: log parameters (problems, parameters), and the distance
    (problems,).

    targets: (problems, moments). starts: (problems, parameters). weight: (moments, moments), or one
    for each problem. free: which parameters move, all by default.
    """
    weights = np.broadcast_to(weight, (len(targets), *np.shape(weight)[-2:]))
    size = starts.shape[1]
    moving = np.ones_like(starts, dtype=bool) if free is None else free
    # what does not move may lie out of the range of the search
    x = np.where(moving, model.space.clip(starts), starts)
    at = model.mean(x)
    far = np.nan_to_num(distance(targets - at, weights), nan=np.inf)
    going = np.isfinite(far)
    for _ in range(iterations):
        active = np.flatnonzero(going)
        if not len(active):
            break
        here, weight = x[active], weights[active]
        slopes = model.slopes(here, moving[active])
        usable = np.isfinite(slopes).all(axis=(1, 2))
        slopes = np.nan_to_num(slopes)
        hessian = np.einsum("pmi,pmn,pnj->pij", slopes, weight, slopes)
        slope = np.einsum("pmi,pmn,pn->pi", slopes, weight, targets[active] - at[active])
        scale = np.einsum("pii->pi", hessian) + 1e-9
        trials = []
        for damping in DAMPINGS:
            damped = hessian + np.einsum("pi,ij->pij", damping * scale + 1e-9, np.eye(size))
            step = np.clip(np.linalg.solve(damped, slope[..., None])[..., 0], -1.0, 1.0)
            trials.append(np.where(moving[active], model.space.clip(here + step), here))
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
    model: Curve, target: np.ndarray, starts: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, float, int]:
    """Best of several starts (starts, parameters): log parameters, distance, and how many of the
    starts end at about the same distance.
    """
    x, far = descend(model, np.repeat(target[None], len(starts), axis=0), starts, weight)
    best = int(far.argmin())
    return x[best], float(far[best]), int(np.sum(far < far[best] + ALIKE))
