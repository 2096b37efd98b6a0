"""The moments by which a simulated price is fitted to a real one, each on a scale on which its
distribution over histories is near normal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...engines.ensemble import Outcome
from ...results.returns import statistics

# A run starts at rest, with as many chartists as fundamentalists, and is more volatile until they
# have learnt (standard deviation of daily returns 0.13 in the first ten days of the baseline, 0.08
# from day 40 on). A token's history does not start at rest.
BURN_IN = 100  # days before those whose moments count
Scale = Callable[[np.ndarray], np.ndarray]


def _same(x: np.ndarray) -> np.ndarray:
    return x


# moment of `results.returns.statistics` to the scale on which it is compared
SCALES: dict[str, Scale] = {
    "annualised volatility": np.log,
    "excess kurtosis": lambda x: np.log(x + 3.0),
    "share of days with |r| > 3 sigma": _same,
    "jump share of variance": lambda x: -np.log1p(-x),
    "median |r| / sigma": np.log,
    "autocorrelation of r, lag 1": _same,
    "autocorrelation of |r|, lag 1": _same,
    "autocorrelation of |r|, lag 5": _same,
    "autocorrelation of |r|, lag 20": _same,
    "maximum drawdown": lambda x: -np.log1p(-x),
}
MOMENTS = tuple(SCALES)


def scaled(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Moments on their scales."""
    return {name: scale(np.asarray(values[name])) for name, scale in SCALES.items()}


def measured(prices: np.ndarray) -> np.ndarray:
    """Moments of daily closes (days,) on their scales, (moments,)."""
    return np.array([column[0] for column in scaled(statistics(prices)).values()])


def reduce(outcome: Outcome, swept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a simulator keeps of each run: moments on their scales."""
    return scaled(natural(outcome.values))


def natural(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Moments of each simulated run after its burn-in."""
    return statistics(values["token_price"][:, BURN_IN:])
