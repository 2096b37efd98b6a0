"""One simulation over several stages, each with its own levers: the state at the end of one is the
start of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ..model.model import Model
from ..model.transition import carried, on_day_zero
from ..model.variables import Variable, some_of
from .guards import recorded
from .trajectories import Failure, Trajectories

Engine = Callable[..., Trajectories]
Once = Callable[[Callable[[], Trajectories]], Trajectories]


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
    before: Stage | None = None,
    once: Once | None = None,
) -> Trajectories:
    """Simulate the stages one after the other.

    engine: `simulate` of an engine. initial: the state at the start, a number or (runs,) by name;
    where it lacks a variable of the first stage, that one starts at rest. runs, record, every,
    progress: as in the engines. before: what is simulated before day 0, of which nothing is
    recorded. once: gives its outcome, which may be kept of an earlier call, by the function that
    simulates it. A variable that a stage does not have is NaN in it. A run that failed is left out
    of the stages after.
    """
    wanted = recorded(tables(stages), record)
    total = sum(stage.steps for stage in stages)
    early = before.steps if before else 0
    stride = every if len(stages) == 1 else 1
    state, left, done = dict(initial), np.arange(len(runs)), -early
    parts: list[tuple[np.ndarray, int, Trajectories]] = []
    failures: list[Failure] = []
    if before:
        state = {**state, "time": -early * before.params["time_step"], "step": -early}
    for stage in (*([before] if before else []), *stages):
        if not len(left):
            break
        shocks = stage.params["shock_table"]
        columns = shocks if len(left) == len(runs) else shocks.columns(left)
        here = {**stage.params, "shock_table": columns}
        simulated = partial(
            engine,
            stage.model,
            here,
            carried(state, stage.model, here),
            runs=runs[left],
            steps=stage.steps,
            record=[name for name in wanted if name in stage.table] if done >= 0 else [],
            every=stride if done >= 0 else stage.steps,
            goes_on=stage is not stages[-1],
            progress=progress and _from(progress, done + early, stage.steps, total + early),
        )
        found = once(simulated) if once and stage is before else simulated()
        if len(stages) == 1 and done >= 0 and not failures:
            return found
        failures += found.failures
        if done >= 0:
            parts.append((left, done // stride, found))
        done += stage.steps
        if stage is not stages[-1]:
            good = ~np.isin(runs[left], [failure.run for failure in found.failures])
            state = some_of(found.end, good)
            state = on_day_zero(state) if stage is before else state
            left = left[good]
    step = stages[0].params["time_step"]
    return _joined(parts, wanted, runs, total, stride, every, step, failures)


def _from(
    progress: Callable[[int, int], None], before: int, own: int, total: int
) -> Callable[[int, int], None]:
    def tell(done: int, count: int) -> None:
        progress(before * count // own + done, total * count // own)

    return tell


def _joined(parts, wanted, runs, total, stride, every, step, failures) -> Trajectories:
    """The stages' paths as one; the first day of a stage is the last of the one before. stride:
    steps from one value of a path to the next.
    """
    values = {name: np.full((len(runs), total // stride + 1), np.nan) for name in wanted}
    for left, first, found in parts:
        skip = 1 if first else 0
        for name, path in found.values.items():
            values[name][left, first + skip : first + path.shape[1]] = path[:, skip:]
    return Trajectories(
        np.arange(0, total + 1, every) * step,
        runs,
        {name: path[:, :: every // stride] for name, path in values.items()},
        tuple(sorted(failures, key=lambda failure: failure.run)),
    )
