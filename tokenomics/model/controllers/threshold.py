"""Threshold buy-back: spend at a fixed rate while the price is below its moving average less a
band.
"""

import numpy as np

from ...elementary import log
from .command import Command, Law, Strength


def decide(params, state, error, dt, low, high):
    """Spend a share of the treasury's USD a day below the band, nothing above it."""
    controller = params["controller"]
    below = log(state["measured_price"]) < state["average_log_price"] - controller.threshold_band
    spending = controller.threshold_rate * state["treasury_usd"] / state["reference_depth"]
    return Command(np.clip(np.where(below, spending, 0.0), low, high))


LAW = Law(decide, strength=Strength(("controller.threshold_rate",), 1e-5, 1.0))
