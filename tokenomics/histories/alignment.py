"""Recorded demand on the steps of a simulation."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..model.formulas.numerics import SECONDS_PER_DAY
from ..model.shocks import Streams
from .demand import DemandSeries


def align(
    series: DemandSeries,
    *,
    span_days: float,
    time_step: float,
    align: str | None,
    runs: int,
    seed: int,
) -> np.ndarray:
    """Mean rate in every step, (steps, runs) in req/s.

    A series at least as long as the span is used from its start. A shorter one needs a choice:
    "repeat" tiles it, "bootstrap" draws whole days of it (the whole series where it is shorter than
    a day) with replacement, per run from the keyed generator. Raises InputError that names the
    choices.
    """
    steps = max(1, round(span_days / time_step))
    short = series.days < span_days * (1.0 - 1e-9)
    if short and align in (None, "start"):
        raise InputError(
            f"the series spans {series.days:.4g} days, the simulation {span_days:g}",
            file=series.file,
            argument="demand_align",
            expected=(
                "repeat (tile the series) or bootstrap (draw whole days of it), or a shorter span"
            ),
        )
    if align == "bootstrap":
        return _bootstrap(series, steps, time_step, runs, seed)
    # cumulative requests, tiled, so that none is lost whatever the two step lengths are
    total = np.concatenate([[0.0], np.cumsum(series.rate * series.width)])
    edges = np.arange(steps + 1) * time_step * SECONDS_PER_DAY
    span = len(series.rate) * series.width
    laps, rest = np.divmod(edges, span)
    requests = laps * total[-1] + np.interp(rest, np.arange(len(total)) * series.width, total)
    rate = np.diff(requests) / (time_step * SECONDS_PER_DAY)
    return np.repeat(rate[:, None], runs, axis=1)


def _bootstrap(
    series: DemandSeries, steps: int, time_step: float, runs: int, seed: int
) -> np.ndarray:
    per_day = max(1, round(SECONDS_PER_DAY / series.width))
    whole = max(1, len(series.rate) // per_day)
    days = [series.rate[d * per_day : (d + 1) * per_day] for d in range(whole)]
    streams, count = Streams(seed), int(np.ceil(steps * time_step))
    out = np.empty((steps, runs))
    for run in range(runs):
        drawn = (streams.uniforms(run, "demand_bootstrap", count) * whole).astype(int)
        for t in range(steps):
            day, offset = divmod(t * time_step, 1.0)
            rate = days[drawn[int(day)]]
            first = int(offset * len(rate))
            last = max(first + 1, round(min(offset + time_step, 1.0) * len(rate)))
            out[t, run] = np.mean(rate[first:last])
    return out
