"""Every metric once: name, unit, meaning, and how a run becomes a number.

A metric is a fold over the closes, which the compiled step runs and no path is kept for, or, where
it needs all closes at once, a function. That takes the paths by name, (runs, times), and the
parameters, and gives (runs,), each from its own row alone. `simulation.time_step` is the time
between the closes. Over runs each metric is reported with its Monte-Carlo confidence interval:
Student's t, cut off at the metric's bounds, and Wilson's for a probability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elementary import log
from ..engines.folds import Fold
from ..errors import ModelError
from ..inputs.arguments import NAMES, TEXT, checked
from ..inputs.bounds import CENTURY
from ..model.blocks.ledger import SPECULATIVE
from ..model.formulas.liquidity import kind_of, proceeds
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..model.formulas.outages import cloud_up, network_up
from ..model.lanes import same_function
from ..model.model import MODEL
from ..model.same_bits import with_our_functions
from ..parameters import Parameters
from .folds import (
    at_end,
    closes_a_day,
    daily_net,
    drawdown_of,
    first_and_last,
    integral_of,
    last_of,
    market_part,
    mean,
    mean_of,
    slope_of,
    total,
    volatility_of,
)
from .intervals import SHARE, SIZE, UNBOUNDED, Bounds

RISK = 0.95  # quantile of a bill at risk
LOW = 0.1  # a reserve of at most this share of its start is low
LONGEST = CENTURY  # days of a treasury that pays nothing, or so little that it would last longer
Paths = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    function: from paths. needs: the variables it is computed from. probability: its value is 0 or 1
    in a run. better: "lower", "higher", or "" where neither is. bounds: between which its value
    lies by definition. fold: of which the function is the form for paths; None where it is no fold.
    """

    name: str
    unit: str
    meaning: str
    function: Callable[[Paths, Parameters], np.ndarray]
    needs: tuple[str, ...]
    probability: bool = False
    better: str = ""
    bounds: Bounds = UNBOUNDED
    fold: Fold | None = None

    @property
    def label(self) -> str:
        """What a reader calls it; `name` is what files and options take."""
        return LABELS.get(self.name, self.name.replace("_", " "))

    @property
    def interval(self) -> dict[str, Any]:
        """How `intervals` and `summarise` are to treat its values."""
        return {"probability": self.probability, "bounds": self.bounds}

    @property
    def gap(self) -> Bounds:
        """Between which the difference of two values lies."""
        low, high = self.bounds
        return low - high, high - low


# where the name with its underscores as spaces would not do
LABELS = {
    "price_volatility": "volatility of the price",
    "factor_share": "market's share of the swings",
    "own_volatility": "volatility of the token's own",
    "max_drawdown": "largest fall of the price",
    "tracking_rms": "tracking error",
    "tracking_iae": "tracking error summed over time",
    "rule_procyclicality": "what the rule takes as fees fall",
    "minted": "tokens minted",
    "treasury_min": "lowest reserve",
    "treasury_final": "reserve at the end",
    "treasury_value": "treasury's worth at the market's price",
    "treasury_value_pool": "treasury's worth if it were sold",
    "treasury_runway": "runway of the reserve",
    "treasury_low": "reserve falls to a tenth",
    "treasury_low_day": "day on which the reserve is a tenth",
    "treasury_unpaid": "costs cannot be paid",
    "faker_profit": "profit of faked usage",
    "front_profit": "profit of running ahead",
    "credits_halted": "the sale of credits halts",
    "credits_halted_days": "days without a sale of credits",
    "credits_minted": "tokens minted for credits",
    "served_share": "share of the work served",
    "sla_attainment": "share of answers in time",
    "service_uptime": "share of the work answered in time",
    "cloud_service_uptime": "the same on the cloud",
    "decoupling_index": "mean distance from utility value",
    "decoupling_rms": "distance from utility value",
    "bill_volatility": "volatility of the token bill",
    "velocity_speculative": "speculative velocity",
    "bill_cost_at_risk": "token bill at risk",
    "price_final": "price at the end",
    "bad_share": "share of bad answers",
    "latency_mean": "mean latency",
    "latency_p99": "99th percentile of latency",
    "velocity_usage": "velocity of use",
    "demand_concentration": "concentration of demand",
}
METRICS: dict[str, Metric] = {}
OWN_LIQUIDITY = ("protocol_owned", "pool_tok", "pool_usd")
MAIN = (  # what a terminal shows first
    "price_volatility",
    "tracking_rms",
    "control_effort",
    "treasury_min",
    "treasury_low",
    "treasury_unpaid",
    "bill_cost_at_risk",
)
DEPLETING = (  # what a year may not show
    "treasury_low",
    "treasury_unpaid",
    "treasury_value",
    "treasury_runway",
    "treasury_final",
)


