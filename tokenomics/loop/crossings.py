"""Where the frequency response of a loop is real, and where its size is one: exactly, as
eigenvalues, with no grid to fall through.

On the unit circle 1/z is the conjugate of z, so that L(1/z) is the conjugate of L(z): L is real
where L(z) − L(1/z) = 0 and of size one where L(z) L(1/z) = 1. Both are zeros of a descriptor
system, hence generalised eigenvalues of a pencil (Emami-Naeini and Van Dooren 1982, Automatica 18).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvals

from .systems import StateSpace

CIRCLE = 1e-6  # distance of a computed zero from the unit circle that is rounding
# rad per sample, a period of 1,700 years at one a day; below it lie what stands still and its
# rounding
LOWEST = 1e-5


def _angles(e: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Angles in (0, π) of the generalised eigenvalues on the upper half of the unit circle, sorted
    [rad per sample].
    """
    z = eigvals(f, e)
    z = z[np.isfinite(z)]
    z = z[(np.abs(np.abs(z) - 1.0) < CIRCLE) & (z.imag > 0.0)]
    angle = np.sort(np.angle(z))
    return angle[(angle > LOWEST) & (angle < np.pi - LOWEST)]


def real_at(loop: StateSpace) -> np.ndarray:
    """Angles in (0, π) at which the loop's response is real [rad per sample]; the ends 0 and π
    always are.
    """
    a, b, c, n = loop.A, loop.B, loop.C, loop.nstates
    eye, none, column = np.eye(n), np.zeros((n, n)), np.zeros((n, 1))
    e = np.block([[eye, none, column], [none, -a, -b], [np.zeros((1, 2 * n + 1))]])
    f = np.block([[a, none, b], [none, -eye, column], [-c, c, np.zeros((1, 1))]])
    return _angles(e, f)


def one_at(loop: StateSpace) -> np.ndarray:
    """Angles in (0, π) at which the loop's response has size one [rad per sample]."""
    a, b, c, d, n = loop.A, loop.B, loop.C, loop.D, loop.nstates
    eye, none, column = np.eye(n), np.zeros((n, n)), np.zeros((n, 1))
    e = np.block([[eye, none, column], [-b @ c, -a, -b @ d], [np.zeros((1, 2 * n + 1))]])
    f = np.block([[a, none, b], [none, -eye, column], [-d @ c, -c, 1.0 - d @ d]])
    return _angles(e, f)
