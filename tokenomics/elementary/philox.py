"""Philox4x64-10, a counter-based generator (Salmon, Moraes, Dror and Shaw 2011), and uniforms of
its words: those of `numpy.random.Philox`, bit for bit, in as many streams side by side as there are
keys.
"""

from __future__ import annotations

from .operations import Value

ROUNDS = 10
MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B  # what the key grows by from round to round
TWO_52_BITS = 0x4330000000000000
WORD = 2.0**-53
LARGEST = 1.0 - WORD


def block(o, counter: tuple[Value, ...], key: tuple[Value, Value]) -> tuple[Value, ...]:
    """The four words of a counter of four words."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for turn in range(ROUNDS):
        if turn:
            k0, k1 = o.iadd(k0, o.i(WEYL[0])), o.iadd(k1, o.i(WEYL[1]))
        high0, low0 = product(o, x0, MULTIPLIERS[0])
        high1, low1 = product(o, x2, MULTIPLIERS[1])
        x0, x1 = o.ixor(o.ixor(high1, x1), k0), low1
        x2, x3 = o.ixor(o.ixor(high0, x3), k1), low0
    return x0, x1, x2, x3


def product(o, word: Value, constant: int) -> tuple[Value, Value]:
    """High and low word of the product of a word and a constant, from four of their halves."""
    high, (a, b) = o.shr(word, 32), divmod(constant, 2**32)
    low_low, low_high = o.mul32(word, b), o.mul32(word, a)
    high_low, high_high = o.mul32(high, b), o.mul32(high, a)
    middle = o.iadd(high_low, o.shr(low_low, 32))
    rest = o.iadd(low_high, o.iand(middle, o.i(0xFFFFFFFF)))
    top = o.iadd(o.iadd(high_high, o.shr(middle, 32)), o.shr(rest, 32))
    return top, o.ior(o.shl(rest, 32), o.iand(low_low, o.i(0xFFFFFFFF)))


def uniform(o, word: Value) -> Value:
    """A number in (0, 1), the middle of one of 2⁵³ equal cells, or, above ½, where a double does
    not hold the middle, an end of its cell; never 1.
    """
    # 32 and 21 bits as floats: processors without AVX-512 convert no 64-bit integers
    upper = o.sub(o.flt(o.ior(o.shr(word, 32), o.i(TWO_52_BITS))), o.f(2.0**52))
    lower = o.iand(o.shr(word, 11), o.i(0x1FFFFF))
    lower = o.sub(o.flt(o.ior(lower, o.i(TWO_52_BITS))), o.f(2.0**52))
    whole = o.add(o.mul(upper, o.f(2.0**21)), lower)  # exact
    found = o.mul(o.add(whole, o.f(0.5)), o.f(WORD))
    return o.sel(o.lt(found, o.f(1.0)), found, o.f(LARGEST))
