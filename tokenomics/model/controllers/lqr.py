"""LQR with integral action (LQI) on the state that a Kalman filter estimates from the oracle's
price.

Plant: `plant.py`, sampled at the control interval. The gains minimise Σ q x₁² + q_I z² + r u² (x₁
the log price's distance from its reference, z the leaking integral of the measured one). The filter
is the stationary one for the variance of the news and of the oracle's error. It knows no lasting
disturbance, so that its estimate is then wrong for good: the integral is of the measurement itself
(Åström and Wittenmark, Computer-Controlled Systems, 1997, section 4.5; Pannocchia and Rawlings 2003
compare this with a disturbance model). It leaks as the PID's does: an integral that forgets nothing
buys until the measurement is back at its reference, whatever the treasury has left. Limits are met
by clipping, the integral by conditional integration. Reference: Anderson and Moore, Optimal
Control (1990), chapters 2 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...elementary import exp
from ...errors import ModelError
from ..formulas.numerics import news_variance
from ..formulas.ordered import product, total
from . import plant, riccati
from .command import Command, Law, Memory, Strength

LEAST_NOISE = 1e-4  # standard deviation of the measurement that the filter assumes at least
PATHS = (
    "controller.lqr",
    "controller.interval",
    *plant.PATHS,
    "oracle.noise",
    "news",
    "market_factor",
    "slow_volatility",
    "shocks.enabled",
)
MEMORY = tuple(
    Memory(f"estimate_{n}", "1", f"estimated distance of the log {n} price from the reference")
    for n in plant.STATES
)
INTEGRAL = Memory(
    "error_integral",
    "days",
    "leaking integral of the measured log price's distance from the reference",
)


@dataclass(frozen=True, eq=False)
class LqrDesign:
    """a (3, 3), b (3,), c (3,): plant sampled at the interval. filter (3,): gain of the measurement
    update. feedback (3,), integral: gains [1/day, 1/day^2]. cost (4, 4): the quadratic cost to go
    of (x, z).
    """

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    filter: np.ndarray
    feedback: np.ndarray
    integral: float
    cost: np.ndarray


def augmented(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, interval: float, leak: float
) -> tuple[np.ndarray, np.ndarray]:
    """The plant with the integral z' = e^(−leak Δ) z + Δ c·x of its output as a fourth state:
    (4, 4), (4,).
    """
    kept = np.full((1, 1), exp(-leak * interval))
    return np.block([[a, np.zeros((3, 1))], [interval * c[None, :], kept]]), np.append(b, 0.0)


def state_weights(weights: Any) -> np.ndarray:
    """Weights (4, 4) of the squared state per decision."""
    return np.diag([weights.price_weight, 0.0, 0.0, max(weights.integral_weight, 1e-12)])


def quadratic(x: np.ndarray, a: np.ndarray) -> float:
    """xᵀ a x."""
    return float(product(x[None, :], product(a, x))[0])


@lru_cache(maxsize=256)
def gains(
    weights: Any, interval: float, step: float, noise: float, one: plant.Plant, news: float
) -> LqrDesign:
    """The gains of a plant.

    interval, step: days between decisions, and of the plant. noise: standard deviation of the
    measurement. news: variance of the log price that they bring a day [1/day]. Raises ModelError
    where no gains hold the plant.
    """
    a, b, c = plant.held(one, max(1, round(interval / step)))
    wide, steer = augmented(a, b, c, interval, weights.leak)
    effort = weights.effort_weight
    cost = riccati.stabilising(
        wide, np.multiply.outer(steer, steer) / effort, state_weights(weights)
    )
    gain = product(product(steer[None, :], cost), wide)[0] / (effort + quadratic(steer, cost))
    process = np.diag([1e-9, news * interval + 1e-9, 1e-12])
    spread = max(noise, LEAST_NOISE) * max(noise, LEAST_NOISE)
    covariance = riccati.stabilising(a.T, np.multiply.outer(c, c) / spread, process)
    update = product(covariance, c) / (quadratic(c, covariance) + spread)
    return LqrDesign(a, b, c, update, gain[:3], float(gain[3]), cost)


def design(params: Mapping[str, Any]) -> LqrDesign:
    """The gains for a set of parameters, computed once. Raises ModelError where a parameter that it
    needs differs between the runs of a group, and where no gains hold the plant.
    """
    controller = params["controller"]
    noise = params["oracle"].noise if params["oracle"].enabled else 0.0
    try:
        return gains(
            controller.lqr,
            float(controller.interval),
            float(params["time_step"]),
            float(noise),
            plant.plant(params),
            float(news_variance(params)),
        )
    except (TypeError, ModelError) as error:
        raise ModelError(
            f"gains of {controller.type} are computed before a simulation: {error}"
        ) from None


def estimate(found: LqrDesign, state: Mapping[str, Any], error: Any) -> list[Any]:
    """The filter's update at a decision: prediction with the signal that was applied, then the
    measurement −error.
    """
    old = [state[f"control_{m.name}"] for m in MEMORY]
    applied = state["control_signal"]
    predicted = [
        total(float(found.a[i, j]) * old[j] for j in range(3)) + float(found.b[i]) * applied
        for i in range(3)
    ]
    surprise = -error - total(float(found.c[j]) * predicted[j] for j in range(3))
    return [predicted[i] + float(found.filter[i]) * surprise for i in range(3)]


def respond(found: LqrDesign, x: list[Any], z: Any) -> Any:
    """The signal that no limit changes [reference depths a day]."""
    return -(total(float(found.feedback[i]) * x[i] for i in range(3)) + found.integral * z)


def integrated(params, z, error, dt, free):
    """The integral after a decision: it leaks all the time, and takes the error in where no limit
    is active.
    """
    kept = exp(-params["controller"].lqr.leak * dt) * z
    return np.where(free, kept - dt * error, kept)


def decide(params, state, error, dt, low, high):
    """One decision: estimate, feed back, clip."""
    found = design(params)
    x = estimate(found, state, error)
    z = state["control_error_integral"]
    raw = respond(found, x, z)
    signal = np.clip(raw, low, high)
    z = integrated(params, z, error, dt, signal == raw)
    return Command(
        signal, {m.name: v for m, v in zip(MEMORY, x, strict=True)} | {"error_integral": z}
    )


# a lighter weight on effort acts more strongly
STRENGTH = Strength(("controller.lqr.effort_weight",), 1e-4, 1e6, factor=True)
LAW = Law(decide, (*MEMORY, INTEGRAL), PATHS, STRENGTH)
