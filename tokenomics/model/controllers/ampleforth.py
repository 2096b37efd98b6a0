"""Ampleforth's rebase: once a day every balance grows in proportion while the price is above its
target, and shrinks while it is below.

Within a band around the target nothing happens; beyond it the change of supply follows a sigmoid
with base 2, whose exponent is cut to 32nds as in the contract, or the distance by a lag. Which 32nd
it is, and whether anything happens, is exact; amounts are doubles. What a rebase does to balances
and prices is in `blocks/rebase.py`. The target is the controller's reference. Source:
ampleforth/ampleforth-contracts, contracts/UFragmentsPolicy.sol; in integers in
`protocols/ampleforth.py`.
"""

import numpy as np

from ...elementary import exp, exp2
from .by_block import has_begun
from .command import REBASE, Command, Law, Memory

CUT = 32.0  # parts of 1 in which the exponent is whole
MOST_EXPONENT = 100.0


def change_of_supply(rate, rule):
    """Share by which supply changes [1]. rate: of the price to its target."""
    away = rate - 1.0
    exponent = np.clip(rule.growth * away, -MOST_EXPONENT, MOST_EXPONENT)
    whole = np.floor(np.abs(exponent) * CUT) / CUT
    power = exp2(np.where(exponent < 0.0, -whole, whole))
    curve = (rule.upper - rule.lower) / (1.0 - rule.upper / rule.lower / power) + rule.lower
    line = away / np.maximum(rule.lag, 1.0)
    change = np.where(rule.lag > 0.0, line, curve)
    return np.where(np.abs(away) < rule.threshold, 0.0, change)


def decide(params, state, error, dt, low, high):
    """The rebase of this day."""
    change = change_of_supply(exp(-error), params["controller"].ampleforth)
    return Command(
        np.clip(0.0 * error, low, high),
        {REBASE: np.where(has_begun(state), 1.0 + change, 1.0)},
    )


LAW = Law(decide, (Memory(REBASE, "1", "factor of the last rebase", 1.0, 1.0),))
