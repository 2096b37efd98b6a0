"""One-day forecasts of recorded demand: the model's mean-reverting log process against a random
walk and the mean.

All three take their level and spread from the days so far, but for the model's own spread and
reversion, which are parameters. Log demand of a day is that of its mean request rate; growth and
season are left out, as in the model with a recorded rate.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..histories.demand import DemandSeries
from ..model.formulas.numerics import SECONDS_PER_DAY
from ..parameters import Parameters
from .scores import Forecast, Normal

BEFORE = 4  # days before the first forecast: three changes, from which a random walk has its spread


def daily_means(series: DemandSeries) -> np.ndarray:
    """Mean request rate of every whole day [req/s]."""
    per_day = SECONDS_PER_DAY / series.width
    if per_day < 1.0 or abs(per_day - round(per_day)) > 1e-9:
        raise InputError(
            f"windows of {series.width:g} s",
            file=series.file,
            argument="demand",
            expected="windows of which a day has a whole number",
        )
    count = int(len(series.rate) // round(per_day))
    return series.rate[: count * round(per_day)].reshape(count, -1).mean(axis=1)


def refusal(series: DemandSeries, horizon: int) -> str:
    """Why demand cannot be scored over a horizon [days]; empty where it can."""
    have, need = len(daily_means(series)), BEFORE + horizon
    if have >= need:
        return ""
    return (
        f"demand {horizon} days ahead is not scored: {series.file} has {have} whole days, and a "
        f"forecast needs {need}"
    )


def demand_forecasts(
    parameters: Parameters, rates: np.ndarray
) -> tuple[dict[str, Forecast], np.ndarray]:
    """Forecasts of log demand a day ahead by forecaster, and outcomes (days,).

    rates: daily means [req/s]. Raises InputError for a day without any.
    """
    if np.min(rates) <= 0.0:
        expected = "a request on every day: its logarithm is scored"
        raise InputError(
            f"no request on day {int(np.argmin(rates)) + 1}", argument="demand", expected=expected
        )
    x, demand = np.log(rates), parameters.demand
    days = np.arange(BEFORE - 1, len(x) - 1)  # of the forecasts
    level = np.array([np.mean(x[: day + 1]) for day in days])
    spread = np.array([np.std(x[: day + 1], ddof=1) for day in days])
    moves = np.array([np.sqrt(np.mean(np.diff(x[: day + 1]) ** 2)) for day in days])
    decay = np.exp(-demand.reversion)
    own = demand.volatility * np.sqrt((1.0 - decay * decay) / (2.0 * demand.reversion))
    forecasts: dict[str, Forecast] = {
        "model": Normal(level + decay * (x[days] - level), np.full(len(days), own)),
        "random walk": Normal(x[days], moves),
        "mean": Normal(level, spread),
    }
    return forecasts, x[days + 1]
