"""The reference engine: cadCAD's own Executor over the model's block list.

Runs lie along the leading axis of every state variable, some at a time (`batch`), one parameter set
per configuration. Blocks are pure, so that cadCAD's deep copies are switched off. cadCAD keeps
every substep in memory; a batch bounds it.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..inputs.footprint import CADCAD_BATCH
from ..model.model import Model
from ..model.variables import SHARED, as_arrays, some_of
from .guards import Guard, check, recorded
from .trajectories import Trajectories

with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cadCAD.configuration import Experiment
    from cadCAD.configuration.utils import config_sim
    from cadCAD.engine import ExecutionContext, ExecutionMode, Executor

Progress = Callable[[int, int], None]


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
    batch: int = CADCAD_BATCH,
) -> Trajectories:
    """Simulate `steps` steps of the given run indices.

    model: bound to `params`. initial: value of every state variable, a float or (runs,).
    params["shock_table"]: one column a run. record: names to keep, all by default. every: keep the
    start and every so many steps. goes_on: whether the state at the end is needed. progress: called
    with steps done and their number over all batches. Raises ModelError before the run for wrong
    names, BlockError where a block fails.
    """
    table = model.variables(params)
    names = recorded(table, record)
    runs = np.asarray(runs)
    batches = [slice(i, min(i + batch, len(runs))) for i in range(0, len(runs), batch)]
    parts, failures, columns = [], {}, {}
    for number, chosen in enumerate(batches):
        part_params = {**params, "shock_table": params["shock_table"].columns(chosen)}
        start = as_arrays(some_of(initial, chosen), len(runs[chosen]))
        if number == 0:
            with np.errstate(all="ignore"):
                check(model, part_params, start)
        watch = Guard(table, start, runs[chosen])
        tick = None
        if progress:

            def tick(done: int, base: int = number * steps) -> None:
                progress(base + done, len(batches) * steps)

        part = _run_batch(model, part_params, start, watch, steps, names, tick, every)
        parts.append(part)
        failures |= watch.failures
        columns |= watch.columns
    values = {name: np.concatenate([part.paths[name] for part in parts]) for name in names}
    index = np.arange(0, steps + 1, every)
    _mask(values, columns, runs, index)
    last, joined = parts[-1].end, [part.end for part in parts]
    end = {
        name: last[name] if name in SHARED else np.concatenate([one[name] for one in joined])
        for name in (table if goes_on else ())
    }
    return Trajectories(
        (index + int(initial["step"])) * params["time_step"],
        runs,
        values,
        tuple(failures[run] for run in sorted(failures)),
        end,
    )


@dataclass(frozen=True, eq=False)
class _Batch:
    """Of a batch of runs. paths: (runs, times) by name. end: the state after the last step."""

    paths: dict[str, np.ndarray]
    end: dict[str, Any]


def _mask(
    values: dict[str, np.ndarray], columns: Mapping[int, int], runs: np.ndarray, index: np.ndarray
) -> None:
    """From its failure on a run holds NaN, so that nothing is computed from it."""
    rows = {int(run): row for row, run in enumerate(runs)}
    for run, column in columns.items():
        for series in values.values():
            series[rows[run], index >= column] = np.nan


def _blocks(model: Model, watch: Guard) -> list[dict[str, dict[str, Callable]]]:
    """The block list as cadCAD takes it, with its functions numbered.

    cadCAD makes a column of every label and calls a function that changes nothing wherever a block
    has none of that label. Under names of their own that would be all variables in every block,
    a third of the time of a run.
    """
    longest = max(len(block.updates) for block in model.blocks)
    found = []
    for block in model.blocks:
        updates = [watch.update(block, update) for update in block.updates]
        updates += [_nothing] * (longest - len(updates))
        found.append(
            {
                "policies": {str(i): watch.policy(block, p) for i, p in enumerate(block.policies)},
                "variables": {str(i): update for i, update in enumerate(updates)},
            }
        )
    return found


def _nothing(params, substep, state_history, state, signal):
    """An update of cadCAD's own count of substeps, which cadCAD itself sets after it."""
    return "substep", substep


def _run_batch(model, params, start, watch: Guard, steps: int, names, tick, every: int) -> _Batch:
    blocks = _blocks(model, watch)
    if tick:
        blocks[-1]["policies"]["progress"] = _ticker(tick)
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            experiment = (
                Experiment()
            )  # a new one a batch: cadCAD's module-level experiment keeps old configurations
            experiment.append_model(
                model_id="tokenomics",
                sim_configs=config_sim(
                    {"N": 1, "T": range(steps), "M": {name: [v] for name, v in params.items()}}
                ),
                initial_state=start,
                partial_state_update_blocks=blocks,
            )
            context = ExecutionContext(
                context=ExecutionMode.single_mode, additional_objs={"deepcopy_off": True}
            )
            records, _, _ = Executor(context, experiment.configs, supress_print=True).execute()
    finally:
        logging.disable(level)
    last = len(blocks)
    ends = [r for r in records if r["substep"] == last or r["timestep"] == 0]
    count, final = len(watch.runs), ends[-1]
    return _Batch(
        {name: _path([r[name] for r in ends[::every]], count) for name in names},
        {
            name: value if name in SHARED else np.broadcast_to(value, count)
            for name, value in final.items()
        },
    )


def _path(values: list[Any], runs: int) -> np.ndarray:
    """A variable's path (runs, times). values: at each time, of all runs together or (runs,)."""
    if any(np.shape(value) != (runs,) for value in values):
        values = [np.broadcast_to(value, runs) for value in values]
    return np.ascontiguousarray(np.array(values, dtype=float).T)


def _ticker(tick: Callable[[int], None]) -> Callable:
    done = 0

    def policy_progress(params, substep, state_history, state):
        nonlocal done
        done += 1
        tick(done)
        return {}

    return policy_progress
