"""log, log2, log10 and log1p.

x = 2ᵏ m. Natural logarithms by s = f/(2 + f), f = m − 1, and an even polynomial in s; base 2 as a
pair of doubles, good to some 2⁻⁶⁸. Both with the coefficients of Sun's fdlibm (1993; e_log.c and
e_pow.c), without its branches.
"""

from __future__ import annotations

from .exponential import LN2_HIGH, LN2_LOW
from .operations import (
    LARGEST_SUBNORMAL,
    ONE_BITS,
    Value,
    as_float,
    head,
    polynomial,
)

ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
INFINITY, NAN = float("inf"), float("nan")
SERIES = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
SERIES_2 = (
    5.99999999999994648725e-01,
    4.28571428578550184252e-01,
    3.33333329818377432918e-01,
    2.72728123808534006489e-01,
    2.30660745775561754067e-01,
    2.06975017800338417784e-01,
)
LOG2_THREE_HALVES = float.fromhex("0x1.2b80340000000p-1"), float.fromhex("0x1.cfdeb43cfd006p-27")
# 2/(3 ln 2), and as a sum of two
TWO_THIRDS_LOG2_E = float.fromhex("0x1.ec709dc3a03fdp-1")
TWO_THIRDS_LOG2_E_HIGH = float.fromhex("0x1.ec709e0000000p-1")
TWO_THIRDS_LOG2_E_LOW = float.fromhex("-0x1.e2fe0145b01f5p-28")
LOG10_2 = float.fromhex("0x1.34413509f79ffp-2")
LOG10_2_HIGH = float.fromhex("0x1.3441350800000p-2")
LOG10_2_LOW = float.fromhex("0x1.f79fef311f12bp-34")


def log(o, x: Value) -> Value:
    """Natural logarithm; −∞ of 0, NaN below."""
    small = o.lt(x, o.f(LARGEST_SUBNORMAL))
    k, m = split(o, enlarged(o, x, small))
    k = o.sel(small, o.isub(k, o.i(54)), k)
    return edges(o, x, log_of_parts(o, as_float(o, k), m))


def log_of_normal(o, x: Value) -> Value:
    """The natural logarithm of a positive normal number."""
    k, m = split(o, x)
    return log_of_parts(o, as_float(o, k), m)


def log1p(o, x: Value) -> Value:
    """log(1 + x)."""
    u = o.add(o.f(1.0), x)
    k, m = split(o, u)
    lost = o.sel(o.gt(u, o.f(2.0)), o.sub(o.f(1.0), o.sub(u, x)), o.sub(x, o.sub(u, o.f(1.0))))
    y = edges(o, u, log_of_parts(o, as_float(o, k), m, o.div(lost, u)))
    return o.sel(o.eq(x, o.f(0.0)), x, y)  # −0 stays


def log2(o, x: Value) -> Value:
    """Logarithm to base 2; exact of powers of two."""
    high, low = log2_pair(o, x)
    return edges(o, x, o.add(high, low))


def log10(o, x: Value) -> Value:
    """Logarithm to base 10; exact of powers of ten."""
    high, low = log2_pair(o, x)
    rest = o.add(o.mul(high, o.f(LOG10_2_LOW)), o.mul(low, o.f(LOG10_2)))
    return edges(o, x, o.add(o.mul(high, o.f(LOG10_2_HIGH)), rest))


def enlarged(o, x: Value, small: Value) -> Value:
    """2⁵⁴ x where x is subnormal, for its exponent."""
    return o.mul(x, o.sel(small, o.f(2.0**54), o.f(1.0)))


def split(o, x: Value) -> tuple[Value, Value]:
    """k and m from √½ to √2 with x = 2ᵏ m, of a positive normal number."""
    i = o.bits(x)
    # 2^10 more, so that it is positive: AVX2 has no arithmetic shift of 64 bits
    k = o.isub(o.shr(o.iadd(i, o.i(2**62 - ROOT_HALF_BITS)), 52), o.i(1024))
    return k, o.flt(o.isub(i, o.shl(k, 52)))


