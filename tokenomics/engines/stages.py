"""One simulation over several stages, each with its own levers: the state at the end of one is the
start of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..model.model import Model
from ..model.transition import carried
from ..model.variables import Variable
from .guards import recorded
from .trajectories import Trajectories

Engine = Callable[..., Trajectories]


@dataclass(frozen=True)
class Stage:
    """Some steps on one set of levers. params: bound. model: bound to them."""

    model: Model
    params: Mapping[str, Any]
    steps: int

    @cached_property
    def table(self) -> dict[str, Variable]:
        """Its state variables by name."""
        return self.model.variables(self.params)


def tables(stages: Sequence[Stage]) -> dict[str, Variable]:
    """The state variables of all stages by name."""
    return {name: variable for stage in stages for name, variable in stage.table.items()}


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
    if len(stages) == 1:
        (stage,) = stages
        return engine(
            stage.model,
            stage.params,
            carried(initial, stage.model, stage.params),
            runs=runs,
            steps=stage.steps,
            record=record,
            every=every,
            progress=progress,
        )
    wanted = recorded(tables(stages), record)
    total = sum(stage.steps for stage in stages)
    state, left, done = dict(initial), np.arange(len(runs)), 0
    parts, failures = [], []
    for number, stage in enumerate(stages):
        shocks = stage.params["shock_table"]
        here = {**stage.params, "shock_table": shocks.columns(left)}
        ticks = progress and _from(progress, done, stage.steps, total)
        found = engine(
            stage.model,
            here,
            carried(state, stage.model, here),
            runs=runs[left],
            steps=stage.steps,
            record=[name for name in wanted if name in stage.table],
            goes_on=number < len(stages) - 1,
            progress=ticks,
        )
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
