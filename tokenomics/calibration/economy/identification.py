"""What the moments tell of each parameter: the criterion's curve around its least.

A parameter is held at values around its estimate and the others are fitted again. It is told where
the distance rises by its limit within a factor of ten, half of it on either side. What is not told
is held: at its own value where that costs nothing, else where the least is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .search import ALIKE, descend, distance
from .search import ITERATIONS as FURTHER
from .simulated_moments import SimulatedMoments, covariance, curvature

LIMIT = 3.84  # 95 % point of chi-square with one degree of freedom
WIDE = 10.0  # an interval that spans this factor or more tells nothing
FACTORS = (WIDE**-0.5, 0.6, 1.7, WIDE**0.5)  # times the estimate
LEAST = 0.01  # of the limit: a rise that the others' fits leave uncertain
ITERATIONS = 2  # of the others' fits; they start where they are best at the estimate


@dataclass(frozen=True, eq=False)
class Criterion:
    """Distance of the model's mean moments from the target. spread: covariance of one history's
    moments, of simulated histories.
    """

    model: SimulatedMoments
    target: np.ndarray
    weight: np.ndarray

    def at(self, points: np.ndarray) -> np.ndarray:
        """Distance at log parameters, (points,)."""
        return distance(self.target - self.model.mean(points), self.weight)

    def least(
        self, starts: np.ndarray, free: np.ndarray, iterations: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points of least distance from starts (starts, parameters), and the distances."""
        targets = np.repeat(self.target[None], len(starts), axis=0)
        return descend(self.model, targets, starts, self.weight, free=free, iterations=iterations)


@dataclass(frozen=True, eq=False)
class Local:
    """The criterion near a point. slopes: of the moments by log parameters. errors: covariance of
    the log parameters that move, NaN elsewhere. limits: (parameters,), what the distance rises by
    at the ends of a 95 % interval.
    """

    slopes: np.ndarray
    errors: np.ndarray
    limits: np.ndarray


def local(criterion: Criterion, x: np.ndarray, spread: np.ndarray, free: np.ndarray) -> Local:
    """The criterion near a point, some parameters moving. spread: covariance of one history's
    moments.
    """
    slopes = criterion.model.slopes(x[None], free[None])[0]
    moving, size = np.flatnonzero(free), len(x)
    errors, limits = np.full((size, size), np.nan), np.full(size, np.nan)
    own = covariance(slopes[:, moving], criterion.weight, spread, criterion.model.runs)
    errors[np.ix_(moving, moving)] = own
    bend = np.diag(np.linalg.inv(curvature(slopes[:, moving], criterion.weight)))
    # a weight that is not the inverse of the spread makes the distance rise by more or less than
    # chi-square
    limits[moving] = LIMIT * np.maximum(np.diag(own) / bend, 1.0)
    return Local(slopes, errors, limits)


def curves(
    criterion: Criterion, x: np.ndarray, far: float, near: Local, free: np.ndarray
) -> tuple[pd.DataFrame, tuple[np.ndarray, float] | None]:
    """Distance above the least with each moving parameter held at multiples of its estimate and the
    others fitted again; and a point of the search's space with its distance that lies lower, if
    there is one.
    """
    space = criterion.model.space
    # bounds of a search are no bounds of what is possible
    wide = replace(space, low=space.low / WIDE, high=space.high * WIDE)
    beyond = replace(criterion, model=criterion.model.within(wide))
    starts, moving, rows = [], [], []
    for i in np.flatnonzero(free):
        for factor in FACTORS:
            start = x.copy()
            start[i] += np.log(factor)
            starts.append(start)
            moving.append(free & (np.arange(len(x)) != i))
            rows.append(
                {
                    "parameter": space.paths[i],
                    "times the estimate": factor,
                    "limit": near.limits[i],
                }
            )
    points, reached = beyond.least(np.array(starts), np.array(moving), ITERATIONS)
    table = pd.DataFrame(
        [
            row | {"distance above the least": value - far}
            for row, value in zip(rows, reached, strict=True)
        ]
    )
    lower = np.all(space.clip(points)[:, free] == points[:, free], axis=1) & (reached < far - ALIKE)
    if not lower.any():
        return table, None
    best = int(np.where(lower, reached, np.inf).argmin())
    there, least = criterion.least(points[best][None], free[None], FURTHER)
    return table, (there[0], float(least[0]))


def rises(table: pd.DataFrame, path: str) -> tuple[float, float]:
    """How far the distance rises on the side on which it rises less, in units of the limit and as
    it is.
    """
    own = table[table["parameter"] == path]
    ends = own[own["times the estimate"].isin((FACTORS[0], FACTORS[-1]))]
    rise = ends["distance above the least"].to_numpy()
    share = rise / ends["limit"].to_numpy()
    less = int(np.nan_to_num(share, nan=np.inf).argmin())
    return float(share[less]), float(rise[less])


def flatness(share: float, rise: float) -> str:
    """A rise of less than the limit in words, see `rises`. What is lower by more than a search's
    inexactness lies beyond the ranges, for within them the search goes on from there.
    """
    if rise < -ALIKE:
        return f"the distance is lower by {-rise:.2g} beyond the ranges of the search"
    if share < LEAST:
        return "the distance does not rise within a factor of ten"
    return f"the distance rises by {share:.2g} of its limit within a factor of ten"


def directions(
    paths: Sequence[str], slopes: np.ndarray, weight: np.ndarray, held: Mapping[int, str]
) -> pd.DataFrame:
    """Directions of the fitted log parameters, from the best told to the worst: by how many
    standard deviations of the data's own moments a unit of it moves them.
    """
    moving = [i for i in range(len(paths)) if i not in held]
    root = np.linalg.cholesky(weight)
    _, strength, found = np.linalg.svd(root.T @ slopes[:, moving], full_matrices=False)
    rows = []
    for size, direction in zip(strength, found, strict=True):
        direction = direction * np.sign(direction[np.abs(direction).argmax()])
        row = {
            "strength [sd per log unit]": size,
            "standard error along it": 1.0 / size if size > 0 else np.inf,
        }
        rows.append(row | {paths[i]: part for i, part in zip(moving, direction, strict=True)})
    return pd.DataFrame(rows)
