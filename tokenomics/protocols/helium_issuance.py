"""Helium's issuance: a schedule that halves, burned HNT given back up to a cap, and since HIP-149 a
minimum for deployers and a supplement. An epoch is a day.

Source: helium/helium-program-library 145947eed, programs/helium-sub-daos/src (calculate_utility_
score_v0.rs, backstop.rs, supplement.rs) with the changes of c9cb4fd8c, 5bc5bf2cb, 17c88d099 and
af2f89689; emissions of packages/helium-admin-cli/emissions/hnt.json; HIP-20, HIP-138, HIP-149.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .rule import OnChain

BONES = 10**8  # of an HNT
U32, U64 = 2**32 - 1, 2**64 - 1
EPOCH = 86_400  # seconds
SEED = 300  # what an average of 0 is taken for [bones]
SUB_NETWORKS = 2  # each of which makes a pass in every epoch
DATA_BUCKET = 70  # share of the Mobile network's part that deployers get [%]
DC_TO_BONES = 10**11  # 1 DC is 1e-5 USD; prices have 8 decimals


class HeliumState(NamedTuple):
    """After an epoch."""

    minted: Annotated[int, OnChain("1e-8 HNT", "minted for the epoch, all of it", 0, U64)]
    rewards: Annotated[int, OnChain("1e-8 HNT", "of it the rewards of the networks", 0, U64)] = 0
    smoothed: Annotated[int, OnChain("1e-8 HNT", "average of burned HNT", 0, U64)] = 0
    ceiling: Annotated[
        int, OnChain("1e-8 HNT", "most that Mobile deployers get, 0 for none", 0)
    ] = 0


class HeliumInputs(NamedTuple):
    """Read when an epoch is settled, which is after its end. Without a price the minimum sleeps."""

    burned: Annotated[int, OnChain("1e-8 HNT", "burned since the epoch before", 0, U64)]
    settled: Annotated[int, OnChain("s", "time since 1970", 0)] = 0
    mobile_dc: Annotated[int, OnChain("DC", "burned for Mobile data in the epoch", 0, U64)] = 0
    mobile_share: Annotated[int, OnChain("1/(2^32-1)", "Mobile's smoothed share", 0, U32)] = 0
    price_low: Annotated[int, OnChain("1e-8 USD", "HNT's average less its error", 0, U64)] = 0
    price: Annotated[int, OnChain("1e-8 USD", "HNT's average price, 0 for none", 0, U64)] = 0


class HeliumParameters(NamedTuple):
    """Set by the schedule, by governance and by upgrades of the program."""

    emission: Annotated[int, OnChain("1e-8 HNT/epoch", "the schedule's", 0, U64)]
    cap: Annotated[int, OnChain("1e-8 HNT/epoch", "most burned HNT given back", 0, U64)]
    smoothing: Annotated[int, OnChain("epochs", "of the average of burned HNT", 1)] = 1
    carried: Annotated[
        int, OnChain("1", "1 if the average goes on from the epoch before", 0, 1)
    ] = 1
    treasury: Annotated[int, OnChain("1e-8 HNT/epoch", "besides, to a treasury", 0, U64)] = 0
    minimum: Annotated[int, OnChain("1", "1 with the minimum for deployers", 0, 1)] = 0
    supplement: Annotated[int, OnChain("1e-8 HNT/epoch", "of each network's pass", 0, U64)] = 0
    begins: Annotated[int, OnChain("s", "when the supplement begins", 0)] = 0
    flat: Annotated[int, OnChain("epochs", "of the full supplement", 0)] = 360
    taper: Annotated[int, OnChain("epochs", "in which it falls to 0", 1)] = 720


def smoothed(state: HeliumState, burned: int, parameters: HeliumParameters) -> int:
    """The average of burned HNT [bones]; 0 from before is taken for 300. Where it is not carried,
    each pass goes on from what the pass before left in the same epoch.
    """
    width = parameters.smoothing
    if width == 1:
        return burned
    passes = 1 if parameters.carried else SUB_NETWORKS
    average = (state.smoothed if parameters.carried else 0) or SEED
    for _ in range(passes):
        average = (width - 1) * average // width + burned // width
    return average


def bones(dc: int, price: int) -> int:
    """HNT that data credits are worth [bones], at most what the chain can hold. price: above 0."""
    return min(dc * DC_TO_BONES // price, U64)


def top_up(inputs: HeliumInputs, base: int, average: int, cap: int) -> int:
    """What is minted besides so that Mobile deployers get half of what was paid for their data
    [bones]; never more than was burned and not given back already.
    """
    share = inputs.mobile_share
    target = bones(inputs.mobile_dc // 2, inputs.price_low)
    baseline = base * share // U32 * DATA_BUCKET // 100
    wanted = max(target - baseline, 0) * U32 * 100 // (share * DATA_BUCKET)
    if wanted > U64:  # such inputs are not trusted
        return 0
    return min(wanted, max(average - cap, 0))


def supplement(settled: int, parameters: HeliumParameters) -> int:
    """One pass's supplement [bones]: flat, then falling in a line to 0."""
    past = settled - parameters.begins - parameters.flat * EPOCH
    whole = parameters.taper * EPOCH
    if settled < parameters.begins or past >= whole:
        return 0
    return parameters.supplement if past < 0 else parameters.supplement * (whole - past) // whole


def step(state: HeliumState, inputs: HeliumInputs, parameters: HeliumParameters) -> HeliumState:
    """The state after an epoch is settled."""
    average = smoothed(state, inputs.burned, parameters)
    rewards, ceiling = parameters.emission + min(average, parameters.cap), 0
    if parameters.minimum and inputs.price and inputs.price_low:
        ceiling = bones(3 * inputs.mobile_dc, inputs.price)
        if inputs.mobile_share:
            rewards += top_up(inputs, rewards, average, parameters.cap)
    extra = SUB_NETWORKS * supplement(inputs.settled, parameters) + parameters.treasury
    return HeliumState(rewards + extra, rewards, average, ceiling)
