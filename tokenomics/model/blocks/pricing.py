"""The network's price per Mtok follows utilisation (tâtonnement): d ln p/dt = speed × (utilisation
− target); or the control law sets it.

In the market it does not fall below what the electricity of the work costs: emission can pay for
idle nodes, but not for selling at a loss on every request. A rule on chain knows no such floor.
Units: USD/Mtok.
"""

import numpy as np

from ...elementary import exp
from ..controllers import PRICE
from ..formulas.fleet import energy_cost
from ..variables import Variable, writes


@writes(
    Variable("inference_price", "USD/Mtok", "the network's price per million tokens", None, 0.0),
)
def policy_pricing(params, substep, state_history, state):
    """Price for the next step; in the market it stands still at the target utilisation."""
    pricing, dt = params["pricing"], params["time_step"]
    if not pricing.enabled:
        return {"inference_price": state["inference_price"]}
    if pricing.mode == "law":
        return {"inference_price": state[f"control_{PRICE}"]}
    excess = state["utilisation"] - pricing.target_utilisation
    moved = state["inference_price"] * exp(np.clip(pricing.speed * excess * dt, -1.0, 1.0))
    floor = energy_cost(params, {name: state[f"nodes_{name}"] for name in params["fleet"]})
    return {"inference_price": np.maximum(moved, np.minimum(floor, state["inference_price"]))}
