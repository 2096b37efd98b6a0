"""What a monthly table cannot tell: how much of the burn was discretionary, beside elasticity and
growth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from ...errors import InputError
from ...histories.burns import BurnTable, index
from ...results.intervals import LEVEL
from ..ar1 import OrnsteinUhlenbeck

STEPS = 25  # of the profile over the share
SHOWN = (0.0, 0.25, 0.5, 0.75, 0.95)  # shares in the table, of the most that is possible
EARLIER = 4  # months by which the period may have begun before
LAST = 3  # months that stand for a period where none is given


@dataclass(frozen=True, eq=False)
class Discretionary:
    """Burn that is no customers' use. rate: USD/day. months: whether it went on in each, (n,)."""

    rate: float
    months: np.ndarray
    text: str

    @classmethod
    def given(
        cls, table: BurnTable, rate: float, start: str | None, end: str | None
    ) -> Discretionary:
        """A share of `rate` USD/day from month `start` to `end`. Raises InputError where it is not
        in the table or is more than was burned.
        """
        if not np.isfinite(rate) or rate < 0.0:
            raise InputError(f"{rate:g}", argument="discretionary", expected="USD a day, 0 or more")
        if rate == 0.0 and (start or end):
            raise InputError(
                "none", argument="discretionary", expected="USD a day, for the months given"
            )
        if rate > 0.0 and not (start and end):
            raise InputError(
                "months missing", argument="discretionary", expected="`start` and `end`, YYYY-MM"
            )
        if rate == 0.0:
            return cls(
                0.0,
                np.zeros(len(table.months), dtype=bool),
                "no discretionary burn given: all burn is taken as use",
            )
        first, places = index(table.months[0]), []
        for name, month in (("start", start), ("end", end)):
            places.append(index(month) - first)
            if not 0 <= places[-1] < len(table.months):
                raise InputError(
                    month,
                    file=table.file,
                    argument=name,
                    expected=f"{table.months[0]} to {table.months[-1]}",
                )
        if places[0] > places[1]:
            raise InputError(
                f"{start} is after {end}",
                argument="start",
                expected="a first month before the last",
            )
        when = (np.arange(len(table.months)) >= places[0]) & (
            np.arange(len(table.months)) <= places[1]
        )
        least = int(np.argmin(np.where(when, table.burn_usd, np.inf)))
        if rate >= table.burn_usd[least]:
            expected = (
                f"less than what was burned in {table.months[least]}, {table.burn_usd[least]:,.0f} "
                f"USD/day"
            )
            raise InputError(
                f"{rate:g}", file=table.file, argument="discretionary", expected=expected
            )
        return cls(
            rate, when, f"discretionary burn taken off as given: {rate:g} USD/day, {start} to {end}"
        )

    def left(self, table: BurnTable) -> np.ndarray:
        """Burn without it [USD/day]."""
        return table.burn_usd - self.rate * self.months


@dataclass(frozen=True, eq=False)
class Identification:
    """What the likelihood says of the share. tables: by heading. said: in a sentence."""

    tables: dict[str, pd.DataFrame]
    said: str


Regression = Callable[[BurnTable, Discretionary], OrnsteinUhlenbeck]


def _likelihood(table: BurnTable, when: np.ndarray, rate: float, regression: Regression) -> float:
    # of the burn itself: taking a share off inside the logarithm brings its Jacobian
    one = Discretionary(rate, when, "")
    fit = regression(table, one)
    return float(fit.log_likelihood(fit.maximum_likelihood()[0])) - float(
        np.log(one.left(table)[when]).sum()
    )


def _profile(
    table: BurnTable, when: np.ndarray, regression: Regression
) -> tuple[float, float, float, float, float]:
    """Best share, where its 95 % interval ends, the most that is possible [USD/day], and the best
    log-likelihood.
    """
    most = float(table.burn_usd[when].min())
    grid = np.linspace(0.0, SHOWN[-1] * most, STEPS)
    # the Jacobian is of the months of the share only; over periods to compare it has to be of the
    # same months, so of all
    likelihood = np.array([_likelihood(table, when, rate, regression) for rate in grid]) - float(
        np.log(table.burn_usd[~when]).sum()
    )
    allowed = grid[likelihood >= likelihood.max() - 0.5 * chi2.ppf(LEVEL, 1)]
    return (
        float(grid[likelihood.argmax()]),
        float(allowed[0]),
        float(allowed[-1]),
        most,
        float(likelihood.max()),
    )


def identification(
    table: BurnTable, share: Discretionary, regression: Regression
) -> Identification:
    """Elasticity and growth under several shares, and the share that the likelihood would choose by
    the period assumed.

    Where no period is given, the last three months stand for one.
    """
    n = len(table.months)
    when = share.months if share.rate else np.arange(n) >= n - LAST
    first, last = int(np.argmax(when)), n - 1 - int(np.argmax(when[::-1]))
    best, low, high, most, _ = _profile(table, when, regression)
    rows, top = [], _likelihood(table, when, best, regression)
    for rate in sorted({*(s * most for s in SHOWN), share.rate}):
        fit = regression(table, Discretionary(rate, when, ""))
        e, g = fit.coefficient((0.0, 1.0, 0.0)), fit.coefficient((0.0, 0.0, 1.0))
        cells = (
            rate,
            "given" if rate == share.rate else "",
            e.value,
            e.low,
            e.high,
            g.value,
            g.low,
            g.high,
        )
        rows.append((*cells, _likelihood(table, when, rate, regression) - top))
    names = [
        "discretionary USD/day",
        "",
        "elasticity",
        "low",
        "high",
        "growth 1/year",
        "low ",
        "high ",
        "log-likelihood below its best",
    ]
    periods = []
    for start in range(max(first - EARLIER, 0), last + 1):
        inside = (np.arange(n) >= start) & (np.arange(n) <= last)
        periods.append(
            (f"{table.months[start]} to {table.months[last]}", *_profile(table, inside, regression))
        )
    of = [
        "period",
        "share by likelihood USD/day",
        "low",
        "high",
        "most that is possible",
        "log-likelihood",
    ]
    x = np.column_stack([regression(table, Discretionary(0.0, when, "")).X, when.astype(float)])
    rank, condition = np.linalg.matrix_rank(x), np.linalg.cond(x / np.linalg.norm(x, axis=0))
    growth, lows, highs = (
        [row[5] for row in rows],
        [row[2] for row in periods],
        [row[3] for row in periods],
    )
    said = (
        f"the discretionary share is taken as given and never estimated: {n} points cannot tell "
        f"elasticity, growth and share all three. "
        f"With {table.months[first]} to {table.months[last]} known and a constant rate the "
        f"likelihood allows {low:,.0f} to {high:,.0f} USD/day "
        f"(of {most:,.0f} possible), with growth of {min(growth):.2g} to {max(growth):.2g} a year; "
        f"with other first months {min(lows):,.0f} "
        f"to {max(highs):,.0f} (rank {rank} of {x.shape[1]}, condition number {condition:.1f})"
    )
    return Identification(
        {
            "By discretionary share": pd.DataFrame(rows, columns=names),
            "By period": pd.DataFrame(periods, columns=of),
        },
        said,
    )
