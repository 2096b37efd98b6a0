"""Margins are those of an independent calculation and of time; thin pools and one-sided laws are
analysed as they are.
"""

import json
from dataclasses import replace

import control
import numpy as np
import pytest
from plants import pool_plant, small_plant

from paths import command
from tokenomics.errors import InputError
from tokenomics.loop import systems
from tokenomics.loop.analyse import analyse
from tokenomics.loop.economy import linear_law, linearise, pid_law
from tokenomics.loop.margins import (
    _peak,
    closed,
    frequencies,
    gain_margin,
    is_stable,
    margins,
    poles,
    response,
)
from tokenomics.loop.regions import boundaries, thinner
from tokenomics.model.blocks.market import policy_market
from tokenomics.model.model import MODEL
from tokenomics.model.shocks import NORMALS, UNIFORMS, ShockTable
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import SHARED
from tokenomics.parameters import put, resolve


def loop(policy="pid", *sets):
    economy = linearise(resolve("baseline", policy=policy, sets=sets).values)
    return economy, linear_law(economy.params, economy.state)


def test_the_reduced_plant_is_close_to_the_economys():
    """Tolerances: size within 30 % everywhere, angle within 20 degrees; within 10 % and 2 degrees
    where the loop crosses over and faster.
    """
    economy, _ = loop()
    plant = economy.plant.to_control()
    ratio = {
        w: complex(plant(np.exp(1j * w)) / small_plant(economy.params)(np.exp(1j * w)))
        for w in np.logspace(-3, 0.48, 30)
    }
    for w, found in ratio.items():
        fast = w >= 0.25
        assert abs(found) == pytest.approx(1.0, rel=0.1 if fast else 0.3), w
        assert abs(np.degrees(np.angle(found))) < (2.0 if fast else 20.0), w


def test_the_pool_plant_is_what_a_small_purchase_does_in_the_pool():
    """The market's own block, arbitrage off, by central differences over two sizes of purchase;
    1e-6 relative.
    """
    solved = steady_state(
        resolve("baseline", sets=("market.arbitrage_speed=0", "market.pool_time=1e9")).values
    )
    quiet = {
        name: 0.0 if name.startswith("order_") else value for name, value in solved.state.items()
    }
    usd = 1e-6 * quiet["pool_usd"]

    def moved(order):
        orders = {
            "order_speculators_usd": max(order, 0.0),
            "order_treasury_tok": max(-order, 0.0) / quiet["token_price"],
        }
        return float(
            policy_market(solved.params, 0, None, {**quiet, "control_output": 0.0, **orders})[
                "log_return"
            ]
        )

    slope = (moved(usd) - moved(-usd)) / (2.0 * usd)
    pool = pool_plant(quiet["pool_usd"], solved.params["time_step"])
    assert slope == pytest.approx(float(pool.B[0, 0]), rel=1e-6)
    assert moved(0.0) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("policy", ["pid", "pi", "lqr", "rai"])
def test_margins_agree_with_an_independent_calculation(policy):
    economy, law = loop(policy)
    found = margins(economy.plant, law)
    assert found.stable
    plant, control_law = economy.plant.to_control(), law.to_control()
    loop_transfer = -plant * control_law
    omega = np.logspace(-5, np.log10(np.pi), 4000)[:-1]
    disk, _, phase = control.disk_margins(loop_transfer, omega)
    assert found.disk == pytest.approx(float(np.min(disk)), rel=1e-4)
    assert found.disk_phase == pytest.approx(float(np.min(phase)), rel=1e-3)
    if np.isfinite(found.gain):
        # at the margin the closed loop has a pole on the circle, and L passes through −1 there
        edge = poles(economy.plant, law, found.gain)
        on_circle = edge[np.argmin(np.abs(np.abs(edge) - 1.0) + 10.0 * (np.abs(edge - 1.0) < 1e-6))]
        assert abs(on_circle) == pytest.approx(1.0, abs=1e-6)
        at_edge = found.gain * (-plant(on_circle) * control_law(on_circle))
        assert complex(np.squeeze(at_edge)) == pytest.approx(-1.0, abs=1e-4)
    peak = np.max(1.0 / np.abs(1.0 + np.squeeze(loop_transfer(np.exp(1j * omega)))))
    assert found.sensitivity == pytest.approx(float(peak), rel=1e-4)


def test_the_frequency_response_is_the_one_of_python_control():
    """1e-9 relative: poles that stand still lie close to the lowest frequencies."""
    economy, law = loop()
    omega = np.logspace(-5, np.log10(np.pi), 60)
    plant, control_law = economy.plant.to_control(), law.to_control()
    opened = systems.loop(economy.plant, law)
    for system, same in (
        (economy.plant, plant),
        (law, control_law),
        (opened, -plant * control_law),
    ):
        direct = np.squeeze(same(np.exp(1j * omega * same.dt)))
        assert response(system, omega) == pytest.approx(direct, rel=1e-9)


