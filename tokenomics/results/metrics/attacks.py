"""Metrics of attacks, and of the sale of credits."""

from __future__ import annotations

import numpy as np

from ...engines.folds import Fold
from ..folds import (
    first_and_last,
    integral_of,
    last_of,
)
from ..intervals import SHARE, SIZE
from .declaration import folded

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
