"""How demand and price answer, measured on the model itself: central differences in logs of what
customers do at the start, and of the steady state with the customers of today.

The targets of `venues` are what the long run must give. All else stays as it is: a customer sees
one price change, and latency, risk and the other prices as they are at the start.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..elementary import exp, log
from ..parameters import Parameters
from ..parameters.schema import substitute
from .blocks.venues import policy_venue_choice
from .formulas.choice import choice_settled
from .model import MODEL, Model, bind
from .shocks import sample
from .steady_state import customers, start_state, steady_states

WIDTH = 1e-4  # of a log price, each way
MONTH = 30.0  # days of the short run
BOTH_WAYS = np.array([WIDTH, -WIDTH])


@dataclass(frozen=True)
class Elasticities:
    """own: of the network's work to its own price, after a month and once customers have changed.
    cross: to the price of the other sellers, once they have. diversion: of the work that leaves a
    dearer network, that of smaller classes apart, the share that goes to other sellers.
    network_share, sellers_share: of all work at the start. pass_through: of the network's price at
    rest to all reservation costs; NaN where no network comes to rest.
    """

    own_short: float
    own: float
    cross: float
    diversion: float
    network_share: float
    sellers_share: float
    pass_through: float

    def lines(self) -> tuple[str, ...]:
        """In words, a line each."""
        return (
            f"today's share of all work: network {self.network_share:.4f}, other sellers "
            f"{self.sellers_share:.4f}, cloud {1.0 - self.network_share - self.sellers_share:.4f}",
            f"elasticity of the network's work to its own price: {self.own_short:.4f} after "
            f"{MONTH:g} days, {self.own:.4f} in the long run",
            f"elasticity of the network's work to the other sellers' price: {self.cross:.4f} in "
            f"the long run (diversion {self.diversion:.4f})",
            f"pass-through, d ln(price per Mtok at rest) / d ln(reservation costs): "
            f"{self.pass_through:.4f}",
        )

    def by_name(self) -> dict[str, float | None]:
        """Every number; None where there is none."""
        return {k: v if np.isfinite(v) else None for k, v in asdict(self).items()}


def _change(values: Any) -> float:
    """Per log price. values: at `BOTH_WAYS`."""
    high, low = values
    return float((high - low) / (2.0 * WIDTH))


def _slope(values: Any) -> float:
    """Of the log of values at `BOTH_WAYS`."""
    return _change(log(np.asarray(values, dtype=float)))


def elasticities(parameters: Parameters, model: Model = MODEL) -> Elasticities:
    """Of a network as it is today. Raises InputError where it has no start."""
    state = start_state(parameters, model)
    params = bind(parameters, sample(parameters, [0], 0, extra=model.processes(parameters)), model)
    dearer = {**state, "inference_price": state["inference_price"] * exp(BOTH_WAYS)}
    price = {"api.price": parameters.api.price * exp(BOTH_WAYS)}
    # customers change at one rate, so that one step of a month is that of all its days
    later = policy_venue_choice({**params, "time_step": MONTH}, 0, None, dearer)
    with np.errstate(all="ignore"):
        swept = {
            f"fleet.{name}.reservation_cost": accelerator.reservation_cost * exp(BOTH_WAYS)
            for name, accelerator in parameters.fleet.items()
        }
        rest = steady_states(dict(parameters), model, swept, 2, customers(state, params))
        pass_through = _slope(rest["inference_price"])
    settled = choice_settled(params, dearer)
    gained, lost = 0.0, 0.0
    for name, workload in parameters.workloads.items():
        gained = gained + workload.share * _change(settled[f"sellers_{name}"])
        lost = lost - workload.share * _change(settled[f"share_{name}"])
    now = policy_venue_choice(params, 0, None, state)
    whole = now["demand"] + now["sellers_demand"] + now["cloud_demand"]
    return Elasticities(
        _slope(later["demand"]),
        _slope(settled["demand"]),
        _slope(choice_settled(substitute(params, price), state)["demand"]),
        gained / lost,
        float(now["network_share"]),
        float(now["sellers_demand"] / whole),
        pass_through,
    )
