"""Recorded input: a price history, a token's daily activity, a request rate, a request trace. What is wrong with a file is named by line."""

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
class PriceHistory:
    """Daily closes [USD/TOK] without a gap. dates and values: (n,)."""

    dates: tuple[dt.date, ...]
    values: np.ndarray
    file: str


@dataclass(frozen=True)
class Activity:
    """A token's days without a gap. values: price [USD/TOK], volume [TOK/day], fees [USD/day], burned [TOK/day], (days,) each."""

    dates: tuple[dt.date, ...]
    values: dict[str, np.ndarray]
    file: str


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


def as_date(value: str | dt.date | None, argument: str) -> dt.date | None:
    """A date given as one or as text; None stays. argument: its name, for the message."""
    if value is None or isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise InputError(f"'{value[:40]}' is not a date", argument=argument, expected="YYYY-MM-DD") from None


def _dates(path, rows) -> list[dt.date]:
    """Dates of the first column, which must increase."""
    dates: list[dt.date] = []
    for line, (cell, *_) in rows:
        dates.append(csv_date(cell, path, line))
        if len(dates) > 1 and dates[-1] <= dates[-2]:
            word = "twice" if dates[-1] == dates[-2] else f"after {dates[-2]}"
            raise InputError(f"{dates[-1]} {word}", file=path, line=line, key="date", expected="increasing dates")
    return dates


def _gapless(path, rows, dates: Sequence[dt.date], first: dt.date, last: dt.date, expected: str) -> list[int]:
    """Places of the rows from `first` to `last`, one a day."""
    day = dt.timedelta(days=1)
    chosen, previous = [i for i, date in enumerate(dates) if first <= date <= last], first - day
    for i in chosen:
        if dates[i] - previous != day:
            raise InputError(f"a gap: {previous + day} is missing", file=path, line=rows[i][0], key="date", expected=expected)
        previous = dates[i]
    if previous != last:
        raise InputError(f"a gap: {previous + day} is missing", file=path, line=rows[-1][0], key="date", expected=expected)
    return chosen


def read_prices(
    path: str | Path,
    start: dt.date | None = None,
    days: float | None = None,
    end: dt.date | None = None,
    options: str = "`start` and `days`",
) -> PriceHistory:
    """Daily closes of a CSV `date,value`, from `start` over `days` or up to `end` (to the end of the file where neither is given).

    options: the options that choose the window, for messages. Only the window used has to be free of gaps.
    Raises InputError that names file and line.
    """
    _, rows = csv_rows(path, [("date", "value")])
    dates, values = _dates(path, rows), [csv_number(value, path, line, "value", positive=True) for line, (_, value) in rows]
    first = start or dates[0]
    if not dates[0] <= first <= dates[-1]:
        raise InputError(f"{first} is outside of the history", file=path, argument="start", expected=f"{dates[0]} to {dates[-1]}")
    if end is not None and not first < end <= dates[-1]:
        raise InputError(f"{end} is outside of the history", file=path, argument="end", expected=f"a date after {first}, at most {dates[-1]}")
    last = end or (dates[-1] if days is None else first + dt.timedelta(days=math.ceil(days)))
    if last > dates[-1]:
        left = (dates[-1] - first).days
        raise InputError(f"{days:g} days from {first}", file=path, argument="days", expected=f"at most {left}: the history ends on {dates[-1]}")
    chosen = _gapless(path, rows, dates, first, last, f"one close a day (choose a window without the gap by {options})")
    if len(chosen) < 2:
        raise InputError("a history of one day", file=path, expected="at least two days")
    return PriceHistory(tuple(dates[i] for i in chosen), np.array([values[i] for i in chosen]), str(path))


def read_activity(path: str | Path, before: int, days: int, start: dt.date | None = None, end: dt.date | None = None) -> Activity:
    """A CSV `date,price,volume,fees,burned` [USD/TOK, TOK/day, USD/day, TOK/day]: a window and the `before` days ahead of it.

    start, end: first and last day of the window; where one is not given the window has `days` days, where none is it ends with the file. Only the
    days used have to be free of gaps. Raises InputError that names file and line.
    """
    columns = ("price", "volume", "fees", "burned")
    _, rows = csv_rows(path, [("date", *columns)])
    dates, span = _dates(path, rows), dt.timedelta(days=days - 1)
    table = [[csv_number(c, path, line, n, positive=n == "price") for n, c in zip(columns, cells, strict=True)] for line, (_, *cells) in rows]
    last = end or (min(start + span, dates[-1]) if start else dates[-1])
    first = start or last - span
    for name, date in (("start", start), ("end", end)):
        if date is not None and not dates[0] <= date <= dates[-1]:
            raise InputError(f"{date} is outside of the file", file=path, argument=name, expected=f"{dates[0]} to {dates[-1]}")
    if first > last:
        raise InputError(f"{first} is after {last}", file=path, argument="start", expected="a first day before the last")
    begin = first - dt.timedelta(days=before)
    if begin < dates[0]:
        expected = f"{begin} or earlier: {before} days before the window from {first} to {last}"
        raise InputError(f"the first day is {dates[0]}", file=path, line=rows[0][0], key="date", expected=expected)
    chosen = _gapless(path, rows, dates, begin, last, "one row a day (choose days without the gap by `start` and `end`)")
    values = np.array([table[i] for i in chosen])
    return Activity(tuple(dates[i] for i in chosen), dict(zip(columns, values.T, strict=True)), str(path))


def price_path(history: PriceHistory, time_step: float) -> np.ndarray:
    """Prices at every step [USD/TOK]; between closes the log price is interpolated."""
    days = np.arange(len(history.values))
    times = np.arange(round((len(history.values) - 1) / time_step) + 1) * time_step
    path = np.exp(np.interp(times, days, np.log(history.values)))
    closes = np.isclose(times, np.round(times))
    path[closes] = history.values[np.round(times[closes]).astype(int)]
    return path


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
