"""Static buy-back: a fixed share of the treasury's income, whatever the price (DCBM's fixed
baseline). It comes on top of the operating cost, so that the reserve falls by what is spent.
"""

import numpy as np

from .command import Command, Law, Strength


def decide(params, state, error, dt, low, high):
    """Spend the share of last step's income."""
    spending = params["controller"].static_share * state["treasury_income"]
    return Command(np.clip(spending / state["reference_depth"], low, high))


LAW = Law(decide, strength=Strength(("controller.static_share",), 0.01, 1.0))
