"""A function of a user's own, made to compute exp, log and their like with the functions of
`elementary` in place of NumPy's and Python's, whose last digits differ between processors.

It is the same code with other globals: names that stand for NumPy, `math`, one of their functions,
or another function or module of the user's own stand for ours. All other names are looked up where
they were, so that a constant that a notebook changes later is seen. What cannot be reached so is
found by `left`: functions that have none of ours, those that a name does not lead to, and powers
other than squares, which the C library computes for plain numbers.
"""

from __future__ import annotations

import builtins
import dis
import functools
import math
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..elementary import FUNCTIONS, arctan, log, power
from .reach import COPY_OF, codes, copied, keeps_globals, library, of_library, uses


def _sum(terms, start=0):
    """`sum` from left to right; Python's own corrects for rounding from 3.12 on."""
    return functools.reduce(operator.add, terms, start)


def _math_log(x, *base):
    """`math.log`, with its base."""
    return log(x) / log(*base) if base else log(x)


OURS: dict[Any, Any] = {getattr(np, n): f for n, f in FUNCTIONS.items() if hasattr(np, n)}
OURS |= {getattr(math, n): f for n, f in FUNCTIONS.items() if hasattr(math, n)}
OURS |= {math.log: _math_log, math.pow: power, math.atan: arctan}
LEFT = {
    getattr(np, name)
    for name in (
        *("arccos", "arccosh", "arcsin", "arcsinh", "arctan2", "arctanh", "blackman", "cbrt"),
        *("convolve", "corrcoef", "correlate", "cosh", "cov", "dot", "einsum", "float_power"),
        *("geomspace", "hamming", "hanning", "hypot", "i0", "inner", "kaiser", "logaddexp"),
        *("logaddexp2", "logspace", "matmul", "polyfit", "sinc", "sinh", "tan", "tensordot"),
        "vdot",
    )
}
LEFT |= {
    getattr(math, name)
    for name in (
        *(
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan2",
            "atanh",
            "cbrt",
            "cosh",
            "dist",
            "erf",
            "erfc",
        ),
        *("gamma", "hypot", "lgamma", "sinh", "tan"),
    )
}
POWERS = {builtins.pow, operator.pow}
LEFT |= POWERS
DIFFERS = "whose last digits differ between processors"
NOT_STRICT = "Model(..., strict=False)"
POWER, PRODUCT = (
    next(s.arg or 0 for s in dis.get_instructions(f"x {sign} x") if s.opname == "BINARY_OP")
    for sign in ("**", "*")
)
FOREIGN = ("scipy", "numpy.linalg", "numpy.fft", "numpy.lib.scimath", "cmath", "statistics")


Made = dict[Any, Any]  # copies of functions, by function


class _Module(ModuleType):
    """A module with our functions in place of its own."""

    def __init__(self, whole: ModuleType, made: Made):
        super().__init__(whole.__name__, whole.__doc__)
        self._whole, self._made = whole, made

    def __getattr__(self, name: str) -> Any:
        return ours(getattr(self._whole, name), self._made)


class _Globals(dict):
    """A function's globals with our functions; it holds none, and looks them up in the original."""

    def __init__(self, original: Mapping[str, Any], made: Made):
        super().__init__(__builtins__={**vars(builtins), "sum": _sum, "__import__": self._import})
        self._original, self._made = original, made

    def __missing__(self, name: str) -> Any:
        return ours(self._original[name], self._made)

    def _import(self, name: str, _: Any = None, *others: Any, **named: Any) -> Any:
        """What an import within the function gives."""
        return ours(builtins.__import__(name, self._original, *others, **named), self._made)


def ours(value: Any, made: Made) -> Any:
    """What stands for a module, a function of NumPy or `math`, or a function of the user's own;
    itself for anything else.
    """
    if isinstance(value, (FunctionType, functools.partial, MethodType)):
        return with_our_functions(value, made)
    if isinstance(value, ModuleType):
        own = value in (np, math) or not library(value.__name__)
        return _Module(value, made) if own else value
    try:
        return OURS.get(value, value)
    except TypeError:  # of no use as a key, so it is none of them
        return value