def test_a_peak_between_two_frequencies_of_the_grid_is_found():
    """A resonance of height 5 with a thousandth of its frequency as its width, on a frequency of
    the grid, between two, and close to the grid's lowest.
    """
    omega = frequencies(1.0)
    for top in (omega[2000], np.sqrt(omega[2000] * omega[2001]), 0.3 * omega[7] + 0.7 * omega[8]):

        def back(w, top=top):
            return 5.0 / (1.0 + 1j * (w - top) / (1e-3 * top))

        assert _peak(np.abs, back, omega, back(omega)) == pytest.approx(5.0, rel=1e-9)


@pytest.mark.parametrize("policy", ["pid", "dcbm", "lqr"])
def test_the_plant_does_not_depend_on_the_gains_of_any_law(policy):
    """Networks that differ in the laws' own groups share one linearisation, which is that of a
    model of which nothing is known.
    """
    now = resolve("baseline", policy=policy, sets=("controller.interval=2",)).values
    gains = {"controller.pid.kp": 0.4, "controller.pid.dead_band": 0.01}
    other = put(now, gains | {"controller.rai.kp": 0.1, "controller.dcbm.kp": 0.3})
    for share in (1.0, 0.5):
        depth = {"market.pool_share": now.market.pool_share * share}
        shared, alone = linearise(put(now, depth)), linearise(put(other, depth), replace(MODEL))
        for one, two in ((shared.plant, alone.plant), (shared.one_step, alone.one_step)):
            for matrix in "ABCD":
                assert np.array_equal(getattr(one, matrix), getattr(two, matrix))
        assert shared.state == alone.state
        assert linearise(put(other, depth)).plant is shared.plant


def test_the_delay_margin_is_the_delay_that_the_loop_stands():
    economy, law = loop("pid", "controller.pid.kp=0.4")
    found = margins(economy.plant, law)

    def delayed(days):
        chain = (
            control.ss(np.eye(days, k=-1), np.eye(days)[:, :1], np.eye(days)[-1:], [[0.0]], 1.0)
            if days
            else control.ss([], [], [], [[1.0]], 1.0)
        )
        return control.series(chain, economy.plant.to_control())

    assert is_stable(delayed(int(np.floor(found.delay))), law)
    assert not is_stable(delayed(int(np.ceil(found.delay)) + 1), law)


def test_the_gain_margin_is_where_the_loop_starts_to_grow():
    economy, law = loop()
    gain = gain_margin(economy.plant, law)
    assert is_stable(economy.plant, law, 0.99 * gain)
    assert not is_stable(economy.plant, law, 1.01 * gain)


