"""The inverse of the standard normal distribution function, by three rational functions (Wichura
1988, Algorithm AS 241, PPND16), of which the coefficients are selected and one is evaluated.

Each is written as a line and a curve, c + s t + t² P(t)/Q(t) in place of N(t)/Q(t), which is the
same function: rounding errors of the curve, a small part of the whole, count less.
"""

from __future__ import annotations

from .logarithm import INFINITY, LARGEST_SUBNORMAL, NAN, log_of_normal
from .operations import Value, polynomial, sign_bit

# c, s, P and Q about the middle, in the tails, and far out in them
MIDDLE = (
    3.3871328727963666080,
    -10.179205485111813056,
    (
        74.713335442725172999,
        2455.8528549950418257,
        28976.643624960822397,
        150064.2762168044552,
        336244.49341924648327,
        277245.5140635209639,
        53201.569410409974098,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
TAIL = (
    1.42343711074968357734,
    1.7077486893198510027,
    (
        -0.12306646703386668432,
        -0.19683609417956727195,
        -0.11830770610055423853,
        -0.032777992470198627584,
        -0.0040111232627912571637,
        -0.00016060909014305022288,
        -1.7944170576534924214e-9,
    ),
    (
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
FAR = (
    6.65790464350110377720,
    1.4701592778141551104,
    (
        -0.008688433712119792201,
        -0.0037869000321534966531,
        -0.00057586052808751061454,
        -0.00003708811918652135103,
        -9.7469332907004989479e-7,
        -7.9514436823635694873e-9,
        -3.0053923677418771671e-15,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def ndtri(o, p: Value) -> Value:
    """The number below which a standard normal lies with probability p; ∓∞ at 0 and 1, NaN
    outside.
    """
    tiny = o.lt(p, o.f(LARGEST_SUBNORMAL))  # its logarithm would need another scaling
    inside = o.both(o.gt(p, o.f(0.0)), o.lt(p, o.f(1.0)))
    x = ndtri_of_inside(o, o.sel(o.either(tiny, o.ne(p, p)), o.f(LARGEST_SUBNORMAL), p))
    edge = o.sel(
        o.eq(p, o.f(0.0)), o.f(-INFINITY), o.sel(o.eq(p, o.f(1.0)), o.f(INFINITY), o.f(NAN))
    )
    return o.sel(inside, x, edge)


def ndtri_of_inside(o, p: Value) -> Value:
    """The same of normal numbers 0 < p < 1."""
    q = o.sub(p, o.f(0.5))
    less = o.sel(o.lt(q, o.f(0.0)), p, o.sub(o.f(1.0), p))
    middle = o.ge(less, o.f(0.075))
    r = o.sqrt(o.neg(log_of_normal(o, less)))
    near = o.le(r, o.f(5.0))
    t = o.sel(
        middle,
        o.sub(o.f(0.180625), o.mul(q, q)),
        o.sub(r, o.sel(near, o.f(1.6), o.f(5.0))),
    )

    def chosen(a: float, b: float, c: float) -> Value:
        return o.sel(middle, o.f(a), o.sel(near, o.f(b), o.f(c)))

    top, bottom = (
        polynomial(o, t, list(map(chosen, MIDDLE[part], TAIL[part], FAR[part]))) for part in (2, 3)
    )
    first, slope = (chosen(MIDDLE[part], TAIL[part], FAR[part]) for part in (0, 1))
    curve = o.div(o.mul(o.mul(t, t), top), bottom)
    v = o.add(o.add(first, o.mul(slope, t)), curve)
    outside = o.flt(o.ior(o.bits(v), sign_bit(o, q)))
    return o.sel(middle, o.mul(q, v), outside)
