"""The standard normal distribution function, in operations that the engines compile.

Hart et al., Computer Approximations (1968), algorithm 5666, as in West, "Better approximations to
cumulative normal functions", Wilmott Magazine (2005): exact to 1e-14 up to 7 deviations; a
continued fraction beyond.
"""

import numpy as np

from ...elementary import exp
from .queueing import ROOT_2PI

FURTHEST = 38.0  # deviations; beyond them nothing is left in double precision
SPLIT = 7.07106781186547
TOP = (
    3.52624965998911e-02,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376,
)
BOTTOM = (
    8.83883476483184e-02,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752,
)


def _polynomial(coefficients, x):
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def ndtr(x):
    """The probability that a standard normal lies below x."""
    size = np.minimum(np.absolute(x), FURTHEST)
    density = exp(-0.5 * size * size)
    # the fraction's numerator and denominator, so that one division serves for near and far
    over, under = size + 0.65, 1.0
    for k in (4.0, 3.0, 2.0, 1.0):
        over, under = size * over + k * under, over
    near = size < SPLIT
    top = np.where(near, _polynomial(TOP, size), under)
    tail = density * top / np.where(near, _polynomial(BOTTOM, size), over * ROOT_2PI)
    return np.where(np.greater(x, 0.0), 1.0 - tail, tail)
