"""Dynamic-control buy-back mechanism (DCBM): a PID whose output is squashed into a share of the treasury; it never sells.

u = Kp e + Ki Σ ê Δt + Kd (e − e_prev)/Δt with ê = e while the treasury has USD, else 0; J = T γ tanh(max(0, u)) an epoch.
Source: Cheng et al., arXiv 2601.09961 (2026), section III. The paper's error is taken against a moving average of the price
(`controller.reference: average`).
"""

import numpy as np

from .command import Command, Law, Memory


def spending_share(gamma, u):
    """Share of the treasury spent in an epoch [1]: γ tanh(max(0, u)), through exp, whose last bit does not depend on the engine."""
    decay = np.exp(-2.0 * np.minimum(np.maximum(u, 0.0), 50.0))
    return gamma * (1.0 - decay) / (1.0 + decay)


def decide(params, state, error, dt, low, high):
    """One epoch's buy-back."""
    dcbm = params["controller"].dcbm
    total = state["control_total_error"] + dt * np.where(state["treasury_usd"] > 0.0, error, 0.0)
    u = dcbm.kp * error + dcbm.ki * total + dcbm.kd * (error - state["control_last_error"]) / dt
    spending = state["treasury_usd"] * spending_share(dcbm.gamma, u) / dt
    signal = np.clip(spending / state["reference_depth"], np.maximum(low, 0.0), high)
    return Command(signal, {"total_error": total, "last_error": error})


LAW = Law(
    decide,
    (
        Memory("total_error", "days", "sum of the error while the treasury has USD"),
        Memory("last_error", "1", "error of the last epoch"),
    ),
)
