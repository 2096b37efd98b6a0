"""The operations that every elementary function is made of, each fixed to the last bit by IEEE 754:
add, subtract, multiply, divide, square root, comparison, selection, and 64-bit integers.

`Arrays` carries them out with NumPy and `vectors.Vectors` writes them as machine instructions, so
that one text of a function gives the same bits in both. There is no fused multiply-add, no table
and no branch among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MAGIC = 1.5 * 2.0**52  # adding it rounds to the nearest whole number, ties to even
MAGIC_BITS = 0x4338000000000000
ONE_BITS = 0x3FF0000000000000
SIGN = 0x8000000000000000
LARGEST_SUBNORMAL = 2.0**-1022
Value = Any  # of a backend: floats, 64-bit integers or truth values


def signed(word: int) -> int:
    """A 64-bit word as the signed integer of the same bits."""
    return word - 2**64 if word >= 2**63 else word


class Arrays:
    """The operations on NumPy arrays of float64, int64 and truth values."""

    lt = staticmethod(np.less)
    le = staticmethod(np.less_equal)
    gt = staticmethod(np.greater)
    ge = staticmethod(np.greater_equal)
    eq = staticmethod(np.equal)
    ne = staticmethod(np.not_equal)
    add = staticmethod(np.add)
    sub = staticmethod(np.subtract)
    mul = staticmethod(np.multiply)
    div = staticmethod(np.divide)
    neg = staticmethod(np.negative)
    sqrt = staticmethod(np.sqrt)
    sel = staticmethod(np.where)
    either = staticmethod(np.logical_or)
    both = staticmethod(np.logical_and)
    iadd = staticmethod(np.add)
    isub = staticmethod(np.subtract)
    iand = staticmethod(np.bitwise_and)
    ior = staticmethod(np.bitwise_or)
    ixor = staticmethod(np.bitwise_xor)
    ieq = staticmethod(np.equal)

    @staticmethod
    def f(number: float) -> np.float64:
        """A floating-point constant."""
        return np.float64(number)

    @staticmethod
    def i(word: int) -> np.int64:
        """A 64-bit constant."""
        return np.int64(signed(word))

    @staticmethod
    def bits(x: np.ndarray) -> np.ndarray:
        """The bits of floats."""
        return np.asarray(x).view(np.int64)

    @staticmethod
    def flt(i: np.ndarray) -> np.ndarray:
        """The floats of bits."""
        return np.asarray(i).view(np.float64)

    @staticmethod
    def shl(i: np.ndarray, places: int) -> np.ndarray:
        """Bits moved left."""
        return i << np.int64(places)

    @staticmethod
    def shr(i: np.ndarray, places: int) -> np.ndarray:
        """Bits moved right, zeros after them."""
        return (np.asarray(i).view(np.uint64) >> np.uint64(places)).view(np.int64)

    @staticmethod
    def mul32(i: np.ndarray, word: int) -> np.ndarray:
        """The 64-bit product of the low halves of words and a 32-bit constant."""
        low = np.asarray(i).view(np.uint64) & np.uint64(0xFFFFFFFF)
        return (low * np.uint64(word)).view(np.int64)


# What several functions are made of; `o` is the backend.


def polynomial(o, x: Value, coefficients: Sequence[Any]) -> Value:
    """Σ c[i] xⁱ by Estrin's scheme (1960), which halves the chain of dependent operations; the
    coefficients are numbers or values.
    """
    c = [o.f(value) if isinstance(value, float) else value for value in coefficients]
    while len(c) > 1:
        pairs = zip(c[::2], c[1::2], strict=False)
        c = [o.add(even, o.mul(odd, x)) for even, odd in pairs] + c[len(c) - len(c) % 2 :]
        if len(c) > 1:
            x = o.mul(x, x)
    return c[0]


def magnitude(o, x: Value) -> Value:
    """|x|."""
    return o.flt(o.iand(o.bits(x), o.i(SIGN - 1)))


def sign_bit(o, x: Value) -> Value:
    """The sign bit alone."""
    return o.iand(o.bits(x), o.i(SIGN))


def head(o, x: Value) -> Value:
    """x with its low 32 bits cleared: 21 significant bits, so that products of two are exact."""
    return o.flt(o.iand(o.bits(x), o.i(0xFFFFFFFF00000000)))


def power_of_two(o, k: Value) -> Value:
    """2ᵏ of integers from −1022 to 1023."""
    return o.flt(o.shl(o.iadd(k, o.i(1023)), 52))


def scaled(o, y: Value, k: Value) -> Value:
    """y 2ᵏ of integers from −1100 to 1100, rounded once where the result is subnormal."""
    # halves of k, with the exponents' bias
    a = o.isub(o.shr(o.iadd(k, o.i(2048)), 1), o.i(1))
    b = o.isub(o.iadd(k, o.i(2046)), a)
    return o.mul(o.mul(y, o.flt(o.shl(a, 52))), o.flt(o.shl(b, 52)))


def nearest_whole(o, x: Value) -> tuple[Value, Value]:
    """The nearest whole number of |x| < 2⁵¹, as an integer and as a float."""
    t = o.add(x, o.f(MAGIC))
    return o.isub(o.bits(t), o.i(MAGIC_BITS)), o.sub(t, o.f(MAGIC))


def as_float(o, k: Value) -> Value:
    """The float of a small integer. Processors without AVX-512 convert no 64-bit integers."""
    return o.sub(o.flt(o.iadd(k, o.i(MAGIC_BITS))), o.f(MAGIC))


def clamped(o, x: Value, low: float, high: float) -> Value:
    """x between two numbers; NaN stays."""
    x = o.sel(o.lt(x, o.f(low)), o.f(low), x)
    return o.sel(o.gt(x, o.f(high)), o.f(high), x)


def exact_sum(o, a: Value, b: Value) -> tuple[Value, Value]:
    """a + b and what its rounding lost (Knuth 1969, TwoSum)."""
    s = o.add(a, b)
    t = o.sub(s, a)
    return s, o.add(o.sub(a, o.sub(s, t)), o.sub(b, t))


def exact_sum_of_sorted(o, a: Value, b: Value) -> tuple[Value, Value]:
    """The same for |a| ≥ |b| (Dekker 1971, Fast2Sum)."""
    s = o.add(a, b)
    return s, o.sub(b, o.sub(s, a))


def either_nan(o, x: Value, y: Value) -> Value:
    """Where one of two is NaN."""
    return o.either(o.ne(x, x), o.ne(y, y))
