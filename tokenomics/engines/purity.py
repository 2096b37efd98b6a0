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
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..errors import ModelError
from ..model.at_rest import Rest
from ..model.block import Block
from ..model.blocks.controller import policy_controller
from ..model.contract import HISTORY, defined_at, name_of
from ..model.controllers import law
from ..model.lanes import shipped
from ..model.model import Model, bind
from ..model.same_bits import left
from ..model.shocks import sample
from ..model.steady_state import steady_state
from ..model.suspects import suspect
from ..model.variables import Variable, variable_of
from ..parameters import Parameters
from .memory import snapshot
from .probe import Probe, Unit

# the output and the generators, which a probe takes for itself, are the whole process's
ALONE_IN_PROCESS = threading.Lock()
TRIES = 5  # at a function beside which a global generator draws
DRAWS = (
    "draws random numbers from a global generator; randomness is a process of Model.extra_shocks"
)


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
            reason = Probe(unit, params, state, table, forget, strict=strict).fault()
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
