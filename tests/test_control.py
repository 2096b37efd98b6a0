"""The PID is the PID of the textbook; the limits hold; the shipped gains have the margins that are
claimed.
"""

from unittest import mock

import control
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plants import small_plant

import tokenomics as tk
from paths import assert_same_bits, simulate
from tokenomics.errors import InputError, ModelError
from tokenomics.model.blocks.controller import policy_controller
from tokenomics.model.controllers import LAWS, Command, Law, dcbm, law, lqr, register_controller
from tokenomics.model.controllers.pid import decide as pid_law
from tokenomics.model.formulas.numerics import relaxation
from tokenomics.model.model import bind
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import names

WIDE = ("controller.pid.rate_limit=1e6", "controller.pid.dead_band=0")


def params(*sets, policy="pid"):
    return bind(resolve("baseline", policy=policy, sets=sets).values, None)


def textbook(p):
    """The PID in linear form, written down by hand: input y, output u, states integral and
    filter.
    """
    pid, dt = p["controller"].pid, p["time_step"]
    weight = float(relaxation(dt, pid.derivative_time))
    slope = pid.kd * weight / dt
    a = np.array([[np.exp(-pid.leak * dt), 0.0], [0.0, 1.0 - weight]])
    return control.ss(
        a,
        [[-dt * pid.ki], [weight]],
        [[1.0, slope]],
        [[-pid.kp - slope]],
        dt,
        inputs=["y"],
        outputs=["u"],
    )


def drive(p, measurements, low=-1e9, high=1e9):
    """The law's signals on a sequence of log prices, with the reference at zero."""
    state = {"control_integral": 0.0, "control_filtered": 0.0, "control_signal": 0.0}
    signals = []
    for y in measurements:
        state["measured_price"] = np.exp(y)
        command = pid_law(p, state, -y, p["time_step"], low, high)
        state |= {
            "control_integral": command.memory["integral"],
            "control_filtered": command.memory["filtered"],
            "control_signal": command.signal,
        }
        signals.append(float(command.signal))
    return np.array(signals)


def test_the_pid_is_the_discrete_pid_of_python_control():
    p = params(*WIDE, "controller.pid.kd=0.05", "controller.pid.leak=0.02")
    y = np.random.default_rng(1).normal(0.0, 0.1, 200)
    linear = control.forced_response(textbook(p), U=y[None, :]).outputs.ravel()
    np.testing.assert_allclose(drive(p, y), linear, atol=1e-12)


def test_the_pid_in_closed_loop_on_a_linear_plant_is_python_controls():
    p = params(*WIDE, "controller.pid.kd=0.05")
    plant = small_plant(p)
    state = {"control_integral": 0.0, "control_filtered": 0.0, "control_signal": 0.0}
    x, measured = np.array([-0.5, -0.5, -0.5]), []
    for _ in range(150):
        y = float((plant.C @ x).item())
        measured.append(y)
        state["measured_price"] = np.exp(y)
        command = pid_law(p, state, -y, 1.0, -1e9, 1e9)
        state |= {f"control_{k}": v for k, v in command.memory.items()}
        state["control_signal"] = command.signal
        x = plant.A @ x + plant.B.ravel() * command.signal
    closed = control.feedback(plant, textbook(p), sign=1)
    start = np.concatenate([[-0.5, -0.5, -0.5], [0.0, 0.0]])
    expected = control.initial_response(closed, T=np.arange(150), X0=start).outputs.ravel()
    np.testing.assert_allclose(measured, expected, atol=1e-10)


def test_the_linear_plant_is_the_economys_first_response_to_a_purchase():
    p = resolve("baseline", policy="pid", sets=("shocks.enabled=false", "oracle.lag=0")).values
    base = simulate({"shocks.enabled": False}, days=2, runs=1)
    depth = base["reference_depth"][0, 0]
    plant = small_plant(bind(p, None))
    # a static buy-back against a steady state without one isolates the purchase
    from tokenomics.model.blocks.market import policy_market

    state = {k: v[0, 0] for k, v in base.items()}
    small = 1e-4
    state["control_output"] = small * depth
    response = float(policy_market(bind(p, None), 0, None, state)["log_return"])
    assert response / small == pytest.approx(float(plant.B[0, 0]), rel=1e-2)


