"""The cycle into which an unstable loop grows when its actuator is limited: describing functions
and the Nyquist crossing.

A signal of amplitude A through a saturation at M behind a dead band δ keeps its first harmonic with
the gain
    N(A) = f((δ+M)/A) − f(δ/A),   f(r) = (2/π)(asin r + r √(1−r²)) for r < 1, else 1,
and a cycle exists where L(e^{jωΔ}) = −1/N(A) (Gelb and Vander Velde, Multiple-Input Describing
Functions, 1968, sections 2.3 and 3.1). It is the one that a small disturbance grows into where a
smaller gain than N is stable and a larger one is not. A cycle of two decisions has no higher
harmonics: a sample is ±A, and N(A) = min(max(A − δ, 0), M)/A exactly. A rate limit R holds a signal
of period T within ±R T/4, a triangle's amplitude; exact for a cycle of two decisions. The lag that
it gives a longer cycle is left out: far above the boundary (three times, at the baseline) it leads
to a slower and larger cycle than the one predicted. Limits that differ between buying and selling
count with the smaller one; a policy that only buys has no such cycle, and is not asked for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.blocks.controller import bounds
from ..model.controllers import law
from ..model.controllers.pid import MEMORY
from ..model.formulas.root import roots
from ..parameters import Parameters, put
from .crossings import real_at
from .economy import PID_GAINS, STEP, WIDE, LinearEconomy
from .margins import is_stable, response
from .systems import StateSpace, constant, negative

LARGEST = 1e9  # amplitude in limits up to which a cycle is looked for
NEAR = 1e-3  # change of gain by which both sides of a crossing are tried
# times the gain margin: a gain whose cycle is told; the choice does not move its period much
BEYOND = 1.3


@dataclass(frozen=True)
class Cycle:
    """period [days]. signal: amplitude of the first harmonic of what the actuator does [reference
    depths a day]. price: of the measured log price.
    """

    period: float
    signal: float
    price: float


def describing(
    amplitude: float, limit: float, dead_band: float = 0.0, *, two_steps: bool = False
) -> float:
    """N(A) [1] of a saturation at ±`limit` behind a dead band. two_steps: of a signal that
    alternates between ±A.
    """
    if two_steps:
        return min(max(amplitude - dead_band, 0.0), limit) / amplitude

    def part(ratio: float) -> float:
        return (
            1.0
            if ratio >= 1.0
            else 2.0 / np.pi * (np.arcsin(ratio) + ratio * np.sqrt(1.0 - ratio * ratio))
        )

    return part((dead_band + limit) / amplitude) - (
        part(dead_band / amplitude) if dead_band else 0.0
    )


def amplitude(
    gain: float, limit: float, dead_band: float = 0.0, *, two_steps: bool = False
) -> float:
    """The amplitude A at which N(A) has fallen to `gain`; NaN where it is below at every
    amplitude.
    """

    def above(log: float) -> float:
        return describing(np.exp(log), limit, dead_band, two_steps=two_steps) - gain

    low, high = np.log(limit + dead_band) - 1e-12, np.log((limit + dead_band) * LARGEST)
    if dead_band:
        from scipy.optimize import minimize_scalar  # takes a tenth of a second to import

        low = minimize_scalar(
            lambda log: -above(log), bounds=(low, low + np.log(10.0)), method="bounded"
        ).x
    if not above(low) > 0.0 > above(high):
        return np.nan
    ends = np.array([low]), np.array([high])
    return float(np.exp(roots(lambda log, _: np.array([above(float(log[0]))]), *ends)[0]))


def cycle(
    plant: StateSpace,
    behind: StateSpace,
    limit: float,
    *,
    rate: float = np.inf,
    dead_band: float = 0.0,
) -> Cycle | None:
    """The cycle of a loop whose signal is limited; None where none is predicted.

    plant: signal to measured price. behind: actual signal to wanted one, through plant and law.
    limit [of the signal], rate [its change a day].
    """
    loop, dt = negative(behind), plant.dt
    wire = constant(-1.0, dt)
    for angle in (np.pi, *real_at(loop)[::-1]):
        size = float(response(loop, np.array([angle / dt]))[0].real)
        if size >= -1.0:
            continue
        gain, period = -1.0 / size, 2.0 * np.pi / angle * dt
        if not is_stable(loop, wire, gain * (1.0 - NEAR)) or is_stable(
            loop, wire, gain * (1.0 + NEAR)
        ):
            continue
        found = amplitude(
            gain, min(limit, rate * period / 4.0), dead_band, two_steps=angle == np.pi
        )
        if np.isnan(found):
            return None
        return Cycle(
            float(period),
            gain * found,
            gain * found * float(np.abs(response(plant, np.array([angle / dt]))[0])),
        )
    return None


def pid_behind(parameters: Parameters, economy: LinearEconomy, factor: float = 1.0) -> StateSpace:
    """Actual signal to wanted signal, through the plant and a PID with gains times `factor`, whose
    anti-windup sees the actual signal.
    """
    pid = parameters.controller.pid
    names = [path.rsplit(".", 1)[1] for path in PID_GAINS]
    larger = {f"controller.pid.{n}": getattr(pid, n) * factor for n in names} | {
        "controller.type": "pid",
        "controller.pid.rate_limit": WIDE,
    }
    params = {**economy.params, "controller": put(parameters, larger).controller}
    a, b, c = _pid_parts(params, economy.state, economy.plant.dt)
    plant = economy.plant
    # wanted = c (memory, y), memory' = a memory + b (y, actual), y = the plant's output
    top = np.hstack([plant.A, np.zeros((plant.nstates, len(a)))])
    bottom = np.hstack([b[:, :1] @ plant.C, a])
    drive = np.vstack([plant.B, b[:, 1:]])
    return StateSpace(
        np.vstack([top, bottom]),
        drive,
        np.hstack([c[-1] * plant.C, c[None, :-1]]),
        np.zeros((1, 1)),
        plant.dt,
    )


def _pid_parts(
    params: Mapping[str, Any], state: Mapping[str, float], interval: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The PID's memory matrices by memory, by (y, actual signal), and its wanted signal by (memory,
    y): differences on the law itself.
    """
    decide, rest = (
        law("pid").decide,
        {**state, **{f"control_{m.name}": 0.0 for m in MEMORY}, "control_signal": 0.0},
    )
    rest["control_filtered"] = np.log(state["measured_price"])

    def step(name: str, by: float) -> np.ndarray:
        moved, y, signal = dict(rest), by * (name == "y"), by * (name == "signal")
        if name not in ("y", "signal"):
            moved[f"control_{name}"] += by
        moved["measured_price"] = np.exp(np.log(state["measured_price"]) + y)
        held = decide(params, moved, -y, interval, signal, signal).memory
        wanted = decide(params, moved, -y, interval, -WIDE, WIDE).signal
        return np.array([*(float(held[m.name]) for m in MEMORY), float(wanted)])

    columns = [*(m.name for m in MEMORY), "y", "signal"]
    slopes = np.column_stack([(step(n, STEP) - step(n, -STEP)) / (2.0 * STEP) for n in columns])
    count = len(MEMORY)
    return slopes[:count, :count], slopes[:count, count:], slopes[count, : count + 1]


