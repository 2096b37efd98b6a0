"""Gain-scheduled PID: the gains follow liquidity.

A dollar moves the log price by 2/y, y being the pool's USD (DCBM, arXiv 2601.09961, Eq. 6), so that
gains in proportion to y keep the loop's gain, and with it its margins, where the pool deepens or
dries up.
"""

from ...elementary import exp, log
from . import pid
from .command import Law


def decide(params, state, error, dt, low, high):
    """The PID's decision with gains times (pool's USD / reference depth) to the power of the
    schedule's exponent.
    """
    depth = log(state["pool_usd"] / state["reference_depth"])
    return pid.decide(
        params,
        state,
        error,
        dt,
        low,
        high,
        scale=exp(params["controller"].schedule_exponent * depth),
    )


LAW = Law(decide, pid.MEMORY)
