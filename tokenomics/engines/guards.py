"""What cadCAD lets pass and we do not: wrong names, masked exceptions, NaN, broken bounds and broken books."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import BlockError, InputError, ModelError, TokenomicsError, nearest
from ..model import Block, Model
from ..state import SHARED, Variable, scale
from ..trajectories import Failure

CONSERVATION = 1e-9  # relative; how far the books may be from balance
ROUNDING = 1e-9  # of a variable's scale; how far below its bound rounding may take it


def _unknown(what: str, name: str, valid) -> ModelError:
    near = nearest(name, valid)
    return ModelError(f"{what} '{name}'" + (f"; did you mean '{near}'?" if near else ""))


def check(model: Model, params: Mapping[str, Any], initial: Mapping[str, Any]) -> None:
    """Find wrong names before the run, by one step on a copy of the initial state. Raises ModelError or BlockError."""
    table = model.variables(params)
    for name in table:
        if name not in initial:
            raise ModelError(f"state variable '{name}' has no initial value")
    for name in initial:
        if name not in table:
            raise _unknown("initial value for an unknown state variable", name, table)
    state = dict(initial)  # its arrays are the caller's: a block that changes one is an error, found below
    for block in model.blocks:
        state = _check_block(block, params, state, table)


def _check_block(block: Block, params: Mapping[str, Any], state: dict[str, Any], table: Mapping[str, Variable]) -> dict:
    where = f"block '{block.name}'"
    before, signals, seen, after = dict(state), {}, set(), dict(state)
    values = {name: np.copy(value) for name, value in state.items()}
    runs = max(np.size(value) for value in state.values())
    for policy in block.policies:
        _check_arguments(where, policy, 4)
        out = _call(block, policy.__name__, state, policy, params, 0, None, state)
        _expect_signals(where, policy.__name__, out, ModelError)
        for name, value in out.items():
            signals[name] = signals[name] + value if name in signals else value
    for update in block.updates:
        _check_arguments(where, update, 5)
        name = getattr(update, "variable", update.__name__.removeprefix("update_"))
        if name not in table:
            raise _unknown(f"{where} writes unknown state variable", name, table)
        if name in seen:
            raise ModelError(f"{where} writes '{name}' twice")
        seen.add(name)
        try:
            out = _call(block, name, state, update, params, 0, None, state, signals)
        except BlockError as error:
            if isinstance(error.__cause__, KeyError):
                raise _unknown(f"{where}: no policy gives the signal", str(error.__cause__.args[0]), signals) from None
            raise
        _expect_value(where, name, out, runs, ModelError)
        after[name] = out[1]
    changed = [n for n in state if n not in before]
    changed += [n for n in before if state.get(n) is not before[n] or not _same(before[n], values[n])]
    if changed:
        raise ModelError(f"{where} changes '{changed[0]}' of the state it reads; return a signal instead")
    return after


def limits(table: Mapping[str, Variable], initial: Mapping[str, Any]) -> dict[str, Any]:
    """Lowest value of every bounded variable, with room for rounding; from each run's own start, not its neighbours'."""
    return {n: v.lower - ROUNDING * scale(v, initial) for n, v in table.items() if v.lower is not None}


def _same(value: Any, copy: np.ndarray) -> bool:
    return bool(np.all((value == copy) | ((value != value) & (copy != copy))))


def _expect_signals(where: str, policy: str, out: Any, error: type[TokenomicsError]) -> None:
    if not isinstance(out, dict):
        raise error(f"{where}: policy '{policy}' returns {type(out).__name__}; expected a dict of signals")


def _expect_value(where: str, name: str, out: Any, runs: int, error: type[TokenomicsError]) -> None:
    """An update returns its own variable's name and a number, or one a run; cadCAD takes anything."""
    if not (isinstance(out, tuple) and len(out) == 2):
        raise error(f"{where}: the update of '{name}' returns {type(out).__name__}; expected (name, value)")
    if out[0] != name:
        raise error(f"{where}: the update of '{name}' returns the name '{out[0]}'")
    kind, shape = np.result_type(out[1]).kind if isinstance(out[1], np.ndarray | np.generic) else None, np.shape(out[1])
    if not (isinstance(out[1], int | float) or kind in set("biuf")):
        raise error(f"{where}: the value of '{name}' is a {type(out[1]).__name__}; expected a number or an array of them")
    if shape not in ((), (1,), (runs,)):
        raise error(f"{where}: the value of '{name}' has shape {shape}; expected a number or one a run, ({runs},)")


