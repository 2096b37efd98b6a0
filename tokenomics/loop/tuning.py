"""Gains of the PID, or an LQR, by design methods on the linear economy.

ziegler-nichols: from the ultimate gain and period (Ziegler and Nichols 1942). imc: Skogestad's SIMC
rule (2003) on a first-order model with delay fitted to the step response. pole-placement: dominant
poles (Åström and Hägglund 2006, section 6.4). loop-shaping: the largest integral gain with a peak
sensitivity of at most `SHAPED` (MIGO, Åström, Panagopoulos and Hägglund 1998).
optimise: least simulated tracking error with a low treasury in at most `DEPLETED` of the runs. lqr:
the linear-quadratic regulator of `model/controllers/lqr.py` with the weights of the parameters; its
gains are computed from them before a simulation. A design is a proposal only where its margins are
not thin and it does not deplete the treasury.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import curve_fit

from ..errors import InputError, counted, nearest
from ..experiments.evaluate import evaluate
from ..experiments.optimise import optimise
from ..inputs import bounds
from ..inputs.bounds import Bound
from ..model.controllers import lqr
from ..parameters import Parameters, Resolved, value_at
from ..results.intervals import intervals
from ..results.metrics import LOW, METRICS
from .economy import PID_GAINS, LinearEconomy, linear_law, linearise, pid_law
from .margins import Margins, frequencies, gain_margin, is_stable, margins, moving, poles, response
from .systems import transfer

SHAPED = 1.4  # peak sensitivity of a robust loop (Åström and Hägglund 2006, section 4.6)
RESPONSE_DAYS = 120  # of the step response that is fitted
DAMPING = 0.7
DEPLETED = 0.01  # largest probability of a low reserve of a design that is proposed; assumption
PID_UNITS = dict(zip(PID_GAINS, ("1/day", "1/day^2", "1"), strict=True))
LQR_WEIGHTS = {
    "controller.lqr.price_weight": "1",
    "controller.lqr.integral_weight": "1/day^2",
    "controller.lqr.effort_weight": "day^2",
}
DIGITS = 6  # significant ones of a found gain; what searches differ by between processors is less
SHOWN = ("tracking_rms", "price_volatility", "control_effort", "treasury_min", "treasury_low")


@dataclass(frozen=True)
class Tuning:
    """gains: of the PID, or weights of the LQR, by path. margins: that they leave. metrics: mean,
    low and high by name, of the tuned policy and of the policy that it is to replace. runs, failed:
    of the tuned policy, simulated and those that failed. notes: how the method came to them.
    """

    method: str
    gains: Mapping[str, float]
    margins: Margins
    metrics: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]]
    runs: int
    failed: int
    notes: str

    @property
    def law(self) -> str:
        """The controller's type."""
        return "lqr" if self.method == "lqr" else "pid"

    @property
    def depleting(self) -> bool:
        """Whether the reserve is low in more than `DEPLETED` of the runs, or a run fails."""
        return self.failed > 0 or not self.metrics["treasury_low"][0][0] <= DEPLETED

    @property
    def refused(self) -> bool:
        """Whether it must not be proposed: thin margins (Ms > 2), or a treasury that is low."""
        return self.margins.thin or self.depleting

    def settings(self) -> dict[str, Any]:
        """What makes any policy this one, by path: the law first, as gains of a law that is not in
        force do nothing.
        """
        return {"controller.type": self.law, **self.gains}

    def reading(self) -> str:
        """Margins, simulated reserves and the verdict, in plain language."""
        mean, low, high = self.metrics["treasury_low"][0]
        told = (
            f"Of {self.runs} simulated treasuries {mean:.2%} fall to {LOW:.0%} of their start "
            f"[{low:.2%}, {high:.2%}]"
        )
        if self.failed:
            told += f" and {counted(self.failed, 'run')} failed"
        if self.margins.thin:
            verdict = "refused, margins are thin (Ms > 2)"
        elif self.depleting:
            verdict = (
                f"refused, margins suffice but it depletes the treasury (more than {DEPLETED:.0%})"
            )
        elif high > DEPLETED:
            verdict = (
                f"margins are comfortable; {self.runs} runs are too few to show a low "
                f"treasury in less than {DEPLETED:.0%}"
            )
        else:
            verdict = "comfortable in margins and reserve"
        return f"{self.margins.tolerance()}. {told}: {verdict}."

    def policy(self) -> dict[str, Any]:
        """The design as a policy file's tree."""
        source = (
            (f"derived: tuned by {self.method}; {self.notes}")
            if self.law == "pid"
            else "assumption: weights of the policy that was tuned"
        )
        units = PID_UNITS | LQR_WEIGHTS
        inner = {
            path.rsplit(".", 1)[1]: {"value": gain, "unit": units[path], "source": source}
            for path, gain in self.gains.items()
        }
        kind = {"value": self.law, "unit": "-", "source": f"policy definition: {self.law}"}
        told = (f"{self.law.upper()} tuned by {self.method}.") + (
            f" {self.reading()}" if self.refused else ""
        )
        return {"description": told, "controller": {"type": kind, self.law: inner}}


