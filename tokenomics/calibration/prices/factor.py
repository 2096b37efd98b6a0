"""How much of the market's moves a token takes: its daily log returns on those of an index.

r = a + beta f + e by least squares. The interval holds where the residuals' spread follows the
index and where they come in spells: covariance after Newey and West, Bartlett weights up to lag
4 (n/100)^(2/9), the lag that statsmodels takes (stats.sandwich_covariance.cov_hac). Squares, which
tell the error of a volatility, depend on each other for longer: up to lag 2 sqrt(n).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import InputError
from ...histories.choices import Choices
from ...histories.prices import FEWEST, Closes, read_closes
from ...inputs.arguments import DATE, PATH, checked, of, optional
from ...results.intervals import Z
from ..estimates import Calibration, Data, Estimate, digest
from ..recovery import RecoveryCase

METHOD = "Regression on the market's index, least squares with Newey-West errors"
BETA, VOLATILITY = "market_factor.beta", "market_factor.volatility"
# of the token's own returns and of R², which are no parameters of the model
OWN, EXPLAINED, DRIFT = "own volatility", "R^2", "drift at a still index"
ALWAYS = (
    "news.* that were calibrated on the token's price alone hold the market's moves, too: take the "
    "market's variance a day out of theirs before both are used; see overlay market_factor",
    "closes of the same day are taken to be of the same hour: where they are not, beta is too low",
)


@dataclass(frozen=True)
class FactorFit:
    """The regression. beta, drift, volatility, own: with their standard errors. explained: R².
    lags: of the errors. days: returns.
    """

    beta: tuple[float, float]
    drift: tuple[float, float]
    volatility: tuple[float, float]
    own: tuple[float, float]
    explained: float
    lags: int
    days: int


def long_run(scores: np.ndarray, lags: int) -> np.ndarray:
    """Sum of the autocovariances of scores (n, k), weighed down to 0 behind the last lag (k, k)."""
    total = scores.T @ scores
    for lag in range(1, lags + 1):
        one = scores[lag:].T @ scores[:-lag]
        total = total + (1.0 - lag / (lags + 1.0)) * (one + one.T)
    return total / len(scores)


def _spread(values: np.ndarray, lost: int) -> tuple[float, float]:
    """Standard deviation of values with mean 0 and its standard error, by that of their squares.
    lost: degrees of freedom.
    """
    count = len(values)
    variance = float(values @ values) / (count - lost)
    squares = (values**2 - np.mean(values**2))[:, None]
    error = np.sqrt(long_run(squares, int(2.0 * np.sqrt(count)))[0, 0] / count)
    deviation = np.sqrt(variance)
    return float(deviation), float(error / (2.0 * deviation))


def fit(returns: np.ndarray, index: np.ndarray) -> FactorFit:
    """The regression of returns on those of the index, both (n,)."""
    count = len(returns)
    lags = int(4.0 * (count / 100.0) ** (2.0 / 9.0))
    design = np.column_stack([np.ones(count), index])
    bread = np.linalg.inv(design.T @ design)
    drift, beta = bread @ (design.T @ returns)
    left = returns - design @ np.array([drift, beta])
    middle = long_run(design * left[:, None], lags) * count
    errors = np.sqrt(np.diag(bread @ middle @ bread) * count / (count - 2.0))
    whole = returns - returns.mean()
    return FactorFit(
        (float(beta), float(errors[1])),
        (float(drift), float(errors[0])),
        _spread(index - index.mean(), 1),
        _spread(left, 2),
        1.0 - float(left @ left) / float(whole @ whole),
        lags,
        count,
    )


def estimates(found: FactorFit) -> tuple[Estimate, ...]:
    """Parameters and what else the regression tells, with 95 % intervals."""

    def one(name: str, unit: str, told: tuple[float, float]) -> Estimate:
        value, error = told
        return Estimate(name, unit, value, error, value - Z * error, value + Z * error)

    nan = float("nan")
    return (
        one(BETA, "1", found.beta),
        one(VOLATILITY, "1/sqrt(day)", found.volatility),
        one(OWN, "1/sqrt(day)", found.own),
        Estimate(EXPLAINED, "1", found.explained, nan, nan, nan),
        one(DRIFT, "1/day", found.drift),
    )


def _together(token: Closes, index: Closes) -> tuple[np.ndarray, np.ndarray, list[dt.date]]:
    """Returns of both over the same days, and the dates on which they end."""

    def by_day(closes: Closes) -> dict[dt.date, float]:
        return {closes.dates[i]: float(r) for i, r in zip(closes.ends, closes.returns, strict=True)}

    own, market = by_day(token), by_day(index)
    both = sorted(own.keys() & market.keys())
    if len(both) < FEWEST:
        raise InputError(
            f"{len(both)} daily returns that {token.file} and {index.file} share",
            file=index.file,
            expected=f"at least {FEWEST}",
        )
    return np.array([own[d] for d in both]), np.array([market[d] for d in both]), both


@checked(
    file=PATH,
    index=PATH,
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    index_choices=optional(
        of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")
    ),
    start=optional(DATE),
    end=optional(DATE),
)
def calibrate_factor(
    file: str | Path,
    index: str | Path,
    *,
    choices: Choices | Mapping[str, object] | None = None,
    index_choices: Choices | Mapping[str, object] | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
) -> Calibration:
    """Beta of a token to the market, and the market's volatility, from daily closes of both.

    Days that only one file has are left out.

    Parameters
    ----------
    file : str or Path
        Daily closes of the token in any layout (docs/histories.md).
    index : str or Path
        Daily closes of the market as a whole, or of a token that stands for it.
    choices, index_choices : mapping, optional
        How to read each; see `calibrate_prices`.
    start, end : str or date, optional
        Window of dates.

    Returns
    -------
    Calibration
        Estimates with standard errors and 95 % intervals.

    Raises
    ------
    InputError
        Names file and line.

    Examples
    --------
    >>> tk.calibrate_factor("token.csv", "bitcoin.csv").overlay()  # doctest: +SKIP
    """
    token = read_closes(file, choices, start, end)
    market = read_closes(index, index_choices, start, end)
    for closes in (token, market):
        if closes.step != 1:
            raise InputError(
                f"returns of {closes.step} days", file=closes.file, expected="daily closes"
            )
    returns, moves, days = _together(token, market)
    found = fit(returns, moves)
    data = Data(
        str(file),
        digest(file),
        "daily log returns",
        len(days),
        str(days[0]),
        str(days[-1]),
        (*token.choices, *(f"index: {choice}" for choice in market.choices)),
    )
    data = replace(data, what=f"daily log returns beside those of {Path(index).name}")
    left_out = len(token.returns) + len(market.returns) - 2 * len(days)
    notes = [
        f"index: {Path(index).name} (SHA-256 {digest(index)[:12]})",
        f"errors allow for {found.lags} lags of dependence",
        f"{left_out} returns of one file alone left out",
    ]
    return Calibration(
        METHOD,
        data,
        estimates(found),
        {"Variance of the log price a day": _variances(returns, moves, found)},
        (*notes, *ALWAYS),
    )


def _variances(returns: np.ndarray, moves: np.ndarray, found: FactorFit) -> pd.DataFrame:
    """The token's variance, the market's part and the token's own, which add up."""
    whole = float(np.var(returns))
    market = found.beta[0] ** 2 * float(np.var(moves))
    rows = (("returns", whole), ("the market's part", market), ("own", whole - market))
    return pd.DataFrame(
        [{"of": name, "variance [1/day]": value, "share": value / whole} for name, value in rows]
    )


TRUTH = {BETA: 1.5, VOLATILITY: 0.0221, OWN: 0.05}  # near a token's on bitcoin


def simulate(
    beta: float, volatility: float, own: float, count: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Returns of a token and of an index, (count,) each, whose spreads rise and fall together in
    spells of about ten days.
    """
    spell = np.zeros(count)
    for day, drawn in enumerate(generator.normal(0.0, 0.15, count)):
        spell[day] = 0.9 * spell[day - 1] * (day > 0) + drawn
    scale = np.exp(spell - 0.15**2 / (1.0 - 0.9**2))  # mean of its square is 1
    index = volatility * scale * generator.standard_normal(count)
    return beta * index + own * scale * generator.standard_normal(count), index


def _replicate(seed: int, count: int) -> tuple[Estimate, ...]:
    return estimates(fit(*simulate(*TRUTH.values(), count, np.random.default_rng(seed))))


RECOVERY = RecoveryCase(
    {name: TRUTH[name] for name in (BETA, VOLATILITY, OWN)},
    1481,
    FEWEST,
    "Regression on an index at values near a token's on bitcoin, spreads in spells",
    _replicate,
)