def test_the_integral_does_not_wind_up_in_saturation():
    p = params(
        *WIDE, "controller.pid.ki=0.01", "controller.pid.leak=0", "controller.pid.antiwindup_time=5"
    )
    y = np.concatenate([np.full(200, -1.0), np.full(40, 0.2)])
    signals = drive(p, y, low=-0.01, high=0.01)
    assert np.all(np.abs(signals) <= 0.01)
    assert signals[230] < 0


def test_a_pid_that_only_buys_leaves_a_falling_price_alone_as_long_as_it_is_above_the_reference():
    sets = (*WIDE, "controller.pid.kd=0", "controller.pid.leak=0")
    above = np.concatenate([np.full(60, 1.0), np.linspace(1.0, 0.3, 60)])
    p = params(*sets)
    signals = drive(p, np.concatenate([above, [-0.1]]), low=0.0, high=1.0)
    assert np.all(signals[:-1] == 0.0)
    # what it owes the time above is forgotten but for the share that is not unwound
    assert 0.5 * p["controller"].pid.kp * 0.1 < signals[-1] <= p["controller"].pid.kp * 0.1
    # the anti-windup of a law of two sides follows its own bound there
    both = drive(params(*sets, "controller.sides=both"), above, low=0.0, high=1.0)
    assert both.max() > 0.0


def test_the_rate_limit_bounds_every_change():
    p = params("controller.pid.rate_limit=0.001")
    signals = drive(p, np.random.default_rng(2).normal(0, 1, 100))
    assert np.max(np.abs(np.diff(signals))) <= 0.001 + 1e-15


def test_the_dead_band_keeps_still():
    p = params("controller.pid.dead_band=0.2", "controller.pid.kd=0")
    assert np.all(drive(p, [0.1, -0.1, 0.19, -0.19]) == 0.0)


def test_the_control_interval_holds_the_output():
    paths = simulate(
        {"controller.interval": 7}, policy="pid", scenarios=("token_crash",), days=90, runs=2
    )
    changes = (
        np.flatnonzero(np.any(np.abs(np.diff(paths["control_signal"], axis=1)) > 0, axis=0)) + 1
    )
    assert np.all(changes % 7 == 0)


def test_a_peg_and_a_path_move_the_reference():
    peg = simulate(
        {"controller.reference": "peg", "controller.peg": 2.0}, policy="pid", days=5, runs=1
    )
    assert peg["reference_price"][0, -1] == pytest.approx(2 * peg["token_price"][0, 0])
    path = simulate(
        {"controller.reference": "path", "controller.reference_growth": 3.65},
        policy="pid",
        days=101,
        runs=1,
    )
    assert path["reference_price"][0, -1] == pytest.approx(path["token_price"][0, 0] * np.exp(1.0))


def test_the_other_actuators_move_the_burn_share_and_the_emission():
    sets = {
        "controller.burn_share_gain": 5.0,
        "controller.emission_gain": 10.0,
        "shocks.enabled": False,
    }
    paths = simulate(sets, policy="pid", scenarios=("token_crash",), days=80, runs=1)
    assert paths["burn_share"][0, -1] > paths["burn_share"][0, 0]
    assert paths["emission_multiplier"][0, -1] < 1.0


EMPTY = {"treasury.fee_share": 0.0, "treasury.reserve": 0.0, "shocks.enabled": False}


@pytest.mark.parametrize(
    ("gain", "name", "sign"),
    [("burn_share_gain", "burn_share", 1.0), ("emission_gain", "emission_multiplier", -1.0)],
)
def test_an_actuator_moves_with_a_treasury_that_is_empty(gain, name, sign):
    sets = EMPTY | {f"controller.{gain}": 5.0}
    paths = simulate(sets, policy="pid", scenarios=("token_crash",), days=90, runs=1)
    assert np.all(paths["control_output"] == 0.0)
    moved = sign * (paths[name][0] - paths[name][0, 0])
    assert moved[65] > 0.02  # after the crash
    np.testing.assert_allclose(moved, 5.0 * paths["control_signal"][0], atol=1e-12)
    assert np.all(simulate(EMPTY, policy="pid", days=5, runs=1)["control_signal"] == 0.0)


