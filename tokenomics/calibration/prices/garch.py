"""GARCH(1,1) with Student's t fitted to daily log returns by arch: how long a volatile spell lasts.

r_t = mean + ε_t, ε_t = σ_t z_t, σ²_t = ω + α ε²_{t−1} + β σ²_{t−1}, z_t of Student's t with unit
variance. Source: Bollerslev (1987), "A conditionally heteroskedastic time series model for
speculative prices and rates of return"; arch (Sheppard). None of these is a parameter of the model,
whose news has jumps but no spells: they say what the model leaves out.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import missing_extra
from ...histories.prices import FEWEST
from ...results.intervals import Z
from ..estimates import Estimate
from ..recovery import RecoveryCase
from .merton import WIDEST

NAMES = ("garch.mean", "garch.omega", "garch.alpha", "garch.beta", "garch.degrees_of_freedom")
UNITS = ("1/day", "1/day", "1", "1", "1")
DERIVED = (
    "garch.half_life",
    "garch.volatility",
)  # which run to infinity as the persistence nears 1
NEAR_ONE = 0.999  # persistence beyond which a spell outlasts any sample of a few years; assumption
NEAR_ZERO = 1e-4  # alpha below which there are no spells, so that nothing tells beta; assumption


def load_arch() -> Any:
    """The module arch. Raises InputError that names the extra where it is not installed."""
    try:
        import arch
        import arch.bootstrap
    except ImportError:
        raise missing_extra("the package arch", "calibrate", "arch") from None
    return arch


@dataclass(frozen=True, eq=False)
class GarchFit:
    """values, covariance: of NAMES, (5,) and (5, 5), in log points; NaN where the likelihood has no
    curvature. variance: σ²_t (days,).
    """

    values: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    variance: np.ndarray
    converged: bool
    days: int

    @property
    def persistence(self) -> float:
        """α + β: the share of a deviation of variance that is left a day later."""
        return float(self.values[2] + self.values[3])


def fit(returns: np.ndarray, robust: bool = True) -> GarchFit:
    """Maximum likelihood by arch. returns: daily log returns (days,).

    robust: standard errors of Bollerslev and Wooldridge (1992), which hold where z is not a
    Student's t. Raises InputError without arch.
    """
    arch = load_arch()
    scale = float(returns.std())  # arch wants returns of order one
    model = arch.arch_model(
        returns / scale, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that did not converge is told by its flag
        found = model.fit(
            disp="off", cov_type="robust" if robust else "classic", show_warning=False
        )
        try:
            covariance = np.asarray(found.param_cov)
        except np.linalg.LinAlgError:  # where persistence is on its bound of 1
            covariance = np.full((5, 5), np.nan)
    factor = np.array([scale, scale**2, 1.0, 1.0, 1.0])
    return GarchFit(
        np.asarray(found.params) * factor,
        covariance * factor[:, None] * factor,
        float(found.loglikelihood) - len(returns) * np.log(scale),
        np.asarray(found.conditional_volatility) ** 2 * scale**2,
        found.convergence_flag == 0,
        len(returns),
    )


def _log(
    name: str, unit: str, value: float, error: float, problem: str, floor: float = 0.0
) -> Estimate:
    """A number above `floor`, with its interval on the log scale."""
    if not value > floor:  # on the bound: no logarithm
        return Estimate(
            name, unit, float(value), float(error), floor, float(value + Z * error), problem
        )
    with np.errstate(over="ignore"):  # an interval that runs to infinity
        ends = floor + (value - floor) * np.exp(np.array([-Z, Z]) * error / (value - floor))
    return Estimate(name, unit, float(value), float(error), float(ends[0]), float(ends[1]), problem)


def estimates(found: GarchFit) -> tuple[Estimate, ...]:
    """GARCH's parameters, and persistence, half-life of a spell [days] and long-run volatility
    [1/sqrt(day)] by the delta method.

    Intervals: log scale for ω, α, volatility and ν − 2; half-life from the persistence's.
    """
    mean, omega, alpha, beta, freedom = found.values
    with np.errstate(invalid="ignore"):  # a negative variance is no variance, and is flagged
        errors = np.sqrt(np.diag(found.covariance))
    persistence = found.persistence
    general = "" if found.converged else "arch did not converge"
    general = general or (
        "" if np.all(errors > 0.0) else "the likelihood has no maximum inside its bounds"
    )
    spells = general or (
        f"alpha is {alpha:.1g}: there are no spells of volatility" if alpha < NEAR_ZERO else ""
    )
    lasting = spells or (
        f"alpha + beta is {persistence:.4f}: variance has no level to return to"
        if persistence > NEAR_ONE
        else ""
    )
    rows = [
        Estimate(
            NAMES[0],
            UNITS[0],
            float(mean),
            float(errors[0]),
            float(mean - Z * errors[0]),
            float(mean + Z * errors[0]),
            general,
        ),
        _log(NAMES[1], UNITS[1], omega, errors[1], lasting),
        _log(NAMES[2], UNITS[2], alpha, errors[2], spells),
        _share(NAMES[3], beta, errors[3], spells),
        _log(NAMES[4], UNITS[4], freedom, errors[4], general, floor=2.0),
    ]
    slope = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    error = float(np.sqrt(slope @ found.covariance @ slope))
    kept = _share("garch.persistence", persistence, error, lasting)
    rows += [kept, *_derived(found, kept, error)]
    return tuple(
        replace(e, problem=_wide(e)) if e.name in DERIVED and not e.problem else e for e in rows
    )


def _derived(found: GarchFit, kept: Estimate, error: float) -> tuple[Estimate, Estimate]:
    """Half-life of a spell and long-run volatility; NaN where variance has no level to return to.
    error: of the persistence.
    """
    units, nan = ("days", "1/sqrt(day)"), float("nan")
    if kept.problem:
        return tuple(
            Estimate(name, unit, nan, nan, nan, nan, kept.problem)
            for name, unit in zip(DERIVED, units, strict=True)
        )
    with np.errstate(divide="ignore"):  # a bound of 0 or 1 is a half-life of 0 or infinity
        value, low, high = (
            float(h) for h in np.log(2.0) / np.abs(np.log([kept.value, kept.low, kept.high]))
        )
    half = Estimate(
        DERIVED[0],
        units[0],
        value,
        value * error / (kept.value * abs(float(np.log(kept.value)))),
        low,
        high,
    )
    omega, gap = found.values[1], 1.0 - kept.value
    level = float(np.sqrt(omega / gap))
    slope = 0.5 * level * np.array([0.0, 1.0 / omega, 1.0 / gap, 1.0 / gap, 0.0])
    return half, _log(
        DERIVED[1], units[1], level, float(np.sqrt(slope @ found.covariance @ slope)), ""
    )


def _wide(one: Estimate) -> str:
    """Why an interval is too wide to tell a number; empty where it is not."""
    ratio = one.high / one.low if one.low > 0.0 else np.inf
    if not np.isfinite(ratio):
        return "its interval has no upper end"
    return f"its interval spans a factor of {ratio:.0f}" if ratio > WIDEST else ""


def _share(name: str, value: float, error: float, problem: str) -> Estimate:
    """A number between 0 and 1, with the normal interval cut off there."""
    low, high = np.clip([value - Z * error, value + Z * error], 0.0, 1.0)
    return Estimate(name, "1", float(value), float(error), float(low), float(high), problem)


def simulate(
    values: np.ndarray, days: int, generator: np.random.Generator, burn: int = 500
) -> np.ndarray:
    """Daily log returns (days,) after `burn` days that forget the start."""
    mean, omega, alpha, beta, freedom = values
    z = generator.standard_t(freedom, days + burn) * np.sqrt((freedom - 2.0) / freedom)
    variance, out = omega / (1.0 - alpha - beta), np.empty(days + burn)
    for t, shock in enumerate(z):
        out[t] = np.sqrt(variance) * shock
        variance = omega + alpha * out[t] ** 2 + beta * variance
    return mean + out[burn:]


TYPICAL = (
    -0.0023,
    0.00018,
    0.13,
    0.845,
    4.6,
)  # Helium (HNT) 2020-07 to 2025-01, by `fit`; Render's persistence is too near 1 to be told


def _truth() -> dict[str, float]:
    mean, omega, alpha, beta, freedom = TYPICAL
    kept = alpha + beta
    derived = {
        "garch.persistence": kept,
        "garch.half_life": np.log(0.5) / np.log(kept),
        "garch.volatility": np.sqrt(omega / (1.0 - kept)),
    }
    return dict(zip(NAMES, TYPICAL, strict=True)) | derived


def _replicate(seed: int, count: int) -> tuple[Estimate, ...]:
    return estimates(
        fit(simulate(np.array(TYPICAL), count, np.random.default_rng(seed)), robust=False)
    )


RECOVERY = RecoveryCase(
    _truth(), 1481, FEWEST, "GARCH(1,1)-t at values typical of Helium's daily returns", _replicate
)
