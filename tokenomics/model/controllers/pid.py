"""Discrete PID: derivative on the filtered measurement, back-calculation anti-windup, integral
leak, rate limit.

u = Kp e + I − Kd D, I' = I e^(−leak Δt) + Δt Ki e + (u_sat − u)(1 − e^(−Δt/T_t)), D = filtered
slope of the log price. P, PI and PD are the case of gains that are zero. Source: Åström and
Hägglund, Advanced PID Control (2006), chapters 3 and 13 (discretised by forward differences).
A policy that only buys and moves nothing else has its lower bound at 0, on which it stands while
the price is too high: there the integral is unwound to 0 and no further, else it would buy at every
fall of a price that is still above its reference. Units: signal in reference depths a day, e in log
points, days.
"""

import numpy as np

from ...elementary import exp, log
from ..formulas.numerics import relaxation
from .command import Command, Law, Memory, Strength

MEMORY = (
    Memory("integral", "1/day", "integral term of the control signal", 1e-2),
    Memory("filtered", "1", "filtered log price of the derivative term", start="oracle_log_price"),
)


def decide(params, state, error, dt, low, high, scale=1.0):
    """One decision of the controller. scale: factor on all three gains."""
    pid = params["controller"].pid
    measurement = log(state["measured_price"])
    outside = np.sign(error) * np.maximum(np.abs(error) - pid.dead_band, 0.0)
    weight = relaxation(dt, pid.derivative_time)
    slope = (measurement - state["control_filtered"]) * weight / dt
    raw = pid.kp * scale * outside + state["control_integral"] - pid.kd * scale * slope
    reach = pid.rate_limit * dt
    limited = np.clip(raw, state["control_signal"] - reach, state["control_signal"] + reach)
    signal = np.clip(limited, low, high)
    unwind = (signal - raw) * relaxation(dt, pid.antiwindup_time)
    integral = state["control_integral"] * exp(-pid.leak * dt) + dt * pid.ki * scale * outside
    if params["controller"].sides == "buy":
        unwind = np.where(np.less(low, 0.0), unwind, np.minimum(unwind, np.maximum(-integral, 0.0)))
    memory = {
        "integral": integral + unwind,
        "filtered": state["control_filtered"] + (measurement - state["control_filtered"]) * weight,
    }
    return Command(signal, memory)


GAINS = ("controller.pid.kp", "controller.pid.ki", "controller.pid.kd")
STRENGTH = Strength(GAINS, 1e-3, 1e3, factor=True)
LAW = Law(decide, MEMORY, strength=STRENGTH)
