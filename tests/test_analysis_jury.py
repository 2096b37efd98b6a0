"""Jury's conditions in closed form say what the eigenvalues say, of polynomials and of the pool
under the shipped PID.
"""

import control
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from plants import pool_plant

from tokenomics.loop import jury
from tokenomics.loop.analyse import analyse
from tokenomics.loop.economy import linearise, pid_law
from tokenomics.loop.margins import poles
from tokenomics.parameters import put, resolve

NUMBER = st.floats(-3.0, 3.0)
BASE = resolve("baseline", policy="pid").values
ECONOMY = linearise(BASE)


@settings(max_examples=400, deadline=None)
@given(coefficients=st.lists(NUMBER, min_size=2, max_size=4))
def test_the_conditions_of_a_polynomial_are_those_of_its_roots(coefficients):
    assume(abs(coefficients[0]) > 0.1)
    slack = jury.conditions(np.array(coefficients))
    assume(np.min(np.abs(slack)) > 1e-6)  # on the limit, rounding decides
    assert bool(np.all(slack > 0.0)) == bool(
        np.max(np.abs(np.roots(coefficients)), initial=0.0) < 1.0
    )


@settings(max_examples=150, deadline=None)
@given(
    kp=st.floats(-0.2, 1.5),
    ki=st.one_of(st.just(0.0), st.floats(-0.1, 1.0)),
    kd=st.floats(-0.5, 2.0),
    leak=st.sampled_from([0.0, 0.01, 0.2]),
    derivative_time=st.sampled_from([0.0, 1.0, 3.0]),
    interval=st.sampled_from([1.0, 7.0]),
)
def test_the_conditions_of_the_pool_under_the_pid_are_those_of_its_eigenvalues(
    kp, ki, kd, leak, derivative_time, interval
):
    values = {"kp": kp, "ki": ki, "kd": kd, "leak": leak, "derivative_time": derivative_time}
    changed = put(
        BASE,
        {f"controller.pid.{n}": v for n, v in values.items()} | {"controller.interval": interval},
    )
    slack = jury.slacks(changed.controller.pid, interval)
    assume(min(map(abs, slack.values())) > 1e-5 and (kp or ki or kd))
    depth = 5e5
    pool = pool_plant(depth, ECONOMY.params["time_step"])
    # one decision moves the price by the signal of all its days; a signal of 1 is a depth a day
    plant = control.ss(pool.A, pool.B * depth * interval, pool.C, pool.D, interval)
    found = poles(plant, pid_law(changed, ECONOMY, (kp, ki, kd)))
    if ki == 0.0:
        found = found[np.abs(found - np.exp(-leak * interval)) > 1e-9]
    assert all(v > 0.0 for v in slack.values()) == bool(np.abs(found).max() < 1.0)


def test_a_dollar_in_a_pool_of_y_dollars_has_a_gain_of_2_over_y():
    pid, depth = BASE.controller.pid, 5e5
    dollars = pid.model_copy(update={n: getattr(pid, n) * depth for n in ("kp", "ki", "kd")})
    np.testing.assert_allclose(
        jury.pid_polynomial(dollars, 1.0, gain=2.0 / depth),
        jury.pid_polynomial(pid, 1.0),
        rtol=1e-12,
    )


def test_the_analysis_of_a_pid_gives_each_condition_with_its_slack_and_that_of_another_law_none():
    found = analyse(BASE)
    assert found.plain()["jury"] == jury.slacks(BASE.controller.pid, 1.0)
    assert all(v > 0.0 for v in found.jury().values())
    assert not analyse(resolve("baseline", policy="rai").values).jury()
