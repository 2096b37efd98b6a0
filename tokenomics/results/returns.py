"""Stylised facts of returns: the moments by which a simulated price is held against a real one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..elementary import log
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..parameters import Parameters
from .folds import drawdown_of, volatility_of
from .intervals import summarise

LAGS = (1, 5, 20)


def autocorrelation(x: np.ndarray, lag: int) -> np.ndarray:
    """Autocorrelation at a lag along the last axis, which goes. x: (..., days)."""
    deviation = x - x.mean(axis=-1, keepdims=True)
    return np.sum(deviation[..., lag:] * deviation[..., :-lag], axis=-1) / np.sum(
        deviation**2, axis=-1
    )


def drawdown(prices: np.ndarray) -> np.ndarray:
    """Largest fall from an earlier high along the last axis, a share of the high. prices: (...,
    days).
    """
    return drawdown_of("price").over({"price": prices})


def volatility(path: np.ndarray, p: Parameters) -> np.ndarray:
    """Annualised standard deviation of log changes along the last axis [1/sqrt(year)]; NaN of fewer
    than two changes. path: (..., days).
    """
    return volatility_of("path").over({"path": path}, p)


def bipower(r: np.ndarray) -> np.ndarray:
    """Variance of a day without its jumps along the last axis (Barndorff-Nielsen and Shephard
    2004). r: returns (..., days).

    It takes volatility to be the same on two days running: on daily returns, what volatility
    changes overnight looks like jumps.
    """
    size = np.abs(r)
    return 0.5 * np.pi * np.mean(size[..., 1:] * size[..., :-1], axis=-1)


def jump_share(returns: np.ndarray) -> np.ndarray:
    """Share of the variance from jumps along the last axis, 1 − bipower variation / variance.
    returns: (..., days).
    """
    return 1.0 - bipower(returns) / np.var(returns, axis=-1, ddof=1)


def statistics(prices: np.ndarray) -> dict[str, np.ndarray]:
    """Moments of daily log returns, (runs,) each. prices: (runs, days) of daily closes."""
    from scipy import stats  # takes half a second to import, and most commands do without

    prices = np.atleast_2d(prices)
    r = np.diff(log(prices), axis=1)
    size = np.abs(r)
    found = {
        "annualised volatility": r.std(axis=1, ddof=1) * np.sqrt(DAYS_PER_YEAR),
        "excess kurtosis": stats.kurtosis(r, axis=1, bias=False),
        "share of days with |r| > 3 sigma": np.mean(
            size > 3.0 * r.std(axis=1, ddof=1, keepdims=True), axis=1
        ),
        "autocorrelation of r, lag 1": autocorrelation(r, 1),
    }
    found |= {f"autocorrelation of |r|, lag {lag}": autocorrelation(size, lag) for lag in LAGS}
    found["jump share of variance"] = jump_share(r)
    found["median |r| / sigma"] = np.median(size, axis=1) / r.std(axis=1, ddof=1)
    return found | {"maximum drawdown": drawdown(prices)}


def moments(prices: np.ndarray) -> pd.DataFrame:
    """The same, one row a run."""
    return pd.DataFrame(statistics(prices))


def compare(simulated: np.ndarray, recorded: dict[str, np.ndarray]) -> pd.DataFrame:
    """Model against data: mean with its 95 % interval, the range of 90 % of runs, then a column a
    recorded history.

    simulated: (runs, days); recorded: daily closes (days,) by name, of the same length.
    """
    runs, rows = moments(simulated), {}
    for name, values in runs.items():
        s = summarise(values.to_numpy())
        low, high = np.percentile(values, (5, 95))
        rows[name] = {
            "model": f"{s.mean:.3f} [{s.low:.3f}, {s.high:.3f}]",
            "90 % of runs": f"{low:.3f} to {high:.3f}",
            **{token: f"{moments(prices)[name].item():.3f}" for token, prices in recorded.items()},
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "moment"
    return table
