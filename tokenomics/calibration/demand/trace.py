"""The demand block from a trace of single requests: rate, clustering of arrivals, and the lengths
of prompts and outputs.

Errors are those of a delete-a-block jackknife over time, since neighbouring requests are alike.
They are errors of the time that was observed: an hour's trace says nothing about other hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import expit, logit, ndtr, ndtri

from ...histories.request_trace import RequestTrace
from ...parameters import resolve
from ..dependence import Jackknifed, jackknife, jackknifed
from ..estimates import Estimate
from ..recovery import RecoveryCase
from . import stamps
from .series import missing

WINDOWS = (1.0, 10.0, 60.0)  # s, in which requests are counted
MOST_WINDOWS = 2**23  # of one length that are counted, 97 days of seconds: 64 MB an array
# steps of the stamps below which a window's count is that of the steps, not of the requests, unless
# it holds a whole number of them
TOLD = 10.0
FEWEST = (
    10  # windows, or steps of the stamps with requests: two for each of the jackknife's five blocks
)
SHORTEST = 600  # s of a trace: ten windows of the longest counting interval
QUANTILES = (0.5, 0.9, 0.99)
# 5 % point of √n × Kolmogorov's distance with both parameters estimated (Lilliefors 1967, Dallal
# and Wilkinson 1986)
LILLIEFORS = 0.886
# relative distance of a lognormal's 99th percentile from the measured one up to which it is said to
# fit
TAIL = 0.1


@dataclass(frozen=True)
class Lognormal:
    """A lognormal fitted by maximum likelihood to lengths above 0. distance: Kolmogorov's. limit:
    its 5 % point for independent lengths.
    """

    mean_log: float
    sd_log: float
    distance: float
    limit: float

    def quantile(self, share: float) -> float:
        """Quantile [token]."""
        return float(np.exp(self.mean_log + self.sd_log * ndtri(share)))


def lognormal(lengths: np.ndarray) -> Lognormal:
    """Fit to the lengths above 0, (n,) [token]. Lengths are whole numbers: the distance is taken
    between steps, at half a token above each.
    """
    values = lengths[lengths > 0]
    logs = np.log(values)
    mean, sd = float(logs.mean()), float(logs.std())
    distinct, counts = np.unique(values, return_counts=True)
    model = ndtr((np.log(distinct + 0.5) - mean) / sd)
    distance = float(np.abs(np.cumsum(counts) / len(values) - model).max())
    return Lognormal(mean, sd, distance, LILLIEFORS / float(np.sqrt(len(values))))


def _blurred(trace: RequestTrace, width: float) -> str:
    """Why counts in windows of this length are those of the stamps; empty where they are not."""
    steps = width / trace.lattice if trace.lattice else np.inf
    if steps >= TOLD or (steps >= 1.0 and abs(steps - round(steps)) < 1e-9):
        return ""
    return (
        f"time stamps have steps of {trace.lattice:.4g} s: counts in {width:g} s are those of the "
        f"steps"
    )


def _windows(seconds: np.ndarray, span: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Counts in the full windows, and the position of each."""
    n = int(span / width + 1e-9)
    counts = np.bincount((seconds // width).astype(int), minlength=n)[:n]
    return counts, np.arange(n) / n


def _cv(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / values.mean())


def _quantile(values: np.ndarray, share: float, place: np.ndarray) -> Jackknifed:
    """A quantile with Woodruff's (1952) interval: that of the share below it, carried back; a
    jackknife of the quantile itself stops at ties.
    """
    value = float(np.quantile(values, share))
    below = (values < value) + 0.5 * (values == value)
    found = jackknife(lambda kept: below[kept].mean(), place, scale=logit, back=expit)
    low, high = (
        float(np.quantile(values, np.clip(share + end - found.value, 0.0, 1.0)))
        for end in (found.low, found.high)
    )
    error = found.error * (high - low) / (found.high - found.low) if found.high > found.low else 0.0
    return replace(found, value=value, error=error, low=low, high=high)


def arrivals(trace: RequestTrace) -> tuple[list[Estimate], list[str]]:
    """Rate, overdispersion of counts, coefficient of variation of inter-arrival times; and which
    errors are too small. Where the stamps are coarse, all of them are of whole steps of these.
    """
    seconds, span, shortest = trace.seconds, float(trace.seconds[-1]), WINDOWS[0]
    cells = stamps.cells(trace) if trace.coarse else None
    if cells is not None:
        if len(cells.requests) < FEWEST:
            why = (
                f"time stamps have steps of {trace.lattice:.4g} s, of which {len(cells.requests)} "
                f"are whole and hold requests: at least {FEWEST} are needed"
            )
            names = ("demand.request_rate", "req/s"), ("capacity.arrival_cv", "1")
            return [missing(*name, why) for name in names], []
        seconds, span, shortest = cells.seconds, cells.span, max(shortest, trace.lattice)
    shortest = next((w for w in (shortest, *WINDOWS[1:]) if span / w <= MOST_WINDOWS), WINDOWS[-1])
    counts, place = _windows(seconds, span, shortest)
    rate = jackknife(lambda kept: counts[kept].mean() / shortest, place)
    # the value itself counts the last, incomplete second too; steps are complete
    exact = len(seconds) / span if trace.coarse else (len(seconds) - 1) / span
    scale = exact / rate.value
    whole = replace(
        rate,
        value=exact,
        error=rate.error * scale,
        low=rate.low * scale,
        high=rate.high * scale,
    )
    out = [jackknifed("demand.request_rate", "req/s", whole)]
    found = {"request rate": rate}
    for width in WINDOWS:
        if span / width > MOST_WINDOWS:
            continue
        counts, place = _windows(seconds, span, width)
        if len(counts) < FEWEST:
            continue
        name = f"overdispersion of counts in {width:g} s"
        found[name] = jackknife(lambda kept, c=counts: c[kept].var(ddof=1) / c[kept].mean(), place)
        out.append(jackknifed(name, "1", found[name], _blurred(trace, width)))
    cv, notes, error = _variation(trace, cells)
    if error is not None:
        found["inter-arrival times"] = error
    return [*out, cv], notes + _dependent(found, span)


def _variation(
    trace: RequestTrace, cells: stamps.StampCells | None
) -> tuple[Estimate, list[str], Jackknifed | None]:
    """Coefficient of variation of inter-arrival times, what a user must know of it, and its error.
    cells: of coarse stamps.
    """
    name, unit = "capacity.arrival_cv", "1"
    if cells is None:
        gaps, place = np.diff(trace.seconds), trace.seconds[:-1] / trace.seconds[-1]
        found = jackknife(lambda kept: _cv(gaps[kept]), place)
        return jackknifed(name, unit, found), [], found
    reading = stamps.variation(cells)
    if reading.problem:
        return missing(name, unit, reading.problem), [], None
    found = jackknife(
        lambda kept: stamps.variation(cells, kept, reading.how).value,
        cells.place,
    )
    # what the steps hide is no error of sampling: the interval holds both
    held = replace(found, low=min(found.low, reading.low), high=max(found.high, reading.high))
    return (
        jackknifed(name, unit, held),
        [stamps.explained(reading, trace.lattice)],
        found,
    )


def lengths(trace: RequestTrace) -> tuple[list[Estimate], list[str], pd.DataFrame]:
    """Means, quantiles and correlation of prompt and output lengths, with lognormal fits; and which
    errors are too small.
    """
    place = np.arange(len(trace.seconds)) / len(trace.seconds)
    out, found, rows = [], {}, []
    for kind, name, values in (
        ("prompt", "demand.prompt_tokens", trace.prompt),
        ("output", "demand.output_tokens", trace.output),
    ):
        found[f"mean {kind}"] = jackknife(lambda kept, v=values: v[kept].mean(), place)
        out.append(jackknifed(name, "token", found[f"mean {kind}"]))
        fit = lognormal(values)
        for share in QUANTILES:
            label = f"{kind} tokens, p{100 * share:g}"
            one = _quantile(values, share, place)
            found[label] = one
            out.append(jackknifed(label, "token", one))
        tail = fit.quantile(QUANTILES[-1]) / np.quantile(values, QUANTILES[-1])
        verdict = (
            "fits"
            if fit.distance < fit.limit
            else f"rejected at 5 %; its p99 is {tail:.2f} of the measured one"
        )
        quantiles = [
            cell for q in QUANTILES for cell in (float(np.quantile(values, q)), fit.quantile(q))
        ]
        rows.append([kind, fit.mean_log, fit.sd_log, *quantiles, fit.distance, fit.limit, verdict])
        cv = jackknife(lambda kept, v=values: _cv(v[kept]), place)
        out.append(jackknifed(f"{kind} tokens, coefficient of variation", "1", cv))
    both = jackknife(
        lambda kept: np.corrcoef(trace.prompt[kept], trace.output[kept])[0, 1],
        place,
        scale=np.arctanh,
        back=np.tanh,
    )
    out.append(jackknifed("correlation of prompt and output", "1", both))
    out.append(service(trace, place))
    names = [
        "length",
        "mean of log",
        "sd of log",
        *(f"{what}p{100 * q:g}" for q in QUANTILES for what in ("", "lognormal ")),
    ]
    return (
        out,
        _dependent(found, trace.seconds[-1]),
        pd.DataFrame(rows, columns=[*names, "distance", "5 % limit", "lognormal"]),
    )


def service(trace: RequestTrace, place: np.ndarray) -> Estimate:
    """Coefficient of variation of service times, by the baseline's time to the first token and per
    token.

    The model takes service times to be lognormal: where that, at this coefficient, misses the
    trace's 99th percentile, one number cannot stand for both, and the overlay leaves the parameter
    alone.
    """
    capacity = resolve("baseline").values.capacity
    times = capacity.time_to_first_token + capacity.time_per_token * trace.output
    found = jackknife(lambda kept: _cv(times[kept]), place)
    spread = np.log1p(found.value**2)
    model = (
        Lognormal(
            float(np.log(times.mean()) - spread / 2.0), float(np.sqrt(spread)), 0.0, 0.0
        ).quantile(0.99)
        / times.mean()
    )
    told = float(np.quantile(times, 0.99) / times.mean())
    problem = (
        f"the model's lognormal at this value has its p99 at {model:.2f} times the mean, the trace "
        f"at {told:.2f}: one value cannot give both"
    )
    return jackknifed(
        "capacity.service_cv", "1", found, problem if abs(model / told - 1.0) > TAIL else ""
    )


def _dependent(found: dict[str, Jackknifed], span: float) -> list[str]:
    names = [name for name, one in found.items() if one.dependent and np.isfinite(one.error)]
    blocks = {found[name].blocks for name in names}
    return (
        [
            (
                f"errors too small, since blocks of {span / max(blocks):.0f} s are still alike: "
                f"{', '.join(names)}"
            )
        ]
        if names
        else []
    )


TRUTH = {
    "demand.request_rate": 3.0,
    "demand.prompt_tokens": 1000.0,
    "demand.output_tokens": 200.0,
    "prompt tokens, p50": 1000.0 / np.sqrt(2.0),
    "output tokens, p99": 200.0 * np.exp(2.3263 * np.sqrt(np.log(1.64)) - np.log(1.64) / 2.0),
    "output tokens, coefficient of variation": 0.8,
}
BUSY, BUSY_TIME, ALIKE = (
    0.5,
    60.0,
    0.1,
    # deviation of the log rate, time in which it is forgotten [s], share of a length's variance
    # that is slow
)


def simulate_trace(seed: int, seconds: int) -> RequestTrace:
    """Requests of a Poisson process whose log rate wanders, with lognormal lengths (coefficients of
    variation 1 and 0.8), neighbours alike.
    """
    draw = np.random.Generator(np.random.Philox(seed))

    def wander(n: int, kept: float) -> np.ndarray:
        shocks = draw.standard_normal(n)
        shocks[1:] *= np.sqrt(1.0 - kept * kept)
        return lfilter([1.0], [1.0, -kept], shocks)

    log_rate = BUSY * wander(seconds, float(np.exp(-1.0 / BUSY_TIME))) - BUSY**2 / 2.0
    counts = draw.poisson(TRUTH["demand.request_rate"] * np.exp(log_rate))
    times = np.sort(np.repeat(np.arange(seconds), counts) + draw.random(counts.sum()))
    lengths = []
    for name, cv in (
        ("demand.prompt_tokens", 1.0),
        ("demand.output_tokens", TRUTH["output tokens, coefficient of variation"]),
    ):
        spread = np.log1p(cv * cv)
        z = np.sqrt(ALIKE) * wander(len(times), 0.99) + np.sqrt(1.0 - ALIKE) * draw.standard_normal(
            len(times)
        )
        lengths.append(
            np.maximum(np.round(TRUTH[name] * np.exp(np.sqrt(spread) * z - spread / 2.0)), 1.0)
        )
    return RequestTrace(times - times[0], *lengths, "", "", f"seed {seed}")


def _replicate(seed: int, count: int) -> Sequence[Estimate]:
    trace = simulate_trace(seed, count)
    return *arrivals(trace)[0], *lengths(trace)[0]


RECOVERY = RecoveryCase(
    TRUTH,
    3600,
    SHORTEST,
    (
        "trace: an hour at 3 req/s whose log rate wanders by 0.5 within a minute, lognormal "
        "lengths that are alike"
    ),
    _replicate,
)
