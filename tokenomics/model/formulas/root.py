"""Roots of many functions of one unknown at once, in NumPy's elementwise operations, whose bits are
the same everywhere and for any number of functions side by side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MOST_EVALUATIONS = 200
PRECISION = 1e-15  # of a root, of its size and absolutely


def roots(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """A root of each function between its ends (points,); NaN where the function has the same sign
    at both, or is not a number.

    function: values (some,) at x (some,) of the functions with the given numbers (some,). Inverse
    quadratic interpolation where three points stand well for it, bisection elsewhere (Chandrupatla,
    "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function without
    using derivatives", Advances in Engineering Software 28(3), 1997).
    """
    found, live = np.full(len(low), np.nan), np.arange(len(low))
    last = np.array([low, function(low, live)])  # the newest point: x and value
    other = before = np.array([high, function(high, live)])  # beyond the root; of the step before
    with np.errstate(all="ignore"):
        for _ in range(MOST_EVALUATIONS):
            best = np.where(np.abs(last[1]) < np.abs(other[1]), last, other)
            width, tolerance = np.abs(other[0] - last[0]), PRECISION * np.abs(best[0]) + PRECISION
            enclosed = np.sign(last[1]) * np.sign(other[1]) < 0.0
            done = (best[1] == 0.0) | (enclosed & (width < tolerance))
            found[live[done]] = best[0, done]
            going = enclosed & ~done
            if not going.any():
                break
            live, last, other, before = (
                live[going],
                last[:, going],
                other[:, going],
                before[:, going],
            )
            share = _share(last, other, before, (0.5 * tolerance / width)[going])
            x = last[0] + share * (other[0] - last[0])
            new = np.array([x, function(x, live)])
            same = np.sign(new[1]) == np.sign(last[1])
            before, other, last = np.where(same, last, other), np.where(same, other, last), new
    return found


def _share(
    last: np.ndarray, other: np.ndarray, before: np.ndarray, least: np.ndarray
) -> np.ndarray:
    """Where between the last point and the other the next one goes, at least so far from both."""
    (x1, f1), (x2, f2), (x3, f3) = last, other, before
    place, height = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    trusted = (1.0 - np.sqrt(1.0 - place) < height) & (height < np.sqrt(place))
    quadratic = f1 / (f1 - f2) * f3 / (f3 - f2) - (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (
        f2 - f3
    )
    return np.clip(np.where(trusted, quadratic, 0.5), least, 1.0 - least)