@given(
    signal=st.floats(-5.0, 5.0),
    burn=st.floats(0.01, 50.0),
    emission=st.floats(0.01, 50.0),
    least=st.floats(0.0, 1.0),
    most=st.floats(1.0, 3.0),
)
@settings(max_examples=30, deadline=None)
def test_each_actuator_stands_at_its_own_bound(signal, burn, emission, least, most):
    custom = {
        "controller.burn_share_gain": burn,
        "controller.emission_gain": emission,
        "controller.emission_least": least,
        "controller.emission_most": most,
    }
    values = resolve("baseline", policy="pid", sets=custom).values
    state, params = steady_state(values).state, bind(values, None)
    seen = {}

    def decide(params, state, error, dt, low, high):
        seen.update(low=float(low), high=float(high))
        return Command(np.clip(signal, low, high), {})

    with mock.patch.dict(LAWS, {"pid": Law(decide)}):
        out = policy_controller(params, 0, None, state)
    share = values.supply.burn_share
    room = 1.0 - values.treasury.fee_share - share
    assert seen["low"] == pytest.approx(min(-share / burn, (1.0 - most) / emission, 0.0))
    spend = values.controller.spend_limit * state["treasury_usd"] / state["reference_depth"]
    assert seen["high"] == pytest.approx(max(room / burn, (1.0 - least) / emission, spend))
    used = float(out["control_signal"])
    assert out["burn_share"] == pytest.approx(min(max(share + burn * used, 0.0), share + room))
    wanted = min(max(1.0 - emission * used, least), most)
    assert out["emission_multiplier"] == pytest.approx(wanted, abs=1e-12)
    assert 0.0 <= out["control_output"] <= spend * state["reference_depth"] * (1.0 + 1e-12)


def test_anti_windup_is_of_the_actuators_in_use():
    # the buy-back stands at its bound for good, the burn share does not: the integral goes on
    few = {"policy": "pid", "scenarios": ("token_crash",), "days": 80, "runs": 1}
    still = simulate(EMPTY, **few)["control_integral"][0]
    moved = simulate(EMPTY | {"controller.burn_share_gain": 0.1}, **few)["control_integral"][0]
    assert still[80] < moved[80]


def test_every_policy_decides_daily_and_only_buys_but_the_one_that_is_called_two_sided():
    for policy in names("policy"):
        controller = resolve("baseline", policy=policy).values.controller
        assert controller.interval == 1.0, policy
        assert controller.sides == ("both" if policy == "pid_two_sided" else "buy"), policy
    one, two = (
        resolve("baseline", policy=policy).values.controller for policy in ("pid", "pid_two_sided")
    )
    assert one == two.model_copy(update={"sides": "buy"})


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("policy", ["pid", "scheduled", "rai", "lqr", "mpc"])
def test_a_policy_that_buys_only_neither_sells_nor_mints(policy):
    few = {"days": 90, "runs": 3, "scenarios": ("token_bull",)}
    paths = simulate(policy=policy, **few)
    assert paths["control_output"].max() > 0.0
    assert paths["control_output"].min() == paths["control_signal"].min() == 0.0
    assert np.all(paths["order_treasury_tok"] == 0.0) and np.all(paths["order_mint_tok"] == 0.0)
    assert np.ptp(paths["treasury_tok"]) == 0.0
    both = simulate({"controller.sides": "both"}, policy=policy, **few)
    assert both["control_output"].min() < 0.0


def test_a_two_sided_policy_sells_the_treasurys_tokens_first_and_then_a_bounded_mint():
    sets = {"shocks.enabled": False, "supply.treasury_share": 1e-4}
    paths = simulate(sets, policy="pid_two_sided", scenarios=("token_bull",), days=120, runs=1)
    minted, held = paths["order_mint_tok"][0, 1:], paths["treasury_tok"][0, 1:]
    assert minted.max() > 0.0
    assert held[minted > 0.0].max() <= 1e-6 * paths["treasury_tok"][0, 0]
    most = resolve("baseline").values.controller.mint_limit * paths["total_supply"][0, :-1]
    assert np.all(minted <= most * (1 + 1e-9))


