"""Bills compared: statistics of each way of paying, with intervals over runs, and what made the
token bill rise.

The rise is split by the additive log-mean Divisia index (LMDI-I; Ang, Energy Policy 32 (2004) 1131)
into usage, token price (spot price over quote) and network price; the parts add up to it. Zeros are
taken as limits (Ang and Liu, Energy Policy 35 (2007) 238).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..elementary import log1p
from ..errors import InputError
from ..model.formulas.billing import PAYMENTS
from ..parameters import Parameters
from .intervals import LEVEL, SIZE, UNBOUNDED, summarise
from .metrics import RISK, Paths, cost_at_risk
from .returns import volatility

STATISTICS = {
    "mean": ("USD/day", "mean daily bill", UNBOUNDED),
    "volatility": (
        "1/sqrt(year)",
        "annualised standard deviation of log changes of the daily bill",
        SIZE,
    ),
    "cost_at_risk": (
        "1",
        "95th percentile of the daily bill over the mean bill in stablecoin, less one",
        UNBOUNDED,
    ),
    "total": ("USD", "bill of the whole span", UNBOUNDED),
}  # unit, meaning, and between which a run's value lies


@dataclass(frozen=True, eq=False)
class BillStatistics:
    """per_run: columns (payment, statistic), one row a run. table: one row a payment and statistic,
    with its interval over runs.
    """

    per_run: pd.DataFrame
    table: pd.DataFrame


def bill_statistics(paths: Paths, parameters: Parameters) -> BillStatistics:
    """Mean [USD/day], volatility and cost at risk of every recorded way of paying, and the budget
    at risk [USD].

    paths: bills (runs, times) by the names of `PAYMENTS`, bill_stablecoin among them; NaN in failed
    runs. simulation.time_step of `parameters` is the time between their points. Budget at risk:
    95th percentile over runs of the bill of the whole span, with the distribution-free interval of
    a quantile; NaN bounds where the runs are too few. Volatility is NaN for a run in which a bill
    is not positive. Raises InputError where the bills are switched off or bill_stablecoin is
    missing.
    """
    if "bill_stablecoin" not in paths:
        raise InputError(
            "no bill in stablecoin",
            argument="record",
            expected="bill_stablecoin, by which the others are measured",
        )
    stable = paths["bill_stablecoin"]
    if not np.nansum(np.abs(stable)):
        raise InputError("every bill is zero", key="bills.enabled", expected="true")
    columns, rows = {}, {}
    for name in (n for n in PAYMENTS if n in paths):
        bill = np.asarray(paths[name], dtype=float)
        columns |= {
            (name, statistic): value
            for statistic, value in _per_run(bill, stable, parameters).items()
        }
        for statistic, (unit, meaning, bounds) in STATISTICS.items():
            s = summarise(columns[name, statistic], bounds=bounds)
            rows[name, statistic] = (s.mean, s.low, s.high, s.n, s.failed, unit, meaning)
        totals = columns[name, "total"]
        rows[name, "budget_at_risk"] = (
            *_quantile(totals),
            "USD",
            "95th percentile over runs of the bill of the whole span",
        )
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["value", "low", "high", "n", "failed", "unit", "meaning"]
    )
    table.index = pd.MultiIndex.from_tuples(rows, names=["payment", "statistic"])
    table[["low", "high"]] = table[["low", "high"]].astype(float)
    per_run = pd.DataFrame(columns, index=pd.RangeIndex(len(stable), name="run"))
    return BillStatistics(per_run, table)


def _per_run(bill: np.ndarray, stable: np.ndarray, p: Parameters) -> dict[str, np.ndarray]:
    """Statistics of a bill (runs, times), (runs,) each; the start is no day of its own."""
    mean = np.mean(bill[:, 1:], axis=1)
    positive = np.all(bill > 0.0, axis=1)
    return {
        "mean": mean,
        "volatility": np.where(
            positive, volatility(np.where(positive[:, None], bill, 1.0), p), np.nan
        ),
        "cost_at_risk": cost_at_risk(bill, stable),
        "total": mean * (bill.shape[1] - 1) * p.simulation.time_step,
    }


def _quantile(totals: np.ndarray) -> tuple[float, float, float, int, int]:
    """The quantile at risk over runs with its interval, runs that count, and runs that do not."""
    good = totals[np.isfinite(totals)]
    if not len(good):
        return np.nan, np.nan, np.nan, 0, len(totals)
    from scipy.stats import quantile_test  # see returns.py

    found = quantile_test(good, p=RISK).confidence_interval(LEVEL)
    return (
        float(np.quantile(good, RISK)),
        float(found.low),
        float(found.high),
        len(good),
        len(totals) - len(good),
    )


def _log_ratio(before, after):
    """ln(after/before) of sizes ≥ 0, accurate near 1; 0 where one of both is zero."""
    low, high = np.minimum(before, after), np.maximum(before, after)
    size = log1p(np.where(low > 0.0, high - low, 0.0) / np.where(low > 0.0, low, 1.0))
    return np.where(after >= before, size, -size)


def logarithmic_mean(a, b):
    """(b − a)/ln(b/a) of sizes ≥ 0; a where both are equal, 0 where one is zero. Accurate near a =
    b.
    """
    ratio = _log_ratio(a, b)
    return np.where(ratio != 0.0, (b - a) / np.where(ratio != 0.0, ratio, 1.0), np.minimum(a, b))


def decompose(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The part of each factor in the change of their product (LMDI-I): L(before, after) ln(factor
    after / factor before).

    before, after: factors ≥ 0 by name, elementwise. Where the product is zero at one end, all of
    the change is the factors' that are zero there, in equal parts; where it is zero at both, every
    part is. NaN gives NaN. Raises InputError for a negative factor or names that differ.
    """
    if set(before) != set(after):
        raise InputError(f"factors {', '.join(before)} and {', '.join(after)}", expected="the same")
    for name, value in (*before.items(), *after.items()):
        if np.any(np.asarray(value) < 0.0):
            raise InputError(f"a negative {name}", expected="factors of at least 0")
    first, last = (
        np.prod(np.broadcast_arrays(*(end[name] for name in before)), axis=0)
        for end in (before, after)
    )
    mean, change = logarithmic_mean(first, last), last - first
    appears, vanishes = (first == 0.0) & (last != 0.0), (first != 0.0) & (last == 0.0)
    zeros = {
        name: np.where(appears, before[name] == 0.0, vanishes & (after[name] == 0.0))
        for name in before
    }
    count = np.maximum(sum(zero.astype(float) for zero in zeros.values()), 1.0)
    smooth = {name: mean * _log_ratio(before[name], after[name]) for name in before}
    return {
        name: np.where(appears | vanishes, np.where(zeros[name], change / count, 0.0), part)
        for name, part in smooth.items()
    }


def token_factors(used, seen: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Factors of the token bill: usage [Mtok/day], token price (spot over quote) [1], network price
    [USD/Mtok].

    used: usage, a number or (runs, times). seen: token_price, quote_price and inference_price,
    (runs, times).
    """
    price = seen["inference_price"]
    return {
        "usage": used + 0.0 * price,
        "token_price": seen["token_price"] / seen["quote_price"],
        "network_price": price,
    }


def decompose_total(factors: Mapping[str, np.ndarray], time_step: float) -> dict[str, np.ndarray]:
    """What each factor added to the bill of the whole span, against one in which all stays as at
    the start (runs,) [USD].

    factors: (runs, times) by name, `time_step` days apart; the sum of the daily decompositions
    against the start.
    """
    parts = decompose(
        {n: f[:, :1] for n, f in factors.items()}, {n: f[:, 1:] for n, f in factors.items()}
    )
    return {name: np.sum(part, axis=1) * time_step for name, part in parts.items()}
