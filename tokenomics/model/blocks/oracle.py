"""The oracle: a lagged, delayed, noisy, possibly manipulated measurement of the token price.

Log price through a first-order lag (the averaging window) whose slope may be bounded, plus
measurement error; a corrupted feed biases what goes into the window. Then a pure delay, a line of
state variables `oracle_delayed_1` (yesterday's measurement) to `oracle_delayed_<n>`, each of which
takes its neighbour's value.
"""

import numpy as np

from ...elementary import exp, log
from ..formulas.numerics import oracle_delay, relaxation
from ..variables import Variable, writes


def log_price_at_rest(params, rest):
    """What it has long measured."""
    return log(rest["token_price"])


@writes(
    Variable(
        "oracle_log_price", "1", "lagged log price inside the oracle", start=log_price_at_rest
    ),
    Variable("measured_price", "USD/TOK", "price as the protocol sees it", None, 0.0),
    Variable(
        "oracle_delayed_<delay>",
        "1",
        "measured log price under way to the protocol, place <delay>",
        start="oracle_log_price",
    ),
)
def policy_oracle(params, substep, state_history, state):
    """Lagged log price, what is under way, and the price as the protocol sees it [USD/TOK]."""
    oracle, dt = params["oracle"], params["time_step"]
    log_price = log(state["token_price"])
    if not oracle.enabled:
        return {"oracle_log_price": log_price, "measured_price": state["token_price"]}
    seen = log_price + state["oracle_bias"]
    reach = oracle.slope_limit * dt
    lagged = state["oracle_log_price"] + np.clip(
        (seen - state["oracle_log_price"]) * relaxation(dt, oracle.lag), -reach, reach
    )
    line = [
        lagged + oracle.noise * state["oracle_noise"],
        *(state[f"oracle_delayed_{n}"] for n in oracle_delay(params)),
    ]
    under_way = {f"oracle_delayed_{n}": line[n - 1] for n in oracle_delay(params)}
    return {"oracle_log_price": lagged, "measured_price": exp(line[-1]), **under_way}
