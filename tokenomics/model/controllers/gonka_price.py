"""Gonka's price: block by block the price per unit of work follows the use of capacity, and stays
within a zone of it.

The law in the rule's own whole units of tokens per work, which doubles hold exactly; a unit is that
of which today's price has `base`. Thousands of blocks a day come to rest on the step's demand curve
(`by_block`). The price is in tokens, so that in USD it follows theirs. Source: gonka-ai/gonka,
inference-chain/x/inference/keeper/dynamic_pricing.go; in integers in `protocols/gonka_price.py`.
Needs `pricing.mode: law`.
"""

import numpy as np

from ..formulas.numerics import positive
from .by_block import (
    LARGEST,
    LAST_BLOCKS,
    demand_curve,
    has_begun,
    price_for,
    root,
    unit_today,
    used,
)
from .command import PRICE, Command, Law, Memory

SLACK = 1e-9  # units; decimal numbers are exact where doubles lack the last digits


def next_price(price, use, rule):
    """Price after a block [units]. use: of capacity."""
    lowered = np.floor(price * (1.0 - positive(rule.lower - use) * rule.elasticity) + SLACK)
    raised = price * (1.0 + positive(np.minimum(use, 1.0) - rule.upper) * rule.elasticity)
    raised = np.ceil(raised - SLACK) if rule.rounded_up else np.floor(raised + SLACK)
    moved = np.where(use < rule.lower, lowered, np.where(use > rule.upper, raised, price))
    return np.clip(moved, rule.floor, LARGEST)


def no_longer_raised(price, use, answer, rule):
    """Where a rise of the price ends [units]: a rise is cut to whole units, so that it ends where
    the use is still above the zone, by the reciprocal of elasticity × price.
    """
    zone = np.maximum(price_for(use, price, rule.upper, answer), price)
    if rule.rounded_up:
        return zone

    def rise(found):
        """Of a block, less a unit."""
        there = used(use, price, found, answer)
        by = found * (there - rule.upper) * rule.elasticity - 1.0
        return by, ((1.0 - answer) * there - rule.upper) * rule.elasticity

    # the rise of a block is concave in the price where demand is inelastic, convex where it is
    # elastic: Newton's method comes from the side from which it does not overshoot
    full = np.clip(price_for(use, price, 1.0, answer), price, zone)
    return root(np.where(answer < 1.0, zone, full), price, zone, rise)


def settled(price, use, answer, most, rule):
    """The price at which the rule rests on the demand curve through a price and its use [units], or
    one of the two between which it goes to and fro where a unit is more than the zone is wide.
    answer: elasticity of demand, positive. most: price above which nothing is used [units].
    """
    there = np.where(price > most, 0.0, use)
    first = next_price(price, there, rule)
    raised = np.maximum(np.floor(no_longer_raised(price, use, answer, rule)) - 1.0, price)
    lowered = np.minimum(np.ceil(price_for(use, price, rule.lower, answer)) + 1.0, price)
    found = np.where(first > price, raised, np.where(first < price, lowered, price))
    # a price above all demand falls until somebody is left
    found = np.maximum(np.minimum(found, np.floor(most)), rule.floor)
    for _ in range(LAST_BLOCKS):
        moved = next_price(found, used(use, price, found, answer), rule)
        found = np.where(moved > most, np.minimum(found, moved), moved)
    return found


def decide(params, state, error, dt, low, high):
    """Price of the next step."""
    rule, acts = params["controller"].gonka_price, has_begun(state)
    unit = np.where(acts, state["control_unit"], unit_today(state, rule.base))
    units, worth = state["control_units"], unit * state["token_price"]
    use, answer = demand_curve(
        params, state, units * worth, (rule.lower, rule.upper), rule.floor * worth
    )
    after = settled(units, use, answer, params["cloud"].price / worth, rule)
    units = np.where(acts, after, units)
    return Command(
        np.clip(0.0 * error, low, high), {"units": units, "unit": unit, PRICE: units * worth}
    )


def units_at_rest(params, rest):
    """Those of today's price."""
    return params["controller"].gonka_price.base


def unit_at_rest(params, rest):
    """That of which today's price has so many."""
    return unit_today(rest, params["controller"].gonka_price.base)


LAW = Law(
    decide,
    (
        Memory("units", "1", "the rule's price in whole units", 1e2, units_at_rest),
        Memory("unit", "TOK/Mtok", "a whole unit of the rule's price", None, unit_at_rest),
        Memory(PRICE, "USD/Mtok", "price that the rule sets", "inference_price", "inference_price"),
    ),
)
