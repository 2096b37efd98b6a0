"""The discrete algebraic Riccati equation, x = aᵀ x (1 + g x)⁻¹ a + q, in operations whose order is
ours.

Structure-preserving doubling: k rounds stand for 2^k steps of the Riccati difference equation from
x = q, so that the error is squared every round. Source: Anderson, "Second-order convergent
algorithms for the steady-state Riccati equation", Int. J. Control 28(2), 1978; Chu, Fan, Lin and
Wang, "Structure-preserving algorithms for periodic discrete-time algebraic Riccati equations", Int.
J. Control 77(8), 2004, algorithm SDA.
"""

import numpy as np

from ...errors import ModelError
from ..formulas.ordered import product, solve, symmetric

DOUBLINGS = 64  # more steps than a pole can be from the unit circle in double precision


def stabilising(a: np.ndarray, g: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The solution x (n, n) that is not negative and leaves (1 + g x)⁻¹ a stable.

    a, g, q: (n, n), g = b r⁻¹ bᵀ and q symmetric and not negative. It is there when one more round
    changes no bit. Raises ModelError where there is none: a direction that grows, or stands still
    and counts, and that g does not reach.
    """
    size, x = len(a), q
    with np.errstate(all="ignore"):  # of a direction that grows
        for _ in range(DOUBLINGS):
            both = solve(np.eye(size) + product(g, x), np.concatenate([a, g], axis=1))
            stepped, steered = both[:, :size], both[:, size:]
            after = symmetric(x + product(a.T, product(x, stepped)))
            if np.array_equal(after, x):
                return x
            g = symmetric(g + product(product(a, steered), a.T))
            a, x = product(a, stepped), after
    raise ModelError("the Riccati equation has no stabilising solution")
