"""What cadCAD lets pass and we do not: wrong names, masked exceptions, NaN, broken bounds and broken books."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import BlockError, InputError, ModelError, TokenomicsError, nearest
from ..model import Block, Model
from ..state import Variable, scale
from ..trajectories import Failure

CONSERVATION = 1e-9  # relative; how far the books may be from balance
ROUNDING = 1e-9  # of a variable's scale; how far below its bound rounding may take it
SHARED = ("time", "step")  # one clock for all runs


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
    state = dict(initial)
    for block in model.blocks:
        state = _check_block(block, params, state, table)


def _check_block(block: Block, params: Mapping[str, Any], state: dict[str, Any], table: Mapping[str, Variable]) -> dict:
    where = f"block '{block.name}'"
    before, signals, seen, after = dict(state), {}, set(), dict(state)
    for policy in block.policies:
        _check_arguments(where, policy, 4)
        out = _call(block, policy.__name__, state, policy, params, 0, None, state)
        if not isinstance(out, dict):
            raise ModelError(f"{where}: policy '{policy.__name__}' returns {type(out).__name__}; expected a dict of signals")
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
        if not (isinstance(out, tuple) and len(out) == 2):
            raise ModelError(f"{where}: the update of '{name}' returns {type(out).__name__}; expected (name, value)")
        if out[0] != name:
            raise ModelError(f"{where}: the update of '{name}' returns the name '{out[0]}'")
        after[name] = out[1]
    changed = [n for n in before if state.get(n) is not before[n]] + [n for n in state if n not in before]
    if changed:
        raise ModelError(f"{where} changes '{changed[0]}' of the state it reads; return a signal instead")
    return after


def _check_arguments(where: str, function: Callable, count: int) -> None:
    found = len(inspect.signature(function).parameters)
    if found != count:
        raise ModelError(f"{where}: '{function.__name__}' takes {found} arguments; expected {count}")


def _call(block: Block, what: str, state: Mapping[str, Any], function: Callable, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except TokenomicsError:
        raise
    except Exception as error:
        # Neither TypeError nor ValueError, which cadCAD would mask.
        raise BlockError(
            f"block '{block.name}', '{what}', day {float(state['time']):g}: {type(error).__name__}: {error}"
        ) from error


class Watch:
    """Wraps the functions of a block list so that exceptions are named and the first failure of every run is kept."""

    def __init__(self, table: Mapping[str, Variable], initial: Mapping[str, Any], runs: np.ndarray):
        self._limits = {
            name: v.lower - ROUNDING * float(np.max(scale(v, {k: np.max(np.abs(x)) for k, x in initial.items()})))
            for name, v in table.items()
            if v.lower is not None
        }
        self._runs = runs
        self.failures: dict[int, Failure] = {}

    def policy(self, block: Block, policy: Callable) -> Callable:
        """The policy, guarded."""

        def guarded(params, substep, state_history, state):
            return _call(block, policy.__name__, state, policy, params, substep, state_history, state)

        return guarded

    def update(self, block: Block, update: Callable) -> Callable:
        """The update, guarded; its value is checked."""
        variable = update.variable

        def guarded(params, substep, state_history, state, signal):
            out = _call(block, variable, state, update, params, substep, state_history, state, signal)
            if variable not in SHARED:
                self._look(block.name, variable, float(state["time"]), out[1])
            return out

        return guarded

    def _look(self, block: str, variable: str, time: float, value: Any) -> None:
        value = np.broadcast_to(value, len(self._runs))
        bad = ~np.isfinite(value)
        if variable == "conservation_error":
            bad = bad | (np.abs(value) > CONSERVATION)
        elif variable in self._limits:
            bad = bad | (value < self._limits[variable])
        if not bad.any():
            return
        for index in np.flatnonzero(bad):
            run = int(self._runs[index])
            if run not in self.failures:
                self.failures[run] = Failure(run, time, block, variable, _reason(variable, float(value[index])))


def _reason(variable: str, value: float) -> str:
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "infinite"
    if variable == "conservation_error":
        return f"token conservation broken by {value:.3g}"
    return f"{value:.6g} is below its bound"


def recorded(table: Mapping[str, Variable], record) -> list[str]:
    """Names to record; all of them where none are asked for. Raises InputError for an unknown one."""
    if record is None:
        return list(table)
    for name in record:
        if name not in table:
            raise InputError(
                f"unknown variable '{name}'", key="--record", expected="a state variable", nearest=nearest(name, table)
            )
    return list(dict.fromkeys(record))
