"""Recorded input: a request rate, a request trace. What is wrong with a file is named by line."""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import InputError
from .kinetics import SECONDS_PER_DAY
from .shocks import Streams

TRACE_WINDOW = 60.0  # s; a request trace is counted in windows of this length


@dataclass(frozen=True)
class DemandSeries:
    """Request rate [req/s] in windows of `width` seconds; tokens per request where the file tells them."""

    rate: np.ndarray
    width: float
    file: str
    prompt_tokens: float | None = None
    output_tokens: float | None = None

    @property
    def days(self) -> float:
        """Span [days]."""
        return len(self.rate) * self.width / SECONDS_PER_DAY


@dataclass(frozen=True)
class RequestTrace:
    """Requests in order of time. seconds: since the first one; prompt, output: tokens; (n,) each. first, last: their time stamps."""

    seconds: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    first: str
    last: str
    file: str


def csv_rows(path: str | Path, headers: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """Header and numbered rows of a CSV with one of the expected headers. Raises InputError."""
    expected = " or ".join(",".join(h) for h in headers)
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            lines = [(i, row) for i, row in enumerate(csv.reader(stream), start=1) if row]
    except FileNotFoundError:
        raise InputError("no such file", file=path, expected=f"a CSV with the header {expected}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", file=path, expected="a CSV in UTF-8") from None
    if not lines:
        raise InputError("an empty file", file=path, expected=f"the header {expected}")
    header = tuple(cell.strip() for cell in lines[0][1])
    if header not in headers:
        raise InputError(f"the header {','.join(header)[:80]}", file=path, line=1, expected=expected)
    for i, row in lines[1:]:
        if len(row) != len(header):
            raise InputError(f"{len(row)} cells", file=path, line=i, expected=f"{len(header)} cells")
    if len(lines) < 3:
        raise InputError(f"{len(lines) - 1} rows", file=path, expected="at least 2")
    return header, lines[1:]


def csv_number(text: str, path, line: int, column: str, *, positive: bool | None) -> float:
    """A finite number of a cell: above 0, or at least 0 (False), or any (None). Raises InputError."""
    bound = {True: "a number > 0", False: "a number >= 0", None: "a number"}[positive]
    try:
        value = float(text.replace("_", "?"))  # Python would read 1_000 as a number
    except ValueError:
        found = f"the text '{text.strip()[:40]}'" if text.strip() else "an empty cell"
        raise InputError(found, file=path, line=line, key=column, expected=bound) from None
    if not math.isfinite(value):
        raise InputError("NaN" if math.isnan(value) else "an infinite value", file=path, line=line, key=column, expected=bound)
    if positive is not None and (value < 0 or (positive and value == 0)):
        raise InputError(f"{value:g}", file=path, line=line, key=column, expected=bound)
    return value


def csv_date(text: str, path, line: int) -> dt.date:
    """A day of a cell, which may have a time after it. Raises InputError."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text.strip()):
            raise ValueError(text)
        return dt.date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise InputError(
            f"'{text.strip()[:40]}' is not a date", file=path, line=line, key="date", expected="YYYY-MM-DD"
        ) from None


def read_demand(path: str | Path) -> DemandSeries:
    """A request rate, or a request trace counted in windows of 60 s with its mean tokens per request; the files are those of `read_requests`."""
    read = read_requests(path)
    if isinstance(read, DemandSeries):
        return read
    windows = int(read.seconds[-1] // TRACE_WINDOW)
    if windows < 1:
        raise InputError(f"a trace of {read.seconds[-1]:.0f} s", file=path, expected=f"at least {TRACE_WINDOW:.0f} s")
    # the last window is not full and would look like a slump
    counts = np.bincount((read.seconds // TRACE_WINDOW).astype(int))[:windows]
    return DemandSeries(counts / TRACE_WINDOW, TRACE_WINDOW, str(path), float(np.mean(read.prompt)), float(np.mean(read.output)))


def read_requests(path: str | Path) -> DemandSeries | RequestTrace:
    """A request rate (`t_s,req_per_s`, or `date,req_per_s` by day) or a request trace (`TIMESTAMP,ContextTokens,GeneratedTokens`).

    Raises InputError with file and line.
    """
    trace = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
    header, rows = csv_rows(path, [("t_s", "req_per_s"), ("date", "req_per_s"), trace])
    if header == trace:
        return _trace(path, rows)
    if header[0] == "date":
        times = [float(csv_date(cell, path, line).toordinal()) * SECONDS_PER_DAY for line, (cell, _) in rows]
    else:
        times = [csv_number(cell, path, line, "t_s", positive=False) for line, (cell, _) in rows]
    rate = [csv_number(cell, path, line, "req_per_s", positive=False) for line, (_, cell) in rows]
    steps = np.diff(times)
    width = float(np.median(steps))
    for i in np.flatnonzero(steps <= 0)[:1]:
        raise InputError("a time that does not increase", file=path, line=rows[i + 1][0], key=header[0], expected="increasing times")
    for i, step in enumerate(steps):
        line = rows[i + 1][0]
        if abs(step - width) > 1e-6 * width:
            raise InputError(f"a gap: {step:g} s since the row before", file=path, line=line, key=header[0], expected=f"a row every {width:g} s")
    if max(rate) <= 0:
        raise InputError("no request at all", file=path, key="req_per_s", expected="a rate above 0")
    return DemandSeries(np.array(rate), width, str(path))


def _trace(path, rows) -> RequestTrace:
    seconds, prompt, output = [], [], []
    for line, (stamp, context, generated) in rows:
        try:
            # seven fractional digits are one more than Python reads
            seconds.append(dt.datetime.fromisoformat(stamp.strip()[:26]).replace(tzinfo=dt.UTC).timestamp())
        except ValueError:
            raise InputError(f"'{stamp.strip()[:40]}' is not a time", file=path, line=line, key="TIMESTAMP", expected="YYYY-MM-DD HH:MM:SS") from None
        prompt.append(csv_number(context, path, line, "ContextTokens", positive=False))
        output.append(csv_number(generated, path, line, "GeneratedTokens", positive=False))
        if len(seconds) > 1 and seconds[-1] < seconds[-2]:
            raise InputError("a time before the one above it", file=path, line=line, key="TIMESTAMP", expected="increasing times")
    stamps = [row[0].strip()[:19] for _, row in (rows[0], rows[-1])]
    return RequestTrace(np.array(seconds) - seconds[0], np.array(prompt), np.array(output), *stamps, str(path))


def mean_rate(series: DemandSeries) -> float:
    """Mean request rate of the series [req/s]."""
    return float(np.mean(series.rate))


def align(
    series: DemandSeries, *, span_days: float, time_step: float, align: str | None, runs: int, seed: int
) -> np.ndarray:
    """Mean rate in every step, (steps, runs) in req/s.

    A series at least as long as the span is used from its start. A shorter one needs a choice: "repeat" tiles it,
    "bootstrap" draws whole days of it (the whole series where it is shorter than a day) with replacement, per run from the keyed
    generator. Raises InputError that names the choices.
    """
    steps = max(1, round(span_days / time_step))
    short = series.days < span_days * (1.0 - 1e-9)
    if short and align in (None, "start"):
        raise InputError(
            f"the series spans {series.days:.4g} days, the simulation {span_days:g}",
            file=series.file,
            argument="demand_align",
            expected="repeat (tile the series) or bootstrap (draw whole days of it), or a shorter span",
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


def _bootstrap(series: DemandSeries, steps: int, time_step: float, runs: int, seed: int) -> np.ndarray:
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
