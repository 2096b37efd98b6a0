"""The linear economy is the derivative of the economy; its margins are those of an independent calculation."""

import json
from dataclasses import replace

import control
import numpy as np
import pytest
from typer.testing import CliRunner

from paths import command
from tokenomics.analysis import boundary as boundary_module
from tokenomics.analysis.analyse import analyse
from tokenomics.analysis.boundary import boundary_table, predicted, simulated, worse
from tokenomics.analysis.economy import linear_law, linearise, pid_law
from tokenomics.analysis.jacobian import jacobian
from tokenomics.analysis.margins import closed, gain_margin, is_stable, margins, poles, radius, response
from tokenomics.analysis.regions import gain_plane, thinner
from tokenomics.analysis.tuning import SHAPED, pole_placement, tune, ziegler_nichols
from tokenomics.blocks.market import policy_market
from tokenomics.cli import app
from tokenomics.control.plant import plant as small_plant
from tokenomics.control.plant import pool_plant
from tokenomics.engines.program import SHOCK, Program, Recorder, constant_or_position, record_step
from tokenomics.errors import InputError, ModelError
from tokenomics.model import MODEL, bind, steady_state
from tokenomics.parameters import put, resolve
from tokenomics.shocks import NORMALS, UNIFORMS, ShockTable, sample
from tokenomics.state import SHARED, as_arrays, scale


def loop(policy="pid", *sets):
    economy = linearise(resolve("baseline", policy=policy, sets=sets).values)
    return economy, linear_law(economy.params, economy.state)


def test_the_jacobian_is_that_of_central_differences_away_from_kinks():
    parameters = resolve("baseline", policy="pid").values
    params = bind(parameters, sample(parameters, [0], 3))
    bound, state = MODEL.bound(params), as_arrays(steady_state(parameters).state, 1)
    for _ in range(40):
        state = bound.step(params, state)
    point = {name: float(np.ravel(value)[0]) for name, value in state.items()}
    names = [n for n in point if n not in SHARED]
    program = record_step(bound, params)
    step = int(point["step"])
    at = {**point, **{f"{SHOCK}{n}": float(params["shock_table"].at(n, step)[0]) for n in (*NORMALS, *UNIFORMS)}}
    exact, after = jacobian(program, at, names, names)
    sizes = np.array([float(scale(MODEL.variables(params)[n], steady_state(parameters).state)) for n in names])
    table = ShockTable({n: np.repeat(v, 2 * len(names), axis=1) for n, v in params["shock_table"].values.items()})
    columns = {n: np.full(2 * len(names), point[n]) for n in names} | {"time": point["time"], "step": step}
    for i, name in enumerate(names):
        columns[name][i] += 1e-6 * sizes[i]
        columns[name][len(names) + i] -= 1e-6 * sizes[i]
    moved = bound.step({**params, "shock_table": table}, columns)
    rows = np.array([np.broadcast_to(moved[n], 2 * len(names)) for n in names])
    measured = (rows[:, : len(names)] - rows[:, len(names) :]) / 2e-6 / sizes[:, None]
    unequal = np.argwhere(np.abs(exact * sizes / sizes[:, None] - measured) > 1e-4 * (1.0 + np.abs(measured)))
    # what stands on a bound or decides when the next decision is due has no derivative
    told = {(names[i], names[j]) for i, j in unequal if names[j] not in ("control_age", "privacy_protection")}
    assert len(told) <= 0.01 * len(names), told
    for name, value in zip(names, after, strict=True):
        assert value == pytest.approx(float(np.ravel(bound.step(params, state)[name])[0]), rel=1e-12, abs=1e-12)


