"""A function of a user's own, made to compute exp, log and their like with the functions of
`elementary` in place of NumPy's and Python's, whose last digits differ between processors.

It is the same code with other globals: names that stand for NumPy, `math`, one of their functions,
or another function of the user's own stand for ours. All other names are looked up where they were,
so that a constant that a notebook changes later is seen. What cannot be reached so is found by
`left`: functions that have none of ours, and powers other than squares, which the C library
computes for plain numbers.
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
from .suspects import codes, loaded, of_library, own_functions, plain, space


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
        *("arccos", "arccosh", "arcsin", "arcsinh", "arctan2", "arctanh", "cbrt", "cosh", "dot"),
        *("einsum", "float_power", "hypot", "i0", "inner", "logaddexp", "logaddexp2", "matmul"),
        *("sinc", "sinh", "tan", "tensordot", "vdot"),
    )
}
LEFT |= {
    getattr(math, name)
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan2", "atanh", "cosh", "dist", "erf", "erfc"),
        *("gamma", "hypot", "lgamma", "sinh", "tan"),
    )
}
LEFT.add(builtins.pow)
POWER, PRODUCT = (
    next(s.arg or 0 for s in dis.get_instructions(f"x {sign} x") if s.opname == "BINARY_OP")
    for sign in ("**", "*")
)
FOREIGN = ("scipy", "numpy.linalg", "numpy.fft", "cmath", "statistics")  # modules


class _Module(ModuleType):
    """A module with our functions in place of its own."""

    def __init__(self, whole: ModuleType):
        super().__init__(whole.__name__, whole.__doc__)
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return replaced(getattr(self._whole, name))


MODULES = {module: _Module(module) for module in (np, math)}


class _Globals(dict):
    """A function's globals with our functions; it holds none, and looks them up in the original."""

    def __init__(self, original: Mapping[str, Any]):
        super().__init__(__builtins__=original.get("__builtins__", builtins))
        self._original = original
        self._made: dict[Any, Any] = {}

    def __missing__(self, name: str) -> Any:
        value = self._original.get(name, _sum) if name == "sum" else self._original[name]
        if isinstance(value, FunctionType):
            return with_our_functions(value, self._made)
        return replaced(value)


def replaced(value: Any) -> Any:
    """What stands for a module or a function of NumPy or `math`; itself for anything else."""
    try:
        return MODULES.get(value) or OURS.get(value, value)
    except TypeError:  # of no use as a key, so it is none of them
        return value


def with_our_functions(function: Any, made: dict[Any, Any] | None = None) -> Any:
    """The function with ours in place of NumPy's and Python's elementary functions.

    Itself where it is of this package or another, or where it sets globals, which it would then set
    elsewhere. made: what is known already, for functions that name one another.
    """
    made = {} if made is None else made
    if isinstance(function, functools.partial):
        inner = with_our_functions(function.func, made)
        return functools.partial(inner, *function.args, **function.keywords)
    if isinstance(function, MethodType):
        return MethodType(with_our_functions(function.__func__, made), function.__self__)
    call = vars(type(function)).get("__call__")
    if isinstance(call, FunctionType):  # an object that can be called
        return MethodType(with_our_functions(call, made), function)
    if not isinstance(function, FunctionType) or of_library(function) or _sets_globals(function):
        return function
    if function not in made:
        cells = tuple(CellType() if _another(c) else c for c in function.__closure__ or ())
        names = _Globals(function.__globals__)
        code = _with_products(function.__code__)
        ours = FunctionType(code, names, function.__name__, function.__defaults__, cells)
        made[function] = functools.update_wrapper(ours, function)
        ours.__kwdefaults__ = function.__kwdefaults__
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            if cell is not original:
                value = original.cell_contents
                own = isinstance(value, FunctionType)
                cell.cell_contents = with_our_functions(value, made) if own else replaced(value)
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
    """Whether two instructions square a number; a jump to the second brings another exponent."""
    two = load.opname in ("LOAD_CONST", "LOAD_SMALL_INT") and load.argval == 2
    return two and _power(step) and step.arg == POWER and not step.is_jump_target


def _power(step: dis.Instruction) -> bool:
    return step.opname == "BINARY_OP" and step.argrepr in ("**", "**=")


def _sets_globals(function: FunctionType) -> bool:
    return any(
        step.opname == "STORE_GLOBAL"
        for code in codes(function.__code__)
        for step in dis.get_instructions(code)
    )


def _another(cell: CellType) -> bool:
    """Whether a cell's content is to be replaced."""
    try:
        value = cell.cell_contents
    except ValueError:  # not yet set
        return False
    if isinstance(value, FunctionType):
        return not of_library(value)
    return replaced(value) is not value


def left(function: Callable) -> str:
    """What a function of the user's own computes that gives other last digits on other processors;
    empty where it is nothing.
    """
    for one in own_functions(plain(function)):
        names, file = space(one), Path(one.__code__.co_filename).name
        sets = _sets_globals(one)
        for code in codes(one.__code__):
            for load, step in pairwise(dis.get_instructions(code)):
                if _power(step) and not (_square(load, step) and not sets):
                    return (
                        f"takes a power by '**' ({file}, line {step.positions.lineno}), whose last "
                        f"digits differ between processors; expected np.power, or x * x, or "
                        f"Model(..., strict=False)"
                    )
            for text, thing, line in loaded(code, names):
                if _differs(thing, also_ours=sets):
                    return (
                        f"uses {text} ({file}, line {line}), whose last digits differ between "
                        f"processors; expected one of {', '.join(FUNCTIONS)}, or "
                        f"Model(..., strict=False)"
                    )
    return ""


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