def test_a_price_above_its_reference_brings_bounded_sales():
    paths = simulate(
        {"shocks.enabled": False},
        policy="pid_two_sided",
        scenarios=("token_bull",),
        days=120,
        runs=1,
    )
    p = resolve("baseline", policy="pid_two_sided").values.controller
    assert paths["control_output"].min() < 0
    assert paths["control_output"].min() >= -p.sale_limit * paths["reference_depth"][0, 0] * (
        1 + 1e-9
    )
    assert paths["treasury_tok"][0, -1] < paths["treasury_tok"][0, 0]


def test_static_buy_back_spends_its_share_of_income():
    paths = simulate({"shocks.enabled": False}, policy="static", days=30, runs=1)
    share = resolve("baseline", policy="static").values.controller.static_share
    np.testing.assert_allclose(
        paths["control_output"][0, 2:], share * paths["treasury_income"][0, 1:-1], rtol=1e-9
    )


def test_threshold_buys_only_below_its_band():
    paths = simulate(policy="threshold", scenarios=("token_crash",), days=120, runs=6)
    band = resolve("baseline", policy="threshold").values.controller.threshold_band
    buying = paths["control_output"][:, 1:] > 0
    assert buying.any()
    assert not buying.all()
    gap = np.log(paths["measured_price"][:, 1:]) - paths["average_log_price"][:, :-1]
    assert np.all(gap[buying] < -band)


def test_an_unknown_law_names_its_neighbour():
    with pytest.raises(InputError, match="did you mean 'threshold'"):
        law("treshold")


def test_a_law_of_ones_own_can_be_registered_once():
    def mine(params, state, error, dt, low, high):
        return Command(np.clip(0.001 + 0.0 * error, low, high))

    try:
        register_controller("mine", mine)
        paths = simulate({"controller.type": "mine"}, days=10, runs=2)
        np.testing.assert_allclose(
            paths["control_output"][:, 1:], 0.001 * paths["reference_depth"][:, 1:]
        )
        with pytest.raises(ModelError, match="exists already"):
            register_controller("mine", lambda *a: None)
    finally:
        LAWS.pop("mine", None)


DESIGNED = ("controller.interval=1", "oracle.noise=0.01")


@pytest.mark.slow_after(3)
@pytest.mark.parametrize("policy", ["pi", "scheduled", "dcbm", "rai", "lqr", "mpc"])
def test_every_law_is_the_same_in_both_engines(policy):
    sets = {"simulation.days": 40}
    runs = [
        tk.run(
            "baseline", policy=policy, scenario="token_crash", sets=sets, runs=3, seed=4, engine=e
        ).dataset
        for e in ("cadcad", "ensemble")
    ]
    for name in runs[0]:
        assert_same_bits(name, runs[0][name].values, runs[1][name].values)
    assert np.any(runs[0]["control_output"].values != 0.0)


def test_the_lqr_is_python_controls_dlqr():
    p = params(*DESIGNED, policy="lqr")
    found, plant = lqr.design(p), small_plant(p)
    weights = p["controller"].lqr
    kept = np.full((1, 1), np.exp(-weights.leak))
    assert weights.leak == p["controller"].pid.leak > 0.0
    wide = np.block([[plant.A, np.zeros((3, 1))], [plant.C, kept]])
    q = np.diag([weights.price_weight, 0.0, 0.0, weights.integral_weight])
    gain, cost, _ = control.dlqr(
        wide, np.append(plant.B[:, 0], 0.0)[:, None], q, [[weights.effort_weight]]
    )
    np.testing.assert_allclose([*found.feedback, found.integral], gain[0], atol=1e-10)
    riccati, _, _ = control.dare(
        wide, np.append(plant.B[:, 0], 0.0)[:, None], q, [[weights.effort_weight]]
    )
    np.testing.assert_allclose(found.cost, riccati, rtol=1e-8)


