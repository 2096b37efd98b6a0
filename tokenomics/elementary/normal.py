"""The inverse of the standard normal distribution function, by three rational functions (Wichura
1988, Algorithm AS 241, PPND16), of which the coefficients are selected and one is evaluated.
"""

from __future__ import annotations

from .logarithm import INFINITY, LARGEST_SUBNORMAL, NAN, log_of_normal
from .operations import Value, magnitude, polynomial, sign_bit

# numerators and denominators about the middle, in the tails, and far out in them
MIDDLE = (
    3.3871328727963666080,
    (
        -10.179205485111815721,
        -356.00275252836096365,
        -4539.1649009656872148,
        -25931.986104094326569,
        -65875.295097939555548,
        -63878.655117260853136,
        -15193.753039787393779,
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
    (
        1.707748689319850818,
        3.3832688422792587088,
        2.6660079023625047183,
        1.0596415561558969018,
        0.22014637915688858007,
        0.021944379640634191681,
        0.00077454351860169530609,
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
    (
        1.4701592778141548462,
        0.87316044988775541282,
        0.19752183481639400945,
        0.021293289884494065572,
        0.0011197348343927650551,
        0.000026169126713786227396,
        2.0103342631872000467e-7,
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
    middle = o.le(magnitude(o, q), o.f(0.425))
    less = o.sel(o.lt(q, o.f(0.0)), p, o.sub(o.f(1.0), p))
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
        polynomial(o, t, list(map(chosen, MIDDLE[part], TAIL[part], FAR[part]))) for part in (1, 2)
    )
    v = o.add(chosen(MIDDLE[0], TAIL[0], FAR[0]), o.div(o.mul(t, top), bottom))
    outside = o.flt(o.ior(o.bits(v), sign_bit(o, q)))
    return o.sel(middle, o.mul(q, v), outside)
