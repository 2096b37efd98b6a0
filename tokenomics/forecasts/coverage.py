"""How often outcomes lie inside an interval, and what that says where dates are not independent."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from ..results.intervals import LEVEL, Z
from ..results.student import quantile

NARROW, WIDE, STATED, UNDECIDED = WORDS = "too narrow", "too wide", "as stated", "undecided"


def covered(inside: np.ndarray) -> tuple[float, float, float, float]:
    """Share of outcomes that lie inside, its 95 % interval, and the number of independent outcomes
    that it is of.

    Korn and Graubard (1998), Survey Methodology 24, 193-201: the exact interval of a binomial share
    (Clopper and Pearson 1934), with the outcomes that give the variance of the histories' shares,
    fewer by the square of how much wider Student's t makes an interval where so few histories tell
    the variance. Of these only such count as have an outcome of the rarer kind: where two of twelve
    ever leave the interval, the variance rests on two. At most all outcomes. At least as many as
    there were if the dates of a history said all the same, total² / Σ (dates of a history)² (Kish
    1965, Survey Sampling): the histories where they are equally long, 1 for a single one.

    inside: (histories, days), 1, 0, or NaN where there is no outcome.
    """
    there = np.isfinite(inside)
    rows = there.any(axis=1)
    inside, there = inside[rows], there[rows]
    dates, histories = there.sum(axis=1).astype(float), len(inside)
    total = float(dates.sum())
    share = float(np.nansum(inside)) / total
    count = total * total / float(np.sum(dates**2))
    if histories > 1:
        # of a ratio: every history by its number of outcomes
        apart = np.nansum(np.where(there, inside - share, 0.0), axis=1)
        variance = float(np.sum(apart**2)) / total**2 * histories / (histories - 1.0)
        if variance > 0.0:
            rare = there & (inside == float(share <= 0.5))
            telling = int(rare.any(axis=1).sum())
            wider = quantile(0.5 + 0.5 * LEVEL, max(telling - 1, 1)) / Z
            count = min(max(share * (1.0 - share) / variance / wider**2, count), total)
    return share, *_exact(share * count, count), count


def _exact(inside: float, count: float) -> tuple[float, float]:
    """Clopper and Pearson's interval; the numbers need not be whole."""
    outside, tail = count - inside, 0.5 - 0.5 * LEVEL
    return (
        float(betaincinv(inside, outside + 1.0, tail)) if inside > 0.0 else 0.0,
        float(betaincinv(inside + 1.0, outside, 1.0 - tail)) if outside > 0.0 else 1.0,
    )


def verdict(level: float, low: float, high: float, count: float, histories: int) -> str:
    """One of `WORDS` of an interval that states a level. low, high, count: of `covered`.

    `UNDECIDED` where one history alone tells, and where neither none nor all of so many outcomes
    inside would have told against the level.
    """
    if histories < 2 or _exact(count, count)[0] <= level <= _exact(0.0, count)[1]:
        return UNDECIDED
    return NARROW if high < level else WIDE if low > level else STATED
