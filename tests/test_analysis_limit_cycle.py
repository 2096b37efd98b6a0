"""Limit cycles: describing functions are first harmonics; the predicted cycle is the one that a
limited loop and the economy settle into.
"""

from dataclasses import replace

import control
import numpy as np
import pytest

from tokenomics.loop.analyse import analyse
from tokenomics.loop.economy import linear_law, linearise
from tokenomics.loop.limit_cycle import amplitude, cycle, describing, economys_cycle, pid_behind
from tokenomics.loop.margins import gain_margin, poles
from tokenomics.model.model import MODEL
from tokenomics.model.shocks import NORMALS, UNIFORMS, ShockTable
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import SHARED
from tokenomics.parameters import put, resolve

BASE = resolve("baseline", policy="pid_two_sided").values
ECONOMY = linearise(BASE)
# of period and of half the swing: the harmonics that the method leaves out weigh more, the longer
# the loop is saturated
WITHIN = {"period": 0.05, "price": 0.12}
FACTOR = 50.0  # times the shipped gains; the loop is unstable from 39.8


@pytest.mark.parametrize("band", [0.0, 0.3])
@pytest.mark.parametrize("size", [0.5, 1.1, 1.31, 4.0])
def test_the_describing_function_is_the_gain_of_the_first_harmonic(size, band):
    t = (np.arange(200000) + 0.5) / 200000 * 2.0 * np.pi
    wave = size * np.sin(t)
    out = np.clip(np.sign(wave) * np.maximum(np.abs(wave) - band, 0.0), -1.0, 1.0)
    assert describing(size, 1.0, band) == pytest.approx(
        2.0 * np.mean(out * np.sin(t)) / size, abs=1e-6
    )


@pytest.mark.parametrize("two_steps", [True, False])
@pytest.mark.parametrize("band", [0.0, 0.3])
def test_the_amplitude_is_the_one_at_which_the_gain_has_fallen(band, two_steps):
    found = amplitude(0.4, 1.0, band, two_steps=two_steps)
    assert describing(found, 1.0, band, two_steps=two_steps) == pytest.approx(0.4, rel=1e-6)
    assert describing(1.01 * found, 1.0, band, two_steps=two_steps) < 0.4
    assert np.isnan(amplitude(1.1, 1.0, band, two_steps=two_steps))


def settled(plant, behind, limit, *, rate=np.inf, band=0.0, kick=0.01, steps=4000):
    """Period and amplitude (half of the whole swing) of the output of the linear loop with the
    limits themselves, late in a simulation.
    """
    x, signal, y = np.zeros(behind.nstates), 0.0, []
    x[: plant.nstates] = kick * (np.array(plant.state_labels) == "outside_value")
    for _ in range(steps):
        wanted = float(behind.C[0] @ x)
        wanted = np.sign(wanted) * max(abs(wanted) - band, 0.0)
        signal = float(
            np.clip(
                np.clip(wanted, signal - rate * plant.dt, signal + rate * plant.dt), -limit, limit
            )
        )
        y.append(float(plant.C[0] @ x[: plant.nstates]))
        x = behind.A @ x + behind.B[:, 0] * signal
    late = np.array(y[-1000:])
    turns = np.flatnonzero(np.diff(np.sign(late - late.mean())) > 0)
    period = np.mean(np.diff(turns)) * plant.dt if len(turns) > 1 else np.inf
    return period, (late.max() - late.min()) / 2.0


def delayed(economy, days):
    """The economy whose actuator answers some days later."""
    plant, n = economy.plant, economy.plant.nstates
    a = np.block(
        [[plant.A, plant.B @ np.eye(days)[-1:]], [np.zeros((days, n)), np.eye(days, k=-1)]]
    )
    b = np.concatenate([np.zeros(n), np.eye(days)[0]])[:, None]
    labels = [*plant.state_labels, *(f"late_{i}" for i in range(days))]
    return replace(
        economy,
        plant=control.ss(
            a, b, np.hstack([plant.C, np.zeros((1, days))]), [[0.0]], plant.dt, states=labels
        ),
    )


