"""One experiment: parameters, policy, scenario, seeds and recorded input in; a `Result` out."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..engines import cadcad, ensemble, purity
from ..engines.guards import recorded
from ..engines.stages import simulate, tables
from ..errors import InputError, remark
from ..histories.alignment import align
from ..histories.choices import Choices
from ..histories.demand import DemandSeries, as_series
from ..histories.prices import price_path, read_prices
from ..histories.times import as_date
from ..inputs import bounds, footprint
from ..inputs.arguments import (
    CALL,
    DATE,
    NAMES,
    PATH,
    SETS,
    SOURCE,
    TEXT,
    checked,
    choice,
    many,
    of,
    optional,
    several,
)
from ..model import controllers
from ..model.drift import drift
from ..model.model import BLOCKS, MODEL, Model, bind, silenced
from ..model.shocks import NORMALS, UNIFORMS, sample
from ..model.steady_state import start_state
from ..model.variables import as_arrays
from ..parameters import Resolved, put, resolve
from ..results import Result
from ..results.metrics import METRICS, needed
from .history import bonded_share, infer_news, undisturbed, without_noise_orders
from .recorded_input import at_price, check_alignment, market_index, sized_by
from .staging import staged
from .unread import changed_to_no_effect
from .warm_up import once, steps_before, warm_up

LOG = logging.getLogger(__name__)
FOR_METRICS = "metrics"  # in `record`, in place of the variables that metrics read
ENGINES = {"cadcad": cadcad.simulate, "ensemble": ensemble.simulate}
Source = str | Path | Mapping[str, Any]
Progress = Callable[[int, int], None]
BESIDE = "blocks given as `model`, which no parameter names"
NOT_STRICT = "the model is not strict: last digits of these results depend on the processor"


def _sets(sets: Any, days: float | None) -> tuple[str, ...]:
    if isinstance(sets, Mapping):
        sets = [
            f"{path}={str(v).lower() if isinstance(v, bool) else v}" for path, v in sets.items()
        ]
    chosen = (sets,) if isinstance(sets, str) else tuple(sets or ())
    return chosen if days is None else (*chosen, f"simulation.days={days}")


def _check(runs: int, seed: int, days: float | None, every: int, align_choice: str | None) -> None:
    bounds.check(runs=(runs, bounds.RUNS), seed=(seed, bounds.SEED), every=(every, bounds.STEPS))
    bounds.optional(days=(days, bounds.DAYS))
    check_alignment(align_choice)


def _afford(
    resolved: Resolved,
    model: Model,
    engine: str,
    runs: int,
    every: int,
    record: Sequence[str] | None,
) -> None:
    """Refuse what keeps no step but the start, and what takes more memory than the limit, and tell
    of what takes much, before it is simulated.
    """
    steps, table = resolved.values.simulation.steps, model.variables(resolved.values)
    if every > steps:
        raise InputError(
            f"every {every:,} steps of {steps:,}",
            argument="every",
            expected=f"a whole number from 1 to {steps:,}",
        )
    names, processes = (
        recorded(table, record),
        len(NORMALS) + len(UNIFORMS) + len(model.processes(resolved.values)),
    )
    size = footprint.simulation(
        engine,
        runs=runs,
        steps=steps,
        # stages are put together step by step
        every=1 if len(resolved.stages()) > 1 else every,
        before=steps_before(resolved.today, model),
        recorded=len(names),
        variables=len(table),
        processes=processes,
    )
    what = f"{runs:,} runs of {steps:,} steps with {len(names)} variables"
    less = "fewer `runs` or `days`, `every` so many steps, or fewer variables in `record`"
    footprint.refuse_above(size, what, less)
    footprint.tell_above(size, what, f"{less} ('{FOR_METRICS}': what metrics read alone)")


def _asked(record: Sequence[str] | None) -> list[str] | None:
    """The names to record, with those that stand behind `FOR_METRICS`."""
    if record is None:
        return None
    return [name for one in record for name in (needed(METRICS) if one == FOR_METRICS else [one])]


@checked(
    params=SOURCE,
    policy=optional(SOURCE),
    scenario=several(SOURCE),
    overlay=several(SOURCE),
    today=SETS,
    sets=SETS,
    engine=choice(ENGINES),
    prices=optional(PATH),
    index=optional(PATH),
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    demand=optional(of(str, Path, DemandSeries, expected="a path")),
    demand_align=optional(TEXT),
    bonded=optional(PATH),
    start=optional(DATE),
    record=optional(NAMES),
    progress=optional(CALL),
    model=of(Model, expected="a Model, such as MODEL.insert gives"),
)
def run(
    params: Source = "baseline",
    *,
    policy: Source | None = None,
    scenario: Source | Sequence[Source] | None = None,
    overlay: Source | Sequence[Source] | None = None,
    today: Mapping[str, Any] | Sequence[str] | None = None,
    sets: Mapping[str, Any] | Sequence[str] | None = None,
    changes: Source | Sequence[Mapping[str, Any]] = (),
    runs: int = 1,
    seed: int = 0,
    days: float | None = None,
    engine: str = "cadcad",
    prices: str | Path | None = None,
    index: str | Path | None = None,
    choices: Choices | Mapping[str, Any] | None = None,
    demand: str | Path | DemandSeries | None = None,
    demand_align: str | None = None,
    bonded: str | Path | None = None,
    start: str | dt.date | None = None,
    record: Sequence[str] | None = None,
    every: int = 1,
    progress: Progress | None = None,
    model: Model = MODEL,
) -> Result:
    """Simulate a network and return its `Result`.

    The start is that of today's network. The policy and settings of levers act from `change.day`
    on. A run's shocks depend on (seed, run index) alone.

    Parameters
    ----------
    params, policy : str, Path or mapping
        A shipped name, a YAML file or a nested mapping.
    scenario, overlay : as `policy`, or several of them
    today, sets : mapping of path to value, or "path=value" texts
        Of the network as it is, and of its changes.
    changes : as `policy`, or a list of mappings
        Dated changes of levers, see `resolve`.
    runs : int
        Monte Carlo runs, indices 0 to runs - 1.
    seed : int
        Of the shocks.
    days : float, optional
        Simulated span [days]. With `prices` the whole history from `start`, unless given.
    engine : {"cadcad", "ensemble"}
        The reference, or one that is thousands of times faster with many runs.
    prices : str or Path, optional
        Daily closes [USD/TOK] in any layout, see docs/histories.md, replayed as inferred news.
    index : str or Path, optional
        Daily closes of the market's index over the same days. What `market_factor.beta` takes of
        its moves is the market's, the rest the network's own news.
    choices : mapping, optional
        How to read `prices`, where it has to be told: {"column": "Close", "sheet": "closes"}.
    demand : str, Path or DemandSeries, optional
        A rate series [req/s] or a request trace, in place of sampled demand. Its mean sets the size
        of the network at the start.
    demand_align : {"start", "repeat", "bootstrap"}, optional
        Needed where the series is shorter than the span.
    bonded : str or Path, optional
        The daily share of total supply that is bonded, in place of the response of holders.
    start : str or date, optional
        First date of the price history to use.
    record : sequence of str, optional
        Variables to keep, all by default. "metrics" stands for those that metrics read.
    every : int
        Keep the start and every so many steps. Metrics are then those of what was kept.
    progress : callable, optional
        Called with steps done and their number.
    model : Model
        The block list, extended by your own blocks if you like.

    Returns
    -------
    Result
        Paths of shape (runs, times), metrics, figures.

    Raises
    ------
    InputError
        For bad input.
    ModelError, BlockError
        For a wrongly built model, and where a block fails.

    Examples
    --------
    >>> result = tk.run("baseline", policy="pid", days=3, runs=2, seed=1)
    >>> result.dataset["token_price"].shape
    (2, 4)
    >>> result.dataset.attrs["policy"]
    'pid'
    """
    _check(runs, seed, days, every, demand_align)
    record = _asked(record)
    resolved = resolve(
        params,
        policy=policy,
        scenarios=many(scenario),
        overlays=many(overlay),
        today=_sets(today, None),
        sets=_sets(sets, days),
        changes=changes,
    )
    controllers.law(resolved.values.controller.type)
    purity.check_model(model, resolved.values)
    notes = [] if model.strict else [NOT_STRICT]
    if own := [one.name for one in model.blocks if one not in BLOCKS]:
        notes.append(f"{BESIDE}: {', '.join(own)}")
    if resolved.parent:
        notes.append(resolved.origin)
    notes += silenced(resolved.values)
    indices = np.arange(runs)
    dt_days = resolved.values.simulation.time_step

    if start is not None and prices is None and bonded is None:
        raise InputError(
            "a start date without a price history",
            argument="start",
            expected="`prices` or `bonded` with it",
        )
    if choices is not None and prices is None:
        name = next(iter(choices), "choices") if isinstance(choices, Mapping) else "choices"
        raise InputError(
            "a choice of how to read prices, without a price history",
            argument=name,
            expected="`prices` FILE with it",
        )
    if index is not None and prices is None:
        raise InputError(
            "an index without a price history", argument="index", expected="`prices` with it"
        )
    history, market = None, None
    if prices is not None:
        first = as_date(start, "start")
        history = read_prices(prices, start=first, days=days, choices=choices)
        if days is None:
            resolved = resolved.replace(
                {"simulation.days": float(len(history.values) - 1)}, source=f"span of {prices}"
            )
        notes.append(
            f"prices from {prices}, {history.dates[0]} to {history.dates[-1]}, as inferred news: "
            f"{'; '.join(history.notes)}"
        )
        if index is not None:
            market = market_index(resolved, index, history)
            notes.append(f"the market's moves from {index}: {'; '.join(market.notes)}")

    resolved.refuse_late()
    _afford(resolved, model, engine, runs, every, record)
    rates = None
    if demand is not None:
        series = as_series(demand)
        span = resolved.values.simulation.steps * dt_days
        rates = align(
            series, span_days=span, time_step=dt_days, align=demand_align, runs=runs, seed=seed
        )
        resolved, note = sized_by(resolved, series)
        notes += [note + (f", aligned by {demand_align}" if demand_align else ""), *series.said]
    elif demand_align is not None:
        raise InputError(
            "an alignment without a demand series",
            argument="demand_align",
            expected="a `demand` series with it",
        )

    chosen = resolved  # by the caller; other tokens are nobody's change
    if history is not None:
        resolved = at_price(resolved, model, float(history.values[0]), str(prices))

    parameters = resolved.values
    table = sample(parameters, indices, seed, extra=model.processes(parameters))
    if rates is not None:
        table = table.replace(recorded_rate=rates)
    if bonded is not None:
        begins = history.dates[0] if history is not None else as_date(start, "start")
        share, note = bonded_share(resolved, bonded, begins)
        table = table.replace(recorded_bonded=np.tile(share[:, None], (1, runs)))
        notes.append(note)
    initial = start_state(resolved.today, model)
    if resolved.today.stocks.given:
        notes.append(drift(resolved.today, model).told())
    if history is not None:
        # the history happened under the policy that was in force
        law = {"controller.type": resolved.today.controller.type}
        quiet = put(undisturbed(resolved.today), law)
        path = price_path(history, dt_days)[: parameters.simulation.steps + 1]
        table = without_noise_orders(table)
        if market is not None:
            levels = np.log(price_path(market, dt_days)[: parameters.simulation.steps + 1])
            table = table.replace(recorded_index=np.tile(np.diff(levels)[:, None], (1, runs)))
        past = bind(quiet, table, model)
        news = infer_news(
            model.bound(past),
            past,
            as_arrays(start_state(quiet, model), runs),
            path,
            when=history.when,
        )
        table = table.replace(recorded_news=news)

    series_names = [name for name in table.values if name.startswith("recorded_")]
    remarks = changed_to_no_effect(
        chosen, resolve(params, policy=policy), model=model, recorded=series_names
    )
    for line in remarks:
        remark(line)
    stages = staged(resolved, table, model)
    steps = parameters.simulation.steps
    LOG.info("%d runs of %d steps, policy %s, engine %s", runs, steps, resolved.policy, engine)
    begun = time.perf_counter()
    how = ENGINES[engine]
    trajectories = simulate(
        how,
        stages,
        initial,
        runs=indices,
        record=record,
        every=every,
        progress=progress,
        before=None if series_names else warm_up(resolved.today, indices, seed, model),
        once=once(how, resolved.today, indices, seed, model),
    )
    taken, lost = time.perf_counter() - begun, len(trajectories.failures)
    LOG.info("%d runs simulated in %.2f s, %d failed", runs, taken, lost)
    return Result(
        resolved,
        tables(stages),
        trajectories,
        seed=seed,
        engine=engine,
        notes=tuple(notes),
        remarks=tuple(remarks),
    )
