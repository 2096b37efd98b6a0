"""The inverse of the standard normal distribution function, by three rational functions (Wichura
1988, Algorithm AS 241, PPND16), of which the coefficients are selected and one is evaluated.
"""

from __future__ import annotations

from .logarithm import INFINITY, LARGEST_SUBNORMAL, NAN, log_of_normal
from .operations import Value, magnitude, polynomial, sign_bit

# numerators and denominators about the middle, in the tails, and far out in them
MIDDLE = (
    (
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
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
    (
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
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
    (
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
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
    top, bottom = (
        polynomial(
            o,
            t,
            [
                o.sel(middle, o.f(a), o.sel(near, o.f(b), o.f(c)))
                for a, b, c in zip(MIDDLE[part], TAIL[part], FAR[part], strict=True)
            ],
        )
        for part in (0, 1)
    )
    v = o.div(top, bottom)
    outside = o.flt(o.ior(o.bits(v), sign_bit(o, q)))
    return o.sel(middle, o.mul(q, v), outside)