def economys_cycle(parameters: Parameters, economy: LinearEconomy, factor: float) -> Cycle | None:
    """The cycle of a PID's loop with gains times `factor`, under the limits that the treasury has
    in the steady state.
    """
    params, depth = economy.params, economy.state["reference_depth"]
    spend, sellable, mintable = (float(v) for v in bounds(params, economy.state))
    sale = min(
        params["controller"].sale_limit,
        (sellable + mintable) * economy.state["token_price"] / depth,
    )
    limits = {"rate": params["controller"].pid.rate_limit, "dead_band": 0.0}
    return cycle(
        economy.plant, pid_behind(parameters, economy, factor), min(spend / depth, sale), **limits
    )


def reading(parameters: Parameters, economy: LinearEconomy, gain: float) -> str:
    """The cycle beyond the gain margin `gain` of a PID, in plain language."""
    if not np.isfinite(gain):
        return "No limit cycle is predicted: the loop is stable at any gain."
    factor = (
        1.0
        if gain == 0.0
        else float(f"{BEYOND * gain:.1g}" if BEYOND * gain >= 10.0 else f"{BEYOND * gain:.2g}")
    )
    found = economys_cycle(parameters, economy, factor)
    gains = "With these gains" if factor == 1.0 else f"With gains x{factor:g}"
    if found is None:
        return (
            f"{gains} no limit cycle is predicted: the loop is stable at the gain that its limits "
            f"leave it."
        )
    return (
        f"{gains} the price would cycle with a period of {found.period:.3g} days and an amplitude "
        f"of {np.expm1(found.price):.2%}: "
        "larger errors meet the actuator's limits, which lower the loop's gain."
    )
