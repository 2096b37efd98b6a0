"""Gains of the PID by design methods, on the linear economy.

ziegler-nichols: from the ultimate gain and period (Ziegler and Nichols 1942). imc: Skogestad's SIMC rule (2003) on a first-order model with
delay fitted to the step response. pole-placement: dominant poles (Åström and Hägglund 2006, section 6.4). loop-shaping: the largest integral gain
with a peak sensitivity of at most `SHAPED` (MIGO, Åström, Panagopoulos and Hägglund 1998).
optimise: least simulated tracking error with ruin below 1 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import curve_fit

from ..errors import InputError, nearest
from ..experiments.evaluate import evaluate
from ..experiments.optimise import optimise
from ..parameters import Parameters, Resolved
from ..results.metrics import METRICS, intervals
from .economy import PID_GAINS, Economy, linearise, pid_law
from .margins import Margins, frequencies, gain_margin, is_stable, margins, moving, poles, response

SHAPED = 1.4  # peak sensitivity of a robust loop (Åström and Hägglund 2006, section 4.6)
RESPONSE_DAYS = 120  # of the step response that is fitted
DAMPING = 0.7
SHOWN = ("tracking_rms", "price_volatility", "control_effort", "treasury_min", "ruin")


@dataclass(frozen=True)
class Tuning:
    """gains: by path. margins: that they leave. metrics: mean, low, high and n by name, of the tuned policy and of the one it started from.

    notes: how the method came to them.
    """

    method: str
    gains: Mapping[str, float]
    margins: Margins
    metrics: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]]
    notes: str

    def policy(self) -> dict[str, Any]:
        """The gains as a policy file's tree."""
        units = ("1/day", "1/day^2", "1")
        source = f"derived: tuned by {self.method}; {self.notes}"
        pid = {p.rsplit(".", 1)[1]: {"value": g, "unit": u, "source": source} for (p, g), u in zip(self.gains.items(), units, strict=True)}
        return {
            "description": f"PID tuned by {self.method}.",
            "controller": {"type": {"value": "pid", "unit": "-", "source": "policy definition: pid"}, "pid": pid},
        }


def _unit_laws(parameters: Parameters, economy: Economy) -> list:
    """The law with one gain of one and the others zero, for each gain."""
    return [pid_law(parameters, economy, tuple(float(i == j) for j in range(3))) for i in range(3)]


def ziegler_nichols(parameters: Parameters, economy: Economy, target: float) -> tuple[tuple[float, float, float], str]:
    """0.6 Ku, Tu/2, Tu/8 from the proportional gain at which the loop oscillates."""
    law = _unit_laws(parameters, economy)[0]
    ultimate = gain_margin(economy.plant, law)
    if not 0.0 < ultimate < np.inf:
        raise InputError("the loop does not oscillate at any proportional gain", expected="a plant with an ultimate gain; another method")
    edge = poles(economy.plant, law, ultimate)
    period = float(2.0 * np.pi / abs(np.angle(moving(edge)[0])) * economy.plant.dt)
    kp = 0.6 * ultimate
    return (kp, kp / (period / 2.0), kp * period / 8.0), f"ultimate gain {ultimate:.4g} 1/day, period {period:.4g} days"


def imc(parameters: Parameters, economy: Economy, target: float) -> tuple[tuple[float, float, float], str]:
    """SIMC: Kc = τ/(K (λ + θ)), Ti = min(τ, 4 (λ + θ)); λ the wanted time constant."""
    plant = economy.plant
    steps = max(10, int(RESPONSE_DAYS / plant.dt))
    x, y = np.zeros(plant.nstates), []
    for _ in range(steps):
        y.append(float(plant.C[0] @ x))
        x = plant.A @ x + plant.B[:, 0]
    t = np.arange(steps) * plant.dt

    def model(t, gain, constant, delay):
        return gain * -np.expm1(-np.maximum(t - delay, 0.0) / constant)

    (gain, constant, delay), _ = curve_fit(model, t, np.array(y), p0=(max(y), 20.0, plant.dt), bounds=([0.0, 0.1, 0.0], [np.inf, 1e4, 30.0]))
    wanted = target + delay
    kp = float(constant / (gain * wanted))
    note = f"fitted gain {gain:.4g}, time constant {constant:.4g} days, delay {delay:.4g} days; wanted time constant {target:g} days"
    return (kp, kp / float(min(constant, 4.0 * wanted)), 0.0), note


