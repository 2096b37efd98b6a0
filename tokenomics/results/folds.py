"""The folds that metrics are made of: totals, means, last values, deviations, falls from a high."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..elementary import log
from ..engines.folds import Fold, Values
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..parameters import Parameters

Value = Callable[[Values, Parameters], Any]  # of one close, from the values of its variables


def total(
    needs: tuple[str, ...], value: Value, finish: Callable[[Any, Parameters, int], np.ndarray]
) -> Fold:
    """What `finish(total, p, count)` makes of the total of a value over the closes; the start is
    none of them.
    """
    return Fold(
        needs,
        lambda first, p: {"total": 0.0},
        lambda before, now, p: {"total": before["total"] + value(now, p)},
        lambda after, p, count: finish(after["total"], p, count),
    )


def mean(needs: tuple[str, ...], value: Value) -> Fold:
    """Mean of a value over the closes."""
    return total(needs, value, lambda total, p, count: total / count)


def mean_of(variable: str) -> Fold:
    """Mean of a variable over the closes."""
    return mean((variable,), lambda now, p: now[variable])


def at_end(needs: tuple[str, ...], value: Value) -> Fold:
    """A value at the end."""
    return Fold(
        needs,
        lambda first, p: dict(first),
        lambda before, now, p: dict(now),
        lambda after, p, count: value(after, p),
    )


def last_of(variable: str) -> Fold:
    """A variable at the end."""
    return at_end((variable,), lambda last, p: last[variable])


def volatility_of(variable: str, least: float = 0.0) -> Fold:
    """Annualised standard deviation of a variable's log changes [1/sqrt(year)]; NaN of fewer than
    two changes. least: what a smaller value counts as.

    The variance is summed from each change's distance to the mean so far, which loses no digits
    where the changes are large beside their deviation (Welford, Technometrics 4 (1962) 419).
    """

    def logarithm(values: Values) -> Any:
        return log(np.maximum(values[variable], least) if least else values[variable])

    def start(first: Values, p: Parameters) -> Values:
        return {"count": 0.0, "log": logarithm(first), "mean": 0.0, "squares": 0.0}

    def update(before: Values, now: Values, p: Parameters) -> Values:
        count, current = before["count"] + 1.0, logarithm(now)
        change = current - before["log"]
        off = change - before["mean"]
        mean = before["mean"] + off / count
        squares = before["squares"] + off * (change - mean)
        return {"count": count, "log": current, "mean": mean, "squares": squares}

    def finish(after: Values, p: Parameters, count: int) -> np.ndarray:
        if count < 2:
            return np.full(np.shape(after["squares"]), np.nan)
        return np.sqrt(after["squares"] / (count - 1)) * np.sqrt(
            DAYS_PER_YEAR / p.simulation.time_step
        )

    return Fold((variable,), start, update, finish)


def drawdown_of(variable: str) -> Fold:
    """Largest fall of a variable from an earlier high, the start among them, as a share of the
    high.
    """

    def update(before: Values, now: Values, p: Parameters) -> Values:
        high = np.maximum(before["high"], now[variable])
        return {"high": high, "fall": np.maximum(before["fall"], 1.0 - now[variable] / high)}

    return Fold(
        (variable,),
        lambda first, p: {"high": first[variable], "fall": 0.0},
        update,
        lambda after, p, count: after["fall"],
    )
