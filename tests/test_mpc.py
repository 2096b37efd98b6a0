"""The MPC's first move is that of the constrained optimum, found here in another way from the
roll-out of the plant.
"""

import numpy as np
import pytest
from plants import small_plant
from scipy.optimize import Bounds, LinearConstraint, minimize

from tokenomics.model.controllers import law, lqr
from tokenomics.model.model import bind
from tokenomics.parameters import resolve

LAW = law("mpc")
INTERVAL = 7
FREE = {"low": -1e9, "high": 1e9, "rate": 1e6, "treasury": 1e12}
DEPTH = 1e6  # USD


def params(rate):
    sets = (
        f"controller.mpc.rate_limit={rate}",
        f"controller.interval={INTERVAL}",
        f"controller.mpc.horizon={12 * INTERVAL}",
        "oracle.noise=0.01",
    )
    return bind(resolve("baseline", policy="mpc", sets=sets).values, None)


def rest(treasury, last=0.0):
    return {f"control_{m.name}": 0.0 for m in LAW.memory} | {
        "control_signal": last,
        "treasury_usd": treasury,
        "reference_depth": DEPTH,
    }


def planned(p, x, z, last, limits):
    """The best plan (horizon,) by SLSQP on the plant stepped day by day, with the limits as
    constraints.
    """
    one, weights = small_plant(p), p["controller"].lqr
    horizon, kept = round(p["controller"].mpc.horizon / INTERVAL), np.exp(-weights.leak * INTERVAL)
    end = np.linalg.cholesky(lqr.design(p).cost).T

    def residuals(moves, x=x, z=z):
        parts = []
        for k, u in enumerate(moves):
            y = one.C[0] @ x
            for _ in range(INTERVAL):
                x = one.A @ x + one.B[:, 0] * u
            z = kept * z + INTERVAL * y
            parts.append([np.sqrt(weights.effort_weight) * u])
            last_one = k == horizon - 1
            parts.append(
                end @ [*x, z]
                if last_one
                else [np.sqrt(weights.price_weight) * x[0], np.sqrt(weights.integral_weight) * z]
            )
        return np.concatenate(parts)

    # the residuals are affine in the moves
    offset = residuals(np.zeros(horizon))
    slope = np.column_stack([residuals(row) - offset for row in np.eye(horizon)])
    most = limits["treasury"] / DEPTH / INTERVAL
    changes = np.eye(horizon) - np.eye(horizon, k=-1)
    before, reach = last * np.eye(horizon)[0], limits["rate"] * INTERVAL
    return minimize(
        lambda u: 0.5 * np.sum((slope @ u + offset) ** 2),
        np.zeros(horizon),
        jac=lambda u: slope.T @ (slope @ u + offset),
        method="SLSQP",
        bounds=Bounds(limits["low"], limits["high"]),
        constraints=[
            LinearConstraint(changes, before - reach, before + reach),
            LinearConstraint(np.tril(np.ones((horizon, horizon))), -np.inf, most),
        ],
        options={"ftol": 1e-18, "maxiter": 3000},
    ).x


def moved(p, state, error, limits):
    command = LAW.decide(p, state, error, INTERVAL, limits["low"], limits["high"])
    assert command.memory["fallbacks"] == 0.0
    return float(command.signal)


CASES = {
    "box": ({"high": 0.01}, lambda u: np.max(u) - 0.01),
    "box below": ({"low": -0.004}, lambda u: np.min(u) + 0.004),
    "rate": (
        {"rate": 0.0005},
        lambda u: np.max(np.abs(np.diff(u, prepend=0.0))) - 0.0005 * INTERVAL,
    ),
    "treasury": ({"treasury": 1.5e5}, lambda u: np.max(np.cumsum(u)) * INTERVAL - 0.15),
    "box and treasury": (
        {"high": 0.0055, "treasury": 1.5e5},
        lambda u: abs(np.max(np.cumsum(u)) * INTERVAL - 0.15) + abs(np.max(u) - 0.0055),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_active_limit_gives_the_constrained_optimum(case):
    """Tolerance 1e-8 reference depths a day: what the other method reaches."""
    change, active = CASES[case]
    limits = FREE | change
    p, free = params(limits["rate"]), params(FREE["rate"])
    error = -0.5 if case == "box below" else 0.5
    state = rest(limits["treasury"])
    x = [float(v) for v in lqr.estimate(lqr.design(p), state, error)]
    plan = planned(p, np.array(x), 0.0, 0.0, limits)
    assert active(plan) == pytest.approx(0.0, abs=1e-8)
    first = moved(p, state, error, limits)
    assert first == pytest.approx(plan[0], abs=1e-8)
    # the limit matters: without it the move is another
    unlimited = moved(free, rest(FREE["treasury"]), error, FREE)
    assert abs(first - unlimited) > 1e-4


def test_the_budget_is_kept_by_looking_ahead():
    """A treasury that the first move alone could not empty, but the plan would, is spent slower
    from the start, and never overdrawn.
    """
    treasury, error = 1.5e5, 0.5
    p = params(FREE["rate"])
    state, spent = rest(treasury), []
    unlimited = moved(p, rest(FREE["treasury"]), error, FREE)
    assert unlimited * INTERVAL * DEPTH < treasury
    assert moved(p, state, error, FREE) < unlimited
    for _ in range(20):
        command = LAW.decide(p, state, error, INTERVAL, FREE["low"], FREE["high"])
        cost = float(command.signal) * INTERVAL * DEPTH
        assert cost <= state["treasury_usd"] + 1e-6 * DEPTH
        spent.append(cost)
        state |= {f"control_{k}": float(v) for k, v in command.memory.items()}
        state |= {
            "control_signal": float(command.signal),
            "treasury_usd": max(state["treasury_usd"] - cost, 0.0),
        }
    assert sum(spent) == pytest.approx(treasury, rel=1e-4)
