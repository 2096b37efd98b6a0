"""What cadCAD lets pass and we do not: wrong names, masked exceptions, NaN, broken bounds and
broken books.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import BlockError, InputError, ModelError, nearest
from ..model.block import Block
from ..model.contract import (
    HISTORY,
    call,
    clock,
    expect_shape,
    expect_signals,
    expect_value,
    name_of,
    placed,
    unknown,
)
from ..model.model import Model
from ..model.variables import SHARED, Variable, scale, unsigned, variable_of
from . import purity
from .trajectories import Failure

CONSERVATION = 1e-9  # relative; how far the books may be from balance
ROUNDING = 1e-9  # of a variable's scale; how far below its bound rounding may take it


def check(model: Model, params: Mapping[str, Any], initial: Mapping[str, Any]) -> None:
    """Find wrong names before the run, by one step on a copy of the initial state. Raises
    ModelError or BlockError.
    """
    table = model.variables(params)
    for name in table:
        if name not in initial:
            raise ModelError(f"state variable '{name}' has no initial value")
    for name in initial:
        if name not in table:
            raise ModelError(unknown("initial value for an unknown state variable", name, table))
    state = dict(
        initial
    )  # its arrays are the caller's: a block that changes one is an error, found below
    for block in model.blocks:
        with placed(*block.policies, *block.updates):
            before, state = state, _check_block(block, params, state, table)
        purity.check(block, params, before, table, strict=model.strict)


def _check_block(
    block: Block, params: Mapping[str, Any], state: dict[str, Any], table: Mapping[str, Variable]
) -> dict:
    where = f"block '{block.name}'"
    before, signals, seen, after = dict(state), {}, set(), dict(state)
    # numbers cannot be changed in place, arrays can; to compare bytes is fastest
    arrays = {n: value.tobytes() for n, value in state.items() if isinstance(value, np.ndarray)}
    runs = max(np.size(value) for value in state.values())
    for policy in block.policies:
        _check_arguments(where, policy, 4)
        out = call(block.name, name_of(policy), policy, params, 0, HISTORY, state, runs="")
        expect_signals(where, name_of(policy), out, ModelError)
        for name, value in out.items():
            signals[name] = signals[name] + value if name in signals else value
    for update in block.updates:
        _check_arguments(where, update, 5)
        name = variable_of(update)
        if name not in table:
            raise ModelError(unknown(f"{where} writes unknown state variable", name, table))
        if name in seen:
            raise ModelError(f"{where} writes '{name}' twice")
        seen.add(name)
        out = call(block.name, name, update, params, 0, HISTORY, state, signals, runs="")
        expect_value(where, name, out, ModelError)
        expect_shape(where, name, out[1], runs, ModelError)
        after[name] = out[1]
    spare = signals.keys() - seen
    if spare and all(hasattr(update, "variable") for update in block.updates):
        # updates that only take their signal leave every other one
        name = min(spare)
        raise ModelError(
            unknown(f"{where} does not say that it writes the signal", name, seen)
            + f"; expected it in `writes`, beside {', '.join(sorted(seen))}"
        )
    changed = [n for n in state if n not in before]
    changed += [n for n in before if state.get(n) is not before[n]]
    changed += [n for n, content in arrays.items() if before[n].tobytes() != content]
    if changed:
        raise ModelError(
            f"{where} changes '{changed[0]}' of the state it reads; return a signal instead"
        )
    return after


def limits(table: Mapping[str, Variable], initial: Mapping[str, Any]) -> dict[str, Any]:
    """Lowest value of every bounded variable, with room for rounding; from each run's own start,
    not its neighbours'.
    """
    return {
        n: v.lower - ROUNDING * scale(v, initial) for n, v in table.items() if v.lower is not None
    }


def _check_arguments(where: str, function: Callable, count: int) -> None:
    found = len(inspect.signature(function).parameters)
    if found != count:
        raise ModelError(
            f"{where}: '{name_of(function)}' takes {found} arguments; expected {count}"
        )


class Guard:
    """Wraps the functions of a block list so that exceptions are named and the first failure of
    every run is kept.

    runs: (runs,) run indices of the batch. failures: by run index; columns: the first time index
    that it spoils.
    """

    def __init__(self, table: Mapping[str, Variable], initial: Mapping[str, Any], runs: np.ndarray):
        self._table = table
        self._limits = limits(table, initial)
        self._named = f", run {runs[0]}" if len(runs) == 1 else f", runs {runs[0]} to {runs[-1]}"
        self.runs = runs
        self.failures: dict[int, Failure] = {}
        self.columns: dict[int, int] = {}

    def policy(self, block: Block, policy: Callable) -> Callable:
        """The policy, guarded: it can neither write to the state nor return anything but
        signals.
        """
        name = name_of(policy)

        def guarded(params, substep, state_history, state):
            read_only = MappingProxyType(state)
            out = call(
                block.name,
                name,
                policy,
                params,
                0,
                HISTORY,
                read_only,
                runs=self._named,
                wrong=BlockError,
            )
            if not isinstance(out, dict):
                with placed(policy):
                    expect_signals(self._where(block, state), name, out, BlockError)
            return out

        return guarded

    def update(self, block: Block, update: Callable) -> Callable:
        """The update, guarded; its value is checked."""
        variable = variable_of(update)

        def guarded(params, substep, state_history, state, signal):
            read_only = MappingProxyType(state)
            out = call(
                block.name,
                variable,
                update,
                params,
                0,
                HISTORY,
                read_only,
                signal,
                runs=self._named,
                wrong=BlockError,
            )
            if not self._plain(variable, out):
                where = self._where(block, state)
                with placed(*block.policies, update):
                    expect_value(where, variable, out, BlockError)
                    expect_shape(where, variable, out[1], len(self.runs), BlockError)
            value = unsigned(out[1])
            if isinstance(value, np.ndarray):
                value = value.view()
                value.flags.writeable = (
                    False  # nothing is deep-copied: a later block could change the history
                )
            if variable not in SHARED:
                # The history holds the start and every finished step, so that its length is this
                # step's time index.
                self._look(block.name, variable, float(state["time"]), len(state_history), value)
            return variable, value

        return guarded

    def _where(self, block: Block, state: Mapping[str, Any]) -> str:
        return f"block '{block.name}'{clock(state)}{self._named}"

    def _plain(self, variable: str, out: Any) -> bool:
        """Whether an update returns what nearly all do, its name and a number a run, so that no
        more is to be asked.
        """
        if type(out) is not tuple or len(out) != 2 or out[0] != variable:
            return False
        value = out[1]
        return type(value) is np.ndarray and value.dtype == float and value.shape == self.runs.shape

    def _look(self, block: str, variable: str, time: float, column: int, value: Any) -> None:
        good = np.isfinite(value)
        if variable == "conservation_error":
            good = good & (np.abs(value) <= CONSERVATION)
        elif variable in self._limits:
            good = good & (value >= self._limits[variable])
        if good.all():
            return
        value, good = (np.broadcast_to(one, len(self.runs)) for one in (value, good))
        for index in np.flatnonzero(~good):
            run = int(self.runs[index])
            if run not in self.failures:
                reason = _reason(self._table[variable], float(value[index]))
                self.failures[run] = Failure(run, time, block, variable, reason)
                self.columns[run] = column


def _reason(variable: Variable, value: float) -> str:
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "infinite"
    if variable.name == "conservation_error":
        return f"token conservation broken by {value:.3g}"
    return f"{value:.6g} is below its bound {variable.lower:g}"


def recorded(table: Mapping[str, Variable], record) -> list[str]:
    """Names to record; all of them where none are asked for. Raises InputError for an unknown
    one.
    """
    if record is None:
        return list(table)
    for name in record:
        if name not in table:
            raise InputError(
                f"unknown variable '{name}'",
                argument="record",
                expected="a state variable",
                nearest=nearest(name, table),
            )
    return list(dict.fromkeys(record))
