"""Figures of a control loop: frequency response, stability map, root locus and responses in
time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..results.drawing import Drawing
from ..results.figures import COLOURS
from .margins import Margins, closed, frequencies, poles, response
from .systems import StateSpace

GAINS = np.logspace(-2, 2, 121)  # factors of the root locus
SHOCK = -0.1  # log points of the disturbance


def frequency(plant: StateSpace, law: StateSpace, found: Margins) -> Figure:
    """Bode, Nyquist and Nichols plots of the loop, and the size of both sensitivities."""
    omega = frequencies(plant.dt)
    loop = -response(plant, omega) * response(law, omega)
    canvas = Drawing(figsize=(10.5, 7.0), layout="constrained")
    (bode, nyquist), (phases, nichols) = canvas.subplots(2, 2)
    angle = np.degrees(np.unwrap(np.angle(loop)))
    bode.loglog(omega, np.abs(loop), color=COLOURS[0], label="loop L")
    bode.loglog(
        omega,
        np.abs(1.0 / (1.0 + loop)),
        color=COLOURS[1],
        label=f"sensitivity S, peak {found.sensitivity:.3g}",
    )
    bode.loglog(
        omega,
        np.abs(loop / (1.0 + loop)),
        color=COLOURS[2],
        label=f"complementary T, peak {found.complementary:.3g}",
    )
    bode.axhline(1.0, color="black", linewidth=0.6)
    bode.set(title="Bode: size", ylabel="gain [1]", ylim=(1e-3, None))
    bode.legend(fontsize=7, frameon=False)
    phases.semilogx(omega, angle, color=COLOURS[0])
    phases.axhline(-180.0, color="black", linewidth=0.6)
    phases.set(
        title=f"Bode: phase; margin {found.phase:.3g} degrees",
        xlabel="frequency [rad/day]",
        ylabel="phase of L [degrees]",
    )
    nyquist.plot(loop.real, loop.imag, color=COLOURS[0])
    nyquist.plot(loop.real, -loop.imag, color=COLOURS[0], linewidth=0.6, linestyle="--")
    nyquist.plot([-1.0], [0.0], "x", color=COLOURS[1], label="-1")
    turn = np.exp(1j * np.linspace(0.0, 2.0 * np.pi, 200))
    nyquist.plot(
        (turn / found.sensitivity).real - 1.0,
        (turn / found.sensitivity).imag,
        color=COLOURS[1],
        linewidth=0.7,
        label="circle 1/Ms",
    )
    nyquist.set(
        title="Nyquist", xlabel="real part of L", ylabel="imaginary part of L", aspect="equal"
    )
    nyquist.legend(fontsize=7, frameon=False)
    nichols.plot(angle, 20.0 * np.log10(np.abs(loop)), color=COLOURS[0])
    nichols.plot([-180.0], [0.0], "x", color=COLOURS[1])
    nichols.set(
        title="Nichols", xlabel="phase of L [degrees]", ylabel="gain of L [dB]", ylim=(-80.0, None)
    )
    for axis in (bode, phases, nyquist, nichols):
        axis.grid(alpha=0.25)
    canvas.suptitle(found.reading(), fontsize=9, x=0.01, ha="left")
    return canvas


def time(plant: StateSpace, law: StateSpace, found: Margins, days: float = 365.0) -> Figure:
    """Root locus over a factor on the gain, and how the loop answers a step of the reference and a
    shock to the price.
    """
    canvas = Drawing(figsize=(10.5, 3.8), layout="constrained")
    locus, step, shock = canvas.subplots(1, 3)
    turn = np.exp(1j * np.linspace(0.0, 2.0 * np.pi, 400))
    locus.plot(turn.real, turn.imag, color="black", linewidth=0.6)
    for gain in GAINS:
        found_poles = poles(plant, law, gain)
        locus.plot(found_poles.real, found_poles.imag, ".", color=COLOURS[0], markersize=1.5)
    now = poles(plant, law)
    locus.plot(now.real, now.imag, "x", color=COLOURS[1], label="gains in force")
    locus.set(
        title=f"Root locus, gain x {GAINS[0]:g} to x {GAINS[-1]:g}",
        xlabel="real part",
        ylabel="imaginary part",
        aspect="equal",
    )
    locus.set(xlim=(-1.5, 1.3), ylim=(-1.4, 1.4))
    locus.legend(fontsize=7, frameon=False)
    t, price, alone = responses(plant, law, days)
    step.plot(t, step_response(plant, law, days), color=COLOURS[0])
    step.axhline(1.0, color="black", linewidth=0.6)
    step.set(
        title="Step of the reference", xlabel="time [days]", ylabel="measured log price per unit"
    )
    shock.plot(t, price, color=COLOURS[0], label="with the controller")
    shock.plot(t, alone, color=COLOURS[1], label="without")
    shock.axhline(0.0, color="black", linewidth=0.6)
    shock.set(
        title=f"Shock of {SHOCK:g} to the valuation",
        xlabel="time [days]",
        ylabel="measured log price from reference",
    )
    shock.legend(fontsize=7, frameon=False)
    for axis in (step, shock, locus):
        axis.grid(alpha=0.25)
    canvas.suptitle(
        f"Slowest moving pole: {found.slowest:.4g} days; stable: {'yes' if found.stable else 'no'}",
        fontsize=9,
        x=0.01,
        ha="left",
    )
    return canvas


def step_response(plant: StateSpace, law: StateSpace, days: float) -> np.ndarray:
    """Measured log price after a unit step of the reference: the law sees y − 1."""
    a, steps = closed(plant, law), int(days / plant.dt) + 1
    push = np.concatenate([-(plant.B @ law.D).ravel(), -law.B.ravel()])
    x, found = np.zeros(len(a)), []
    for _ in range(steps):
        found.append(float(plant.C[0] @ x[: plant.nstates]))
        x = a @ x + push
    return np.array(found)


def responses(
    plant: StateSpace, law: StateSpace, days: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times [days], and the measured log price after a shock to the outside valuation, with and
    without the controller.
    """
    steps, states = int(days / plant.dt) + 1, list(plant.state_labels)
    start = np.zeros(plant.nstates + law.nstates)
    start[states.index("outside_value")] = SHOCK
    with_it, without = [], []
    x, z, a = start.copy(), start[: plant.nstates].copy(), closed(plant, law)
    for _ in range(steps):
        with_it.append(float(plant.C[0] @ x[: plant.nstates]))
        without.append(float(plant.C[0] @ z))
        x, z = a @ x, plant.A @ z
    return np.arange(steps) * plant.dt, np.array(with_it), np.array(without)


