"""What the functions of a block are given and must give back, and how it is said which of them did
not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import BlockError, ModelError, TokenomicsError, nearest, suggestion


class HistoryRead(Exception):
    """A block has looked into the history."""


class NoHistory:
    """Stands for cadCAD's `state_history`, which no block may read: the ensemble keeps none."""

    def _refuse(self, *_):
        raise HistoryRead(
            "it reads state_history, which is not kept; what a block remembers is a state variable "
            "of its own"
        )

    __getitem__ = __len__ = __iter__ = __bool__ = _refuse


HISTORY = NoHistory()

# what a value may be, looked at for every variable in every step
NUMBERS, ARRAYS = (int, float, NDArrayOperatorsMixin), (np.ndarray, np.generic)
REAL = frozenset("biuf")  # kinds of their elements


def name_of(function: Callable) -> str:
    """The name by which a function is told of."""
    return getattr(function, "__name__", type(function).__name__)


def unknown(what: str, name: str, valid) -> str:
    """A wrong name with its nearest valid one, which is another."""
    return f"{what} '{name}'" + suggestion(nearest(name, [v for v in valid if v != name]))


def call(
    block: str,
    what: str,
    function: Callable,
    *arguments: Any,
    runs: str | None = None,
    wrong: type[TokenomicsError] = ModelError,
) -> Any:
    """A block's function, with every exception named.

    arguments: parameters, substep, history, state, and for an update the signals. runs: which they
    are, in words, where the day is to be told.
    wrong: the error for a wrong name, which is found before a run.
    """
    try:
        return function(*arguments)
    except TokenomicsError:
        raise
    except Exception as error:
        state = arguments[3]
        where = f"block '{block}', '{what}'" + ("" if runs is None else clock(state) + runs)
        if isinstance(error, HistoryRead):
            raise wrong(f"{where}: {error}") from None
        signals = arguments[4] if len(arguments) > 4 else None
        name = str(error.args[0]) if isinstance(error, KeyError) and error.args else None
        if name is not None and signals is not None and name not in signals:
            raise wrong(unknown(f"{where}: no policy gives the signal", name, signals)) from error
        if name is not None and name not in state:
            raise wrong(unknown(f"{where}: no state variable", name, state)) from error
        # Neither TypeError nor ValueError, which cadCAD would mask.
        raise BlockError(
            f"{where}: " + " ".join(f"{type(error).__name__}: {error}".split())
        ) from error


def expect_signals(where: str, policy: str, out: Any, error: type[TokenomicsError]) -> None:
    """A policy returns a dict."""
    if not isinstance(out, dict):
        raise error(
            f"{where}: policy '{policy}' returns {type(out).__name__}; expected a dict of signals"
        )


def expect_value(where: str, name: str, out: Any, error: type[TokenomicsError]) -> None:
    """An update returns its own variable's name and a number, an array of them or a symbol; cadCAD
    takes anything.
    """
    if not (isinstance(out, tuple) and len(out) == 2):
        raise error(
            f"{where}: the update of '{name}' returns {type(out).__name__}; expected (name, value)"
        )
    if out[0] != name:
        raise error(f"{where}: the update of '{name}' returns the name '{out[0]}'")
    value = out[1]
    kind = value.dtype.kind if isinstance(value, ARRAYS) else None
    if not (kind in REAL or isinstance(value, NUMBERS)):
        raise error(
            f"{where}: the value of '{name}' is a {type(value).__name__}; expected a number or an "
            f"array of them"
        )


def expect_shape(
    where: str, name: str, value: Any, runs: int, error: type[TokenomicsError]
) -> None:
    """A value is one number, or one a run."""
    if np.shape(value) not in ((), (1,), (runs,)):
        raise error(
            f"{where}: the value of '{name}' has shape {np.shape(value)}; expected a number or one "
            f"a run, ({runs},)"
        )


def clock(state: Mapping[str, Any]) -> str:
    """The day of a state, for messages."""
    return f", day {float(state['time']):g}"
