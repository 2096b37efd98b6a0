"""When the single price loop is stable, in closed form: Jury's conditions on its characteristic
polynomial.

Loop: the pool alone, an integrator that a signal u moves by g u a decision (g = 2 Δ of a signal in
depths a day, 2 Δ/y of one in USD a day; constant product, to first order), under the PID of
`model/controllers/pid.py`, whose integral keeps λ = e^(−leak Δ) and whose derivative filter keeps μ
= e^(−Δ/T_d):
    C(z) = kp + Δ ki/(z−λ) + (kd (1−μ)/Δ) (z−1)/(z−μ),   (z−1)(z−λ)(z−μ) + g C(z)(z−λ)(z−μ) = z³ +
    a2 z² + a1 z + a0,
and with P = g kp, I = g Δ ki, D = g kd (1−μ)/Δ
    a2 = P + D − 1 − λ − μ,   a1 = λ + μ + λμ − P (λ+μ) + I − D (1+λ),   a0 = −λμ + P λμ − I μ + D
    λ.
The pool alone has no arbitrage, speculators or oracle: the conditions say what the constant-product
pool adds, the margins what the economy does. Source: Jury (1964), Theory and Application of the
z-Transform Method; Åström and Wittenmark, Computer-Controlled Systems (1997), section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..model.formulas.numerics import relaxation

SLACKS = {
    1: ("p(1) > 0", "-p(-1) > 0"),
    2: ("p(1) > 0", "p(-1) > 0", "1 - a0 > 0", "1 + a0 > 0"),
    3: (
        ("p(1) > 0"),
        "-p(-1) > 0",
        "1 - a0 > 0",
        "1 + a0 > 0",
        "(1 - a0^2) + (a1 - a0 a2) > 0",
        "(1 - a0^2) - (a1 - a0 a2) > 0",
    ),
}


def conditions(polynomial: np.ndarray) -> np.ndarray:
    """Slack of each of Jury's conditions, (conditions, ...): the roots lie inside the unit circle
    where all are positive.

    polynomial: coefficients of degree 1, 2 or 3, (degree + 1, ...), the highest power first; a
    negative leading one turns all signs, as the roots are those of the polynomial turned. Names:
    `SLACKS`. The last pair is |a1 − a0 a2| < 1 − a0², times the leading coefficient.
    """
    p = np.asarray(polynomial, dtype=float)
    if len(p) - 1 not in SLACKS:
        raise ValueError(
            f"a polynomial of degree {len(p) - 1}; Jury's conditions are written down for 1 to 3"
        )
    p = np.sign(p[0]) * p
    lead, last = p[0], p[-1]
    if len(p) == 2:
        return np.stack([lead + last, lead - last])
    if len(p) == 3:
        return np.stack([lead + p[1] + last, lead - p[1] + last, lead - last, lead + last])
    outer, inner = lead * lead - last * last, lead * p[2] - last * p[1]
    ends = [lead + p[1] + p[2] + last, lead - p[1] + p[2] - last]
    return np.stack([*ends, lead - last, lead + last, outer + inner, outer - inner])


def cubic(proportional, integral, derivative, keep_integral=1.0, keep_filter=0.0) -> np.ndarray:
    """Coefficients 1, a2, a1, a0 (4, ...) of the loop's characteristic polynomial, of the
    dimensionless gains P, I, D and of λ and μ.
    """
    p, i, d, kept, held = np.broadcast_arrays(
        *(
            np.asarray(v, float)
            for v in (proportional, integral, derivative, keep_integral, keep_filter)
        )
    )
    a2 = p + d - 1.0 - kept - held
    a1 = kept + held + kept * held - p * (kept + held) + i - d * (1.0 + kept)
    a0 = -kept * held + p * kept * held - i * held + d * kept
    return np.stack([np.ones_like(a2), a2, a1, a0])


def quadratic(proportional, derivative, keep_filter=0.0) -> np.ndarray:
    """The same (3, ...) without an integral, where the factor z − λ cancels: z² + (P + D − 1 − μ) z
    + μ − P μ − D.
    """
    p, d, held = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (proportional, derivative, keep_filter))
    )
    return np.stack([np.ones_like(p), p + d - 1.0 - held, held - p * held - d])


def pid_polynomial(pid: Any, interval: float, gain: float | None = None) -> np.ndarray:
    """Characteristic polynomial of the pool under a PID, a decision every `interval` days.

    pid: its gains and times, as in the parameters. gain: g, move of the log price by a decision of
    signal 1; of one in depths a day if not given.
    """
    g = 2.0 * interval if gain is None else gain
    share = float(relaxation(interval, pid.derivative_time))
    proportional, derivative = g * pid.kp, g * pid.kd * share / interval
    if pid.ki == 0.0:
        return quadratic(proportional, derivative, 1.0 - share)
    return cubic(
        proportional, g * interval * pid.ki, derivative, np.exp(-pid.leak * interval), 1.0 - share
    )


def slacks(pid: Any, interval: float) -> Mapping[str, float]:
    """Slack of each condition for the pool under a PID, by its name; negative where it is
    broken.
    """
    polynomial = pid_polynomial(pid, interval)
    return dict(zip(SLACKS[len(polynomial) - 1], map(float, conditions(polynomial)), strict=True))