def test_at_the_kinks_of_the_steady_state_the_jacobian_is_the_mean_of_both_sides():
    parameters = put(resolve("baseline", policy="pid").values, {"controller.type": "held"})
    solved = steady_state(parameters)
    table = {n: np.zeros((1, 1)) for n in (*NORMALS, *UNIFORMS)}
    params = {**solved.params, "shock_table": ShockTable(table)}
    bound, variables = MODEL.bound(params), MODEL.variables(params)
    names = [n for n in solved.state if n not in SHARED]
    at = {**solved.state, **{f"{SHOCK}{n}": 0.0 for n in (*NORMALS, *UNIFORMS)}}
    exact, _ = jacobian(record_step(bound, params), at, names, names)
    sizes, many, small = np.array([float(scale(variables[n], solved.state)) for n in names]), 2 * len(names), 1e-7
    columns = {n: np.full(many, solved.state[n]) for n in names} | {"time": 0.0, "step": 0}
    for i, name in enumerate(names):
        columns[name][i] += small * sizes[i]
        columns[name][len(names) + i] -= small * sizes[i]
    moved = bound.step({**params, "shock_table": ShockTable({n: np.zeros((1, many)) for n in table})}, columns)
    rows = np.array([np.broadcast_to(moved[n], many) for n in names])
    measured = (rows[:, : len(names)] - rows[:, len(names) :]) / (2.0 * small) / sizes[:, None]
    exact = exact * sizes / sizes[:, None]
    unequal = np.argwhere(np.abs(exact - measured) > 1e-4 * (1.0 + np.abs(measured)))
    # a decision that is put off is a jump
    assert {(names[i], names[j]) for i, j in unequal} == {("control_age", "control_age")}


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: np.where(x > y, 3.0 * x, x + 2.0 * y),
        lambda x, y: np.where((x >= y) & (x > 0.0), x * y, y * y),
        lambda x, y: np.where(x <= y, 0.0, x - y) + np.minimum(x, y),
        lambda x, y: np.sign(x - y) * np.maximum(np.abs(x - y), 0.0),
        lambda x, y: np.maximum(np.maximum(x - y, 0.0), 0.0),
        lambda x, y: np.abs(np.minimum(x - y, 2.0 * (x - y))),
    ],
)
def test_a_kink_has_the_mean_of_its_sides(function):
    recorder = Recorder()
    x, y = recorder.input("x"), recorder.input("y")
    end = constant_or_position(function(x, y))
    program = Program(tuple(recorder.operations), tuple(recorder.inputs.items()), (("z", end),), ())
    (row,), _ = jacobian(program, {"x": 1.5, "y": 1.5}, ["x", "y"], ["z"])
    (up,), _ = jacobian(program, {"x": 1.5, "y": 1.5}, ["x", "y"], ["z"], forward=["x", "y"])
    h = 1e-6
    ahead = [function(1.5 + h, 1.5) - function(1.5, 1.5), function(1.5, 1.5 + h) - function(1.5, 1.5)]
    back = [function(1.5, 1.5) - function(1.5 - h, 1.5), function(1.5, 1.5) - function(1.5, 1.5 - h)]
    np.testing.assert_allclose(row, (np.array(ahead) + np.array(back)) / (2.0 * h), atol=1e-5)
    np.testing.assert_allclose(up, np.array(ahead) / h, atol=1e-5)


def test_the_linear_economy_is_the_first_order_of_the_simulated_one():
    # operators' entry and exit have different speeds: a kink, which no linear plant has
    sets = ("operators.enabled=false",)
    economy, law = loop("pid", *sets)
    solved = steady_state(resolve("baseline", policy="pid", sets=sets).values)
    params = {**solved.params, "shock_table": ShockTable({name: np.zeros((40, 1)) for name in (*NORMALS, *UNIFORMS)})}
    bound, small = MODEL.bound(params), 1e-6
    paths = []
    for sign in (1.0, -1.0):
        state = {k: v if k in SHARED else np.full(1, v) for k, v in solved.state.items()}
        state["outside_value"] = state["outside_value"] * np.exp(sign * small)
        series = []
        for _ in range(40):
            state = bound.step(params, state)
            series.append(-float(state["control_error"][0]) / (sign * small))
        paths.append(series)
    a, x = closed(economy.plant, law), np.zeros(economy.plant.nstates + law.nstates)
    x[list(economy.plant.state_labels).index("outside_value")] = 1.0
    linear = []
    for _ in range(40):
        linear.append(float(economy.plant.C[0] @ x[: economy.plant.nstates]))
        x = a @ x
    np.testing.assert_allclose(np.mean(paths, axis=0), linear, atol=0.01)


