"""When the linear loop of DCBM's PID on an integrator is stable: Jury's conditions, derived and
checked.

Loop, with Δt = 1 and the gains times the plant's gain, a = αKp, b = αKi, c = αKd: C(z) = a + b
z/(z−1) + c (z−1)/z. A purchase decided on P_n moves P_{n+1} (Eq. 6), so that the plant is 1/(z−1);
1 + C/(z−1) = 0 times z (z−1)² gives
    z³ + (a+b+c−2) z² + (1−a−2c) z + c = 0.
    (delayed)
A plant z/(z−1), whose price answers within the epoch on which it was measured, gives what the paper
prints:
    (1+a+b+c) z² − (2+a+2c) z + (1+c) = 0.
    (undelayed)
Source: Jury (1964), Theory and Application of the z-Transform Method; Cheng et al. (2026), arXiv
2601.09961.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...loop import jury
from ...model.shocks import Streams


def polynomial(a, b, c, *, delayed: bool = True) -> np.ndarray:
    """Coefficients of the characteristic polynomial, highest power first, (3 or 4, ...). Without a
    delay: the paper's.
    """
    a, b, c = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (a, b, c)))
    if delayed:
        # the law's integral has the newest error in it, the general one has not: b z/(z−1) = b +
        # b/(z−1)
        return jury.cubic(a + b, b, c)
    return np.stack([1.0 + a + b + c, -(2.0 + a + 2.0 * c), 1.0 + c])


def conditions(a, b, c, *, delayed: bool = True) -> np.ndarray:
    """Jury's conditions in closed form, (conditions, ...): the roots lie inside the unit circle
    where all are positive.

    Delayed: p(1) = b; −p(−1) = 4 − 2a − b − 4c; 1 ∓ c, from |p0| < 1; and 1 − c² > |c(a+b+c−2) −
    (1−a−2c)|, which is the pair 2(1−c²) − a(1+c) − bc and a(1+c) + bc (`loop/jury.py`). Undelayed:
    p(1) = b; p(−1) = 4 + 2a + b + 4c; p2 ∓ p0 = a + b and 2 + a + b + 2c, all to be taken with the
    sign of p2 = 1 + a + b + c.
    """
    return jury.conditions(polynomial(a, b, c, delayed=delayed))


def conditions_without_integral(a, c, *, delayed: bool = True) -> np.ndarray:
    """The same for Ki = 0, where the factor z − 1 cancels: z² + (a+c−1) z − c, and (1+a+c) z −
    (1+c) without a delay.
    """
    a, c = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (a, c)))
    return jury.conditions(jury.quadratic(a, c) if delayed else np.stack([1.0 + a + c, -(1.0 + c)]))


def stable(a, b, c, *, delayed: bool = True) -> np.ndarray:
    """Whether Jury's conditions hold."""
    return np.all(conditions(a, b, c, delayed=delayed) > 0.0, axis=0)


def papers_limits(a, b, c) -> np.ndarray:
    """Whether the paper's limits hold: Kp + Ki > 0, Kd < (2 − αKp)/α, Ki < (4 − 2αKp)/α, each times
    α > 0.
    """
    return np.all(
        np.stack([np.add(a, b), 2.0 - np.asarray(a) - c, 4.0 - 2.0 * np.asarray(a) - b]) > 0.0,
        axis=0,
    )


def radius(a, b, c, *, delayed: bool = True) -> np.ndarray:
    """Largest modulus of the roots, as eigenvalues of the companion matrix."""
    p = polynomial(a, b, c, delayed=delayed)
    order = len(p) - 1
    companion = np.zeros((*p.shape[1:], order, order))
    companion[..., 0, :] = np.moveaxis(-p[1:] / p[0], 0, -1)
    companion[..., np.arange(1, order), np.arange(order - 1)] = 1.0
    return np.max(np.abs(np.linalg.eigvals(companion)), axis=-1)


