"""Scores of quantiles and intervals; less is better, and each is least for who tells the truth.

Sources: Gneiting and Raftery (2007), Strictly proper scoring rules, JASA 102: the score of a
quantile (equation 40, as a loss) and of an interval (equation 43); CRPS as twice the integral of
the loss over all levels (Laio and Tamea 2007, equation 8); Bracher, Ray, Gneiting and Reich (2021),
Evaluating epidemic forecasts in an interval format, PLOS Computational Biology 17: the weighted
interval score.

Quantiles have the shape (..., levels), outcomes that of a quantile or one that broadcasts to it.
"""

from __future__ import annotations

import numpy as np


def pinball(quantiles: np.ndarray, levels: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Loss of each quantile, (..., levels): level × how far the outcome is above it, or (1 − level)
    × how far below.
    """
    above = outcome[..., None] - quantiles
    return np.where(above >= 0.0, levels * above, (levels - 1.0) * above)


def weights(levels: np.ndarray) -> np.ndarray:
    """The part of [0, 1] that is nearest to each level, (levels,); they add up to 1."""
    ends = np.concatenate([[0.0], 0.5 * (levels[1:] + levels[:-1]), [1.0]])
    return np.diff(ends)


def crps(quantiles: np.ndarray, levels: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score, in the unit of the outcome, from the given levels alone:
    twice the sum of their losses, each for the part of all levels that is nearest to it.

    An approximation: what lies between the levels, and beyond the outermost, is not known. On
    levels that are symmetric about one half it is the absolute error where all quantiles are one
    number.
    """
    return 2.0 * np.sum(weights(levels) * pinball(quantiles, levels, outcome), axis=-1)


def interval_score(
    low: np.ndarray, high: np.ndarray, level: float, outcome: np.ndarray
) -> np.ndarray:
    """Score of a central interval of a level: its width, and 2/(1 − level) × how far the outcome is
    outside.
    """
    outside = np.maximum(low - outcome, 0.0) + np.maximum(outcome - high, 0.0)
    return high - low + 2.0 / (1.0 - level) * outside


def weighted_interval_score(
    quantiles: np.ndarray, levels: np.ndarray, outcome: np.ndarray
) -> np.ndarray:
    """Weighted interval score of a median and K central intervals, whose 2 K + 1 ends are the
    levels: (½ |outcome − median| + Σ (1 − level)/2 × interval score) / (K + ½).

    That is twice the mean loss over the levels.
    """
    return 2.0 * np.mean(pinball(quantiles, levels, outcome), axis=-1)
