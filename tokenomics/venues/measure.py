"""Statistics of an offer, one number a run: percentiles of latency over all requests of the span,
bills, guarantees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..model.formulas.distribution import PERCENTILES, Cumulants, exceedance, quantile
from ..parameters import Parameters
from ..results.intervals import SHARE, SIZE, UNBOUNDED, Bounds
from ..results.metrics import cost_at_risk
from ..results.returns import volatility
from .offers import Offer

SPIKE = 0.5  # s; above the median, what breaks a live chat
HALVINGS = 24  # of the bracket of a percentile
PERCENTILE_NAMES = tuple(f"latency_p{100 * p:g}" for p in PERCENTILES)

MEASURES: dict[str, tuple[str, str, str, Bounds]] = {
    "bill": ("cost structure", "USD/day", "mean bill", UNBOUNDED),
    "unit_cost": ("cost structure", "USD/Mtok", "mean bill over the work", UNBOUNDED),
    "bill_volatility": ("cost structure", "1/sqrt(year)", "volatility of the daily bill", SIZE),
    "cost_at_risk": (
        "cost structure",
        "1",
        "95th percentile of the daily bill over its mean, less one",
        UNBOUNDED,
    ),
    "generalised_cost": (
        "cost structure",
        "USD/Mtok",
        "cost with risk, lateness, failures, privacy and recourse",
        UNBOUNDED,
    ),
    "cost_lateness": ("cost structure", "USD/Mtok", "of it, for lateness", UNBOUNDED),
    "cost_exposure": ("cost structure", "USD/Mtok", "of it, for what the node can read", UNBOUNDED),
    "cost_recourse": (
        "cost structure",
        "USD/Mtok",
        "of it, for recourse that is not there",
        UNBOUNDED,
    ),
    "latency_p50": ("latency", "s", "median", SIZE),
    "latency_p95": ("latency", "s", "95th percentile", SIZE),
    "latency_p99": ("latency", "s", "99th percentile", SIZE),
    "latency_p99.9": ("latency", "s", "99.9th percentile", SIZE),
    "spikes": (
        "latency",
        "1",
        "share of tasks more than 500 ms slower than the median, longer answers included",
        SHARE,
    ),
    "uptime": ("service guarantees", "1", "share of requests that are answered", SHARE),
    "repeated": ("service guarantees", "1", "share of attempts that are repeated", SHARE),
    "wrong": (
        "service guarantees",
        "1",
        "share of answers that are made up or a smaller model's, and used",
        SHARE,
    ),
}  # factor, unit, meaning, bounds of a run's value


def percentiles(times: Cumulants, probabilities: Sequence[float] = PERCENTILES) -> np.ndarray:
    """Percentiles over all tasks of a run, whose distribution changes from day to day:
    (len(probabilities), runs) [s]. times: (runs, days).
    """
    found = []
    for p in probabilities:
        daily = quantile(times, p)
        low, high = daily.min(axis=1), daily.max(axis=1)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            above = exceedance(times, middle[:, None]).mean(axis=1) > 1.0 - p
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        found.append(0.5 * (low + high))
    return np.array(found)


def days_ahead(times: Cumulants) -> Cumulants:
    """The days behind the start, which is no day of its own. times: (runs, days)."""
    return Cumulants(*(part[:, 1:] for part in (times.mean, times.variance, times.third)))


def measures(offer: Offer, used: np.ndarray, parameters: Parameters) -> dict[str, np.ndarray]:
    """The numbers of `MEASURES` of one offer, (runs,) each. used: Mtok/day, (runs, days); the first
    day is the start.
    """
    ahead = {
        name: getattr(offer, name)[:, 1:] for name in ("bill", "cost", "failed", "wrong", "up")
    }
    times = days_ahead(offer.latency)
    tails = dict(zip(PERCENTILE_NAMES, percentiles(times), strict=True))
    spikes = exceedance(times, tails["latency_p50"][:, None] + SPIKE).mean(axis=1)
    mean = ahead["bill"].mean(axis=1)
    return {
        "bill": mean,
        "unit_cost": mean / used[:, 1:].mean(axis=1),
        "bill_volatility": volatility(np.maximum(offer.bill, 1e-300), parameters),
        "cost_at_risk": cost_at_risk(offer.bill, offer.bill),
        "generalised_cost": ahead["cost"].mean(axis=1),
        **{
            f"cost_{name}": offer.parts[name][:, 1:].mean(axis=1)
            for name in ("lateness", "exposure", "recourse")
        },
        **tails,
        "spikes": spikes,
        "uptime": ahead["up"].mean(axis=1),
        "repeated": ahead["failed"].mean(axis=1),
        "wrong": ahead["wrong"].mean(axis=1),
    }


def budget_at_risk(bills: np.ndarray, risk: float = 0.95) -> float:
    """Quantile over runs of the mean daily bill, (runs,) in, USD/day out."""
    return float(np.quantile(bills, risk))


def thinned(paths: Mapping[str, np.ndarray], every: int) -> dict[str, np.ndarray]:
    """The start and every so many days."""
    return {name: path[:, ::every] for name, path in paths.items()}
