"""Emission is a number that is set: its modes, its schedules, its cap, and what a change of it does
to a network that stands at rest.
"""

import math

import numpy as np
import pytest

import tokenomics as tk
from paths import assert_same_bits, simulate
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

STILL = {"shocks.enabled": False}
RATE = {"emission.mode": "rate", "emission.rate": 9000.0, "emission.factor": 0.5}
SPAN, PERIOD = 30, 12.0  # days: two halvings and a part of the third


def minted(days, **sets):
    """Tokens emitted over some days at 4,500 TOK a day, by the schedule in `sets`."""
    chosen = STILL | RATE | {f"emission.{name}": value for name, value in sets.items()}
    step = chosen.setdefault("simulation.time_step", sets.get("dt", 1.0))
    chosen.pop("emission.dt", None)
    paths = simulate(chosen, days=days, runs=1, keep=("emitted",))
    return paths["emitted"][0, 1:].sum() * step


def stepwise(days, period):
    """Days' worth of the first emission: whole periods, each with half of the one before, and a
    part of the last.
    """
    whole = int(days / period + 1e-9)
    return period * (2.0 - 2.0 * 0.5**whole) + (days - whole * period) * 0.5**whole


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_what_is_minted_over_some_days_is_the_closed_form_of_its_schedule(dt):
    number = 4500.0
    assert minted(SPAN, dt=dt) == pytest.approx(SPAN * number, rel=1e-12)
    smooth = minted(SPAN, dt=dt, schedule="smooth", half_life=PERIOD)
    exact = PERIOD / math.log(2.0) * (1.0 - 0.5 ** (SPAN / PERIOD))
    assert smooth == pytest.approx(exact * number, rel=1e-12)
    for period in (PERIOD, 7.3):  # also one that ends within a step
        steps = minted(SPAN, dt=dt, schedule="stepwise", half_life=period)
        assert steps == pytest.approx(stepwise(SPAN, period) * number, rel=1e-12)


def test_stepwise_emission_halves_on_the_day_of_the_multiple_and_not_on_the_first():
    sets = STILL | RATE | {"emission.schedule": "stepwise", "emission.half_life": 10.0}
    paid = simulate(sets, days=30, runs=1)["emitted"][0, 1:]
    np.testing.assert_array_equal(paid, 4500.0 * np.repeat([1.0, 0.5, 0.25], 10))


def test_emission_does_not_fall_below_its_floor():
    sets = STILL | RATE | {"emission.schedule": "smooth", "emission.half_life": 20.0}
    paid = simulate(sets | {"emission.floor": 2000.0}, days=60, runs=1)["emitted"][0, 1:]
    free = simulate(sets, days=60, runs=1)["emitted"][0, 1:]
    np.testing.assert_array_equal(paid, np.maximum(free, 2000.0))
    assert paid[-1] == 2000.0 > free[-1]


def test_total_supply_ends_at_its_cap_and_nothing_is_minted_beyond_it():
    sets = STILL | RATE | {"emission.capped": True, "emission.cap": 100_030_000.0}
    burning = simulate(sets | {"emission.rate": 1e5}, days=40, runs=1)
    total, burned = burning["total_supply"][0], burning["burned"][0]
    assert np.all(total <= 100_030_000.0)
    # at the cap there is room for what was burned the day before, and for no more
    full = burning["emitted"][0][-5:]
    np.testing.assert_allclose(full, burned[-6:-1], rtol=1e-6)
    still = simulate(sets | {"emission.cap": 99_000_000.0}, days=5, runs=1)
    assert np.all(still["emitted"][0, 1:] == 0.0)


def test_the_controllers_mint_counts_under_the_cap():
    start = resolve().values.supply.total_supply
    cap = start + 50_000.0
    sets = {
        "emission.capped": True,
        "emission.cap": cap,
        "controller.mint_limit": 0.01,
        "supply.treasury_share": 0.0,
        "supply.burn_share": 0.0,
        "controller.peg": 0.2,
        "controller.reference": "peg",
    }
    paths = simulate(sets, policy="pid_two_sided", days=60, runs=2)
    assert np.max(paths["order_mint_tok"]) > 0.0
    assert np.max(paths["total_supply"]) <= cap * (1.0 + 1e-12)


