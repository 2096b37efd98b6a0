"""The law of the Dynamic-Control Buyback Mechanism: a PID that may only buy, paid from a treasury.

e = ln P̄ − ln P; u = Kp e + Ki Σ ê Δt + Kd (e_k − e_{k−1})/Δt, with ê = e while the treasury holds
anything and 0 else; J = T γ tanh(max(0, u)); J ≤ T + R (Eq. 1). Source: Cheng et al. (2026), arXiv
2601.09961; the numbers are those of its equations. All functions take floats and arrays alike.
Units: USD, days; error and command in log points (no unit).
"""

import numpy as np

from ...elementary import exp, log
from .command import Command, Law, Memory, Strength


def tracking_error(target, price):
    """e = ln P̄ − ln P [1], positive when the price [USD/TOK] is below its target [USD/TOK]."""
    return log(target) - log(price)


def integrate(integral, error, treasury, dt):
    """Σ ê Δt [days] with the newest error in it; it stands still while the treasury [USD] is
    empty.
    """
    return integral + np.where(np.greater(treasury, 0.0), error, 0.0) * dt


def command(error, previous, integral, kp, ki, kd, dt):
    """u [1] of the newest error, the one before, and the integral [days]. kp [1], ki [1/day], kd
    [days], dt [days].
    """
    return kp * error + ki * integral + kd * (error - previous) / dt


def spending_share(gamma, u):
    """γ tanh(max(0, u)) [1], through exp, whose last bit does not depend on the engine."""
    decay = exp(-2.0 * np.minimum(np.maximum(u, 0.0), 50.0))
    return gamma * (1.0 - decay) / (1.0 + decay)


def purchase(treasury, income, gamma, u):
    """J [USD] in an epoch: T γ tanh(max(0, u)), and at most T + R (Eq. 1), which binds for γ > 1
    only.

    treasury, income: USD, income being that of the epoch. gamma: share of the treasury that an
    epoch may spend [1].
    """
    return np.minimum(treasury * spending_share(gamma, u), treasury + income)


def treasury_after(treasury, income, spent, cost):
    """T' [USD] = max(0, T + R − J − C) (Eq. 1, with the costs of section III.B). What costs are cut
    off is not paid.
    """
    return np.maximum(0.0, treasury + income - spent - cost)


def price_after(price, spent, stablecoins):
    """P' [USD/TOK] = P (1 + J/y)² (Eq. 5) after J [USD] went into a constant-product pool that held
    y [USD].
    """
    grown = 1.0 + spent / stablecoins
    return price * (grown * grown)


def price_gain(stablecoins):
    """α = 2/y [1/USD]: rise of the log price by a dollar spent, to first order (Eq. 6)."""
    return 2.0 / stablecoins


def loop_gain(treasury, gamma, stablecoins):
    """dlnP'/du at u = 0+ [1]: 2 T γ / y, what the loop has in place of α because J, not u, moves
    the price. It is 0 for u < 0.
    """
    return price_gain(stablecoins) * treasury * gamma


def decide(params, state, error, dt, low, high):
    """One epoch's purchase, within the limits that all controllers have. The paper's target is
    `controller.reference: average`.
    """
    dcbm = params["controller"].dcbm
    total = integrate(state["control_total_error"], error, state["treasury_usd"], dt)
    u = command(error, state["control_last_error"], total, dcbm.kp, dcbm.ki, dcbm.kd, dt)
    spent = purchase(state["treasury_usd"], state["treasury_income"] * dt, dcbm.gamma, u)
    signal = np.clip(spent / dt / state["reference_depth"], np.maximum(low, 0.0), high)
    return Command(signal, {"total_error": total, "last_error": error})


LAW = Law(
    decide,
    (
        Memory("total_error", "days", "sum of the error while the treasury has USD"),
        Memory("last_error", "1", "error of the last epoch"),
    ),
    strength=Strength(("controller.dcbm.gamma",), 1e-5, 1.0),
)