def needed(names: Iterable[str]) -> list[str]:
    """The variables that some metrics are computed from."""
    return sorted({variable for name in names for variable in METRICS[name].needs})


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
    """Register a function as a metric, as a decorator.

    In a function of a user's own NumPy's elementary functions are this package's, whose bits are
    the same on every processor.

    Parameters
    ----------
    name, unit, meaning : str
        As tables show them.
    needs : tuple of str
        Variables that it reads.
    probability : bool
        Its values are 0 or 1, and the interval of their mean is Wilson's.
    better : {"lower", "higher", ""}
        For comparisons; "" where it depends.
    bounds : (float, float)
        Between which its value lies by definition, in its unit.

    Returns
    -------
    callable
        The decorator of a function `(paths, parameters)`. Its paths have the shape (runs, times),
        its result the shape (runs,).

    Raises
    ------
    ModelError
        Where the name is taken.

    Examples
    --------
    >>> @tk.metric("last_price", "USD/TOK", "price on the last day", ("token_price",))
    ... def last_price(paths, parameters):
    ...     return paths["token_price"][:, -1]
    >>> int(tk.run(days=2, runs=3, engine="ensemble").metrics().loc["last_price", "n"])
    3
    """
    if better not in ("", "lower", "higher"):
        raise ModelError(
            f"metric '{name}': better is '{better}'; expected lower, higher or nothing"
        )

    def register(function):
        known = METRICS.get(name)
        if known and not same_function(known.function, function):
            raise ModelError(f"metric '{name}' exists already")
        ours = with_our_functions(function)
        METRICS[name] = Metric(name, unit, meaning, ours, needs, probability, better, bounds)
        return function

    return register


def folded(
    name: str,
    unit: str,
    meaning: str,
    fold: Fold,
    *,
    probability: bool = False,
    better: str = "",
    bounds: Bounds = UNBOUNDED,
) -> None:
    """Register a fold as a metric; see `metric`."""
    METRICS[name] = Metric(
        name, unit, meaning, fold.over, fold.needs, probability, better, bounds, fold
    )


def cost_at_risk(bill: np.ndarray, stablecoin: np.ndarray) -> np.ndarray:
    """95th percentile over time of a bill (runs, times) over the mean bill in stablecoin, less one
    (runs,).
    """
    # in the order of days: NumPy's own sum has another order in an array of another shape
    mean = np.cumsum(stablecoin[:, 1:], axis=1)[:, -1] / (stablecoin.shape[1] - 1)
    return _quantile(bill[:, 1:], RISK) / np.maximum(mean, 1e-300) - 1.0


def _quantile(values: np.ndarray, share: float) -> np.ndarray:
    """A quantile of every row, between the two nearest values (type 7 of Hyndman and Fan, American
    Statistician 50 (1996) 361, as NumPy's, at a third of its time).
    """
    place = share * (values.shape[1] - 1)
    below = int(place)
    parted = np.partition(values, below, axis=1)
    if place == below:
        return parted[:, below]
    low, high = parted[:, below], np.min(parted[:, below + 1 :], axis=1)
    return low + (place - below) * (high - low)


folded(
    "price_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of daily log returns",
    volatility_of("token_price"),
    better="lower",
    bounds=SIZE,
)
folded(
    "factor_share",
    "1",
    "share of the variance of daily log returns that the market's moves account for, 0 where none "
    "reach the token",
    market_part(
        lambda returns, market, both, p, count: np.minimum(
            both * both / np.where(returns * market > 0.0, returns * market, 1.0), 1.0
        )
    ),
    bounds=SHARE,
)
folded(
    "own_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of daily log returns less the market's part in them: what a "
    "policy can act on",
    market_part(
        lambda returns, market, both, p, count: (
            np.sqrt(np.maximum(returns - 2.0 * both + market, 0.0) / (count - 1))
            * np.sqrt(DAYS_PER_YEAR / p.simulation.time_step)
        )
    ),
    better="lower",
    bounds=SIZE,
)
folded(
    "max_drawdown",
    "1",
    "largest fall of the daily price from an earlier high",
    drawdown_of("token_price"),
    better="lower",
    bounds=SHARE,
)


def _error(now, p):
    return log(now["reference_price"] / now["token_price"])


