"""Livepeer's Minter, against its own unit tests and its recorded rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from paths import DATA
from tokenomics.errors import InputError
from tokenomics.protocols.livepeer import (
    LIVEPEER,
    PERC_DIVISOR,
    SEARCH,
    UNBOUNDED,
    LivepeerInputs,
    LivepeerParameters,
    LivepeerState,
    step,
)

# livepeer/protocol f225b10, test/unit/Minter.js: inflation 26 %, step .02 %, target 50 %
MINTER = LivepeerParameters(50 * PERC_DIVISOR // 100, 2 * PERC_DIVISOR // 10_000)
START = LivepeerState(26 * PERC_DIVISOR // 100, 0)
SHARES = st.integers(0, PERC_DIVISOR)


@pytest.mark.parametrize(
    ("bonded", "supply", "moves"),
    [
        (0, 0, 1),  # no supply counts as no bonding
        (400, 1000, 1),
        (600, 1000 + 300, 1),  # supply on the first chain counts
        (600, 1000, -1),
        (500, 1000, 0),
    ],
)
def test_inflation_moves_as_in_the_contracts_own_tests(bonded, supply, moves):
    found = step(START, LivepeerInputs(bonded, supply), MINTER)
    assert found.inflation - START.inflation == moves * MINTER.change


def test_inflation_ends_at_zero_where_the_step_is_larger():
    # Minter.js: "should set the inflation rate to 0 if the inflation change is greater"
    small = LivepeerState(MINTER.change - 1, 0)
    assert step(small, LivepeerInputs(600, 1000), MINTER).inflation == 0


def test_mintable_tokens_are_those_of_the_worked_example():
    # LIP-40: 21,645,383 LPT at .0455 % a round: ~9,783 with a step of .0003 %, ~9,837 with .00005 %
    for change, inflation, mintable in ((3_000, 452_000, 9_783), (500, 454_500, 9_837)):
        found = step(
            LivepeerState(455_000, 0),
            LivepeerInputs(11_000_000 * 10**18, 21_645_383 * 10**18),
            LivepeerParameters(500_000_000, change),
        )
        assert found.inflation == inflation
        assert abs(found.mintable / 10**18 - mintable) < 1


@given(SHARES, SHARES, SHARES, st.integers(0, 10**6), st.booleans())
def test_inflation_moves_by_one_step_at_most_and_keeps_its_band(now, bonded, target, change, band):
    low, high = (50_000, 750_000) if band else (0, UNBOUNDED)
    parameters = LivepeerParameters(target, change, low, high)
    begin = min(max(now, low), high)
    found = step(LivepeerState(begin, 0), LivepeerInputs(bonded, PERC_DIVISOR), parameters)
    assert abs(found.inflation - begin) <= change
    assert low <= found.inflation <= high
    towards = (bonded < target) - (bonded > target)
    assert (found.inflation - begin) * towards >= 0
    assert found.mintable == found.inflation


def test_a_share_for_parts_per_billion_is_refused():
    with pytest.raises(InputError, match=r"target: 0\.5; expected a whole number from 0 to"):
        LIVEPEER.check("parameters", LivepeerParameters(0.5, 500))


@pytest.mark.parametrize("name", ["LIP-40", "LIP-100", "LIP-107"])
def test_the_search_has_every_state_that_a_step_leads_to(name):
    parameters = LIVEPEER.version(name).parameters
    states = {state.inflation for state in SEARCH.states(parameters)}
    assert 500 + parameters.floor in states  # the chain's own grid
    for at in (200_000, 200_500):
        for inputs in SEARCH.inputs(parameters).values():
            assert step(LivepeerState(at, 0), inputs, parameters).inflation in states


def test_the_recorded_rounds_are_explained_but_for_two():
    if not (DATA / "protocols").is_dir():
        pytest.skip("the recorded rounds are not here")
    found = tk.replay("livepeer", DATA / "protocols" / "livepeer_rounds_2023_2024.csv")
    assert (len(found.steps), found.exact) == (832, 638)
    assert found.moves == (727, 724)
    assert found.readings["a row that repeats the one before"] == 104
    assert found.readings["a row that spans 2 steps"] == 85
    assert [step.clock for step in found.unexplained] == [7, 8]
    two = found.readings["two steps, the second on the row's own inputs"]
    assert (two, "no step between two rows" in found.readings) == (1, False)
    rates = [step.before.inflation for step in found.unexplained]
    assert rates == [203_500, 203_000]
