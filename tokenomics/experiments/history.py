"""A recorded price history as inferred news: with no controller and no scenario the model
reproduces it exactly.

The news of a step is what moves the outside valuation so far that the step's closing price is the
recorded one. The log price is linear in the news of its step, up to rounding, so that a few secant
steps solve for it. A policy or a scenario then meets the same news and deviates from the history.

A deep fall needs sales that the inventories may not hold: once passive holders have sold all that
they can, no news moves the price further. Such a history is refused, or followed as far as
inventories go, with the least news that brings the price as near as it gets.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..elementary import log
from ..errors import InputError
from ..histories.prices import price_path, read_prices
from ..model.model import Model
from ..model.shocks import ShockTable
from ..model.steady_state import UNEVENTFUL
from ..parameters import Parameters, Resolved, put

TOLERANCE = 1e-12  # of the log price
ITERATIONS = 6
REACHED = 1e-9  # of the log price; what is farther from the record was not reached
BEYOND = 8.0  # log points of news that tell whether the price goes on moving
DOUBLINGS = 10  # of the news with which a price is sought that is not at its limit


def undisturbed(parameters: Parameters) -> Parameters:
    """The same network without controller and scenario: the world in which the recorded history
    happened.
    """
    calm = {**UNEVENTFUL, "controller.type": "none", "bank_run.enabled": False}
    return put(parameters, calm)


def follow(
    model: Model,
    params: Mapping[str, Any],
    initial: Mapping[str, Any],
    prices: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
    when: Callable[[float], str] = "day {:g}".format,
    nearest: bool = False,
) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """News (runs,) in log points with which the model's price follows `prices`, and the state with
    it, step by step.

    params: without controller and scenario. initial: its price is prices[0]. prices: (steps + 1,)
    in USD/TOK.
    progress: called with the steps done and their number. when: a day of the history in words.
    nearest: where holders are out of tokens, go on from the price nearest to the recorded one.
    Raises InputError where the market cannot reach a recorded price (arbitrage off, or, without
    `nearest`, holders out of tokens).
    """
    table, state = params["shock_table"], dict(initial)
    runs, steps = table.runs, len(prices) - 1
    news = np.zeros((steps, runs))
    step_params = {**params, "shock_table": table.replace(recorded_news=news)}
    gain = np.ones(runs)
    for t in range(steps):
        target, usual = log(prices[t + 1]), gain
        news[t] = 0.0
        after = model.step(step_params, state)
        miss = np.broadcast_to(target - log(after["token_price"]), runs).copy()
        for _ in range(ITERATIONS):
            if np.max(np.abs(miss)) <= TOLERANCE:
                break
            change = miss / gain
            news[t] += change
            after = model.step(step_params, state)
            left = target - log(after["token_price"])
            moved = miss - left
            with np.errstate(all="ignore"):  # a run that has arrived no longer moves
                gain = np.where(
                    np.abs(change) > 1e-6, np.where(moved * change > 0, moved / change, gain), gain
                )
            miss = left
            if nearest and not moved.any():
                break  # at a limit, most likely: six steps further would tell no more
        short = ~(np.abs(miss) <= REACHED)
        found = None
        if nearest and short.any():
            found = _nearest(model, step_params, state, news[t], target, miss, short)
            after, gain = found or after, np.where(short, usual, gain)
        if short.any() and not found:
            market = params["market"]
            wanted = (
                "a shorter window, or one from another start: all that passive holders can sell is "
                "sold"
            )
            if market.enabled and not market.arbitrage_speed > 0.0:
                wanted = "market.arbitrage_speed > 0"
            said = (
                f"the market cannot reach the recorded price {prices[t + 1]:g} USD of "
                f"{when((t + 1) * params['time_step'])}"
            )
            raise InputError(said, key="market", expected=wanted)
        state = after
        if progress:
            progress(t + 1, steps)
        yield news[t], state


def _nearest(
    model: Model,
    params: Mapping[str, Any],
    state: Mapping[str, Any],
    news: np.ndarray,
    target: float,
    miss: np.ndarray,
    short: np.ndarray,
) -> dict[str, Any] | None:
    """The state after the step with the least news that brings the log price of the runs that are
    `short` of `target` as near to it as it gets; None where news do not move the price.

    news: (runs,) of the step, a view into the shock table of `params`; written for these runs.
    miss: target less the log price so far. The log price is linear in news up to its limit, so that
    two points of the line tell where it ends.
    """
    way = np.sign(miss)

    def at(values: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        news[short] = values[short]
        with np.errstate(all="ignore"):  # news so far out are asked for what they cannot move
            after = model.step(params, state)
        return np.broadcast_to(log(after["token_price"]), news.shape), after

    line = news + way * BEYOND
    price, _ = at(line)
    passed = way * (price - target) > 0.0  # then it can be reached, and the line is beyond it
    goal = np.where(passed, target, price)
    for doubling in range(DOUBLINGS):
        before = short & ~passed & ~(way * (goal - price) > 1e-6)
        if not before.any():
            break
        line = np.where(before, -way * (2.0**doubling - 1.0), line)
        price, _ = at(line)
    further = np.where(passed, line + way, line - way)
    moved = at(further)[0] - price
    with np.errstate(all="ignore"):  # a run that is not short has no line
        end, after = at(line + (goal - price) * (further - line) / moved)
    return after if np.all(np.abs(end - goal)[short] <= REACHED) else None


def infer_news(
    model: Model,
    params: Mapping[str, Any],
    initial: Mapping[str, Any],
    prices: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
    when: Callable[[float], str] = "day {:g}".format,
    nearest: bool = False,
) -> np.ndarray:
    """The news (steps, runs) of `follow`, in log points."""
    steps = follow(model, params, initial, prices, progress, when, nearest)
    return np.array([news for news, _ in steps])


def without_noise_orders(table: ShockTable) -> ShockTable:
    """The shocks of a recorded history: what moved its price is in the news already.

    Speculators' noise beside it would be cancelled by the news in the undisturbed world, and not
    where a controller changes their share.
    """
    return table.replace(speculation_noise=np.zeros_like(table.values["speculation_noise"]))


def bonded_share(
    resolved: Resolved, file: str | Path, begins: dt.date | None
) -> tuple[np.ndarray, str]:
    """The recorded share of supply that is bonded at the end of every step (steps,), and a line
    that says so. begins: date of day 0; by default the file's first. Raises InputError for what is
    no share, and where holders do not choose what they bond.
    """
    simulation = resolved.values.simulation
    if resolved.today.bonding.mode != "yield":
        raise InputError(
            f"a recorded share of supply, and bonding.mode {resolved.today.bonding.mode}",
            argument="bonded",
            expected="bonding.mode yield, where holders choose what they bond",
        )
    series = read_prices(file, start=begins, days=simulation.days)
    path = price_path(series, simulation.time_step)[1 : simulation.steps + 1]
    if not path.max() <= 1.0:
        raise InputError(
            f"a share of {path.max():.4g}",
            file=str(file),
            expected="shares of total supply, 0 to 1",
        )
    return path, f"bonded share from {file}, {series.dates[0]} to {series.dates[-1]}"