folded(
    "tracking_rms",
    "1",
    "root mean square of ln(reference / price), each policy's own reference",
    total(
        ("reference_price", "token_price"),
        lambda now, p: np.square(_error(now, p)),
        lambda squares, p, count: np.sqrt(squares / count),
    ),
    better="lower",
    bounds=SIZE,
)
folded(
    "tracking_iae",
    "days",
    "integral of |ln(reference / price)| over time, each policy's own reference",
    total(
        ("reference_price", "token_price"),
        lambda now, p: np.abs(_error(now, p)),
        lambda sizes, p, count: sizes * p.simulation.time_step,
    ),
    better="lower",
    bounds=SIZE,
)
folded(
    "control_effort",
    "USD/day",
    "mean absolute output of the actuator",
    mean(("control_output",), lambda now, p: np.abs(now["control_output"])),
    better="lower",
    bounds=SIZE,
)
folded(
    "purchases",
    "USD/day",
    "mean of what the controller buys, sales not counted against it",
    mean(("control_output",), lambda now, p: np.maximum(now["control_output"], 0.0)),
    better="lower",
    bounds=SIZE,
)


def _given(now, base, p):
    """What the rule gives market and operators in a step [USD/day]. base: emission but for the
    rule's multiplier [TOK/day].
    """
    emission = (now["emitted"] - base) * now["token_price"]
    burned = (now["burn_share"] - p.supply.burn_share) * now["fees"]
    return now["control_output"] + emission - burned


def _unmultiplied(before, now):
    """Emission but for the rule's multiplier; where that is 0, that of the close before."""
    multiplier = now["emission_multiplier"]
    there = multiplier > 0.0
    return np.where(there, now["emitted"] / np.where(there, multiplier, 1.0), before)


folded(
    "rule_procyclicality",
    "1",
    "USD that the rule gives less for each USD that fees fall, the slope over weeks of what it "
    "gives on fees: purchases less sales, and what it adds to emission, less what it adds to "
    "burned fees; 0 where either stands still",
    slope_of(
        (
            "fees",
            "control_output",
            "emitted",
            "emission_multiplier",
            "burn_share",
            "token_price",
        ),
        "fees",
        _given,
        _unmultiplied,
    ),
    better="lower",
)
folded(
    "minted",
    "TOK",
    "tokens minted: emission, and what the controller and credits mint",
    integral_of("minted"),
    bounds=SIZE,
)
folded(
    "treasury_min",
    "USD",
    "lowest reserve of the treasury",
    Fold(
        ("treasury_usd",),
        lambda first, p: {"lowest": first["treasury_usd"]},
        lambda before, now, p: {"lowest": np.minimum(before["lowest"], now["treasury_usd"])},
        lambda after, p, count: after["lowest"],
    ),
    better="higher",
    bounds=SIZE,
)
folded(
    "treasury_final",
    "USD",
    "reserve of the treasury at the end",
    last_of("treasury_usd"),
    better="higher",
    bounds=SIZE,
)


folded(
    "treasury_value",
    "USD",
    "the treasury's USD, tokens and liquidity at the end, tokens at the price in the market",
    at_end(
        ("treasury_usd", "treasury_tok", "token_price", *OWN_LIQUIDITY),
        lambda last, p: (
            last["treasury_usd"]
            + (last["treasury_tok"] + last["protocol_owned"] * last["pool_tok"])
            * last["token_price"]
            + last["protocol_owned"] * last["pool_usd"]
        ),
    ),
    better="higher",
    bounds=SIZE,
)
folded(
    "treasury_value_pool",
    "USD",
    "the treasury's USD at the end and what the market would pay for all its tokens, once it has "
    "taken its liquidity out",
    at_end(
        ("treasury_usd", "treasury_tok", "token_price", *OWN_LIQUIDITY),
        lambda last, p: (
            last["treasury_usd"]
            + last["protocol_owned"] * last["pool_usd"]
            + proceeds(
                kind_of(p.market),
                last["token_price"],
                last["pool_tok"] * (1.0 - last["protocol_owned"]),
                last["pool_usd"] * (1.0 - last["protocol_owned"]),
                last["treasury_tok"] + last["protocol_owned"] * last["pool_tok"],
                p.market.book_depth,
            )
        ),
    ),
    better="higher",
    bounds=SIZE,
)


def _runway(last, p):
    reserve, cost = last["treasury_usd"], last["operating_cost"]
    ends = cost * LONGEST > reserve
    return np.where(ends, reserve / np.where(ends, cost, 1.0), LONGEST)