def test_the_reduced_plant_is_close_to_the_economys():
    """Tolerances: size within 30 % everywhere, angle within 20 degrees; within 10 % and 2 degrees where the loop crosses over and faster."""
    economy, _ = loop()
    ratio = {w: complex(economy.plant(np.exp(1j * w)) / small_plant(economy.params)(np.exp(1j * w))) for w in np.logspace(-3, 0.48, 30)}
    for w, found in ratio.items():
        fast = w >= 0.25
        assert abs(found) == pytest.approx(1.0, rel=0.1 if fast else 0.3), w
        assert abs(np.degrees(np.angle(found))) < (2.0 if fast else 20.0), w


def test_the_pool_plant_is_what_a_small_purchase_does_in_the_pool():
    """The market's own block, arbitrage off, by central differences over two sizes of purchase; 1e-6 relative."""
    solved = steady_state(resolve("baseline", sets=("market.arbitrage_speed=0", "market.pool_time=1e9")).values)
    quiet = {name: 0.0 if name.startswith("order_") else value for name, value in solved.state.items()}
    usd = 1e-6 * quiet["pool_usd"]

    def moved(order):
        orders = {"order_speculators_usd": max(order, 0.0), "order_treasury_tok": max(-order, 0.0) / quiet["token_price"]}
        return float(policy_market(solved.params, 0, None, {**quiet, "control_output": 0.0, **orders})["log_return"])

    slope = (moved(usd) - moved(-usd)) / (2.0 * usd)
    pool = pool_plant(solved.params, quiet["pool_usd"])
    assert slope == pytest.approx(float(pool.B[0, 0]), rel=1e-6)
    assert moved(0.0) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("policy", ["pid", "pi", "lqr", "rai"])
def test_margins_agree_with_an_independent_calculation(policy):
    economy, law = loop(policy)
    found = margins(economy.plant, law)
    assert found.stable
    loop_transfer = -economy.plant * law
    omega = np.logspace(-5, np.log10(np.pi), 4000)[:-1]
    disk, _, phase = control.disk_margins(loop_transfer, omega)
    assert found.disk == pytest.approx(float(np.min(disk)), rel=1e-4)
    assert found.disk_phase == pytest.approx(float(np.min(phase)), rel=1e-3)
    if np.isfinite(found.gain):
        # at the margin the closed loop has a pole on the circle, and L passes through −1 there
        edge = poles(economy.plant, law, found.gain)
        on_circle = edge[np.argmin(np.abs(np.abs(edge) - 1.0) + 10.0 * (np.abs(edge - 1.0) < 1e-6))]
        assert abs(on_circle) == pytest.approx(1.0, abs=1e-6)
        at_edge = found.gain * (-economy.plant(on_circle) * law(on_circle))
        assert complex(np.squeeze(at_edge)) == pytest.approx(-1.0, abs=1e-4)
    peak = np.max(1.0 / np.abs(1.0 + np.squeeze(loop_transfer(np.exp(1j * omega)))))
    assert found.sensitivity == pytest.approx(float(peak), rel=1e-4)


def test_the_delay_margin_is_the_delay_that_the_loop_stands():
    economy, law = loop("pid", "controller.pid.kp=0.4")
    found = margins(economy.plant, law)

    def delayed(days):
        chain = control.ss(np.eye(days, k=-1), np.eye(days)[:, :1], np.eye(days)[-1:], [[0.0]], 1.0) if days else control.ss([], [], [], [[1.0]], 1.0)
        return control.series(chain, economy.plant)

    assert is_stable(delayed(int(np.floor(found.delay))), law)
    assert not is_stable(delayed(int(np.ceil(found.delay)) + 1), law)


def test_the_gain_margin_is_where_the_loop_starts_to_grow():
    economy, law = loop()
    gain = gain_margin(economy.plant, law)
    assert is_stable(economy.plant, law, 0.99 * gain)
    assert not is_stable(economy.plant, law, 1.01 * gain)


