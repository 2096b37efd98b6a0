"""The ensemble engine: the blocks' own step, recorded once and compiled, over many runs and
parameter points at once.

Runs lie side by side with their swept parameters; a run's numbers depend on nothing but its own
inputs, so that results are the same for any number of runs at a time, any number of threads and any
order. A run that breaks a check is found by the kernel, and replayed in the reference engine to say
which block broke it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np

from ..model.model import Model
from ..model.shocks import ShockTable
from ..model.variables import as_arrays, some_of
from . import cadcad
from .folds import Folds
from .guards import CONSERVATION, SHARED, check, limits, recorded
from .instructions import LANES
from .kernel import Kernel, compiled
from .program import ACCUMULATOR, SHOCK, Program
from .step_loop import KernelLayout
from .trace import BALANCE, record_step
from .trajectories import Trajectories

CHUNK = 64  # runs in one call of a kernel: their shocks and records stay in the cache
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Outcome:
    """values: recorded paths (lanes, times) by name. failed: (lanes,) time index of the first
    broken check, 0 for none. folded: (lanes,) by the name of a fold.

    end, accumulators: where another stage follows, the state with which it goes on, a number or
    (lanes,) by name, and what its folds go on from; else empty.
    """

    values: dict[str, np.ndarray]
    failed: np.ndarray
    folded: dict[str, np.ndarray]
    end: dict[str, Any]
    accumulators: dict[str, np.ndarray]


class Ensemble:
    """A model compiled for one structure: its switches, its swept parameters and what is recorded.

    params: bound parameters; those in `swept` (paths) are given run by run later. record: names to
    keep. folds: of the same parameters, updated where a record is kept. goes_on: whether another
    stage follows, which needs the state at the end. Raises ModelError for a block that cannot be
    compiled.
    """

    def __init__(
        self,
        model: Model,
        params: Mapping[str, Any],
        *,
        swept: Sequence[str] = (),
        record: Sequence[str],
        steps: int,
        every: int = 1,
        folds: Folds | None = None,
        goes_on: bool = False,
    ):
        self._goes_on, self._step = goes_on, params["time_step"]
        self._table = model.variables(params)
        self._record, self._steps, self._every = tuple(record), steps, every
        processes = tuple(sorted(params["shock_table"].values))
        self._folds = folds
        self.program = record_step(model, params, swept, folds.record if folds else None)
        self._layout = _layout(self.program, self._table, self._record, processes, goes_on)
        self._kernel: Kernel = compiled(self.program, self._layout)
        # of what is swept, all that a step depends on
        self.reads = frozenset(swept).intersection(self._layout.fixed)

    def shocks(self, table: ShockTable, first: int = 0) -> np.ndarray:
        """The processes that the kernel reads, (processes, steps, width); columns repeat until they
        fill whole strips. first: the step from which it simulates.
        """
        names, width = self._layout.shocks, lcm(table.runs, LANES)
        rows = slice(first - table.first, first - table.first + self._steps)
        shocks = np.empty((max(len(names), 1), self._steps, width))
        for row, name in enumerate(names):
            shocks[row].reshape(self._steps, -1, table.runs)[:] = table.values[name][rows, None, :]
        return shocks

    def __call__(
        self,
        initial: Mapping[str, Any],
        swept: Mapping[str, Any],
        shocks: np.ndarray,
        *,
        first_lane: int = 0,
        lanes: int,
        accumulators: Mapping[str, np.ndarray] | None = None,
    ) -> Outcome:
        """Simulate some lanes.

        initial, swept: a number or (lanes,) by name, numbers for the clock's. shocks: from
        `shocks`; lanes use its columns in turn, over and over.
        first_lane: number of the first of these lanes among all, a multiple of LANES. accumulators:
        of the stage before, from which its folds go on.
        """
        layout, strips = self._layout, -(-lanes // LANES)
        offsets = (first_lane + np.arange(strips, dtype=np.int64) * LANES) % shocks.shape[-1]
        given = {**initial, **swept}
        bounds = limits(self._table, initial) | {BALANCE: -CONSERVATION}
        state, fixed = _strips(layout.carried, given, lanes), _strips(layout.fixed, given, lanes)
        kept = self._steps // self._every
        records = np.empty((strips, kept, len(self._record), LANES))
        begin = accumulators
        if begin is None:
            begin = self._folds.start(initial, swept) if self._folds else {}
        sums = _strips(layout.accumulated, begin, lanes)
        failed = np.zeros((strips, LANES), dtype=np.int64)
        checked, clock = (
            _strips(layout.limited, bounds, lanes),
            np.array([float(given[name]) for name in SHARED]),
        )
        self._kernel(
            state,
            fixed,
            shocks,
            offsets,
            checked,
            records,
            sums,
            failed,
            clock,
            self._steps,
            self._every,
        )
        values = {}
        for row, name in enumerate(self._record):
            path = np.empty((strips * LANES, kept + 1))
            path[:lanes, 0] = given[name]
            path[:, 1:].reshape(strips, LANES, kept)[:] = records[:, :, row].transpose(0, 2, 1)
            values[name] = path[:lanes]
        folded: dict[str, np.ndarray] = {}
        left: dict[str, np.ndarray] = {}
        if self._folds:
            left = _columns(layout.accumulated, sums, lanes)
            if not self._goes_on:
                closes = (given["step"] + self._steps) // self._every
                folded = self._folds.finish(left, closes, swept)
        end = self._end(given, state, lanes) if self._goes_on else {}
        return Outcome(values, failed.ravel()[:lanes], folded, end, left if self._goes_on else {})

    def _end(self, given: Mapping[str, Any], state: np.ndarray, lanes: int) -> dict[str, Any]:
        """The state after the last step."""
        step = given["step"] + self._steps
        clock = {"time": step * self._step, "step": step}
        kept = {name: given[name] for name in self._table}
        return kept | _columns(self._layout.carried, state, lanes) | clock


def _columns(names: Sequence[str], rows: np.ndarray, lanes: int) -> dict[str, np.ndarray]:
    """What strips (strips, names, LANES) hold, (lanes,) by name."""
    flat = rows.transpose(1, 0, 2).reshape(len(names), -1)[:, :lanes]
    return dict(zip(names, flat, strict=True))


def _layout(
    program: Program,
    table: Mapping[str, Any],
    record: tuple[str, ...],
    processes: tuple[str, ...],
    goes_on: bool,
) -> KernelLayout:
    """What the kernel must carry from step to step, and what it checks. goes_on: carry all that
    changes, to the end.
    """
    inputs, outputs = dict(program.inputs), dict(program.outputs)
    changing = {name for name in table if outputs[name] != inputs[name]}
    ends = [outputs[name] for name in (*SHARED, *changing, *record)] + [
        end for _, end in (*program.checks, *program.accumulated)
    ]
    needed, accumulated = program.needed(ends), tuple(name for name, _ in program.accumulated)
    apart = {*SHARED, *(ACCUMULATOR + name for name in accumulated)}
    read = {name for name, position in program.inputs if position in needed and name not in apart}
    shocks = tuple(name for name in processes if SHOCK + name in read)
    moving = changing.difference(SHARED)
    carried = tuple(name for name in table if name in moving and (name in read or goes_on))
    fixed = tuple(
        n for n, _ in program.inputs if n in read and n not in changing and not n.startswith(SHOCK)
    )
    limited = tuple(
        dict.fromkeys(n for n, _ in program.checks if n == BALANCE or table[n].lower is not None)
    )
    return KernelLayout(SHARED, carried, fixed, shocks, record, accumulated, limited)


def _strips(names: Sequence[str], values: Mapping[str, Any], lanes: int) -> np.ndarray:
    """Values (strips, names, LANES); the last strip is filled up with its last run."""
    strips = -(-lanes // LANES)
    found = [values[name] for name in names]
    wide = [row for row, value in enumerate(found) if getattr(value, "ndim", 0)]
    block = np.empty((len(names), strips * LANES))
    block[:] = np.array([0.0 if getattr(v, "ndim", 0) else v for v in found])[:, None]
    for row in wide:
        block[row, :lanes] = found[row]
        block[row, lanes:] = block[row, lanes - 1]
    return np.ascontiguousarray(block.reshape(len(names), strips, LANES).transpose(1, 0, 2))


def simulate(
    model: Model,
    params: Mapping[str, Any],
    initial: Mapping[str, Any],
    *,
    runs: np.ndarray,
    steps: int,
    record: Sequence[str] | None = None,
    every: int = 1,
    goes_on: bool = False,
    progress: Progress | None = None,
    chunk: int = CHUNK,
    workers: int | None = None,
) -> Trajectories:
    """Simulate `steps` steps of the given run indices; see `engines.cadcad.simulate`.

    every: keep the start and every so many steps. goes_on: whether the state at the end is needed.
    chunk: runs at a time. workers: threads, one a core by default.
    """
    names, runs = recorded(model.variables(params), record), np.asarray(runs)
    kept = [n for n in names if n not in SHARED]
    table = params["shock_table"]
    with np.errstate(all="ignore"):
        start = some_of(initial, slice(1))
        check(model, {**params, "shock_table": table.columns(slice(0, 1))}, as_arrays(start, 1))
    engine = Ensemble(model, params, record=kept, steps=steps, every=every, goes_on=goes_on)
    first = int(initial["step"])
    end: dict[str, Any] = {}
    pieces = [slice(i, min(i + chunk, len(runs))) for i in range(0, len(runs), chunk)]

    index = np.arange(0, steps + 1, every)
    values = {name: np.empty((len(runs), len(index))) for name in kept}
    failed = np.empty(len(runs), dtype=np.int64)

    def simulate_piece(piece: slice) -> None:
        mine = some_of(initial, piece)
        shocks = engine.shocks(table.columns(piece), first)
        outcome = engine(mine, {}, shocks, lanes=piece.stop - piece.start)
        for name, path in outcome.values.items():
            values[name][piece] = path
        failed[piece] = outcome.failed
        for name, value in outcome.end.items():
            if name in SHARED:
                end[name] = value
            else:
                end.setdefault(name, np.empty(len(runs)))[piece] = value

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(simulate_piece, pieces), start=1):
            if progress:
                progress(done * steps, len(pieces) * steps)
    time = (index + first) * params["time_step"]
    clock = {"time": time, "step": (index + first).astype(float)}
    values |= {name: np.tile(clock[name], (len(runs), 1)) for name in names if name in SHARED}
    failures = ()
    if failed.any():
        where = np.flatnonzero(failed)
        mine = some_of(initial, where)
        replay = {**params, "shock_table": table.columns(where)}
        failures = cadcad.simulate(
            model, replay, mine, runs=runs[where], steps=int(failed.max()), record=[]
        ).failures
        for row in where:
            for series in values.values():
                series[row, index >= failed[row]] = np.nan
    return Trajectories(time, runs, {name: values[name] for name in names}, failures, end)