def _unit_laws(parameters: Parameters, economy: LinearEconomy) -> list:
    """The law with one gain of one and the others zero, for each gain."""
    return [pid_law(parameters, economy, tuple(float(i == j) for j in range(3))) for i in range(3)]


def ziegler_nichols(
    parameters: Parameters, economy: LinearEconomy, target: float
) -> tuple[tuple[float, float, float], str]:
    """0.6 Ku, Tu/2, Tu/8 from the proportional gain at which the loop oscillates."""
    law = _unit_laws(parameters, economy)[0]
    ultimate = gain_margin(economy.plant, law)
    if not 0.0 < ultimate < np.inf:
        raise InputError(
            ("the loop does not oscillate at any proportional gain"),
            expected="a plant with an ultimate gain; another method",
        )
    edge = poles(economy.plant, law, ultimate)
    period = float(2.0 * np.pi / abs(np.angle(moving(edge)[0])) * economy.plant.dt)
    kp = 0.6 * ultimate
    return (kp, kp / (period / 2.0), kp * period / 8.0), (
        f"ultimate gain {ultimate:.4g} 1/day, period {period:.4g} days"
    )


def imc(
    parameters: Parameters, economy: LinearEconomy, target: float
) -> tuple[tuple[float, float, float], str]:
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

    start, limits = (
        (max(y), 20.0, plant.dt),
        ([0.0, 0.1, 0.0], [np.inf, 1e4, max(30.0, 3.0 * plant.dt)]),
    )
    try:
        (gain, constant, delay), _ = curve_fit(model, t, np.array(y), p0=start, bounds=limits)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            (f"the step response fits no first-order model: {error}"),
            expected="a plant that settles; another method",
        ) from error
    wanted = target + delay
    kp = float(constant / (gain * wanted))
    note = (
        f"fitted gain {gain:.4g}, time constant {constant:.4g} days, delay {delay:.4g} days; "
        f"wanted time constant {target:g} days"
    )
    return (kp, kp / float(min(constant, 4.0 * wanted)), 0.0), note


def pole_placement(
    parameters: Parameters, economy: LinearEconomy, target: float
) -> tuple[tuple[float, float, float], str]:
    """Gains for which a damped pair and a real pole of time constant `target` are poles: linear in
    the gains, as 1 − P(z) C(z) = 0 is.
    """
    plant, dt = economy.plant, economy.plant.dt
    speed = 1.0 / target
    wanted = [
        np.exp(dt * speed * complex(-DAMPING, np.sqrt(1.0 - DAMPING**2))),
        complex(np.exp(-dt * speed)),
    ]
    through = transfer(plant)(np.array(wanted))
    rates = [transfer(law)(np.array(wanted)) for law in _unit_laws(parameters, economy)]
    rows, right = [], []
    for z, row in zip(wanted, (np.array(rates) * through).T, strict=True):
        rows.append(row.real)
        right.append(1.0)
        if abs(z.imag) > 0.0:
            rows.append(row.imag)
            right.append(0.0)
    kp, ki, kd = (float(g) for g in np.linalg.solve(np.array(rows), np.array(right)))
    return (kp, ki, kd), (
        f"a pair with damping {DAMPING:g} and a real pole, both of {target:g} days; the other "
        f"poles fall where they fall"
    )


def loop_shaping(
    parameters: Parameters, economy: LinearEconomy, target: float
) -> tuple[tuple[float, float, float], str]:
    """Of a grid of gains, with the derivative time of the policy, the largest integral gain whose
    Ms stays within `SHAPED`.
    """
    pid = parameters.controller.pid
    lead = pid.kd / pid.kp if pid.kp else 0.0
    omega = frequencies(economy.plant.dt)
    # the loop is linear in the gains
    parts = [
        -response(economy.plant, omega) * response(law, omega)
        for law in _unit_laws(parameters, economy)
    ]

    def robust(kp: float, ki: float) -> bool:
        loop = kp * parts[0] + ki * parts[1] + lead * kp * parts[2]
        return np.max(1.0 / np.abs(1.0 + loop)) <= SHAPED and is_stable(
            economy.plant, pid_law(parameters, economy, (kp, ki, lead * kp))
        )

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
    return (kp, ki, lead * kp), (
        f"largest integral gain with Ms at most {SHAPED:g}, derivative time {lead:g} days"
    )


