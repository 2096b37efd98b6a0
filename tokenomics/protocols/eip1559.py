"""Ethereum's base fee: it follows the gas of the block before (EIP-1559).

Above the target it rises by at least 1 wei, below it falls, by at most an eighth each. Divisions
round down, so that under 8 wei it no longer falls.

Source: ethereum/EIPs f767a1e80, EIPS/eip-1559.md (World.validate_block).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import UINT64, UINT256
from .rule import DeployedRule, OnChain, Search, Version

SMALLEST_LIMIT = 5_000  # of a block [gas]
LIMIT, MOST_FEE = 30_000_000, 4_096  # of the search


class BaseFeeState(NamedTuple):
    """Of a block."""

    base_fee: Annotated[int, OnChain("wei/gas", "burnt for a unit of gas", 0, UINT256)]


class BaseFeeInputs(NamedTuple):
    """Of the block before."""

    gas_used: Annotated[int, OnChain("gas", "used, at most the limit", 0, UINT64)]
    gas_limit: Annotated[int, OnChain("gas", "limit of the block", SMALLEST_LIMIT, UINT64)]


class BaseFeeParameters(NamedTuple):
    """Fixed by a fork."""

    elasticity: Annotated[int, OnChain("1", "limit of a block in targets", 1)]
    denominator: Annotated[int, OnChain("1", "part of the fee that a full block adds", 1)]


def step(state: BaseFeeState, inputs: BaseFeeInputs, parameters: BaseFeeParameters) -> BaseFeeState:
    """The base fee of the next block."""
    fee, target = state.base_fee, inputs.gas_limit // parameters.elasticity
    apart = abs(inputs.gas_used - target)
    change = fee * apart // target // parameters.denominator
    if inputs.gas_used > target:
        return BaseFeeState(fee + max(change, 1))
    return BaseFeeState(fee - change)


def _kinds(p: BaseFeeParameters) -> dict[str, BaseFeeInputs]:
    target = LIMIT // p.elasticity
    used = {
        "empty": 0,
        "half of the target": target // 2,
        "a gas below the target": target - 1,
        "at the target": target,
        "a gas above the target": target + 1,
        "full": LIMIT,
    }
    return {label: BaseFeeInputs(gas, LIMIT) for label, gas in used.items()}


SEARCH = Search(
    states=lambda p: [BaseFeeState(fee) for fee in range(MOST_FEE + 1)],
    by="base_fee",
    inputs=_kinds,
    exhaustive=True,
    about=f"every base fee up to {MOST_FEE:,} wei; blocks from empty to full at a limit of "
    f"{LIMIT:,} gas",
)

EIP1559 = DeployedRule(
    name="eip1559",
    about="Ethereum: the base fee rises after a block above the gas target, else falls",
    clock="block",
    state=BaseFeeState,
    inputs=BaseFeeInputs,
    parameters=BaseFeeParameters,
    step=step,
    decides=("base_fee",),
    versions=(
        Version(
            "London",
            BaseFeeParameters(2, 8),
            "ethereum/EIPs f767a1e80, EIPS/eip-1559.md; block of the fork from go-ethereum's "
            "params/config.go",
            since=12_965_000,
            date="2021-08-05",
        ),
    ),
    sources=("ethereum/EIPs f767a1e80: EIPS/eip-1559.md",),
    search=SEARCH,
)
