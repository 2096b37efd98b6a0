"""The oracle: a lagged, noisy, possibly manipulated measurement of the token price.

Log price through a first-order lag (the averaging window) whose slope may be bounded,
plus measurement error. A corrupted feed biases what goes into the window.
"""

import numpy as np

from ..kinetics import relaxation


def policy_oracle(params, substep, state_history, state):
    """Lagged log price and the price as the protocol sees it [USD/TOK]."""
    oracle, dt = params["oracle"], params["time_step"]
    log_price = np.log(state["token_price"])
    if not oracle.enabled:
        return {"oracle_log_price": log_price, "measured_price": state["token_price"]}
    seen = log_price + state["oracle_bias"]
    reach = oracle.slope_limit * dt
    lagged = state["oracle_log_price"] + np.clip((seen - state["oracle_log_price"]) * relaxation(dt, oracle.lag), -reach, reach)
    return {"oracle_log_price": lagged, "measured_price": np.exp(lagged + oracle.noise * state["oracle_noise"])}
