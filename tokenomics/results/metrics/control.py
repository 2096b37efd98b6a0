"""Metrics of the control law: what it keeps to, and what it does for that."""

from __future__ import annotations

import numpy as np

from ...elementary import log
from ..folds import (
    integral_of,
    mean,
    slope_of,
    total,
)
from ..intervals import SIZE
from .declaration import folded


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
