"""What a function could remember in: containers that it or its helpers name, variables that they
set, attributes, caches.
"""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..model.reach import codes, of_library, own_functions, space

DEEPEST = 3  # containers inside one another
LARGEST = 100_000  # elements of a container that is copied; larger ones hold data

Restore = Callable[[], None]


def snapshot(function: Callable) -> Restore:
    """Remember what a function of the user's could remember in; calling the result puts it back."""
    restores: list[Restore] = []
    seen: set[int] = set()
    for owner in (function, getattr(function, "__self__", None)):
        if owner is not None and not isinstance(owner, (FunctionType, MethodType, type)):
            restores += _contents(owner, seen, 0)
    for one in own_functions(function):
        restores += _contents(vars(one), seen, 0)
        for default in (*(one.__defaults__ or ()), *(one.__kwdefaults__ or {}).values()):
            restores += _contents(default, seen, 0)
        for cell in one.__closure__ or ():
            restores += _cell(cell, seen)
        names = space(one)
        for code in codes(one.__code__):
            restores += _globals(code, one.__globals__, names, seen)

    def restore() -> None:
        for put_back in restores:
            put_back()

    return restore


def _cell(cell: Any, seen: set[int]) -> Iterator[Restore]:
    try:
        value = cell.cell_contents
    except ValueError:  # not yet set
        return
    yield lambda: setattr(cell, "cell_contents", value)
    yield from _contents(value, seen, 0)


def _globals(
    code: CodeType, bound: dict[str, Any], names: dict[str, Any], seen: set[int]
) -> Iterator[Restore]:
    for step in dis.get_instructions(code):
        name = step.argval
        if step.opname == "STORE_GLOBAL" and name in bound:
            yield lambda name=name, value=bound[name]: bound.__setitem__(name, value)
        elif step.opname == "STORE_GLOBAL":
            yield lambda name=name: bound.pop(name, None)
        elif step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and name in names:
            yield from _contents(names[name], seen, 0)


def _contents(value: Any, seen: set[int], depth: int) -> Iterator[Restore]:
    """Ways to put back what a container, an object of the user's or a cache holds."""
    if id(value) in seen or depth > DEEPEST:
        return
    seen.add(id(value))
    if hasattr(value, "cache_clear"):
        yield value.cache_clear
    elif isinstance(value, np.ndarray):
        if value.size <= LARGEST and value.flags.writeable:
            copy = value.copy()
            yield lambda: np.copyto(value, copy)
    elif isinstance(value, dict):
        if len(value) <= LARGEST:
            yield lambda copy=dict(value): (value.clear(), value.update(copy))  # type: ignore[func-returns-value]
            for inner in list(value.values()):
                yield from _contents(inner, seen, depth + 1)
    elif isinstance(value, (list, deque, bytearray)):
        if len(value) <= LARGEST:
            yield lambda copy=list(value): (value.clear(), value.extend(copy))
            for inner in value:
                yield from _contents(inner, seen, depth + 1)
    elif isinstance(value, set):
        if len(value) <= LARGEST:
            yield lambda copy=set(value): (value.clear(), value.update(copy))
    elif isinstance(getattr(value, "__dict__", None), dict) and not of_library(type(value)):
        yield from _contents(vars(value), seen, depth + 1)
