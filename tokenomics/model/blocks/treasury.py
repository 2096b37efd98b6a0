"""The treasury: its share of fees in USD, and the operating cost that it can pay. Units:
USD/day.
"""

import numpy as np

from ..formulas.numerics import cost_due, treasury_share
from ..variables import Variable, writes


def income_at_rest(params, rest):
    """Its share of fees [USD/day]."""
    return treasury_share(params) * rest["throughput"]


def cost_at_rest(params, rest):
    """Operating cost that is due [USD/day]."""
    return params["treasury"].cost_ratio * rest["treasury_income"]


@writes(
    Variable(
        "treasury_income",
        "USD/day",
        "treasury's share of fees",
        "pool_usd",
        0.0,
        start=income_at_rest,
    ),
    Variable(
        "operating_cost",
        "USD/day",
        "treasury's operating cost that is due",
        "pool_usd",
        0.0,
        start=cost_at_rest,
    ),
    Variable(
        "cost_paid", "USD/day", "treasury's operating cost that it could pay", "pool_usd", 0.0
    ),
)
def policy_treasury(params, substep, state_history, state):
    """Income, and the operating cost paid out of what is there."""
    treasury, dt = params["treasury"], params["time_step"]
    if not treasury.enabled:
        none = 0.0 * state["fees"]
        return {"treasury_income": none, "operating_cost": none, "cost_paid": none}
    cost = cost_due(params, state)
    return {
        "treasury_income": treasury.fee_share * state["fees"],
        "operating_cost": cost,
        "cost_paid": np.minimum(cost, state["treasury_usd"] / dt),
    }
