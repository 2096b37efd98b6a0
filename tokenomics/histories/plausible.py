"""Prices that cannot be: rows that leave by a factor and are back at once, and moves that stay as a
change of unit does.
"""

from __future__ import annotations

import numpy as np

# An isolated row is absurd where the price leaves by more than ISOLATED robust standard deviations
# of the returns (1.4826 MAD) and by a factor of at least 2, and is back the next day: the two
# returns have opposite signs and cancel by more than half. Assumption: the largest one-day moves of
# Render and Helium are 8.8 and 9.8 such deviations, and are not reversed.
ISOLATED, LEAST_FACTOR = 10.0, 2.0
# A leading row is absurd where it and all before it are off by more than LISTING from the median of
# the FOLLOWING rows after it. Assumption: Render and Helium, which rose as fast as any, are within
# a factor of 3.1 in their first month.
LISTING, FOLLOWING = 10.0, 30
# A move of one step that stays is of another unit (a split, a redenomination, another token) beyond
# a factor of UNIT, and is named beyond LISTING. Assumption: the worst genuine days of large tokens
# are falls of 90 to 97 %. A token that collapses altogether, as Terra's Luna did in May 2022, falls
# by more, and is kept on request.
UNIT = 50.0


def absurd_rows(prices: np.ndarray) -> list[tuple[int, str]]:
    """Places of what cannot be prices, with the reason: the first ones of a listing, and isolated
    ones. Rule: see the constants.

    Two wrong rows in a row, or a wrong last row, cannot be told from a move that stays; see
    `lasting`. prices: three or more, above zero, by date.
    """
    log = np.log(prices)
    found: list[tuple[int, str]] = []
    lead = 0
    while lead < min(FOLLOWING, len(log) - FOLLOWING):
        later = float(np.median(log[lead + 1 : lead + 1 + FOLLOWING]))
        if abs(log[lead] - later) <= np.log(LISTING):
            break
        factor = np.exp(abs(log[lead] - later))
        found.append(
            (
                lead,
                (
                    f"off by a factor of {factor:.3g} from the median {np.exp(later):.4g} of the "
                    f"rows after it"
                ),
            )
        )
        lead += 1
    steps = np.diff(log)
    far = max(ISOLATED * _scatter(steps), np.log(LEAST_FACTOR))
    there, back = steps[:-1], steps[1:]
    least = np.minimum(np.abs(there), np.abs(back))
    lone = (
        np.flatnonzero((least > far) & (there * back < 0.0) & (np.abs(there + back) < 0.5 * least))
        + 1
    )
    for i in lone[lone >= max(lead, 1)]:
        factors = (
            f"a factor of {np.exp(abs(steps[i - 1])):.3g} from the row before and "
            f"{np.exp(abs(steps[i])):.3g} from the row after"
        )
        found.append((int(i), factors))
    return found


def _scatter(steps: np.ndarray) -> float:
    """What most of some steps scatter by: their standard deviation, were they normal without the
    far ones.
    """
    from scipy.stats import median_abs_deviation  # see results/returns.py

    return float(median_abs_deviation(steps, scale="normal"))


def lasting(prices: np.ndarray, days: np.ndarray) -> list[tuple[int, float]]:
    """Places of the rows that leave the one before by more than a factor of LISTING and are not
    absurd, with the factor. days: of the rows.

    Up to a factor of UNIT only over the usual distance of rows, for over a gap there is time for
    more, and beyond what the others scatter. prices: three or more, above zero, by date.
    """
    steps, apart = np.diff(np.log(prices)), np.diff(days).astype(int)
    far = max(ISOLATED * _scatter(steps), np.log(LISTING))
    known = {step for place, _ in absurd_rows(prices) for step in (place - 1, place)}
    usual = (np.abs(steps) > far) & (apart <= np.median(apart))
    found = np.flatnonzero(usual | (np.abs(steps) > np.log(UNIT)))
    return [
        (int(step) + 1, float(np.exp(abs(steps[step])))) for step in found if int(step) not in known
    ]
