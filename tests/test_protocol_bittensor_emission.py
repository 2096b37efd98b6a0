"""Bittensor's emission: the chain's own tests, its halvings, and where it ends."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.bittensor_emission import (
    BITTENSOR_EMISSION,
    MOST,
    RAO,
    EmissionInputs,
    EmissionState,
    emission,
    step,
)

P = BITTENSOR_EMISSION.version().parameters
SUPPLY = 21_000_000 * RAO


def emitted(issuance):
    return emission(issuance, P)


# opentensor/subtensor 1a3e3f9d, pallets/subtensor/src/tests/block_emission.rs


@pytest.mark.parametrize("issuance", [SUPPLY, SUPPLY + 1, MOST])
def test_nothing_is_emitted_from_the_supply_on(issuance):
    assert emitted(issuance) == 0


def test_the_chains_own_emissions():
    assert emitted(0) == RAO
    assert 0 < emitted(1) <= RAO
    assert 0 < emitted(SUPPLY - RAO) < RAO
    before_half = SUPPLY // 2 - 100 * RAO
    assert abs(emitted(before_half) - emitted(before_half + 1)) < 1000
    assert emitted(SUPPLY // 2) != RAO
    tenths = [emitted(SUPPLY * tenth // 10) for tenth in range(11)]
    assert tenths == sorted(tenths, reverse=True)
    quarters = [emitted(SUPPLY * quarter // 4) for quarter in (1, 2, 3)]
    assert quarters == [RAO, RAO // 2, RAO // 4]


@pytest.mark.parametrize(
    # docs.taostats.io: issuances of the halvings in TAO, and a block's emission from then on
    ("tao", "rao"),
    [(10_500_000, 500_000_000), (15_750_000, 250_000_000), (18_375_000, 125_000_000)],
)
def test_the_published_halvings_come_at_the_rao(tao, rao):
    assert (emitted(tao * RAO - 1), emitted(tao * RAO)) == (2 * rao, rao)


def halved(issuance):
    """Emission as exact fractions have it."""
    count, left = 0, Fraction(SUPPLY - issuance)
    while left * 2 ** (count + 1) <= SUPPLY:
        count += 1
    return RAO >> count


@given(st.integers(0, SUPPLY - 1))
def test_the_cuts_of_the_logarithm_never_show(issuance):
    assert emitted(issuance) == halved(issuance)


@pytest.mark.parametrize("count", range(1, 31))
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_every_halving_is_where_exact_fractions_have_it(count, off):
    issuance = SUPPLY - SUPPLY // 2**count + off
    assert emitted(issuance) == halved(issuance)


def test_the_last_rao_of_the_supply_are_never_emitted():
    end = SUPPLY - SUPPLY // 2**30
    assert (emitted(end - 1), emitted(end)) == (1, 0)
    assert SUPPLY - end == 19_557_774
    state = EmissionState(end - 1, 0)
    for _ in range(3):
        state = step(state, EmissionInputs(0), P)
    assert state == EmissionState(end, 0)


def test_recycled_tao_takes_a_halving_back():
    half = SUPPLY // 2
    assert step(EmissionState(half, 0), EmissionInputs(0), P) == (half + RAO // 2, RAO // 2)
    assert step(EmissionState(half, 0), EmissionInputs(1), P) == (half - 1 + RAO, RAO)


def test_no_more_is_minted_than_is_left():
    little = P._replace(supply=10, first=8)
    assert step(EmissionState(4, 0), EmissionInputs(0), little) == (10, 6)


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_issuance_never_passes_the_supply_by_minting(issuance, recycled):
    left = max(issuance - recycled, 0)
    found = step(EmissionState(issuance, 0), EmissionInputs(recycled), P)
    assert found.issuance - found.minted == left
    assert found.issuance <= max(left, SUPPLY)


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_more_issuance_never_emits_more(one, other):
    less, more = sorted((one, other))
    assert emitted(less) >= emitted(more)


@pytest.mark.parametrize("recycled", [0, 7])
def test_the_search_begins_anew_at_every_halving(recycled):
    search = BITTENSOR_EMISSION.search
    assert search.bends(P, EmissionInputs(recycled)) == [
        SUPPLY - SUPPLY // 2**count + recycled for count in range(1, 31)
    ]
    moves = [
        step(EmissionState(SUPPLY // 2, 0), kind, P).issuance - SUPPLY // 2
        for kind in search.inputs(P).values()
    ]
    assert moves[0] > 0 > moves[-1]


def test_an_issuance_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="issuance: -1"):
        BITTENSOR_EMISSION.check("state", EmissionState(-1, 0))
    with pytest.raises(InputError, match="recycled: 0.5"):
        BITTENSOR_EMISSION.check("inputs", EmissionInputs(0.5))
    BITTENSOR_EMISSION.check("parameters", P)
