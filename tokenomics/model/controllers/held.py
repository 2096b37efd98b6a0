"""The loop opened: the signal stays what it is. For the analysis of the plant, not a policy of its
own.
"""

import numpy as np

from .command import Command, Law


def decide(params, state, error, dt, low, high):
    """Keep the signal."""
    return Command(np.clip(state["control_signal"], low, high))


LAW = Law(decide)
