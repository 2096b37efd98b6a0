"""One back-test: a recorded history, a policy, parameters and a date in; a `Validation` out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..engines import purity
from ..errors import InputError
from ..experiments.recorded_input import check_alignment, sized_by
from ..experiments.run import Source
from ..histories.alignment import align
from ..histories.choices import Choices
from ..histories.demand import DemandSeries, as_series
from ..histories.prices import PriceHistory, read_prices
from ..histories.times import as_date
from ..inputs import bounds
from ..inputs.arguments import (
    CALL,
    DATE,
    PATH,
    SETS,
    SOURCE,
    TEXT,
    checked,
    many,
    of,
    optional,
    several,
)
from ..model import controllers
from ..model.model import MODEL, Model
from ..parameters import Resolved, resolve
from . import benchmarks, sources
from .counterfactual import Arms, counterfactual
from .demand import BEFORE as DEMAND_BEFORE
from .demand import daily_means, demand_forecasts, refusal
from .followed import restarted
from .forecasts import Collected, collect, model_paths
from .replay import pinned, redenominated, replay, settled
from .report import PINNED, REPLAYED, SETTLED, ForecastSet, Validation
from .scores import needed

BEFORE = 250  # days before the date, an assumption: GARCH needs some hundreds of returns
FANS = 8  # days whose forecasts are drawn, fewer where they would overlap
Progress = Callable[[int, int], None]


class _Work:
    """Progress over all stages, in days of work."""

    def __init__(self, progress: Progress | None, total: int):
        self._progress, self._total, self._done = progress, total, 0

    def one(self, *_: int) -> None:
        """One more day is done."""
        self._done += 1
        if self._progress:
            self._progress(min(self._done, self._total), self._total)

    def each(self, items: Iterator) -> Iterator:
        """The items, each a day of work."""
        for item in items:
            yield item
            self.one()


def _place(history: PriceHistory, start: dt.date, horizon: int) -> int:
    """Day of the first forecast; refuses a date with too few days before or after it."""
    first, last = history.dates[0], history.dates[-1]
    after = needed(horizon) + horizon - 1
    earliest, latest = first + dt.timedelta(days=BEFORE), last - dt.timedelta(days=after)
    expected = (
        f"{earliest} to {latest}"
        if earliest <= latest
        else f"a history of at least {BEFORE + after + 1} days"
    )
    if start < earliest:
        found = (
            f"{start} has {max((start - first).days, 0)} days of history before it and needs "
            f"{BEFORE}"
        )
        raise InputError(found, file=history.file, argument="start", expected=expected)
    if start > latest:
        found = (
            f"{start} has {max((last - start).days, 0)} days of history after it and needs {after} "
            f"for forecasts over {horizon} days"
        )
        raise InputError(
            found,
            file=history.file,
            argument="start",
            expected=f"{expected}, or a shorter `horizon`",
        )
    return (start - first).days


def _check(resolved: Resolved, runs: int, arms: int, horizon: int) -> None:
    bounds.check(
        runs=(runs, bounds.DRAWS),
        arms=(arms, bounds.REPEATED),
        horizon=(horizon, bounds.HORIZON),
    )
    controllers.law(resolved.values.controller.type)
    if resolved.values.controller.type == "none":
        raise InputError(
            "a policy without a controller",
            argument="policy",
            expected="a policy to hold against the history, such as pid",
        )
    if not resolved.values.shocks.enabled:
        raise InputError(
            "shocks are off",
            key="shocks.enabled",
            expected="true: without them a forecast is a single number",
        )
    if resolved.values.simulation.time_step != 1.0:
        raise InputError(
            f"a step of {resolved.values.simulation.time_step:g} days",
            key="simulation.time_step",
            expected="1: daily closes are forecast day by day",
        )


@checked(
    params=SOURCE,
    history=PATH,
    policy=SOURCE,
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    start=DATE,
    end=optional(DATE),
    history_start=optional(DATE),
    demand=optional(of(str, Path, DemandSeries, expected="a path")),
    demand_align=optional(TEXT),
    overlay=several(SOURCE),
    sets=SETS,
    progress=optional(CALL),
)
def validate(
    params: Source = "baseline",
    *,
    history: str | Path,
    policy: Source,
    start: str | dt.date,
    end: str | dt.date | None = None,
    history_start: str | dt.date | None = None,
    choices: Choices | Mapping[str, Any] | None = None,
    demand: str | Path | DemandSeries | None = None,
    demand_align: str | None = None,
    overlay: Source | Sequence[Source] | None = None,
    sets: Mapping[str, Any] | Sequence[str] | None = None,
    runs: int = 500,
    arms: int = 20,
    horizon: int = 30,
    seed: int = 0,
    progress: Progress | None = None,
    model: Model = MODEL,
) -> Validation:
    """Back-test the model on a recorded price history from a date on.

    Parameters
    ----------
    params, policy, overlay, sets
        As in `run`.
    history : str or Path
        Daily closes in USD in any layout (docs/histories.md), without a gap from `history_start` to
        `end`.
    start : str or date
        Date of the first forecast, on which the policy is set up in the counterfactual; at least
        250 days after the history's first.
    end : str or date, optional
        Last date.
    history_start : str or date, optional
        First date of the history that is used; that of its first close by default.
    choices : mapping, optional
        How to read it, as in `run`.
    demand, demand_align
        As in `run`; both arms meet it from `start` on, and its days are forecast too.
    runs : int
        Draws of each forecast.
    arms : int
        Runs of the counterfactual.
    horizon : int
        Of the longer forecasts [days].
    seed : int
        Of all draws.
    progress : callable, optional
        Called with days of work done and their number.
    model : Model
        The block list.

    Returns
    -------
    Validation
        Scores of the model and of naive forecasts, and what the policy would have done.

    Raises
    ------
    InputError
        For bad input, among it a missing package arch.

    References
    ----------
    Gneiting and Raftery (2007), Journal of the American Statistical Association 102, 359-378.

    Examples
    --------
    >>> tk.validate(history="closes.csv", policy="pid", start="2024-01-01").lines  # doctest: +SKIP
    """
    settings = (
        [f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in sets.items()]
        if isinstance(sets, Mapping)
        else many(sets)
    )
    resolved = resolve(params, policy=policy, overlays=many(overlay), sets=settings)
    _check(resolved, runs, arms, horizon)
    purity.check_model(model, resolved.values)
    check_alignment(demand_align)
    begin, stop = as_date(start, "start"), as_date(end, "end")
    if stop and begin > stop:
        raise InputError(
            f"{begin} is after {stop}", argument="start", expected="a date before `end`"
        )
    prices = read_prices(
        history,
        as_date(history_start, "history_start"),
        end=stop,
        window="`history_start` and `end`",
        choices=choices,
        moving=True,
        begins="history_start",
    )
    first = _place(prices, begin, horizon)
    notes, series = [f"history from {history}: {'; '.join(prices.notes)}"], None
    if demand is not None:
        series = as_series(demand)
        resolved, note = sized_by(resolved, series)
        notes.append(
            f"{note}, days after {begin} too; both arms meet it from {begin} on"
            + (f", aligned by {demand_align}" if demand_align else "")
        )
        notes += series.said
    elif demand_align is not None:
        raise InputError(
            "an alignment without a demand series",
            argument="demand_align",
            expected="a `demand` series with it",
        )
    notes += sources.fitted_later(resolved, begin)

    count = len(prices.values)
    days = list(range(first, count - 1))
    span = count - 1 - first
    rates = (
        align(series, span_days=span, time_step=1.0, align=demand_align, runs=arms, seed=seed)
        if series is not None
        else None
    )
    work = _Work(progress, count - 1 + len(days[:: benchmarks.REFIT]) + 3 * len(days) + 2 * span)
    returns = np.diff(np.log(prices.values))
    fits = benchmarks.garch_fits(returns, days, work.one)

    parameters = redenominated(resolved.values, float(prices.values[0]), model)
    replayed = replay(parameters, prices.values, model, work.one, prices.when)
    states = {REPLAYED: replayed, SETTLED: settled(replayed, parameters, model, runs, seed)}
    drawn = _draws(parameters, states, returns, days, fits, horizon, runs, seed, model, work)
    broken = sum(one.broken for one in drawn.values())
    if broken:
        notes.append(f"{broken} runs of forecasts break a check of the model and are left out")
    unsettled = sum(not one.ok for one in fits)
    if unsettled:
        notes.append(f"{unsettled} of {len(fits)} fits of GARCH did not converge")

    blocks = []
    log_price = np.log(prices.values)
    for h in dict.fromkeys((1, horizon)):
        known = np.array([day for day in days if day + h < count])
        forecasts = {name: one.ahead[h].first(len(known)) for name, one in drawn.items()}
        for name, rule in (("random walk", benchmarks.random_walk), ("EWMA", benchmarks.ewma)):
            forecasts[name] = rule(returns, known, h)
        outcomes = log_price[known + h] - log_price[known]
        blocks.append(ForecastSet("price", h, forecasts, outcomes, restarted(replayed, known)))
    if series is not None:
        notes += [
            line for line in dict.fromkeys((refusal(series, 1), refusal(series, horizon))) if line
        ]
        if len(daily_means(series)) > DEMAND_BEFORE:
            blocks.append(
                ForecastSet("demand", 1, *demand_forecasts(resolved.values, daily_means(series)))
            )

    here = redenominated(resolved.values, float(prices.values[first]), model)
    both: dict[str, Arms] = {}
    for name, state in ((REPLAYED, replayed), (PINNED, pinned(replayed, here, model))):
        chosen = {
            "runs": arms,
            "seed": seed,
            "model": model,
            "rates": rates,
            "progress": work.one,
            "when": lambda day: prices.when(first + day),
        }
        both[name] = counterfactual(resolved.values, state, first, prices.values[first:], **chosen)
    fans = {name: one.fans for name, one in drawn.items()}
    settings = {"runs": runs, "arms": arms, "horizon": horizon, "seed": seed}
    return Validation(
        resolved, prices, replayed, begin, settings, tuple(blocks), both, fans, tuple(notes)
    )


def _draws(
    parameters, states, returns, days, fits, horizon, runs, seed, model, work
) -> dict[str, Collected]:
    """Forecasts that are made of draws, by forecaster."""
    # a fan ends before the next begins
    shown = days[:: max(horizon, len(days) // FANS)]
    horizons = tuple(dict.fromkeys((1, horizon)))
    drawing = {"horizon": horizon, "runs": runs, "seed": seed}
    makers = (
        model_paths(parameters, states, days, **drawing, model=model),
        ({"bootstrap": path} for path in benchmarks.bootstrap(returns, days, **drawing)),
        ({"GARCH-t": path} for path in benchmarks.garch(returns, days, fits, **drawing)),
    )
    found: dict[str, Collected] = {}
    for maker in makers:
        found |= collect(work.each(maker), days, horizons, shown)
    return found
