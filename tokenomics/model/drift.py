"""What drifts by itself in a network that starts from given stocks: without shocks, without events
and without any change of levers.

A network at rest moves nowhere. One with the stocks of a real network does, and what a change does
comes on top of it. Of circulating supply C the parts are told apart. With the price at its utility
value, stakes as they are and nothing vesting, d ln C/dt = (E − slashed)/C − b/h: E the emission, b
the burn share, h the structural holding time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..parameters import Parameters, put
from .formulas.numerics import DAYS_PER_YEAR, burned_share
from .formulas.payment import burns_fees, to_delegators, to_nodes
from .keeping import kept
from .model import MODEL, Model, bind
from .shocks import sample
from .steady_state import UNEVENTFUL, start_state
from .variables import as_arrays, as_numbers

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
SPANS = (30.0, 365.0)  # days after which it is looked at: what is fast, and where it leads


@dataclass(frozen=True)
class Drift:
    """Of one stock. start: its value on day 0. rate: change a day on day 0, in `unit` a day. after:
    its value after each of `SPANS`.
    """

    name: str
    unit: str
    start: float
    rate: float
    after: tuple[float, ...]

    @property
    def changes(self) -> tuple[float, ...]:
        """Relative change after each of `SPANS`; NaN where there is none of it at the start."""
        return tuple(end / self.start - 1.0 if self.start else float("nan") for end in self.after)


@dataclass(frozen=True)
class Drifts:
    """stocks: those of `STOCKS`. circulation: by part, what circulating supply changes by on day 0,
    as a share of it [1/year].
    """

    stocks: tuple[Drift, ...]
    circulation: Mapping[str, float]

    def told(self) -> str:
        """In one line."""
        moved = [
            f"{one.name} " + " / ".join(f"{change:+.1%}" for change in one.changes)
            for one in self.stocks
            if any(abs(change) >= 5e-4 for change in one.changes)  # not as zero
        ]
        if not moved:
            return "stocks are given, and nothing drifts by itself"
        parts = [f"{name} {part:+.2%}" for name, part in self.circulation.items() if part]
        return (
            f"not at rest: by itself, without shocks, within 30 days / a year: {', '.join(moved)} "
            f"(circulating supply on day 0, a year: {', '.join(parts)})"
        )


@kept
def drift(parameters: Parameters, model: Model = MODEL) -> Drifts:
    """What drifts by itself from day 0 on. parameters: of the network as it is. Raises InputError
    where there is no start.
    """
    quiet = put(parameters, {**UNEVENTFUL, "bank_run.enabled": False, "shocks.enabled": False})
    dt, begin = quiet.simulation.time_step, start_state(quiet, model)
    params = _bound(quiet, model)
    after = as_numbers(next(_steps(params, model, begin)))
    # where it leads, in steps of a day: shorter ones would take long and say the same
    daily = _bound(put(quiet, {"simulation.time_step": 1.0}), model)
    days = [round(span) for span in SPANS]
    seen = [as_numbers(state) for state in islice(_steps(daily, model, begin), days[-1])]
    table = model.variables(quiet)
    stocks = tuple(
        Drift(
            name,
            table[name].unit,
            begin[name],
            (after[name] - begin[name]) / dt,
            tuple(seen[day - 1][name] for day in days),
        )
        for name in STOCKS
    )
    of_fees = burned_share(params, after) * after["fees"] / after["settlement_price"]
    circulates = burns_fees(params) or to_nodes(params) or to_delegators(params)
    kept = 0.0 if circulates else of_fees
    flows = {
        "emission": after["emitted"],
        "controller's mint": after["order_mint_tok"],
        "burns of fees": -of_fees if burns_fees(params) else 0.0,
        "buy-backs": -max(after["control_output"], 0.0) / after["settlement_price"],
        "slashing": -after["slashed"],
        "vesting": after["vested"] + after["unlock_rate"],
        "staking": after["slashed"]
        - after["stake_flow"]
        - after["bond_flow"]
        - after["delegated"]
        + after["unbonded"],
        "treasury": after["order_treasury_tok"] + after["protocol_liquidity"] - kept,
    }
    year = DAYS_PER_YEAR / begin["circulating_supply"]
    return Drifts(stocks, {name: flow * year for name, flow in flows.items()})


def _bound(quiet: Parameters, model: Model) -> dict[str, Any]:
    span = put(quiet, {"simulation.days": SPANS[-1]})
    return bind(span, sample(span, [0], 0, extra=model.processes(span)), model)


def _steps(
    params: Mapping[str, Any], model: Model, begin: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The state after every step."""
    bound, state = model.bound(params), as_arrays(begin, 1)
    while True:
        with np.errstate(all="ignore"):
            state = bound.step(params, state)
        yield state