def _check_arguments(where: str, function: Callable, count: int) -> None:
    found = len(inspect.signature(function).parameters)
    if found != count:
        raise ModelError(f"{where}: '{function.__name__}' takes {found} arguments; expected {count}")


def _call(
    block: Block, what: str, state: Mapping[str, Any], function: Callable, *arguments: Any, runs: str = ""
) -> Any:
    try:
        return function(*arguments)
    except TokenomicsError:
        raise
    except Exception as error:
        # Neither TypeError nor ValueError, which cadCAD would mask.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BlockError(f"block '{block.name}', '{what}', day {float(state['time']):g}{runs}: {reason}") from error


class Watch:
    """Wraps the functions of a block list so that exceptions are named and the first failure of every run is kept.

    runs: (runs,) run indices of the batch. failures: by run index; columns: the first time index that it spoils.
    """

    def __init__(self, table: Mapping[str, Variable], initial: Mapping[str, Any], runs: np.ndarray):
        self._table = table
        self._limits = limits(table, initial)
        self._named = f", run {runs[0]}" if len(runs) == 1 else f", runs {runs[0]} to {runs[-1]}"
        self.runs = runs
        self.failures: dict[int, Failure] = {}
        self.columns: dict[int, int] = {}

    def policy(self, block: Block, policy: Callable) -> Callable:
        """The policy, guarded: it can neither write to the state nor return anything but signals."""
        name = policy.__name__

        def guarded(params, substep, state_history, state):
            read_only = MappingProxyType(state)
            arguments = (params, substep, state_history, read_only)
            out = _call(block, name, state, policy, *arguments, runs=self._named)
            if not isinstance(out, dict):
                _expect_signals(self._where(block, state), name, out, BlockError)
            return out

        return guarded

    def update(self, block: Block, update: Callable) -> Callable:
        """The update, guarded; its value is checked."""
        variable = update.variable

        def guarded(params, substep, state_history, state, signal):
            arguments = (params, substep, state_history, MappingProxyType(state), signal)
            out = _call(block, variable, state, update, *arguments, runs=self._named)
            _expect_value(self._where(block, state), variable, out, len(self.runs), BlockError)
            value = out[1]
            if isinstance(value, np.ndarray):
                value = value.view()
                value.flags.writeable = False  # nothing is deep-copied: a later block could change the history
            if variable not in SHARED:
                # The history holds the start and every finished step, so that its length is this step's time index.
                self._look(block.name, variable, float(state["time"]), len(state_history), value)
            return variable, value

        return guarded

    def _where(self, block: Block, state: Mapping[str, Any]) -> str:
        return f"block '{block.name}', day {float(state['time']):g}{self._named}"

    def _look(self, block: str, variable: str, time: float, column: int, value: Any) -> None:
        value = np.broadcast_to(value, len(self.runs))
        bad = ~np.isfinite(value)
        if variable == "conservation_error":
            bad = bad | (np.abs(value) > CONSERVATION)
        elif variable in self._limits:
            bad = bad | (value < self._limits[variable])
        if not bad.any():
            return
        for index in np.flatnonzero(bad):
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
    """Names to record; all of them where none are asked for. Raises InputError for an unknown one."""
    if record is None:
        return list(table)
    for name in record:
        if name not in table:
            raise InputError(
                f"unknown variable '{name}'", argument="record", expected="a state variable", nearest=nearest(name, table)
            )
    return list(dict.fromkeys(record))
