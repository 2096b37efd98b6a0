"""Ampleforth's rebase: the numbers of its own tests in three years, and the sigmoid's form."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.ampleforth import (
    AMPLEFORTH,
    MAX_RATE,
    POLICY_SUPPLY,
    TOKEN_SUPPLY,
    AmpleforthInputs,
    AmpleforthState,
    change_of_supply,
    rebase_share,
    step,
    two_power,
)
from tokenomics.protocols.arithmetic import WAD

P = {version.name: version.parameters for version in AMPLEFORTH.versions}
CURVES = [name for name in P if not P[name].lag]


def asked(name, rate, target, supply=1000, valid=1, **changes):
    return change_of_supply(
        supply, AmpleforthInputs(rate, target, valid), P[name]._replace(**changes)
    )


# ampleforth/ampleforth-contracts, test/unit/UFragmentsPolicy.ts at 701eee2: both rates 1.05
RATE = 105 * WAD // 100


@pytest.mark.parametrize(
    ("rate", "target", "changes", "change"),
    [
        (RATE * 7 // 10, RATE, {}, -76),
        (2 * RATE, RATE, {"growth_above": 100 * WAD}, 50),
        (0, RATE, {"growth_below": 75 * WAD}, -77),
        (
            RATE * 13 // 10,
            RATE,
            {
                "growth_above": 25 * WAD,
                "lower_above": -WAD // 10,
                "upper_above": WAD // 10,
            },
            98,
        ),
        (RATE * 7 // 10, RATE, {"growth_below": 30 * WAD}, -76),
        (0, RATE, {"growth_below": 150 * WAD}, -77),
        (RATE, RATE * 5 // 4, {"threshold": 0}, -76),
        (RATE, RATE * 3 // 4, {"threshold": 0}, 49),
        (RATE, RATE, {"threshold": 0}, 0),
        (RATE - 1, RATE, {}, 0),
        (RATE + 1, RATE, {}, 0),
        (RATE * 1025 // 1000 - 2, RATE, {}, 0),
        (RATE * 975 // 1000 + 2, RATE, {}, 0),
    ],
)
def test_the_two_curves_of_2025(rate, target, changes, change):
    assert asked("two-curves", rate, target, **changes) == change


def test_the_two_curves_without_fresh_reports_and_with_more_supply():
    assert asked("two-curves", RATE * 13 // 10, RATE, valid=0) == 0
    assert asked("two-curves", RATE * 16 // 10, RATE, supply=1010) == 50
    assert asked("two-curves", 2 * MAX_RATE, RATE) == asked("two-curves", MAX_RATE, RATE)
    assert asked("two-curves", 2 * RATE, RATE, supply=POLICY_SUPPLY - 1) == 1
    assert asked("two-curves", 2 * RATE, RATE, supply=POLICY_SUPPLY) == 0


# the same tests at 4aefc98 (lag 30) and 3cca866 (sigmoid): the target is the consumer price index,
# 251.712, over a base of 100, the rate as much
CPI = 2517120000000000000


@pytest.mark.parametrize(
    ("name", "rate", "target", "changes", "change"),
    [
        ("lag-30", CPI * 7 // 10, CPI, {}, -10),
        ("lag-30", CPI, CPI * 5 // 4, {"threshold": 0}, -6),
        ("lag-30", CPI, CPI * 77 // 100, {"threshold": 0}, 9),
        ("lag-30", CPI, CPI, {"threshold": 0}, 0),
        ("lag-30", CPI * 105 // 100 - 2, CPI, {}, 0),
        ("lag-30", CPI * 95 // 100 + 2, CPI, {}, 0),
        ("AIP-5", CPI * 7 // 10, CPI, {}, -29),
        ("AIP-5", 2 * CPI, CPI, {"growth_above": 100 * WAD}, 100),
        ("AIP-5", 0, CPI, {"growth_below": 75 * WAD}, -100),
        ("AIP-5", 0, CPI, {"growth_below": 150 * WAD}, -100),
        ("AIP-5", CPI, CPI * 5 // 4, {"threshold": 0}, -20),
        ("AIP-5", CPI, CPI * 75 // 100, {"threshold": 0}, 32),
        ("AIP-5", CPI, CPI, {"threshold": 0}, 0),
    ],
)
def test_the_line_of_2021_and_the_sigmoid_of_2022(name, rate, target, changes, change):
    assert asked(name, rate, target, **changes) == change


def test_the_line_with_more_supply():
    assert asked("lag-30", CPI * 16 // 10, CPI, supply=1010) == 20
    assert asked("lag-30", 2 * CPI, CPI, supply=POLICY_SUPPLY - 1) == 1


@pytest.mark.parametrize(
    ("exponent", "one", "power"),
    # test/unit/SafeMathInt.ts
    [
        (0, WAD, WAD),
        (WAD, WAD, 2 * WAD),
        (30 * WAD, WAD, 2**30 * WAD),
        (25000000000, 10**10, 56568542494),
        (22500000000, 10**10, 47568284600),
        (-22500000000, 10**10, 2102241038),
        (-6000000000, 10**10, 6626183216),
        (29687500000, 10**10, 78285764964),
        (29900000000, 10**10, 78285764964),
    ],
)
def test_powers_of_two(exponent, one, power):
    assert two_power(exponent, one) == power


@given(st.integers(-100 * WAD, 100 * WAD))
def test_a_power_of_two_is_at_most_a_32nd_of_the_exponent_short(exponent):
    exact = exponent / WAD
    found = math.log2(max(two_power(exponent, WAD), 1) / WAD)
    if exponent >= 0:
        assert exact - 1 / 32 - 1e-9 <= found <= exact + 1e-9
    elif exact > -40:
        assert exact - 1e-6 <= found <= exact + 1 / 32 + 1e-6


@given(st.integers(0, 10 * WAD), st.sampled_from(CURVES))
def test_the_sigmoid_is_its_closed_form_but_for_the_cut_power(rate, name):
    p = P[name]
    lower, upper, growth = p[2:5] if rate >= WAD else p[5:8]
    found = rebase_share(rate, lower, upper, growth) / WAD
    low, high = lower / WAD, upper / WAD
    exponents = [
        min(growth / WAD * (rate / WAD - 1) + shift / 32, 100.0) for shift in (-1.0, 0.0, 1.0)
    ]
    bounds = [low + (high - low) / (1 - high / low * 2.0**-e) for e in exponents]
    assert min(bounds) - 1e-9 <= found <= max(bounds) + 1e-9


@given(
    st.integers(0, 10**20),
    st.integers(0, 3 * WAD),
    st.integers(1, 3 * WAD),
    st.sampled_from(sorted(P)),
)
def test_supply_moves_towards_the_target_and_no_further_than_the_curve(supply, rate, target, name):
    p = P[name]
    change = asked(name, rate, target, supply=supply)
    if not p.lag:
        assert supply * p.lower_below // WAD <= change <= supply * p.upper_above // WAD + 1
    assert change <= 0 if rate < target else change >= 0
    found = step(AmpleforthState(supply), AmpleforthInputs(rate, target), p)
    assert found.supply == min(supply + change, TOKEN_SUPPLY) >= 0


def test_a_supply_of_a_few_units_no_longer_moves():
    stuck = [
        supply
        for supply in range(200)
        if all(
            step(AmpleforthState(supply), kind, P["AIP-5"]).supply == supply
            for kind in AMPLEFORTH.search.inputs(P["AIP-5"]).values()
        )
    ]
    assert stuck == list(range(10))


def test_a_supply_of_20_units_can_fall_where_it_never_grows_again():
    p = P["proposal-32"]
    after = {
        supply: [
            step(AmpleforthState(supply), kind, p).supply
            for kind in AMPLEFORTH.search.inputs(p).values()
        ]
        for supply in range(22)
    }
    assert [s for s, found in after.items() if set(found) == {s}] == list(range(13))
    assert [s for s, found in after.items() if max(found) > s] == [20, 21]
    assert min(after[20]) == 19


def test_the_search_covers_small_supplies_and_both_ends_of_the_band():
    search, p = AMPLEFORTH.search, P["proposal-32"]
    assert search.span(p) == (0, TOKEN_SUPPLY)
    signs = [
        (change > 0) - (change < 0)
        for change in (change_of_supply(10**9, kind, p) for kind in search.inputs(p).values())
    ]
    assert signs == [-1, -1, -1, 0, 0, 0, 1, 1, 1, 0]


def test_a_state_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="supply: -1"):
        AMPLEFORTH.check("state", AmpleforthState(-1))
    with pytest.raises(InputError, match="target: 0"):
        AMPLEFORTH.check("inputs", AmpleforthInputs(1, 0))
    for parameters in P.values():
        AMPLEFORTH.check("parameters", parameters)