def grows(plant, law, factor, steps):
    """Whether the linear closed loop, its signal times a number, ends larger than it was half-way; what stands still is left out."""
    a, x = closed(plant, law, factor), np.zeros(plant.nstates + law.nstates, dtype=complex)
    x[list(plant.state_labels).index("outside_value")] = 1.0
    size = []
    for _ in range(steps):
        before, x = x, a @ x
        size.append(np.abs(plant.C[0] @ (x - before)[: plant.nstates]))
    return bool(max(size[-steps // 10 :]) > max(size[steps // 2 : steps // 2 + steps // 10]))


def late(plant, days):
    """The plant behind a delay of whole steps; the states of the plant first."""
    chain = control.ss(np.eye(days, k=-1), np.eye(days)[:, :1], np.eye(days)[-1:], [[0.0]], plant.dt)
    a = np.block([[plant.A, plant.B @ chain.C], [np.zeros((days, plant.nstates)), chain.A]])
    b = np.vstack([np.zeros((plant.nstates, 1)), chain.B])
    return control.ss(a, b, np.hstack([plant.C, np.zeros((1, days))]), [[0.0]], plant.dt, states=[*plant.state_labels, *map(str, range(days))])


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
        turn = np.exp(-1j * share * np.radians(at_speed.phase))  # a signal late by an angle at every frequency: complex numbers
        assert grows(economy.plant, fast, turn, 1500) is growing
    days = int(np.floor(found.delay))
    assert not grows(late(economy.plant, days - 1), law, 1.0, 40 * days)
    assert grows(late(economy.plant, days + 2), law, 1.0, 40 * days)


def test_an_unstable_loop_has_no_margins():
    economy, law = loop("pid", "controller.pid.kp=3.0")
    found = margins(economy.plant, law)
    assert not found.stable and found.thin
    assert (found.gain, found.phase, found.delay, found.disk, found.disk_phase) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_narrow_window_of_instability_is_not_stepped_over():
    # unstable for gains from 17.5 to 18.6, then stable up to 40.7: doubling looks at 16 and 32
    plant = control.ss(control.tf([0.0457, -0.032, 0.0171, -0.0224], [1.0, -1.18, 1.516, -0.723, 0.366], 1.0))
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


def test_a_thinner_pool_leaves_a_smaller_region():
    parameters, kp, ki = resolve("baseline", policy="pid").values, np.array([0.01, 0.05, 1.0, 3.0]), np.array([0.0005, 0.02, 0.5])
    plane = gain_plane(parameters, kp, ki, (1.0, 0.25))
    stable = {share: int((grid < 1.0).sum()) for share, grid in plane.items()}
    assert 0 < stable[0.25] < stable[1.0]
    for share, grid in plane.items():
        economy = thinner(parameters, share)
        for i, j in np.ndindex(grid.shape):
            law = pid_law(parameters, economy, (kp[j], ki[i], parameters.controller.pid.kd))
            assert (grid[i, j] < 1.0) == is_stable(economy.plant, law)


def test_the_loop_in_a_quarter_of_the_pool_is_that_of_a_network_with_such_a_pool():
    parameters = resolve("baseline", policy="pid").values
    thin = thinner(parameters, 0.25)
    share = 0.25 * parameters.market.pool_share
    small = linearise(resolve("baseline", policy="pid", sets=(f"market.pool_share={share}",)).values)
    # four times the gains in its own depths spend the same dollars
    mine, theirs = pid_law(parameters, thin, (0.1, 0.002, 0.1)), pid_law(parameters, small, (0.4, 0.008, 0.4))
    omega = np.logspace(-4, 0.4, 50)
    loops = [response(e.plant, omega) * response(c, omega) for e, c in ((thin, mine), (small, theirs))]
    np.testing.assert_allclose(*loops, rtol=1e-6)
    economy, law = loop()
    assert gain_margin(thin.plant, law) == pytest.approx(gain_margin(economy.plant, law) / 4.0, rel=0.1)


def test_gains_that_follow_the_pool_keep_their_margin():
    left = {policy: analyse(resolve("baseline", policy=policy).values) for policy in ("pid", "scheduled")}
    shares = {policy: found.liquidity[0.25].gain / found.margins.gain for policy, found in left.items()}
    assert shares["pid"] == pytest.approx(0.25, rel=0.1)
    assert shares["scheduled"] == pytest.approx(1.0, rel=0.1)


def test_a_law_that_only_buys_is_analysed_where_it_buys():
    found = analyse(resolve("baseline", policy="dcbm").values)
    economy, gains = found.economy, found.parameters.controller.dcbm
    assert economy.one_sided and any("never sells" in note for note in found.notes())
    share = economy.state["treasury_usd"] / economy.state["reference_depth"] * gains.gamma
    assert -found.law.D[0, 0] == pytest.approx(share * (gains.kp + gains.ki + gains.kd), rel=1e-5)
    # a law of two sides with those gains has those margins; the mean with the idle side would have twice the gain margin
    half = control.ss(found.law.A, found.law.B, 0.5 * found.law.C, 0.5 * found.law.D, found.law.dt)
    assert gain_margin(economy.plant, half) == pytest.approx(2.0 * found.margins.gain, rel=1e-3)
    assert not analyse(resolve("baseline", policy="pid").values).economy.one_sided


def test_a_policy_without_a_response_is_refused():
    with pytest.raises(InputError, match="does not respond to a small error"):
        analyse(resolve("baseline", policy="static").values)


def test_a_solver_has_no_derivative():
    parameters = resolve("baseline", policy="mpc").values
    solved = steady_state(parameters)
    params = {**solved.params, "shock_table": ShockTable({name: np.zeros((1, 1)) for name in (*NORMALS, *UNIFORMS)})}
    program = record_step(MODEL.bound(params), params)
    at = {**solved.state, **{f"{SHOCK}{n}": 0.0 for n in (*NORMALS, *UNIFORMS)}}
    with pytest.raises(ModelError, match="no derivative"):
        jacobian(program, at, ["token_price"], ["token_price"])


def test_the_command_writes_margins_and_figures(tmp_path):
    status, text, _ = command("control", "analyse", "baseline", "--policy", "pid", "--out", "loop", "--json", folder=tmp_path)
    assert status == 0
    found = json.loads(text)
    assert found["margins"]["stable"] is True and min(found["jury"].values()) > 0.0
    written = (tmp_path / "loop" / "margins.md").read_text()
    assert all(text in written for text in (found["reading"], *found["notes"], *found["jury"]))
    assert {p.name for p in (tmp_path / "loop").iterdir()} == {"margins.md", "frequency.png", "time.png", "stability.png"}
    status, _, error = command("control", "analyse", "--policy", "threshold", folder=tmp_path)
    assert (status, "does not respond" in error) == (2, True)


def test_the_simulated_boundary_is_the_predicted_one_where_the_economy_has_no_kinks():
    resolved = resolve("baseline", policy="pid", sets=("operators.enabled=false",))
    economy = linearise(resolved.values)
    for time in (np.inf, 10.0):
        linear = predicted(resolved.values, economy, time)
        assert simulated(resolved.values, time, linear) == pytest.approx(linear, rel=0.04)


def test_with_entry_and_exit_the_boundary_stays_close(tmp_path, monkeypatch):
    # the law is the PID, whatever the policy
    found = boundary_table(resolve("baseline", policy="lqr"), integral_times=(30.0,), runs=4)
    assert found["ratio"].iloc[0] == pytest.approx(1.0, abs=0.2)
    assert found["worse_than_none_unlimited"].iloc[0] > found["predicted"].iloc[0]
    monkeypatch.setattr(boundary_module, "boundary_table", lambda *_, **__: found)
    monkeypatch.chdir(tmp_path)
    called = CliRunner().invoke(app, ["control", "boundary", "--policy", "lqr", "--out", "b", "--json"])
    assert called.exit_code == 0
    assert {p.name for p in (tmp_path / "b").iterdir()} == {"boundary.md", "boundary.json", "boundary.png"}
    (row,) = json.loads((tmp_path / "b" / "boundary.json").read_text())
    assert [row] == json.loads(called.stdout)
    at_edge = linearise(resolve("baseline", policy="lqr", sets=tuple(f"{k}={v}" for k, v in row["settings"].items())).values)
    assert radius(at_edge.plant, linear_law(at_edge.params, at_edge.state)) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("method", ["imc", "loop-shaping"])
def test_tuned_gains_have_the_margins_that_their_method_asks_for(method):
    found = tune(resolve("baseline", policy="lqr"), method, runs=4)
    assert found.margins.stable
    assert found.margins.sensitivity <= SHAPED * 1.001
    # over a policy of another law the overlay is the PID with those gains
    again = resolve("baseline", policy="dcbm", overlays=(found.policy(),)).values.controller
    assert (again.type, [again.pid.kp, again.pid.ki, again.pid.kd]) == ("pid", list(found.gains.values()))
    assert next(iter(found.settings())) == "controller.type"


def test_an_lqr_is_designed_from_the_weights():
    weight = "controller.lqr.effort_weight"
    cheap, dear = (tune(resolve("baseline", policy="none", sets=(f"{weight}={w}",)), "lqr", runs=4) for w in (10, 1000))
    assert cheap.margins.gain < dear.margins.gain
    assert cheap.metrics["control_effort"][0][0] > dear.metrics["control_effort"][0][0]
    assert cheap.metrics["control_effort"][1][0] == 0.0  # the policy none, as it is
    again = resolve("baseline", policy="none", overlays=(dear.policy(),)).values
    assert (again.controller.type, again.controller.lqr.effort_weight) == ("lqr", 1000.0)
    own = analyse(resolve("baseline", policy="lqr", sets=(f"{weight}=1000",)).values)
    assert dear.margins.gain == pytest.approx(own.margins.gain)


def test_a_design_that_ruins_the_treasury_is_refused_whatever_its_margins():
    found = tune(resolve("baseline", policy="pid"), "imc", runs=4)
    ruined = replace(found, metrics=found.metrics | {"ruin": ((0.02, 0.01, 0.04), (0.0, 0.0, 0.01))}, runs=1000)
    assert not ruined.margins.thin and ruined.refused and "ruins the treasury" in ruined.reading()
    few = replace(found, metrics=found.metrics | {"ruin": ((0.0, 0.0, 0.5), (0.0, 0.0, 0.5))})
    assert not few.refused and "too few" in few.reading()
    many = replace(found, metrics=found.metrics | {"ruin": ((0.0, 0.0, 0.004), (0.0, 0.0, 0.004))})
    assert not many.refused and "comfortable in margins and ruin" in many.reading()
    assert replace(many, failed=1).refused


def test_a_failed_run_is_worse_than_none():
    values = np.array([[0.2, 0.3, np.nan], [0.1, 0.2, 0.1], [0.1, np.nan, 0.1], [0.3, 0.3, 0.1]])
    assert worse(values).tolist() == [False, False, True, True]


def test_pole_placement_places_its_poles():
    resolved = resolve("baseline", policy="pid")
    economy = linearise(resolved.values)
    gains, _ = pole_placement(resolved.values, economy, 5.0)
    law = pid_law(resolved.values, economy, gains)
    found = poles(economy.plant, law)
    pair = np.exp(0.2 * complex(-0.7, np.sqrt(1 - 0.49)))
    for wanted in (pair, pair.conjugate(), np.exp(-0.2)):
        assert np.min(np.abs(found - wanted)) < 1e-6


def test_ziegler_and_nichols_start_from_the_gain_at_which_the_loop_oscillates():
    resolved = resolve("baseline", policy="pid")
    economy = linearise(resolved.values)
    (kp, _, _), _ = ziegler_nichols(resolved.values, economy, 10.0)
    law = pid_law(resolved.values, economy, (1.0, 0.0, 0.0))
    assert is_stable(economy.plant, law, 0.99 * kp / 0.6)
    assert not is_stable(economy.plant, law, 1.01 * kp / 0.6)


def test_the_command_refuses_thin_margins_with_status_1(tmp_path):
    status, text, _ = command("control", "tune", "--method", "ziegler-nichols", "--runs", "2", "--out", "p.yaml", "--json", folder=tmp_path)
    assert (status, json.loads(text)["margins"]["thin"], json.loads(text)["refused"]) == (1, True, True)
    assert resolve("baseline", policy=str(tmp_path / "p.yaml")).values.controller.pid.kp == json.loads(text)["gains"]["controller.pid.kp"]
    status, _, error = command("control", "tune", "--method", "zigler", folder=tmp_path)
    assert (status, "did you mean 'ziegler-nichols'" in error) == (2, True)
