"""The single price loop as a small linear plant: from this the LQR, the Kalman filter and the MPC
are designed.

Controller signal u (reference depths a day) to the oracle's log price, about the steady state, with
the utility value held fixed. A depth is that of pool and book, of which speculators' own is a part
where the treasury keeps liquidity in the pool (`liquidity.speculators_depth`). A purchase moves the
log price by 2 u Δt (constant product, to first order; DCBM's gain 2/y per USD, arXiv 2601.09961,
Eq. 6); the outside valuation keeps a share ξ of that, which is a parameter of its own for announced
orders; arbitrage closes the gap with the rate a, exactly over the step; anchoring and
fundamentalists pull back to the utility value; the oracle lags. Saturation, rate limit and dead
band are left out: they are not linear. So is the oracle's pure delay (`oracle.delay`), for which
the designs do not allow, and that speculators' depth is less of the market's with a book, whose
share of it is known once the network is solved; the analysis of the economy has both, and shows
their cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...errors import ModelError
from ..formulas.liquidity import closing, speculators_depth
from ..formulas.numerics import chartist_share, relaxation
from ..formulas.ordered import product

SPECULATION = (
    "enabled",
    "fundamentalist",
    "intensity_of_choice",
    "information_cost",
    "follows_liquidity",
)
PATHS = (
    "market",
    *(f"speculation.{n}" for n in SPECULATION),
    "oracle.lag",
    "oracle.enabled",
    "simulation.time_step",
)
STATES = ("price", "outside", "oracle")


class Plant(NamedTuple):
    """x' = a x + b u, y = c x, once a step: a row by row (3 x 3), b (3), c (3); of `STATES`."""

    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    c: tuple[float, ...]


def plant(params: Mapping[str, Any]) -> Plant:
    """The plant over one time step; the output is the oracle's measurement of this step.

    Raises ModelError where one of the parameters in `PATHS` differs between runs.
    """
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
        usual, there = market.pool_share, market.pool_share + market.protocol_share
        pull *= float(speculators_depth(usual, there, speculation.follows_liquidity) / there)
        old, new = (float(share) for share in closing(market.arbitrage_speed, dt))
        anchor = float(relaxation(dt, 1.0 / max(market.anchoring, 1e-12)))
        lag = float(relaxation(dt, oracle.lag)) if oracle.enabled else 1.0
        keep, announced = float(market.permanent_impact), float(market.announced_impact)
    except (TypeError, ValueError) as error:
        raise ModelError(f"the linear plant needs plain numbers: {error}") from None
    # orders of the step move price and valuation, while arbitrage mixes the two
    impact_x, impact_u = -2.0 * pull * dt, 2.0 * dt
    price = (
        old + (keep + (1.0 - keep) * new) * impact_x,
        1.0 - anchor - old + anchor * new,
        0.0,
    )
    outside = (keep * impact_x, 1.0 - anchor, 0.0)
    measured = (lag, 0.0, 1.0 - lag)
    price_u = (announced + (1.0 - announced) * new) * impact_u
    return Plant((price, outside, measured), (price_u, announced * impact_u, 0.0), measured)


def held(one: Plant, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """a (3, 3), b (3,), c (3,) of a plant seen every so many steps, the signal held between."""
    first, push, c = map(np.array, one)
    a, b = first, push
    for _ in range(steps - 1):
        a, b = product(first, a), product(first, b) + push
    return a, b, c
