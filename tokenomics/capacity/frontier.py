"""The latency-throughput frontier: what a card delivers against the latency that it is allowed, and
its goodput at limits.

The frontier is computed at some batch sizes and interpolated monotonically between them (Fritsch
and Carlson 1980, PCHIP), so that a tighter limit never gives more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..errors import InputError
from .reach import Request
from .roofline import Roofline

POINTS = 64  # batch sizes between one request and a full memory
CLOSE = 1e-9  # relative; points closer than this are one point to the interpolation


NAMES = {"time_per_token": "TPOT", "time_to_first_token": "TTFT"}
NAMES |= {f"{name}_p99": f"p99 {words}" for name, words in NAMES.items()}
# s; assumption: a limit beyond is one in milliseconds. The loosest of MLPerf Inference v5.0 are 0.2
# s a token (Llama 2 70B) and 6 s to the first one (Llama 3.1 405B)
ODD = {"time_per_token": 1.0, "time_to_first_token": 60.0}
ODD |= {f"{name}_p99": limit for name, limit in ODD.items()}


@dataclass(frozen=True)
class LatencyLimits:
    """Longest times that are allowed [s]: mean and 99th percentile of TPOT and of TTFT."""

    time_per_token: float = np.inf
    time_to_first_token: float = np.inf
    time_per_token_p99: float = np.inf
    time_to_first_token_p99: float = np.inf

    def __str__(self) -> str:
        found = {words: getattr(self, name) for name, words in NAMES.items()}
        said = [f"{words} {limit:g} s" for words, limit in found.items() if np.isfinite(limit)]
        return " and ".join(said) or "no limits"

    def doubts(self) -> list[str]:
        """Limits that look like milliseconds, in words, and what they would be then."""
        given = {name: getattr(self, name) for name in NAMES}
        return [
            f"a {NAMES[name]} limit of {limit:g} s; did you mean {limit:g} ms, {limit / 1e3:g}?"
            for name, limit in given.items()
            if ODD[name] < limit < np.inf
        ]


@dataclass(frozen=True, eq=False)
class Frontier:
    """Batch sizes, tokens/s of one card, TPOT and TTFT [s], means and 99th percentiles, all rising
    together.
    """

    work: Request
    batch: np.ndarray
    output_rate: np.ndarray
    time_per_token: np.ndarray
    time_to_first_token: np.ndarray
    time_per_token_p99: np.ndarray
    time_to_first_token_p99: np.ndarray

    def batch_within(self, limits: LatencyLimits) -> float:
        """The largest batch that holds all limits. Raises InputError where one request alone
        breaks one.
        """
        return min(
            self._within(getattr(self, name), getattr(limits, name), words)
            for name, words in NAMES.items()
        )

    def goodput(self, limits: LatencyLimits) -> float:
        """Output tokens a second and card when the limits hold."""
        batch = self.batch_within(limits)
        return float(PchipInterpolator(self.batch, self.output_rate)(batch))

    def _within(self, values: np.ndarray, limit: float, name: str) -> float:
        if values[0] > limit:
            raise InputError(
                f"{limit:g} s",
                key=name,
                expected=f"at least {values[0]:.3g} s, that of one request alone",
            )
        if values[-1] <= limit:
            return float(self.batch[-1])
        rises = np.concatenate(
            [[True], np.diff(np.maximum.accumulate(values)) > CLOSE * values[-1]]
        )
        return float(PchipInterpolator(values[rises], self.batch[rises])(limit))


def frontier(card: Roofline, work: Request) -> Frontier:
    """The frontier of a model on a card for a workload, up to a full memory."""
    most = max(1.0, card.memory_batch(work.context))
    batch = np.unique(np.geomspace(1.0, most, POINTS))
    columns = (card.output_rate, *(getattr(card, name) for name in NAMES))
    # a percentile of few requests can lie above that of more: a server can always take fewer
    rising = (np.maximum.accumulate(column(batch, work)) for column in columns)
    return Frontier(work, batch, *rising)