@pytest.mark.parametrize("policy", ["none", "static"])
def test_balance_day_by_day_mints_what_was_burned_in_the_step_before(policy):
    sets = {"emission.mode": "balance_daily", "simulation.time_step": 0.5}
    paths = simulate(sets, policy=policy, days=40, runs=3)
    kept = paths["total_supply"] + 0.5 * paths["burned"]
    np.testing.assert_allclose(kept, np.broadcast_to(kept[:, :1], kept.shape), rtol=1e-13)
    assert np.ptp(paths["burned"]) > 0.0


def after(days, sets=(), today=(), policy=None):
    """The state after some days without shocks of the network that is at rest today, with some
    parameters changed.
    """
    calm = {"shocks.enabled": "false"} | dict(one.split("=") for one in today)
    changed = calm | dict(one.split("=") for one in sets)
    now, then = (
        resolve("baseline", policy=law, sets=tuple(map("=".join, values.items()))).values
        for law, values in ((None, calm), (policy, changed))
    )
    params, state = bind(then, sample(then, [0], 1)), steady_state(now).state
    for _ in range(days):
        state = MODEL.step(params, state)
    return state


def test_a_changed_burn_share_changes_no_emission_unless_it_is_balanced_day_by_day():
    today = after(1)["emitted"]
    for share in (0.3, 0.9):
        sets = (f"supply.burn_share={share}",)
        assert after(3, sets)["emitted"] == today
        assert after(3, sets, ("emission.mode=rate", "emission.rate=14000"))["emitted"] == 14000.0
        followed = after(3, (*sets, "emission.mode=balance_daily"))["emitted"]
        assert followed / today == pytest.approx(share / 0.5, rel=0.1)


def test_every_lever_of_emission_acts_on_a_network_that_started_without_it():
    today = after(1)["emitted"]
    assert after(1, ("emission.factor=0.5",))["emitted"] == 0.5 * today
    assert after(1, ("emission.factor=0",))["emitted"] == 0.0
    assert after(1, ("emission.mode=rate", "emission.rate=7"))["emitted"] == 7.0
    assert after(1, ("emission.floor=30000",))["emitted"] == 30000.0
    halved = ("emission.schedule=stepwise", "emission.half_life=2")
    assert after(3, halved)["emitted"] == 0.5 * today
    smooth = after(3, ("emission.schedule=smooth", "emission.half_life=2"))
    assert smooth["emission_share"] == pytest.approx(0.5**1.5, rel=1e-12)


def test_the_number_of_the_start_balances_at_todays_factor():
    one = steady_state(resolve("baseline", sets=("shocks.enabled=false",)).values)
    half = steady_state(
        resolve("baseline", sets=("shocks.enabled=false", "emission.factor=0.5")).values
    )
    assert half.state["emission_rate"] == 2.0 * one.state["emission_rate"]
    assert half.state["emitted"] == one.state["emitted"]
    assert half.state["emitted"] == pytest.approx(half.state["burned"], rel=1e-12)
    assert half.residual < 1e-12
    # a vote to halve emission, put to a network whose factor is a half already
    quarter = after(1, ("emission.factor=0.25",), ("emission.factor=0.5",))
    assert quarter["emitted"] == 0.5 * one.state["emitted"]


def test_a_changed_cost_ratio_acts_on_what_is_paid_and_on_what_may_be_spent():
    today, half = after(1), after(1, ("treasury.cost_ratio=0.5",))
    assert half["balancing_cost"] == today["balancing_cost"] == today["operating_cost"]
    assert half["cost_paid"] == half["operating_cost"] == 0.5 * today["cost_paid"]
    tight = ("controller.spend_limit=1", "controller.static_share=1", "treasury.reserve=1e-5")
    poor = after(1, ("treasury.cost_ratio=0.1",), tight, policy="static")
    due = after(1, (), tight, policy="static")
    assert poor["control_output"] > due["control_output"]


MODES = {
    "stepwise, capped": {
        "emission.schedule": "stepwise",
        "emission.half_life": 7.3,
        "emission.capped": True,
        "emission.cap": 100_010_000,
    },
    "rate, smooth, floor": RATE | {"emission.schedule": "smooth", "emission.floor": 4480.0},
    "day by day": {"emission.mode": "balance_daily"},
}


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("name", MODES)
def test_every_mode_is_the_same_in_both_engines(name):
    sets = MODES[name] | {"simulation.days": 25}
    one, two = (
        tk.run("baseline", policy="static", sets=sets, runs=3, seed=4, engine=engine).dataset
        for engine in ("cadcad", "ensemble")
    )
    for variable in one:
        assert_same_bits(variable, one[variable].values, two[variable].values)