def log_of_parts(o, k: Value, m: Value, c: Value | None = None) -> Value:
    """k ln 2 + log m + c, c a small correction."""
    f = o.sub(m, o.f(1.0))
    s = o.div(f, o.add(o.f(2.0), f))
    z = o.mul(s, s)
    series = o.mul(z, polynomial(o, z, SERIES))
    half = o.mul(o.mul(o.f(0.5), f), f)
    low = o.mul(k, o.f(LN2_LOW))
    low = low if c is None else o.add(low, c)
    inside = o.sub(half, o.add(o.mul(s, o.add(half, series)), low))
    return o.sub(o.mul(k, o.f(LN2_HIGH)), o.sub(inside, f))


def log2_pair(o, x: Value) -> tuple[Value, Value]:
    """log₂ of a positive number as a sum of two, the first with its low 32 bits clear."""
    small = o.lt(x, o.f(LARGEST_SUBNORMAL))
    i = o.bits(enlarged(o, x, small))
    k = o.isub(o.shr(i, 52), o.i(1023))
    m = o.flt(o.ior(o.iand(i, o.i(0x000FFFFFFFFFFFFF)), o.i(ONE_BITS)))
    far, middle = o.ge(m, o.f(1.7320508075688772)), o.ge(m, o.f(1.2247448713915890))
    m = o.sel(far, o.mul(m, o.f(0.5)), m)
    k = o.sel(far, o.iadd(k, o.i(1)), k)
    n = as_float(o, o.sel(small, o.isub(k, o.i(54)), k))
    # log2(m) about 1 or 3/2
    middle = o.sel(far, o.f(0.0), o.sel(middle, o.f(1.0), o.f(0.0)))
    about = o.add(o.f(1.0), o.mul(o.f(0.5), middle))
    base = o.mul(o.f(LOG2_THREE_HALVES[0]), middle)
    base_low = o.mul(o.f(LOG2_THREE_HALVES[1]), middle)
    u, above = o.sub(m, about), o.add(m, about)
    v = o.div(o.f(1.0), above)
    s = o.mul(u, v)
    s_high, above_high = head(o, s), head(o, above)
    above_low = o.sub(m, o.sub(above_high, about))
    s_low = o.mul(v, o.sub(o.sub(u, o.mul(s_high, above_high)), o.mul(s_high, above_low)))
    s2 = o.mul(s, s)
    r = o.mul(o.mul(s2, s2), polynomial(o, s2, SERIES_2))
    r = o.add(r, o.mul(s_low, o.add(s_high, s)))
    s2 = o.mul(s_high, s_high)
    t_high = head(o, o.add(o.add(o.f(3.0), s2), r))
    t_low = o.sub(r, o.sub(o.sub(t_high, o.f(3.0)), s2))
    u, v = o.mul(s_high, t_high), o.add(o.mul(s_low, t_high), o.mul(t_low, s))
    p_high = head(o, o.add(u, v))
    p_low = o.sub(v, o.sub(p_high, u))
    z_high = o.mul(o.f(TWO_THIRDS_LOG2_E_HIGH), p_high)
    z_low = o.add(
        o.add(o.mul(o.f(TWO_THIRDS_LOG2_E_LOW), p_high), o.mul(p_low, o.f(TWO_THIRDS_LOG2_E))),
        base_low,
    )
    high = head(o, o.add(o.add(o.add(z_high, z_low), base), n))
    return high, o.sub(z_low, o.sub(o.sub(o.sub(high, n), base), z_high))


def edges(o, x: Value, y: Value) -> Value:
    """y where 0 < x < ∞; −∞ at 0, NaN below and of NaN, ∞ at ∞."""
    y = o.sel(o.lt(x, o.f(INFINITY)), y, x)
    y = o.sel(o.eq(x, o.f(0.0)), o.f(-INFINITY), y)
    return o.sel(o.lt(x, o.f(0.0)), o.f(NAN), y)
