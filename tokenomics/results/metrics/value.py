"""Metrics of worth, bills and turnover, and plain means over time."""

from __future__ import annotations

import numpy as np

from ...model.blocks.ledger import SPECULATIVE
from ...model.model import MODEL
from ..folds import (
    closes_a_day,
    daily_net,
    last_of,
    mean,
    mean_of,
    total,
    volatility_of,
)
from ..intervals import SIZE
from .declaration import folded, metric

RISK = 0.95  # quantile of a bill at risk


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
