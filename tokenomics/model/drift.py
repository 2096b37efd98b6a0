"""What drifts by itself in a network that starts from given stocks: its first step without shocks,
without events and without any change of levers.

A network at rest moves nowhere. One with the stocks of a real network does, and what a change does
comes on top of it. Of circulating supply C the parts are told apart. With the price at its utility
value, stakes as they are and nothing vesting, d ln C/dt = (E − slashed)/C − b/h: E the emission, b
the burn share, h the structural holding time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..parameters import Parameters, put
from .formulas.numerics import DAYS_PER_YEAR, burned_share
from .model import MODEL, Model, bind
from .shocks import sample
from .steady_state import UNEVENTFUL, start_state
from .variables import as_arrays

STOCKS = (
    "token_price",
    "inference_price",
    "total_supply",
    "circulating_supply",
    "staked",
    "locked",
    "treasury_tok",
    "treasury_usd",
    "nodes",
)


@dataclass(frozen=True)
class Drift:
    """Of one stock. start: its value on day 0. change: a day, in `unit` a day. relative: the same
    as a share of it a year; NaN where there is none of it.
    """

    name: str
    unit: str
    start: float
    change: float

    @property
    def relative(self) -> float:
        """Change as a share of the stock [1/year]."""
        return DAYS_PER_YEAR * self.change / self.start if self.start else float("nan")


@dataclass(frozen=True)
class Drifts:
    """stocks: those of `STOCKS`. circulation: by part, what circulating supply changes by, as a
    share of it [1/year].
    """

    stocks: tuple[Drift, ...]
    circulation: Mapping[str, float]

    def told(self) -> str:
        """In one line."""
        moved = [
            f"{one.name} {one.relative:+.2%}"
            for one in self.stocks
            if abs(one.relative) >= 5e-5  # not as zero
        ]
        parts = [f"{name} {part:+.2%}" for name, part in self.circulation.items() if part]
        if not moved:
            return "stocks are given, and nothing drifts by itself"
        return (
            f"not at rest: by itself, without shocks and at the rate of day 0, {', '.join(moved)} "
            f"a year (circulating supply: {', '.join(parts)})"
        )


def drift(parameters: Parameters, model: Model = MODEL) -> Drifts:
    """What drifts by itself on day 0. parameters: of the network as it is. Raises InputError where
    there is no start.
    """
    quiet = put(parameters, {**UNEVENTFUL, "bank_run.enabled": False, "shocks.enabled": False})
    params = bind(quiet, sample(quiet, [0], 0, extra=model.extra_shocks), model)
    begin = start_state(quiet, model)
    with np.errstate(all="ignore"):
        found: dict[str, Any] = model.step(params, as_arrays(begin, 1))
    after = {name: float(np.ravel(value)[0]) for name, value in found.items()}
    table, dt = model.variables(quiet), quiet.simulation.time_step
    stocks = tuple(
        Drift(name, table[name].unit, begin[name], (after[name] - begin[name]) / dt)
        for name in STOCKS
    )
    flows = {
        "emission": after["emitted"],
        "controller's mint": after["order_mint_tok"],
        "burns of fees": -burned_share(params, after) * after["fees"] / after["settlement_price"],
        "buy-backs": -max(after["control_output"], 0.0) / after["settlement_price"],
        "slashing": -after["slashed"],
        "vesting": after["vested"] + after["unlock_rate"],
        "staking": after["slashed"]
        - after["stake_flow"]
        - after["bond_flow"]
        - after["delegated"]
        + after["unbonded"],
        "treasury": after["order_treasury_tok"] + after["protocol_liquidity"],
    }
    year = DAYS_PER_YEAR / begin["circulating_supply"]
    return Drifts(stocks, {name: flow * year for name, flow in flows.items()})