def test_the_filter_is_the_stationary_kalman_filter():
    p = params(*DESIGNED, policy="lqr")
    found, news, r = lqr.design(p), p["news"], p["oracle"].noise ** 2
    variance = news.volatility**2 + news.jump_rate * news.jump_volatility**2
    q, prior = np.diag([1e-9, variance + 1e-9, 1e-12]), np.eye(3)
    for _ in range(5000):
        gain = prior @ found.c / (found.c @ prior @ found.c + r)
        prior = found.a @ (prior - np.outer(gain, found.c @ prior)) @ found.a.T + q
    np.testing.assert_allclose(found.filter, gain, atol=1e-8)


def drive_estimated(p, law_of, measurements, low, high, depth=1e6, treasury=1e12):
    """Signals of a law with a Kalman filter on a sequence of measured log prices, with the
    reference at zero.
    """
    state = {f"control_{m.name}": 0.0 for m in law_of.memory} | {
        "control_signal": 0.0,
        "treasury_usd": treasury,
        "reference_depth": depth,
    }
    signals = []
    for y in measurements:
        command = law_of.decide(p, state, -y, p["controller"].interval, low, high)
        state |= {f"control_{k}": float(v) for k, v in command.memory.items()} | {
            "control_signal": float(command.signal)
        }
        signals.append(state["control_signal"])
    return np.array(signals), state


@pytest.mark.parametrize(("policy", "interval"), [("lqr", 1), ("lqr", 7), ("mpc", 7)])
def test_a_lasting_disturbance_leaves_no_error(policy, interval):
    """The controller's own block on the linear plant, whose outside valuation loses 0.2 % every day
    for good.
    """
    sets = (
        f"controller.interval={interval}",
        "shocks.enabled=false",
        "controller.sides=both",
        "controller.sale_limit=9",
        "controller.mpc.rate_limit=1e6",
        "controller.lqr.leak=0",
    )
    sets = (*sets, "controller.lqr.integral_weight=0.01")  # quick, so that the test is
    solved = steady_state(resolve("baseline", policy=policy, sets=sets).values)
    p, state = solved.params, {**solved.state, "treasury_usd": 1e12, "treasury_tok": 1e12}
    plant, x, errors, signals = small_plant(p), np.zeros(3), [], []
    for _ in range(1500):
        state["measured_price"] = state["utility_value"] * np.exp(float(plant.C[0] @ x))
        signal = policy_controller(p, 0, None, state)
        state |= {name: signal[name] for name in signal if name in state}
        x = plant.A @ x + plant.B[:, 0] * state["control_signal"] + np.array([0.0, -0.002, 0.0])
        errors.append(float(state["control_error"]))
        signals.append(float(state["control_signal"]))
    assert max(errors) > 1e-3  # the disturbance was felt
    assert signals[-1] > 1e-4  # and is held off
    assert np.max(np.abs(errors[-100:])) < 1e-6


@pytest.mark.parametrize("policy", ["lqr", "mpc"])
def test_the_integral_of_a_lasting_error_ends_where_its_leak_balances_it(policy):
    sets = (*DESIGNED, "controller.lqr.leak=0.05", "controller.mpc.rate_limit=1e6")
    p = params(*sets, policy=policy)
    _, state = drive_estimated(p, law(policy), np.full(600, -0.1), -1e9, 1e9)
    ends = -0.1 / (1.0 - np.exp(-0.05))
    assert state["control_error_integral"] == pytest.approx(ends, rel=1e-9)
    # while a limit is active it takes nothing in, and leaks all the same
    _, later = drive_estimated(p, law(policy), np.full(600, -0.1), 0.0, 0.0)
    assert later["control_error_integral"] == 0.0


def test_the_mpcs_horizon_is_in_days_and_whole_decisions():
    for sets in (("controller.interval=0.5", "controller.mpc.horizon=7"), ()):
        decisions = params(*sets, policy="mpc")["controller"]
        assert decisions.mpc.horizon / decisions.interval == 14
    for horizon, interval in ((10, 7), (3, 7), (61, 1)):
        with pytest.raises(InputError) as error:
            params(
                f"controller.mpc.horizon={horizon}",
                f"controller.interval={interval}",
                policy="mpc",
            )
        said = f"controller.mpc.horizon: {horizon} days; expected a multiple of controller.interval"
        assert said in str(error.value)
    # what no law plans with need not be whole
    assert params("controller.interval=3")["controller"].interval == 3


