"""The network's price per Mtok follows utilisation (tâtonnement): d ln p/dt = speed × (utilisation
− target).

It does not fall below what the electricity of the work costs: emission can pay for idle nodes, but
not for selling at a loss on every request. Units: USD/Mtok.
"""

import numpy as np

from ...elementary import exp
from ..formulas.fleet import energy_cost
from ..variables import Variable, writes


@writes(
    Variable("inference_price", "USD/Mtok", "the network's price per million tokens", None, 0.0),
)
def policy_pricing(params, substep, state_history, state):
    """Price for the next step; it stands still at the target utilisation."""
    pricing, dt = params["pricing"], params["time_step"]
    if not pricing.enabled:
        return {"inference_price": state["inference_price"]}
    excess = state["utilisation"] - pricing.target_utilisation
    moved = state["inference_price"] * exp(np.clip(pricing.speed * excess * dt, -1.0, 1.0))
    floor = energy_cost(params, {name: state[f"nodes_{name}"] for name in params["fleet"]})
    return {"inference_price": np.maximum(moved, np.minimum(floor, state["inference_price"]))}
