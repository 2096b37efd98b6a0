"""Policies: income clearing, a peg rule, PID, and MPC by Gauss-Newton steps (which are those of
iterative LQR) within a box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ...elementary import exp, expm1, log, log1p
from .economy import AkcinShocks, Economy, State, costs, income, limits, simulate, step

STEPS = (1.0, 0.5, 0.25, 0.1, 0.02)  # of the line search; none is taken where none lowers the cost


def clearing(day, state: State, y, known):
    """No control: the day's dollars buy tokens, which pay the nodes; supply and reserve stay as
    they are.
    """
    return y, y


def around_clearing(e: Economy, state: State, y, shrink):
    """Flows that shrink the supply by a share `shrink` [1/day]: the buy-back moves, nodes are paid
    the income whatever the price.

    A rule that moves the pay moves the nodes too, and with them the income that carries the price:
    cut to save the price, it loses both. The dollars that a smaller buy-back leaves stay in the
    reserve.
    """
    return y + shrink * exp(state.price + state.supply) / e.turnover, y


class Peg:
    """The stablecoin rule: change the supply by the whole gap of the price in one day, as far as
    the reserve goes.
    """

    def __init__(self, e: Economy):
        self.e = e

    def __call__(self, day, state, y, known):
        return around_clearing(self.e, state, y, -expm1(state.price - self.e.reference(day)))


class Pid:
    """PID from the log error to the supply's shrinking rate [1/day]; the integral waits while a
    limit binds, the slope is filtered.
    """

    def __init__(self, e: Economy, kp: float, ki: float, kd: float, derivative_time: float):
        self.e, self.kp, self.ki, self.kd = e, kp, ki, kd
        self.weight = -expm1(-1.0 / derivative_time)
        self.integral = self.slope = self.before = None

    def __call__(self, day, state, y, known):
        error = self.e.reference(day) - state.price
        if self.integral is None:
            self.integral, self.slope, self.before = 0.0 * error, 0.0 * error, error
        self.slope = self.slope + self.weight * (error - self.before - self.slope)
        self.before = error
        wanted = around_clearing(
            self.e, state, y, self.kp * error + self.integral + self.kd * self.slope
        )
        possible = [
            np.clip(flow, 0.0, top)
            for flow, top in zip(wanted, limits(self.e, state, y), strict=True)
        ]
        free = (wanted[0] == possible[0]) & (wanted[1] == possible[1])
        self.integral = self.integral + np.where(free, self.ki * error, 0.0)
        return wanted


def simc(e: Economy, closed_loop_time: float) -> tuple[float, float, float]:
    """PID gains (kp, ki, kd) by the SIMC rule for an integrator with a lag and a delay.

    The supply integrates, the price lags by 1/a, a day's decision is seen a day later. Source:
    Skogestad (2003), J. Process Control 13, table 1, its series form turned into the parallel one.
    closed_loop_time [days].
    """
    lag, delay = -1.0 / log1p(-e.adjustment), 1.0
    series, reset = 1.0 / (closed_loop_time + delay), 4.0 * (closed_loop_time + delay)
    return series * (1.0 + lag / reset), series / reset, series * lag


def tuned(
    economy_: Economy,
    paths: list[AkcinShocks],
    begin: tuple[float, float, float],
    derivative_time: float,
) -> tuple[float, float, float]:
    """PID gains that minimise the mean cost on given shocks, one set for all of them (Nelder-Mead
    on the gains' logs).
    """

    def cost(logs):
        gains = exp(logs)
        return float(
            np.mean(
                [
                    np.mean(
                        costs(
                            economy_, simulate(economy_, Pid(economy_, *gains, derivative_time), s)
                        )["cost"]
                    )
                    for s in paths
                ]
            )
        )

    found = minimize(
        cost,
        log(begin),
        method="Nelder-Mead",
        options={"xatol": 0.02, "fatol": 1e-8, "maxiter": 200},
    )
    return tuple(float(g) for g in exp(found.x))


def trend_forecast(known: np.ndarray, window: int, horizon: int) -> np.ndarray:
    """Demand of today and the days to come, (runs, horizon): today's, then the straight line
    through the log of the last `window` days.
    """
    logs = log(known[:, -window:])
    days = np.arange(logs.shape[1]) - (logs.shape[1] - 1)
    centred = days - days.mean()
    slope = np.sum(logs * centred, axis=1) / np.sum(centred**2)
    ahead = np.arange(horizon) - days.mean()
    forecast = exp(np.mean(logs, axis=1)[:, None] + slope[:, None] * ahead)
    forecast[:, 0] = known[:, -1]
    return forecast


def flows(e: Economy, state: State, y, controls):
    """Buy-back and payment of controls in the unit box: shares of what is possible."""
    most = limits(e, state, y)
    return controls[..., 0] * most[0], controls[..., 1] * most[1]


def planned_cost(
    e: Economy, day: int, state: State, demand: np.ndarray, controls: np.ndarray
) -> np.ndarray:
    """Cost (runs,) of a plan (runs, horizon, 2) on a demand forecast (runs, horizon), summed over
    its days.
    """
    total = 0.0
    for ahead in range(demand.shape[1]):
        y = income(e, state.capacity, demand[:, ahead])
        buyback, payment = flows(e, state, y, controls[:, ahead])
        state = step(e, state, y, buyback, payment, 0.0)
        error = state.price - e.reference(day + ahead + 1)
        total = total + error**2 + e.effort * ((buyback - y) ** 2 + (payment - y) ** 2)
    return total


def linearise(
    e: Economy, day: int, state: State, demand: np.ndarray, controls: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (runs, 3 horizon), whose squares add up to the plan's cost, and their derivatives
    by the controls (runs, 3 horizon, 2 horizon).
    """
    runs, horizon = demand.shape
    residuals, slopes = np.empty((runs, 3 * horizon)), np.zeros((runs, 3 * horizon, 2 * horizon))
    supply, price, reserve, capacity = np.zeros((4, runs, 2 * horizon))
    root = np.sqrt(e.effort)
    for ahead in range(horizon):
        i, j = 2 * ahead, 3 * ahead
        # controls of later days have no effect yet
        ds, dx, dr, dc = (array[:, : i + 2] for array in (supply, price, reserve, capacity))
        y = income(e, state.capacity, demand[:, ahead])
        short = e.capacity * exp(state.capacity) < demand[:, ahead]
        most = limits(e, state, y)
        buyback, payment = flows(e, state, y, controls[:, ahead])
        dy = np.where(short, y, 0.0)[:, None] * dc
        db = controls[:, ahead, :1] * (dy + e.spend * dr)
        db[:, i] += most[0]
        dw = (e.payment_limit * controls[:, ahead, 1])[:, None] * dy
        dw[:, i + 1] += most[1]
        scale = e.turnover * exp(-state.price - state.supply)
        minted = (payment - buyback) * scale
        ds += (scale[:, None] * (dw - db) - minted[:, None] * (dx + ds)) / (1.0 + minted)[:, None]
        dx += e.adjustment * (dy / y[:, None] - ds - dx)
        dr += dy - db
        size = exp(state.capacity)
        per_pay = (1.0 + e.crowding) / (size * (1.0 + e.crowding * size))
        fall = payment * per_pay * (1.0 + e.crowding * size / (1.0 + e.crowding * size))
        dc += e.node_response * (per_pay[:, None] * dw - fall[:, None] * dc)
        state = step(e, state, y, buyback, payment, 0.0)
        residuals[:, j] = state.price - e.reference(day + ahead + 1)
        residuals[:, j + 1], residuals[:, j + 2] = root * (buyback - y), root * (payment - y)
        slopes[:, j, : i + 2], slopes[:, j + 1, : i + 2], slopes[:, j + 2, : i + 2] = (
            dx,
            root * (db - dy),
            root * (dw - dy),
        )
    return residuals, slopes


def improve(
    e: Economy, day: int, state: State, demand: np.ndarray, controls: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One Gauss-Newton step within the box, and the plan's cost after it: never above that of the
    plan given.
    """
    runs, horizon = demand.shape
    residuals, slopes = linearise(e, day, state, demand, controls)
    at = controls.reshape(runs, 2 * horizon)
    across = slopes.transpose(0, 2, 1)
    gradient = (across @ residuals[:, :, None])[:, :, 0]
    curvature = across @ slopes
    # controls that a bound holds back are left out of the step
    free = ~(((at <= 0.0) & (gradient > 0.0)) | ((at >= 1.0) & (gradient < 0.0)))
    curvature = curvature * (free[:, :, None] & free[:, None, :])
    spots = np.arange(2 * horizon)
    curvature[:, spots, spots] += np.where(free, 1e-10, 1.0)
    move = -np.linalg.solve(curvature, np.where(free, gradient, 0.0)[:, :, None])[:, :, 0]
    plans = np.stack([at, *(np.clip(at + share * move, 0.0, 1.0) for share in STEPS)])
    count = len(plans)
    wide = State(*(np.tile(getattr(state, name), count) for name in State.__dataclass_fields__))
    cost = planned_cost(
        e, day, wide, np.tile(demand, (count, 1)), plans.reshape(count * runs, horizon, 2)
    ).reshape(count, runs)
    best, each = np.argmin(cost, axis=0), np.arange(runs)
    return plans[best, each].reshape(runs, horizon, 2), cost[best, each]


@dataclass(eq=False)
class Mpc:
    """Plans `horizon` days ahead each day, does the first, and begins the next plan from the rest
    of this one.

    model: the economy that it believes in. trend: demand growth [1/day] that it is told, in place
    of a fitted one.
    """

    model: Economy
    horizon: int
    iterations: int
    window: int
    trend: float | None = None
    plan: np.ndarray | None = None

    def forecast(self, known: np.ndarray) -> np.ndarray:
        """Demand of today and the days to come, (runs, horizon)."""
        if self.trend is None:
            return trend_forecast(known, self.window, self.horizon)
        days = known.shape[1]
        level = np.mean(log(known) - self.trend * np.arange(1 - days, 1), axis=1)
        forecast = exp(level[:, None] + self.trend * np.arange(self.horizon))
        forecast[:, 0] = known[:, -1]
        return forecast

    def __call__(self, day, state, y, known):
        demand = self.forecast(known)
        if self.plan is None:
            most = limits(self.model, state, y)
            self.plan = np.repeat(
                np.stack([y / most[0], y / most[1]], axis=1)[:, None, :], self.horizon, axis=1
            )
        else:
            self.plan = np.concatenate([self.plan[:, 1:], self.plan[:, -1:]], axis=1)
        for _ in range(self.iterations):
            self.plan, _ = improve(self.model, day, state, demand, self.plan)
        return flows(self.model, state, y, self.plan[:, 0])