folded(
    "treasury_runway",
    "days",
    "reserve at the end over the operating cost a day, a century at most",
    at_end(("treasury_usd", "operating_cost"), _runway),
    better="higher",
    bounds=(0.0, LONGEST),
)


def _falls(finish):
    """A fold of the days until the reserve is low. low: 1 from then on. above: the times, the start
    among them, at which it never was. A reserve that starts with nothing cannot fall.
    """

    def least(start):
        return np.where(start > 0.0, LOW * start, -1.0)

    def after(reserve, least, low, above):
        low = np.where(reserve <= least, 1.0, low)
        return {"least": least, "low": low, "above": above + (1.0 - low)}

    return Fold(
        ("treasury_usd",),
        lambda first, p: after(first["treasury_usd"], least(first["treasury_usd"]), 0.0, 0.0),
        lambda before, now, p: after(now["treasury_usd"], **before),
        finish,
    )


folded(
    "treasury_low",
    "1",
    f"probability that the reserve falls to {100.0 * LOW:g} % of its start",
    _falls(lambda after, p, count: after["low"]),
    probability=True,
    better="lower",
    bounds=SHARE,
)
folded(
    "treasury_low_day",
    "days",
    f"first day on which the reserve is at most {100.0 * LOW:g} % of its start, the span where "
    "there is none",
    _falls(
        lambda after, p, count: np.minimum(after["above"], float(count)) * p.simulation.time_step
    ),
    better="higher",
    bounds=SIZE,
)
folded(
    "treasury_unpaid",
    "1",
    "probability that the treasury cannot pay its planned operating cost on some day",
    Fold(
        ("cost_paid", "operating_cost"),
        lambda first, p: {"unpaid": 0.0},
        lambda before, now, p: {
            "unpaid": np.where(now["cost_paid"] < now["operating_cost"], 1.0, before["unpaid"])
        },
        lambda after, p, count: after["unpaid"],
    ),
    probability=True,
    better="lower",
    bounds=SHARE,
)
folded(
    "attacker_profit",
    "USD",
    "profit of the attacker, 0 where there is none",
    last_of("attacker_profit"),
    better="lower",
)
folded(
    "faker_profit",
    "USD",
    "what who fakes usage receives less what he pays, 0 where nobody does; its worth is the "
    "difference to the same run with wash_usage.size zero",
    last_of("faker_profit"),
    better="lower",
)
folded(
    "front_profit",
    "USD",
    "profit of those who run ahead of the controller since the start, 0 where nobody does",
    first_and_last("front_profit", lambda first, last, p, count: last - first),
)
folded(
    "credits_halted",
    "1",
    "probability that no credits are sold on some day, 0 where customers do not pay with credits",
    Fold(
        ("halted",),
        lambda first, p: {"halted": 0.0},
        lambda before, now, p: {"halted": np.maximum(before["halted"], now["halted"])},
        lambda after, p, count: after["halted"],
    ),
    probability=True,
    better="lower",
    bounds=SHARE,
)
folded(
    "credits_halted_days",
    "days",
    "days on which no credits are sold, 0 where customers do not pay with credits",
    integral_of("halted"),
    better="lower",
    bounds=SIZE,
)
folded(
    "credits_minted",
    "TOK",
    "tokens minted beyond the vault for credits that were redeemed, 0 where customers do not pay "
    "with credits",
    integral_of("minted_for_credits"),
    better="lower",
    bounds=SIZE,
)
folded(
    "inflation",
    "1/year",
    "log growth of total supply",
    first_and_last(
        "total_supply",
        lambda first, last, p, count: (
            log(last / first) * DAYS_PER_YEAR / (count * p.simulation.time_step)
        ),
    ),
)
folded(
    "churn",
    "1/year",
    "nodes that left for good over the mean number of nodes",
    Fold(
        ("churned", "nodes"),
        lambda first, p: {"churned": 0.0, "nodes": first["nodes"]},
        lambda before, now, p: {name: before[name] + now[name] for name in before},
        lambda after, p, count: (
            after["churned"] / count / (after["nodes"] / (count + 1)) * DAYS_PER_YEAR
        ),
    ),
    better="lower",
    bounds=SIZE,
)
folded(
    "operator_income",
    "USD/day",
    "mean income of all operators, tokens at their price",
    mean_of("operator_income"),
    better="higher",
)
folded(
    "served_share",
    "1",
    "work served over work brought to the network",
    Fold(
        ("served", "demand"),
        lambda first, p: {"served": 0.0, "demand": 0.0},
        lambda before, now, p: {name: before[name] + now[name] for name in before},
        lambda after, p, count: after["served"] / after["demand"],
    ),
    better="higher",
    bounds=SHARE,
)
folded(
    "uptime",
    "1",
    "mean share of nodes online while access can be checked",
    total(
        ("online",),
        lambda now, p: now["online"],
        lambda online, p, count: online / count * p.access.in_use.uptime,
    ),
    better="higher",
    bounds=SHARE,
)
folded(
    "sla_attainment",
    "1",
    "share of answered tasks within the latency limit of their class, mean over time",
    mean_of("in_time"),
    better="higher",
    bounds=SHARE,
)
folded(
    "service_uptime",
    "1",
    (
        "share of the work brought to the network that is served within the latency limit of its "
        "class, outages of gateway, oracle, chain and identity service counted"
    ),
    Fold(
        ("served", "demand", "in_time"),
        lambda first, p: {"served": 0.0, "demand": 0.0},
        lambda before, now, p: {
            "served": before["served"] + now["served"] * now["in_time"],
            "demand": before["demand"] + now["demand"],
        },
        lambda after, p, count: after["served"] / after["demand"] * network_up(p.outages, p.access),
    ),
    better="higher",
    bounds=SHARE,
)
folded(
    "cloud_service_uptime",
    "1",
    "the same share, were the work on the cloud",
    total(
        ("cloud_in_time",),
        lambda now, p: now["cloud_in_time"],
        lambda kept, p, count: kept / count * cloud_up(p.outages, p.cloud),
    ),
    better="higher",
    bounds=SHARE,
)
folded(
    "decoupling_index",
    "1",
    "mean |ln(token price / utility value)|",
    mean(("decoupling",), lambda now, p: np.abs(now["decoupling"])),
    better="lower",
    bounds=SIZE,
)
folded(
    "decoupling_rms",
    "1",
    "root mean square of ln(token price / utility value): the same yardstick for policies whose "
    "references differ",
    total(
        ("decoupling",),
        lambda now, p: np.square(now["decoupling"]),
        lambda squares, p, count: np.sqrt(squares / count),
    ),
    better="lower",
    bounds=SIZE,
)
folded(
    "bill_volatility",
    "1/sqrt(year)",
    "annualised standard deviation of daily log changes of the token bill",
    volatility_of("user_bill", least=1e-300),
    better="lower",
    bounds=SIZE,
)


