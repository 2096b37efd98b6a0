"""Livepeer's Minter: inflation a round follows the bonding rate.

Below the target the rate of inflation rises by a fixed step each round, above it falls by as much,
at it stays. Integer division rounds down.

Source: livepeer/protocol f225b10, contracts/token/Minter.sol (setInflation,
setCurrentRewardTokens) with libraries/MathUtilsV2.sol (parts per billion since LIP-40).
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Annotated, NamedTuple

from .rule import (
    ABANDONED,
    REJECTED,
    Cells,
    DeployedRule,
    OnChain,
    RecordedForm,
    Search,
    Version,
    more_than_all_bonded,
)

PERC_DIVISOR = 10**9  # parts per billion
UNBOUNDED = 2**256 - 1  # the largest number on chain: no ceiling
ROUNDS_A_YEAR = 414.7  # 365 days over 6,337 slots of 12 s (LIP-107)
LARGEST = 2**256 // PERC_DIVISOR  # the product with the divisor must not overflow


class LivepeerState(NamedTuple):
    """Between rounds."""

    inflation: Annotated[int, OnChain("ppb/round", "minted in a round, of supply", 0)]
    mintable: Annotated[int, OnChain("1e-18 LPT", "may be minted in this round", 0, LARGEST)]


class LivepeerInputs(NamedTuple):
    """Read when a round is initialised."""

    bonded: Annotated[int, OnChain("1e-18 LPT", "bonded and delegated", 0, LARGEST)]
    supply: Annotated[int, OnChain("1e-18 LPT", "total supply on both chains", 0, LARGEST)]


class LivepeerParameters(NamedTuple):
    """Set by governance."""

    target: Annotated[int, OnChain("ppb", "target of the bonding rate", 0, PERC_DIVISOR)]
    change: Annotated[int, OnChain("ppb/round", "step of inflation a round", 0, PERC_DIVISOR)]
    floor: Annotated[int, OnChain("ppb/round", "lower bound of inflation", 0)] = 0
    ceiling: Annotated[int, OnChain("ppb/round", "upper bound of inflation", 0)] = UNBOUNDED


def bonding_rate(inputs: LivepeerInputs) -> int:
    """Bonded share of supply [ppb]; 0 without supply (MathUtilsV2.percPoints)."""
    return inputs.bonded * PERC_DIVISOR // inputs.supply if inputs.supply else 0


def step(
    state: LivepeerState, inputs: LivepeerInputs, parameters: LivepeerParameters
) -> LivepeerState:
    """The state after a round is initialised. Bounds are those of LIP-100, whose change is made
    first.
    """
    target, change, floor, ceiling = parameters
    inflation, rate = state.inflation, bonding_rate(inputs)
    if rate < target:
        inflation += change
    elif rate > target:
        inflation = max(inflation - change, 0)
    inflation = max(min(inflation, ceiling), floor)
    return LivepeerState(inflation, inputs.supply * inflation // PERC_DIVISOR)


def _reader(
    clock: str, inflation: str, bonded: str, supply: str
) -> Callable[[Cells], tuple[int, LivepeerState, LivepeerInputs]]:
    """Reads a row by the names of its columns; what may be minted follows from two of them."""

    def read(cells: Cells) -> tuple[int, LivepeerState, LivepeerInputs]:
        inputs = LivepeerInputs(*(cells.whole(name, unit="1e-18 LPT") for name in (bonded, supply)))
        rate = cells.whole(inflation, unit="ppb/round")
        state = LivepeerState(rate, inputs.supply * rate // PERC_DIVISOR)
        return cells.whole(clock), state, inputs

    return read


BY_DAY = RecordedForm(
    "rows of livepeer-emissions-risk, 2023 and 2024",
    ("row", "inflation_ppb", "total_supply_lptu", "bonded_lptu"),
    _reader("row", "inflation_ppb", "bonded_lptu", "total_supply_lptu"),
    "833 nominal rounds of 21 hours laid over 729 daily states, so that 104 rows repeat their day, "
    "and a day spans one round or two; stocks are of the day, not of the block in which the round "
    "began, and are rounded to 17 digits",
    fields={
        "inflation": "inflation_ppb",
        "bonded": "bonded_lptu",
        "supply": "total_supply_lptu",
    },
)

OWN = RecordedForm(
    "a column a round",
    ("clock", "inflation", "bonded", "supply"),
    _reader("clock", "inflation", "bonded", "supply"),
    "what may be minted follows from inflation and supply",
)

SEARCH = Search(
    states=lambda p: [
        LivepeerState(inflation, 0)
        for inflation in range(p.floor, min(p.ceiling, 2_000_000) + 1, _grid(p))
    ],
    by="inflation",
    inputs=lambda p: {
        "bonding below the target": LivepeerInputs(p.target - 1, PERC_DIVISOR),
        "bonding at the target": LivepeerInputs(p.target, PERC_DIVISOR),
        "bonding above the target": LivepeerInputs(p.target + 1, PERC_DIVISOR),
    },
    exhaustive=True,
    about="bonding from 0 to all of supply, which the rule tells apart only by the target; "
    "inflation on the grid of the step, up to the ceiling or 2,000,000 ppb a round",
)


def _grid(parameters: LivepeerParameters) -> int:
    """Inflation starts on a multiple of 500 on chain and moves by the step: states off the grid of
    the two are not reached.
    """
    return gcd(500, parameters.change) or 1


ARBITRUM = (
    "Minter on Arbitrum (deployments/arbitrumMainnet); step of LIP-34 and LIP-35, precision of "
    "LIP-40"
)


LIVEPEER = DeployedRule(
    name="livepeer",
    about="Livepeer: inflation rises below the target of bonding, falls above",
    clock="round (about 21 hours)",
    state=LivepeerState,
    inputs=LivepeerInputs,
    parameters=LivepeerParameters,
    step=step,
    decides=("inflation",),
    apart=more_than_all_bonded,
    versions=(
        Version("LIP-40", LivepeerParameters(500_000_000, 500), ARBITRUM, date="2020"),
        Version(
            "LIP-100",
            LivepeerParameters(500_000_000, 1_000, 50_000, 750_000),
            "livepeer/LIPs 5efffd2, LIP-100 of 2025-03-12",
            date="2025-03-12",
            status=ABANDONED,
        ),
        Version(
            "LIP-107",
            LivepeerParameters(460_000_000, 700),
            "livepeer/LIPs 5efffd2, LIP-107 of 2025-11-21",
            date="2025-11-21",
            status=REJECTED,
        ),
    ),
    sources=(
        "livepeer/protocol f225b10: contracts/token/Minter.sol, libraries/MathUtilsV2.sol",
        "livepeer/LIPs 5efffd2: LIP-34, LIP-35, LIP-40, LIP-100, LIP-107",
    ),
    layouts=(BY_DAY, OWN),
    search=SEARCH,
    unknown=(
        "the round in which LIP-40 began on Arbitrum; the block at which each recorded stock was "
        "read",
    ),
)