def test_behind_an_actuator_without_limits_the_loop_is_the_loop():
    behind = pid_behind(BASE, ECONOMY, 3.0)
    closed_by_wire = np.linalg.eigvals(behind.A + behind.B @ behind.C)
    three = put(
        BASE,
        {f"controller.pid.{n}": 3.0 * getattr(BASE.controller.pid, n) for n in ("kp", "ki", "kd")},
    )
    law = linear_law({**ECONOMY.params, "controller": three.controller}, ECONOMY.state)
    mine, theirs = (
        np.sort(np.abs(v[np.abs(v) > 0.3])) for v in (closed_by_wire, poles(ECONOMY.plant, law))
    )
    np.testing.assert_allclose(mine, theirs, atol=1e-6)


@pytest.mark.parametrize("days", [3, 6, 15])
def test_the_predicted_cycle_is_the_one_of_the_linear_loop_with_the_saturation(days):
    slow = delayed(ECONOMY, days)
    behind = pid_behind(BASE, slow, 10.0)
    found = cycle(slow.plant, behind, 0.02)
    period, swing = settled(slow.plant, behind, 0.02)
    assert period == pytest.approx(found.period, rel=WITHIN["period"])
    assert swing == pytest.approx(found.price, rel=WITHIN["price"])
    # a dead band lets a small disturbance die out, and hardly changes the cycle of a large one
    band = 0.002
    assert settled(slow.plant, behind, 0.02, band=band, kick=1e-5)[1] < 1e-4
    wide = cycle(slow.plant, behind, 0.02, dead_band=band)
    period, swing = settled(slow.plant, behind, 0.02, band=band, kick=0.1)
    assert period == pytest.approx(wide.period, rel=WITHIN["period"])
    assert swing == pytest.approx(wide.price, rel=WITHIN["price"])


def test_a_stable_loop_has_no_cycle():
    assert (
        economys_cycle(
            BASE,
            ECONOMY,
            0.95 * gain_margin(ECONOMY.plant, linear_law(ECONOMY.params, ECONOMY.state)),
        )
        is None
    )


def test_the_predicted_cycle_is_that_of_the_economy_after_a_small_kick():
    found = economys_cycle(BASE, ECONOMY, FACTOR)
    larger = put(
        BASE,
        {
            f"controller.pid.{n}": FACTOR * getattr(BASE.controller.pid, n)
            for n in ("kp", "ki", "kd")
        },
    )
    solved = steady_state(larger)
    params = {
        **solved.params,
        "shock_table": ShockTable({name: np.zeros((400, 1)) for name in (*NORMALS, *UNIFORMS)}),
    }
    bound, y = MODEL.bound(params), []
    state = {k: v if k in SHARED else np.full(1, v) for k, v in solved.state.items()}
    state["outside_value"] = state["outside_value"] * np.exp(1e-4)
    for _ in range(400):
        state = bound.step(params, state)
        y.append(-float(state["control_error"][0]))
    late = np.array(y[-100:])
    turns = np.sum(np.diff(np.sign(np.diff(late))) != 0.0)
    assert 2.0 * 98 / turns == pytest.approx(found.period, rel=0.02)
    assert (late.max() - late.min()) / 2.0 == pytest.approx(found.price, rel=0.05)


def test_the_analysis_says_what_lies_beyond_the_boundary():
    assert any(
        "x50 the price would cycle with a period of 2 days" in note
        for note in analyse(BASE).notes()
    )
    calm = put(
        BASE, {"controller.pid.kp": 1e-6, "controller.pid.ki": 0.0, "controller.pid.kd": 0.0}
    )
    assert any("No limit cycle is predicted" in note for note in analyse(calm).notes())
