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
    for i in range(rows * rows):
        table[i] = answers[i]
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
        # until a held row's multiplier is 0, or the entering row meets its limit
        step = INFINITY
        leaving = -1
        for i in range(rows):
            column[i] = table[i * rows + entering]
            falls = sign * side[i] * column[i]
            if falls > 0.0:
                until = side[i] * value[i] / falls
                if until < step:
                    step = until
                    leaving = i
        limit = upper[entering] if sign > 0.0 else lower[entering]
        exchanged = leaving
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
        # the row's value and its multiplier change places
        own = table[exchanged * rows + exchanged]
        for i in range(rows):
            column[i] = table[i * rows + exchanged]
            table[exchanged * rows + i] = table[exchanged * rows + i] / own
        for i in range(rows):
            if i != exchanged:
                for j in range(rows):
                    table[i * rows + j] = (
                        table[i * rows + j] - column[i] * table[exchanged * rows + j]
                    )
                table[i * rows + exchanged] = -(column[i] / own)
        table[exchanged * rows + exchanged] = 1.0 / own
        if exchanged == entering:
            value[entering] = multiplier
            side[entering] = sign
            entering = -1
        else:
            value[leaving] = upper[leaving] if side[leaving] > 0.0 else lower[leaving]
            side[leaving] = 0.0
