"""Metrics of many parameter points at once: steady states, shocks, simulation, metrics, a few runs
at a time.

A number depends on its point and its run index alone. Points and policies meet the same shocks
(common random numbers): they are drawn once for some runs, which all points then are simulated on,
so that they stay in the cache however many runs there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engines import purity
from ..engines.ensemble import Ensemble, Outcome
from ..engines.folds import Fold, Folds
from ..engines.guards import check
from ..errors import InputError
from ..model.model import MODEL, Model
from ..model.shocks import ShockTable, sample
from ..model.steady_state import start_state
from ..model.transition import carried
from ..model.variables import as_arrays, as_numbers, some_of
from ..parameters import Resolved, substitute, value_at
from ..parameters.points import refusals
from ..results.evaluation import evaluate_metrics
from ..results.metrics import METRICS, needed
from .staging import staged
from .warm_up import WarmUp, steps_before
from .worlds import AT_ONCE, Batch, Each, Starts, pieces, whole, worlds_of


@dataclass(frozen=True, eq=False)
class Evaluation:
    """values: (points, runs) by metric, NaN for a failed run. failed_day: (points, runs), day of
    the step that failed, else NaN.

    errors: a line for each point that could not be simulated, else empty.
    """

    values: dict[str, np.ndarray]
    failed_day: np.ndarray
    errors: tuple[str, ...]


Reduce = Callable[[Outcome, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


class Simulator:
    """Points of one structure, compiled once: each call simulates some points on the same shocks
    and reduces every run to numbers.

    resolved: parameters of all points but for `paths`, whose values, numbers, are given point by
    point. runs: run indices. needs: variables whose paths are reduced. folds: by name. checked:
    whether the functions of a user's own are known to depend on their arguments alone. Raises
    ModelError for blocks that cannot be compiled.
    """

    def __init__(
        self,
        resolved: Resolved,
        paths: Sequence[str],
        *,
        runs: np.ndarray,
        seed: int,
        needs: Sequence[str] = (),
        folds: Mapping[str, Fold] | None = None,
        model: Model = MODEL,
        checked: bool = False,
    ):
        if any(resolved.is_lever(path) for path in paths):
            resolved = resolved.open_to_change()
        self._resolved, self._paths, self._model = resolved, tuple(paths), model
        self._seed, self._count = seed, len(runs)
        if not checked:
            purity.check_model(model, resolved.values)
        self._slices = [runs[i : i + AT_ONCE] for i in range(0, len(runs), AT_ONCE)]
        table = self._table(self._slices[0])
        self._worlds = [path for path in paths if not resolved.is_lever(path)]
        self._starts = Starts(resolved.today, model, self._worlds)
        self._stages = staged(resolved, table, model)
        self._warm = None
        if steps_before(resolved.today, model):
            self._warm = WarmUp(resolved.today, seed, model, self._worlds)
        # points differ in their levers from the last change on, where the span reaches it
        self._changed = self._stages[-1] if resolved.reaches_the_last_change else None
        last = len(self._stages) - 1
        self._engines = [
            Ensemble(
                stage.model,
                stage.params,
                swept=paths,
                record=needs,
                steps=stage.steps,
                folds=Folds(folds, resolved.values, paths) if folds else None,
                goes_on=number < last,
            )
            for number, stage in enumerate(self._stages)
        ]
        # kept for the next call where they are all
        self._kept = self._shocks(table) if len(self._slices) == 1 else None

    def reads(self, path: str) -> bool:
        """Whether a run can depend on a parameter that is given point by point: on any of the
        world, and on a lever that a step reads.
        """
        return path in self._worlds or any(path in engine.reads for engine in self._engines)

    def start(self, point: Sequence[float]) -> dict[str, float]:
        """Where the runs of a point start, by variable. Raises InputError where there is no such
        network.
        """
        values = np.array([point], dtype=float)
        (error,) = refusals(self._resolved, self._paths, values, source="sweep")
        if error:
            raise InputError(error)
        world = values[:, [self._paths.index(path) for path in self._worlds]]
        found = self._starts(world)
        if not np.isfinite(found["token_price"][0]):
            raise self._starts.reasons(world)[0]
        return as_numbers(found)

    def _shocks(self, table: ShockTable) -> list[np.ndarray]:
        """What the kernel of every stage reads."""
        firsts = np.cumsum([0, *(stage.steps for stage in self._stages[:-1])])
        return [
            engine.shocks(table, int(first))
            for engine, first in zip(self._engines, firsts, strict=True)
        ]

    def _table(self, runs: np.ndarray) -> ShockTable:
        """The shocks of some runs."""
        extra = self._model.processes(self._resolved.values)
        return sample(self._resolved.values, whole(runs), self._seed, extra=extra)

    def __call__(
        self,
        points: Sequence[Sequence[Any]],
        names: Sequence[str],
        reduce: Reduce,
        workers: int = 1,
    ) -> Evaluation:
        """Numbers of every point and run. reduce: an outcome and swept values (lanes,) to the
        `names` (lanes,). workers: threads.
        """
        resolved, paths, count = self._resolved, self._paths, len(points)
        chosen = np.array(points, dtype=float).reshape(count, len(paths))
        errors = refusals(resolved, paths, chosen, source="sweep")
        good = np.array([i for i, error in enumerate(errors) if not error], dtype=int)
        shape = (count, self._count)
        values = {name: np.full(shape, np.nan) for name in names}
        failed_day = np.full(shape, np.nan)
        if not len(good):
            return Evaluation(values, failed_day, tuple(errors))
        worlds = worlds_of(self._starts, paths, chosen, errors, good)
        good = worlds.points
        if not len(good):
            return Evaluation(values, failed_day, tuple(errors))
        swept = dict(zip(paths, chosen[good].T, strict=True))
        step = resolved.values.simulation.time_step

        def simulate_slice(number: int, each: Each, threads: int) -> None:
            """All points on the shocks of some runs."""
            runs = self._slices[number]
            wide, shocks = whole(runs), self._kept or self._shocks(self._table(runs))
            parts = [
                self._reduced(
                    Batch(worlds, points, wide, shocks),
                    {path: column[points] for path, column in swept.items()},
                    names,
                    reduce,
                    each,
                    threads,
                )
                for points in worlds.batches(len(wide) if self._warm else None)
            ]
            found, failed = (np.concatenate(part) for part in zip(*parts, strict=True))
            columns = slice(number * AT_ONCE, number * AT_ONCE + len(runs))
            for name, rows in zip(names, np.moveaxis(found, 1, 0), strict=True):
                values[name][good, columns] = rows[:, : len(runs)]
            failed_day[good, columns] = (failed * step)[:, : len(runs)]

        with ThreadPoolExecutor(workers) as pool:
            numbers = range(len(self._slices))
            if len(numbers) < workers:
                for number in numbers:
                    simulate_slice(number, pool.map, workers)
            else:
                list(pool.map(lambda number: simulate_slice(number, map, 1), numbers))
        return Evaluation(values, failed_day, tuple(errors))

    def _reduced(
        self,
        batch: Batch,
        swept: Mapping[str, np.ndarray],
        names: Sequence[str],
        reduce: Reduce,
        each: Each,
        threads: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Numbers (points, names, runs) of some points, and the step in which each failed (points,
        runs), else NaN. swept: (points,) by path. threads: of `each`.
        """
        width = len(batch.runs)
        count, start = len(batch.world), batch.start
        if self._warm:
            start = self._warm(batch.runs, start, batch.values, each, threads)
        lanes = count * width
        flat, failed = np.empty((len(names), lanes)), np.empty(lanes)

        def simulate_piece(piece: slice) -> None:
            lane = np.arange(piece.start, piece.stop)
            point = lane // width
            world = batch.world[point]
            where = (world, lane % width) if self._warm else _one_or_each(world)
            mine = {path: column[point] for path, column in swept.items()}
            begin = some_of(start, where)
            outcome = self._simulate(begin, mine, batch.shocks, piece.start, len(lane))
            with np.errstate(all="ignore"):
                found = reduce(outcome, mine)
            broken = outcome.failed > 0
            for row, name in enumerate(names):
                flat[row, piece] = np.where(broken, np.nan, found[name])
            failed[piece] = np.where(broken, outcome.failed - 1, np.nan)

        list(each(simulate_piece, pieces(lanes, threads)))
        shape = (len(names), count, width)
        return flat.reshape(shape).transpose(1, 0, 2), failed.reshape(count, width)

    def _simulate(
        self,
        begin: Mapping[str, Any],
        swept: Mapping[str, np.ndarray],
        shocks: Sequence[np.ndarray],
        first: int,
        lanes: int,
    ) -> Outcome:
        """Some lanes through all stages. begin: their start. swept: (lanes,) by path."""
        parts: list[Outcome] = []
        state, sums, failed, done = begin, None, np.zeros(lanes, dtype=np.int64), 0
        for stage, engine, here in zip(self._stages, self._engines, shocks, strict=True):
            mine = {
                path: column
                if path in self._worlds or stage is self._changed
                else np.full(lanes, value_at(stage.params, path))
                for path, column in swept.items()
            }
            params = substitute(stage.params, mine)
            found = engine(
                carried(state, stage.model, params),
                mine,
                here,
                first_lane=first,
                lanes=lanes,
                accumulators=sums,
            )
            failed = np.where((failed == 0) & (found.failed > 0), found.failed + done, failed)
            state, sums, done = found.end, found.accumulators, done + stage.steps
            parts.append(found)
        if len(parts) == 1:
            return parts[0]
        values = {
            name: np.concatenate(
                [part.values[name][:, (0 if part is parts[0] else 1) :] for part in parts], axis=1
            )
            for name in parts[0].values
        }
        return Outcome(values, failed, parts[-1].folded, {}, {})


