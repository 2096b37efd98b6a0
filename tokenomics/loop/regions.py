"""Where in the gain plane the linear loop is stable, and how that region shrinks with liquidity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..parameters import Parameters, put
from .economy import LinearEconomy, linearise, pid_law
from .margins import poles
from .systems import StateSpace

DEPTHS = (1.0, 0.5, 0.25)  # shares of the pool's depth
SLOW = 1e-3  # distance from 1 of a pole that takes more than a thousand decisions
GROWING = 1e-6  # of a modulus beyond 1 that is not rounding


def thinner(parameters: Parameters, share: float, today: Parameters | None = None) -> LinearEconomy:
    """The economy linearised where the pool holds a share of its depth for good, the controller
    counting in the old depth still.

    A unit of the signal is a USD amount; in a pool of that share it is 1/share as many depths.
    Orders of speculators are in depths of the pool that is there. today: as `linearise` takes it.
    Raises ModelError where the thinner economy has no steady state.
    """
    if share == 1.0:
        return linearise(parameters, today=today)
    less = {
        f"market.{name}": getattr(parameters.market, name) * share
        for name in ("pool_share", "book_depth")
    }
    thin = linearise(put(parameters, less), today=today and put(today, less))
    old = {"reference_depth": thin.state["reference_depth"] / share}
    return replace(
        thin,
        plant=_louder(thin.plant, share),
        one_step=_louder(thin.one_step, share),
        state={**thin.state, **old},
    )


def _louder(plant: StateSpace, share: float) -> StateSpace:
    """The plant whose first input, the signal, is counted in depths of which there were 1/share as
    many.
    """
    b = plant.B.copy()
    b[:, 0] /= share
    return replace(plant, B=b)


def edge(plant: StateSpace, law: StateSpace) -> float:
    """Largest modulus of the closed loop's poles; of slow ones, so close to the circle that a
    contour would follow them, only where they grow.
    """
    found = poles(plant, law)
    slow = np.abs(found - 1.0) < SLOW
    growing = np.abs(found[slow]).max(initial=0.0)
    return float(growing if growing > 1.0 + GROWING else np.abs(found[~slow]).max(initial=0.0))


def gain_plane(
    parameters: Parameters,
    kp: Sequence[float],
    ki: Sequence[float],
    depths: Sequence[float] = DEPTHS,
    today: Parameters | None = None,
) -> dict[float, np.ndarray]:
    """Spectral radius (ki, kp) of the PID loop over both gains, by the share of the pool's depth
    that is left; see `edge`. today: as `linearise` takes it.
    """
    economies = {share: thinner(parameters, share, today) for share in depths}
    found = {share: np.empty((len(ki), len(kp))) for share in depths}
    any_economy = next(iter(economies.values()))
    for i, integral in enumerate(ki):
        for j, proportional in enumerate(kp):
            law = pid_law(
                parameters, any_economy, (proportional, integral, parameters.controller.pid.kd)
            )
            for share, economy in economies.items():
                found[share][i, j] = edge(economy.plant, law)
    return found
