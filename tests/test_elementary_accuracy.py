"""The elementary functions against mpmath: no error is larger than their table says, and what is
exact in theory is exact.
"""

import math

import numpy as np
import pytest

from tokenomics.elementary import FUNCTIONS, exp, exp2, expm1, log, log1p, log2, log10, power
from tokenomics.elementary.functions import TABLE
from ulps import HARD, REGIONS, arguments, errors

COUNT = 600  # of arguments in a region


def test_every_function_is_measured():
    assert set(REGIONS) == set(HARD) == set(TABLE) == set(FUNCTIONS)


@pytest.mark.parametrize("name", TABLE)
def test_no_error_is_larger_than_the_table_says(name):
    given = arguments(name, COUNT)
    found = errors(name, given)
    worst = found.argmax()
    assert found[worst] <= TABLE[name].ulp, [float(x[worst]).hex() for x in given]


def test_an_error_of_one_unit_is_seen(monkeypatch):
    above = {"exp": lambda x: np.nextafter(exp(x), np.inf)}
    monkeypatch.setattr("ulps.FUNCTIONS", above)
    given = (np.array([0.5, -700.0, -740.0]),)
    assert np.all(errors("exp", given) > 0.5)
    monkeypatch.setattr("ulps.FUNCTIONS", {"exp": lambda x: exp(x) * np.inf})
    assert np.all(errors("exp", given) > 2.0**50)
    monkeypatch.setattr("ulps.FUNCTIONS", {"exp": lambda x: exp(x) * np.nan})
    assert np.all(np.isinf(errors("exp", given)))


def test_powers_of_two_and_ten_have_whole_logarithms():
    k = np.arange(-1074, 1024)
    assert np.array_equal(log2(np.ldexp(1.0, k)), k)
    k = np.arange(-307, 309)  # what is next to smaller powers of ten is not near enough
    assert np.array_equal(log10(np.array([float(f"1e{n}") for n in k])), k)


def test_whole_powers_of_two_are_exact():
    k = np.arange(-1074, 1024)
    assert np.array_equal(exp2(k), np.ldexp(1.0, k))
    assert np.array_equal(power(2.0, k), np.ldexp(1.0, k))


def test_powers_that_a_double_holds_are_exact():
    for base in range(2, 1000):
        n = np.arange(0, int(53 / math.log2(base)) + 1)
        assert np.array_equal(power(float(base), n), [float(base**k) for k in n]), base
        assert np.array_equal(power(-float(base), n), [float((-base) ** k) for k in n]), base
    squares = np.arange(1.0, 2000.0)
    assert np.array_equal(power(squares**2, 0.5), squares)
    x = arguments("log", COUNT)[0]
    x = x[x > 0.0]
    assert np.array_equal(power(x, 1.0), x)


@pytest.mark.parametrize(
    ("forth", "back", "ends"), [(expm1, log1p, (-36.0, 700.0)), (exp, log, (-700.0, 700.0))]
)
def test_an_inverse_leads_back(forth, back, ends):
    x = np.linspace(*ends, 20_001)
    y = forth(x)
    # what one unit of y is in x, and two units of x
    slope = np.abs(forth(x) + (1.0 if forth is expm1 else 0.0))
    assert np.all(np.abs(back(y) - x) <= np.spacing(np.abs(y)) / slope + 2 * np.spacing(np.abs(x)))


@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "log", "log1p", "tanh", "arctan"])
def test_a_larger_argument_has_no_result_that_is_smaller_by_more_than_a_unit(name):
    x = np.sort(arguments(name, COUNT)[0])
    with np.errstate(all="ignore"):
        y = FUNCTIONS[name](x)
    y = y[np.isfinite(y)]
    assert y.size > 4 * COUNT
    assert np.all(np.diff(y) >= -np.spacing(np.abs(y[1:])))
