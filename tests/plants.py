"""The model's linear plants as python-control has them."""

import control

from tokenomics.model.controllers.dcbm import price_gain
from tokenomics.model.controllers.plant import plant


def small_plant(params):
    """The price loop's plant of bound parameters: the signal in, the oracle's measurement out."""
    a, b, c = plant(params)
    return control.ss(
        a, [[x] for x in b], [c], [[0.0]], params["time_step"], inputs=["u"], outputs=["y"]
    )


def pool_plant(depth, time_step):
    """The pool alone: USD a day into a pool of `depth` USD, to the log price (arXiv 2601.09961,
    Eq. 6).
    """
    gain = time_step * price_gain(depth)
    return control.ss([[1.0]], [[gain]], [[1.0]], [[0.0]], time_step)
