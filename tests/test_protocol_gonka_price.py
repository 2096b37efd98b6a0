"""Gonka's price of a token: the chain's own numbers, and the trap below 50."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.arithmetic import WAD
from tokenomics.protocols.gonka_price import (
    GONKA_PRICE,
    GonkaPriceInputs,
    GonkaPriceParameters,
    GonkaPriceState,
    step,
    utilisation,
)

NAMES = ("genesis", "v0.2.13")
VERSIONS = {name: GONKA_PRICE.version(name).parameters for name in (*NAMES, "PR-1451")}


def price(before, used, capacity, parameters, **inputs):
    found = step(GonkaPriceState(before), GonkaPriceInputs(used, capacity, **inputs), parameters)
    return found.price


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("percent", "before", "elasticity", "floor", "after"),
    # gonka-ai/gonka 312044d2 and 09c0f8d2, dynamic_pricing_test.go: TestCalculateModelDynamicPrice
    # and TestDynamicPricingCoreWorkflow
    [
        (50, 100, 5, 1, 100),
        (20, 100, 5, 1, 99),
        (80, 100, 5, 1, 101),
        (0, 10, 5, 5, 9),
        (0, 6, 10, 5, 5),
        (100, 100, 5, 1, 102),
        (50, 150, 5, 1, 150),
        (20, 1000, 5, 1, 990),
        (80, 1000, 5, 1, 1010),
        (50, 1000, 5, 1, 1000),
    ],
)
def test_the_chains_own_numbers(name, percent, before, elasticity, floor, after):
    p = VERSIONS[name]._replace(elasticity=elasticity * WAD // 100, floor=floor)
    assert price(before, percent * 60, 100, p) == after


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("share", "moves"),
    [(400, False), (399, True), (401, False), (600, False), (599, False), (610, True)],
)
def test_the_ends_of_the_zone_belong_to_it(name, share, moves):
    # TestStabilityZoneBoundaries
    assert (price(10_000, share * 60, 1_000, VERSIONS[name]) != 10_000) == moves


def test_a_full_window_and_an_idle_one():
    # 09c0f8d2: TestUpdateDynamicPricing_UsesRollingAverageUtilization and _SkipsUnchangedPriceWrite
    p = VERSIONS["v0.2.13"]
    assert price(1000, 12 * 5000, 1000, p) == 1020
    assert price(1000, 0, 1000, p) == 980
    assert price(1, 0, 1000, p) == 1
    assert price(100, 0, 1000, p) == 98


@pytest.mark.parametrize("name", NAMES)
def test_no_use_raises_a_price_below_50(name):
    p = VERSIONS[name]
    for before in range(1, 60):
        assert (price(before, 10**9, 1, p) > before) == (before >= 50)


def test_a_rise_that_is_rounded_up_leaves_every_price():
    # pull request 1451: 1000 x 1.02 stays 1020
    p = VERSIONS["PR-1451"]
    assert price(1000, 60_000, 1000, p) == 1020
    assert all(price(before, 60_000, 1000, p) > before for before in range(1, 3000))


def test_the_grace_period_sets_the_price_and_ends_at_the_base():
    p = VERSIONS["v0.2.13"]
    assert price(7, 0, 1, p, epoch=89) == 0
    assert price(0, 0, 1, p, epoch=90) == 100
    assert price(100, 0, 1, p, epoch=91) == 98


def test_a_model_without_capacity_counts_as_idle():
    for name in NAMES:
        assert price(1000, 500, 0, VERSIONS[name]) == 980


def test_utilisation_keeps_16_digits_and_rounds_a_half_up():
    p = VERSIONS["v0.2.13"]
    assert utilisation(GonkaPriceInputs(1, 1), p._replace(window=3)) == 3333333333333333 * 100
    assert utilisation(GonkaPriceInputs(2, 1), p._replace(window=3)) == 6666666666666667 * 100


@given(
    st.integers(1, 10**12),
    st.integers(0, 10**9),
    st.integers(0, 10**6),
    st.sampled_from(sorted(VERSIONS)),
)
def test_a_price_moves_by_at_most_two_percent_and_one_unit(before, used, capacity, name):
    after = price(before, used, capacity, VERSIONS[name])
    assert after >= 1
    assert 98 * before <= 100 * (after + 1)
    assert 100 * (after - 1) <= 102 * before


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_use_never_makes_a_price_lower(before, one, other):
    p = VERSIONS["v0.2.13"]
    less, more = sorted((one, other))
    assert price(before, less, 10**4, p) <= price(before, more, 10**4, p)


def test_the_search_covers_the_prices_and_both_sides_of_the_zone():
    search, p = GONKA_PRICE.search, VERSIONS["v0.2.13"]
    keys = [search.key(state) for state in search.states(p)]
    assert keys == list(range(1, 3001))
    moves = {
        label: step(GonkaPriceState(2000), given, p).price
        for label, given in search.inputs(p).items()
    }
    assert moves == {
        "idle": 1960,
        "half of the zone's lower end": 1980,
        "just below the zone": 1999,
        "inside the zone": 2000,
        "just above the zone": 2000,
        "midway to full": 2020,
        "full": 2040,
        "twice the capacity": 2040,
    }


def test_a_price_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="price: -1"):
        GONKA_PRICE.check("state", GonkaPriceState(-1))
    with pytest.raises(InputError, match="floor: 0"):
        GONKA_PRICE.check("parameters", VERSIONS["v0.2.13"]._replace(floor=0))
    for version in GONKA_PRICE.versions:
        GONKA_PRICE.check("parameters", version.parameters)
        assert isinstance(version.parameters, GonkaPriceParameters)
