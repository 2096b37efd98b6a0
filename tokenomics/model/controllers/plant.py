"""The single price loop as a small linear plant: from this the LQR, the Kalman filter and the MPC
are designed.

Controller signal u (reference depths a day) to the oracle's log price, about the steady state, with
the utility value held fixed. A purchase moves the log price by 2 u Δt (constant product, to first
order; DCBM's gain 2/y per USD, arXiv 2601.09961, Eq. 6); the outside valuation keeps a share ξ of
that; arbitrage closes the share A = 1 − e^(−aΔt) of the gap; anchoring and fundamentalists pull
back to the utility value; the oracle lags. Saturation, rate limit and dead band are left out: they
are not linear. So is the oracle's pure delay (`oracle.delay`), for which the designs do not allow;
the analysis of the economy has it, and shows its cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ModelError
from ..formulas.numerics import chartist_share, relaxation

if TYPE_CHECKING:
    import control

SPECULATION = ("enabled", "fundamentalist", "intensity_of_choice", "information_cost")
PATHS = (
    "market",
    *(f"speculation.{n}" for n in SPECULATION),
    "oracle.lag",
    "oracle.enabled",
    "simulation.time_step",
)
STATES = ("price", "outside", "oracle")


def plant(params: Mapping[str, Any]) -> control.StateSpace:
    """Discrete plant with states (log price, log outside valuation, oracle's log price); input u,
    output measurement.

    Raises ModelError where one of the parameters in `PATHS` differs between runs.
    """
    import control  # python-control takes seconds to import, and most laws do without

    market, speculation, oracle, dt = (
        params["market"],
        params["speculation"],
        params["oracle"],
        params["time_step"],
    )
    try:
        # in the steady state neither group earns anything; chartists have no trend to follow
        fundamentalists = 1.0 - float(chartist_share(speculation, 0.0))
        pull = fundamentalists * float(speculation.fundamentalist) if speculation.enabled else 0.0
        arbitrage = float(relaxation(dt, 1.0 / max(market.arbitrage_speed, 1e-12)))
        anchor = float(relaxation(dt, 1.0 / max(market.anchoring, 1e-12)))
        lag = float(relaxation(dt, oracle.lag)) if oracle.enabled else 1.0
        keep = float(market.permanent_impact)
    except (TypeError, ValueError) as error:
        raise ModelError(f"the linear plant needs plain numbers: {error}") from None
    # orders of the step move price and valuation, then arbitrage mixes the two
    impact_x, impact_u = -2.0 * pull * dt, 2.0 * dt
    outside = np.array([keep * impact_x, 1.0 - anchor, 0.0])
    after = np.array([1.0 + impact_x, 0.0, 0.0])
    price = (1.0 - arbitrage) * after + arbitrage * outside
    price_u = ((1.0 - arbitrage) + arbitrage * keep) * impact_u
    measured = np.array([lag, 0.0, 1.0 - lag])
    a = np.array([price, outside, measured])
    b = np.array([[price_u], [keep * impact_u], [0.0]])
    return control.ss(
        a, b, measured[None, :], [[0.0]], dt, states=list(STATES), inputs=["u"], outputs=["y"]
    )


def pool_plant(params: Mapping[str, Any], depth: float) -> control.StateSpace:
    """The pool alone: USD a day into a pool of `depth` USD, to the log price (arXiv 2601.09961, Eq.
    6).
    """
    import control

    dt = params["time_step"]
    return control.ss(
        [[1.0]],
        [[2.0 * dt / depth]],
        [[1.0]],
        [[0.0]],
        dt,
        states=["price"],
        inputs=["usd"],
        outputs=["y"],
    )


def sampled(params: Mapping[str, Any], interval: float) -> tuple[tuple, tuple, tuple]:
    """a (3, 3), b (3,), c (3,) of the plant seen once every `interval` days, the signal held
    between; as tuples.
    """
    one = plant(params)
    a, b = np.eye(3), np.zeros(3)
    for _ in range(max(1, round(interval / params["time_step"]))):
        a, b = one.A @ a, one.A @ b + one.B[:, 0]
    return tuple(map(tuple, a)), tuple(b), tuple(one.C[0])
