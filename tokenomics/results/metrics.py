"""Every metric once: name, unit, meaning, and the function from a run's path to a number.

A metric's function takes the paths by name, (runs, times), and the parameters, and gives (runs,),
each from its own row alone; `simulation.time_step` is the time between the path's points. Over runs
each is reported with its Monte-Carlo confidence interval: Student's t, cut off at the metric's
bounds, and Wilson's for a probability.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from pydantic import BaseModel

from ..engines.suspects import suspect
from ..errors import ModelError
from ..inputs.arguments import NAMES, TEXT, checked
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..model.lanes import shipped
from ..parameters import Parameters, put
from .intervals import SHARE, SIZE, UNBOUNDED, Bounds
from .returns import drawdown

FEW, BESIDE = (
    4,
    1.1,
)  # runs on which a metric of a user's own is tried, and made-up ones beside them
ROUNDING = 1e-9  # relative; NumPy may add up a row otherwise in a smaller array
RUIN = 0.01  # a treasury below this share of its start is ruined
Paths = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    needs: the variables it is computed from. probability: its value is 0 or 1 in a run. better:
    "lower", "higher", or "" where neither is.
    bounds: between which its value lies by definition.
    """

    name: str
    unit: str
    meaning: str
    function: Callable[[Paths, Parameters], np.ndarray]
    needs: tuple[str, ...]
    probability: bool = False
    better: str = ""
    bounds: Bounds = UNBOUNDED

    @property
    def interval(self) -> dict[str, Any]:
        """How `intervals` and `summarise` are to treat its values."""
        return {"probability": self.probability, "bounds": self.bounds}

    @property
    def gap(self) -> Bounds:
        """Between which the difference of two values lies."""
        low, high = self.bounds
        return low - high, high - low


METRICS: dict[str, Metric] = {}


