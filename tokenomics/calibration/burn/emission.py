"""The emission path of a burn-and-mint table: one exponential, or the steps of a schedule whose
months are given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...errors import InputError
from ...histories.burns import BurnTable, index
from ...model.formulas.numerics import DAYS_PER_YEAR
from ..ar1 import Interval, OrnsteinUhlenbeck
from ..estimates import Estimate

HALF_LIFE, EXPONENTIAL = "emission.half_life", "half-life of emission as one exponential"
FAR = 4.0  # robust standard deviations from the path beyond which a month's emission is named
MAD = 1.4826  # standard deviation over median absolute deviation of a normal law


def emission(table: BurnTable, cap: float) -> np.ndarray:
    """Emission without what is minted again of the burns, which is at most `cap` [TOK/day]
    (Helium's net emissions, HIP-20).
    """
    if not 0.0 <= cap < np.inf:
        raise InputError(f"{cap:g}", argument="cap", expected="TOK a day, 0 or more")
    net = table.issued - np.minimum(table.burned, cap)
    if np.any(net <= 0.0):
        i = int(np.argmin(net))
        expected = f"less than what is issued in {table.months[i]}, {table.issued[i]:.6g} TOK/day"
        raise InputError(f"{cap:g}", file=table.file, argument="cap", expected=expected)
    return net


def places(table: BurnTable, halvings: Sequence[str]) -> list[int]:
    """Places of the months of the halvings in the table; raises InputError for a month that is not
    inside it, or out of order.
    """
    found = [index(month) - index(table.months[0]) for month in halvings]
    for i, (month, place) in enumerate(zip(halvings, found, strict=True)):
        if not 1 <= place < len(table.months):
            expected = f"a month after {table.months[0]}, up to {table.months[-1]}"
            raise InputError(month, file=table.file, argument="halvings", expected=expected)
        if i and place <= found[i - 1]:
            raise InputError(
                f"{month} after {halvings[i - 1]}",
                argument="halvings",
                expected="months in their order",
            )
    return found


def exponential(table: BurnTable, cap: float) -> OrnsteinUhlenbeck:
    """Log emission on time [years]."""
    return OrnsteinUhlenbeck(
        np.log(emission(table, cap)),
        np.column_stack([np.ones(len(table.months)), table.years]),
        1.0,
    )


def stepped(table: BurnTable, cap: float, at: Sequence[int]) -> OrnsteinUhlenbeck:
    """Log emission on the number of halvings so far."""
    passed = (np.arange(len(table.months))[:, None] >= np.asarray(at)).sum(axis=1)
    return OrnsteinUhlenbeck(
        np.log(emission(table, cap)), np.column_stack([np.ones(len(table.months)), passed]), 1.0
    )


def half_life(name: str, slope: Interval, days: float) -> Estimate:
    """Time in which emission halves, from the change of its logarithm in a period of `days`; the
    interval is that change's, carried over.
    """
    value, low, high = (-np.log(2.0) / rate * days for rate in (slope.value, slope.low, slope.high))
    if slope.high >= 0.0:
        problem = (
            f"emission is not told apart from a constant one: its logarithm changes by "
            f"{slope.low:.2g} to {slope.high:.2g} in {days:g} days"
        )
        return Estimate(
            name,
            "days",
            value,
            float("nan"),
            low if slope.low < 0.0 else float("nan"),
            float("inf"),
            problem,
        )
    return Estimate(name, "days", value, value * slope.error / -slope.value, low, high)


def half_lives(table: BurnTable, cap: float, halvings: Sequence[str]) -> tuple[Estimate, ...]:
    """By one exponential, and by the steps where two halvings or more are given, which then is the
    parameter: their size is estimated, not when.

    The model's emission is one exponential. Steps around it are no noise, and an error that takes
    them for noise is far too wide.
    """
    one = exponential(table, cap).coefficient((0.0, 1.0))
    if len(halvings) < 2:
        return (half_life(HALF_LIFE, one, DAYS_PER_YEAR),)
    at = places(table, halvings)
    period = (at[-1] - at[0]) / (len(at) - 1) / 12.0 * DAYS_PER_YEAR
    return half_life(HALF_LIFE, stepped(table, cap, at).coefficient((0.0, 1.0)), period), half_life(
        EXPONENTIAL, one, DAYS_PER_YEAR
    )


def steps(table: BurnTable, cap: float, halvings: Sequence[str]) -> pd.DataFrame:
    """Emission from each halving on, as a factor of what it was before: a schedule gives one
    half.
    """
    at = places(table, halvings)
    after = [(np.arange(len(table.months)) >= place).astype(float) for place in at]
    fit = OrnsteinUhlenbeck(
        np.log(emission(table, cap)), np.column_stack([np.ones(len(table.months)), *after]), 1.0
    )
    found = [fit.coefficient(np.eye(len(at) + 1)[i + 1]) for i in range(len(at))]
    rows = [
        (month, *np.exp([i.value, i.low, i.high]), 0.5)
        for month, i in zip(halvings, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=["halving", "factor of emission", "low", "high", "schedule"])


def path(table: BurnTable, cap: float, halvings: Sequence[str]) -> OrnsteinUhlenbeck:
    """The fit that gives the parameter."""
    return (
        exponential(table, cap)
        if len(halvings) < 2
        else stepped(table, cap, places(table, halvings))
    )


def far_months(table: BurnTable, fit: OrnsteinUhlenbeck) -> list[str]:
    """Months whose emission is far from the path, with the factor."""
    residual = fit.y - fit.fitted()
    residual -= np.median(residual)
    spread = MAD * np.median(np.abs(residual))
    return [
        f"{month} ({np.exp(r):.2f} x)"
        for month, r in zip(table.months, residual, strict=True)
        if abs(r) > FAR * spread
    ]
