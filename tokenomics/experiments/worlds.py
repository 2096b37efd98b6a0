"""The worlds among the points of a sweep: points that differ in their levers alone share one, and
with it the start of today's network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines.instructions import LANES
from ..errors import InputError
from ..model.model import Model
from ..model.steady_state import no_starts, starts
from ..model.variables import some_of
from ..parameters import Parameters

AT_ONCE = 256  # runs simulated and reduced to metrics at a time: bounds the memory
MOST_STATES = 4096  # that are held at a time where every run has a start of its own
FEW = 64  # runs; as many or more are filled up to whole vectors, fewer are laid end to end

Each = Callable[..., Iterable[Any]]  # maps a function, on threads or not


def pieces(lanes: int, workers: int) -> list[slice]:
    """Lanes in pieces of whole vectors, about as large as one another, that the workers share
    evenly: none is left to wait for the others. At most `AT_ONCE` in each.
    """
    count = -(-lanes // AT_ONCE)
    count += -count % workers
    size = -(-lanes // (count * LANES)) * LANES
    return [slice(first, min(first + size, lanes)) for first in range(0, lanes, size)]


@dataclass(frozen=True, eq=False)
class Worlds:
    """Points by their world, all of one together. points: their numbers. of: each one's world.
    values: of the worlds (worlds, paths). start: at rest, (worlds,) by name.
    """

    points: np.ndarray
    of: np.ndarray
    values: np.ndarray
    start: dict[str, np.ndarray]

    def batches(self, width: int | None) -> Iterator[slice]:
        """Points that are simulated together, so that the states of their worlds are few. width:
        states of a world; None where there is one.
        """
        most = len(self.values) if width is None else max(1, MOST_STATES // width)
        first = 0
        while first < len(self.of):
            end = int(np.searchsorted(self.of, self.of[first] + most))
            yield slice(first, end)
            first = end


class Batch:
    """Some points of `worlds`. runs: that they are simulated for. shocks: what the kernel of every
    stage reads. world: number of each point's world among those of the batch. values, start: of
    these worlds.
    """

    def __init__(
        self, worlds: Worlds, points: slice, runs: np.ndarray, shocks: Sequence[np.ndarray]
    ):
        self.runs, self.shocks = runs, shocks
        first = worlds.of[points.start]
        here = slice(first, worlds.of[points.stop - 1] + 1)
        self.world = worlds.of[points] - first
        self.values = worlds.values[here]
        self.start = some_of(worlds.start, here)


def whole(runs: np.ndarray) -> np.ndarray:
    """Runs filled up to whole vectors wherever that wastes little: then a vector holds runs of one
    point, and points can share the columns of the shocks.
    """
    return np.pad(runs, (0, -len(runs) % LANES), mode="edge") if len(runs) >= FEW else runs


class Starts:
    """Where worlds of one network start. own: the paths in which they differ. What the last call
    found is kept, for the next is often of the same worlds with other levers.
    """

    def __init__(self, today: Parameters, model: Model, own: Sequence[str]):
        self._groups, self._model, self.own = dict(today), model, tuple(own)
        self._last: tuple[bytes, dict[str, np.ndarray]] | None = None

    def __call__(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Starts at rest, (worlds,) by name, NaN where there is none. values: (worlds, paths)."""
        key, last = np.ascontiguousarray(values).tobytes(), self._last
        if last is None or last[0] != key:
            found = starts(self._groups, self._model, self._swept(values), len(values))
            self._last = last = key, found
        return last[1]

    def reasons(self, values: np.ndarray) -> list[InputError]:
        """Why there is no start at some values, (worlds, paths)."""
        return no_starts(self._groups, self._model, self._swept(values), len(values))

    def _swept(self, values: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.own, values.T, strict=True))


def worlds_of(
    starts_of: Starts,
    paths: Sequence[str],
    chosen: np.ndarray,
    errors: list[str],
    good: np.ndarray,
) -> Worlds:
    """The worlds of some points, and the points for which there is a start.

    paths: of all values, those of the worlds among them. chosen: values (points, paths). errors:
    lines of the points; what is wrong is written there. good: numbers of those without.
    """
    values, each = np.unique(
        chosen[good][:, [paths.index(path) for path in starts_of.own]], axis=0, return_inverse=True
    )
    each = each.ravel()
    start = starts_of(values)
    exists = np.isfinite(start["token_price"])
    if not np.all(exists):
        reasons = starts_of.reasons(values[~exists])
        told = dict(zip(np.flatnonzero(~exists), map(str, reasons), strict=True))
        for point, world in zip(good, each, strict=True):
            errors[point] = told.get(world, errors[point])
    order = np.argsort(each, kind="stable")
    order = order[exists[each[order]]]
    return Worlds(good[order], each[order], values, start)
