"""Time and memory of reading a million rows, by kind of file, each in a process of its own.

    python tests/benchmarks/histories.py            # prints a table in Markdown; half a minute
    python tests/benchmarks/histories.py 100000     # of another number of rows

The goal is 3 s and 500 MB for rates and prices. Seconds are of the processor, so that what else
runs does not count. Peak memory is that of the whole process, with NumPy and Arrow loaded (some 100
MB).
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROWS = 1_000_000
START = np.datetime64("2024-01-01T00:00:00", "s")
KINDS = (
    "prices by minute",
    "rate by seconds",
    "rate by ISO times with zone",
    "trace",
    "trace in JSON lines",
)
MEBI = 1024.0  # of the kibibytes in which Linux tells peak memory


def lines(kind: str, rows: int) -> Iterator[str]:
    """A file of that kind."""
    draw = np.random.default_rng(0)
    sizes = draw.integers(1, 5000, rows)
    if kind == "prices by minute":
        yield "timestamp,open,high,low,close,volume"
        prices = np.exp(np.cumsum(draw.normal(0.0, 1e-3, rows)))
        stamps = START.astype(int) + 60 * np.arange(rows)
        yield from (
            f"{stamp},{price:.6f},{price * 1.001:.6f},{price / 1.001:.6f},{price:.6f},5"
            for stamp, price in zip(stamps, prices, strict=True)
        )
    elif kind == "rate by seconds":
        yield "t_s,req_per_s"
        yield from (f"{i},{size / 100}" for i, size in enumerate(sizes))
    elif kind == "rate by ISO times with zone":
        yield "date,req_per_s"
        yield from (
            f"{time}+02:00,{size / 100}"
            for time, size in zip((START + np.arange(rows)).astype(str), sizes, strict=True)
        )
    elif kind == "trace":
        yield "TIMESTAMP,ContextTokens,GeneratedTokens"
        times = (START + np.cumsum(draw.exponential(1e6, rows)).astype("timedelta64[us]")).astype(
            str
        )
        yield from (
            f"{time}0,{size},{size // 7 + 1}" for time, size in zip(times, sizes, strict=True)
        )
    else:
        stamps = np.cumsum(draw.exponential(1e3, rows)).astype(int)
        for stamp, size in zip(stamps, sizes, strict=True):
            yield (
                f'{{"timestamp": {stamp}, "input_length": {size}, "output_length": '
                f'{size // 7 + 1}, "hash_ids": [0, {size}]}}'
            )


def read(kind: str, file: str) -> None:
    """Read it, and print the seconds of processor and the peak memory of this process [MB]."""
    from tokenomics.histories.demand import read_demand
    from tokenomics.histories.prices import read_prices

    began = time.process_time()
    if kind == "prices by minute":
        read_prices(file, choices={"daily": "close"})
    else:
        read_demand(file)
    print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBI)


def main(rows: int) -> None:
    """The table."""
    print(f"| {rows:,} rows | file [MB] | processor [s] | peak memory [MB] |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            file = Path(folder) / "rows"
            file.write_text("\n".join(lines(kind, rows)) + "\n", encoding="utf-8")
            told = subprocess.run(
                [sys.executable, __file__, "--read", kind, str(file)],
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, peak = map(float, told.stdout.split())
            print(
                f"| {kind} | {file.stat().st_size / 1e6:.0f} | {seconds:.2f} | {peak:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
