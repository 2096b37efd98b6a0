"""What a function names in its code, and that no block may use: global generators, clocks, and
numbers that differ between processes.
"""

from __future__ import annotations

import builtins
import datetime as dt
import dis
import functools
import inspect
import random
import sys
import time
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

CLOCKS = (time.time, time.time_ns, time.localtime, time.gmtime, time.ctime, time.strftime)
CLOCKS += (dt.datetime.now, dt.datetime.utcnow, dt.datetime.today, dt.date.today)
OF_PROCESS = (builtins.hash, builtins.id)
GENERATORS = (random.random.__self__, np.random.random_sample.__self__)  # type: ignore[attr-defined]
LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")


def suspect(function: Callable) -> str:
    """What a function, or one of the user's own that it calls, must not use; empty where there is
    nothing.
    """
    for text, thing, _ in named(function):
        if any(getattr(thing, "__self__", None) is generator for generator in GENERATORS):
            return (
                f"draws random numbers from a global generator ({text}); randomness is a process "
                f"of Model.extra_shocks"
            )
        if any(_is(thing, clock) for clock in CLOCKS):
            return f"reads a clock ({text}); the day is state['time']"
        if any(thing is one for one in OF_PROCESS):
            return f"uses {text}(), which differs from one process to the next"
    return ""


def _is(thing: Any, clock: Any) -> bool:
    # a class's method is made anew each time that it is asked for, and its subclasses have their
    # own
    same = getattr(thing, "__name__", None) == clock.__name__ and isinstance(
        getattr(clock, "__self__", None), type
    )
    return thing is clock or (
        same and isinstance(thing.__self__, type) and issubclass(thing.__self__, dt.date)
    )


def named(function: Callable) -> Iterator[tuple[str, Any, int | None]]:
    """Names in the code of a function and of the user's own that it calls, with attributes of
    modules and classes, what they stand for, and the line.
    """
    for one in own_functions(plain(function)):
        names = space(one)
        for code in codes(one.__code__):
            yield from loaded(code, names)


def own_functions(function: Any) -> list[FunctionType]:
    """A function and those of the user's own that it names, directly or through one another."""
    found: list[FunctionType] = []
    todo = [function]
    while todo:
        one = todo.pop()
        if isinstance(one, FunctionType) and one not in found:
            found.append(one)
            names = space(one)
            todo += [
                plain(thing)
                for code in codes(one.__code__)
                for _, thing, _ in loaded(code, names)
                if _own(thing)
            ]
    return found


def space(function: FunctionType) -> dict[str, Any]:
    """What the names that a function does not set itself stand for."""
    names = {**vars(builtins), **function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # not yet set
            continue
    return names


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def loaded(code: CodeType, names: dict[str, Any]) -> Iterator[tuple[str, Any, int | None]]:
    """Names in a code object, with attributes of modules and classes, what they stand for, and the
    line.
    """
    text, thing = "", None
    for step in dis.get_instructions(code):
        if step.opname in LOADS and step.argval in names:
            text, thing = step.argval, names[step.argval]
            yield text, thing, step.positions.lineno
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(thing, (ModuleType, type)):
            text, thing = f"{text}.{step.argval}", getattr(thing, step.argval, None)
            yield text, thing, step.positions.lineno
        else:
            thing = None


def plain(function: Any) -> Any:
    """The Python function of a wrapper, a partial one, a method or an object that can be called."""
    while True:
        function = inspect.unwrap(function) if callable(function) else function
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, MethodType):
            function = function.__func__
        elif not isinstance(function, (FunctionType, type)) and isinstance(
            vars(type(function)).get("__call__"), FunctionType
        ):
            function = vars(type(function))["__call__"]
        else:
            return function


def _own(thing: Any) -> bool:
    """Whether something is a function that the user wrote."""
    function = plain(thing)
    return isinstance(function, FunctionType) and not of_library(function)


def of_library(thing: Any) -> bool:
    """Whether a function or a class is of Python, of a package that is installed, or of this
    one.
    """
    return library(getattr(thing, "__module__", None) or "")


def library(module: str) -> bool:
    """Whether a module is of Python, of a package that is installed, or of this one."""
    first = module.split(".")[0]
    if first in ("__main__", ""):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return (
        first in sys.stdlib_module_names
        or first == __package__.split(".")[0]
        or "site-packages" in file
        or "dist-packages" in file
    )
