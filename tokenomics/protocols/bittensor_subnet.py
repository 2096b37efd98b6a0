"""What a new subnet of Bittensor locks: twice what the last one locked, less a part of it for each
block since.

The blocks of the fall shrink with the emission of a block, so that after the first halving the
cost falls twice as fast. The code's exception for a chain without a registration is left out.

Source: opentensor/subtensor 14bc6f9f9, pallets/subtensor/src: coinbase/root.rs
(get_network_lock_cost, get_lock_reduction_interval), subnets/subnet.rs (do_register_network),
utils/rate_limiting.rs.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .rule import DeployedRule, OnChain, Search, Version

MOST = 2**64 - 1
RAO = 10**9  # in a TAO, and in the emission of a block before the first halving
FRACTION = 2**64  # of the fixed-point numbers
LEVELS = 15  # of the search


class SubnetState(NamedTuple):
    """Of a block."""

    last: Annotated[int, OnChain("rao", "locked by the last registration", 0, MOST)]
    age: Annotated[int, OnChain("blocks", "since the last registration", 0)]
    cost: Annotated[int, OnChain("rao", "locked by a registration in this block", 0, MOST)]


class SubnetInputs(NamedTuple):
    """Of this block and the next."""

    registrations: Annotated[int, OnChain("1", "asked for in this block", 0)]
    emission: Annotated[int, OnChain("rao", "emission of the next block", 0, RAO)]


class SubnetParameters(NamedTuple):
    """Set by the chain's root."""

    lowest: Annotated[int, OnChain("rao", "lower bound of the cost", 0, MOST)]
    interval: Annotated[int, OnChain("blocks", "of the fall by what was locked", 0, MOST)]
    between: Annotated[int, OnChain("blocks", "from a registration to the next at least", 1)]


def falling_blocks(emission: int, interval: int) -> int:
    """Blocks in which the cost falls by what was locked, at an emission of a block [rao]."""
    return interval * (emission * FRACTION // RAO) // FRACTION


def lock_cost(last: int, age: int, emission: int, p: SubnetParameters) -> int:
    """What a registration locks [rao], so many blocks after the last."""
    blocks = falling_blocks(emission, p.interval)
    a_block = last // blocks if blocks else 0
    return max(min(2 * last, MOST) - min(a_block * age, MOST), p.lowest)


def step(state: SubnetState, inputs: SubnetInputs, parameters: SubnetParameters) -> SubnetState:
    """The state of the next block. A registration too soon after the last is refused."""
    last, age = state.last, state.age
    if inputs.registrations and age >= parameters.between:
        last, age = state.cost, 0
    age += 1
    return SubnetState(last, age, lock_cost(last, age, inputs.emission, parameters))


def _states(p: SubnetParameters) -> list[SubnetState]:
    """Of blocks in which a registration is no longer refused, after half of the emission."""
    low, high = max(p.lowest, 1), 10_000 * RAO
    lasts = sorted({round(low * (high / low) ** (at / LEVELS)) for at in range(LEVELS + 1)})
    costs = ((last, lock_cost(last, p.between, RAO // 2, p)) for last in lasts)
    return [SubnetState(last, p.between, cost) for last, cost in costs]


SEARCH = Search(
    states=_states,
    by="cost",
    inputs=lambda p: {
        f"{what} at an emission of {share}": SubnetInputs(asked, emission)
        for what, asked in (("nothing", 0), ("a registration", 1))
        for share, emission in (("a half", RAO // 2), ("a quarter", RAO // 4), ("nothing", 0))
    },
    exhaustive=False,
    about=f"{LEVELS + 1} costs of the last registration up to 10,000 TAO, as soon as another is "
    "accepted; with and without a registration, from half of the first emission to none",
)

BITTENSOR_SUBNET = DeployedRule(
    name="bittensor_subnet",
    about="Bittensor: a subnet's lock doubles with each, falls by block",
    clock="block",
    state=SubnetState,
    inputs=SubnetInputs,
    parameters=SubnetParameters,
    step=step,
    decides=("last", "age", "cost"),
    versions=(
        Version(
            "spec-425",
            SubnetParameters(RAO, 57_600, 28_800),
            "opentensor/subtensor 14bc6f9f9, pallets/subtensor/src/migrations: migrate_rao.rs (the "
            "bound), migrate_network_lock_reduction_interval.rs (8 and 4 days of blocks)",
            date="2026-06-30",
        ),
    ),
    sources=(
        "opentensor/subtensor 14bc6f9f9: pallets/subtensor/src/coinbase/root.rs, "
        "subnets/subnet.rs, utils/rate_limiting.rs",
    ),
    search=SEARCH,
    unknown=(
        "the block from which this runtime acts (the date is that of the code)",
        "whether the chain's root has set the parameters since the migrations",
        "costs set by migrations: 2,000 TAO held for a week, later 2,500 TAO",
    ),
)