def growth(
    a: float, b: float, c: float, *, epochs: int = 600, gain: float = 1.0, start: float = -1e-3
) -> float:
    """Largest |y| in the last tenth over |start|, of y_{n+1} = y_n + gain · u_n under the PID,
    simulated in time: no z-transform in it.
    """
    y, integral, previous, seen = start, 0.0, -start, []
    for _ in range(epochs):
        error = -y
        integral += error
        y += gain * (a * error + b * integral + c * (error - previous))
        previous = error
        seen.append(abs(y))
        if abs(y) > 1e12:
            return np.inf
    return max(seen[-epochs // 10 :]) / abs(start)


def overshoot(a, b, c, *, epochs: int = 400) -> np.ndarray:
    """Highest point of the delayed loop's step response above its target, in steps, for arrays of
    gains.
    """
    y, integral = np.full(np.broadcast(a, b, c).shape, -1.0), 0.0
    previous, highest = -y, np.zeros(np.broadcast(a, b, c).shape)
    for _ in range(epochs):
        error = -y
        integral = integral + error
        y = y + a * error + b * integral + c * (error - previous)
        previous, highest = error, np.maximum(highest, y)
    return highest


def random_gains(seed: int, count: int, low, high) -> np.ndarray:
    """Gains (3, count), uniform between bounds (3,), from a stream of the seed."""
    u = np.stack([Streams(seed).uniforms(0, f"dcbm_gain_{name}", count) for name in "pid"])
    low, high = (np.asarray(v, dtype=float)[:, None] for v in (low, high))
    return low + (high - low) * u


# Gains (αKp, αKi, αKd), each against one of the statements examined.
EXAMPLES = {
    "within all limits": (0.5, 0.5, 0.9),
    "within all limits, Ki < 0 < Kp + Ki": (1.0, -0.1, 0.0),
    "beyond the limit of Kd": (0.5, 0.5, 1.6),
    "beyond the limit of Ki": (1.0, 3.0, 0.0),
    "beyond the limit of Ki, Kd < 0": (1.9, 1.0, -0.5),
    "within all limits, mild": (0.5, 0.1, 0.1),
}


def examples() -> pd.DataFrame:
    """Gains by gains: the paper's limits, Jury's conditions, the roots, and a simulation in
    time.
    """
    rows = []
    for name, gains in EXAMPLES.items():
        verdicts = (papers_limits(*gains), stable(*gains), stable(*gains, delayed=False))
        within, delayed, undelayed = (("yes" if v else "no") for v in verdicts)
        last = (undelayed, float(radius(*gains, delayed=False)))
        rows.append((name, *gains, within, delayed, float(radius(*gains)), growth(*gains)) + last)
    columns = [
        "gains",
        "αKp",
        "αKi",
        "αKd",
        "paper's limits hold",
        "Jury, delayed",
        "|z| delayed",
        "simulated growth",
    ]
    return pd.DataFrame(
        rows, columns=[*columns, "Jury, the paper's polynomial", "|z| of the paper's polynomial"]
    )


def survey(seed: int, count: int = 20000) -> pd.DataFrame:
    """Random gains: Jury against roots, and how often the paper's limits err either way."""
    rows = []
    for name, low, high in (
        ("gains from 0 to 4", (0, 0, 0), (4, 4, 4)),
        ("gains from -1 to 4", (-1, -1, -1), (4, 4, 4)),
    ):
        gains = random_gains(seed, count, low, high)
        within = papers_limits(*gains)
        for delayed in (True, False):
            jury = stable(*gains, delayed=delayed)
            roots = radius(*gains, delayed=delayed) < 1.0
            rows.append(
                (
                    name,
                    "z³ (delayed, Eq. 6)" if delayed else "z² (the paper's)",
                    int(np.sum(jury != roots)),
                    100.0 * float(np.mean(within & ~jury) / np.mean(within)),
                    100.0 * float(np.mean(~within & jury) / np.mean(jury)),
                    int(np.sum(jury & (gains[0] + gains[1] <= 0.0))),
                )
            )
    columns = [
        "gains",
        "polynomial",
        "Jury ≠ roots",
        "unstable within the paper's limits (%)",
        "stable, but beyond them (%)",
    ]
    return pd.DataFrame(rows, columns=[*columns, "stable with Kp + Ki ≤ 0"])


def terms(seed: int, count: int = 20000) -> pd.DataFrame:
    """Overshoot of the linear delayed loop by terms of the law, over random gains with which P, PI,
    PD and PID are all stable.
    """
    a, b, c = random_gains(seed, count, (0, 0, 0), (2, 1, 1))
    good = stable(a, b, c) & stable(a, b, 0.0)
    good &= np.all(conditions_without_integral(a, c) > 0.0, axis=0) & np.all(
        conditions_without_integral(a, 0.0) > 0.0, axis=0
    )
    a, b, c = a[good], b[good], c[good]
    found = {
        "P": overshoot(a, 0.0, 0.0),
        "PI": overshoot(a, b, 0.0),
        "PD": overshoot(a, 0.0, c),
        "PID": overshoot(a, b, c),
    }
    pairs = {"PD < P": ("PD", "P"), "PID < PI": ("PID", "PI"), "P < PI": ("P", "PI")}
    rows = [
        (name, 100.0 * float(np.mean(found[x] < found[y])), len(a))
        for name, (x, y) in pairs.items()
    ]
    return pd.DataFrame(rows, columns=["overshoot", "share of the gains (%)", "gains tried"])
