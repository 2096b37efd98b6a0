"""The folds that metrics are made of: totals, means, last values, deviations, falls from a high."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..elementary import log
from ..engines.folds import Fold, Values
from ..model.formulas.numerics import DAYS_PER_YEAR
from ..parameters import Parameters, put

STILL = 1e-9  # relative; what varies by less over the closes does so by rounding
WEEK = 7.0  # days
Value = Callable[[Values, Parameters], Any]  # of one close, from the values of its variables


def closes_a_day(p: Parameters | None) -> int:
    """Closes of one day; 1 where they are a day or more apart."""
    return 1 if p is None else max(1, int(1.0 / p.simulation.time_step + 1e-9))


def daily(fold: Fold) -> Fold:
    """The same of daily closes, so that it does not depend on how short the steps are: a return of
    an hour is no twenty-fourth of one of a day.
    """

    def start(first: Values, p: Parameters) -> Values:
        begun = fold.start(first, p)
        return begun if closes_a_day(p) == 1 else {**begun, "passed": 0.0}

    def update(before: Values, now: Values, p: Parameters) -> Values:
        count = closes_a_day(p)
        if count == 1:
            return fold.update(before, now, p)
        passed = before["passed"] + 1.0
        due = passed >= count
        after = fold.update(before, now, p)
        kept = {name: np.where(due, value, before[name]) for name, value in after.items()}
        return {**kept, "passed": np.where(due, 0.0, passed)}

    def finish(after: Values, p: Parameters, count: int) -> np.ndarray:
        times = closes_a_day(p)
        if times == 1:
            return fold.finish(after, p, count)
        apart = {"simulation.time_step": times * p.simulation.time_step}
        return fold.finish(after, put(p, apart), count // times)

    return Fold(fold.needs, start, update, finish)


def daily_net(needs: tuple[str, ...], flows: Callable[[Values, Parameters], Values]) -> Fold:
    """Mean over days of the sum of the sizes of some flows, each net of its day: what goes back and
    forth within a day is no trade of the day. flows: by name, of one close.
    """

    def start(first: Values, p: Parameters) -> Values:
        many = closes_a_day(p) > 1
        named = {f"net {name}": 0.0 for name in flows(first, p)} if many else {}
        return {"total": 0.0, **named, **({"passed": 0.0} if many else {})}

    def update(before: Values, now: Values, p: Parameters) -> Values:
        count, found = closes_a_day(p), flows(now, p)
        if count == 1:
            return {"total": before["total"] + _sizes(found)}
        passed = before["passed"] + 1.0
        due = passed >= count
        net = {name: before[f"net {name}"] + flow for name, flow in found.items()}
        return {
            "total": before["total"] + np.where(due, _sizes(net), 0.0),
            **{f"net {name}": np.where(due, 0.0, flow) for name, flow in net.items()},
            "passed": np.where(due, 0.0, passed),
        }

    return Fold(needs, start, update, lambda after, p, count: after["total"] / count)


def _sizes(flows: Values) -> Any:
    size = 0.0
    for flow in flows.values():
        size = size + np.abs(flow)
    return size


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


def integral_of(variable: str) -> Fold:
    """A variable over time, its unit times days."""
    return total(
        (variable,),
        lambda now, p: now[variable],
        lambda total, p, count: total * p.simulation.time_step,
    )


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


def first_and_last(
    variable: str, finish: Callable[[Any, Any, Parameters, int], np.ndarray]
) -> Fold:
    """What `finish(first, last, p, count)` makes of a variable at the start and at the end."""
    return Fold(
        (variable,),
        lambda first, p: {"first": first[variable], "last": first[variable]},
        lambda before, now, p: {"first": before["first"], "last": now[variable]},
        lambda after, p, count: finish(after["first"], after["last"], p, count),
    )


def volatility_of(variable: str, least: float = 0.0) -> Fold:
    """Annualised standard deviation of a variable's daily log changes [1/sqrt(year)]; NaN of fewer
    than two changes. least: what a smaller value counts as.

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

    return daily(Fold((variable,), start, update, finish))


