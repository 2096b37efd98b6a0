"""What the functions of a block are given and must give back, and how it is said which of them did
not.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import BlockError, ModelError, TokenomicsError, nearest, suggestion
from .reach import library

Place = tuple[str, int]  # a file and a line
RAISES_NOTHING = "code that raises nothing in a run"


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
# what is said of a name that is not in an argument of a block's function
LOOKED_UP = (
    "no group of parameters",
    None,
    None,
    "no state variable",
    "no policy gives the signal",
)

# what a value may be, looked at for every variable in every step
NUMBERS, ARRAYS = (int, float, NDArrayOperatorsMixin), (np.ndarray, np.generic)
REAL = frozenset("biuf")  # kinds of their elements


def name_of(function: Callable) -> str:
    """The name by which a function is told of."""
    return getattr(function, "__name__", type(function).__name__)


def unknown(what: str, name: str, valid) -> str:
    """A wrong name with its nearest valid one, which is another."""
    return f"{what} '{name}'" + suggestion(nearest(name, [v for v in valid if v != name]))


def _frame(error: BaseException) -> tuple[FrameType, int] | None:
    """The last of a user's own functions through which an error came, and its line."""
    cause = error.__cause__ or error
    lines = [
        (frame, line)
        for frame, line in walk_tb(cause.__traceback__)
        if not library(frame.f_globals.get("__name__", ""))
    ]
    return lines[-1] if lines else None


def place_of(error: BaseException) -> Place | None:
    """File and line of a user's own at which an error arose; None where it is this package's."""
    found = _frame(error)
    return found and (found[0].f_code.co_filename, found[1])


def written_at(error: BaseException) -> str:
    """Function, file and line of a user's own at which an error arose; empty where it is this
    package's.
    """
    found = _frame(error)
    if found is None:
        return ""
    frame, line = found
    return f", '{frame.f_code.co_name}' ({Path(frame.f_code.co_filename).name}, line {line})"


def defined_at(*functions: Any) -> Place | None:
    """File and line of the first of some functions that is a user's own; None where none is."""
    for function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None and not library(getattr(function, "__module__", None) or ""):
            return code.co_filename, code.co_firstlineno
    return None


@contextlib.contextmanager
def placed(*functions: Any) -> Iterator[None]:
    """What goes wrong within is laid to the first of some functions that is a user's own, where it
    is not known which line did it.
    """
    try:
        yield
    except (ModelError, BlockError) as error:
        if error.file is None:
            error.at(defined_at(*functions))
        raise


def in_words(error: BaseException) -> str:
    """What kind an error is and what it says, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class _Missing(Exception):
    """A name that was looked up in one of a block's arguments, which has none of it."""


class _Named(dict):
    """An argument of a block that says so where a name is not in it: the `KeyError` of a table of
    the user's own is another thing.
    """

    def __init__(self, whole: Mapping[str, Any], what: str):
        super().__init__(whole)
        self.what = what

    def __missing__(self, name: Any) -> Any:
        raise _Missing(unknown(self.what, str(name), self))


def missing_name(function: Callable, arguments: tuple, kinds: tuple[str | None, ...]) -> str:
    """Which name a function of a user's own looks up in vain in what it is given, found by calling
    it once more; empty where its `KeyError` is of something else.

    kinds: what to say of each argument that is looked up by name, None of another one.
    """
    named = [
        argument if what is None else _Named(argument, what)
        for argument, what in zip(arguments, kinds, strict=False)
    ]
    try:
        function(*named)
    except _Missing as error:
        return str(error)
    except Exception:
        return ""
    return ""


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
        own = written_at(error).removeprefix(f", '{what}'")
        where = f"block '{block}', '{what}'{own}"
        where += "" if runs is None else clock(arguments[3]) + runs
        if isinstance(error, HistoryRead):
            raise wrong(f"{where}: {error}").at(place_of(error)) from None
        if isinstance(error, KeyError) and (name := missing_name(function, arguments, LOOKED_UP)):
            raise wrong(f"{where}: {name}").at(place_of(error), "a name that there is") from error
        # Neither TypeError nor ValueError, which cadCAD would mask.
        told = BlockError(f"{where}: {in_words(error)}")
        raise told.at(place_of(error), RAISES_NOTHING) from error


def is_number(value: Any) -> bool:
    """Whether a value is a number, an array of them, or a symbol that stands for one."""
    kind = value.dtype.kind if isinstance(value, ARRAYS) else None
    return kind in REAL or isinstance(value, NUMBERS)


def expect_signals(where: str, policy: str, out: Any, error: type[TokenomicsError]) -> None:
    """A policy returns a dict."""
    if not isinstance(out, dict):
        raise error(
            f"{where}: policy '{policy}' returns {type(out).__name__}; expected a dict of signals"
        )


def is_value(name: str, out: Any) -> bool:
    """Whether an update returns what it should, so that no more is to be asked."""
    return isinstance(out, tuple) and len(out) == 2 and out[0] == name and is_number(out[1])


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
    if not is_number(out[1]):
        raise error(
            f"{where}: the value of '{name}' is a {type(out[1]).__name__}; expected a number or an "
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
