"""Fit the two efficiencies of a card on the benchmark's measured times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import least_squares

from .hardware import Timing
from .reach import Attained
from .roofline import Roofline
from .shapes import Shape

STARTS = (0.3, 0.6, 0.9)  # the residuals have kinks where a limit changes


def fit(
    predict: Callable[[float, float], np.ndarray], observed: Sequence[float]
) -> tuple[float, float, float]:
    """Efficiencies (bandwidth, compute) in (0, 1] with the least squared log error, and its root
    mean square.

    predict: efficiencies to what is observed, in one unit.
    """
    target = np.log(np.asarray(observed, dtype=float))

    def error(logs: np.ndarray) -> np.ndarray:
        return np.log(predict(*np.exp(logs))) - target

    bounds = (np.log(1e-4), 0.0)
    found = [least_squares(error, np.log([a, b]), bounds=bounds) for a in STARTS for b in STARTS]
    best = min(found, key=lambda one: one.cost)
    bandwidth, compute = np.exp(best.x)
    return float(bandwidth), float(compute), float(np.sqrt(2.0 * best.cost / len(target)))


def fit_times(
    shape: Shape,
    precision: str,
    bandwidth: float,
    rate: float,
    decode: Sequence[Timing],
    prefill: Sequence[Timing],
) -> tuple[float, float, float]:
    """Efficiencies from the benchmark's medians; prompts are prefilled one at a time."""
    observed = [1e-3 * t.median_ms for t in (*decode, *prefill)]

    def predict(share: float, compute: float) -> np.ndarray:
        reached = Attained.bare(share * bandwidth, compute * rate)
        card = Roofline(shape, precision, reached, np.inf, cache=precision)
        steps = [card.decode_time(t.batch, t.context + 1) for t in decode]
        return np.array(steps + [t.batch * card.prefill_time(t.tokens) for t in prefill])

    return fit(predict, observed)
