"""Bittensor's lock of a new subnet: the chain's own tests, its fall, and its interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.bittensor_subnet import (
    BITTENSOR_SUBNET,
    RAO,
    SubnetInputs,
    SubnetState,
    falling_blocks,
    lock_cost,
    step,
)

P = BITTENSOR_SUBNET.version().parameters
DAY = 7200  # blocks of 12 seconds


def after(state, blocks, emission=RAO, parameters=P):
    for _ in range(blocks):
        state = step(state, SubnetInputs(0, emission), parameters)
    return state


# opentensor/subtensor 14bc6f9f9, pallets/subtensor/src/tests/migration.rs


def test_the_chains_own_costs_of_two_migrations():
    # test_migrate_network_lock_reduction_interval_and_decay
    assert lock_cost(1_000 * RAO, 0, RAO, P) == 2_000 * RAO
    # test_migrate_network_lock_cost_2500_sets_price_and_decay, at the interval of the runtime
    interval = 14 * DAY
    p = P._replace(interval=interval)
    assert lock_cost(1_250 * RAO, 0, RAO, p) == 2_500 * RAO
    state = after(SubnetState(1_250 * RAO, 0, 2_500 * RAO), 1, parameters=p)
    assert state.cost == 2_500 * RAO - 1_250 * RAO // interval


@pytest.mark.parametrize(("lowest", "last"), [(1_000, 1_000), (1_000 * RAO, 1_000 * RAO)])
def test_the_chains_own_low_and_high_costs(lowest, last):
    # networks.rs: test_register_subnet_low_lock_cost, test_register_subnet_high_lock_cost
    p = P._replace(lowest=lowest)
    cost = lock_cost(last, 1, RAO, p)
    assert lowest <= cost <= 2 * last
    assert (cost < 100 * RAO) == (lowest == 1_000)


def test_the_cost_falls_by_what_was_locked_in_eight_days_and_in_four_after_the_first_halving():
    start = SubnetState(576 * RAO, 0, 1152 * RAO)
    assert after(start, 8 * DAY).cost == 576 * RAO
    assert after(start, 4 * DAY, RAO // 2).cost == 576 * RAO
    assert after(start, 8 * DAY, RAO // 2).cost == P.lowest


def test_without_emission_the_cost_never_falls():
    assert falling_blocks(0, P.interval) == 0
    assert after(SubnetState(RAO, 0, 2 * RAO), 1000, 0).cost == 2 * RAO


@pytest.mark.parametrize("halving", range(1, 10))
def test_the_interval_halves_with_the_emission(halving):
    assert falling_blocks(RAO >> halving, P.interval) == P.interval >> halving


def test_less_than_the_interval_locked_never_falls():
    p = P._replace(lowest=0)
    assert after(SubnetState(57_599, 0, 0), 100, parameters=p).cost == 2 * 57_599
    assert after(SubnetState(57_600, 0, 0), 100, parameters=p).cost == 2 * 57_600 - 100


def test_a_registration_doubles_the_cost_and_the_next_has_to_wait():
    state = after(SubnetState(576 * RAO, 0, 1152 * RAO), P.between)
    paid = state.cost
    asked = SubnetInputs(1, RAO)
    found = step(state, asked, P)
    assert found == (paid, 1, 2 * paid - paid // P.interval)
    refused = step(found, asked, P)
    assert (refused.last, refused.age) == (paid, 2)
    # several in a block: the first is accepted
    assert step(state, SubnetInputs(3, RAO), P) == found


def test_before_the_first_halving_a_registration_every_four_days_made_the_cost_grow_by_half():
    # four days are half of the blocks in which it falls by what was locked
    state = SubnetState(576 * RAO, P.between, lock_cost(576 * RAO, P.between, RAO, P))
    assert state.cost == 864 * RAO
    state = after(step(state, SubnetInputs(1, RAO), P), P.between - 1)
    assert state.cost == 1296 * RAO


def test_since_the_first_halving_registrations_no_longer_make_the_cost_grow():
    # the blocks of the fall are as many as a registration has to wait
    assert falling_blocks(RAO // 2, P.interval) == P.between
    state = SubnetState(576 * RAO, P.between, 576 * RAO)
    for _ in range(3):
        state = after(step(state, SubnetInputs(1, RAO // 2), P), P.between - 1, RAO // 2)
        assert (state.age, state.cost) == (P.between, 576 * RAO)
    odd = lock_cost(576 * RAO + 28_799, P.between, RAO // 2, P)
    assert odd == 576 * RAO + 2 * 28_799


def test_from_the_second_halving_on_every_registration_costs_the_lower_bound():
    assert lock_cost(10_000 * RAO, P.between, RAO // 4, P) == P.lowest


@given(st.integers(0, 10**16), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, RAO))
def test_the_cost_keeps_its_bounds_and_falls_with_time(last, one, other, emission):
    sooner, later = sorted((one, other))
    costs = [lock_cost(last, age, emission, P) for age in (sooner, later)]
    assert max(2 * last, P.lowest) >= costs[0] >= costs[1] >= P.lowest


def test_the_search_covers_registrations_and_none():
    search = BITTENSOR_SUBNET.search
    states = search.states(P)
    keys = [search.key(state) for state in states]
    assert keys == sorted(keys)
    middle = states[len(states) // 2]
    moves = [step(middle, kind, P).cost > middle.cost for kind in search.inputs(P).values()]
    assert sum(moves[3:]) == 3


def test_a_state_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="age: -1"):
        BITTENSOR_SUBNET.check("state", SubnetState(0, -1, 0))
    with pytest.raises(InputError, match="emission"):
        BITTENSOR_SUBNET.check("inputs", SubnetInputs(0, RAO + 1))
    BITTENSOR_SUBNET.check("parameters", P)
