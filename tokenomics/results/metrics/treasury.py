"""Metrics of the treasury: how low it falls, what it is worth, how long it lasts."""

from __future__ import annotations

import numpy as np

from ...engines.folds import Fold
from ...inputs.bounds import CENTURY
from ...model.formulas.liquidity import kind_of, proceeds
from ..folds import (
    at_end,
    last_of,
)
from ..intervals import SHARE, SIZE
from .declaration import folded

LOW = 0.1  # a reserve of at most this share of its start is low
LONGEST = CENTURY  # days of a treasury that pays nothing, or so little that it would last longer
OWN_LIQUIDITY = ("protocol_owned", "pool_tok", "pool_usd")

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
    among them, at which it never was.
    """

    def after(reserve, least, low, above):
        low = np.where(reserve <= least, 1.0, low)
        return {"least": least, "low": low, "above": above + (1.0 - low)}

    return Fold(
        ("treasury_usd",),
        lambda first, p: after(first["treasury_usd"], LOW * first["treasury_usd"], 0.0, 0.0),
        lambda before, now, p: after(now["treasury_usd"], **before),
        finish,
    )


folded(
    "treasury_low",
    "1",
    f"probability that the reserve falls to {100.0 * LOW:g} % of its start or is 0 from the start",
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
