"""Every metric once: name, unit, meaning, and the function from a run's path to a number.

A metric's function takes the paths by name, (runs, times), and the parameters, and gives (runs,). Over runs each is
reported with its Monte-Carlo confidence interval: Student's t, and Wilson's for a probability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..errors import ModelError
from ..kinetics import DAYS_PER_YEAR
from ..parameters import Parameters

LEVEL = 0.95  # of the confidence intervals
RUIN = 0.01  # a treasury below this share of its start is ruined
Paths = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A registered metric. needs: the variables it is computed from. probability: its value is 0 or 1 in a run."""

    name: str
    unit: str
    meaning: str
    function: Callable[[Paths, Parameters], np.ndarray]
    needs: tuple[str, ...]
    probability: bool = False


METRICS: dict[str, Metric] = {}


def metric(name: str, unit: str, meaning: str, needs: tuple[str, ...], *, probability: bool = False):
    """Register a function `(paths, parameters) -> (runs,)` as a metric; raises ModelError where the name is taken."""

    def register(function):
        # a notebook's cell may be run again
        known = METRICS.get(name)
        if known and (known.function.__module__, known.function.__qualname__) != (function.__module__, function.__qualname__):
            raise ModelError(f"metric '{name}' exists already")
        METRICS[name] = Metric(name, unit, meaning, function, needs, probability)
        return function

    return register


def _per_year(p: Parameters) -> float:
    return DAYS_PER_YEAR / p.simulation.time_step


def _mean_of(name: str, unit: str, meaning: str, variable: str) -> None:
    metric(name, unit, meaning, (variable,))(lambda paths, p: np.mean(paths[variable][:, 1:], axis=1))


@metric("price_volatility", "1/sqrt(year)", "annualised standard deviation of log returns", ("token_price",))
def price_volatility(paths, p):
    return np.std(np.diff(np.log(paths["token_price"]), axis=1), axis=1, ddof=1) * np.sqrt(_per_year(p))


@metric("max_drawdown", "1", "largest fall of the price from an earlier high", ("token_price",))
def max_drawdown(paths, p):
    price = paths["token_price"]
    return np.max(1.0 - price / np.maximum.accumulate(price, axis=1), axis=1)


def _error(paths):
    return np.log(paths["reference_price"] / paths["token_price"])[:, 1:]


@metric("tracking_rms", "1", "root mean square of ln(reference / price)", ("reference_price", "token_price"))
def tracking_rms(paths, p):
    return np.sqrt(np.mean(_error(paths) ** 2, axis=1))


@metric("tracking_iae", "days", "integral of |ln(reference / price)| over time", ("reference_price", "token_price"))
def tracking_iae(paths, p):
    return np.sum(np.abs(_error(paths)), axis=1) * p.simulation.time_step


@metric("control_effort", "USD/day", "mean absolute output of the actuator", ("control_output",))
def control_effort(paths, p):
    return np.mean(np.abs(paths["control_output"][:, 1:]), axis=1)


@metric("treasury_min", "USD", "lowest reserve of the treasury", ("treasury_usd",))
def treasury_min(paths, p):
    return np.min(paths["treasury_usd"], axis=1)


@metric("treasury_final", "USD", "reserve of the treasury at the end", ("treasury_usd",))
def treasury_final(paths, p):
    return paths["treasury_usd"][:, -1]


@metric("ruin", "1", "probability that the reserve falls below 1 % of its start", ("treasury_usd",), probability=True)
def ruin(paths, p):
    reserve = paths["treasury_usd"]
    return np.any(reserve < RUIN * reserve[:, :1], axis=1).astype(float)


@metric("inflation", "1/year", "log growth of total supply", ("total_supply",))
def inflation(paths, p):
    total = paths["total_supply"]
    return np.log(total[:, -1] / total[:, 0]) * DAYS_PER_YEAR / ((total.shape[1] - 1) * p.simulation.time_step)


@metric("churn", "1/year", "nodes that left for good over the mean number of nodes", ("churned", "nodes"))
def churn(paths, p):
    return np.mean(paths["churned"][:, 1:], axis=1) / np.mean(paths["nodes"], axis=1) * DAYS_PER_YEAR


@metric("served_share", "1", "work served over work brought to the network", ("served", "demand"))
def served_share(paths, p):
    return np.sum(paths["served"][:, 1:], axis=1) / np.sum(paths["demand"][:, 1:], axis=1)


@metric("uptime", "1", "mean share of nodes online", ("availability", "outage_share"))
def uptime(paths, p):
    return np.mean((paths["availability"] * (1.0 - paths["outage_share"]))[:, 1:], axis=1)


@metric("sla_attainment", "1", "share of time with a p99 latency within that of the cloud plus a tenth", ("latency_p99",))
def sla_attainment(paths, p):
    return np.mean(paths["latency_p99"][:, 1:] <= 1.1 * p.cloud.latency_p99, axis=1)


@metric("decoupling_index", "1", "mean |ln(token price / utility value)|", ("decoupling",))
def decoupling_index(paths, p):
    return np.mean(np.abs(paths["decoupling"][:, 1:]), axis=1)


@metric("bill_volatility", "1/sqrt(year)", "annualised standard deviation of log changes of the token bill", ("user_bill",))
def bill_volatility(paths, p):
    bill = np.maximum(paths["user_bill"], 1e-300)
    return np.std(np.diff(np.log(bill), axis=1), axis=1, ddof=1) * np.sqrt(_per_year(p))


@metric(
    "bill_cost_at_risk",
    "1",
    "95th percentile of the token bill over the mean stablecoin bill, less one",
    ("user_bill", "bill_stablecoin"),
)
def bill_cost_at_risk(paths, p):
    mean = np.maximum(np.mean(paths["bill_stablecoin"][:, 1:], axis=1), 1e-300)
    return np.percentile(paths["user_bill"][:, 1:], 95, axis=1) / mean - 1.0


@metric("price_final", "USD/TOK", "price at the end", ("token_price",))
def price_final(paths, p):
    return paths["token_price"][:, -1]


_mean_of("utilisation", "1", "mean work brought to the network over its capacity", "utilisation")
_mean_of("latency_mean", "s", "mean latency, over time", "latency_mean")
_mean_of("latency_p99", "s", "99th percentile of latency, mean over time", "latency_p99")
_mean_of("velocity_usage", "1/day", "usage turnover of circulating supply", "velocity_usage")
_mean_of("velocity_speculative", "1/day", "speculative turnover of circulating supply", "velocity_speculative")


@dataclass(frozen=True)
class Summary:
    """Mean over runs with its interval; low and high are None for a single run. failed: runs that are not counted."""

    mean: float
    low: float | None
    high: float | None
    n: int
    failed: int


def summarise(per_run: np.ndarray, *, probability: bool = False, level: float = LEVEL) -> Summary:
    """Mean and confidence interval of a metric's values (runs,); NaN marks a failed run."""
    good = per_run[np.isfinite(per_run)]
    failed, n = len(per_run) - len(good), len(good)
    if n == 0:
        return Summary(np.nan, None, None, 0, failed)
    mean = float(np.mean(good))
    if n == 1:
        return Summary(mean, None, None, 1, failed)
    if probability:
        interval = stats.binomtest(round(float(np.sum(good))), n).proportion_ci(level, method="wilson")
        return Summary(mean, float(interval.low), float(interval.high), n, failed)
    half = float(stats.t.ppf(0.5 + level / 2.0, n - 1) * np.std(good, ddof=1) / np.sqrt(n))
    return Summary(mean, mean - half, mean + half, n, failed)
