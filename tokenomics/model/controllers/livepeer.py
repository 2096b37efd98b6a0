"""Livepeer's Minter: in every round inflation rises by a fixed step while the bonding rate is below
its target, falls by as much above, and mints that share of supply.

The law on the rule's own clock: what it decides, parts per billion, is whole and exact; amounts are
doubles. Several rounds in a step see the same bonding. Source: livepeer/protocol,
contracts/token/Minter.sol; in integers in `protocols/livepeer.py`. Needs `emission.mode: law`.
"""

import numpy as np

from ...parameters.schema import MOST_ROUNDS
from ..formulas.bonding import bonded
from ..formulas.numerics import CLOCK_TOLERANCE
from .command import EMISSION, Command, Law, Memory, emitted_so_far

PPB = 1e9


def bonding_rate(staked, supply):
    """Bonded share of supply [ppb], rounded down."""
    return np.floor(staked / supply * PPB)


def next_inflation(inflation, rate, rule):
    """Inflation after a round [ppb/round]. rate: bonded share [ppb]."""
    up = np.where(rate < rule.target, rule.change, 0.0)
    down = np.where(rate > rule.target, rule.change, 0.0)
    return np.clip(np.maximum(inflation + up - down, 0.0), rule.floor, rule.ceiling)


def decide(params, state, error, dt, low, high):
    """Initialise the rounds that begin in this step."""
    rule = params["controller"].livepeer
    supply = state["total_supply"]
    rate = bonding_rate(bonded(state), supply)
    # before day 0 a network goes nowhere by itself
    age = state["control_round_age"] + np.where(state["time"] < -CLOCK_TOLERANCE, 0.0, dt)
    inflation, minted = state["control_round_inflation"], 0.0 * supply
    for _ in range(MOST_ROUNDS):
        begins = age >= rule.round - CLOCK_TOLERANCE
        inflation = np.where(begins, next_inflation(inflation, rate, rule), inflation)
        minted = minted + np.where(begins, inflation / PPB * supply, 0.0)
        age = np.where(begins, age - rule.round, age)
    return Command(
        np.clip(0.0 * error, low, high),
        {"round_inflation": inflation, "round_age": age, EMISSION: minted / dt},
    )


def inflation_at_rest(params, rest):
    """That which is set, or with 0 what today's emission is of supply."""
    rule = params["controller"].livepeer
    today = emitted_so_far(params, rest) * rule.round / rest["total_supply"] * PPB
    return np.where(np.greater(rule.inflation, 0.0), rule.inflation, np.rint(today))


LAW = Law(
    decide,
    (
        Memory("round_inflation", "ppb/round", "minted a round, of supply", 1e3, inflation_at_rest),
        Memory("round_age", "days", "time since the last round began"),
        Memory(EMISSION, "TOK/day", "what the rule mints", "pool_tok", emitted_so_far),
    ),
)