METHODS: dict[str, Callable] = {
    "ziegler-nichols": ziegler_nichols,
    "imc": imc,
    "pole-placement": pole_placement,
    "loop-shaping": loop_shaping,
}


def tune(
    resolved: Resolved, method: str, *, target: float = 10.0, runs: int = 200, seed: int = 0
) -> Tuning:
    """Design a controller for a parameter set, whatever its policy.

    method: one of `METHODS`, optimise, or lqr. target: wanted time constant of the closed loop
    [days] (imc, pole-placement). runs: of the simulated check. Gains of a PID are rounded once, to
    `DIGITS`, and are so simulated and told. Raises InputError for an unknown method.
    """
    names = (*METHODS, "optimise", "lqr")
    if method not in names:
        raise InputError(
            (f"unknown method '{method}'"),
            argument="method",
            expected="one of " + ", ".join(names),
            nearest=nearest(method, names),
        )
    slow = Bound(
        resolved.values.controller.interval,
        bounds.CENTURY,
        ("no loop answers faster than it decides"),
        "days",
        whole=False,
    )
    bounds.check(target=(target, slow), runs=(runs, bounds.REPEATED), seed=(seed, bounds.SEED))
    own = resolved.replace({"controller.type": "lqr" if method == "lqr" else "pid"}, source="tune")
    parameters = own.values
    economy = linearise(parameters, today=own.today)
    if method == "lqr":
        paths, law = LQR_WEIGHTS, linear_law(economy.params, economy.state)
        gains = tuple(float(own.entries[path].value) for path in paths)
        notes = (
            f"feedback {', '.join(f'{k:.4g}' for k in lqr.design(economy.params).feedback)} 1/day "
            f"on the estimated state, from the weights below"
        )
    else:
        paths = PID_GAINS
        gains, notes = (
            _optimised(own, runs, seed)
            if method == "optimise"
            else METHODS[method](parameters, economy, target)
        )
        gains = tuple(float(f"{gain:.{DIGITS}g}") for gain in gains)
        law = pid_law(parameters, economy, gains)
    # the weights of an LQR are no points of a sweep: its gains are computed before a simulation
    tuned = own.replace(dict(zip(paths, gains, strict=True)), source="tune")
    outcomes = [
        evaluate(case, (), [[]], runs=np.arange(runs), seed=seed, metrics=SHOWN)
        for case in (tuned, resolved)
    ]
    metrics = {}
    for name in SHOWN:
        found = [intervals(outcome.values[name], **METRICS[name].interval) for outcome in outcomes]
        metrics[name] = tuple((float(s.mean[0]), float(s.low[0]), float(s.high[0])) for s in found)
    failed = int(np.sum(np.isnan(outcomes[0].values["treasury_low"])))
    return Tuning(
        method,
        dict(zip(paths, gains, strict=True)),
        margins(economy.plant, law),
        metrics,
        runs,
        failed,
        notes,
    )


def _optimised(resolved: Resolved, runs: int, seed: int) -> tuple[tuple[float, float, float], str]:
    ranges = {
        PID_GAINS[0]: {"low": 1e-3, "high": 10.0, "scale": "log"},
        PID_GAINS[1]: {"low": 1e-6, "high": 1.0, "scale": "log"},
    }
    ranges |= {PID_GAINS[2]: {"low": 1e-3, "high": 10.0, "scale": "log"}}
    sets = {
        path: entry.value
        for path, entry in resolved.entries.items()
        if path not in PID_GAINS and entry.value != {}
    }
    today = {path: value_at(dict(resolved.today), path) for path in sets if resolved.is_lever(path)}
    design = {
        "policies": ["pid"],
        "parameters": ranges,
        "set": sets,
        "today": today,
        "runs": runs,
        "seed": seed,
    }
    best = optimise(
        design, objectives="tracking_rms", constraints=f"treasury_low <= {DEPLETED:g}"
    ).best
    return tuple(float(best[path]) for path in PID_GAINS), (
        f"least tracking RMS with a low treasury in at most {DEPLETED:g} of runs"
    )
