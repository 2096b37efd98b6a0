"""Bittensor's cost of registration: the chain's own tests, its half-life and its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.bittensor_registration import (
    BITTENSOR_REGISTRATION,
    MOST,
    ONE,
    ONE_MULTIPLIER,
    RegistrationInputs,
    RegistrationParameters,
    RegistrationState,
    decay_factor,
    step,
)

DEPLOYED = BITTENSOR_REGISTRATION.version().parameters


def settings(half_life, multiplier, lowest=0, highest=MOST):
    return RegistrationParameters(half_life, multiplier * ONE_MULTIPLIER, lowest, highest)


def path(burn, parameters, *registrations):
    burns = []
    for count in registrations:
        burn = step(RegistrationState(burn), RegistrationInputs(count), parameters).burn
        burns.append(burn)
    return burns


# opentensor/subtensor 14bc6f9f9, pallets/subtensor/src/tests/registration.rs


def test_the_chains_own_decay_after_a_registration():
    # test_burn_decay, test_update_registration_prices_for_networks_runs_on_next_block_step,
    # test_bump_registration_price_after_registration_applies_multiplier_immediately
    assert path(1000, settings(0, 2), 1) == [2000]
    assert path(2000, settings(1000, 2), 0) == [1998]
    assert path(1000, settings(1000, 2), 0) == [999]
    assert path(1000, settings(0, 3), 1) == [3000]


def test_the_chains_own_half_lives():
    # test_burn_halves_every_half_life
    assert path(1024, settings(2, 1), 0, 0, 0, 0)[1::2] == [511, 255]


def test_the_chains_own_bounds():
    # test_burn_min_and_max_clamps_prevent_zero_stuck_and_cap_bump; a registration falls at the end
    # of the block that has decayed
    p = settings(1, 2, 100_000, 150_000)
    assert path(1, p, 0) == [100_000]
    assert path(1, p, 1, 0, 0) == [150_000, 100_000, 100_000]


@pytest.mark.parametrize(
    ("burn", "multiplier", "lowest", "highest", "count"),
    # test_burned_register_immediately_bumps_price_many_multipliers_and_same_block_registrations,
    # where the expected cost is a product within bounds
    [
        (0, 0, 100_000, MOST, 7),
        (5, 0, 1, MOST, 7),
        (0, 1, 100_000, MOST, 7),
        (7, 1, 1, MOST, 7),
        (2, 2, 1, 400, 8),
        (3, 3, 1, MOST, 6),
        (4, 4, 1, MOST, 6),
        (7, 10, 1, 500_000, 5),
        (1, 100, 1, 5_000_000_000, 5),
        (1, 1_000, 1, 50_000_000_000, 4),
        (5, 1, 1, MOST, 32),
        (1, 2, 1, MOST, 20),
    ],
)
def test_the_chains_own_registrations_in_one_block(burn, multiplier, lowest, highest, count):
    expected = min(max(burn * max(multiplier, 1) ** count, lowest), highest)
    assert path(burn, settings(0, multiplier, lowest, highest), count) == [expected]


@pytest.mark.parametrize(
    ("half_life", "burn"),
    # test_update_registration_prices_for_networks_many_half_lives_over_thousands_of_blocks: its
    # half-lives and first costs; its expectation is a second copy of the rule, so that here the
    # exact half is met within what is cut
    [
        (1, 2),
        (3, 4_096),
        (4, 65_536),
        (5, 123_456),
        (7, 999_999),
        (8, 1_000_000),
        (16, 1_000_000),
        (64, 1_000_000),
        (360, 10_000_000_000),
        (1_000, 100_000_000_000),
        (4_096, 1_000_000_000_000),
    ],
)
def test_a_half_life_halves_but_for_what_is_cut(half_life, burn):
    found = path(burn, settings(half_life, 1), *[0] * half_life)[-1]
    # a block cuts at most 1; the factor is off by two units at most
    assert found == pytest.approx(burn / 2, abs=half_life + burn * half_life / ONE)


def test_a_half_life_of_one_is_a_half_and_none_is_no_decay():
    assert decay_factor(1) == ONE // 2
    assert decay_factor(0) == ONE
    assert path(777_777, settings(0, 2), 0, 0) == [777_777, 777_777]


@given(st.integers(1, 2**16 - 1))
def test_the_factor_is_the_root_of_a_half_but_for_its_cuts(half_life):
    assert decay_factor(half_life) == pytest.approx(2 ** (-1 / half_life) * ONE, abs=2)


def test_at_three_rao_a_registration_no_longer_raises_the_cost_without_a_bound():
    free = DEPLOYED._replace(half_life=0, lowest=0)
    assert [path(burn, free, 1)[0] for burn in range(6)] == [0, 1, 2, 3, 5, 6]


def test_three_registrations_in_a_half_life_hold_the_cost():
    # 1.26 is the cube root of 2 to 1e-3
    blocks = [1 if at % 120 == 0 else 0 for at in range(3600)]
    assert path(10**9, DEPLOYED, *blocks)[-1] == pytest.approx(10**9, rel=0.25)


@given(st.integers(0, MOST), st.integers(0, 50), st.integers(0, 50))
def test_the_cost_keeps_its_bounds_and_more_registrations_never_lower_it(burn, one, other):
    less, more = sorted((one, other))
    found = [path(burn, DEPLOYED, count)[0] for count in (less, more)]
    assert DEPLOYED.lowest <= found[0] <= found[1] <= DEPLOYED.highest


def test_the_search_covers_the_bounds_and_both_directions():
    search = BITTENSOR_REGISTRATION.search
    assert search.span(DEPLOYED) == (DEPLOYED.lowest, DEPLOYED.highest)
    found = [path(10**9, DEPLOYED, *kind)[0] for kind in search.inputs(DEPLOYED).values()]
    assert found[0] < 10**9 < found[1] < found[2] < found[3]


def test_a_cost_that_cannot_be_is_refused():
    with pytest.raises(InputError, match=f"burn: {MOST + 1}"):
        BITTENSOR_REGISTRATION.check("state", RegistrationState(MOST + 1))
    with pytest.raises(InputError, match="half_life: 65536"):
        BITTENSOR_REGISTRATION.check("parameters", settings(2**16, 1))
    BITTENSOR_REGISTRATION.check("parameters", DEPLOYED)
