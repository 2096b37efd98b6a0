"""RAI's PI law on the redemption price: leaky trapezoidal integral, noise barrier, bounded rate per
second.

e = redemption price − market price, I' = leak^Δt I + ½(e + e_prev)Δt, u = Kp e + Ki I, rate = 1 +
clip(u) or 1. Source: reflexer-labs/geb-rrfm-calculators, PIRawPerSecondCalculator and
PRawPerSecondCalculator; geb-rrfm-rate-setter, PIRateSetter (time between updates). Units: USD per
RAI, seconds. A market price above the redemption price lowers the latter when Kp > 0: the law
pushes the redemption price away from the market and counts on the market to follow.
"""

import numpy as np

from ...elementary import exp, expm1, log, power
from .command import Command, Law, Memory, Strength

YEAR = 31_536_000.0  # seconds
UPDATE_DELAY = 28_800.0  # seconds between two updates of the rate


def deviation(redemption_price, market_price):
    """The error e [USD]: positive when the market is too low."""
    return redemption_price - market_price


def leaky_integral(integral, error, previous_error, elapsed, leak):
    """The error's integral [USD s] after `elapsed` seconds; leak: share kept per second, 1 for
    none.

    The newest trapezoid does not leak before the next update, as in the contract.
    """
    return power(leak, elapsed) * integral + 0.5 * (error + previous_error) * elapsed


def feedback(error, integral, kp, ki):
    """The law's output u [1/s]. kp: [1/(USD s)]. ki: [1/(USD s²)]."""
    return kp * error + ki * integral


def breaks_noise_barrier(output, redemption_price, barrier):
    """Whether an output is large enough to act on: |u| ≥ (1 − barrier) × redemption price, and not
    zero.

    barrier: between 0 and 1; 1 lets everything through. The contract compares a rate [1/s] with a
    price [USD], so that any barrier noticeably below 1 silences the law altogether.
    """
    return (np.abs(output) >= (1.0 - barrier) * redemption_price) & (output != 0.0)


def redemption_rate(output, redemption_price, barrier=1.0, low=-1.0, high=np.inf):
    """Factor on the redemption price per second: 1 inside the noise barrier, else 1 + the output
    within [low, high].
    """
    return np.where(
        breaks_noise_barrier(output, redemption_price, barrier),
        1.0 + np.clip(output, low, high),
        1.0,
    )


def may_update(elapsed, delay=UPDATE_DELAY):
    """Whether the rate may be set again, `elapsed` seconds after the last time."""
    return np.asarray(elapsed) >= delay


def next_redemption_price(redemption_price, rate, elapsed):
    """The redemption price [USD] after `elapsed` seconds at a rate."""
    return redemption_price * power(rate, elapsed)


def per_year(rate):
    """A rate per second as a change per year of 365 days; −0.05 is a loss of 5 %."""
    return expm1(YEAR * log(rate))


def half_life(leak):
    """Time in which half of the integral is forgotten [s]."""
    return log(0.5) / log(leak)


def decide(params, state, error, dt, low, high):
    """The PI law on the relative error, in days: its output is spending here, as this economy has
    no redemption rate.

    `error` is a log; the law's own is (reference − market)/reference. The barrier is on that error.
    """
    rai = params["controller"].rai
    relative = -expm1(-error)
    integral = leaky_integral(
        state["control_relative_total"],
        relative,
        state["control_relative_error"],
        dt,
        exp(-rai.leak),
    )
    output = feedback(relative, integral, rai.kp, rai.ki)
    signal = np.where(np.abs(relative) >= rai.noise_barrier, output, 0.0)
    return Command(
        np.clip(signal, low, high), {"relative_total": integral, "relative_error": relative}
    )


LAW = Law(
    decide,
    (
        Memory("relative_total", "days", "leaky integral of the relative error"),
        Memory("relative_error", "1", "relative error of the last decision"),
    ),
    strength=Strength(("controller.rai.kp", "controller.rai.ki"), 1e-3, 1e3, factor=True),
)
