"""Merton's jump-diffusion fitted to daily log returns by maximum likelihood, and what the sample
cannot tell about it.

The likelihood of a mixture is unbounded: as σ → 0 with the no-jump mean on one return, its density
grows without limit (Kiefer 1978; Honoré 1998, "Pitfalls in estimating jump-diffusion models"). So σ
is kept above LEAST_VOLATILITY of the returns' robust scale, and an estimate on a bound is flagged.
Intervals of positive parameters are Wald's on the log scale, from the observed information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from ...errors import InputError
from ...histories.prices import FEWEST
from ...results.intervals import Z
from ..estimates import Estimate
from ..recovery import RecoveryCase
from .jump_mixture import Jumps, from_log, information, match_cumulants, score, simulate, to_log

NAMES = ("drift", "news.volatility", "news.jump_rate", "news.jump_mean", "news.jump_volatility")
UNITS = ("1/day", "1/sqrt(day)", "1/day", "1", "1")
POSITIVE = np.array([False, True, True, False, True])

# of the robust scale of returns; assumption: a spike on one return gains at most ln 10 there, less
# than it costs
LEAST_VOLATILITY = 0.1
# jump volatility and |jump mean|, of the largest return's distance from the median; assumption
LARGEST_SIZE = 2.0
MOST_JUMPS = (
    2.0  # a day; assumption: with more, daily returns are a sum of many jumps and near normal
)
# LR against no jumps: the rate is on its bound and the jump sizes vanish with it, so that it is not
# chi-squared. The 99 % quantile of chi-squared with 3 degrees of freedom is above the simulated 95
# % quantile (tests/benchmarks/CALIBRATION.md), and so errs towards "no jumps".
NO_JUMPS_LR = float(stats.chi2.ppf(0.99, 3))
# of returns: with 200 the 95 % intervals hold the truth in 86 to 91 % of replications
# (tests/benchmarks/CALIBRATION.md)
FEWEST_DAYS = 365
# expected in the sample; assumption: with fewer their standard deviation has a relative error above
# 1/sqrt(20)
FEWEST_JUMPS = 10.0
# ratio of an interval's ends; assumption: a parameter known to less than an order of magnitude is
# not known
WIDEST = 10.0
WORST_CONDITION = 1e6  # of the information scaled to unit diagonal; assumption


@dataclass(frozen=True, eq=False)
class MertonFit:
    """Maximum of the likelihood over several starts.

    covariance: of the `to_log` coordinates (5, 5), by the information (NaN where it is not positive
    definite) or a bootstrap. condition: number of the scaled information. normal: log likelihood
    without jumps. reached: starts that ended within 0.01 of the best log likelihood. at_bound:
    names of parameters on a bound.
    """

    values: Jumps
    log_likelihood: float
    covariance: np.ndarray
    condition: float
    normal: float
    starts: int
    reached: int
    at_bound: tuple[str, ...]
    days: int

    @property
    def likelihood_ratio(self) -> float:
        """2 (ln L with jumps − ln L of the normal)."""
        return 2.0 * (self.log_likelihood - self.normal)

    @property
    def jumps(self) -> bool:
        """Whether the likelihood ratio against no jumps is beyond its conservative quantile."""
        return self.likelihood_ratio > NO_JUMPS_LR


def normal_log_likelihood(returns: np.ndarray) -> float:
    """Log likelihood of the normal at its maximum."""
    return float(np.sum(stats.norm.logpdf(returns, returns.mean(), returns.std())))


def _bounds(returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the `to_log` coordinates. Source: see the constants."""
    centre, spread = np.median(returns), returns.std()
    robust = stats.median_abs_deviation(returns, scale="normal") or spread
    far = LARGEST_SIZE * np.max(np.abs(returns - centre))
    low = [
        centre - spread,
        np.log(LEAST_VOLATILITY * robust),
        np.log(0.5 / len(returns)),
        -far,
        np.log(LEAST_VOLATILITY * robust),
    ]
    high = [centre + spread, np.log(2.0 * spread), np.log(MOST_JUMPS), far, np.log(far)]
    return np.array(low), np.array(high)


