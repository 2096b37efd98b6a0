"""The economy of Akcin et al. (arXiv 2210.12881) with the nodes of mkq-volt/control-tool, its
accounts set right.

Flows are in units of the first day's income, Y0 [USD/day]. Source of the corrections: `CHOICES` in
this package. y = p min(D, C)/Y0;  R' = R + y - b;  S' = S + (w - b) Y0/P;  ln P' = ln P + A (ln(y
Y0/(v S')) - ln P) + noise; ln C' = ln C + g + kappa (pi - 1),  pi = w (1 + a)/(k (1 + a k)),  k =
C/C(0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from ...elementary import exp, expm1, log, log1p
from ...errors import ModelError
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...model.shocks import Streams
from ...parameters.reading import Leaf

LAST = 30  # days at the end over which the share of demand that is served is taken


@dataclass(frozen=True)
class Economy:
    """Parameters, flows in units of the first day's income.

    turnover: income over the market's value at the start [1/day]; adjustment: share of the price
    gap closed a day; node_trend [1/day]; capacity: C(0) over D(0); spend: share of the reserve that
    a day may spend; effort: weight of squared flows against squared log error.
    """

    income: float
    turnover: float
    adjustment: float
    price_noise: float
    node_trend: float
    node_response: float
    crowding: float
    capacity: float
    reserve: float
    spend: float
    payment_limit: float
    effort: float
    reference_trend: float

    def reference(self, day) -> np.ndarray:
        """Log reference price over the first price, by day."""
        return self.reference_trend * np.asarray(day, dtype=float)


@dataclass(frozen=True, eq=False)
class State:
    """supply, price, capacity: logs over their start; reserve: days of the first income. Each
    (runs,).
    """

    supply: np.ndarray
    price: np.ndarray
    reserve: np.ndarray
    capacity: np.ndarray


@dataclass(frozen=True, eq=False)
class Paths:
    """What a policy did: states (runs, days + 1); flows and demand (runs, days) in units of the
    first income.
    """

    supply: np.ndarray
    price: np.ndarray
    reserve: np.ndarray
    capacity: np.ndarray
    demand: np.ndarray
    income: np.ndarray
    buyback: np.ndarray
    payment: np.ndarray


@dataclass(frozen=True, eq=False)
class AkcinShocks:
    """demand: (runs, history + days + 1), over its start, days before the start first; market:
    standard normals (runs, days).
    """

    demand: np.ndarray
    market: np.ndarray
    history: int


def economy(leaves: dict[str, Leaf]) -> Economy:
    """The economy of a settings file."""
    get = {
        path.split(".", 1)[1]: leaf.value
        for path, leaf in leaves.items()
        if path.startswith(("economy.", "objective."))
    }
    return Economy(
        income=get["income"],
        turnover=get["velocity"],
        adjustment=float(-expm1(-get["price_adjustment"])),
        price_noise=get["price_noise"],
        node_trend=get["node_growth"] / DAYS_PER_YEAR,
        node_response=get["node_response"],
        crowding=get["crowding"],
        capacity=1.0 / get["utilisation"],
        reserve=get["reserve"],
        spend=get["reserve_share"],
        payment_limit=get["payment_limit"],
        effort=get["effort_weight"],
        reference_trend=get["reference_growth"] / DAYS_PER_YEAR,
    )


def without_noise(e: Economy) -> Economy:
    """The same economy with a market that makes no noise."""
    return replace(e, price_noise=0.0)


def shocks(
    leaves: dict[str, Leaf], growth: float, runs: Sequence[int], seed: int, *, noisy: bool = True
) -> AkcinShocks:
    """Demand and market noise of some run indices; the same numbers for every regime and policy.

    growth: of demand [1/year]. Log demand is a trend with an Ornstein-Uhlenbeck deviation, exact
    over a day, stationary at its first day.
    """
    days, history = int(leaves["objective.days"].value), int(leaves["mpc.history"].value)
    volatility, reversion = (
        leaves["economy.demand_volatility"].value,
        leaves["economy.demand_reversion"].value,
    )
    streams, count = Streams(seed), history + days + 1
    normals = np.array([ndtri(streams.uniforms(int(r), "akcin demand", count)) for r in runs])
    market = np.array([ndtri(streams.uniforms(int(r), "akcin market", days)) for r in runs])
    keep, spread = exp(-reversion), volatility / np.sqrt(2.0 * reversion)
    deviation = np.empty_like(normals)
    deviation[:, 0] = spread * normals[:, 0]
    for day in range(1, count):
        deviation[:, day] = (
            keep * deviation[:, day - 1] + spread * np.sqrt(1.0 - keep**2) * normals[:, day]
        )
    trend = growth / DAYS_PER_YEAR * np.arange(-history, days + 1)
    return AkcinShocks(
        exp(trend + (deviation if noisy else 0.0 * deviation)),
        market if noisy else 0.0 * market,
        history,
    )


def start(e: Economy, runs: int) -> State:
    """The state before the first day."""
    return State(np.zeros(runs), np.zeros(runs), np.full(runs, e.reserve), np.zeros(runs))


def income(e: Economy, capacity: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Income of a day: what is served, at a fixed price per unit [first day's income]."""
    return np.minimum(demand, e.capacity * exp(capacity))