def with_our_functions(function: Any, made: Made | None = None) -> Any:
    """The function with ours in place of NumPy's and Python's elementary functions.

    Itself where it is of this package or another, or where it works with its own globals alone.
    made: what is known already, for functions that name one another.
    """
    made = {} if made is None else made
    if isinstance(function, functools.partial):
        inner = with_our_functions(function.func, made)
        named = {name: ours(value, made) for name, value in function.keywords.items()}
        return functools.partial(inner, *(ours(value, made) for value in function.args), **named)
    if isinstance(function, MethodType):
        return MethodType(with_our_functions(function.__func__, made), function.__self__)
    call = vars(type(function)).get("__call__")
    if isinstance(call, FunctionType):  # an object that can be called
        return MethodType(with_our_functions(call, made), function)
    other = not isinstance(function, FunctionType) or of_library(function)
    if other or hasattr(function, COPY_OF) or keeps_globals(function):
        return function
    if function not in made:
        cells = tuple(CellType() if _another(c) else c for c in function.__closure__ or ())
        names = _Globals(function.__globals__, made)
        code = _with_products(function.__code__)
        copy = FunctionType(code, names, function.__name__, None, cells)
        made[function] = functools.update_wrapper(copy, function)
        setattr(copy, COPY_OF, function)
        copy.__defaults__ = function.__defaults__ and tuple(
            ours(value, made) for value in function.__defaults__
        )
        copy.__kwdefaults__ = function.__kwdefaults__ and {
            name: ours(value, made) for name, value in function.__kwdefaults__.items()
        }
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            if cell is not original:
                cell.cell_contents = ours(original.cell_contents, made)
    return made[function]


def _with_products(code: CodeType) -> CodeType:
    """The code with x * x for x ** 2, which of a plain number would be the C library's power: COPY
    for the load of the 2, and a product for the power.
    """
    text = bytearray(code.co_code)
    for load, step in pairwise(dis.get_instructions(code)):
        if _square(load, step):
            text[load.offset : load.offset + 2] = dis.opmap["COPY"], 1
            text[step.offset + 1] = PRODUCT
    inner = (_with_products(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_code=bytes(text), co_consts=tuple(inner))


def _square(load: dis.Instruction, step: dis.Instruction) -> bool:
    """Whether two instructions square a number; a jump to the second brings another exponent. A
    constant beyond the 256th takes more than one instruction to load.
    """
    two = load.opname in ("LOAD_CONST", "LOAD_SMALL_INT") and load.argval == 2
    short = two and (load.arg or 0) < 256
    return short and _power(step) and step.arg == POWER and not step.is_jump_target


def _power(step: dis.Instruction) -> bool:
    return step.opname == "BINARY_OP" and step.argrepr in ("**", "**=")


def _another(cell: CellType) -> bool:
    """Whether a cell's content is to be replaced; one that is set later is not looked at."""
    try:
        value = cell.cell_contents
    except ValueError:  # not yet set
        return False
    if isinstance(value, (FunctionType, functools.partial, MethodType)):
        return not of_library(getattr(value, "func", value))
    return ours(value, {}) is not value


def left(function: Callable) -> str:
    """What a function of the user's own computes that gives other last digits on other processors;
    empty where it is nothing.
    """
    for one, has_copy in copied(function).items():
        for code in codes(one.__code__):
            for load, step in pairwise(dis.get_instructions(code)):
                if _power(step) and not (_square(load, step) and has_copy):
                    return (
                        f"takes a power by '**' ({_file(one)}, line {step.positions.lineno}), "
                        f"{DIFFERS}; expected np.power, or x * x, or {NOT_STRICT}"
                    )
    for use in uses(function):
        if _differs(use.thing, also_ours=not use.copied):
            at = f" ({_file(use.function)}, line {use.line})" if use.function else ""
            own = _named_ours(use.thing)
            expected = f"tokenomics.elementary.{own}" if own else f"one of {', '.join(FUNCTIONS)}"
            return f"uses {use.text}{at}, {DIFFERS}; expected {expected}, or {NOT_STRICT}"
    return ""


def _file(function: FunctionType) -> str:
    return Path(function.__code__.co_filename).name


def _named_ours(thing: Any) -> str:
    """The name of our function that could stand for something; empty where there is none."""
    own = power if thing in POWERS else OURS.get(thing)
    return "log" if own is _math_log else own.__name__ if own else ""


def _differs(thing: Any, *, also_ours: bool) -> bool:
    """Whether something is a function whose last digits differ between processors."""
    if isinstance(thing, ModuleType) or not callable(thing):
        return False
    try:
        if thing in LEFT or (also_ours and thing in OURS):
            return True
    except TypeError:  # of no use as a key, so it is none of them
        return False
    if isinstance(thing, np.ufunc):
        known = (getattr(np, thing.__name__, None), FUNCTIONS.get(thing.__name__))
        return not any(thing is one for one in known)
    return (getattr(thing, "__module__", None) or "").startswith(FOREIGN)
