"""Stylised facts of a token's daily returns, each with an interval: heavy tails, autocorrelation,
jumps and drawdown.

`results/returns.py` has the moments by which a simulated price is held against a real one; here
they get intervals by the stationary bootstrap (Politis and Romano 1994), which keeps spells of
volatility together, and are joined by statistics that need a sample of years.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from ...histories.prices import Closes
from ...results.intervals import Z
from ...results.returns import LAGS, autocorrelation, drawdown, jump_share, moments
from ...results.returns import bipower as without_jumps
from .garch import load_arch

TAIL = 0.05  # share of the returns that the Hill index reads; assumption, the usual choice
RESAMPLES = 999  # of the stationary bootstrap behind the moments' intervals; assumption
LJUNG_BOX = (5, 20)  # lags
WINDOW = 16  # days of Lee and Mykland's local volatility: their choice for daily returns
SIGNIFICANCE = 0.01  # of Lee and Mykland's test, over the whole sample
MOST_FREEDOM = (
    200.0  # degrees of freedom of Student's t that cannot be told from the normal; assumption
)


def block_length(returns: np.ndarray) -> float:
    """Mean block [days] of the stationary bootstrap: optimal for |r|, whose memory is longer than
    that of r (Politis and White 2004).
    """
    return max(
        1.0,
        float(load_arch().bootstrap.optimal_block_length(np.abs(returns))["stationary"].iloc[0]),
    )


def resample(returns: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Stationary bootstrap of daily returns, (samples, days)."""
    drawn = load_arch().bootstrap.StationaryBootstrap(
        block_length(returns), returns, seed=np.random.default_rng(seed)
    )
    return np.array([data[0][0] for data in drawn.bootstrap(samples)])


def _closes(returns: np.ndarray) -> np.ndarray:
    """Prices that have these returns, from 1."""
    zero = np.zeros((*returns.shape[:-1], 1))
    return np.exp(np.concatenate([zero, np.cumsum(returns, axis=-1)], axis=-1))


def hill(returns: np.ndarray, share: float = TAIL) -> tuple[float, float, int]:
    """Hill's (1975) tail index of |r − median|, its standard error and the number of returns read.

    The share of returns beyond x falls as x^−index; moments of that order and above do not exist.
    The error holds for independent returns.
    """
    size = np.sort(np.abs(returns - np.median(returns)))[::-1]
    count = max(2, int(share * len(size)))
    index = 1.0 / float(np.mean(np.log(size[:count] / size[count])))
    return index, index / np.sqrt(count), count


def student(returns: np.ndarray) -> tuple[tuple[float, float, float], float, tuple[float, float]]:
    """Student's t by maximum likelihood: degrees of freedom, location and scale; log likelihood; 95
    % interval of the first.

    The interval is that of the likelihood profile and ends at MOST_FREEDOM where the normal fits as
    well.
    """

    def given(log_freedom: float) -> tuple[float, np.ndarray]:
        freedom = np.exp(log_freedom)
        constant = (
            special.gammaln((freedom + 1.0) / 2.0)
            - special.gammaln(freedom / 2.0)
            - 0.5 * np.log(np.pi * freedom)
        )

        def minus(place: np.ndarray) -> float:
            square = ((unit - place[0]) / np.exp(place[1])) ** 2
            return 0.5 * (freedom + 1.0) * float(np.sum(np.log1p(square / freedom))) - len(unit) * (
                constant - place[1]
            )

        found = optimize.minimize(
            minus,
            [np.median(unit), -0.3],
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-8},
        )
        return -float(found.fun) - len(unit) * np.log(spread), found.x

    spread = float(returns.std())
    unit = returns / spread
    edges = (np.log(0.5), np.log(MOST_FREEDOM))
    best = optimize.minimize_scalar(
        lambda f: -given(f)[0], bounds=edges, method="bounded", options={"xatol": 1e-5}
    )
    top, place = given(best.x)
    ends = []
    for edge in edges:
        short = given(edge)[0] - top + 0.5 * stats.chi2.ppf(0.95, 1)
        ends.append(
            edge
            if short > 0.0
            else optimize.brentq(
                lambda f: given(f)[0] - top + 0.5 * stats.chi2.ppf(0.95, 1),
                *sorted((edge, best.x)),
                xtol=1e-3,
            )
        )
    values = (float(np.exp(best.x)), float(place[0] * spread), float(np.exp(place[1]) * spread))
    return values, top, (float(np.exp(ends[0])), float(np.exp(ends[1])))


def correlations(x: np.ndarray, lags: int) -> np.ndarray:
    """Autocorrelation at lags 1 to `lags`, (lags,)."""
    return np.array([autocorrelation(x, k) for k in range(1, lags + 1)])


def bartlett(found: np.ndarray, days: int) -> np.ndarray:
    """Standard error of each autocorrelation, (lags,), were all later ones zero (Bartlett 1946)."""
    before = np.concatenate([[0.0], np.cumsum(found[:-1] ** 2)])
    return np.sqrt((1.0 + 2.0 * before) / days)


def ljung_box(x: np.ndarray, lags: int) -> tuple[float, float]:
    """Ljung and Box's (1978) statistic of the first `lags` autocorrelations, and its p-value."""
    n = len(x)
    found = n * (n + 2.0) * float(np.sum(correlations(x, lags) ** 2 / (n - np.arange(1, lags + 1))))
    return found, float(stats.chi2.sf(found, lags))


