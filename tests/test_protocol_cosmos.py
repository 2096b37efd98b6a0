"""Cosmos Hub's minting: the module's own tests, its worked examples, and the study in floats."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.papers import cosmos as paper
from tokenomics.papers.reproduction import settings
from tokenomics.protocols.arithmetic import (
    WAD,
    decimal_product,
    decimal_quotient,
    half_even,
)
from tokenomics.protocols.cosmos import (
    COSMOS,
    CosmosInputs,
    CosmosParameters,
    CosmosState,
    bonded_ratio,
    next_inflation,
    step,
)

P = {version.name: version.parameters for version in COSMOS.versions}
MODULE = P["module"]


def moved(inflation, ratio, parameters=MODULE):
    return next_inflation(inflation, ratio, parameters) - inflation


# cosmos/cosmos-sdk 02c23409, x/mint/types/minter_test.go: TestNextInflation, in which the expected
# changes are written with the decimal's own operations


def expected(ratio):
    a_year = decimal_product(WAD - decimal_quotient(ratio, MODULE.goal), MODULE.change)
    return decimal_quotient(a_year, MODULE.blocks * WAD)


@pytest.mark.parametrize(
    ("ratio", "inflation", "change"),
    [
        (0, 7 * WAD // 100, decimal_quotient(MODULE.change, MODULE.blocks * WAD)),
        (WAD, 20 * WAD // 100, expected(WAD)),
        (WAD // 2, 10 * WAD // 100, expected(WAD // 2)),
        (WAD, 7 * WAD // 100, 0),
        (WAD, 700000001 * 10**8, -(10**8)),
        (0, 20 * WAD // 100, 0),
        (0, 1999999999 * 10**8, 10**8),
        (67 * WAD // 100, 15 * WAD // 100, 0),
    ],
)
def test_the_modules_own_changes_of_inflation(ratio, inflation, change):
    assert moved(inflation, ratio) == change


@pytest.mark.parametrize("ratio", [Fraction(0), Fraction(1, 2), Fraction(67, 100), Fraction(1)])
def test_the_changes_are_those_of_exact_fractions_to_the_last_digit_but_one(ratio):
    exact = (1 - ratio / Fraction(67, 100)) * Fraction(13, 100) / 6311520
    assert abs(moved(15 * WAD // 100, int(ratio * WAD)) - exact * WAD) <= 1


YEAR = 60 * 60 * 8766


@pytest.mark.parametrize(
    ("annual", "minted"), [(YEAR // 5, 1), (YEAR // 5 + 1, 1), (YEAR // 5 * 2, 2), (YEAR // 10, 0)]
)
def test_the_modules_own_provisions_of_a_block(annual, minted):
    # TestBlockProvision; a supply that yields the annual provisions at an inflation of 1
    held = MODULE._replace(lowest=WAD, highest=WAD)
    found = step(CosmosState(WAD, 0, 0), CosmosInputs(0, annual), held)
    assert found == CosmosState(WAD, annual * WAD, minted)


@pytest.mark.parametrize(("change", "percent"), [(13, -1.16), (26, -2.33)])
def test_the_worked_examples_of_73_percent_bonded(change, percent):
    # cosmos/governance 6734ec56, params-change/Mint.md: change of inflation in a year
    p = P["cosmoshub-3"]._replace(change=change * WAD // 100)
    a_year = moved(15 * WAD // 100, 73 * WAD // 100, p) * p.blocks
    assert 100 * a_year / WAD == pytest.approx(percent, abs=0.005)


@pytest.mark.parametrize(("name", "days"), [("module", 366), ("proposal-48", 48)])
def test_days_from_bound_to_bound_with_nothing_bonded(name, days):
    p = P[name]
    steps = -(-(p.highest - p.lowest) // moved(p.lowest, 0, p))
    assert steps / p.blocks * 365.25 == pytest.approx(days, abs=1)


def test_the_ratio_is_cut_and_nought_without_supply():
    assert bonded_ratio(CosmosInputs(2, 3)) == 666666666666666666
    assert bonded_ratio(CosmosInputs(0, 0)) == 0


def test_the_quotient_of_decimals_is_cut_before_it_is_rounded():
    # just above a half: rounded at once it rises, cut to 36 digits it is a tie, which goes to even
    denominator = WAD + 3
    numerator = pow(2 * WAD, -1, denominator)
    whole = numerator * WAD // denominator
    assert half_even(numerator * WAD, denominator) == whole + 1
    assert decimal_quotient(numerator, denominator) == whole + whole % 2
    assert whole % 2 == 0


def test_the_study_in_floats_has_the_modules_numbers_and_follows_its_steps():
    s = {path: leaf.value for path, leaf in settings("cosmos").items()}
    names = ("change", "highest", "lowest", "goal")
    assert [round(s[f"controller.{name}"] * 100) * WAD // 100 for name in names] == list(MODULE[:4])
    assert s["controller.blocks_per_year"] == MODULE.blocks
    for ratio in (0.0, 0.3, 0.67, 0.9, 1.0):
        floats = paper.next_inflation(0.12, ratio, s, MODULE.blocks)
        exact = next_inflation(12 * WAD // 100, round(ratio * WAD), MODULE)
        assert exact / WAD == pytest.approx(float(np.asarray(floats)), abs=1e-16)


@given(
    st.integers(0, 10**17 * 3),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.sampled_from(sorted(P)),
)
def test_inflation_keeps_its_bounds_and_what_is_minted_is_its_share(inflation, one, other, name):
    p = P[name]
    bonded, supply = sorted((one, other))
    found = step(CosmosState(inflation, 0, 0), CosmosInputs(bonded, supply), p)
    assert p.lowest <= found.inflation <= p.highest
    assert found.provisions == found.inflation * supply
    assert found.minted * p.blocks * WAD <= found.provisions
    assert (found.minted + 1) * p.blocks * WAD > found.provisions


@given(st.integers(0, WAD), st.integers(0, WAD), st.sampled_from(sorted(P)))
def test_more_bonded_never_makes_inflation_higher(one, other, name):
    less, more = sorted((one, other))
    p = P[name]
    assert next_inflation(p.lowest, less, p) >= next_inflation(p.lowest, more, p)


def test_the_search_covers_the_bounds_and_both_sides_of_the_goal():
    search, p = COSMOS.search, P["proposal-848"]
    assert search.span(p) == (p.lowest, p.highest)
    middle = search.lowest((p.lowest + p.highest) // 2, p)
    signs = [
        int(np.sign(step(middle, kind, p).inflation - middle.inflation))
        for kind in search.inputs(p).values()
    ]
    assert signs == [1, 1, 1, 0, -1, -1]


def test_a_state_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="inflation: -1"):
        COSMOS.check("state", CosmosState(-1, 0, 0))
    with pytest.raises(InputError, match="blocks: 0"):
        COSMOS.check("parameters", CosmosParameters(*MODULE[:4], 0))
    for parameters in P.values():
        COSMOS.check("parameters", parameters)
