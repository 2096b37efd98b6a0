"""The PID loop in linear form: its margins, and where it turns unstable.

Plant: `control/plant.py`. Saturation, rate limit and dead band are left out: they are not linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import control
import numpy as np

from ..control.plant import plant
from ..kinetics import relaxation

GAIN_CEILING = 1e4  # a loop that stands this much more gain is limited by its actuator, not by stability


@dataclass(frozen=True)
class Margins:
    """gain: factor by which the gain may grow; phase [degrees]; delay [days]; sensitivity: peak Ms; stable: closed loop."""

    gain: float
    phase: float
    delay: float
    sensitivity: float
    stable: bool


def controller(params: Mapping[str, Any]) -> control.StateSpace:
    """The PID policy in linear form, deciding every step: input measurement, output u; states (integral, filter)."""
    pid, dt = params["controller"].pid, params["time_step"]
    weight = float(relaxation(dt, pid.derivative_time))
    slope = pid.kd * weight / dt
    a = np.array([[np.exp(-pid.leak * dt), 0.0], [0.0, 1.0 - weight]])
    b = np.array([[-dt * pid.ki], [weight]])
    return control.ss(a, b, [[1.0, slope]], [[-pid.kp - slope]], dt, inputs=["y"], outputs=["u"])


def closed_loop(params: Mapping[str, Any]) -> control.StateSpace:
    """Disturbance of the measurement to the measurement, with the controller in the loop."""
    return control.feedback(control.ss([], [], [], [[1.0]], params["time_step"]), -plant(params) * controller(params))


def scaled(params: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """The parameters with all three gains times `factor`."""
    policy = params["controller"]
    gains = {name: getattr(policy.pid, name) * factor for name in ("kp", "ki", "kd")}
    return {**params, "controller": policy.model_copy(update={"pid": policy.pid.model_copy(update=gains)})}


def is_stable(params: Mapping[str, Any]) -> bool:
    """Whether all poles of the closed loop lie within the unit circle."""
    return bool(np.all(np.abs(closed_loop(params).poles()) < 1.0))


def gain_margin(params: Mapping[str, Any]) -> float:
    """Factor on all gains at which the closed loop turns unstable; infinite beyond `GAIN_CEILING`."""
    if not is_stable(params):
        return 0.0
    high = 1.0
    while is_stable(scaled(params, high)):
        high *= 2.0
        if high > GAIN_CEILING:
            return np.inf
    low = high / 2.0
    while high / low > 1.0 + 1e-9:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if is_stable(scaled(params, middle)) else (low, middle)
    return float(low)


def margins(params: Mapping[str, Any]) -> Margins:
    """Stability margins of the PID policy on the linear plant."""
    loop = -plant(params) * controller(params)
    _, phase, _, _, crossover, _ = control.stability_margins(loop)
    frequencies = np.logspace(-5, np.log10(np.pi / params["time_step"]), 4000)
    response = loop(np.exp(1j * frequencies * params["time_step"]))
    delay = np.radians(phase) / crossover if np.isfinite(phase) and crossover > 0 else np.inf
    sensitivity = float(np.max(1.0 / np.abs(1.0 + response)))
    return Margins(gain_margin(params), float(phase), float(delay), sensitivity, is_stable(params))
