"""Cosmos Hub's minting: inflation moves with the distance of the bonded share from its goal, within
a band, and is minted block by block.

The rate changes by (1 − bonded/goal) × its largest change a year; within a step of a bonded share
that stays the blocks add up to a straight line. Source: cosmos/cosmos-sdk, x/mint
(NextInflationRate); in the module's decimals in `protocols/cosmos.py`. Needs `emission.mode: law`.
"""

import numpy as np

from ..formulas.bonding import bonded
from ..formulas.numerics import CLOCK_TOLERANCE, DAYS_PER_YEAR
from .command import EMISSION, Command, Law, Memory, emitted_so_far


def next_inflation(inflation, share, elapsed, rule):
    """Inflation [1/year] after a time [years]. share: bonded, of supply."""
    moved = inflation + (1.0 - share / rule.goal) * rule.change * elapsed
    return np.clip(moved, rule.least, rule.most)


def decide(params, state, error, dt, low, high):
    """Move inflation and mint at its mean over the step."""
    rule = params["controller"].cosmos
    share = bonded(state) / state["total_supply"]
    # before day 0 a network goes nowhere by itself
    elapsed = np.where(state["time"] < -CLOCK_TOLERANCE, 0.0, dt) / DAYS_PER_YEAR
    before = state["control_inflation"]
    after = next_inflation(before, share, elapsed, rule)
    minted = 0.5 * (before + after) * state["total_supply"] / DAYS_PER_YEAR
    return Command(np.clip(0.0 * error, low, high), {"inflation": after, EMISSION: minted})


def inflation_at_rest(params, rest):
    """That which is set, or with 0 what today's emission is of supply, within the band."""
    rule = params["controller"].cosmos
    today = emitted_so_far(params, rest) * DAYS_PER_YEAR / rest["total_supply"]
    return np.where(np.greater(rule.inflation, 0.0), rule.inflation, today)


LAW = Law(
    decide,
    (
        Memory("inflation", "1/year", "minted a year, of supply", 0.1, inflation_at_rest),
        Memory(EMISSION, "TOK/day", "what the rule mints", "pool_tok", emitted_so_far),
    ),
)
