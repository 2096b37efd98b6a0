"""A strictly convex quadratic program with limits, in operations whose order is ours.

min ½ uᵀ h u + fᵀ u, lower ≤ c u ≤ upper, by a dual active-set method (Goldfarb and Idnani, "A
numerically stable dual method for solving strictly convex quadratic programs", Mathematical
Programming 27, 1983). From the optimum without limits it takes up the limit that is broken most,
gives up those whose multiplier turns, and ends where none is broken, or where a broken one can be
met by no move: there is no solution then. Every limit that is taken up raises the cost, so that the
same set never comes back. Ties go to the first row. A table keeps how every row's value, or its
multiplier where the row is held, answers a held row's limit (columns of a principal pivot: Cottle,
Pang and Stone, The Linear Complementarity Problem, 1992, section 2.3).
"""

from ...elementary.routines import Array, Routine

TOLERANCE = 1e-10  # by which a limit may be broken, of the largest value without limits, or of 1
DEPENDENT = 1e-11  # share of a row's own answer below which the rows that are held determine it
MOST_EXCHANGES = 50  # a row; rounding alone needs more than a few
INFINITY = float("inf")


@Routine
def solve(
    rows: int,
    answers: Array,
    lower: Array,
    upper: Array,
    value: Array,
    side: Array,
    column: Array,
    table: Array,
    solved: Array,
) -> None:
    """Set `value` (rows,), c u at the optimum without limits, to c u at the optimum with them, and
    `solved[0]` to 1, or to 0 where no u keeps them.

    answers: c h⁻¹ cᵀ (rows * rows,). lower, upper: limits (rows,). side and column (rows,), table
    (rows * rows,): room to work in.
    """
    solved[0] = 0.0
    largest = 1.0
    for i in range(rows):
        side[i] = 0.0  # of a held row: 1 at its upper limit, -1 at its lower one
        if abs(value[i]) > largest:
            largest = abs(value[i])
        if lower[i] > upper[i]:
            return
    entering = -1
    sign = 0.0
    multiplier = 0.0
    for _ in range(MOST_EXCHANGES * rows):
        if entering < 0:
            most = TOLERANCE * largest
            for i in range(rows):
                if side[i] == 0.0 and value[i] - upper[i] > most:
                    most = value[i] - upper[i]
                    entering = i
                    sign = 1.0
                if side[i] == 0.0 and lower[i] - value[i] > most:
                    most = lower[i] - value[i]
                    entering = i
                    sign = -1.0
            multiplier = 0.0
        if entering < 0:
            for i in range(rows):
                if side[i] > 0.0:
                    value[i] = upper[i]
                if side[i] < 0.0:
                    value[i] = lower[i]
            solved[0] = 1.0
            return
        # what a multiplier of the entering row presses down: values, and multipliers of held rows
        for i in range(rows):
            column[i] = answers[entering * rows + i] if side[i] == 0.0 else 0.0
        for k in range(rows):
            if side[k] != 0.0:
                share = answers[entering * rows + k]
                for i in range(rows):
                    column[i] = column[i] + table[k * rows + i] * share
        # until a held row's multiplier is 0, or the entering row meets its limit
        step = INFINITY
        exchanged = -1
        for i in range(rows):
            falls = sign * side[i] * column[i]
            if falls > 0.0:
                until = side[i] * value[i] / falls
                if until < step:
                    step = until
                    exchanged = i
        limit = upper[entering] if sign > 0.0 else lower[entering]
        if column[entering] > DEPENDENT * answers[entering * rows + entering]:
            until = sign * (value[entering] - limit) / column[entering]
            if until <= step:
                step = until
                exchanged = entering
        if exchanged < 0:
            return
        for i in range(rows):
            value[i] = value[i] - sign * step * column[i]
        multiplier = multiplier + sign * step
        # the value and the multiplier of the exchanged row change places
        if exchanged != entering:
            value[exchanged] = upper[exchanged] if side[exchanged] > 0.0 else lower[exchanged]
            side[exchanged] = 0.0
            for i in range(rows):
                column[i] = table[exchanged * rows + i]
        own = column[exchanged]
        for k in range(rows):
            if side[k] != 0.0:
                share = table[k * rows + exchanged] / own
                for i in range(rows):
                    table[k * rows + i] = table[k * rows + i] - column[i] * share
                table[k * rows + exchanged] = share
        if exchanged == entering:
            for i in range(rows):
                table[entering * rows + i] = -(column[i] / own)
            table[entering * rows + entering] = 1.0 / own
            value[entering] = multiplier
            side[entering] = sign
            entering = -1
