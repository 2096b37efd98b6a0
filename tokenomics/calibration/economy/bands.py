"""What the model says of the moments of a span of days: in sample at the estimate, out of sample
with all that is not known.

A band of later days has three parts: what histories of that length differ by at the same
parameters, the slow level of volatility among it; what the estimates may be wrong by; and the span
itself, which may be shorter than the fitted one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import qmc

from ...results.intervals import Z
from ...results.returns import statistics
from .fit import MomentsFit
from .moments import MOMENTS, measured, scaled
from .search import distance
from .space import Space

POINTS = 32  # of the estimates' distribution; a power of two


def likely(found: MomentsFit, space: Space) -> np.ndarray:
    """Log parameters that the estimates allow, (points, parameters): normal around them, within the
    bounds of the search.
    """
    moving = [i for i in range(len(found.x)) if i not in found.held]
    spread = found.covariance[np.ix_(moving, moving)]
    drawn = qmc.MultivariateNormalQMC(np.zeros(len(moving)), spread, seed=0).random(POINTS)
    points = np.repeat(found.x[None], POINTS, axis=0)
    points[:, moving] += drawn
    points[:, moving] = space.clip(points)[:, moving]
    return points


def moment_table(prices: np.ndarray, runs: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Real against simulated moments. prices: real closes (days,). runs: moments of simulated
    histories of the same length, (runs,) by name.
    """
    real, theirs = statistics(prices), scaled(runs)
    own = scaled(real)
    rows = []
    for name in MOMENTS:
        values, half = runs[name], Z * runs[name].std(ddof=1) / np.sqrt(len(runs[name]))
        low, high = np.percentile(values, (5, 95))
        rows.append(
            {
                "moment": name,
                "real": float(real[name][0]),
                "simulated mean": values.mean(),
                "mean low": values.mean() - half,
                "mean high": values.mean() + half,
                "5 % quantile": low,
                "95 % quantile": high,
                "gap [sd]": float((own[name][0] - theirs[name].mean()) / theirs[name].std(ddof=1)),
                "within 90 %": "yes" if low <= real[name][0] <= high else "no",
            }
        )
    return pd.DataFrame(rows)


def joint(prices: np.ndarray, runs: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Squared distance of the real moments from the simulated ones in their covariance, and the
    share of simulated histories that lie farther out.
    """
    values = np.stack(list(scaled(runs).values()), axis=1)
    centre = values.mean(axis=0)
    weight = np.linalg.inv(np.cov(values.T))
    mine = float(distance(measured(prices) - centre, weight))
    return mine, float(np.mean(distance(values - centre, weight) > mine))