ORDERS = [
    name
    for side in (MODEL.orders.bought, MODEL.orders.sold)
    for ledger in SPECULATIVE
    for name in side[ledger]
]


def _traded(now, p):
    """What speculators buy net, and arbitrage, of circulating supply."""
    orders, per = MODEL.orders, 1.0 / now["circulating_supply"]
    bought = orders.purchases(now, *SPECULATIVE) / now["settlement_price"]
    net = bought - orders.sales(now, *SPECULATIVE)
    return {"orders": net * per, "arbitrage": now["arbitrage_tok"] * per}


folded(
    "velocity_speculative",
    "1/day",
    "speculative turnover of circulating supply, net of each day",
    daily_net(
        (*ORDERS, "settlement_price", "arbitrage_tok", "circulating_supply"),
        _traded,
    ),
    bounds=SIZE,
)


@metric(
    "bill_cost_at_risk",
    "1",
    "95th percentile of daily token bills over the mean stablecoin bill, less one",
    ("user_bill", "bill_stablecoin"),
    better="lower",
    bounds=(-1.0, np.inf),
)
def bill_cost_at_risk(paths, p):
    apart = closes_a_day(p)
    return cost_at_risk(paths["user_bill"][:, ::apart], paths["bill_stablecoin"][:, ::apart])


folded("price_final", "USD/TOK", "price at the end", last_of("token_price"), bounds=SIZE)

for _name, _unit, _meaning, _better in (
    ("utilisation", "1", "mean work brought to the network, faked work too, over its capacity", ""),
    (
        "bad_share",
        "1",
        "share of answers that are made up or a smaller model's, which nobody finds out",
        "lower",
    ),
    ("latency_mean", "s", "mean latency, over time", "lower"),
    ("latency_p99", "s", "99th percentile of latency, mean over time", "lower"),
    ("velocity_usage", "1/day", "usage turnover of circulating supply", ""),
    (
        "demand_concentration",
        "1",
        "Herfindahl index of the work brought to the network, and so of fees, by workload class, "
        "mean over time: 1 over the effective number of classes",
        "lower",
    ),
):
    folded(_name, _unit, _meaning, mean_of(_name), better=_better, bounds=SIZE)
