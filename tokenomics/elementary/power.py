"""xʸ = 2^(y log₂ x), the logarithm as a pair of doubles (Sun's fdlibm, 1993, e_pow.c, without its
branches). Special values as C99, annex F.9.4.4, states them.
"""

from __future__ import annotations

from .exponential import LN2, TAIL
from .logarithm import INFINITY, NAN, log2_pair
from .operations import (
    MAGIC,
    MAGIC_BITS,
    SIGN,
    Value,
    clamped,
    either_nan,
    exact_sum_of_sorted,
    head,
    magnitude,
    polynomial,
    scaled,
)

LN2_HIGH = float.fromhex("0x1.62e4300000000p-1")
LN2_LOW = float.fromhex("-0x1.05c610ca86c39p-29")


def power(o, x: Value, y: Value) -> Value:
    """xʸ."""
    size = magnitude(o, x)
    z = power_of_positive(o, size, y)
    down = o.lt(y, o.f(0.0))
    z = o.sel(o.eq(size, o.f(0.0)), o.sel(down, o.f(INFINITY), o.f(0.0)), z)
    z = o.sel(o.eq(size, o.f(INFINITY)), o.sel(down, o.f(0.0), o.f(INFINITY)), z)
    # the sign of a negative base: whole exponents have a result, odd ones keep it
    whole, odd = parity(o, y)
    negative = o.both(o.lt(x, o.f(0.0)), o.gt(x, o.f(-INFINITY)))
    z = o.sel(o.both(negative, o.ieq(whole, o.i(0))), o.f(NAN), z)
    z = o.flt(o.ior(o.bits(z), o.iand(o.iand(o.bits(x), odd), o.i(SIGN))))
    z = o.sel(either_nan(o, x, y), o.f(NAN), z)
    return o.sel(_one_in_any_case(o, x, y), o.f(1.0), z)


def power_of_nan(o, x: Value, y: Value) -> Value:
    """xʸ where x or y is NaN."""
    return o.sel(_one_in_any_case(o, x, y), o.f(1.0), o.f(NAN))


def _one_in_any_case(o, x: Value, y: Value) -> Value:
    return o.either(o.eq(y, o.f(0.0)), o.eq(x, o.f(1.0)))


def parity(o, y: Value) -> tuple[Value, Value]:
    """Masks of all bits: where a number is whole, and where it is whole and odd."""
    size = magnitude(o, y)
    half = o.mul(o.f(0.5), size)
    whole, even = o.eq(rounded(o, size), size), o.eq(rounded(o, half), half)
    everything, nothing = o.i(2**64 - 1), o.i(0)
    return (
        o.sel(whole, everything, nothing),
        o.sel(even, nothing, o.sel(whole, everything, nothing)),
    )


def rounded(o, size: Value) -> Value:
    """The nearest whole number of one that is not negative; from 2⁵² on all are whole."""
    near = o.sub(o.add(size, o.f(2.0**52)), o.f(2.0**52))
    return o.sel(o.lt(size, o.f(2.0**52)), near, size)


def power_of_positive(o, x: Value, y: Value) -> Value:
    """xʸ of 0 < x < ∞."""
    t_high, t_low = log2_pair(o, x)
    y = clamped(o, y, -1e300, 1e300)
    y_high = head(o, y)
    low = o.add(o.mul(o.sub(y, y_high), t_high), o.mul(y, t_low))
    high = o.mul(y_high, t_high)
    z = o.add(low, high)
    over, under = o.gt(z, o.f(1024.5)), o.lt(z, o.f(-1076.0))
    none = o.either(over, under)
    high, low = o.sel(none, o.f(0.0), high), o.sel(none, o.f(0.0), low)
    t = o.add(o.add(high, low), o.f(MAGIC))
    k = o.isub(o.bits(t), o.i(MAGIC_BITS))
    high = o.sub(high, o.sub(t, o.f(MAGIC)))
    t = head(o, o.add(low, high))
    u = o.mul(t, o.f(LN2_HIGH))
    v = o.add(o.mul(o.sub(low, o.sub(t, high)), o.f(LN2)), o.mul(t, o.f(LN2_LOW)))
    z = o.add(u, v)
    w = o.sub(v, o.sub(z, u))
    e = o.mul(o.mul(z, z), polynomial(o, z, TAIL))
    s, lost = exact_sum_of_sorted(o, o.f(1.0), z)
    r = scaled(o, o.add(s, o.add(e, o.add(lost, o.add(w, o.mul(z, w))))), k)
    return o.sel(over, o.f(INFINITY), o.sel(under, o.f(0.0), r))
