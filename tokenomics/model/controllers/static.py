"""Static buy-back: a fixed share of the treasury's income, whatever the price (DCBM's fixed
baseline).
"""

import numpy as np

from .command import Command, Law


def steady_spending(params, income):
    """What it spends in the steady state [USD/day], for a treasury income [USD/day]."""
    return params["controller"].static_share * income


def decide(params, state, error, dt, low, high):
    """Spend the share of last step's income."""
    spending = steady_spending(params, state["treasury_income"])
    return Command(np.clip(spending / state["reference_depth"], low, high))


LAW = Law(decide, spending=steady_spending)
