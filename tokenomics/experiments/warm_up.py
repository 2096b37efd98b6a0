"""The days before day 0, in which a network is shaken out of its rest: the network as it is today,
under its policy, with shocks of its own and neither trends nor events.

On day 0 every run so has stocks of its own, and what is a share of the start is one of them. What
a run goes through depends on today's network, its seed and its index alone, so that all changes of
a network go on from the same states; they are made once and kept, unless a law of a user's own
makes them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from ..engines.ensemble import Ensemble
from ..engines.stages import Engine, Once, Stage
from ..engines.trajectories import Trajectories
from ..model.keeping import all_shipped, up_to_day_zero
from ..model.model import BLOCKS, Model, bind
from ..model.shocks import before_day_zero
from ..model.steady_state import moves, unmoved
from ..model.transition import carried, on_day_zero
from ..model.variables import SHARED, some_of
from ..parameters import Parameters, put, substitute
from ..parameters.resolved import digest
from .worlds import Each, pieces

MOST_KEPT = 64 * 2**20  # bytes of states that are kept for the next call

State = Mapping[str, Any]


def steps_before(today: Parameters, model: Model) -> int:
    """Steps before day 0: none without shocks, none with stocks that are given, and none with
    blocks of a user's own, which may look things up by the day.
    """
    known = today.shocks.enabled and model.acting(today).blocks == BLOCKS and not today.stocks.given
    return today.simulation.steps_before if known else 0


def warm_up(today: Parameters, runs: np.ndarray, seed: int, model: Model) -> Stage | None:
    """The stage before day 0; None where there is none. today: the network before any change."""
    steps = steps_before(today, model)
    if not steps:
        return None
    network = put(unmoved(today), {"simulation.days": steps * today.simulation.time_step})
    table = before_day_zero(network, runs, seed, extra=model.processes(network))
    bound = bind(network, table, model)
    return Stage(model.bound(bound), bound, steps)


class Kept:
    """States that are kept, the latest used, up to a size in bytes; for all threads."""

    def __init__(self, most: int):
        self._most, self._size, self._lock = most, 0, Lock()
        self._found: OrderedDict[Any, dict[str, np.ndarray]] = OrderedDict()

    def get(self, key: Any) -> dict[str, np.ndarray] | None:
        """What is kept under a key."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Any, state: dict[str, np.ndarray]) -> None:
        """Keep a state, and drop those that were used longest ago where they are too much."""
        with self._lock:
            if key not in self._found and _bytes(state) <= self._most:
                self._found[key] = state
                self._size += _bytes(state)
            while self._size > self._most:
                self._size -= _bytes(self._found.popitem(last=False)[1])


def _bytes(state: Mapping[str, np.ndarray]) -> int:
    return sum(np.asarray(value).nbytes for value in state.values())


KEPT = Kept(MOST_KEPT)


def once(engine: Engine, today: Parameters, runs: np.ndarray, seed: int, model: Model) -> Once:
    """What simulates the days before day 0 where no state is kept. A run that failed is simulated
    again by every call.
    """
    key = (engine, digest(up_to_day_zero(today)), seed, model, runs.tobytes())
    keeps = all_shipped(model, today)

    def outcome(simulated: Callable[[], Trajectories]) -> Trajectories:
        state = KEPT.get(key) if keeps else None
        if state is not None:
            return Trajectories(np.empty(0), runs, {}, end=state)
        found = simulated()
        if keeps and not found.failures:
            KEPT.put(key, found.end)
        return found

    return outcome


class WarmUp:
    """The states on day 0 of runs in worlds of one network, compiled once.

    today: the network before any change. paths: in whose values the worlds differ.
    """

    def __init__(self, today: Parameters, seed: int, model: Model, paths: Sequence[str]):
        self._today, self._seed, self._model, self._paths = today, seed, model, tuple(paths)
        # what does not move before day 0 may still be in the start
        self._swept = [path for path in self._paths if not moves(path)]
        self._key = (digest(up_to_day_zero(today)), seed, self._paths, model)

    def _stage(self, runs: np.ndarray) -> Stage:
        stage = warm_up(self._today, runs, self._seed, self._model)
        assert stage is not None
        return stage

    @cached_property
    def _engine(self) -> Ensemble:
        stage = self._stage(np.zeros(1, dtype=int))
        return Ensemble(
            stage.model, stage.params, swept=self._swept, record=(), steps=stage.steps, goes_on=True
        )

    def __call__(
        self,
        runs: np.ndarray,
        start: State,
        worlds: np.ndarray,
        each: Each = map,
        threads: int = 1,
    ) -> dict[str, Any]:
        """The states, (worlds, runs) by name but for the clock; NaN where a run failed.

        start: at rest, (worlds,) by name. worlds: their values (worlds, paths). threads: of `each`.
        """
        kept = KEPT if all_shipped(self._model, self._today) else Kept(0)
        keys = [(*self._key, runs.tobytes(), row.tobytes()) for row in worlds]
        found = [kept.get(key) for key in keys]
        lost = [i for i, state in enumerate(found) if state is None]
        if lost:
            states = self._simulated(runs, some_of(start, lost), worlds[lost], each, threads)
            for row, i in enumerate(lost):
                found[i] = some_of(states, row)
                kept.put(keys[i], found[i])
        first = found[0]
        return {
            n: np.array([state[n] for state in found]) if np.ndim(v) else v
            for n, v in first.items()
        }

    def _simulated(
        self, runs: np.ndarray, start: State, worlds: np.ndarray, each: Each, threads: int
    ) -> dict[str, Any]:
        stage, engine = self._stage(runs), self._engine
        shocks = engine.shocks(stage.params["shock_table"], -stage.steps)
        width, count = len(runs), len(worlds)
        lanes = width * count

        def simulate_piece(piece: slice) -> dict[str, np.ndarray]:
            world = np.arange(piece.start, piece.stop) // width
            mine = {path: worlds[world, self._paths.index(path)] for path in self._swept}
            begin = carried(some_of(start, world), stage.model, substitute(stage.params, mine))
            clock = {"time": -stage.steps * stage.params["time_step"], "step": -stage.steps}
            outcome = engine(begin | clock, mine, shocks, first_lane=piece.start, lanes=len(world))
            return {
                name: np.where(outcome.failed > 0, np.nan, value)
                for name, value in outcome.end.items()
                if name not in SHARED
            }

        parts = list(each(simulate_piece, pieces(lanes, threads)))
        ends = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        state = on_day_zero(ends)
        return {n: v.reshape(count, width) if np.ndim(v) else v for n, v in state.items()}