@checked(name=TEXT, unit=TEXT, meaning=TEXT, needs=NAMES)
def metric(
    name: str,
    unit: str,
    meaning: str,
    needs: tuple[str, ...],
    *,
    probability: bool = False,
    better: str = "",
    bounds: Bounds = UNBOUNDED,
):
    """Register a function `(paths, parameters) -> (runs,)` as a metric; raises ModelError where the
    name is taken.

    name, unit, meaning: as tables show them. needs: variables that it reads. probability: its
    values are 0 or 1, and the interval of their mean is Wilson's. better: "lower" or "higher", for
    comparisons; "" where it depends. bounds: between which its value lies by definition, in its
    unit.
    """
    if better not in ("", "lower", "higher"):
        raise ModelError(
            f"metric '{name}': better is '{better}'; expected lower, higher or nothing"
        )

    def register(function):
        # a notebook's cell may be run again
        known = METRICS.get(name)
        if known and (known.function.__module__, known.function.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise ModelError(f"metric '{name}' exists already")
        METRICS[name] = Metric(name, unit, meaning, function, needs, probability, better, bounds)
        return function

    return register


def _per_year(p: Parameters) -> float:
    return DAYS_PER_YEAR / p.simulation.time_step


def _mean_of(name: str, unit: str, meaning: str, variable: str, better: str = "") -> None:
    metric(name, unit, meaning, (variable,), better=better, bounds=SIZE)(
        lambda paths, p: np.mean(paths[variable][:, 1:], axis=1)
    )


def volatility(path: np.ndarray, p: Parameters) -> np.ndarray:
    """Annualised standard deviation of log changes (runs,) of a path (runs, times) [1/sqrt(year)];
    NaN of fewer than two changes.
    """
    if path.shape[1] < 3:
        return np.full(len(path), np.nan)
    return np.std(np.diff(np.log(path), axis=1), axis=1, ddof=1) * np.sqrt(_per_year(p))


def cost_at_risk(bill: np.ndarray, stablecoin: np.ndarray) -> np.ndarray:
    """95th percentile over time of a bill (runs, times) over the mean bill in stablecoin, less one
    (runs,).
    """
    mean = np.maximum(np.mean(stablecoin[:, 1:], axis=1), 1e-300)
    return np.percentile(bill[:, 1:], 95, axis=1) / mean - 1.0


@metric(
    "price_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of log returns",
    ("token_price",),
    better="lower",
    bounds=SIZE,
)
def price_volatility(paths, p):
    return volatility(paths["token_price"], p)


@metric(
    "max_drawdown",
    "1",
    "largest fall of the price from an earlier high",
    ("token_price",),
    better="lower",
    bounds=SHARE,
)
def max_drawdown(paths, p):
    return drawdown(paths["token_price"])


def _error(paths):
    return np.log(paths["reference_price"] / paths["token_price"])[:, 1:]


@metric(
    "tracking_rms",
    "1",
    "root mean square of ln(reference / price)",
    ("reference_price", "token_price"),
    better="lower",
    bounds=SIZE,
)
def tracking_rms(paths, p):
    return np.sqrt(np.mean(_error(paths) ** 2, axis=1))


@metric(
    "tracking_iae",
    "days",
    "integral of |ln(reference / price)| over time",
    ("reference_price", "token_price"),
    better="lower",
    bounds=SIZE,
)
def tracking_iae(paths, p):
    return np.sum(np.abs(_error(paths)), axis=1) * p.simulation.time_step


@metric(
    "control_effort",
    "USD/day",
    "mean absolute output of the actuator",
    ("control_output",),
    better="lower",
    bounds=SIZE,
)
def control_effort(paths, p):
    return np.mean(np.abs(paths["control_output"][:, 1:]), axis=1)


@metric(
    "treasury_min",
    "USD",
    "lowest reserve of the treasury",
    ("treasury_usd",),
    better="higher",
    bounds=SIZE,
)
def treasury_min(paths, p):
    return np.min(paths["treasury_usd"], axis=1)


@metric(
    "treasury_final",
    "USD",
    "reserve of the treasury at the end",
    ("treasury_usd",),
    better="higher",
    bounds=SIZE,
)
def treasury_final(paths, p):
    return paths["treasury_usd"][:, -1]


@metric(
    "ruin",
    "1",
    "probability that the reserve falls below 1 % of its start",
    ("treasury_usd",),
    probability=True,
    better="lower",
    bounds=SHARE,
)
def ruin(paths, p):
    reserve = paths["treasury_usd"]
    return np.any(reserve < RUIN * reserve[:, :1], axis=1).astype(float)


@metric(
    "attacker_profit",
    "USD",
    "profit of the attacker, 0 where there is none",
    ("attacker_profit",),
    better="lower",
)
def attacker_profit(paths, p):
    return paths["attacker_profit"][:, -1]


@metric(
    "front_profit",
    "USD",
    "profit of those who run ahead of the controller, 0 where nobody does",
    ("front_profit",),
)
def front_profit(paths, p):
    return paths["front_profit"][:, -1]


@metric("inflation", "1/year", "log growth of total supply", ("total_supply",))
def inflation(paths, p):
    total = paths["total_supply"]
    return (
        np.log(total[:, -1] / total[:, 0])
        * DAYS_PER_YEAR
        / ((total.shape[1] - 1) * p.simulation.time_step)
    )


@metric(
    "churn",
    "1/year",
    "nodes that left for good over the mean number of nodes",
    ("churned", "nodes"),
    better="lower",
    bounds=SIZE,
)
def churn(paths, p):
    return (
        np.mean(paths["churned"][:, 1:], axis=1) / np.mean(paths["nodes"], axis=1) * DAYS_PER_YEAR
    )


@metric(
    "operator_income",
    "USD/day",
    "mean income of all operators, tokens at their price",
    ("operator_income",),
    better="higher",
)
def _operator_income(paths, p):
    return np.mean(paths["operator_income"][:, 1:], axis=1)


@metric(
    "served_share",
    "1",
    "work served over work brought to the network",
    ("served", "demand"),
    better="higher",
    bounds=SHARE,
)
def served_share(paths, p):
    return np.sum(paths["served"][:, 1:], axis=1) / np.sum(paths["demand"][:, 1:], axis=1)


@metric(
    "uptime",
    "1",
    "mean share of nodes online while access can be checked",
    ("online",),
    better="higher",
    bounds=SHARE,
)
def uptime(paths, p):
    return np.mean(paths["online"][:, 1:], axis=1) * p.access.in_use.uptime


@metric(
    "sla_attainment",
    "1",
    "share of time with a p99 latency within that of the cloud plus a tenth",
    ("latency_p99",),
    better="higher",
    bounds=SHARE,
)
def sla_attainment(paths, p):
    return np.mean(paths["latency_p99"][:, 1:] <= 1.1 * p.cloud.latency_p99, axis=1)


@metric(
    "decoupling_index",
    "1",
    "mean |ln(token price / utility value)|",
    ("decoupling",),
    better="lower",
    bounds=SIZE,
)
def decoupling_index(paths, p):
    return np.mean(np.abs(paths["decoupling"][:, 1:]), axis=1)


@metric(
    "bill_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of log changes of the token bill",
    ("user_bill",),
    better="lower",
    bounds=SIZE,
)
def bill_volatility(paths, p):
    return volatility(np.maximum(paths["user_bill"], 1e-300), p)


@metric(
    "bill_cost_at_risk",
    "1",
    "95th percentile of the token bill over the mean stablecoin bill, less one",
    ("user_bill", "bill_stablecoin"),
    better="lower",
    bounds=(-1.0, np.inf),
)
def bill_cost_at_risk(paths, p):
    return cost_at_risk(paths["user_bill"], paths["bill_stablecoin"])


@metric("price_final", "USD/TOK", "price at the end", ("token_price",), bounds=SIZE)
def price_final(paths, p):
    return paths["token_price"][:, -1]


_mean_of("utilisation", "1", "mean work brought to the network over its capacity", "utilisation")
_mean_of("latency_mean", "s", "mean latency, over time", "latency_mean", "lower")
_mean_of("latency_p99", "s", "99th percentile of latency, mean over time", "latency_p99", "lower")
_mean_of("velocity_usage", "1/day", "usage turnover of circulating supply", "velocity_usage")
_mean_of(
    "velocity_speculative",
    "1/day",
    "speculative turnover of circulating supply",
    "velocity_speculative",
)


class _Asked:
    """Stands for a group of parameters, and writes down which of them are asked for."""

    def __init__(self, node: Any, found: set[str], prefix: str = ""):
        self._node, self._found, self._prefix = node, found, prefix

    def _at(self, name: str, value: Any) -> Any:
        path = f"{self._prefix}{name}"
        if isinstance(value, (BaseModel, Mapping)):
            return _Asked(value, self._found, f"{path}.")
        self._found.add(path)
        return value

    def __getattr__(self, name: str) -> Any:
        computed = getattr(type(self._node), name, None)
        if isinstance(computed, property):
            return computed.fget(self)
        value = getattr(self._node, name)
        return value if callable(value) else self._at(name, value)

    def __getitem__(self, name: str) -> Any:
        return self._at(name, self._node[name])


def asked(name: str, parameters: Parameters) -> frozenset[str] | None:
    """Paths of the parameters that a metric's function asks for; None where that cannot be told."""
    found: set[str] = set()
    try:
        with np.errstate(all="ignore"):
            METRICS[name].function(
                {needed: np.ones((2, 3)) for needed in METRICS[name].needs},
                _Asked(parameters, found),
            )
    except Exception:  # an untrusted function, on paths that may be none of its kind
        return None
    return frozenset(found)


class _Untold(NDArrayOperatorsMixin):
    """Stands for a parameter that differs between runs, to find out whether a metric asks for
    it.
    """

    class Asked(Exception):
        """It was asked for."""

    def _ask(self, *_, **__):
        raise self.Asked

    __array_ufunc__ = __array__ = __array_function__ = __float__ = __int__ = __index__ = (
        __bool__
    ) = __len__ = __iter__ = __getattr__ = _ask


def _value(name: str, paths: Paths, parameters: Parameters) -> np.ndarray:
    """A metric, (runs,). Raises ModelError where its function fails or gives something else."""
    function, needs = METRICS[name].function, METRICS[name].needs
    runs = len(paths[needs[0]])
    try:
        value = function(paths, parameters)
    except _Untold.Asked:
        raise
    except Exception as error:
        raise ModelError(f"metric '{name}': {type(error).__name__}: {error}") from error
    if np.shape(value) != (runs,):
        raise ModelError(
            f"metric '{name}' gives the shape {np.shape(value)}; expected one number a run, "
            f"({runs},)"
        )
    if not shipped(function):
        _expect_pure(name, paths, parameters, np.asarray(value, dtype=float))
    return np.asarray(value, dtype=float)


def _expect_pure(name: str, paths: Paths, parameters: Parameters, value: np.ndarray) -> None:
    """Raise ModelError where a function of a user's own gives other numbers for equal paths, or
    computes a run's from the runs beside it.
    """
    function = METRICS[name].function
    if found := suspect(function):
        raise ModelError(f"metric '{name}' {found}")
    few = {n: path[: min(len(value), FEW)][::-1] for n, path in paths.items()}
    once, again = (np.asarray(function(few, parameters), dtype=float) for _ in range(2))
    if not np.array_equal(once, again, equal_nan=True):
        raise ModelError(
            f"metric '{name}' gives another number for equal paths: it draws random numbers, reads "
            f"a clock or remembers"
        )
    try:
        with np.errstate(all="ignore"):
            beside = np.asarray(
                function(
                    {n: np.concatenate([path, BESIDE * path]) for n, path in few.items()},
                    parameters,
                ),
                dtype=float,
            )
    except Exception:  # it may take no made-up paths
        beside = once
    for other in (value[: len(once)][::-1], beside[: len(once)]):
        if not np.allclose(once, other, rtol=ROUNDING, atol=0.0, equal_nan=True):
            raise ModelError(
                f"metric '{name}' gives a run another number when other runs are beside it; "
                f"expected a number of its own row alone"
            )


def evaluate_metrics(
    names: Sequence[str],
    paths: Paths,
    parameters: Parameters,
    swept: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Metrics (runs,) by name.

    paths: (runs, times) by variable. swept: parameters that differ between runs, (runs,) by path. A
    metric that asks for one of them is computed one parameter point at a time. Raises ModelError
    for a metric whose function fails.
    """
    if not swept:
        return {name: _value(name, paths, parameters) for name in names}
    untold, found = put(parameters, dict.fromkeys(swept, _Untold())), {}
    columns = np.stack(list(swept.values()))
    starts = [
        0,
        *(np.flatnonzero(np.any(np.diff(columns, axis=1) != 0.0, axis=0)) + 1),
        columns.shape[1],
    ]
    for name in names:
        try:
            found[name] = _value(name, paths, untold)
        except _Untold.Asked:
            parts = []
            for begin, end in itertools.pairwise(starts):
                point = put(
                    parameters, {path: float(column[begin]) for path, column in swept.items()}
                )
                parts.append(
                    _value(name, {n: paths[n][begin:end] for n in METRICS[name].needs}, point)
                )
            found[name] = np.concatenate(parts)
    return found
