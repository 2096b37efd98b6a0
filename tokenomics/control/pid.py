"""Discrete PID: derivative on the filtered measurement, back-calculation anti-windup, integral leak, rate limit.

u = Kp e + I − Kd D, I' = I e^(−leak Δt) + Δt (Ki e + (u_sat − u)/T_t), D = filtered slope of the log price.
Source: Åström and Hägglund, Advanced PID Control (2006), chapters 3 and 13 (discretised by forward differences).
Units: signal in reference depths a day, e in log points, days.
"""

import numpy as np

from ..kinetics import relaxation
from .command import Command


def law(params, state, error, dt, low, high):
    """One decision of the controller."""
    pid = params["controller"].pid
    measurement = np.log(state["measured_price"])
    outside = np.sign(error) * np.maximum(np.abs(error) - pid.dead_band, 0.0)
    weight = relaxation(dt, pid.derivative_time)
    slope = (measurement - state["control_filtered"]) * weight / dt
    raw = pid.kp * outside + state["control_integral"] - pid.kd * slope
    reach = pid.rate_limit * dt
    limited = np.clip(raw, state["control_signal"] - reach, state["control_signal"] + reach)
    signal = np.clip(limited, low, high)
    unwind = (signal - raw) * relaxation(dt, pid.antiwindup_time)
    return Command(
        signal,
        state["control_integral"] * np.exp(-pid.leak * dt) + dt * pid.ki * outside + unwind,
        state["control_filtered"] + (measurement - state["control_filtered"]) * weight,
    )
