"""Constrained model predictive control: the LQR's plant and weights over a horizon, with the
actuator's limits in the program.

min Σ q x₁² + q_I z² + r u² + V(x_N, z_N), V the LQR's cost to go, so that without an active limit
the first move is the LQR's. Limits: the bounds of every move, the largest change between moves,
and the treasury, which no sequence of buy-backs may overdraw. Condensed to a dense quadratic
program in the moves, which is solved anew at every decision. Where it has no solution the LQR's
clipped move is made, and counted. Reference: Rawlings, Mayne and Diehl, Model Predictive Control
(2017), chapters 1 and 2; section 8.8 for the condensed form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..formulas.numerics import CLOCK_TOLERANCE
from ..formulas.ordered import product, solve, symmetric
from . import lqr, quadratic_program
from .batch import per_run
from .command import Command, Law, Memory

FALLBACKS = Memory(
    "fallbacks", "1", "decisions at which the program had no solution and the LQR's move was made"
)


@dataclass(frozen=True)
class CondensedProgram:
    """What the limited rows do: the moves, their changes, and their running sums (3 horizon rows).

    response: (rows, 4), their values at the optimum without limits, of the state (x, z). answers:
    (rows, rows), how far multipliers press them down.
    """

    response: np.ndarray
    answers: np.ndarray


def condensed(
    found: lqr.LqrDesign, horizon: int, weights: Any, interval: float
) -> CondensedProgram:
    """The program of a design: cost ½ uᵀ h u + (f s)ᵀ u of the state s = (x, z) and moves u."""
    wide, steer = lqr.augmented(found.a, found.b, found.c, interval)
    stage, end = lqr.state_weights(weights), found.cost
    power, pushes = np.eye(4), np.zeros((4, horizon))
    hessian, gradient = weights.effort_weight * np.eye(horizon), np.zeros((horizon, 4))
    for k in range(1, horizon + 1):
        pushes = product(wide, pushes)
        pushes[:, k - 1] = steer  # what every move so far does to the state after k steps
        power = product(wide, power)
        weighed = product(pushes.T, end if k == horizon else stage)
        hessian = hessian + product(weighed, pushes)
        gradient = gradient + product(weighed, power)
    rows = np.vstack(
        [
            np.eye(horizon),
            np.eye(horizon) - np.eye(horizon, k=-1),
            np.tril(np.ones((horizon, horizon))),
        ]
    )
    solved = solve(symmetric(hessian), np.concatenate([gradient, rows.T], axis=1))
    return CondensedProgram(-product(rows, solved[:, :4]), symmetric(product(rows, solved[:, 4:])))


@lru_cache(maxsize=64)
def _first_move(
    found: lqr.LqrDesign, horizon: int, weights: Any, rate: float, interval: float
) -> Callable[[np.ndarray], np.ndarray]:
    """A function of one run's (x (3), z, low, high, last move, budget) to its first move and
    whether there was none.

    budget: sum of moves that empties the treasury [reference depths a day].
    """
    program = condensed(found, horizon, weights, interval)
    reach = rate * interval

    def first_move(row: np.ndarray) -> np.ndarray:
        low, high, last, budget = row[4:]
        if not np.all(np.isfinite(row)):
            return np.array([np.nan, 0.0])
        before = np.zeros(horizon)
        before[0] = last
        moves = quadratic_program.solve(
            program.answers,
            product(program.response, row[:4]),
            np.concatenate([np.full(horizon, low), before - reach, np.full(horizon, -np.inf)]),
            np.concatenate(
                [np.full(horizon, high), before + reach, np.full(horizon, max(budget, 0.0))]
            ),
        )
        return np.array([0.0, 1.0]) if moves is None else np.array([moves[0], 0.0])

    return first_move


def decide(params, state, error, dt, low, high):
    """One decision: estimate, solve, make the first move."""
    found, controller = lqr.design(params), params["controller"]
    interval, mpc = float(controller.interval), controller.mpc
    x, z = lqr.estimate(found, state, error), state["control_error_integral"]
    first_move = _first_move(
        found, int(mpc.horizon), controller.lqr, float(mpc.rate_limit), interval
    )
    due = dt >= controller.interval - CLOCK_TOLERANCE
    budget = state["treasury_usd"] / state["reference_depth"] / interval
    move, failed = per_run(first_move, 2, due, *x, z, low, high, state["control_signal"], budget)
    fallback = lqr.respond(found, x, z)
    raw = np.where(failed > 0.0, fallback, move)
    signal = np.clip(raw, low, high)
    memory = {m.name: v for m, v in zip(lqr.MEMORY, x, strict=True)}
    # the integral waits while a limit is active
    z = np.where(np.abs(signal - fallback) <= 1e-9, z - dt * error, z)
    return Command(
        signal, memory | {"error_integral": z, "fallbacks": state["control_fallbacks"] + failed}
    )


LAW = Law(decide, (*lqr.LAW.memory, FALLBACKS), (*lqr.PATHS, "controller.mpc"))
