"""The network's price per Mtok follows utilisation (tâtonnement): d ln p/dt = speed × (utilisation − target).

Units: USD/Mtok.
"""

import numpy as np


def policy_pricing(params, substep, state_history, state):
    """Price for the next step; it stands still at the target utilisation."""
    pricing, dt = params["pricing"], params["time_step"]
    if not pricing.enabled:
        return {"inference_price": state["inference_price"]}
    excess = state["utilisation"] - pricing.target_utilisation
    return {"inference_price": state["inference_price"] * np.exp(np.clip(pricing.speed * excess * dt, -1.0, 1.0))}
