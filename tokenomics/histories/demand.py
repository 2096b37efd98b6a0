"""Recorded demand: a request rate in windows of one width, or a trace of single requests.

Which it is, and which column is what, is told by the header. A rate has a column of times and one
of rates or counts. A trace has one of times, one of prompt lengths and one of output lengths:
Azure's (2023, 2024), BurstGPT's, Mooncake's, Vidur's and others that use their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, counted, nearest
from ..model.formulas.numerics import SECONDS_PER_DAY
from ..shown import Shown
from .layouts import told
from .measures import read_measures
from .moments import UNIX, TimeStamps, bare, label, read_moments
from .reader import read_table
from .table import Table, simple
from .times import NS

# Names by what they hold; capitals, spaces, underscores and points do not matter.
PROMPT = (
    "ContextTokens",
    "Request tokens",
    "input_length",
    "num_prefill_tokens",
    "prompt_tokens",
    "input_tokens",
    "prompt_length",
    "prompt_len",
)
OUTPUT = (
    "GeneratedTokens",
    "Response tokens",
    "output_length",
    "num_decode_tokens",
    "completion_tokens",
    "output_tokens",
    "output_len",
)
RATE = (
    "req_per_s",
    "requests_per_s",
    "requests_per_second",
    "req/s",
    "requests/s",
    "rps",
    "qps",
    "rate",
    "request_rate",
)
COUNT = ("requests", "request_count", "n_requests", "num_requests", "count")
# The unit of bare numbers where the layout fixes it and the name of their column does not, by that
# of the prompt lengths, and of the output lengths where another column is named for the prompt's:
# BurstGPT counts seconds from the start of the collection, Mooncake whole milliseconds from the
# first request, Vidur seconds.
UNITS = {"requesttokens": "s", "inputlength": "ms", "numprefilltokens": "s"}
UNITS |= {"responsetokens": "s", "outputlength": "ms", "numdecodetokens": "s"}
# others have `input_length` too: without this column only whole numbers are Mooncake's milliseconds
MOONCAKE = "hash_ids"
LAYOUTS = (
    "a rate (t_s,req_per_s or date,req_per_s) or a trace (TIMESTAMP,ContextTokens,GeneratedTokens, "
    "BurstGPT's, Mooncake's or Vidur's columns)"
)
FAILED = ("drop", "keep")
Told = str | Sequence[str] | Mapping[str, str] | None  # columns by what they hold
TRACE_WINDOW = 60.0  # s; a request trace is counted in windows of this length
# of a request; assumption: a hundred times the longest context that a model takes (10^7 tokens,
# Llama 4 Scout)
MOST_TOKENS = 1e9
# of a minute are ten years; assumption: no trace is longer (the longest public ones span four
# months), and it takes 42 MB
MOST_WINDOWS = 5_260_000
# share of requests beyond which those with time and lengths of another are said; assumption
MOST_ALIKE = 0.01
# relative difference of all requests by a rate and by counts beside it; assumption: what rounding
# of a rate does stays within
APART = 0.05
# A last window is said to be unfinished where it has less than half of what 95 % of the others
# have; assumption, for nothing is done to it.
UNFINISHED, LOWEST = 0.5, 0.05
MOST_ADDED = 0.1  # share of the gaps' variance that may be rounding's: 5 % of their deviation
FEW = 10  # windows, or different requests, from which these checks are made
# share of a trace's span without any request above which its rate is that of no time at all
HOLE = 0.5
LEAST_HOLE = SECONDS_PER_DAY  # s; a pause shorter than that may be a night
# relative difference of steps between rows below which they are one width: times are written with
# six digits or more
ALIKE = 1e-6
# Stamps that many requests share, more than MANY times what the clock's own step explains, are an
# inexact lattice (3000, 5999, 9000 ms) where the instants keep a distance: the 5 % closest ones are
# at least half as far apart as the median. Of requests that truly come together the instants are as
# irregular as any others.
TIES, MANY, CLOSEST, REGULAR = 0.05, 4.0, 0.05, 0.5


@dataclass(frozen=True, eq=False, repr=False)
class DemandSeries(Shown):
    """A request rate, as `read_demand` returns it.

    Attributes
    ----------
    rate : numpy.ndarray
        In each window, of shape (n,) [req/s].
    width : float
        Of a window [s].
    file : str
        Where it comes from.
    prompt_tokens, output_tokens : float, optional
        Mean of a request, where the file tells them [token].
    start : numpy.datetime64, optional
        Of the first window, where the file tells it.
    said : tuple of str
        What was taken for what and done to rows, a line each.
    """

    rate: np.ndarray
    width: float
    file: str
    prompt_tokens: float | None = None
    output_tokens: float | None = None
    start: np.datetime64 | None = None
    said: tuple[str, ...] = ()

    def _essentials(self) -> dict[str, Any]:
        told = {
            "file": self.file,
            "windows": f"{len(self.rate):,} of {self.width:g} s",
            "mean": f"{self.rate.mean():.5g} req/s",
        }
        if self.prompt_tokens is None or self.output_tokens is None:
            return told
        prompt, output = self.prompt_tokens, self.output_tokens
        return told | {"tokens of a request": f"{prompt:.5g} in, {output:.5g} out"}

    def time(self, seconds: float) -> str:
        """A time of the series, for a reader.

        Parameters
        ----------
        seconds : float
            Since the start of its first window [s].

        Returns
        -------
        str
            A date where the file tells dates.
        """
        return (
            f"{seconds:,.0f} s"
            if self.start is None
            else label(self.start + np.timedelta64(round(seconds * NS), "ns"))
        )

    @property
    def days(self) -> float:
        """Span [days]."""
        return len(self.rate) * self.width / SECONDS_PER_DAY


@dataclass(frozen=True, eq=False)
class RequestTrace:
    """Requests in order of time. seconds: since the first one; prompt, output: tokens; (n,) each.
    first, last: their time stamps.

    lattice: distance of the instants that the stamps can have [s]: what happens within it is not
    told. start: the first one's instant, where the file tells it. said: what was taken for what,
    and what was done to rows, a line each.
    """

    seconds: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    first: str
    last: str
    file: str
    lattice: float = 0.0
    start: np.datetime64 | None = None
    said: tuple[str, ...] = ()

    @property
    def coarse(self) -> bool:
        """Whether the lattice hides the gaps between requests. Rounding adds lattice²/6 to their
        variance: at half a mean gap, 4 % of a Poisson's. Regular gaps are hidden by less.
        """
        gaps = np.diff(self.seconds)
        added = self.lattice**2 / 6.0
        return bool(self.lattice > 0.5 * gaps.mean() or added > MOST_ADDED * gaps.var())


def read_demand(
    path: str | Path,
    *,
    column: Told = None,
    date_format: str | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
    failed: str = "drop",
) -> DemandSeries:
    r"""A request rate, or a request trace counted in windows of 60 s with its mean tokens.

    Parameters
    ----------
    path : str or Path
        A file of rates or of requests.
    column : str, int or mapping, optional
        Where names do not tell, the column of the rate [req/s] by name or number, or {"date": name,
        "prompt": name, "output": name}, also as "date=name".
    date_format : str, optional
        Such as "DD/MM/YYYY", where dates are ambiguous.
    sheet : str, optional
        Of a workbook, or the list of a JSON file.
    decimal : {"point", "comma"}, optional
        Where numbers are ambiguous.
    failed : {"drop", "keep"}
        "drop" leaves out requests without any output token, "keep" counts them.

    Returns
    -------
    DemandSeries
        The rate of each window, of shape (n,) [req/s].

    Raises
    ------
    InputError
        Names file and line; see `histories.demand.read_requests`.

    Examples
    --------
    >>> rows = "".join(f"{3600 * hour},{10 + hour % 5}\n" for hour in range(48))
    >>> _ = Path("rates.csv").write_text("t_s,req_per_s\n" + rows)
    >>> tk.read_demand("rates.csv").days
    2.0
    """
    read = read_requests(
        path, column=column, date_format=date_format, sheet=sheet, decimal=decimal, failed=failed
    )
    if isinstance(read, DemandSeries):
        return read
    windows = int(read.seconds[-1] // TRACE_WINDOW)
    if windows < 1:
        raise InputError(
            f"a trace of {read.seconds[-1]:.0f} s",
            file=path,
            expected=f"at least {TRACE_WINDOW:.0f} s",
        )
    # the last window is not full and would look like a slump
    counts = np.bincount((read.seconds // TRACE_WINDOW).astype(int))[:windows]
    said = (
        *read.said,
        f"counted in {windows:,} windows of {TRACE_WINDOW:g} s, the last, incomplete one left out",
    )
    rate, prompt, output = (
        counts / TRACE_WINDOW,
        float(np.mean(read.prompt)),
        float(np.mean(read.output)),
    )
    return DemandSeries(rate, TRACE_WINDOW, str(path), prompt, output, read.start, said)


def read_requests(
    path: str | Path,
    *,
    column: Told = None,
    date_format: str | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
    failed: str = "drop",
) -> DemandSeries | RequestTrace:
    """A request rate or a request trace, with what was recognised in `said`.

    column: where names do not tell, the column of the rate [req/s] by name or number, or {"date":
    name, "prompt": name, "output": name}, also as "date=name". date_format, sheet, decimal: see
    `parse_times`, `read_table` and `parse_numbers`. failed: "drop" leaves out requests with no
    output token, "keep" counts them. They are dropped by default, for a request that failed is no
    work done, its length is not known, and it comes again where its sender tries again.

    Raises InputError that names file and line: no such columns, a cell that is no number or time, a
    gap or a time twice in a rate, a hole in a trace.
    """
    if failed not in FAILED:
        raise InputError(
            f"'{failed}'",
            argument="failed",
            expected=" or ".join(FAILED),
            nearest=nearest(failed, FAILED),
        )
    table = read_table(path, sheet=sheet, prefer=("requests", "data"))
    if len(table) < 2:
        raise InputError(counted(len(table), "row"), file=path, expected="at least 2")
    given = {
        role: table.column(name)
        for role, name in told(column, ("rate", "prompt", "output")).items()
    }
    prompt = [given["prompt"]] if "prompt" in given else table.find(*PROMPT)
    output = [given["output"]] if "output" in given else table.find(*OUTPUT)
    if "rate" not in given and (prompt or output):
        places = _one(table, prompt, "prompt", PROMPT), _one(table, output, "output", OUTPUT)
        telling = places if "prompt" in given else places[:1]
        unit = next(
            (UNITS[name] for i in telling if (name := simple(table.header[i])) in UNITS), None
        )
        return _trace(table, *places, unit, given.get("date"), date_format, decimal, failed)
    return _rate(table, given.get("rate"), given.get("date"), date_format, decimal)


def as_series(demand: str | Path | DemandSeries) -> DemandSeries:
    """A series as it is, or what `read_demand` makes of a file."""
    return demand if isinstance(demand, DemandSeries) else read_demand(demand)


def mean_rate(series: DemandSeries) -> float:
    """Mean request rate of the series [req/s]."""
    return float(np.mean(series.rate))


def _one(table: Table, found: list[int], what: str, names: tuple[str, ...]) -> int:
    if len(found) == 1:
        return found[0]
    said = " and ".join(f"'{table.name(i)}'" for i in found) if found else "no such column"
    raise InputError(
        said,
        file=table.file,
        key=f"{what} tokens",
        expected=f"one of {', '.join(names)}, or `column` {what}=NAME",
    )


def _rate(
    table: Table, value: int | None, time: int | None, date_format: str | None, decimal: str | None
) -> DemandSeries:
    counts, unit, beside = False, None, []
    if _of_servegen(table):
        value, time = 1 if value is None else value, 0 if time is None else time
        unit = "s" if time == 0 else None
    elif value is None:
        found = table.find(*RATE)
        counts = not found and len(table.find(*COUNT)) == 1
        found = table.find(*COUNT) if counts else found
        if len(found) != 1:
            said = (
                f"{len(found)} columns of rates: {', '.join(table.name(i) for i in found)}"
                if found
                else f"the columns {table.named()}"
            )
            line = int(table.lines[0]) - 1 if table.unit == "line" and not found else None
            raise InputError(
                said,
                file=table.file,
                line=line or None,
                expected=f"{LAYOUTS}; or `column` NAME of the rate in req/s",
            )
        value, beside = found[0], [] if counts else table.find(*COUNT)
    times = read_moments(table, time, {value}, date_format, unit, decimal)
    rate = read_measures(table, value, decimal=decimal)
    said = [f"{times.said}; request rate: column '{table.name(value)}'"]
    order = np.argsort(times.ns, kind="stable")
    if (np.diff(times.ns) < 0).any():
        said.append(_turned(times.ns))
    steps = np.diff(times.ns[order])
    width = float(np.median(steps))
    for i in np.flatnonzero(steps <= 0)[:1]:
        rows = sorted((order[i], order[i + 1]))
        raise table.error(
            f"{times.label(rows[1])} again, after line {table.lines[rows[0]]}",
            row=rows[1],
            key=times.name,
            expected="each time once",
        )
    gaps = np.flatnonzero(np.abs(steps - width) > ALIKE * width)
    if len(gaps):
        before, row = order[gaps[0]], order[gaps[0] + 1]
        more = f"; {len(gaps)} such places in all" if len(gaps) > 1 else ""
        missing = steps[gaps[0]] / width - 1.0
        what = (
            f"a gap: {missing:.0f} rows missing"
            if missing > 0.5 and abs(missing - round(missing)) < 1e-3
            else "another width"
        )
        found = (
            f"{what}: {steps[gaps[0]] / 1e9:g} s from {times.label(before)} to "
            f"{times.label(row)}{more}"
        )
        raise table.error(
            found, row=row, key=times.name, expected=f"a row every {width / 1e9:g} s, as most are"
        )
    rate, width = rate[order], width / 1e9
    for i in beside:
        _agree(table, value, i, float(rate.sum()) * width, decimal)
    if counts:
        rate = rate / width
        said[0] += f", requests in each window, over its {width:g} s"
    said.append(f"{len(rate):,} windows of {width:g} s")
    if len(rate) >= FEW and rate[-1] < UNFINISHED * (
        usual := float(np.quantile(rate[:-1], LOWEST))
    ):
        least = f"{(1.0 - LOWEST):.0%} of the others have {usual:.4g} or more"
        said.append(
            f"the last window has {rate[-1]:.4g} req/s, {least}: it is kept, and may be unfinished"
        )
    if rate.max() <= 0:
        raise InputError(
            "no request at all", file=table.file, key=table.name(value), expected="a rate above 0"
        )
    return DemandSeries(
        rate, width, table.file, start=times.instant(order[0]), said=(*table.notes, *said)
    )


def _of_servegen(table: Table) -> bool:
    """Whether the rows are a client's as ServeGen ships them: second, req/s, coefficient of
    variation, law, two parameters. Bars have a date.
    """
    second = bare(table.cell(0, 0))
    return not any(table.header) and len(table.header) == 6 and second is not None and second < UNIX


def _agree(table: Table, rate: int, count: int, requests: float, decimal: str | None) -> None:
    """Refuse a column of rates that are not those of the requests beside it: they may be of a
    minute.
    """
    try:
        counted = float(read_measures(table, count, decimal=decimal).sum())
    except InputError:
        return  # it is not used, and need not be numbers
    if abs(requests - counted) > APART * max(counted, requests):
        found = (
            f"columns '{table.name(rate)}' and '{table.name(count)}' disagree: {requests:.4g} "
            f"requests in all by the one, {counted:.4g} by the other"
        )
        raise InputError(
            found,
            file=table.file,
            key=table.name(rate),
            expected=f"a rate in req/s, or `column` {table.name(rate)} where it is one",
        )


def _turned(ns: np.ndarray) -> str:
    steps = np.diff(ns)
    if (steps <= 0).all():
        return "newest row first: turned"
    return f"sorted by time: {counted(int((steps < 0).sum()), 'row')} came after a later one"


def _trace(
    table: Table,
    prompt: int,
    output: int,
    unit: str | None,
    time: int | None,
    date_format: str | None,
    decimal: str | None,
    failed: str,
) -> RequestTrace:
    times = read_moments(
        table,
        time,
        {prompt, output},
        date_format,
        unit,
        decimal,
        whole=unit == "ms" and not table.find(MOONCAKE),
    )
    lengths = [read_measures(table, i, decimal=decimal, most=MOST_TOKENS) for i in (prompt, output)]
    said = [
        (
            f"{times.said}; prompt tokens: column '{table.name(prompt)}'; output tokens: column "
            f"'{table.name(output)}'"
        ),
        *_twice(table, times, lengths),
    ]
    ns = times.ns
    if (np.diff(ns) < 0).any():
        said.append(_turned(ns))
        order = np.argsort(ns, kind="stable")
        ns, lengths, lines = ns[order], [one[order] for one in lengths], table.lines[order]
        times = replace(times, ns=ns)
    else:
        lines = table.lines
    empty = lengths[1] == 0
    if empty.any():
        count, share = int(empty.sum()), 100.0 * empty.mean()
        what = f"{count:,} requests ({share:.2g} %) have no output token and are taken as failed"
        if failed == "drop":
            if count == len(ns):
                expected = "lengths above 0 (or `failed` keep)"
                raise InputError(
                    "no request has an output token",
                    file=table.file,
                    key=table.name(output),
                    expected=expected,
                )
            kept = ~empty
            means = float(lengths[1].mean()), float(lengths[1][kept].mean())
            said.append(
                f"{what}: left out of rate and lengths, mean output {means[1]:.4g} in place of "
                f"{means[0]:.4g}; choose to keep them otherwise"
            )
            ns, lengths, lines, times = (
                ns[kept],
                [one[kept] for one in lengths],
                lines[kept],
                replace(times, ns=ns[kept]),
            )
        else:
            said.append(f"{what}: kept in rate and lengths, as chosen")
    _bounded(table, times, lines)
    seconds = (ns - ns[0]) / 1e9
    lattice, alike = _lattice(ns)
    trace = RequestTrace(
        seconds,
        *lengths,
        times.label(0),
        times.label(len(ns) - 1),
        table.file,
        lattice,
        times.instant(0),
    )
    if len(ns) > 1 and trace.coarse:
        shared = (
            f", and {100 * alike:.0f} % of requests have that of the request before"
            if alike
            else ""
        )
        said.append(
            f"time stamps have steps of {lattice:.4g} s{shared}: gaps within a step are not told"
        )
    return replace(trace, said=(*table.notes, *said))


def _twice(table: Table, times: TimeStamps, lengths: list[np.ndarray]) -> list[str]:
    """Refuse a trace in which every request stands twice; say where many are alike in time and
    lengths, as copies are.
    """
    if (np.diff(np.sort(times.ns)) > 0).all():
        return []
    order = np.lexsort((lengths[1], lengths[0], times.ns))
    rows = np.column_stack([one[order] for one in (times.ns, *lengths)])
    alike = (np.diff(rows, axis=0) == 0).all(axis=1)
    ends = np.flatnonzero(np.append(~alike, True)) + 1
    if not (ends % 2).any() and len(np.unique(rows[:, 1:], axis=0)) >= FEW and _pairs(table, order):
        first, then = sorted(table.lines[order[:2]])
        found = (
            f"every request stands twice: {table.unit} {then} is {table.unit} {first} again, and "
            f"so are all {len(rows):,} rows in pairs"
        )
        raise InputError(found, file=table.file, expected="each request once")
    share = float(alike.sum()) / len(rows)
    return (
        [
            (
                f"{alike.sum():,} requests ({share:.1%}) have time and lengths of another: kept, "
                f"and may be copies"
            )
        ]
        if share > MOST_ALIKE
        else []
    )


def _pairs(table: Table, order: np.ndarray) -> bool:
    """Whether all cells of the rows are the same in pairs. order: that puts the two of a pair side
    by side.
    """
    one, two = (table.take(order[begin::2]) for begin in (0, 1))
    return all(a.equals(b) for a, b in zip(one.columns, two.columns, strict=True))


def _bounded(table: Table, times: TimeStamps, lines: np.ndarray) -> None:
    """Refuse a trace with a row far from all others, and one that is too long to be counted."""
    ns = times.ns
    span = (ns[-1] - ns[0]) / 1e9
    if len(ns) < 2 or span <= LEAST_HOLE:
        return
    steps = np.diff(ns)
    i = int(np.argmax(steps))
    hole = steps[i] / 1e9
    far = i + 1 if i + 1 > len(ns) // 2 else i  # the row at the lesser side
    line = int(lines[far]) if table.unit == "line" else None
    if hole > max(HOLE * span, LEAST_HOLE):
        days, whole = hole / SECONDS_PER_DAY, span / SECONDS_PER_DAY
        found = (
            f"{times.label(far)} is far from all others: no request for {days:,.1f} days, of "
            f"{whole:,.1f} in all"
        )
        raise InputError(
            found,
            file=table.file,
            line=line,
            key=times.name,
            expected="a trace without a hole of half its span",
        )
    if span / TRACE_WINDOW > MOST_WINDOWS:
        found = (
            f"{span / SECONDS_PER_DAY:,.0f} days from {times.label(0)} to "
            f"{times.label(len(ns) - 1)}"
        )
        expected = (
            f"at most {MOST_WINDOWS * TRACE_WINDOW / SECONDS_PER_DAY:,.0f} days, in windows of "
            f"{TRACE_WINDOW:g} s"
        )
        raise InputError(found, file=table.file, line=line, key=times.name, expected=expected)


def _lattice(ns: np.ndarray) -> tuple[float, float]:
    """Distance of possible stamps [s], and the share of requests that have the stamp of the one
    before.
    """
    steps = np.diff(ns)
    apart = steps[steps > 0]
    if not len(apart):
        return 0.0, 1.0
    exact, alike = float(np.gcd.reduce(apart)), float(np.mean(steps == 0))
    middle = float(np.median(apart))
    explained = exact * len(ns) / float(ns[-1] - ns[0])
    if alike > max(TIES, MANY * explained) and np.quantile(apart, CLOSEST) >= REGULAR * middle:
        return middle / 1e9, alike
    return exact / 1e9, alike
