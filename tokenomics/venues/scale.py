"""Scale: what happens on the network when demand doubles within a day, against the same runs
without it. The cloud serves it at its list price.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import InputError
from ..parameters import Parameters

SCENARIO, AHEAD = "demand_doubling", 30  # days after the doubling that are looked at
RECORDED = ("served", "demand", "inference_price", "latency_p99", "token_price")
MEASURES = {
    "served_after": (
        "1",
        f"share of the network's demand served in the {AHEAD} days after demand doubles",
    ),
    "price_after": ("1", f"price per Mtok {AHEAD} days after it, over that without it"),
    "price_highest": ("1", "highest price per Mtok after it, over that without it"),
    "latency_after": ("s", f"highest p99 of a request in the {AHEAD} days after it"),
    "token_after": ("1", f"token price {AHEAD} days after it, over that without it"),
}  # unit, meaning


def scale_measures(
    calm: Mapping[str, np.ndarray], doubled: Mapping[str, np.ndarray], values: Parameters
) -> dict[str, np.ndarray]:
    """The numbers of `MEASURES`, (runs,) each.

    calm, doubled: paths (runs, times) of `RECORDED` on common shocks; the first time is day 0.
    values: the parameters of `doubled`, which say when demand doubles. Raises InputError for a span
    that ends before the days behind it that are looked at.
    """
    start, dt = values.events[SCENARIO].start, values.simulation.time_step
    first, count = round(start / dt), round(AHEAD / dt)
    end = first + count
    if end >= calm["served"].shape[1]:
        wanted = (
            f"at least {start + AHEAD:g}: {AHEAD} behind the doubling of demand on day {start:g}"
        )
        raise InputError(
            f"{(calm['served'].shape[1] - 1) * dt:g} days", argument="days", expected=wanted
        )
    after = slice(first + 1, end + 1)
    ratio = {name: doubled[name] / calm[name] for name in ("inference_price", "token_price")}
    return {
        "served_after": doubled["served"][:, after].sum(axis=1)
        / doubled["demand"][:, after].sum(axis=1),
        "price_after": ratio["inference_price"][:, end],
        "price_highest": ratio["inference_price"][:, first:].max(axis=1),
        "latency_after": doubled["latency_p99"][:, after].max(axis=1),
        "token_after": ratio["token_price"][:, end],
    }