def limits(e: Economy, state: State, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The most that can be bought back and paid out in a day; what is left of the reserve cannot be
    negative.
    """
    return y + e.spend * state.reserve, e.payment_limit * y


def step(
    e: Economy, state: State, y: np.ndarray, buyback: np.ndarray, payment: np.ndarray, noise
) -> State:
    """One day, given flows within `limits`. noise: log points added to the price. Raises ModelError
    if all tokens were burned.
    """
    minted = (payment - buyback) * e.turnover * exp(-state.price - state.supply)
    if np.any(minted <= -1.0):
        raise ModelError(
            "a day's buy-back exceeds the circulating supply; expected a smaller reserve_share or "
            "reserve"
        )
    supply = state.supply + log1p(minted)
    price = state.price + e.adjustment * (log(y) - supply - state.price) + noise
    size = exp(state.capacity)
    earned = payment * (1.0 + e.crowding) / (size * (1.0 + e.crowding * size))
    capacity = state.capacity + e.node_trend + e.node_response * (earned - 1.0)
    return State(supply, price, state.reserve + y - buyback, capacity)


def simulate(e: Economy, policy, s: AkcinShocks) -> Paths:
    """A policy in the economy; what it asks for is cut to what is possible.

    policy: called with (day, state, income, demand known by then (runs, history + day + 1)), gives
    buy-back and payment.
    """
    runs, days = s.market.shape
    state, states, flows = start(e, runs), [], []
    states.append(state)
    for day in range(days):
        known = s.demand[:, : s.history + day + 1]
        y = income(e, state.capacity, known[:, -1])
        most = limits(e, state, y)
        wanted = policy(day, state, y, known)
        buyback, payment = (np.clip(flow, 0.0, top) for flow, top in zip(wanted, most, strict=True))
        state = step(e, state, y, buyback, payment, e.price_noise * s.market[:, day])
        states.append(state)
        flows.append((y, buyback, payment))
    levels = {
        name: np.stack([getattr(x, name) for x in states], axis=1)
        for name in State.__dataclass_fields__
    }
    income_, buyback, payment = (np.stack(series, axis=1) for series in zip(*flows, strict=True))
    return Paths(
        **levels,
        demand=s.demand[:, s.history : -1],
        income=income_,
        buyback=buyback,
        payment=payment,
    )


def costs(e: Economy, paths: Paths) -> dict[str, np.ndarray]:
    """Metrics by name, (runs,): mean daily cost and its effort part, RMS of the log error,
    volatility, lowest reserve, share served at the end.
    """
    error = paths.price[:, 1:] - e.reference(np.arange(1, paths.price.shape[1]))
    effort = e.effort * ((paths.buyback - paths.income) ** 2 + (paths.payment - paths.income) ** 2)
    return {
        "cost": np.mean(error**2 + effort, axis=1),
        "effort cost": np.mean(effort, axis=1),
        "tracking RMS": np.sqrt(np.mean(error**2, axis=1)),
        "volatility": np.std(np.diff(paths.price, axis=1), axis=1, ddof=1) * np.sqrt(DAYS_PER_YEAR),
        "lowest reserve": np.min(paths.reserve, axis=1),
        "served": np.mean(paths.income[:, -LAST:] / paths.demand[:, -LAST:], axis=1),
    }
