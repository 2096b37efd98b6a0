"""Recorded demand: a request rate in windows of one width, or a trace of single requests.

Which it is, and which column is what, is told by the header. A rate has a column of times and one
of rates or counts; of a trace, see `request_trace`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, counted, nearest
from ..model.formulas.numerics import SECONDS_PER_DAY
from ..shown import Shown
from .layouts import told
from .measures import read_measures
from .moments import UNIX, bare, label, read_moments, turned
from .reader import read_table
from .request_trace import FEW, OUTPUT, PROMPT, TRACE_WINDOW, RequestTrace, read_trace
from .table import Table
from .times import NS

# Names by what they hold; capitals, spaces, underscores and points do not matter.
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
LAYOUTS = (
    "a rate (t_s,req_per_s or date,req_per_s) or a trace (TIMESTAMP,ContextTokens,GeneratedTokens, "
    "BurstGPT's, Mooncake's or Vidur's columns)"
)
FAILED = ("drop", "keep")
Told = str | Sequence[str] | Mapping[str, str] | None  # columns by what they hold
# relative difference of all requests by a rate and by counts beside it; assumption: what rounding
# of a rate does stays within
APART = 0.05
# A last window is said to be unfinished where it has less than half of what 95 % of the others
# have; assumption, for nothing is done to it.
UNFINISHED, LOWEST = 0.5, 0.05
# relative difference of steps between rows below which they are one width: times are written with
# six digits or more
ALIKE = 1e-6


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
        return read_trace(table, prompt, output, given, date_format, decimal, failed)
    return _rate(table, given.get("rate"), given.get("date"), date_format, decimal)


def as_series(demand: str | Path | DemandSeries) -> DemandSeries:
    """A series as it is, or what `read_demand` makes of a file."""
    return demand if isinstance(demand, DemandSeries) else read_demand(demand)


def mean_rate(series: DemandSeries) -> float:
    """Mean request rate of the series [req/s]."""
    return float(np.mean(series.rate))


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
        said.append(turned(times.ns))
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
