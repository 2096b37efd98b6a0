"""The model's moments as a function of its log parameters, on fixed shocks.

One simulated run, after its burn-in, is one history of the length of the real one: its moments
carry the same small-sample bias, and their covariance over runs is the sampling error. Sources:
McFadden (1989), Econometrica 57, 995-1026; Duffie and Singleton (1993), Econometrica 61, 929-952.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy

import numpy as np

from ...engines.ensemble import Outcome
from ...experiments.evaluate import Reduce, Simulator
from ...parameters import Resolved
from .moments import BURN_IN, MOMENTS, natural, reduce
from .space import Space

STEP = 0.1  # in log parameters, of the derivatives
# information of a log parameter below which the moments tell nothing: its standard error is 100
# where they do not move at all
UNTOLD = 1e-4
Tick = Callable[[int, int], None]


class SimulatedMoments:
    """days: of a history. tick: called with the runs of each evaluation and their days."""

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
        self.space, self.runs, self.days = space, runs, days
        self._workers, self._tick = workers, tick
        self._made = longer, seed
        self._simulator = self._compiled(runs)

    def _compiled(self, runs: int) -> Simulator:
        longer, seed = self._made
        return Simulator(
            longer, self.space.paths, runs=np.arange(runs), seed=seed, needs=["token_price"]
        )

    def first(self, runs: int) -> SimulatedMoments:
        """The same on the first of its shocks alone."""
        if runs >= self.runs:
            return self
        other = copy(self)
        other.runs = runs
        other._simulator = other._compiled(other.runs)
        return other

    def within(self, space: Space) -> SimulatedMoments:
        """The same with other bounds."""
        other = copy(self)
        other.space = space
        return other

    def each(self, points: np.ndarray) -> np.ndarray:
        """Moments of every run, (points, runs, moments); NaN where it failed."""
        return self._stacked(points, MOMENTS, reduce)

    def natural(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Moments on their own scales of all runs of all points that did not fail, (runs,) by
        name.
        """
        found = self._stacked(points, MOMENTS, lambda outcome, _: natural(outcome.values))
        rows = found.reshape(-1, len(MOMENTS))
        rows = rows[np.isfinite(rows).all(axis=1)]
        return dict(zip(MOMENTS, rows.T, strict=True))

    def spans(self, points: np.ndarray, parts: int) -> np.ndarray:
        """Log volatility of a day in each of some equal parts of the days, (points, runs, parts);
        NaN where a run failed.
        """
        names = [str(part) for part in range(parts)]

        def by_part(outcome: Outcome, swept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            found = log_volatilities(outcome.values["token_price"][:, BURN_IN:], parts)
            return dict(zip(names, found.T, strict=True))

        return self._stacked(points, names, by_part)

    def _stacked(self, points: np.ndarray, names: Sequence[str], reduce: Reduce) -> np.ndarray:
        found = self._simulator(
            [tuple(map(float, point)) for point in np.exp(points)], names, reduce, self._workers
        )
        if self._tick:
            self._tick(len(points) * self.runs, self.days)
        return np.stack([found.values[name] for name in names], axis=-1)

    def mean(self, points: np.ndarray) -> np.ndarray:
        """Their means over runs, (points, moments); NaN where a run of the point failed."""
        return self.each(points).mean(axis=1)

    def slopes(self, points: np.ndarray, free: np.ndarray | None = None) -> np.ndarray:
        """Derivatives by log parameters, (points, moments, parameters); one-sided at a bound. free:
        (points, parameters), of which they are wanted; zero for the others.
        """
        count, size = points.shape
        wanted = np.ones((count, size), dtype=bool) if free is None else free
        rows, columns = np.nonzero(wanted)
        ends = []
        for sign in (1.0, -1.0):
            moved = points[rows].copy()
            moved[np.arange(len(rows)), columns] += sign * STEP
            ends.append(np.where(np.eye(size, dtype=bool)[columns], self.space.clip(moved), moved))
        up, down = np.split(self.mean(np.concatenate(ends)), 2)
        width = (ends[0] - ends[1])[np.arange(len(rows)), columns]
        found = np.zeros((count, len(MOMENTS), size))
        found[rows, :, columns] = (up - down) / width[:, None]
        return found


def log_volatilities(prices: np.ndarray, parts: int) -> np.ndarray:
    """Log of the standard deviation of daily returns in equal parts, (..., parts). prices: (...,
    days).
    """
    returns = np.diff(np.log(prices), axis=-1)
    return np.stack(
        [np.log(part.std(axis=-1)) for part in np.array_split(returns, parts, axis=-1)], axis=-1
    )


def covariance(slopes: np.ndarray, weight: np.ndarray, spread: np.ndarray, runs: int) -> np.ndarray:
    """Covariance of log parameters (..., parameters, parameters) by least distance in a fixed
    weight.

    spread: covariance of one history's moments. runs: simulated histories, whose mean moments have
    an error of their own. A direction that moves no moment has a variance of 1 / UNTOLD.
    """
    inverse = np.linalg.inv(curvature(slopes, weight))
    pull = np.einsum("...ij,...mj,...mn->...in", inverse, slopes, weight)
    taken = np.einsum("...im,...mn,...jn->...ij", pull, spread, pull)
    return (1.0 + 1.0 / runs) * taken + UNTOLD * inverse @ inverse


def curvature(slopes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Half the second derivative of the distance by log parameters."""
    return np.einsum("...mi,...mn,...nj->...ij", slopes, weight, slopes) + UNTOLD * np.eye(
        slopes.shape[-1]
    )