def stability_map(
    title: str,
    x: np.ndarray,
    y: np.ndarray,
    grids: dict[str, np.ndarray],
    labels: tuple[str, str],
    chosen: tuple[float, float],
) -> Figure:
    """Regions of a gain plane in which the loop is stable, one contour a condition. grids: (y, x)
    of the spectral radius. chosen: gains marked.
    """
    canvas = Drawing(figsize=(6.4, 4.8), layout="constrained")
    axis = canvas.add_subplot()
    for (name, radius), colour in zip(grids.items(), COLOURS, strict=False):
        axis.contour(x, y, radius, levels=[1.0], colors=[colour])
        axis.plot([], [], color=colour, label=name)
    axis.plot(*chosen, "*", color="black", label="gains in force")
    axis.set(xscale="log", yscale="log", xlabel=labels[0], ylabel=labels[1])
    axis.set_title(title, fontsize=9, loc="left")
    axis.legend(fontsize=7, frameon=False)
    axis.grid(alpha=0.25)
    return canvas


def boundary(table: pd.DataFrame) -> Figure:
    """Critical gains by integral time: predicted, simulated, and where the loop does more harm than
    good.
    """
    canvas = Drawing(figsize=(6.4, 4.2), layout="constrained")
    axis, places = canvas.add_subplot(), np.arange(len(table))
    labels = {
        "predicted": "unstable, predicted",
        "simulated": "unstable, simulated at small noise",
        "worse_than_none": "tracks worse than none, shipped limits",
        "worse_than_none_unlimited": "tracks worse than none, limits off",
    }
    for (column, label), colour, marker in zip(labels.items(), COLOURS, "_xo^", strict=False):
        reached = table[column].replace(np.inf, np.nan)
        label += ": not reached" if reached.isna().all() else ""
        axis.plot(
            places,
            reached,
            marker,
            color=colour,
            markersize=14 if marker == "_" else 6,
            label=label,
        )
    axis.set_xticks(
        places, ["no integral" if np.isinf(t) else f"{t:g}" for t in table["integral_time"]]
    )
    axis.set(
        ylim=(0.0, None), xlabel="integral time kp/ki [days]", ylabel="controller.pid.kp [1/day]"
    )
    worst = (table["ratio"] - 1.0).abs().max()
    axis.set_title(
        f"The simulated boundary lies within {worst:.0%} of the predicted one",
        fontsize=9,
        loc="left",
    )
    axis.legend(fontsize=7, frameon=False)
    axis.grid(alpha=0.25)
    return canvas
