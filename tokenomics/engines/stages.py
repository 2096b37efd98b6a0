"""One simulation over several stages, each with its own levers: the state at the end of one is the
start of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.model import Model
from ..model.transition import carried
from .guards import recorded
from .trajectories import Trajectories

Engine = Callable[..., Trajectories]


@dataclass(frozen=True)
class Stage:
    """Some steps on one set of levers. params: bound. model: bound to them."""

    model: Model
    params: Mapping[str, Any]
    steps: int


def simulate(
    engine: Engine,
    stages: Sequence[Stage],
    initial: Mapping[str, Any],
    *,
    runs: np.ndarray,
    record: Sequence[str] | None = None,
    every: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Trajectories:
    """Simulate the stages one after the other.

    engine: `simulate` of an engine. initial: the state at the start, a number or (runs,) by name;
    where it lacks a variable of the first stage, that one starts at rest. runs, record, every,
    progress: as in the engines. A variable that a stage does not have is NaN in it. A run that
    failed is left out of the stages after.
    """
    tables = [stage.model.variables(stage.params) for stage in stages]
    wanted = recorded({n: v for table in tables for n, v in table.items()}, record)
    total = sum(stage.steps for stage in stages)
    alone = len(stages) == 1
    state, left, done = dict(initial), np.arange(len(runs)), 0
    parts, failures = [], []
    for number, stage in enumerate(stages):
        shocks = stage.params["shock_table"]
        here = {**stage.params, "shock_table": shocks if alone else shocks.columns(left)}
        ticks = progress and _from(progress, done, stage.steps, total)
        found = engine(
            stage.model,
            here,
            carried(state, stage.model, here),
            runs=runs[left],
            steps=stage.steps,
            record=[name for name in wanted if name in tables[number]],
            every=every if alone else 1,
            goes_on=number < len(stages) - 1,
            progress=ticks,
        )
        if alone:
            return found
        parts.append((left, done, found))
        failures += found.failures
        done += stage.steps
        good = ~np.isin(runs[left], [failure.run for failure in found.failures])
        state = {n: v[good] if np.ndim(v) else v for n, v in found.end.items()}
        left = left[good]
        if not len(left):
            break
    return _joined(parts, wanted, runs, total, every, stages[0].params["time_step"], failures)


def _from(
    progress: Callable[[int, int], None], before: int, own: int, total: int
) -> Callable[[int, int], None]:
    def tell(done: int, count: int) -> None:
        progress(before * count // own + done, total * count // own)

    return tell


def _joined(parts, wanted, runs, total, every, step, failures) -> Trajectories:
    """The stages' paths as one; the first day of a stage is the last of the one before."""
    values = {name: np.full((len(runs), total + 1), np.nan) for name in wanted}
    for left, first, found in parts:
        skip = 1 if first else 0
        for name, path in found.values.items():
            values[name][left, first + skip : first + path.shape[1]] = path[:, skip:]
    index = np.arange(0, total + 1, every)
    start = parts[0][2].time[0]
    return Trajectories(
        start + index * step,
        runs,
        {name: path[:, ::every] for name, path in values.items()},
        tuple(sorted(failures, key=lambda failure: failure.run)),
    )
