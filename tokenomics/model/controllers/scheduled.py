"""Gain-scheduled PID: the gains follow liquidity.

A dollar moves the log price by 2/y, y being the USD of pool and book (DCBM, arXiv 2601.09961, Eq.
6), so that gains in proportion to y keep the loop's gain, and with it its margins, where the pool
deepens or dries up.
"""

from ...elementary import exp, log
from ..formulas.liquidity import depth
from . import pid
from .command import Law


def decide(params, state, error, dt, low, high):
    """The PID's decision with gains times (market's depth / reference depth) to the power of the
    schedule's exponent.
    """
    deeper = log(depth(params["market"], state["pool_usd"]) / state["reference_depth"])
    return pid.decide(
        params,
        state,
        error,
        dt,
        low,
        high,
        scale=exp(params["controller"].schedule_exponent * deeper),
    )


LAW = Law(decide, pid.MEMORY, strength=pid.STRENGTH)