def _one_or_each(numbers: np.ndarray) -> Any:
    """The number where all are the same, else each."""
    return numbers if numbers[0] != numbers[-1] else numbers[0]


def try_out(
    resolved: Resolved,
    paths: Sequence[str],
    point: Sequence[Any],
    *,
    seed: int,
    metrics: Sequence[str],
    model: Model = MODEL,
) -> None:
    """One run of a point, its first day in the reference engine, which says best what is wrong with
    a function of a user's own. Raises what that is.
    """
    chosen = resolved.replace(dict(zip(paths, point, strict=True)), source="sweep")
    purity.check_model(model, chosen.values)
    table = sample(chosen.values, [0], seed, extra=model.processes(chosen.values))
    start = start_state(chosen.today, model)
    for stage in staged(chosen, table, model):
        with np.errstate(all="ignore"):
            begins = carried(start, stage.model, stage.params)
            check(stage.model, stage.params, as_arrays(begins, 1))
    evaluate(
        resolved,
        paths,
        [point],
        runs=np.arange(1),
        seed=seed,
        metrics=metrics,
        model=model,
        checked=True,
    )


def evaluate(
    resolved: Resolved,
    paths: Sequence[str],
    points: Sequence[Sequence[Any]],
    *,
    runs: np.ndarray,
    seed: int,
    metrics: Sequence[str],
    model: Model = MODEL,
    checked: bool = False,
) -> Evaluation:
    """Metrics of every point and run; see `Simulator`."""
    folds = {name: fold for name in metrics if (fold := METRICS[name].fold)}
    others = [name for name in metrics if name not in folds]
    simulator = Simulator(
        resolved,
        paths,
        runs=runs,
        seed=seed,
        needs=needed(others),
        folds=folds,
        model=model,
        checked=checked,
    )
    return simulator(
        points,
        metrics,
        lambda outcome, swept: {
            **outcome.folded,
            **evaluate_metrics(others, outcome.values, resolved.values, swept),
        },
    )
