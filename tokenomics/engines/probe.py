"""A function called on made-up states, days and orders, where equal inputs must give equal outputs,
and a run's output must not depend on the runs beside it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from ..model.contract import written_at
from ..model.shocks import ShockTable
from ..model.variables import SHARED, Variable
from .trace import (
    MachineDependent,
    Recorder,
    SymbolicTable,
    computed,
    constant_or_position,
)

LANES = 4
SUBSETS = ([2, 0], [3, 1])  # of the lanes, in another order; each day has one of them
STEPS = (
    *range(10),
    *range(10, 101, 10),
    180,
    365,
    730,
)  # any two days up to 99 apart are among the first twenty
SPREADS = (
    1.5,
    0.01,
    0.0,
    # of the logarithm of made-up states about the start; narrower where a function takes no wider
    # ones
)
OFFSET = 0.01  # of a variable that is zero at the start, in units of its scale
ROUNDING = (
    1e-9  # relative; sums of several numbers may be rounded otherwise in other places of an array
)
PAUSE = 0.001  # s; clocks move on in it
CHANGES = (
    "for an equal state: it draws random numbers (a process of Model.extra_shocks does), reads a "
    "clock or remembers (a state variable does)"
)
ALONE = (
    "when other runs are beside it: no mean, maximum or draw over the runs, but elementwise "
    "functions"
)
Outcome = dict[str, np.ndarray] | str


@dataclass(frozen=True)
class Unit:
    """A function to be looked at. where: its names, for messages. function: as its author wrote it.
    act: parameters and state to its outputs.
    """

    where: str
    function: Callable
    act: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


class Probe:
    """A unit on made-up states."""

    def __init__(
        self,
        unit: Unit,
        params: Mapping[str, Any],
        state: Mapping[str, Any],
        table: Mapping[str, Variable],
        forget: Callable[[], None],
        *,
        strict: bool,
    ):
        self._unit, self._state, self._table, self._forget = unit, state, table, forget
        self._strict = strict
        shocks = params.get("shock_table")
        rows = 0
        if isinstance(shocks, ShockTable):
            rows = len(next(iter(shocks.values.values()), ()))
            # a run's own shocks of later days stand for those of other runs
            lanes = {
                n: np.stack(
                    [np.roll(series[:, 0], -lane, axis=0) for lane in range(LANES)], axis=-1
                )
                for n, series in shocks.values.items()
            }
            shocks = ShockTable(lanes, shocks.first)
        self._params = {
            name: dict(value) if isinstance(value, dict) else value
            for name, value in params.items()
        } | {"shock_table": shocks}
        self._steps = [step for step in STEPS if step < max(rows - int(state["step"]), 1)]

    def fault(self) -> str:
        """What is wrong with it, empty where nothing is."""
        before = _frozen(self._params)
        for spread in SPREADS:
            first, second = self._lanes(1, spread), self._lanes(2, spread)
            if not isinstance(self._outcome(first[0]), str):
                break
        once = [self._outcome(state) for state in first]
        others = [self._outcome(state) for state in second]
        time.sleep(PAUSE)
        with _Files() as files:
            again = [self._outcome(state) for state in reversed(first)][::-1]
            parts = [
                [self._part(state, SUBSETS[i % 2]) for i, state in enumerate(states)]
                for states in (first, second)
            ]
            others_again = [self._outcome(state) for state in second]
        if files.opened:
            return f"reads the file '{files.opened[0]}' at every step; read it once, before"
        after = _frozen(self._params)
        for name in {**before, **after}:
            if before.get(name) != after.get(name):
                return f"changes params['{name}']"
        for old, new in zip((*once, *others), (*again, *others_again), strict=True):
            if name := _differs(old, new, exact=True):
                return f"gives another {name} {CHANGES}"
        for whole, part in ((once, parts[0]), (others, parts[1])):
            for i, (all_lanes, some) in enumerate(zip(whole, part, strict=True)):
                if isinstance(all_lanes, str) or isinstance(some, str):
                    continue
                shaped = {n: v for n, v in all_lanes.items() if v.ndim == 0 or len(v) in (1, LANES)}
                expected = {
                    n: v[SUBSETS[i % 2]] if np.size(v) == LANES else v for n, v in shaped.items()
                }
                if name := _differs(
                    expected, {n: some[n] for n in expected if n in some}, exact=False
                ):
                    return f"gives a run another {name} {ALONE}"
        self._forget()
        for state, old in zip(first, once, strict=True):
            if name := _differs(old, self._outcome(state), exact=True):
                return f"gives another {name} {CHANGES}"
        return self._compiled(first, once)

    def _part(self, state: Mapping[str, Any], chosen: Sequence[int]) -> Outcome:
        """The outputs of some of the lanes."""
        return self._outcome({n: v if n in SHARED else v[chosen] for n, v in state.items()}, chosen)

    def _lanes(self, seed: int, spread: float) -> list[dict[str, Any]]:
        """A state of some made-up runs for every day that is tried. Of the first seed the first run
        is a real one.
        """
        names = [name for name in self._state if name not in SHARED]
        base = np.array([float(np.ravel(self._state[name])[0]) for name in names])
        sizes = np.array(
            [s if isinstance(s := self._table[name].scale, float) else 0.0 for name in names]
        )
        draw = np.random.Generator(np.random.Philox(key=seed)).uniform
        made = []
        for step in self._steps:
            factors = np.exp(draw(-spread, spread, (len(names), LANES)))
            if seed == 1:
                factors[:, 0] = 1.0
            values = np.where(
                base[:, None] != 0.0,
                base[:, None] * factors,
                OFFSET * sizes[:, None] * np.abs(factors - 1.0),
            )
            values.flags.writeable = False
            day = self._state["time"] + step * self._params.get("time_step", 1.0)
            made.append(
                dict(zip(names, values, strict=True))
                | {"step": self._state["step"] + step, "time": day}
            )
        return made

    def _outcome(self, state: Mapping[str, Any], chosen: Sequence[int] | None = None) -> Outcome:
        """The outputs by name, or the name of the exception."""
        params, table = self._params, self._params.get("shock_table")
        if chosen is not None and table is not None:
            params = {**params, "shock_table": table.columns(chosen)}
        try:
            return {
                name: np.array(value, dtype=float)
                for name, value in self._unit.act(params, dict(state)).items()
            }
        except Exception as error:
            return type(error).__name__

    def _compiled(self, states: Sequence[Mapping[str, Any]], direct: Sequence[Outcome]) -> str:
        """What is wrong with the unit as the ensemble records it; empty where it cannot be
        recorded, which the ensemble says itself.
        """
        recorder = Recorder(strict=self._strict)
        state = {name: recorder.input(name) for name in states[0]}
        table = self._params.get("shock_table")
        symbols = (
            SymbolicTable(recorder, table.values, state["step"]) if table is not None else None
        )
        try:
            ends = {
                n: constant_or_position(v)
                for n, v in self._unit.act({**self._params, "shock_table": symbols}, state).items()
            }
        except MachineDependent as error:
            return f"cannot be used{written_at(error)}: {error}"
        except Exception:
            return ""
        for made, outcome in zip(states, direct, strict=True):
            if isinstance(outcome, str):
                continue
            values = computed(recorder, made, table, ends)
            if name := _differs(
                outcome, {n: np.asarray(v, dtype=float) for n, v in values.items()}, exact=False
            ):
                return (
                    f"gives another {name} where it is recorded for the ensemble: it asks of what "
                    f"kind its arguments are"
                )
        return ""


def _differs(a: Outcome, b: Outcome, *, exact: bool) -> str:
    """The output in which two outcomes differ, in quotes; empty where there is none."""
    if isinstance(a, str) or isinstance(b, str) or set(a) != set(b):
        return "" if a == b else "result"
    for name, x in a.items():
        y = b[name]
        if x.shape != y.shape and exact:
            return f"'{name}'"
        try:
            x, y = np.broadcast_arrays(x, y)
        except ValueError:
            return f"'{name}'"
        near = x == y if exact else np.abs(x - y) <= ROUNDING * np.maximum(np.abs(x), np.abs(y))
        if not np.all(near | (x == y) | (np.isnan(x) & np.isnan(y))):
            return f"'{name}'"
    return ""


def _frozen(value: Any) -> Any:
    """What an object holds, to compare it later."""
    if isinstance(value, BaseModel):
        return _frozen(vars(value))
    if isinstance(value, ShockTable):
        return _frozen(value.values)
    if isinstance(value, Mapping):
        return {name: _frozen(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_frozen(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    return repr(value) if isinstance(value, float) else value


class _Files:
    """Notes the files that this thread opens."""

    _active: _Files | None = None
    _installed = False

    def __enter__(self) -> _Files:
        self.opened: list[str] = []
        self._thread = threading.get_ident()
        if not _Files._installed:
            sys.addaudithook(_Files._note)
            _Files._installed = True
        _Files._active = self
        return self

    def __exit__(self, *_) -> None:
        _Files._active = None

    @staticmethod
    def _note(event: str, arguments: tuple) -> None:
        active = _Files._active
        if (
            active is not None
            and event == "open"
            and threading.get_ident() == active._thread
            and isinstance(arguments[0], (str, bytes))
        ):
            active.opened.append(str(arguments[0]))
