"""Cosmos Hub's minting: inflation rises while less than the goal is bonded, falls while more is.

Decimal numbers have 18 digits; products and quotients of two of them round half to even, a
quotient by a whole number is cut. `papers/cosmos.py` studies the same rule in floats.

Source: cosmos/cosmos-sdk, x/mint/types/minter.go (0022320b: NextInflationRate,
NextAnnualProvisions, BlockProvision), x/mint/abci.go (005e87bd), x/staking/keeper/pool.go
(04c1ac37: BondedRatio), math/legacy_dec.go (0ed2fd92).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import WAD, decimal_product, decimal_quotient
from .rule import PROPOSED, DeployedRule, IntervalSearch, OnChain, Version, more_than_all_bonded

SUPPLY = 4 * 10**14  # of the search [uatom]


class CosmosState(NamedTuple):
    """After a block has begun."""

    inflation: Annotated[int, OnChain("1e-18/year", "minted in a year, of supply", 0)]
    provisions: Annotated[int, OnChain("1e-18 uatom/year", "minted in a year", 0)]
    minted: Annotated[int, OnChain("uatom", "minted in this block", 0)]


class CosmosInputs(NamedTuple):
    """Read when a block begins."""

    bonded: Annotated[int, OnChain("uatom", "bonded, at most the supply", 0)]
    supply: Annotated[int, OnChain("uatom", "total supply", 0)]


class CosmosParameters(NamedTuple):
    """Set by governance."""

    change: Annotated[int, OnChain("1e-18/year²", "change with nothing bonded", 0, WAD)]
    highest: Annotated[int, OnChain("1e-18/year", "upper bound of inflation", 0, WAD)]
    lowest: Annotated[int, OnChain("1e-18/year", "lower bound of inflation", 0, WAD)]
    goal: Annotated[int, OnChain("1e-18", "goal of the bonded ratio", 1, WAD)]
    blocks: Annotated[int, OnChain("1/year", "blocks that a year is taken to have", 1)]


def bonded_ratio(inputs: CosmosInputs) -> int:
    """Bonded share of supply [1e-18], cut; 0 without supply."""
    return inputs.bonded * WAD // inputs.supply if inputs.supply else 0


def block_change(ratio: int, parameters: CosmosParameters) -> int:
    """What a block adds to inflation within its bounds [1e-18/year]. ratio: bonded of supply
    [1e-18].
    """
    p = parameters
    a_year = decimal_product(WAD - decimal_quotient(ratio, p.goal), p.change)
    return decimal_quotient(a_year, p.blocks * WAD)


def next_inflation(inflation: int, ratio: int, parameters: CosmosParameters) -> int:
    """Inflation a block later [1e-18/year]. ratio: bonded of supply [1e-18]."""
    moved = inflation + block_change(ratio, parameters)
    return max(min(moved, parameters.highest), parameters.lowest)


def step(state: CosmosState, inputs: CosmosInputs, parameters: CosmosParameters) -> CosmosState:
    """The state after the next block has begun."""
    inflation = next_inflation(state.inflation, bonded_ratio(inputs), parameters)
    provisions = inflation * inputs.supply
    return CosmosState(inflation, provisions, provisions // parameters.blocks // WAD)


def _kinds(p: CosmosParameters) -> dict[str, CosmosInputs]:
    goal = p.goal * SUPPLY // WAD
    bonded = {
        "nothing bonded": 0,
        "half of the goal": goal // 2,
        "just below the goal": goal - SUPPLY // 10**6,
        "at the goal": goal,
        "just above the goal": goal + SUPPLY // 10**6,
        "all bonded": SUPPLY,
    }
    return {label: CosmosInputs(amount, SUPPLY) for label, amount in bonded.items()}


SEARCH = IntervalSearch(
    span=lambda p: (p.lowest, p.highest),
    lowest=lambda inflation, p: CosmosState(inflation, 0, 0),
    by="inflation",
    inputs=_kinds,
    about="every inflation from bound to bound; from nothing to all bonded of "
    f"{SUPPLY // 10**6:,} ATOM",
    steady=True,
)


def _percent(change: int, highest: int, blocks: int) -> CosmosParameters:
    """change, highest: [1e-2]; lower bound and goal have always been 7 and 67."""
    parts = (number * WAD // 100 for number in (change, highest, 7, 67))
    return CosmosParameters(*parts, blocks)


WIKI = "cosmos/governance 6734ec56, params-change/Mint.md"
COSMOS = DeployedRule(
    name="cosmos",
    about="Cosmos Hub: inflation rises below the bonding goal, falls above",
    clock="block",
    state=CosmosState,
    inputs=CosmosInputs,
    parameters=CosmosParameters,
    step=step,
    decides=("inflation", "provisions", "minted"),
    apart=more_than_all_bonded,
    versions=(
        Version(
            "module",
            _percent(13, 20, 6_311_520),
            "cosmos/cosmos-sdk 0c75cad7, x/mint/types/params.go: the module's own numbers, with "
            "which a chain may begin; not the Hub's",
            status=PROPOSED,
        ),
        Version("cosmoshub-3", _percent(13, 20, 4_855_015), WIKI + ": as it began", date="2019-12"),
        Version(
            "proposal-30",
            _percent(13, 20, 4_360_000),
            "cosmos/governance 475879bf, proposals/2020-10-blocks-per-year, and a later Mint.md",
            date="2020",
        ),
        Version(
            "proposal-48",
            _percent(100, 20, 4_360_000),
            "cosmos/governance 29bb9f5f, Inflaiton Rate Change Modification Prop.md, and a later "
            "Mint.md",
        ),
        Version(
            "proposal-848",
            _percent(100, 10, 4_360_000),
            "Cosmos Hub proposal 848, which passed on 2023-11-25: an upper bound of 10 %",
            date="2023-11-25",
        ),
    ),
    sources=(
        "cosmos/cosmos-sdk 0022320b, 005e87bd, 04c1ac37, 0ed2fd92: x/mint/types/minter.go, "
        "x/mint/abci.go, x/staking/keeper/pool.go, math/legacy_dec.go",
        WIKI,
    ),
    search=SEARCH,
    unknown=(
        "the block from which each proposal acted; the date of proposal 48",
        "whether the blocks of a year were changed after proposal 30 (taken as unchanged)",
        "proposals since 2023 (one of 4 to 8 % was discussed with 7 to 10 % as the present bounds)",
    ),
)