def _starts(returns: np.ndarray) -> list[Jumps]:
    """Rare large to frequent small jumps that make half of the variance, both signs of the mean,
    and the matched cumulants.
    """
    mean, spread = returns.mean(), returns.std()
    calm = spread * np.sqrt(0.5)
    found = [
        Jumps(mean, calm, rate, 0.0, spread * np.sqrt(0.5 / rate))
        for rate in (0.02, 0.08, 0.3, 1.0)
    ]
    size = spread * np.sqrt(0.25 / 0.08)
    found += [Jumps(mean, calm, 0.08, sign * size, size) for sign in (-1.0, 1.0)]
    moments = match_cumulants(returns)
    return found + ([moments] if moments else [])


def fit(returns: np.ndarray, starts: Sequence[Jumps] | None = None) -> MertonFit:
    """Maximum likelihood. returns: daily log returns (days,). starts: where to climb from, by
    default seven places.

    Raises InputError where all returns are the same.
    """
    if not np.ptp(returns) > 0.0:
        raise InputError("returns without any spread", expected="prices that move")
    # in units of the returns' standard deviation the coordinates have a like scale
    scale = float(returns.std())
    unit = returns / scale
    low, high = _bounds(unit)
    places = starts if starts is not None else _starts(returns)
    ends = []
    for start in places:
        place = np.clip(to_log(_scaled(start, 1.0 / scale)), low, high)
        ends.append(
            optimize.minimize(
                lambda x: tuple(-part for part in score(x, unit)),
                place,
                jac=True,
                method="L-BFGS-B",
                bounds=list(zip(low, high, strict=True)),
                options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-6},
            )
        )
    best = min(ends, key=lambda end: end.fun)
    reached = sum(end.fun < best.fun + 0.01 for end in ends)
    at_bound = tuple(
        n for n, x, a, b in zip(NAMES, best.x, low, high, strict=True) if min(x - a, b - x) < 1e-6
    )
    covariance, condition = _covariance(information(best.x, unit))
    factor = np.where(POSITIVE, 1.0, scale)
    return MertonFit(
        _scaled(from_log(best.x), scale),
        -float(best.fun) - len(unit) * np.log(scale),
        covariance * factor[:, None] * factor,
        condition,
        normal_log_likelihood(returns),
        len(places),
        reached,
        at_bound,
        len(returns),
    )


def _scaled(values: Jumps, scale: float) -> Jumps:
    """The parameters of returns multiplied by `scale`."""
    return Jumps(
        values.drift * scale,
        values.volatility * scale,
        values.jump_rate,
        values.jump_mean * scale,
        values.jump_volatility * scale,
    )


def _covariance(observed: np.ndarray) -> tuple[np.ndarray, float]:
    """Inverse of the information, NaN where it is not positive definite, and the condition number
    of the information scaled to unit diagonal.
    """
    diagonal = np.diag(observed)
    nothing = np.full_like(observed, np.nan)
    if np.any(diagonal <= 0.0):
        return nothing, np.inf
    roots = np.sqrt(diagonal)
    eigenvalues = np.linalg.eigvalsh(observed / roots[:, None] / roots)
    if eigenvalues[0] <= 0.0:
        return nothing, np.inf
    return np.linalg.inv(observed), float(eigenvalues[-1] / eigenvalues[0])


def problems(found: MertonFit) -> dict[str, str]:
    """Why the sample cannot tell a parameter, by name; empty where it can.

    Rate, mean and volatility of the jumps, and the volatility beside them, are told together or not
    at all: each is read off the others, and a model that mixes them with another token's would have
    neither's variance.
    """
    joint = ""
    errors = np.sqrt(np.diag(found.covariance))
    expected = found.values.jump_rate * found.days
    if found.days < FEWEST_DAYS:
        joint = _short(found)
    elif found.at_bound:
        joint = f"the likelihood is highest at the bound of {', '.join(found.at_bound)}"
    elif not np.all(np.isfinite(errors)) or found.condition > WORST_CONDITION:
        joint = (
            f"rate and size of the jumps cannot be told apart (condition number of the information "
            f"{found.condition:.2g})"
        )
    elif expected < FEWEST_JUMPS:
        joint = f"{expected:.1f} jumps are expected in the sample, fewer than {FEWEST_JUMPS:g}"
    else:
        wide = [
            (n, np.exp(2.0 * Z * e))
            for n, e, p in zip(NAMES, errors, POSITIVE, strict=True)
            if p and np.exp(2.0 * Z * e) > WIDEST
        ]
        if wide:
            joint = "; ".join(
                f"the interval of {name} spans a factor of {ratio:.0f}" for name, ratio in wide
            )
    return {name: joint for name in NAMES[1:]} if joint else {}


