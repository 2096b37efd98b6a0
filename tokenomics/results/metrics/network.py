"""Metrics of supply, operators and service."""

from __future__ import annotations

from ...elementary import log
from ...engines.folds import Fold
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...model.formulas.outages import cloud_up, network_up
from ..folds import (
    first_and_last,
    mean_of,
    total,
)
from ..intervals import SHARE, SIZE
from .declaration import folded

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
