"""What a neuron burns to register on a subnet of Bittensor: each registration multiplies the cost
at once, each block lets it decay by its half-life.

Source: opentensor/subtensor 14bc6f9f9, pallets/subtensor/src: subnets/registration.rs
(update_registration_prices_for_networks, bump_registration_price_after_registration),
utils/misc.rs (decay_factor_q32, pow_q32, mul_by_q32), lib.rs; runtime/src/lib.rs.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, NamedTuple

from .rule import DeployedRule, IntervalSearch, OnChain, Version

MOST = 2**64 - 1
ONE = 2**32  # 1 of a factor of decay
ONE_MULTIPLIER = 2**64  # 1 of a multiplier
HALF_LIFE_LIMIT = 2**16 - 1


class RegistrationState(NamedTuple):
    """After a block."""

    burn: Annotated[int, OnChain("rao", "burnt by the next registration", 0, MOST)]


class RegistrationInputs(NamedTuple):
    """Of the next block."""

    registrations: Annotated[int, OnChain("1", "neurons that register in it", 0, HALF_LIFE_LIMIT)]


class RegistrationParameters(NamedTuple):
    """Set by the chain or the subnet's owner."""

    half_life: Annotated[int, OnChain("blocks", "0: no decay", 0, HALF_LIFE_LIMIT)]
    multiplier: Annotated[int, OnChain("2^-64", "of each registration, below 1 as 1", 0)]
    lowest: Annotated[int, OnChain("rao", "lower bound", 0, MOST)]
    highest: Annotated[int, OnChain("rao", "upper bound, which wins", 0, MOST)]


def _power(factor: int, exponent: int) -> int:
    """A factor of decay to a power, by squaring with each product cut."""
    result = ONE
    while exponent:
        if exponent % 2:
            result = result * factor // ONE
        exponent //= 2
        factor = factor * factor // ONE
    return result


@cache
def decay_factor(half_life: int) -> int:
    """Factor of a block [2^-32]: the greatest that bisection finds whose power of the half-life
    is at most a half. 1 for a half-life of 0.
    """
    if half_life == 0:
        return ONE
    low, high = 0, ONE
    while low + 1 < high:
        middle = (low + high) // 2
        if _power(middle, half_life) > ONE // 2:
            high = middle
        else:
            low = middle
    return low


def _bounded(burn: int, p: RegistrationParameters) -> int:
    return min(max(burn, p.lowest), p.highest)


def step(
    state: RegistrationState, inputs: RegistrationInputs, parameters: RegistrationParameters
) -> RegistrationState:
    """The state after the next block: it decays, then each registration of the block raises it."""
    p = parameters
    burn = _bounded(state.burn * decay_factor(p.half_life) // ONE, p)
    multiplier = max(p.multiplier, ONE_MULTIPLIER)
    for _ in range(inputs.registrations):
        burn = _bounded(min(burn * multiplier // ONE_MULTIPLIER, MOST), p)
    return RegistrationState(burn)


SEARCH = IntervalSearch(
    span=lambda p: (p.lowest, p.highest),
    lowest=lambda burn, p: RegistrationState(burn),
    by="burn",
    inputs=lambda p: {
        "no registration": RegistrationInputs(0),
        "1 registration": RegistrationInputs(1),
        "3 registrations": RegistrationInputs(3),
        "10 registrations": RegistrationInputs(10),
    },
    about="every cost from bound to bound; up to 10 registrations a block",
)

BITTENSOR_REGISTRATION = DeployedRule(
    name="bittensor_registration",
    about="Bittensor: a neuron's cost rises with each, decays by block",
    clock="block",
    state=RegistrationState,
    inputs=RegistrationInputs,
    parameters=RegistrationParameters,
    step=step,
    decides=("burn",),
    versions=(
        Version(
            "spec-425",
            # 1.26 is written as a float of 64 bits; the bounds are those a subnet begins with
            RegistrationParameters(360, int(1.26 * ONE_MULTIPLIER), 500_000, 100_000_000_000),
            "opentensor/subtensor 14bc6f9f9, pallets/subtensor/src/lib.rs and runtime/src/lib.rs",
            date="2026-06-30",
        ),
    ),
    sources=(
        "opentensor/subtensor 14bc6f9f9: pallets/subtensor/src/subnets/registration.rs, "
        "utils/misc.rs, lib.rs; runtime/src/lib.rs",
    ),
    search=SEARCH,
    unknown=(
        "the block from which this runtime acts (the date is that of the code); earlier runtimes "
        "set the cost once an interval by registrations against a target",
        "what the owners of subnets have set: half-lives of 1 to 36,100 blocks and multipliers of "
        "1 to 3 are accepted",
    ),
)
