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

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...elementary.routines import Array, Routine
from ..formulas.numerics import CLOCK_TOLERANCE
from ..formulas.ordered import product, solve, symmetric
from . import lqr, quadratic_program
from .batch import per_run
from .command import Command, Law, Memory

FALLBACKS = Memory(
    "fallbacks", "1", "decisions at which the program had no solution and the LQR's move was made"
)

INFINITY = float("inf")


@dataclass(frozen=True, eq=False)
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
    wide, steer = lqr.augmented(found.a, found.b, found.c, interval, weights.leak)
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
    response, answers = -product(rows, solved[:, :4]), symmetric(product(rows, solved[:, 4:]))
    return CondensedProgram(np.ascontiguousarray(response), np.ascontiguousarray(answers))


@Routine
def limited(
    horizon: int,
    reach: float,
    response: Array,
    run: Array,
    lower: Array,
    upper: Array,
    value: Array,
    kept: Array,
) -> None:
    """Set lower, upper and value (3 horizon,) to the rows' limits and what they would be without
    them, and `kept[0]` to 1, or to 0 where one is broken.

    reach: largest change of a move. response: (3 horizon * 4,). run: x (3), z, low, high, last
    move, and the sum of moves that empties the treasury [reference depths a day]. Where one of them
    is not finite no value is.
    """
    budget = run[7] if run[7] > 0.0 else 0.0
    total = 0.0
    for i in range(8):
        total = total + run[i]
    nothing = total - total  # or not a number
    for i in range(horizon):
        last = run[6] if i == 0 else 0.0
        lower[i] = run[4]
        upper[i] = run[5]
        lower[horizon + i] = last - reach
        upper[horizon + i] = last + reach
        lower[2 * horizon + i] = -INFINITY
        upper[2 * horizon + i] = budget
    kept[0] = 1.0
    for i in range(3 * horizon):
        at = 4 * i
        value[i] = nothing + (
            response[at] * run[0]
            + response[at + 1] * run[1]
            + response[at + 2] * run[2]
            + response[at + 3] * run[3]
        )
        if value[i] < lower[i] or value[i] > upper[i]:
            kept[0] = 0.0


class FirstMove:
    """A function of one run's numbers, as `limited` has them, to its first move and whether there
    was none.
    """

    def __init__(self, program: CondensedProgram, reach: float):
        self._program, self._reach, self._rows = program, reach, len(program.answers)
        self._numbers = program.response.ctypes.data, program.answers.ctypes.data
        sizes = (*[self._rows] * 5, self._rows * self._rows, 1)
        self._room, self._places = sum(sizes), [8 * sum(sizes[:i]) for i in range(len(sizes))]

    def __call__(self, run: np.ndarray) -> np.ndarray:
        room = np.empty(self._room)
        start, (response, answers) = room.ctypes.data, self._numbers
        lower, upper, value, side, column, table, done = [start + p for p in self._places]
        limited(self._rows // 3, self._reach, response, run.ctypes.data, lower, upper, value, done)
        if not room[-1]:
            quadratic_program.solve(
                self._rows, answers, lower, upper, value, side, column, table, done
            )
        return np.array([room[2 * self._rows], 1.0 - room[-1]])


@lru_cache(maxsize=64)
def _first_move(
    found: lqr.LqrDesign, horizon: int, weights: Any, rate: float, interval: float
) -> FirstMove:
    return FirstMove(condensed(found, horizon, weights, interval), rate * interval)


def decide(params, state, error, dt, low, high):
    """One decision: estimate, solve, make the first move."""
    found, controller = lqr.design(params), params["controller"]
    interval, mpc = float(controller.interval), controller.mpc
    x, z = lqr.estimate(found, state, error), state["control_error_integral"]
    decisions = max(1, round(mpc.horizon / interval))
    first_move = _first_move(found, decisions, controller.lqr, float(mpc.rate_limit), interval)
    due = dt >= controller.interval - CLOCK_TOLERANCE
    budget = state["treasury_usd"] / state["reference_depth"] / interval
    move, failed = per_run(first_move, 2, due, *x, z, low, high, state["control_signal"], budget)
    fallback = lqr.respond(found, x, z)
    raw = np.where(failed > 0.0, fallback, move)
    signal = np.clip(raw, low, high)
    memory = {m.name: v for m, v in zip(lqr.MEMORY, x, strict=True)}
    z = lqr.integrated(params, z, error, dt, np.abs(signal - fallback) <= 1e-9)
    return Command(
        signal, memory | {"error_integral": z, "fallbacks": state["control_fallbacks"] + failed}
    )


LAW = Law(
    decide,
    (*lqr.LAW.memory, FALLBACKS),
    (*lqr.PATHS, "controller.mpc"),
    lqr.STRENGTH,
)
