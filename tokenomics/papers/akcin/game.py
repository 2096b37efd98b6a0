"""A one-shot Stackelberg game: the reserve posts a price, each of N equal holders then chooses the
share of its tokens to sell.

After the sale the price is by the equation of exchange over what is left, P0/(1 - x); a holder
weighs a dollar later by delta. A holder's best reply given the others' is, at the symmetric
equilibrium, x = 1 - delta (1 - 1/N) P0/p. Tokens bought are burned.
"""

from __future__ import annotations

import numpy as np


def sold(price, holders: int, discount: float):
    """Share of the supply that is sold at a posted price, in units of the price before; 1 holder
    sells all, as P S does not fall.
    """
    return np.clip(
        1.0 - discount * (1.0 - 1.0 / holders) / np.asarray(price, dtype=float), 0.0, 1.0
    )


def price_after(share):
    """Price after a share of the supply is burned, over the price before."""
    return 1.0 / (1.0 - share)


def leader(target: float, budget: float, holders: int, discount: float) -> float:
    """The posted price that brings the price nearest to `target` within a budget over market value;
    the outlay is p - delta (1 - 1/N).
    """
    return (
        discount
        * (1.0 - 1.0 / holders)
        * min(target, 1.0 + budget / (discount * (1.0 - 1.0 / holders)))
    )
