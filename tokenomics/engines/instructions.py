"""One operation of a program as machine instructions for runs side by side.

Every operation becomes one vector instruction, so that a run's numbers do not depend on its
neighbours; nothing is reassociated or contracted, and exp, log and the like are those of
`elementary`, so that results are the reference engine's to the last bit.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
import numpy as np

from ..elementary.functions import TABLE
from ..elementary.vectors import DOUBLE, INDEX, function
from ..errors import InputError, ModelError
from .program import NUMPY

WIDTH = "TOKENOMICS_LANES"  # in the environment
WIDTHS = ("4", "8", "16", "32", "64")


def _lanes() -> int:
    """Runs side by side, or as the environment has it: one vector of the processor, for a second
    is no faster and takes LLVM twice as long. Results do not depend on it.
    """
    found = os.environ.get(WIDTH)
    if not found:
        return 8 if llvm.get_host_cpu_features().get("avx512f") else 4
    if found not in WIDTHS:
        raise InputError(f"'{found}'", key=WIDTH, expected=f"one of {', '.join(WIDTHS)}")
    return int(found)


LANES = _lanes()
TRUTH = ir.IntType(1)
VECTOR, TRUTHS = ir.VectorType(DOUBLE, LANES), ir.VectorType(TRUTH, LANES)
BINARY = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}
COMPARE = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "=="}
LOGIC = {"logical_and": "and_", "logical_or": "or_", "logical_xor": "xor"}
LOGIC |= {
    "bitwise_and": "and_",
    "bitwise_or": "or_",
    "bitwise_xor": "xor",
}  # of truth values: runs have no integers
LIBRARY = {"power": "pow", "arctan": "atan"}  # where C calls it otherwise than NumPy
EXACT = {
    "sqrt": "llvm.sqrt",
    "absolute": "llvm.fabs",
    "floor": "llvm.floor",
    "ceil": "llvm.ceil",
    "rint": "llvm.rint",
}


class Writer:
    """Writes the instructions of a program. A value is a vector of runs, or a scalar where it is
    the same in all runs.
    """

    def __init__(self, builder: ir.IRBuilder, module: ir.Module):
        self.b, self.module = builder, module

    def vector(self, value: ir.Value) -> ir.Value:
        """The value in every lane."""
        if isinstance(value.type, ir.VectorType):
            return value
        if isinstance(value, ir.Constant):
            return ir.Constant(ir.VectorType(value.type, LANES), [value] * LANES)
        one = self.b.insert_element(
            ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined),
            value,
            ir.Constant(INDEX, 0),
        )
        return self.b.shuffle_vector(
            one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        )

    def number(self, value: ir.Value) -> ir.Value:
        """Truth as 0.0 or 1.0."""
        kinds = {TRUTH: DOUBLE, TRUTHS: VECTOR}
        return self.b.uitofp(value, kinds[value.type]) if value.type in kinds else value

    def truth(self, value: ir.Value) -> ir.Value:
        return (
            value
            if value.type in (TRUTH, TRUTHS)
            else self.b.fcmp_unordered("!=", value, self.like(value, 0.0))
        )

    def like(self, value: ir.Value, number: float) -> ir.Constant:
        """A constant of the shape of a value."""
        constant = ir.Constant(DOUBLE, number)
        return self.vector(constant) if isinstance(value.type, ir.VectorType) else constant

    def function(self, name: str, kind: ir.Type, count: int) -> ir.Function:
        if name not in self.module.globals:
            function = ir.Function(self.module, ir.FunctionType(kind, [kind] * count), name)
            for attribute in ("nounwind", "readnone", "nobuiltin"):
                function.attributes.add(attribute)
        return self.module.globals[name]

    def unsigned(self, value: ir.Value) -> ir.Value:
        """The value, in which a zero has no sign; see `variables.unsigned`."""
        return self.b.fadd(value, self.like(value, 0.0))

    def call_own(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """A function of `elementary`, of vectors; of a scalar, in the first lane. For constants
        among the arguments it has a form of its own, in which LLVM computes with them.
        """
        own, given = TABLE[name], [self.vector(a) for a in arguments]
        varying = [a for a in given if not isinstance(a, ir.Constant)]
        if len(varying) == len(given):
            made = function(self.module, name, own.form, own.arguments, LANES)
        else:

            def form(o, *rest: ir.Value) -> ir.Value:
                left = iter(rest)
                whole = (a if isinstance(a, ir.Constant) else next(left) for a in given)
                return own.form(o, *whole)

            texts = (str(a) if isinstance(a, ir.Constant) else "x" for a in given)
            made = function(self.module, " ".join((name, *texts)), form, len(varying), LANES)
        result = self.b.call(made, varying, cconv="fastcc")
        if isinstance(arguments[0].type, ir.VectorType):
            return result
        return self.b.extract_element(result, ir.Constant(INDEX, 0))

    def call_c(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """NumPy's function in a model that is not strict: the C library's, lane by lane."""
        function = self.function(LIBRARY.get(name, name), DOUBLE, len(arguments))
        if arguments[0].type == DOUBLE:
            return self.b.call(function, arguments)
        result: ir.Value = ir.Constant(VECTOR, ir.Undefined)
        for lane in range(LANES):
            at = ir.Constant(INDEX, lane)
            result = self.b.insert_element(
                result,
                self.b.call(function, [self.b.extract_element(a, at) for a in arguments]),
                at,
            )
        return result

    def extreme(self, sign: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """NumPy's maximum (">") and minimum ("<"), which pass NaN on, as the processor's own
        instruction: the first where it is beyond the second, else the second, NaN or not.
        """
        if isinstance(b, ir.Constant):
            a, b = b, a
        beyond = self.b.select(self.b.fcmp_ordered(sign, a, b), a, b)
        if isinstance(a, ir.Constant):
            return beyond
        return self.b.select(self.b.fcmp_unordered("uno", a, a), a, beyond)

    def write(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """The result of one operation. Raises ModelError for a function without a compiled form."""
        b = self.b
        if any(isinstance(a.type, ir.VectorType) for a in arguments):
            arguments = [self.vector(a) for a in arguments]
        if name == "where":
            return b.select(self.truth(arguments[0]), *map(self.number, arguments[1:]))
        if name in LOGIC:
            return getattr(b, LOGIC[name])(*map(self.truth, arguments))
        if name in ("logical_not", "invert"):
            return b.not_(self.truth(arguments[0]))
        x = [self.number(a) for a in arguments]
        if name in BINARY:
            return getattr(b, BINARY[name])(*x)
        if name in COMPARE:
            return b.fcmp_ordered(COMPARE[name], *x)
        if name == "not_equal":
            return b.fcmp_unordered("!=", *x)  # true for a NaN
        if name in ("maximum", "minimum"):
            return self.extreme(">" if name == "maximum" else "<", *x)
        if name in TABLE:
            return self.call_own(name, x)
        if name.startswith(NUMPY):
            return self.call_c(name.removeprefix(NUMPY), x)
        if name in EXACT:
            shape = f"v{LANES}f64" if isinstance(x[0].type, ir.VectorType) else "f64"
            return b.call(self.function(f"{EXACT[name]}.{shape}", x[0].type, 1), x)
        if name in DERIVED:
            return DERIVED[name](self, x[0])
        raise ModelError(f"np.{name} has no compiled form; the engine cadcad takes it")


def _sign(w: Writer, x: ir.Value) -> ir.Value:
    zero = w.like(x, 0.0)
    below = w.b.select(w.b.fcmp_ordered("<", x, zero), w.like(x, -1.0), x)  # NaN stays
    above = w.b.select(w.b.fcmp_ordered(">", x, zero), w.like(x, 1.0), below)
    return w.b.select(w.b.fcmp_ordered("==", x, zero), zero, above)


DERIVED: dict[str, Callable[[Writer, ir.Value], ir.Value]] = {
    "negative": lambda w, x: w.b.fneg(x),
    "positive": lambda w, x: x,
    "square": lambda w, x: w.b.fmul(x, x),
    "reciprocal": lambda w, x: w.b.fdiv(w.like(x, 1.0), x),
    "sign": _sign,
    "isnan": lambda w, x: w.b.fcmp_unordered("uno", x, x),
    "isfinite": lambda w, x: w.b.fcmp_ordered("ord", w.b.fsub(x, x), w.like(x, 0.0)),
}


FUNCTIONS = "functions"  # the array of the addresses of Python functions that the code calls
PER_RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def callback(function: Callable, inputs: int, outputs: int) -> Any:
    """A C function of (which runs, arguments (inputs, LANES), results (outputs, LANES)) around one
    that takes a run alone.
    """

    def call(which: int, arguments: int, results: int) -> None:
        wanted = np.ctypeslib.as_array((ctypes.c_double * LANES).from_address(which))
        table = np.ctypeslib.as_array(
            (ctypes.c_double * (inputs * LANES)).from_address(arguments)
        ).reshape(inputs, LANES)
        found = np.ctypeslib.as_array(
            (ctypes.c_double * (outputs * LANES)).from_address(results)
        ).reshape(outputs, LANES)
        for run in np.flatnonzero(wanted):
            try:
                found[:, run] = function(np.ascontiguousarray(table[:, run]))
            except Exception:  # the run fails, and its replay in the reference engine says why
                found[:, run] = np.nan

    return PER_RUN(call)


def write_call(
    w: Writer, arguments: Sequence[ir.Value], outputs: int, number: int
) -> list[ir.Value]:
    """Results of a function of one run's numbers, called where the first argument is true.

    number: of the function's address in the array `FUNCTIONS`.
    """
    b, count = w.b, len(arguments)
    with b.goto_entry_block():
        buffers = [b.alloca(VECTOR, size) for size in (1, max(count - 1, 1), outputs)]
    at = [ir.Constant(INDEX, i) for i in range(max(count, outputs))]
    which = w.vector(w.truth(arguments[0]))
    b.store(b.uitofp(which, VECTOR), buffers[0])
    for i, value in enumerate(arguments[1:]):
        b.store(w.vector(w.number(value)), b.gep(buffers[1], [at[i]]))
    for i in range(outputs):
        b.store(w.vector(ir.Constant(DOUBLE, 0.0)), b.gep(buffers[2], [at[i]]))
    pointer = ir.PointerType(DOUBLE)
    kind = ir.FunctionType(ir.VoidType(), [pointer] * 3)
    address = b.load(
        b.gep(w.module.globals[FUNCTIONS], [ir.Constant(INDEX, i) for i in (0, number)])
    )
    target = b.inttoptr(address, ir.PointerType(kind))
    anyone = b.icmp_unsigned(
        "!=", b.bitcast(which, ir.IntType(LANES)), ir.Constant(ir.IntType(LANES), 0)
    )
    with b.if_then(anyone):
        b.call(target, [b.bitcast(buffer, pointer) for buffer in buffers])
    return [b.load(b.gep(buffers[2], [at[i]])) for i in range(outputs)]
