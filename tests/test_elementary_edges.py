"""The elementary functions at the edges: infinities, NaN, zeros of both signs, subnormal numbers,
domains' ends, and the floating-point warnings that nobody should see.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.elementary import FUNCTIONS, exp, log, ndtri, power
from tokenomics.elementary.functions import TABLE
from ulps import arguments

INF, NAN = math.inf, math.nan
TINY = 5e-324  # the smallest subnormal number
NORMAL = 2.0**-1022  # the smallest that is not
LARGEST = np.finfo(float).max
HALF_PI = np.pi / 2
ALIKE = [-0.0, 0.0, TINY, -TINY, 1e-310, -1e-310]  # each its own image under odd functions


def values(name, *given):
    with np.errstate(all="ignore"):
        return FUNCTIONS[name](*given)


def same(found, expected):
    """Equal to the sign of a zero; NaN is like NaN."""
    found, expected = np.asarray(found), np.asarray(expected, dtype=float)
    signs = (np.signbit(found) == np.signbit(expected)) | np.isnan(expected)
    return np.array_equal(found, expected, equal_nan=True) and bool(np.all(signs))


ITSELF = [(x, x) for x in ALIKE]
LOG = [(-INF, NAN), (INF, INF), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (-TINY, NAN), (1.0, 0.0)]
SPECIAL = {
    "exp": [(-INF, 0.0), (INF, INF), (NAN, NAN), *((x, 1.0) for x in ALIKE)]
    + [(709.79, INF), (LARGEST, INF), (-745.13, TINY), (-745.2, 0.0), (-LARGEST, 0.0)],
    "exp2": [(-INF, 0.0), (INF, INF), (NAN, NAN), *((x, 1.0) for x in ALIKE)]
    + [(1023.0, 2.0**1023), (1024.0, INF), (LARGEST, INF)]
    + [(-1074.0, TINY), (-1076.0, 0.0), (-LARGEST, 0.0)],
    "expm1": [(-INF, -1.0), (INF, INF), (NAN, NAN), *ITSELF]
    + [(709.79, INF), (LARGEST, INF), (-38.0, -1.0), (-LARGEST, -1.0)],
    "tanh": [(-INF, -1.0), (INF, 1.0), (NAN, NAN), *ITSELF]
    + [(20.0, 1.0), (-20.0, -1.0), (LARGEST, 1.0), (-LARGEST, -1.0)],
    "log": LOG,
    "log2": [*LOG, (TINY, -1074.0), (NORMAL, -1022.0), (2.0**1023, 1023.0)],
    "log10": [*LOG, (10.0, 1.0), (1e308, 308.0)],
    "log1p": [(-INF, NAN), (INF, INF), (NAN, NAN), *ITSELF]
    + [(-1.0, -INF), (np.nextafter(-1.0, -2.0), NAN), (LARGEST, math.log(LARGEST))],
    "sin": [(-INF, NAN), (INF, NAN), (NAN, NAN), *ITSELF]
    + [(2.0**29, math.sin(2.0**29)), (np.nextafter(2.0**29, INF), NAN), (-LARGEST, NAN)],
    "cos": [(-INF, NAN), (INF, NAN), (NAN, NAN), *((x, 1.0) for x in ALIKE)]
    + [(-(2.0**29), math.cos(2.0**29)), (np.nextafter(-(2.0**29), -INF), NAN), (LARGEST, NAN)],
    "arctan": [(-INF, -HALF_PI), (INF, HALF_PI), (NAN, NAN), *ITSELF]
    + [(1.0, HALF_PI / 2), (LARGEST, HALF_PI), (-LARGEST, -HALF_PI)],
    "ndtri": [(-INF, NAN), (INF, NAN), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (1.0, INF)]
    + [(-TINY, NAN), (np.nextafter(1.0, 2.0), NAN), (0.5, 0.0)],
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name):
    x, y = np.transpose(SPECIAL[name])
    assert same(values(name, x), y)


def test_the_special_values_of_all_functions_are_tested():
    assert set(SPECIAL) | {"power"} == set(TABLE)


def test_the_smallest_normal_number_stands_for_smaller_probabilities():
    assert np.all(ndtri([TINY, 1e-310, NORMAL]) == ndtri(NORMAL))
    assert ndtri(np.nextafter(NORMAL, 1.0)) >= ndtri(NORMAL) > -38.0


def test_subnormal_numbers_are_not_taken_for_zero():
    assert np.all(np.diff(values("exp", np.linspace(-744.0, -708.5, 50))) > 0.0)
    assert np.all(np.isfinite(log(np.ldexp(1.0, np.arange(-1074, -1022)))))


def expected_power(x, y):
    """C99, annex F.9.4.4, which Python follows where it gives a number."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0 and y % 2 == 1 else INF
    except ValueError:  # a pole, or a negative number's broken power
        if x != 0.0:
            return NAN
        return math.copysign(INF, x) if y % 2 == 1 else INF


SIZES = [0.0, TINY, 1e-310, NORMAL, 0.5, np.nextafter(1.0, 0.0), 1.0, np.nextafter(1.0, 2.0)]
SIZES += [2.0, 3.0, 1e10, LARGEST, INF]
BASES = [NAN, *SIZES, *(-x for x in SIZES)]
SIZES = [0.0, TINY, 1e-300, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 1e9 + 1.0, 2.0**51 + 0.5, 2.0**52 - 1.0]
SIZES += [2.0**52, 2.0**53 - 1.0, 2.0**53, 2.0**53 + 2.0, 1e300, INF]
EXPONENTS = [NAN, *SIZES, *(-x for x in SIZES)]


def test_powers_of_special_numbers_are_those_of_c99():
    pairs = [*itertools.product(BASES, EXPONENTS)]
    for found, pair in zip(values("power", *np.transpose(pairs)), pairs, strict=True):
        true = expected_power(*pair)
        exact = not np.isfinite(true) or abs(true) in (0.0, 1.0) or pair[1] == 1.0
        # of other numbers the accuracy is measured elsewhere, and Python's errs, too
        assert same(found, true) if exact else abs(found / true - 1.0) < 1e-15, pair


@pytest.mark.parametrize("name", TABLE)
def test_ordinary_numbers_and_nan_give_no_warning(name):
    given = arguments(name, 300)
    results = values(name, *given)
    ordinary = np.isfinite(results) & np.all(np.isfinite(given), axis=0)
    with np.errstate(all="raise", under="ignore"):
        for count in (1, 7, 8, 100):  # alone, and beside one another
            for i in range(0, 300, count):
                FUNCTIONS[name](*(x[ordinary][i : i + count] for x in given))
        FUNCTIONS[name](*(x[ordinary] for x in given))
        for i in range(len(given)):
            FUNCTIONS[name](*(NAN if i == j else x for j, x in enumerate(given)))


def test_a_result_that_is_too_large_is_told():
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        exp(710.0)


def test_numbers_are_taken_as_they_are():
    assert exp(1) == exp(1.0) == exp(np.float32(1.0)) == exp(np.int8(1))
    assert type(exp(1.0)) is np.float64
    with pytest.raises(TypeError, match="not supported"):
        exp(1j)
    with pytest.raises(TypeError):
        power(2.0)


@given(st.floats(0.0, exclude_min=True, allow_infinity=False, allow_nan=False))
def test_a_number_to_the_power_of_one_is_itself(x):
    # recorded steps leave such a power out
    assert power(x, 1.0) == x
