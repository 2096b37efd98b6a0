"""A trace of single requests, told by its columns: times, prompt lengths and output lengths, as
Azure (2023, 2024), BurstGPT, Mooncake, Vidur and others that use their names have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..model.formulas.numerics import SECONDS_PER_DAY
from .measures import read_measures
from .moments import TimeStamps, read_moments, turned
from .table import Table, simple

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
# The unit of bare numbers where the layout fixes it and the name of their column does not, by that
# of the prompt lengths, and of the output lengths where another column is named for the prompt's:
# BurstGPT counts seconds from the start of the collection, Mooncake whole milliseconds from the
# first request, Vidur seconds.
UNITS = {"requesttokens": "s", "inputlength": "ms", "numprefilltokens": "s"}
UNITS |= {"responsetokens": "s", "outputlength": "ms", "numdecodetokens": "s"}
# others have `input_length` too: without this column only whole numbers are Mooncake's milliseconds
MOONCAKE = "hash_ids"
TRACE_WINDOW = 60.0  # s; a request trace is counted in windows of this length
# of a request; assumption: a hundred times the longest context that a model takes (10^7 tokens,
# Llama 4 Scout)
MOST_TOKENS = 1e9
# of a minute are ten years; assumption: no trace is longer (the longest public ones span four
# months), and it takes 42 MB
MOST_WINDOWS = 5_260_000
# share of requests beyond which those with time and lengths of another are said; assumption
MOST_ALIKE = 0.01
MOST_ADDED = 0.1  # share of the gaps' variance that may be rounding's: 5 % of their deviation
FEW = 10  # windows, or different requests, from which these checks are made
# share of a trace's span without any request above which its rate is that of no time at all
HOLE = 0.5
LEAST_HOLE = SECONDS_PER_DAY  # s; a pause shorter than that may be a night
# Stamps that many requests share, more than MANY times what the clock's own step explains, are an
# inexact lattice (3000, 5999, 9000 ms) where the instants keep a distance: the 5 % closest ones are
# at least half as far apart as the median. Of requests that truly come together the instants are as
# irregular as any others.
TIES, MANY, CLOSEST, REGULAR = 0.05, 4.0, 0.05, 0.5


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


def read_trace(
    table: Table,
    prompts: list[int],
    outputs: list[int],
    given: Mapping[str, int],
    date_format: str | None,
    decimal: str | None,
    failed: str,
) -> RequestTrace:
    """The requests of a table.

    prompts, outputs: the columns that could be of their lengths. given: columns that are chosen, by
    what they hold. failed: "drop" leaves out requests with no output token, "keep" counts them.
    """
    prompt, output = _one(table, prompts, "prompt", PROMPT), _one(table, outputs, "output", OUTPUT)
    telling = (prompt, output) if "prompt" in given else (prompt,)
    unit = next((UNITS[name] for i in telling if (name := simple(table.header[i])) in UNITS), None)
    times = read_moments(
        table,
        given.get("date"),
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
        said.append(turned(ns))
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
