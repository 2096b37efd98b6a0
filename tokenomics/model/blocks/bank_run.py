"""A run on the treasury: passive holders sell to its buy-back while there is still someone who
buys.

The hazard of leaving rises with what is missing from the reserve: sales = rate × holdings × max(0,
1 − coverage/trigger), with coverage the treasury's USD over its start. So a controller that spends
makes the run that it then has to meet; at a treasury that is never touched nobody runs. Source: the
strategic complementarity of Diamond and Dybvig (1983), as a hazard. Units: TOK/day.
"""

import numpy as np

from ..formulas.numerics import positive
from ..variables import Variable, writes


def coverage(state):
    """The treasury's USD as a share of what it had at the start; 1 where it had nothing, since
    there is nothing to run for.
    """
    start = state["initial_reserve"]
    return np.where(start > 0.0, state["treasury_usd"] / np.maximum(start, 1e-12), 1.0)


@writes(
    Variable(
        "order_run_tok",
        "TOK/day",
        "sales of passive holders in a run on the treasury",
        "pool_tok",
        0.0,
        sells="holders",
    ),
)
def policy_bank_run(params, substep, state_history, state):
    """Tokens that passive holders bring to the market in a run [TOK/day]."""
    run = params["bank_run"]
    if not run.enabled:
        return {"order_run_tok": 0.0 * state["holders_tok"]}
    alarm = positive(1.0 - coverage(state) / run.trigger)
    return {"order_run_tok": run.rate * alarm * state["holders_tok"]}