def test_the_mpc_without_active_limits_is_the_lqr():
    p = params(*DESIGNED, "controller.mpc.rate_limit=1e6", policy="mpc")
    y = np.random.default_rng(5).normal(0.0, 0.1, 100)
    plain, _ = drive_estimated(p, law("lqr"), y, -1e9, 1e9)
    planned, _ = drive_estimated(p, law("mpc"), y, -1e9, 1e9)
    np.testing.assert_allclose(planned, plain, atol=1e-10)


@pytest.mark.parametrize(
    ("low", "high", "rate", "treasury"),
    [(-0.01, 0.02, 1e6, 1e12), (-1.0, 1.0, 0.004, 1e12), (-1.0, 1.0, 1e6, 5e4)],
)
def test_the_mpcs_moves_keep_the_limits_and_solve_the_program(low, high, rate, treasury):
    p = params(*DESIGNED, f"controller.mpc.rate_limit={rate}", policy="mpc")
    y = np.cumsum(np.random.default_rng(6).normal(-0.02, 0.1, 60))
    signals, state = drive_estimated(p, law("mpc"), y, low, high, treasury=treasury)
    assert state["control_fallbacks"] == 0.0
    assert np.all((signals >= low - 1e-9) & (signals <= high + 1e-9))
    assert np.all(np.abs(np.diff(signals)) <= rate * (1 + 1e-6))
    assert signals.max() <= treasury / 1e6 + 1e-6


def test_an_impossible_program_falls_back_on_the_lqr_and_counts_it():
    p = params(*DESIGNED, "controller.mpc.rate_limit=1e-9", policy="mpc")
    # the last move is below the lowest that is allowed now, and the rate limit keeps it there
    state = {f"control_{m.name}": 0.0 for m in law("mpc").memory} | {
        "control_signal": -1.0,
        "treasury_usd": 1e6,
        "reference_depth": 1e6,
    }
    command = law("mpc").decide(p, state, 0.5, 1.0, 0.0, 0.02)
    assert command.memory["fallbacks"] == 1.0
    assert 0.0 <= command.signal <= 0.02


def test_scheduled_gains_follow_the_pools_depth():
    p = params(*WIDE, "controller.pid.ki=0", "controller.pid.kd=0", policy="scheduled")
    state = {
        "control_integral": 0.0,
        "control_filtered": 0.0,
        "control_signal": 0.0,
        "measured_price": 0.9,
        "reference_depth": 2.0,
    }
    deep, shallow = (
        law("scheduled").decide(p, state | {"pool_usd": usd}, 0.1, 1.0, -9.0, 9.0).signal
        for usd in (2.0, 1.0)
    )
    assert deep == pytest.approx(2.0 * shallow)


def test_dcbm_spends_a_bounded_share_of_the_treasury_and_never_sells():
    paths = simulate(
        {"shocks.enabled": False}, policy="dcbm", scenarios=("token_crash",), days=150, runs=1
    )
    gamma = resolve("baseline", policy="dcbm").values.controller.dcbm.gamma
    assert paths["control_output"].min() >= 0.0
    assert np.all(
        paths["control_output"][:, 1:] <= gamma * paths["treasury_usd"][:, :-1] * (1 + 1e-9)
    )
    np.testing.assert_allclose(
        dcbm.spending_share(0.3, np.array([-1.0, 0.0, 0.7, 90.0])),
        0.3 * np.tanh([0.0, 0.0, 0.7, 90.0]),
    )


@pytest.mark.parametrize("cost", [0.0, 0.0005])
def test_the_plant_has_the_share_of_fundamentalists_that_the_steady_state_has(cost):
    p = params(f"speculation.information_cost={cost}", "market.arbitrage_speed=0")
    share = simulate(
        {"speculation.information_cost": cost, "shocks.enabled": False}, days=2, runs=1
    )["chartist_share"][0, -1]
    assert share > 0.5 if cost else share == 0.5
    # without arbitrage only fundamentalists pull the price: two depths of orders are a log point
    assert 1.0 - small_plant(p).A[0, 0] == pytest.approx(
        2.0 * p["speculation"].fundamentalist * (1.0 - share), rel=1e-9
    )