def pole_placement(parameters: Parameters, economy: Economy, target: float) -> tuple[tuple[float, float, float], str]:
    """Gains for which a damped pair and a real pole of time constant `target` are poles: linear in the gains, as 1 − P(z) C(z) = 0 is."""
    plant, dt = economy.plant, economy.plant.dt
    speed = 1.0 / target
    wanted = [np.exp(dt * speed * complex(-DAMPING, np.sqrt(1.0 - DAMPING**2))), complex(np.exp(-dt * speed))]
    laws = _unit_laws(parameters, economy)
    rows, right = [], []
    for z in wanted:
        row = np.array([complex(np.squeeze(plant(z) * law(z))) for law in laws])
        rows.append(row.real)
        right.append(1.0)
        if abs(z.imag) > 0.0:
            rows.append(row.imag)
            right.append(0.0)
    kp, ki, kd = (float(g) for g in np.linalg.solve(np.array(rows), np.array(right)))
    return (kp, ki, kd), f"a pair with damping {DAMPING:g} and a real pole, both of {target:g} days; the other poles fall where they fall"


def loop_shaping(parameters: Parameters, economy: Economy, target: float) -> tuple[tuple[float, float, float], str]:
    """Of a grid of gains, with the derivative time of the policy, the largest integral gain whose Ms stays within `SHAPED`."""
    pid = parameters.controller.pid
    lead = pid.kd / pid.kp if pid.kp else 0.0
    omega = frequencies(economy.plant.dt)
    # the loop is linear in the gains
    parts = [-response(economy.plant, omega) * response(law, omega) for law in _unit_laws(parameters, economy)]

    def robust(kp: float, ki: float) -> bool:
        loop = kp * parts[0] + ki * parts[1] + lead * kp * parts[2]
        return np.max(1.0 / np.abs(1.0 + loop)) <= SHAPED and is_stable(economy.plant, pid_law(parameters, economy, (kp, ki, lead * kp)))

    best = (0.0, 0.0)
    for kp in np.geomspace(1e-3, 10.0, 49):
        low, high = 1e-6, 10.0
        if not robust(kp, low):
            continue
        while high / low > 1.02:
            ki = np.sqrt(low * high)
            low, high = (ki, high) if robust(kp, ki) else (low, ki)
        best = max(best, (low, kp))
    ki, kp = float(best[0]), float(best[1])
    return (kp, ki, lead * kp), f"largest integral gain with Ms at most {SHAPED:g}, derivative time {lead:g} days"


METHODS: dict[str, Callable] = {
    "ziegler-nichols": ziegler_nichols,
    "imc": imc,
    "pole-placement": pole_placement,
    "loop-shaping": loop_shaping,
}


def tune(resolved: Resolved, method: str, *, target: float = 10.0, runs: int = 200, seed: int = 0) -> Tuning:
    """Tune the PID of a parameter set.

    method: one of `METHODS`, or optimise. target: wanted time constant of the closed loop [days] (imc, pole-placement). runs: of the simulated check.
    Raises InputError for an unknown method.
    """
    parameters = resolved.values
    if method not in (*METHODS, "optimise"):
        names = (*METHODS, "optimise")
        raise InputError(f"unknown method '{method}'", expected="one of " + ", ".join(names), nearest=nearest(method, names))
    economy = linearise(parameters)
    if method == "optimise":
        gains, notes = _optimised(resolved, runs, seed)
    else:
        gains, notes = METHODS[method](parameters, economy, target)
    found = margins(economy.plant, pid_law(parameters, economy, gains))
    pid = parameters.controller.pid
    outcome = evaluate(
        resolved.replace({"controller.type": "pid"}, source="tune"),
        PID_GAINS,
        [list(gains), [pid.kp, pid.ki, pid.kd]],
        runs=np.arange(runs),
        seed=seed,
        metrics=SHOWN,
    )
    metrics = {}
    for name in SHOWN:
        s = intervals(outcome.values[name], probability=METRICS[name].probability)
        metrics[name] = tuple((float(s.mean[i]), float(s.low[i]), float(s.high[i])) for i in (0, 1))
    return Tuning(method, dict(zip(PID_GAINS, gains, strict=True)), found, metrics, notes)


def _optimised(resolved: Resolved, runs: int, seed: int) -> tuple[tuple[float, float, float], str]:
    ranges = {PID_GAINS[0]: {"low": 1e-3, "high": 10.0, "scale": "log"}, PID_GAINS[1]: {"low": 1e-6, "high": 1.0, "scale": "log"}}
    ranges |= {PID_GAINS[2]: {"low": 1e-3, "high": 10.0, "scale": "log"}}
    sets = {path: entry.value for path, entry in resolved.entries.items() if path not in PID_GAINS and entry.value != {}}
    design = {"policies": ["pid"], "parameters": ranges, "set": sets, "runs": runs, "seed": seed}
    best = optimise(design, objectives="tracking_rms", constraints="ruin <= 0.01").best
    return tuple(float(best[path]) for path in PID_GAINS), "least tracking RMS with ruin at most 1 %"
