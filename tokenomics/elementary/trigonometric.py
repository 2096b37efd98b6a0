"""sin, cos and arctan: Cody and Waite's reduction (1980) and the polynomials of Sun's fdlibm (1993;
k_sin.c, k_cos.c, s_atan.c), without its branches.

sin and cos take |x| up to 2²⁹ (some 540 million), about which ½π in five parts leaves more bits
than a double shows; beyond it they are NaN rather than wrong.
"""

from __future__ import annotations

from .logarithm import NAN
from .operations import (
    Value,
    exact_sum,
    magnitude,
    nearest_whole,
    polynomial,
    sign_bit,
)

LARGEST_ANGLE = 2.0**29
TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
# pi/2 in parts of 23 bits, so that a product with a whole number below 2^30 is exact, and a rest
HALF_PI = [
    float.fromhex(text)
    for text in (
        "0x1.921fb40000000p+0",
        "0x1.4442d00000000p-24",
        "0x1.8469880000000p-48",
        "0x1.8cc5140000000p-72",
        "0x1.80dc1cd129025p-95",
    )
]
SINE = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
COSINE = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
ARCTANGENT = (
    3.33333333333329318027e-01,
    -1.99999999998764832476e-01,
    1.42857142725034663711e-01,
    -1.11111104054623557880e-01,
    9.09088713343650656196e-02,
    -7.69187620504482999495e-02,
    6.66107313738753120669e-02,
    -5.83357013379057348645e-02,
    4.97687799461593236017e-02,
    -3.65315727442169155270e-02,
    1.62858201153657823623e-02,
)


def sin(o, x: Value) -> Value:
    """Sine of an angle [rad]."""
    return _turned(o, x, 0)


def cos(o, x: Value) -> Value:
    """Cosine of an angle [rad]."""
    return _turned(o, x, 1)


def _turned(o, x: Value, quarters: int) -> Value:
    """sin(x + quarters π/2)."""
    size = magnitude(o, x)
    inside = o.le(size, o.f(LARGEST_ANGLE))
    quarter, r, c = reduced(o, o.sel(inside, x, o.f(0.0)))
    quarter = o.iadd(quarter, o.i(quarters))
    z = o.mul(r, r)
    half = o.mul(o.f(0.5), z)
    v = o.mul(z, r)
    s = o.add(r, o.add(o.mul(v, polynomial(o, z, SINE)), o.mul(c, o.sub(o.f(1.0), half))))
    w = o.sub(o.f(1.0), half)
    rest = o.sub(o.mul(o.mul(z, z), polynomial(o, z, COSINE)), o.mul(r, c))
    co = o.add(w, o.add(o.sub(o.sub(o.f(1.0), w), half), rest))
    y = o.sel(o.ieq(o.iand(quarter, o.i(1)), o.i(0)), s, co)
    y = o.flt(o.ixor(o.bits(y), o.shl(o.iand(quarter, o.i(2)), 62)))
    if quarters == 0:
        y = o.sel(o.eq(x, o.f(0.0)), x, y)  # −0 stays
    return o.sel(inside, y, o.f(NAN))


def reduced(o, x: Value) -> tuple[Value, Value, Value]:
    """k and r, c with x = k π/2 + r + c, |r| ≤ π/4."""
    k, whole = nearest_whole(o, o.mul(x, o.f(TWO_OVER_PI)))
    r, c = o.sub(x, o.mul(whole, o.f(HALF_PI[0]))), o.f(0.0)  # exact (Sterbenz)
    for part in HALF_PI[1:]:
        r, lost = exact_sum(o, r, o.neg(o.mul(whole, o.f(part))))
        c = o.add(c, lost)
    return k, *exact_sum(o, r, c)


def arctan(o, x: Value) -> Value:
    """Arctangent [rad], from −½π to ½π: arctan|x| = arctan a + arctan((|x| − a)/(1 + a|x|)) with a
    of 0, ½, 1, 3/2 or ∞.
    """
    size = magnitude(o, x)
    size = o.sel(o.gt(size, o.f(1e300)), o.f(1e300), size)  # so that no quotient is NaN
    top, bottom, high, low = size, o.f(1.0), o.f(0.0), o.f(0.0)
    for start, (above, below), (more, rest) in (
        (0.4375, _quotient(o, size, 0.5), ("0x1.dac670561bb4fp-2", "0x1.a2b7f222f65e2p-56")),
        (0.6875, _quotient(o, size, 1.0), ("0x1.921fb54442d18p-1", "0x1.1a62633145c07p-55")),
        (1.1875, _quotient(o, size, 1.5), ("0x1.f730bd281f69bp-1", "0x1.007887af0cbbdp-56")),
        (2.4375, (o.f(-1.0), size), ("0x1.921fb54442d18p+0", "0x1.1a62633145c07p-54")),
    ):
        here = o.ge(size, o.f(start))
        top, bottom = o.sel(here, above, top), o.sel(here, below, bottom)
        high = o.sel(here, o.f(float.fromhex(more)), high)
        low = o.sel(here, o.f(float.fromhex(rest)), low)
    t = o.div(top, bottom)
    z = o.mul(t, t)
    series = o.mul(t, o.mul(z, polynomial(o, z, ARCTANGENT)))
    y = o.sub(high, o.sub(o.sub(series, low), t))
    y = o.flt(o.ior(o.iand(o.bits(y), o.i(2**63 - 1)), sign_bit(o, x)))
    return o.sel(o.either(o.eq(x, o.f(0.0)), o.ne(x, x)), x, y)


def _quotient(o, size: Value, a: float) -> tuple[Value, Value]:
    """(size − a) and (1 + a size) of arctan's reduction."""
    return o.sub(size, o.f(a)), o.add(o.f(1.0), o.mul(o.f(a), size))
