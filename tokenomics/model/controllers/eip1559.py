"""EIP-1559's base fee on top of what the network's nodes get: block by block it follows the use of
capacity, and it is burnt.

What is burned of today's price is the base fee of today, and what is left is a tip that stays in
USD. The law in whole units, 1e-9 of today's price at the default, which doubles hold exactly; the
fee is in tokens and follows their price. Thousands of blocks a day come to rest on the step's
demand curve (`by_block`), but for what the last block moves. Source: ethereum/EIPs,
EIPS/eip-1559.md; in integers in `protocols/eip1559.py`. Needs `pricing.mode: law`.
"""

import numpy as np

from ..formulas.numerics import treasury_share
from ..formulas.payment import burn_share_at_rest
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
from .command import BURNT, PRICE, Command, Law, Memory

LIMIT = 3e7  # gas of a block: in so many parts capacity is counted
PART = 2.0**20  # of a fee that is multiplied at once, so that products stay exact


def gas(use):
    """Of a block in which so much of capacity is used."""
    return np.floor(np.clip(use, 0.0, 1.0) * LIMIT)


def times_over(fee, apart, target):
    """fee × apart / target, rounded down, exact for every fee that doubles hold."""
    parts = np.floor(fee / PART)
    product = parts * apart
    whole = np.floor(product / target)
    rest = (product - whole * target) * PART + (fee - parts * PART) * apart
    return whole * PART + np.floor(rest / target)


def next_fee(fee, burned, rule):
    """Base fee after a block [units]. burned: gas."""
    target = np.floor(LIMIT / rule.elasticity)
    change = np.floor(times_over(fee, np.abs(burned - target), target) / rule.denominator)
    moved = np.where(burned > target, fee + np.maximum(change, 1.0), fee - change)
    return np.minimum(moved, LARGEST)


def settled(fee, tip, use, answer, most, rule):
    """The base fee at which the rule rests on the demand curve through a fee and its use [units].
    tip: what is paid beside it [units]. answer: elasticity of demand, positive. most: price above
    which nothing is used [units].
    """
    target, paid = np.floor(LIMIT / rule.elasticity), np.maximum(fee + tip, 1.0)
    aim = target / LIMIT

    def there(found):
        return used(use, paid, np.maximum(found + tip, 1.0), answer)

    def fall(found):
        """Of a block, less the most that is cut to nought."""
        share = there(found) / aim
        by = found * (1.0 - share) - rule.denominator
        slope = 1.0 - share + answer * share * found / np.maximum(found + tip, 1.0)
        return by, np.maximum(slope, 1e-12)

    first = next_fee(fee, gas(np.where(paid > most, 0.0, use)), rule)
    raised = np.floor(price_for(use, paid, (target + 1.0) / LIMIT, answer) - tip)
    lowered = np.ceil(root(fee, 0.0, fee, fall))
    found = np.where(first > fee, np.maximum(raised, fee), np.where(first < fee, lowered, fee))
    # a price above all demand falls until somebody is left
    found = np.maximum(np.minimum(found, np.floor(most - tip)), 0.0)
    for _ in range(LAST_BLOCKS):
        moved = next_fee(found, gas(there(found)), rule)
        found = np.where(moved + tip > most, np.minimum(found, moved), moved)
    return found


def decide(params, state, error, dt, low, high):
    """Base fee and price of the next step."""
    rule, acts = params["controller"].eip1559, has_begun(state)
    before = today(params, state)
    fee, tip, unit = (
        np.where(acts, state[f"control_{name}"], before[name])
        for name in ("fee", "tip", "fee_unit")
    )
    worth, aim = unit * state["token_price"], 1.0 / rule.elasticity
    use, answer = demand_curve(params, state, tip + fee * worth, (aim, aim), tip)
    after = settled(fee, tip / worth, use, answer, params["cloud"].price / worth, rule)
    fee = np.where(acts, after, fee)
    price = tip + fee * worth
    return Command(
        np.clip(0.0 * error, low, high),
        {"fee": fee, "tip": tip, "fee_unit": unit, PRICE: price, BURNT: fee * worth / price},
    )


def today(params, state):
    """Today's price as a base fee, which is what is burned of it, and a tip."""
    base, price = params["controller"].eip1559.base, state["inference_price"]
    burnt = burn_share_at_rest(params) / (1.0 - treasury_share(params))
    fee = np.floor(base * burnt)
    return {
        "fee": fee,
        "tip": price * (1.0 - fee / base),
        "fee_unit": unit_today(state, base),
        BURNT: fee / base,
    }


def at_rest(params, rest):
    """Today's, by variable."""
    return {f"control_{name}": value for name, value in today(params, rest).items()}


LAW = Law(
    decide,
    (
        Memory("fee", "1", "base fee in whole units", 1e9, at_rest),
        Memory("tip", "USD/Mtok", "price beside the base fee", None, at_rest),
        Memory("fee_unit", "TOK/Mtok", "a whole unit of the base fee", None, at_rest),
        Memory(PRICE, "USD/Mtok", "price that the rule sets", "inference_price", "inference_price"),
        Memory(BURNT, "1", "share of the price that is base fee", 1.0, at_rest),
    ),
)
