"""One point of a serving benchmark, whichever tool wrote it, and what its numbers must hold for
their units to be right.

Benchmarks of LLM serving report the same quantities under many names and in several units. A reader
of a format makes `Served` of each of its points, in s and token/s of all GPUs together, and keeps
the file's own key of each number for messages. `check` then refuses what cannot be:

- a mean below a hundredth of its 99th percentile: at least a hundredth of all times are as long as
  it, and none is negative (Markov's inequality), so that one of the two is in another unit;
- a mean above ten times its 99th percentile, and times that no server reaches (TIMES);
- a throughput that Little's law contradicts: the requests that arrive a second, times the time that
  each stays, TTFT + (o − 1)·TPOT for an answer of o tokens, are the requests in flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..errors import InputError, printable

# assumption: the slowest hundredth of the requests takes less than nine tenths of all time
MOST_ABOVE = 10.0
# s; assumptions: a first token crosses a network and a model in a millisecond at best, nothing
# generates 10,000 token/s for one request, and nobody waits an hour or ten seconds a token
TIMES = {"ttft": (1e-3, 3600.0), "tpot": (1e-4, 10.0)}
# of requests in flight by Little's law over those that the benchmark kept there. Below 1: the run's
# begin and end, and lengths that are the longest ones (0.77 to 0.91 in the 1,622 rows of
# InferenceMAX). Above 1: the mean of a product is not the product of the means
IN_FLIGHT = (0.25, 1.5)
NAMES = {"ttft": "TTFT", "tpot": "TPOT"}


@dataclass(frozen=True)
class Origin:
    """Where a point stands. sha256: of the file. version: of the tool, "" where the file does not
    say. date: ISO, "" likewise. line: of the file; place: in words, where lines say nothing.
    """

    file: str
    sha256: str
    tool: str
    version: str = ""
    date: str = ""
    line: int | None = None
    place: str = ""

    def error(self, found: str, key: str, expected: str) -> InputError:
        """An error that names the file, the place in it and the key."""
        key = printable(f"{self.place}, {key}" if self.place else key)
        return InputError(found, file=self.file, line=self.line, key=key, expected=expected)


@dataclass(frozen=True)
class Served:
    """A point. output_rate: generated tokens a second, of all GPUs, or of one where `per_gpu`.

    times: mean and p99 of TTFT and TPOT [s], as "ttft_mean" and so on; empty where the format has
    throughput alone. concurrency: requests in flight, None where the server was flooded. counted:
    whether that is the limit that the benchmark kept full, or the mean over the run. prompt,
    output: mean tokens of a request. failed: share of the requests. speculative: several tokens may
    come of one step. keys: the file's names of the numbers.
    """

    origin: Origin
    output_rate: float
    per_gpu: bool = False
    times: Mapping[str, float] = field(default_factory=dict)
    concurrency: float | None = None
    counted: Literal["limit", "mean", "flooded"] = "limit"
    prompt: float | None = None
    output: float | None = None
    gpu: str | None = None
    gpus: int | None = None
    model: str | None = None
    framework: str | None = None
    precision: str | None = None
    parallelism: str = ""
    variant: str = ""
    run: str | None = None
    speculative: bool = False
    failed: float = 0.0
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def total_rate(self) -> float:
        """Generated tokens a second of all GPUs."""
        return self.output_rate * (self.gpus if self.per_gpu else 1)

    @property
    def rate_of_one(self) -> float:
        """Generated tokens a second and GPU."""
        return self.total_rate / self.gpus

    def above_tail(self, name: str) -> float:
        """The mean of one of `NAMES` over its 99th percentile."""
        return self.times[f"{name}_mean"] / self.times[f"{name}_p99"]


def stay(times: Mapping[str, float], output: float) -> float:
    """How long a request of `output` tokens stays on average [s]."""
    return times["ttft_mean"] + max(output - 1.0, 0.0) * times["tpot_mean"]


def told(value: float) -> str:
    """A number for a message, with its thousands apart."""
    return f"{value:,.0f}" if value >= 1000.0 else f"{value:.4g}"


def check(found: Served) -> None:
    """Refuse a point whose numbers contradict one another. Needs its GPUs and its lengths. Raises
    InputError that names the file and the key.
    """
    for name in NAMES if found.times else ():
        _check_times(found, name)
    if not found.times or found.concurrency is None:
        return
    flying = found.total_rate / found.output * stay(found.times, found.output)
    low, high = (share * found.concurrency for share in IN_FLIGHT)
    if low <= flying <= high:
        return
    took = (
        f"{found.total_rate:,.6g} token/s on {found.gpus} GPUs, TTFT "
        f"{found.times['ttft_mean']:.3g} s, TPOT {found.times['tpot_mean']:.3g} s and "
        f"{found.output:.0f} output tokens keep {told(flying)} requests in flight"
    )
    expected = (
        f"{told(low)} to {told(high)} at a concurrency of {told(found.concurrency)}: is "
        "the throughput of output tokens alone, the number of GPUs right, each time in its unit?"
    )
    raise found.origin.error(took, found.keys["output_rate"], expected)


def _check_times(found: Served, name: str) -> None:
    mean, tail = found.times[f"{name}_mean"], found.times[f"{name}_p99"]
    key, other = found.keys[f"{name}_mean"], found.keys[f"{name}_p99"]
    if not tail / 100.0 <= mean <= MOST_ABOVE * tail:
        raise found.origin.error(
            f"a mean {NAMES[name]} of {mean:.4g} s beside a 99th percentile of {tail:.4g} s "
            f"({other})",
            key,
            f"{tail / 100.0:.4g} to {MOST_ABOVE * tail:.4g} s: one of the two is in another unit",
        )
    low, high = TIMES[name]
    if not low <= mean <= high:
        raise found.origin.error(
            f"a mean {NAMES[name]} of {mean:.4g} s as the format's unit has it",
            key,
            f"{low:g} to {high:g} s: is it in ms or s?",
        )