def bipower(returns: np.ndarray) -> tuple[float, float, float]:
    """Share of the variance from jumps, its standard error without jumps, and the one-sided p-value
    of none.

    Source: Barndorff-Nielsen and Shephard (2006), ratio statistic with tripower quarticity.
    """
    n, size = len(returns), np.abs(returns)
    two = n * float(without_jumps(returns))
    power = 2.0 ** (2.0 / 3.0) * special.gamma(7.0 / 6.0) / special.gamma(0.5)
    three = float(
        n * power**-3 * np.sum((size[2:] * size[1:-1] * size[:-2]) ** (4.0 / 3.0)) * n / (n - 2)
    )
    error = float(np.sqrt((np.pi**2 / 4.0 + np.pi - 5.0) / n * max(1.0, three / two**2)))
    share = float(jump_share(returns))
    return share, error, float(stats.norm.sf(share / error))


def lee_mykland(returns: np.ndarray, level: float = SIGNIFICANCE) -> np.ndarray:
    """Days whose return is a jump against the volatility of the days before, (days,) of bool; the
    first WINDOW are never.

    Source: Lee and Mykland (2008), whose level is that of a single false jump in the whole sample.
    """
    n = len(returns)
    pairs = np.abs(returns[1:] * returns[:-1])
    found = np.zeros(n, dtype=bool)
    local = np.sqrt(np.array([pairs[i - WINDOW + 1 : i - 1].mean() for i in range(WINDOW, n)]))
    c, root = np.sqrt(2.0 / np.pi), np.sqrt(2.0 * np.log(n))
    centre = root / c - (np.log(np.pi) + np.log(np.log(n))) / (2.0 * c * root)
    threshold = centre - np.log(-np.log1p(-level)) / (c * root)
    found[WINDOW:] = np.abs(returns[WINDOW:]) > threshold * local
    return found


def _row(
    statistic: str, value: float, error: float, low: float, high: float, by: str
) -> dict[str, Any]:
    return {
        "statistic": statistic,
        "value": value,
        "standard error": error,
        "low": low,
        "high": high,
        "interval by": by,
    }


def facts(closes: Closes, seed: int = 0) -> pd.DataFrame:
    """Statistics with 95 % intervals, one row each; `interval by` says what each takes for granted.
    Raises InputError where arch is not installed.
    """
    returns = closes.returns
    sampled = resample(returns, RESAMPLES, seed)
    by = (
        f"bootstrap, blocks of {block_length(returns):.0f} "
        f"{'days' if closes.step == 1 else 'returns'}"
    )
    rows = []
    paths, real = _closes(sampled), _closes(returns)
    own, theirs = moments(real), moments(paths)
    for name in own.columns[:3]:
        scale = (
            closes.step**-0.5 if name == "annualised volatility" else 1.0
        )  # `moments` takes a return as a day's
        value, drawn = scale * float(own[name].iloc[0]), scale * theirs[name]
        rows.append(_row(name, value, float(drawn.std()), *np.percentile(drawn, (2.5, 97.5)), by))
    falls = theirs["maximum drawdown"]
    rows.append(
        _row(
            "maximum drawdown",
            float(drawdown(closes.values[None])[0]),
            float(falls.std()),
            *np.percentile(falls, (2.5, 97.5)),
            by,
        )
    )
    index, error, count = hill(returns)
    rows.append(
        _row(
            f"Hill tail index of |r|, largest {count}",
            index,
            error,
            index - Z * error,
            index + Z * error,
            "normal, independent r",
        )
    )
    values, _, ends = student(returns)
    rows.append(
        _row(
            "Student t degrees of freedom", values[0], float("nan"), *ends, "profile, independent r"
        )
    )
    first, off = correlations(returns, 1)[0], (returns - returns.mean()) ** 2
    error = float(np.sqrt(off[1:] @ off[:-1]) / off.sum())
    rows.append(
        _row(
            "autocorrelation of r, lag 1",
            first,
            error,
            first - Z * error,
            first + Z * error,
            "normal, robust to spells",
        )
    )
    sizes = correlations(np.abs(returns), max(LAGS))
    errors = bartlett(sizes, len(returns))
    for lag in LAGS:
        value, error = sizes[lag - 1], errors[lag - 1]
        rows.append(
            _row(
                f"autocorrelation of |r|, lag {lag}",
                value,
                error,
                value - Z * error,
                value + Z * error,
                "normal, Bartlett",
            )
        )
    share, error, _ = bipower(returns)
    rows.append(
        _row(
            "jump share of variance",
            share,
            error,
            share - Z * error,
            share + Z * error,
            "normal, no jumps",
        )
    )
    days = lee_mykland(returns)
    tested = len(returns) - WINDOW
    found = stats.binomtest(int(days.sum()), tested).proportion_ci(method="wilson")
    name = f"Lee-Mykland jumps a {'day' if closes.step == 1 else 'return'}"
    rows.append(
        _row(
            name,
            days.sum() / tested,
            float("nan"),
            found.low,
            found.high,
            f"Wilson; {days.sum()} of them",
        )
    )
    return pd.DataFrame(rows)


def tests(returns: np.ndarray) -> pd.DataFrame:
    """Hypothesis tests, one row each."""
    rows = []
    for name, series in (("r", returns), ("r^2", returns**2)):
        for lags in LJUNG_BOX:
            found, p = ljung_box(series, lags)
            rows.append(
                {
                    "test": f"Ljung-Box of {name}, {lags} lags",
                    "hypothesis": "no autocorrelation",
                    "statistic": found,
                    "p": p,
                }
            )
    found = stats.jarque_bera(returns)
    rows.append(
        {
            "test": "Jarque-Bera",
            "hypothesis": "normal returns",
            "statistic": float(found.statistic),
            "p": float(found.pvalue),
        }
    )
    share, error, p = bipower(returns)
    rows.append(
        {
            "test": "Barndorff-Nielsen-Shephard ratio",
            "hypothesis": "no jumps, smooth volatility",
            "statistic": share / error,
            "p": p,
        }
    )
    return pd.DataFrame(rows)
