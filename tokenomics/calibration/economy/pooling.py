"""Parameters that several histories share, beside those that are each one's own: the least sum of
their distances.

Every history has its target, weight and length; all have one space, of own parameters first and
shared ones last. The descent takes all own and shared parameters at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .identification import Criterion
from .search import DAMPINGS, TOLERANCE
from .simulated_moments import UNTOLD

ITERATIONS = 8


@dataclass(frozen=True, eq=False)
class Pooled:
    """x: log parameters of each history (histories, parameters), the shared ones alike. far:
    distance of each. covariance: of the shared log parameters.
    """

    x: np.ndarray
    far: np.ndarray
    covariance: np.ndarray


def pool(criteria: Sequence[Criterion], starts: np.ndarray, shared: int) -> Pooled:
    """The least sum of distances. starts: best points of each history alone, (histories,
    parameters). shared: how many of the last parameters are shared.

    The descent starts where the shared parameters are the mean of the histories' own best ones,
    each weighed by how well it tells them.
    """
    own, every = starts.shape[1] - shared, len(criteria)
    slopes = [one.model.slopes(x[None])[0] for one, x in zip(criteria, starts, strict=True)]
    told = [_marginal(one.weight, slope, own) for one, slope in zip(criteria, slopes, strict=True)]
    mean = np.linalg.solve(sum(told), sum(i @ x[own:] for i, x in zip(told, starts, strict=True)))
    x = starts.copy()
    x[:, own:] = mean
    x = criteria[0].model.space.clip(x)
    means = _means(criteria, x)
    far = _far(criteria, means)
    for _ in range(ITERATIONS):
        slopes = [one.model.slopes(row[None])[0] for one, row in zip(criteria, x, strict=True)]
        hessian, slope = _normal(criteria, slopes, means, own)
        best = None
        for damping in DAMPINGS:
            damped = hessian + np.diag(damping * np.diag(hessian) + UNTOLD)
            step = np.clip(np.linalg.solve(damped, slope), -1.0, 1.0)
            tried = x.copy()
            tried[:, :own] += step[: every * own].reshape(every, own)
            tried[:, own:] += step[every * own :]
            tried = criteria[0].model.space.clip(tried)
            reached = _means(criteria, tried)
            distances = np.nan_to_num(_far(criteria, reached), nan=np.inf)
            if best is None or distances.sum() < best[2].sum():
                best = tried, reached, distances
        gained = far.sum() - best[2].sum()
        if gained > 0.0:
            x, means, far = best
        if gained <= TOLERANCE * every:
            break
    return Pooled(x, far, _shared_errors(criteria, x, own))


def _means(criteria: Sequence[Criterion], x: np.ndarray) -> np.ndarray:
    return np.stack([one.model.mean(row[None])[0] for one, row in zip(criteria, x, strict=True)])


def _far(criteria: Sequence[Criterion], means: np.ndarray) -> np.ndarray:
    gaps = [one.target - mean for one, mean in zip(criteria, means, strict=True)]
    return np.array([gap @ one.weight @ gap for one, gap in zip(criteria, gaps, strict=True)])


def _marginal(weight: np.ndarray, slopes: np.ndarray, own: int) -> np.ndarray:
    """Information on the shared parameters with the own ones left free."""
    whole = slopes.T @ weight @ slopes + UNTOLD * np.eye(slopes.shape[1])
    cross = whole[:own, own:]
    return whole[own:, own:] - cross.T @ np.linalg.solve(whole[:own, :own], cross)


def _normal(
    criteria: Sequence[Criterion], slopes: Sequence[np.ndarray], means: np.ndarray, own: int
) -> tuple[np.ndarray, np.ndarray]:
    """Half the second and minus half the first derivatives of the sum, of all own parameters and
    then the shared ones.
    """
    every, shared = len(criteria), slopes[0].shape[1] - own
    size = every * own + shared
    hessian, slope = np.zeros((size, size)), np.zeros(size)
    for i, (one, mine, mean) in enumerate(zip(criteria, slopes, means, strict=True)):
        where = np.r_[i * own : (i + 1) * own, every * own : size]
        hessian[np.ix_(where, where)] += mine.T @ one.weight @ mine
        slope[where] += mine.T @ one.weight @ (one.target - mean)
    return hessian, slope


def _shared_errors(criteria: Sequence[Criterion], x: np.ndarray, own: int) -> np.ndarray:
    """Covariance of the shared log parameters: each history's moments vary as simulated ones do,
    independently of the others'.
    """
    slopes = [one.model.slopes(row[None])[0] for one, row in zip(criteria, x, strict=True)]
    hessian, _ = _normal(criteria, slopes, _means(criteria, x), own)
    inverse = np.linalg.inv(hessian + UNTOLD * np.eye(len(hessian)))
    middle, size = np.zeros_like(hessian), len(hessian)
    for i, (one, mine, row) in enumerate(zip(criteria, slopes, x, strict=True)):
        where = np.r_[i * own : (i + 1) * own, len(criteria) * own : size]
        pull = mine.T @ one.weight
        middle[np.ix_(where, where)] += pull @ np.cov(one.model.each(row[None])[0].T) @ pull.T
    runs = criteria[0].model.runs
    errors = (1.0 + 1.0 / runs) * inverse @ middle @ inverse + UNTOLD * inverse @ inverse
    return errors[len(criteria) * own :, len(criteria) * own :]
