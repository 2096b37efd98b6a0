"""The response of bonding to its yield as parameters of the group `bonding`, with what the history
cannot tell, and the estimator's test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...histories.recorded_steps import read_recorded
from ...protocols.counterfactual import exogenous
from ...protocols.livepeer import LIVEPEER
from ...protocols.replay import replay
from ..estimates import Calibration, Data, Estimate, digest
from ..recovery import RecoveryCase
from .response import (
    DAYS_A_ROUND,
    DRAWS,
    ROUNDS_A_YEAR,
    BondingFit,
    BondingHistory,
    Form,
    fit,
    history,
    unscaled,
)

SPEED, GAIN = "part of the way in a round", "effect of the yield in a round"
TIME, SCALE, ELASTICITY = "bonding.time", "bonding.response_scale", "bonding.elasticity"
UNTOLD = "the effect of the yield is not told from none: its interval a round holds 0"


def estimates(found: BondingFit) -> tuple[Estimate, ...]:
    """Coefficients a round, then the model's parameters of them."""
    logistic = found.form == "logistic"
    speeds, gains = found.sampled[:, 1], found.sampled[:, 2]
    (slow, fast), (weak, strong) = found.interval(speeds), found.interval(gains)
    speed, gain = float(found.value[1]), float(found.value[2])
    of_drive = "per 1/year" if logistic else "1"
    plain = [
        Estimate(SPEED, "1", speed, float(speeds.std()), slow, fast),
        Estimate(GAIN, of_drive, gain, float(gains.std()), weak, strong),
    ]
    still = "" if slow > 0.0 else "a random walk is as good: the part in a round may be 0"
    no_effect = UNTOLD if weak <= 0.0 else ""
    days, nan = _days(speed), float("nan")
    error = days**2 / DAYS_A_ROUND / (1.0 - speed) * float(speeds.std()) if speed < 1.0 else nan
    level = "bonding goes back to a level that is not told to be its yield's" if no_effect else ""
    time = Estimate(TIME, "days", days, error, _days(fast), _days(slow), still or level)
    name, unit = (SCALE, "1/year") if logistic else (ELASTICITY, "1")
    with np.errstate(divide="ignore"):
        if logistic:  # no response is an infinite scale
            value = speed / gain if gain > 0.0 else float("inf")
            ratio = np.where(gains > 0.0, np.maximum(speeds, 0.0) / gains, np.inf)
        else:
            value, ratio = gain / speed, gains / np.maximum(speeds, 0.0)
    low, high = np.quantile(ratio, [0.025, 0.975], method="nearest")
    of_both = Estimate(name, unit, value, float("nan"), float(low), float(high), still or no_effect)
    return (*plain, time, of_both)


def _days(speed: float) -> float:
    return -DAYS_A_ROUND / np.log1p(-speed) if 0.0 < speed < 1.0 else float("inf")


def calibrate_bonding(
    file: str | Path, *, response: Form = "logistic", seed: int = 0, draws: int = DRAWS
) -> tuple[Calibration, BondingFit, BondingHistory]:
    """Fit the first half of a history's rounds; its fit, and the second half from the last row of
    the first on. Raises InputError for what cannot be read, and for too short a history.
    """
    rows, _ = read_recorded(LIVEPEER, file)
    outside = exogenous(rows, replay(LIVEPEER, rows))
    whole = history(rows, outside, LIVEPEER.version().parameters, file)
    found = fit(whole.part(0, whole.half), response, seed, draws, whole.rounds.sum())
    robust = found.robust
    data = Data(
        str(file),
        digest(file),
        "rounds",
        int(found.on.rounds.sum()),
        f"row {rows[0].clock}",
        f"the first half of {whole.rounds.sum():.0f} rounds",
        (
            f"{len(rows) - 1 - len(whole):,} rows in which no round ended are left out",
            "rows that span several rounds count as many",
        ),
    )
    notes = (
        f"least squares, not freed of their bias: {found.plain[1]:.4f} of the way in a round "
        f"(Newey-West error {robust[1]:.4f}), {found.plain[2]:.4f} by the yield ({robust[2]:.4f})",
        f"intervals: studentised bootstrap of {found.draws:,} histories by the estimates, the rule "
        "and blocks of the residuals",
    )
    told = estimates(found)
    settings = {}
    if not told[-1].problem:
        settings = {
            "bonding.mode": ("yield", "what is estimated: the share bonded follows its yield"),
            "bonding.response": (response, "the form that was fitted"),
        }
    calibration = Calibration(
        "Bonding by its yield, least squares with a bootstrap",
        data,
        told,
        notes=notes,
        settings=settings,
    )
    return calibration, found, whole.part(whole.half, len(whole))


TRUTH = {SPEED: 0.1, GAIN: 0.05, SCALE: 2.0}


def simulated(seed: int, count: int) -> BondingHistory:
    """Rounds of Livepeer's rule, its holders following their yield at the truth of the recovery."""
    rng = np.random.Generator(np.random.Philox(seed))
    share, inflation = np.empty(count + 1), np.empty(count + 1)
    share[0], inflation[0] = 0.5, 500e-6
    x, speed, gain = 0.0, TRUTH[SPEED], TRUTH[GAIN]
    level = -0.45 * gain / speed  # rests at the target at a yield of .45 a year
    for t, noise in enumerate(0.05 * rng.standard_normal(count)):
        earned = inflation[t] * ROUNDS_A_YEAR / share[t]
        x += speed * (level - x) + gain * earned + noise
        share[t + 1] = unscaled("logistic", np.float64(x))
        inflation[t + 1] = inflation[t] + 5e-6 * np.sign(0.5 - share[t])
    return BondingHistory(share, inflation, np.ones(count), 0.5, 5e-6)


def replicate(seed: int, count: int) -> tuple[Estimate, ...]:
    """Estimates of one simulated history."""
    return estimates(fit(simulated(seed, count), "logistic", seed, 399))


RECOVERY = RecoveryCase(
    TRUTH, 400, 100, "rounds of Livepeer's rule, ten times as fast as it is", replicate
)
