"""Figures of a control loop: frequency response, stability map, root locus and responses in
time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..results.drawing import Drawing
from ..results.figures import COLOURS, plain_log, styled
from ..shown import readable
from .margins import Margins, closed, frequencies, poles, response
from .systems import StateSpace

GAINS = np.logspace(-2, 2, 121)  # factors of the root locus
SHOCK = -0.1  # log points of the disturbance
BEYOND = 3.0  # times the furthest gain of a boundary, as far as the map goes
FAINTEST = 1e-3  # gain of a loop that is drawn


@styled
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
    bode.set(title="Bode: gain of the loop and of what it does to disturbances", ylabel="gain [1]")
    bode.set_ylim(max(FAINTEST, bode.get_ylim()[0]), None)
    bode.legend(loc="lower center")
    phases.semilogx(omega, angle, color=COLOURS[0])
    phases.axhline(-180.0, color="black", linewidth=0.6)
    phases.set(
        title=f"Bode: phase, with a margin of {found.phase:.3g} degrees",
        xlabel="frequency [rad/day]",
        ylabel="phase of L [degrees]",
    )
    nyquist.plot(loop.real, loop.imag, color=COLOURS[0])
    nyquist.plot(loop.real, -loop.imag, color=COLOURS[0], linewidth=0.6, linestyle="--")
    nyquist.plot([-1.0], [0.0], "x", color=COLOURS[1], label="-1, where the loop swings")
    turn = np.exp(1j * np.linspace(0.0, 2.0 * np.pi, 200))
    nyquist.plot(
        (turn / found.sensitivity).real - 1.0,
        (turn / found.sensitivity).imag,
        color=COLOURS[1],
        linewidth=0.7,
        label=f"as close as it comes (1/Ms, Ms {found.sensitivity:.3g})",
    )
    nyquist.set(
        title="Nyquist: the further from -1, the calmer",
        xlabel="real part of L [1]",
        ylabel="imaginary part of L [1]",
        aspect="equal",
    )
    low, high = nyquist.get_ylim()
    nyquist.set_ylim(low, high + 0.3 * (high - low))  # room for the legend
    nyquist.legend(loc="upper left")
    nichols.plot(angle, 20.0 * np.log10(np.abs(loop)), color=COLOURS[0])
    nichols.plot([-180.0], [0.0], "x", color=COLOURS[1])
    nichols.set(
        title="Nichols: the same, in decibels and degrees",
        xlabel="phase of L [degrees]",
        ylabel="gain of L [dB]",
    )
    nichols.set_ylim(max(20.0 * np.log10(FAINTEST), nichols.get_ylim()[0]), None)
    canvas.suptitle(found.reading(), x=0.01, ha="left")
    return canvas


@styled
def time(plant: StateSpace, law: StateSpace, found: Margins, days: float = 365.0) -> Figure:
    """Root locus over a factor on the gain, and how the loop answers a step of the reference and a
    shock to the price.
    """
    canvas = Drawing(figsize=(10.5, 3.8), layout="constrained")
    locus, step, shock = canvas.subplots(1, 3)
    turn = np.exp(1j * np.linspace(0.0, 2.0 * np.pi, 400))
    locus.plot(turn.real, turn.imag, color="black", linewidth=0.6, label="stable within")
    for gain in GAINS:
        found_poles = poles(plant, law, gain)
        locus.plot(found_poles.real, found_poles.imag, ".", color=COLOURS[0], markersize=1.5)
    now = poles(plant, law)
    locus.plot(now.real, now.imag, "x", color=COLOURS[1], label="gains in force")
    locus.set(
        title=f"Poles with the gain times {GAINS[0]:g} to {GAINS[-1]:g}",
        xlabel="real part [1]",
        ylabel="imaginary part [1]",
        aspect="equal",
    )
    locus.set(xlim=(-1.5, 1.3), ylim=(-1.2, 1.6))
    locus.legend(loc="upper left", ncols=2)
    t, price, alone = responses(plant, law, days)
    followed = step_response(plant, law, days)
    step.plot(t, followed, color=COLOURS[0])
    step.axhline(1.0, color="black", linewidth=0.6)
    step.set(
        title=f"Step of the reference: {followed[-1]:.0%} is followed",
        xlabel="time [days]",
        ylabel="measured log price over the step [1]",
    )
    shock.plot(t, price, color=COLOURS[0], label="with the controller")
    shock.plot(t, alone, color=COLOURS[1], label="without")
    shock.axhline(0.0, color="black", linewidth=0.6)
    shock.set(
        title=f"A shock of {SHOCK:g} to the valuation",
        xlabel="time [days]",
        ylabel="measured log price less reference [1]",
    )
    shock.legend(loc="lower right")
    canvas.suptitle(
        f"The loop is {'stable' if found.stable else 'unstable'}; its slowest moving pole takes "
        f"{readable(found.slowest)} days",
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


@styled
def stability_map(
    title: str,
    lines: Mapping[str, np.ndarray],
    labels: tuple[str, str],
    chosen: np.ndarray,
    window: tuple[np.ndarray, np.ndarray],
) -> Figure:
    """Regions of a gain plane in which the loop is stable, one line a condition. lines: gains
    (points, 2), NaN where one leaves the window. chosen: gains marked. window: lowest and highest
    gains.
    """
    canvas = Drawing(figsize=(6.4, 4.8), layout="constrained")
    axis = canvas.add_subplot()
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        axis.plot(*line.T, color=colour, label=name)
    axis.plot(*chosen, "*", color="black", label="gains in force")
    axis.set(xlabel=labels[0], ylabel=labels[1], title=title)
    low, high = window
    furthest = np.nanmax(np.concatenate([*lines.values(), [chosen]]), axis=0)
    # what is stable beyond every line tells nothing
    right, top = np.minimum(high, BEYOND * furthest)
    axis.set(xlim=(low[0], right), ylim=(low[1], top))
    plain_log(axis, "x")
    plain_log(axis, "y")
    canvas.legend(loc="outside lower center", ncols=2)
    return canvas


@styled
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
        ylim=(0.0, None), xlabel="integral time kp/ki [days]", ylabel="proportional gain kp [1/day]"
    )
    worst = (table["ratio"] - 1.0).abs().max()
    axis.set_title(
        f"The simulated boundary of stability lies within {worst:.0%} of the predicted one"
    )
    axis.legend(loc="lower left")
    return canvas
