"""Constrained model predictive control: the LQR's plant and weights over a horizon, with the
actuator's limits in the program.

min Σ q x₁² + q_I z² + r u² + V(x_N, z_N), V the LQR's cost to go, so that without an active limit
the first move is the LQR's. Limits: the bounds of every move, the largest change between moves, and
the treasury, which no sequence of buy-backs may overdraw. Solved as a dense convex quadratic
program (DAQP, Arnström, Bemporad and Axehill 2022, dual active set), started from the limits that
the unlimited optimum breaks. Where the solver finds nothing the LQR's clipped move is made, and
counted. Reference: Rawlings, Mayne and Diehl, Model Predictive Control (2017), chapters 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import missing_extra
from ..formulas.numerics import CLOCK_TOLERANCE
from . import lqr
from .batch import per_run
from .command import Command, Law, Memory

FALLBACKS = Memory(
    "fallbacks", "1", "decisions at which the program had no solution and the LQR's move was made"
)
LOWEST = -1e30
OPTIMAL = 1  # DAQP's exit flag


@dataclass(frozen=True)
class QuadraticProgram:
    """Condensed: cost ½ uᵀ H u + (F s)ᵀ u of the state s = (x, z), moves u (horizon,); rows:
    differences and running sums of the moves.
    """

    hessian: np.ndarray
    gradient: np.ndarray
    rows: np.ndarray
    inverse: np.ndarray


@lru_cache(maxsize=64)
def _program(found: tuple, horizon: int, lqr_weights: Any, interval: float) -> QuadraticProgram:
    a, b, c, cost = (np.array(m) for m in found)
    wide, steer = lqr.augmented(a, b, c, interval)
    powers = [np.eye(4)]
    for _ in range(horizon):
        powers.append(wide @ powers[-1])
    weights = lqr.state_weights(lqr_weights)
    hessian, gradient = lqr_weights.effort_weight * np.eye(horizon), np.zeros((horizon, 4))
    for k in range(1, horizon + 1):
        moves = np.stack(
            [powers[k - 1 - j] @ steer if j < k else np.zeros(4) for j in range(horizon)], axis=1
        )
        stage = cost if k == horizon else weights
        hessian += moves.T @ stage @ moves
        gradient += moves.T @ stage @ powers[k]
    rows = np.vstack(
        [np.eye(horizon) - np.eye(horizon, k=-1), np.tril(np.ones((horizon, horizon)))]
    )
    return QuadraticProgram((hessian + hessian.T) / 2.0, gradient, rows, np.linalg.inv(hessian))


@lru_cache(maxsize=64)
def _solver(program_key: tuple, rate: float, interval: float) -> Callable[[np.ndarray], np.ndarray]:
    """A function of one run's (x (3), z, low, high, last move, budget) to its first move and
    whether there was none.

    budget: sum of moves that empties the treasury [reference depths a day].
    """
    program = _program(*program_key)
    horizon = len(program.hessian)

    def first_move(row: np.ndarray) -> np.ndarray:
        state, (low, high, last, budget) = row[:4], row[4:8]
        if not np.all(np.isfinite(row)):
            return np.array([np.nan, 0.0])
        slope = program.gradient @ state
        free = -program.inverse @ slope
        reach = np.full(horizon, rate * interval)
        offset = np.concatenate([[last], np.zeros(horizon - 1)])
        upper = np.concatenate(
            [np.full(horizon, high), reach + offset, np.full(horizon, max(budget, 0.0))]
        )
        lower = np.concatenate([np.full(horizon, low), offset - reach, np.full(horizon, LOWEST)])
        values = np.concatenate([free, program.rows @ free])
        broken = (values > upper) | (values < lower)
        if not broken.any():
            return np.array([free[0], 0.0])
        sense = np.zeros(len(upper), dtype=np.int32)
        near = np.clip(free, low, high)
        moves, _, status, _ = _daqp().solve(
            program.hessian, slope, program.rows, upper, lower, sense, primal_start=near
        )
        return np.array([moves[0], 0.0]) if status == OPTIMAL else np.array([0.0, 1.0])

    return first_move


@lru_cache(maxsize=1)
def _daqp():
    try:
        import daqp
    except ImportError as error:
        raise missing_extra("the solver daqp", "mpc", "the controller mpc") from error
    return daqp


def decide(params, state, error, dt, low, high):
    """One decision: estimate, solve, make the first move."""
    _daqp()
    found, controller = lqr.design(params), params["controller"]
    interval = float(controller.interval)
    x, z = lqr.estimate(found, state, error), state["control_error_integral"]
    plain = (
        tuple(map(tuple, found.a)),
        tuple(found.b),
        tuple(found.c),
        tuple(map(tuple, found.cost)),
    )
    key = (plain, int(controller.mpc.horizon), controller.lqr, interval)
    solve = _solver(key, float(controller.mpc.rate_limit), interval)
    due = dt >= controller.interval - CLOCK_TOLERANCE
    budget = state["treasury_usd"] / state["reference_depth"] / interval
    move, failed = per_run(solve, 2, due, *x, z, low, high, state["control_signal"], budget)
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
