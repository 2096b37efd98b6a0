"""A strictly convex quadratic program with limits, in operations whose order is ours.

min ½ uᵀ h u + fᵀ u, lower ≤ c u ≤ upper, by a dual active-set method (Goldfarb and Idnani, "A
numerically stable dual method for solving strictly convex quadratic programs", Mathematical
Programming 27, 1983). From the optimum without limits it takes up the limit that is broken most,
gives up those whose multiplier turns, and ends where none is broken, or where a broken one can be
met by no move: there is no solution then. Every limit that is taken up raises the cost, so that the
same set never comes back. Ties go to the first row. A table keeps how every row's value, or its
multiplier where the row is held, answers the others (principal pivots: Cottle, Pang and Stone, The
Linear Complementarity Problem, 1992, section 2.3).
"""

import numpy as np

TOLERANCE = 1e-10  # by which a limit may be broken, of the largest value without limits, or of 1
DEPENDENT = 1e-11  # share of a row's own answer below which the rows that are held determine it
MOST_EXCHANGES = 50  # a row; rounding alone needs more than a few


def _exchange(table: np.ndarray, row: int) -> None:
    """Let a row's value and its multiplier change places (a principal pivot)."""
    column, answer = table[:, row].copy(), table[row] / table[row, row]
    table -= np.multiply.outer(column, answer)
    table[row], table[:, row] = answer, -column / column[row]
    table[row, row] = 1.0 / column[row]


def solve(
    answers: np.ndarray, free: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray | None:
    """The rows' values c u at the optimum (rows,); None where no u keeps the limits.

    answers: c h⁻¹ cᵀ (rows, rows). free: c u at the optimum without limits. lower, upper: limits.
    """
    if np.any(lower > upper):
        return None
    table, value, side = answers.copy(), free.copy(), np.zeros(len(free))
    tolerance = TOLERANCE * max(1.0, float(np.max(np.abs(free))))
    entering, sign, multiplier = -1, 0.0, 0.0
    with np.errstate(all="ignore"):
        for _ in range(MOST_EXCHANGES * len(free)):
            if entering < 0:
                broken = np.where(side == 0.0, np.maximum(value - upper, lower - value), 0.0)
                entering, multiplier = int(np.argmax(broken)), 0.0
                if broken[entering] <= tolerance:
                    return np.where(side == 0.0, value, np.where(side > 0.0, upper, lower))
                sign = 1.0 if value[entering] > upper[entering] else -1.0
            limit = upper[entering] if sign > 0.0 else lower[entering]
            column = table[:, entering]
            falls = sign * side * column
            until = np.where(falls > 0.0, side * value / falls, np.inf)
            leaving = int(np.argmin(until))
            reachable = column[entering] > DEPENDENT * answers[entering, entering]
            whole = sign * (value[entering] - limit) / column[entering] if reachable else np.inf
            step = min(whole, until[leaving])
            if step == np.inf:
                return None
            value = value - sign * step * column
            multiplier += sign * step
            if whole <= until[leaving]:
                _exchange(table, entering)
                value[entering], side[entering], entering = multiplier, sign, -1
            else:
                _exchange(table, leaving)
                value[leaving] = upper[leaving] if side[leaving] > 0.0 else lower[leaving]
                side[leaving] = 0.0
    return None