def _short(found: MertonFit) -> str:
    return (
        f"{found.days} returns are fewer than {FEWEST_DAYS}, with which intervals hold"
        if found.days < FEWEST_DAYS
        else ""
    )


def estimates(found: MertonFit) -> tuple[Estimate, ...]:
    """Estimates with standard errors (delta method) and 95 % intervals.

    Where the likelihood ratio finds no jumps they are those of the normal: a rate of zero, so that
    the whole variance is the volatility's, and jump sizes that the data cannot tell. The rate's
    interval is then unbounded: jumps as small as the daily noise may come as often as they like.
    """
    if not found.jumps:
        return _without_jumps(found)
    why = problems(found)
    errors = np.sqrt(np.diag(found.covariance))
    rows = []
    for name, unit, value, error, positive in zip(
        NAMES, UNITS, found.values, errors, POSITIVE, strict=True
    ):
        ends = (
            value * np.exp([-Z * error, Z * error])
            if positive
            else value + np.array([-Z * error, Z * error])
        )
        spread = value * error if positive else error
        rows.append(
            Estimate(
                name, unit, value, float(spread), float(ends[0]), float(ends[1]), why.get(name, "")
            )
        )
    return tuple(rows)


def _without_jumps(found: MertonFit) -> tuple[Estimate, ...]:
    days, nan = found.days, float("nan")
    variance = np.exp(-2.0 * found.normal / days - 1.0) / (2.0 * np.pi)
    spread, relative = float(np.sqrt(variance)), 1.0 / np.sqrt(2.0 * days)
    error = spread / np.sqrt(days)
    ends = spread * np.exp([-Z * relative, Z * relative])
    unseen = (
        f"no jumps are seen (likelihood ratio {found.likelihood_ratio:.1f}, at most "
        f"{NO_JUMPS_LR:.1f}), so that nothing tells their size"
    )
    drift = found.values.drift
    return (
        Estimate(NAMES[0], UNITS[0], drift, error, drift - Z * error, drift + Z * error),
        Estimate(
            NAMES[1],
            UNITS[1],
            spread,
            spread * relative,
            float(ends[0]),
            float(ends[1]),
            _short(found),
        ),
        Estimate(NAMES[2], UNITS[2], 0.0, nan, 0.0, np.inf, _short(found)),
        Estimate(NAMES[3], UNITS[3], nan, nan, nan, nan, unseen),
        Estimate(NAMES[4], UNITS[4], nan, nan, nan, nan, unseen),
    )


def per_day(values: Jumps, step: int) -> Jumps:
    """The parameters a day of those of returns over `step` days: exact, for increments of the
    process are independent and alike.
    """
    return Jumps(
        values.drift / step,
        values.volatility / step**0.5,
        values.jump_rate / step,
        values.jump_mean,
        values.jump_volatility,
    )


def estimates_per_day(found: MertonFit, step: int) -> tuple[Estimate, ...]:
    """`estimates` a day, of returns over `step` days."""
    shares = per_day(Jumps(1.0, 1.0, 1.0, 1.0, 1.0), step)
    return tuple(
        replace(
            one,
            value=one.value * share,
            error=one.error * share,
            low=one.low * share,
            high=one.high * share,
        )
        for one, share in zip(estimates(found), shares, strict=True)
    )


def nearby(found: MertonFit, returns: np.ndarray) -> list[Jumps]:
    """Starts for resampled returns: the fit, and rare large jumps."""
    return [found.values, _starts(returns)[0]]


TYPICAL = Jumps(0.003, 0.045, 0.4, 0.022, 0.103)  # Render (RNDR) 2020-07 to 2024-07, by `fit`


def _replicate(seed: int, count: int) -> tuple[Estimate, ...]:
    return estimates(fit(simulate(TYPICAL, count, np.random.default_rng(seed))))


RECOVERY = RecoveryCase(
    dict(zip(NAMES, TYPICAL, strict=True)),
    1481,
    FEWEST,
    "Merton jump-diffusion at values typical of Render's daily returns",
    _replicate,
)
