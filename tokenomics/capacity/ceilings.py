"""The two ceilings of a device, measured: how fast it copies and how fast it multiplies."""

from __future__ import annotations

from typing import Any

import numpy as np

from .shapes import BYTES

COPY_BYTES = {"gpu": 2**30, "cpu": 2**28}  # far beyond any cache
PRODUCT = {"gpu": 8192, "cpu": 2048}  # rows and columns of the square product that sets the rate
REPEATS = 50


def copy_bandwidth(ops: Any, seconds: float) -> float:
    """Bytes read and written by a copy [byte/s]: the best of the repeats, as in STREAM."""
    count = COPY_BYTES[ops.figure_of] // BYTES[ops.precision]
    # not zeros: pages that were never written are one page of zeros, which stays in the cache
    source, target = ops.array((count,), 1.0, np.random.default_rng(0)), ops.empty((count,))

    def copy() -> None:
        target[...] = source

    copy()
    return float(2 * COPY_BYTES[ops.figure_of] / min(ops.timed(copy, REPEATS, seconds)))


def product_rate(ops: Any, seconds: float) -> float:
    """Operations of a large matrix product [FLOP/s]: the best of the repeats."""
    n, rng = PRODUCT[ops.figure_of], np.random.default_rng(0)
    a, b, out = ops.array((n, n), 1.0, rng), ops.array((n, n), n**-0.5, rng), ops.empty((n, n))
    ops.linear(a, b, out)
    return float(2.0 * n**3 / min(ops.timed(lambda: ops.linear(a, b, out), REPEATS, seconds)))


def ceilings(ops: Any, seconds: float) -> tuple[float, float]:
    """Copy bandwidth [byte/s] and rate of a large matrix product [FLOP/s]."""
    return copy_bandwidth(ops, seconds), product_rate(ops, seconds)
