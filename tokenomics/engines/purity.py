"""Blocks and laws of a user's own are functions of what they are given: no random numbers, clocks,
files or memory of their own.

Otherwise a seed would not say what a run is, runs would share their draws, and the engines would
differ: the ensemble calls a block once. What a function names is read from its code; then it is
called on made-up states, days and orders, where equal inputs must give equal outputs, and a run's
output must not depend on the runs beside it. Only functions that are not this package's are looked
at, before a simulation.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel

from ..errors import ModelError
from ..model.block import Block
from ..model.blocks.controller import policy_controller
from ..model.contract import HISTORY, defined_at, name_of, written_at
from ..model.controllers import law
from ..model.lanes import shipped
from ..model.model import Model, bind
from ..model.same_bits import left
from ..model.shocks import ShockTable, sample
from ..model.steady_state import steady_state
from ..model.suspects import suspect
from ..model.variables import SHARED, Rest, Variable, variable_of
from ..parameters import Parameters
from .memory import snapshot
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
# the output and the generators, which a probe takes for itself, are the whole process's
ALONE_IN_PROCESS = threading.Lock()
TRIES = 5  # at a function beside which a global generator draws
DRAWS = (
    "draws random numbers from a global generator; randomness is a process of Model.extra_shocks"
)
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


def units(block: Block, params: Mapping[str, Any]) -> Iterator[Unit]:
    """The functions of a block that are not this package's, and the law where it is the
    controller's.
    """
    where = f"block '{block.name}'"
    for policy in block.policies:
        if not shipped(policy):
            yield Unit(
                f"{where}, '{name_of(policy)}'",
                policy,
                lambda p, s, policy=policy: policy(p, 0, HISTORY, s),
            )
        elif policy is policy_controller and not shipped(law(params["controller"].type).decide):
            name = params["controller"].type
            yield Unit(
                f"controller '{name}'",
                law(name).decide,
                lambda p, s: policy_controller(p, 0, HISTORY, s),
            )
    for update in block.updates:
        if not shipped(update):
            act = partial(_updated, block, update)
            yield Unit(f"{where}, '{variable_of(update)}'", update, act)


def _updated(
    block: Block, update: Callable, params: Mapping[str, Any], state: Mapping[str, Any]
) -> dict[str, Any]:
    signals: dict[str, Any] = {}
    for policy in block.policies:
        for name, value in policy(params, 0, HISTORY, state).items():
            signals[name] = signals[name] + value if name in signals else value
    return dict([update(params, 0, HISTORY, state, signals)])


def check(
    block: Block,
    params: Mapping[str, Any],
    state: Mapping[str, Any],
    table: Mapping[str, Variable],
    *,
    strict: bool,
) -> None:
    """Raise ModelError where a function of a block gives other numbers for equal inputs. state:
    before the block, some runs. strict: on another processor, too.
    """
    for variable in block.declared.values():
        own = callable(variable.start) and not shipped(variable.start)
        if own and (found := suspect(variable.start) or (strict and left(variable.start))):
            told = ModelError(f"variable '{variable.name}': its start {found}")
            raise told.at(defined_at(variable.start))
    for unit in units(block, params):
        if found := suspect(unit.function) or (strict and left(unit.function)):
            raise ModelError(f"{unit.where} {found}").at(defined_at(unit.function))
        # of the generators' states any thread may be the cause: a function that draws is it always
        for _ in range(TRIES):
            with ALONE_IN_PROCESS:
                reason, drawn = _probed(unit, params, state, table, strict=strict)
            if not drawn:
                break
        if found := DRAWS if drawn else reason:
            raise ModelError(f"{unit.where} {found}").at(defined_at(unit.function))


def _probed(
    unit: Unit,
    params: Mapping[str, Any],
    state: Mapping[str, Any],
    table: Mapping[str, Variable],
    *,
    strict: bool,
) -> tuple[str, bool]:
    """What is wrong with a function, and whether a global generator has another state after it."""
    numpy_state, python_state, forget = (
        np.random.get_state(),
        random.getstate(),
        snapshot(unit.function),
    )
    try:
        with _quiet():
            reason = _Probe(unit, params, state, table, forget, strict=strict).fault()
    finally:
        forget()
        drawn = random.getstate() != python_state or not _same_generator(
            np.random.get_state(), numpy_state
        )
        np.random.set_state(numpy_state)
        random.setstate(python_state)
    return reason, drawn


def check_model(model: Model, parameters: Parameters) -> None:
    """`check` all blocks of a model before anything has called them: on the steady state of the
    shipped model without a controller.
    """
    params = bind(parameters, sample(parameters, [0], 0, extra=model.processes(parameters)), model)
    bound = model.bound(params)
    if not any(True for block in bound.blocks for _ in units(block, params)):
        return
    calm = parameters.model_copy(
        update={
            "controller": parameters.controller.model_copy(update={"type": "none"}),
            "blocks": {},
        }
    )
    table = model.variables(params)
    known = steady_state(calm, Model()).state
    own = Rest(
        params, {name: variable for name, variable in table.items() if name not in known}, known
    )
    start = {**dict.fromkeys(table, 0.0), **known, **own}
    for block in bound.blocks:
        known = {name: value for name, value in start.items() if name in table}
        check(block, params, known, table, strict=model.strict)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def _same_generator(a: tuple, b: tuple) -> bool:
    return a[2:] == b[2:] and np.array_equal(a[1], b[1])


class _Probe:
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
