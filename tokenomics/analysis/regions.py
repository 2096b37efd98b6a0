"""Where in the gain plane the linear loop is stable, and how that region shrinks with liquidity."""

from __future__ import annotations

from collections.abc import Sequence

import control
import numpy as np

from ..parameters import Parameters
from .economy import Economy, pid_law
from .margins import radius

DEPTHS = (1.0, 0.5, 0.25)  # shares of the pool's depth


def thinner(economy: Economy, share: float) -> control.StateSpace:
    """The plant when a dollar moves the price 1/share as much: liquidity gone while the controller still counts in its old depth."""
    plant = economy.plant
    return control.ss(plant.A, plant.B / share, plant.C, plant.D, plant.dt, states=plant.state_labels, inputs=["u"], outputs=["y"])


def gain_plane(
    parameters: Parameters, economy: Economy, kp: Sequence[float], ki: Sequence[float], depths: Sequence[float] = DEPTHS
) -> dict[float, np.ndarray]:
    """Spectral radius (ki, kp) of the PID loop over both gains, by the share of the pool's depth that is left."""
    plants = {share: thinner(economy, share) for share in depths}
    found = {share: np.empty((len(ki), len(kp))) for share in depths}
    for i, integral in enumerate(ki):
        for j, proportional in enumerate(kp):
            law = pid_law(parameters, economy, (proportional, integral, parameters.controller.pid.kd))
            for share, plant in plants.items():
                found[share][i, j] = radius(plant, law)
    return found
