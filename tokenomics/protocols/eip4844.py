"""Ethereum's price of blob gas: exponential in the gas used beyond the target (EIP-4844).

Since EIP-7918 the target is not taken off while a blob costs less than its share of execution gas.
Forks change target, maximum and the pace of the price (EIP-7691, EIP-7892).

Source: ethereum/EIPs f767a1e80, EIPS/eip-4844.md, eip-7691.md, eip-7840.md, eip-7892.md,
eip-7918.md, eip-8134.md, eip-8135.md.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import UINT64, UINT256
from .rule import DeployedRule, IntervalSearch, OnChain, Version

GAS_PER_BLOB = 2**17
MIN_PRICE = 1  # of a unit of blob gas [wei]
BLOB_BASE_COST = 2**13  # execution gas whose price a blob must reach
HIGHEST = 2_073_000_000  # excess beyond which no fork's price fits a word of 256 bits
MOST_EXCESS = 600  # of the search [blobs]
DEAR, CHEAP = 10**9, 0  # base fees of execution gas in the search [wei]


class BlobFeeState(NamedTuple):
    """Of a block."""

    excess: Annotated[int, OnChain("blob gas", "used beyond the targets so far", 0, HIGHEST)]
    price: Annotated[int, OnChain("wei/blob gas", "burnt for a unit of blob gas", MIN_PRICE)]


class BlobFeeInputs(NamedTuple):
    """Of the block before."""

    used: Annotated[int, OnChain("blob gas", "used, at most the maximum", 0, UINT64)]
    base_fee: Annotated[int, OnChain("wei/gas", "base fee of execution gas", 0, UINT256)]


class BlobFeeParameters(NamedTuple):
    """Fixed by a fork; those of the next block act."""

    target: Annotated[int, OnChain("blob", "target of a block", 1)]
    maximum: Annotated[int, OnChain("blob", "most in a block", 1)]
    fraction: Annotated[int, OnChain("blob gas", "excess that multiplies the price by e", 1)]
    reserve: Annotated[int, OnChain("gas", "execution gas that a blob must cost", 0)] = 0


def fake_exponential(factor: int, numerator: int, denominator: int) -> int:
    """factor · e^(numerator/denominator) by its series in whole numbers, each term rounded down."""
    term, total, at = factor * denominator, 0, 1
    while term > 0:
        total += term
        term = term * numerator // (denominator * at)
        at += 1
    return total // denominator


def price(excess: int, parameters: BlobFeeParameters) -> int:
    """Price of blob gas [wei] at an excess."""
    return fake_exponential(MIN_PRICE, excess, parameters.fraction)


def step(state: BlobFeeState, inputs: BlobFeeInputs, parameters: BlobFeeParameters) -> BlobFeeState:
    """The state of the next block."""
    target = GAS_PER_BLOB * parameters.target
    before, used = state.excess, inputs.used
    if before + used < target:
        return BlobFeeState(0, MIN_PRICE)
    # the price of the block before, at the pace of the next one
    wanted = parameters.reserve * inputs.base_fee
    if wanted > GAS_PER_BLOB * price(before, parameters):
        spare = parameters.maximum - parameters.target
        excess = before + used * spare // parameters.maximum
    else:
        excess = before + used - target
    return BlobFeeState(excess, price(excess, parameters))


def _kinds(p: BlobFeeParameters) -> dict[str, BlobFeeInputs]:
    blobs = {
        "no blobs": 0,
        "a blob below the target": p.target - 1,
        "at the target": p.target,
        "a blob above the target": p.target + 1,
        "full": p.maximum,
    }
    fees = {"": CHEAP} if not p.reserve else {", cheap gas": CHEAP, ", gas at 1 gwei": DEAR}
    return {
        label + ending: BlobFeeInputs(count * GAS_PER_BLOB, fee)
        for label, count in blobs.items()
        for ending, fee in fees.items()
    }


SEARCH = IntervalSearch(
    span=lambda p: (0, MOST_EXCESS * GAS_PER_BLOB),
    lowest=lambda excess, p: BlobFeeState(excess, price(excess, p)),
    by="excess",
    inputs=_kinds,
    about=f"every excess up to {MOST_EXCESS} blobs, where a reserve at 1 gwei acts throughout; "
    "blocks from none to the most blobs, where there is a reserve price also at a base fee of "
    "1 gwei",
    steady=True,
)

EIP = "ethereum/EIPs f767a1e80, EIPS/eip-"
EIP4844 = DeployedRule(
    name="eip4844",
    about="Ethereum: blobs beyond the target make blob gas dearer, exponentially",
    clock="block, told by its timestamp",
    even=False,
    state=BlobFeeState,
    inputs=BlobFeeInputs,
    parameters=BlobFeeParameters,
    step=step,
    decides=("excess", "price"),
    versions=(
        Version(
            "Cancun",
            BlobFeeParameters(3, 6, 3_338_477),
            EIP + "4844.md; time of eip-7569.md",
            since=1_710_338_135,
            date="2024-03-13",
        ),
        Version(
            "Prague",
            BlobFeeParameters(6, 9, 5_007_716),
            EIP + "7691.md; time of eip-7600.md",
            since=1_746_612_311,
            date="2025-05-07",
        ),
        Version(
            "Osaka",
            BlobFeeParameters(6, 9, 5_007_716, BLOB_BASE_COST),
            EIP + "7918.md; time of eip-7607.md",
            since=1_764_798_551,
            date="2025-12-03",
        ),
        Version(
            "BPO1",
            BlobFeeParameters(10, 15, 8_346_193, BLOB_BASE_COST),
            EIP + "8134.md",
            since=1_765_290_071,
            date="2025-12-09",
        ),
        Version(
            "BPO2",
            BlobFeeParameters(14, 21, 11_684_671, BLOB_BASE_COST),
            EIP + "8135.md",
            since=1_767_747_671,
            date="2026-01-07",
        ),
    ),
    sources=(
        "ethereum/EIPs f767a1e80: EIPS/eip-4844.md, eip-7691.md, eip-7840.md, eip-7892.md, "
        "eip-7918.md, eip-8134.md, eip-8135.md; times of eip-7569.md, eip-7600.md, eip-7607.md",
    ),
    search=SEARCH,
    unknown=("forks after BPO2: eip-7773.md gives no time for mainnet yet",),
)
