"""Bittensor's emission of a block: it halves each time that the issuance covers half of what was
left of the supply.

Recycled TAO leaves the issuance, so that it moves a halving away; burnt TAO does not. Logarithm
and quotients are those of fixed-point numbers with 32 bits after the point.

Source: opentensor/subtensor 14bc6f9f9, pallets/subtensor/src/coinbase: block_emission.rs
(get_block_emission_for_issuance), tao.rs (mint_tao, recycle_tao); substrate-fixed 0.6.0,
src/transcendental.rs (log2).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import least
from .rule import DeployedRule, IntervalSearch, OnChain, Version

MOST = 2**64 - 1
ONE = 2**32
RAO = 10**9  # in a TAO


class EmissionState(NamedTuple):
    """After a block has begun."""

    issuance: Annotated[int, OnChain("rao", "total issuance", 0, MOST)]
    minted: Annotated[int, OnChain("rao", "minted in this block", 0, MOST)]


class EmissionInputs(NamedTuple):
    """Of the rest of the block."""

    recycled: Annotated[
        int, OnChain("rao", "taken out of the issuance, unspent emission too", 0, MOST)
    ]


class EmissionParameters(NamedTuple):
    """Constants of the chain."""

    supply: Annotated[int, OnChain("rao", "that issuance cannot pass", 1, MOST)]
    first: Annotated[int, OnChain("rao", "emission of a block before the first halving", 0, MOST)]


def halvings(issuance: int, supply: int) -> int:
    """Whole part of the logarithm to base 2 of supply over what is left of it. issuance: less than
    the supply.
    """
    value = ONE * ONE // (ONE - issuance * ONE // supply)
    count = 0
    while value >= 2 * ONE:
        value = value // 2 + value % 2  # the logarithm's own halving rounds up
        count += 1
    return count


def emission(issuance: int, parameters: EmissionParameters) -> int:
    """Emission of a block [rao]; none from the supply on."""
    if issuance >= parameters.supply:
        return 0
    return parameters.first >> halvings(issuance, parameters.supply)


def step(
    state: EmissionState, inputs: EmissionInputs, parameters: EmissionParameters
) -> EmissionState:
    """The state after the next block has begun."""
    issuance = max(state.issuance - inputs.recycled, 0)
    room = max(parameters.supply - issuance, 0)
    minted = min(emission(issuance, parameters), room)
    return EmissionState(issuance + minted, minted)


def _halvings(inputs: EmissionInputs, p: EmissionParameters) -> list[int]:
    """Issuances from which on a step emits less, less what is recycled in it."""
    found, last = [0], p.supply - 1
    while emission(found[-1], p) > emission(last, p):
        before = emission(found[-1], p)
        found.append(
            least(lambda issuance: emission(issuance, p) < before, found[-1], last)  # noqa: B023
        )
    return [issuance + inputs.recycled for issuance in found[1:]]


SEARCH = IntervalSearch(
    span=lambda p: (0, p.supply),
    lowest=lambda issuance, p: EmissionState(issuance, 0),
    by="issuance",
    inputs=lambda p: {
        "nothing recycled": EmissionInputs(0),
        "a rao recycled": EmissionInputs(1),
        "half of the first emission recycled": EmissionInputs(p.first // 2),
        "twice the first emission recycled": EmissionInputs(2 * p.first),
    },
    about="every issuance up to the supply; from nothing to twice the first emission recycled",
    steady=True,
    bends=lambda p, inputs: _halvings(inputs, p),
)

BITTENSOR_EMISSION = DeployedRule(
    name="bittensor_emission",
    about="Bittensor: a block's emission halves with what is left of supply",
    clock="block",
    state=EmissionState,
    inputs=EmissionInputs,
    parameters=EmissionParameters,
    step=step,
    decides=("issuance", "minted"),
    versions=(
        Version(
            "spec-425",
            EmissionParameters(21_000_000 * RAO, RAO),
            "opentensor/subtensor 14bc6f9f9, pallets/subtensor/src/lib.rs",
            date="2026-06-30",
        ),
    ),
    sources=(
        "opentensor/subtensor 14bc6f9f9: pallets/subtensor/src/coinbase/block_emission.rs and "
        "tao.rs",
        "substrate-fixed 0.6.0: src/transcendental.rs",
    ),
    search=SEARCH,
    unknown=(
        "the block from which this runtime acts (the date is that of the code)",
        "how far the issuance of the chain's own ledger, which bounds what is minted, is from the "
        "issuance that sets the emission (taken as the same)",
        "issuance put right by migrations",
    ),
)
