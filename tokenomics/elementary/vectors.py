"""The operations as LLVM vector instructions. Nothing is contracted or reassociated, for LLVM does
so only where it is allowed to.
"""

from __future__ import annotations

from collections.abc import Callable

import llvmlite.ir as ir

from .operations import Value, signed

DOUBLE, INDEX = ir.DoubleType(), ir.IntType(64)


class Vectors:
    """Writes instructions at a builder's place, for so many numbers side by side."""

    def __init__(self, builder: ir.IRBuilder, lanes: int):
        self.b, self.lanes = builder, lanes
        self.floats, self.words = ir.VectorType(DOUBLE, lanes), ir.VectorType(INDEX, lanes)
        b = builder
        self.add, self.sub, self.mul, self.div, self.neg = b.fadd, b.fsub, b.fmul, b.fdiv, b.fneg
        self.sel, self.either, self.both = b.select, b.or_, b.and_
        self.iadd, self.isub, self.iand, self.ior, self.ixor = b.add, b.sub, b.and_, b.or_, b.xor
        self.lt, self.le, self.gt, self.ge, self.eq = map(
            self._compare, ("<", "<=", ">", ">=", "==")
        )

    def _compare(self, sign: str) -> Callable[[Value, Value], Value]:
        return lambda x, y: self.b.fcmp_ordered(sign, x, y)

    def ne(self, x: Value, y: Value) -> Value:
        """Whether two differ; true for NaN."""
        return self.b.fcmp_unordered("!=", x, y)

    def ieq(self, x: Value, y: Value) -> Value:
        """Whether two integers are the same."""
        return self.b.icmp_signed("==", x, y)

    def f(self, number: float) -> ir.Constant:
        """A floating-point constant."""
        return ir.Constant(self.floats, [ir.Constant(DOUBLE, float(number))] * self.lanes)

    def i(self, word: int) -> ir.Constant:
        """A 64-bit constant."""
        return ir.Constant(self.words, [ir.Constant(INDEX, signed(word))] * self.lanes)

    def spread(self, word: Value) -> Value:
        """A 64-bit integer in every lane."""
        one = self.b.insert_element(
            ir.Constant(self.words, ir.Undefined), word, ir.Constant(INDEX, 0)
        )
        places = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.b.shuffle_vector(one, one, places)

    def bits(self, x: Value) -> Value:
        """The bits of floats."""
        return self.b.bitcast(x, self.words)

    def flt(self, i: Value) -> Value:
        """The floats of bits."""
        return self.b.bitcast(i, self.floats)

    def shl(self, i: Value, places: int) -> Value:
        """Bits moved left."""
        return self.b.shl(i, self.i(places))

    def shr(self, i: Value, places: int) -> Value:
        """Bits moved right, zeros after them."""
        return self.b.lshr(i, self.i(places))

    def mul32(self, i: Value, word: int) -> Value:
        """The 64-bit product of the low halves of words and a 32-bit constant."""
        return self.b.mul(self.iand(i, self.i(0xFFFFFFFF)), self.i(word))

    def sqrt(self, x: Value) -> Value:
        """Square root."""
        name = f"llvm.sqrt.v{self.lanes}f64"
        module = self.b.module
        known = module.globals.get(name)
        return self.b.call(
            known or ir.Function(module, ir.FunctionType(self.floats, [self.floats]), name), [x]
        )


def function(
    module: ir.Module, name: str, form: Callable, arguments: int, lanes: int
) -> ir.Function:
    """An elementary function of a module, written once: vectors to a vector."""
    name = f"{name}_{lanes}"
    if name not in module.globals:
        kind = ir.VectorType(DOUBLE, lanes)
        made = ir.Function(module, ir.FunctionType(kind, [kind] * arguments), name)
        made.linkage, made.calling_convention = "internal", "fastcc"
        for attribute in ("nounwind", "readnone", "noinline"):
            made.attributes.add(attribute)
        builder = ir.IRBuilder(made.append_basic_block())
        builder.ret(form(Vectors(builder, lanes), *made.args))
    return module.globals[name]