def grows(plant, law, factor, steps):
    """Whether the linear closed loop, its signal times a number, ends larger than it was half-way;
    what stands still, and what has all but died out, is left out.
    """
    a, x = closed(plant, law, factor), np.zeros(plant.nstates + law.nstates, dtype=complex)
    x[list(plant.state_labels).index("outside_value")] = 1.0
    size = []
    for _ in range(steps):
        before, x = x, a @ x
        size.append(np.abs(plant.C[0] @ (x - before)[: plant.nstates]))
    last, middle = max(size[-steps // 10 :]), max(size[steps // 2 : steps // 2 + steps // 10])
    return bool(last > middle and last > 1e-6 * max(size))


def late(plant, days):
    """The plant behind a delay of whole steps; the states of the plant first."""
    chain = control.ss(
        np.eye(days, k=-1), np.eye(days)[:, :1], np.eye(days)[-1:], [[0.0]], plant.dt
    )
    a = np.block([[plant.A, plant.B @ chain.C], [np.zeros((days, plant.nstates)), chain.A]])
    b = np.vstack([np.zeros((plant.nstates, 1)), chain.B])
    return control.ss(
        a,
        b,
        np.hstack([plant.C, np.zeros((1, days))]),
        [[0.0]],
        plant.dt,
        states=[*plant.state_labels, *map(str, range(days))],
    )


@pytest.mark.parametrize("policy", ["pid", "lqr"])
def test_in_time_the_loop_decays_inside_its_margins_and_grows_beyond(policy):
    economy, law = loop(policy)
    found = margins(economy.plant, law)
    for share, growing in ((0.97, False), (1.03, True)):
        assert grows(economy.plant, law, share * found.gain, 600) is growing
    # at a higher gain the crossovers are fast enough to be seen in a few hundred steps
    fast = control.ss(law.A, law.B, 20.0 * law.C, 20.0 * law.D, law.dt)
    at_speed = margins(economy.plant, fast)
    assert at_speed.stable
    for share, growing in ((0.95, False), (1.05, True)):
        turn = np.exp(
            -1j * share * np.radians(at_speed.phase)
        )  # a signal late by an angle at every frequency: complex numbers
        assert grows(economy.plant, fast, turn, 1500) is growing
    days = int(np.floor(found.delay))
    assert not grows(late(economy.plant, days - 1), law, 1.0, 40 * days)
    assert grows(late(economy.plant, days + 2), law, 1.0, 40 * days)


def test_an_unstable_loop_has_no_margins():
    economy, law = loop("pid", "controller.pid.kp=3.0")
    found = margins(economy.plant, law)
    assert not found.stable and found.thin
    assert (found.gain, found.phase, found.delay, found.disk, found.disk_phase) == (
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    )


def test_a_narrow_window_of_instability_is_not_stepped_over():
    # unstable for gains from 17.5 to 18.6, then stable up to 40.7: doubling looks at 16 and 32
    plant = control.ss(
        control.tf([0.0457, -0.032, 0.0171, -0.0224], [1.0, -1.18, 1.516, -0.723, 0.366], 1.0)
    )
    law = control.ss([], [], [], [[-1.0]], 1.0)
    dense = np.geomspace(1.0, 40.0, 2000)
    first = next(g for g in dense if not is_stable(plant, law, g))
    assert is_stable(plant, law, 16.0) and is_stable(plant, law, 32.0)
    assert gain_margin(plant, law) == pytest.approx(first, rel=0.002)


def test_the_shipped_gains_have_the_margins_that_a_design_asks_for():
    found = margins(*(lambda e, c: (e.plant, c))(*loop()))
    assert found.stable
    assert not found.thin
    assert found.gain > 3
    assert found.phase > 45
    assert found.delay > 3
    assert found.sensitivity < 1.6


@pytest.fixture(scope="module")
def lines():
    """Boundaries in the gain plane of a full and a thin pool."""
    parameters = resolve("baseline", policy="pid").values
    return boundaries(parameters, (0.005, 0.00005), (500.0, 5.0), (1.0, 0.25))


def test_the_lines_of_the_map_lie_on_the_boundary_without_a_jag(lines):
    parameters = resolve("baseline", policy="pid").values
    for share, line in lines.items():
        economy = thinner(parameters, share)

        def stable(gains, economy=economy):
            law = pid_law(parameters, economy, (*gains, parameters.controller.pid.kd))
            return is_stable(economy.plant, law)

        found = line[np.isfinite(line[:, 0])]
        assert len(found) > 50
        for point in found[:: len(found) // 12]:
            assert stable(0.998 * point) and not stable(1.002 * point)
        steps = np.diff(np.log10(found), axis=0)
        assert np.hypot(*steps.T).max() < 0.25
        # but at the tip, where the two sides meet, the line turns little by little
        turns = np.abs(np.diff(np.unwrap(np.arctan2(*steps.T))))
        assert np.sum(turns > 0.5) <= 2
        # the tip itself is found, which no grid of gains resolves: the region narrows to it
        tip = found[found[:, 1].argmax()]
        assert not stable(1.03 * tip) and stable(0.99 * tip)


def test_a_thinner_pool_leaves_a_smaller_region(lines):
    parameters = resolve("baseline", policy="pid").values
    economy, kd = thinner(parameters, 1.0), parameters.controller.pid.kd
    full, thin = (line[np.isfinite(line[:, 0])] for line in lines.values())
    # where the integral alone sets the boundary, both are alike within 3 % of its gain
    for kp, ki in thin:
        assert is_stable(economy.plant, pid_law(parameters, economy, (kp, 0.97 * ki, kd)))
    assert thin[:, 0].max() < 0.3 * full[:, 0].max()


def test_the_loop_in_a_quarter_of_the_pool_is_that_of_a_network_with_such_a_pool():
    parameters = resolve("baseline", policy="pid").values
    thin = thinner(parameters, 0.25)
    share = 0.25 * parameters.market.pool_share
    small = linearise(
        resolve("baseline", policy="pid", sets=(f"market.pool_share={share}",)).values
    )
    # four times the gains in its own depths spend the same dollars
    mine, theirs = (
        pid_law(parameters, thin, (0.1, 0.002, 0.1)),
        pid_law(parameters, small, (0.4, 0.008, 0.4)),
    )
    omega = np.logspace(-4, 0.4, 50)
    loops = [
        response(e.plant, omega) * response(c, omega) for e, c in ((thin, mine), (small, theirs))
    ]
    np.testing.assert_allclose(*loops, rtol=1e-6)
    economy, law = loop()
    assert gain_margin(thin.plant, law) == pytest.approx(
        gain_margin(economy.plant, law) / 4.0, rel=0.1
    )


def test_gains_that_follow_the_pool_keep_their_margin():
    left = {
        policy: analyse(resolve("baseline", policy=policy).values)
        for policy in ("pid", "scheduled")
    }
    shares = {
        policy: found.liquidity[0.25].gain / found.margins.gain for policy, found in left.items()
    }
    assert shares["pid"] == pytest.approx(0.25, rel=0.1)
    assert shares["scheduled"] == pytest.approx(1.0, rel=0.1)


def test_a_law_that_only_buys_is_analysed_where_it_buys():
    found = analyse(resolve("baseline", policy="dcbm").values)
    economy, gains = found.economy, found.parameters.controller.dcbm
    assert economy.one_sided and any("never sells" in note for note in found.notes())
    share = economy.state["treasury_usd"] / economy.state["reference_depth"] * gains.gamma
    assert -found.law.D[0, 0] == pytest.approx(share * (gains.kp + gains.ki + gains.kd), rel=1e-5)
    # a law of two sides with those gains has those margins; the mean with the idle side would have
    # twice the gain margin
    half = control.ss(found.law.A, found.law.B, 0.5 * found.law.C, 0.5 * found.law.D, found.law.dt)
    assert gain_margin(economy.plant, half) == pytest.approx(2.0 * found.margins.gain, rel=1e-3)


@pytest.mark.parametrize("policy", ["pid", "scheduled", "rai", "lqr"])
def test_a_policy_that_may_only_buy_has_the_margins_of_its_buying_side(policy):
    one, both = (
        analyse(resolve("baseline", policy=policy, sets=(f"controller.sides={sides}",)).values)
        for sides in ("buy", "both")
    )
    assert one.economy.one_sided and not both.economy.one_sided
    # at rest its signal stands on the bound, and the law is that of two sides all the same
    for matrix in "ABCD":
        np.testing.assert_array_equal(getattr(one.law, matrix), getattr(both.law, matrix))
    # so are its margins, but for what burning does to the plant and selling does not
    for name in ("gain", "phase", "delay", "disk", "sensitivity", "slowest"):
        mine, theirs = (getattr(found.margins, name) for found in (one, both))
        assert mine == pytest.approx(theirs, rel=2e-3), name
    gain = one.margins.gain
    assert is_stable(one.economy.plant, one.law, 0.99 * gain)
    assert not is_stable(one.economy.plant, one.law, 1.01 * gain)
    assert any("never sells" in note for note in one.notes())
    assert not any("never sells" in note for note in both.notes())


def test_the_loop_that_only_buys_is_the_simulated_one_as_long_as_it_buys():
    # entry and exit of operators and stake have different speeds: a kink, which no linear plant has
    smooth = {"operators.enabled": False, "bonding.mode": "per_node_at_start"}
    parameters = resolve("baseline", policy="pid", sets=smooth).values
    economy = linearise(parameters)
    law = linear_law(economy.params, economy.state)
    solved = steady_state(parameters)
    state = {k: v if k in SHARED else np.full(1, v) for k, v in solved.state.items()}
    state["outside_value"] = state["outside_value"] * np.exp(-1e-6)
    a, x = closed(economy.plant, law), np.zeros(economy.plant.nstates + law.nstates)
    x[list(economy.plant.state_labels).index("outside_value")] = -1.0
    table = ShockTable({name: np.zeros((60, 1)) for name in (*NORMALS, *UNIFORMS)})
    params, idle = {**solved.params, "shock_table": table}, []
    bound = MODEL.bound(params)
    for _ in range(60):
        state = bound.step(params, state)
        seen = float(economy.plant.C[0] @ x[: economy.plant.nstates])
        assert -float(state["control_error"][0]) / 1e-6 == pytest.approx(seen, abs=0.01)
        idle.append(float(state["control_signal"][0]) <= 0.0)
        x = a @ x
    assert sum(idle) <= 1  # it buys from the first day on which it sees the fall


def test_a_policy_without_a_response_is_refused():
    with pytest.raises(InputError, match="does not respond to a small error"):
        analyse(resolve("baseline", policy="static").values)


def test_the_command_writes_margins_and_figures(tmp_path):
    status, text, _ = command(
        "control",
        "analyse",
        "baseline",
        "--policy",
        "pid",
        "--out",
        "loop",
        "--json",
        folder=tmp_path,
    )
    assert status == 0
    found = json.loads(text)
    assert found["margins"]["stable"] is True and min(found["jury"].values()) > 0.0
    written = (tmp_path / "loop" / "margins.md").read_text()
    assert all(text in written for text in (found["reading"], *found["notes"], *found["jury"]))
    assert {p.name for p in (tmp_path / "loop").iterdir()} == {
        "margins.md",
        "frequency.png",
        "time.png",
        "stability.png",
    }
    status, _, error = command("control", "analyse", "--policy", "threshold", folder=tmp_path)
    assert (status, "does not respond" in error) == (2, True)
