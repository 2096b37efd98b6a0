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
from .roofline import Request, Roofline

POINTS = 64  # batch sizes between one request and a full memory
CLOSE = 1e-9  # relative; points closer than this are one point to the interpolation


@dataclass(frozen=True, eq=False)
class Frontier:
    """Batch sizes, tokens/s of one card, TPOT and TTFT [s], all rising together."""

    work: Request
    batch: np.ndarray
    output_rate: np.ndarray
    time_per_token: np.ndarray
    time_to_first_token: np.ndarray

    def batch_within(
        self, time_per_token: float = np.inf, time_to_first_token: float = np.inf
    ) -> float:
        """The largest batch that holds both limits. Raises InputError where one request alone
        breaks one.
        """
        limits = (
            (self.time_per_token, time_per_token, "TPOT"),
            (self.time_to_first_token, time_to_first_token, "TTFT"),
        )
        return min(self._within(values, limit, name) for values, limit, name in limits)

    def goodput(self, time_per_token: float = np.inf, time_to_first_token: float = np.inf) -> float:
        """Output tokens a second and card when the limits hold on average."""
        batch = self.batch_within(time_per_token, time_to_first_token)
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
    columns = (card.output_rate, card.time_per_token, card.time_to_first_token)
    return Frontier(work, batch, *(np.asarray(column(batch, work)) for column in columns))