def market_part(finish: Callable[[Any, Any, Any, Parameters, int], np.ndarray]) -> Fold:
    """What `finish(returns, market, both, p, count)` makes of the sums of squares and products,
    from their means, of daily log returns of the price and of the market's part in them, beta times
    the change of its index; NaN of fewer than two returns. Summed as in `volatility_of`.
    """

    def start(first: Values, p: Parameters) -> Values:
        level = {"log": log(first["token_price"]), "index": first["market_index"]}
        zero = ("count", "mean", "market mean", "returns", "market", "both")
        return level | dict.fromkeys(zero, 0.0)

    def update(before: Values, now: Values, p: Parameters) -> Values:
        count, current = before["count"] + 1.0, log(now["token_price"])
        change = current - before["log"]
        moved = p.market_factor.beta * (now["market_index"] - before["index"])
        off, apart = change - before["mean"], moved - before["market mean"]
        mean = before["mean"] + off / count
        market = before["market mean"] + apart / count
        return {
            "count": count,
            "log": current,
            "index": now["market_index"],
            "mean": mean,
            "market mean": market,
            "returns": before["returns"] + off * (change - mean),
            "market": before["market"] + apart * (moved - market),
            "both": before["both"] + off * (moved - market),
        }

    def end(after: Values, p: Parameters, count: int) -> np.ndarray:
        if count < 2:
            return np.full(np.shape(after["returns"]), np.nan)
        return finish(after["returns"], after["market"], after["both"], p, count)

    return daily(Fold(("token_price", "market_index"), start, update, end))


def drawdown_of(variable: str) -> Fold:
    """Largest fall of a variable's daily close from an earlier high, the start among them, as a
    share of the high.
    """

    def update(before: Values, now: Values, p: Parameters) -> Values:
        high = np.maximum(before["high"], now[variable])
        return {"high": high, "fall": np.maximum(before["fall"], 1.0 - now[variable] / high)}

    return daily(
        Fold(
            (variable,),
            lambda first, p: {"high": first[variable], "fall": 0.0},
            update,
            lambda after, p, count: after["fall"],
        )
    )


def slope_of(
    needs: tuple[str, ...],
    cause: str,
    effect: Callable[[Values, Any, Parameters], Any],
    carried: Callable[[Any, Values], Any],
) -> Fold:
    """Slope of an effect on a variable over weeks, means of their closes, by least squares; 0 where
    the variable stands still, and of fewer than two weeks. Summed as in `volatility_of`.

    Lane (2003), Journal of Public Economics 87, 2661-2675, measures so how a policy goes with the
    cycle, over years. effect: of a close, and of what `carried` makes of that of the close before,
    from 0.
    """

    def start(first: Values, p: Parameters) -> Values:
        names = ("passed", "causes", "effects", "count", "mean", "squares", "effect", "both")
        return dict.fromkeys(names, 0.0) | {"carried": carried(0.0, first)}

    def update(before: Values, now: Values, p: Parameters) -> Values:
        week = max(1, int(WEEK / p.simulation.time_step + 1e-9))
        kept = carried(before["carried"], now)
        passed = before["passed"] + 1.0
        due = passed >= week
        causes = before["causes"] + now[cause]
        effects = before["effects"] + effect(now, kept, p)
        x, y, count = causes / week, effects / week, before["count"] + 1.0
        off, apart = x - before["mean"], y - before["effect"]
        mean, average = before["mean"] + off / count, before["effect"] + apart / count
        of_a_week = {
            "count": count,
            "mean": mean,
            "squares": before["squares"] + off * (x - mean),
            "effect": average,
            "both": before["both"] + off * (y - average),
        }
        return {
            "passed": np.where(due, 0.0, passed),
            "causes": np.where(due, 0.0, causes),
            "effects": np.where(due, 0.0, effects),
            **{name: np.where(due, value, before[name]) for name, value in of_a_week.items()},
            "carried": kept,
        }

    def finish(after: Values, p: Parameters, count: int) -> np.ndarray:
        moves = after["squares"] > after["count"] * np.square(STILL * after["mean"])
        return np.where(moves, after["both"] / np.where(moves, after["squares"], 1.0), 0.0)

    return Fold(needs, start, update, finish)
