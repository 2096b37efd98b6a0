"""Algorithms that choose, which NumPy's operations on whole arrays cannot say: functions of numbers
and arrays, written as plain loops in Python and run as machine code.

They are one text, which Python runs as well and with the same bits, because nothing is contracted
or reassociated. What it may consist of stands in `translation.py`.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from functools import cached_property


class Array:
    """Annotates an array of doubles with one index. No two arguments of a routine overlap."""


KINDS = {"int": ctypes.c_int64, "float": ctypes.c_double, "Array": ctypes.c_void_p}


class Routine:
    """A function whose arguments are annotated as int, float or Array, and which returns nothing.

    Called, it is machine code, which is made or loaded at the first call; an array is then given as
    its address. `plain` is the function itself, for which an array is anything with an index.
    """

    def __init__(self, plain: Callable[..., None]):
        self.plain, self.__doc__ = plain, plain.__doc__
        kinds = inspect.get_annotations(plain, eval_str=True)
        self._kinds = {name: kind.__name__ for name, kind in kinds.items() if kind}

    @cached_property
    def _compiled(self) -> Callable[..., None]:
        from .machine_code import load  # LLVM takes a while to import
        from .translation import assembly, constants

        text = inspect.getsource(self.plain)
        numbers = constants(text, self.plain.__globals__)
        wanted = f"routine {text} {sorted(numbers.items())}"
        self._code = load(wanted, lambda: assembly(text, self._kinds, numbers))
        # it keeps Python's lock: to give it up and take it again costs more than most calls
        kind = ctypes.PYFUNCTYPE(None, *(KINDS[k] for k in self._kinds.values()))
        return kind(self._code.address(self.plain.__name__))

    def __call__(self, *arguments: int | float) -> None:
        self._compiled(*arguments)
