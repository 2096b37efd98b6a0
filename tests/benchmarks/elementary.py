"""Errors and times of the elementary functions, beside NumPy's own.

    python tests/benchmarks/elementary.py       # prints a table and puts it into docs/elementary.md

Errors against mpmath, over arguments where a function is hard (`tests/ulps.py`); times of the
compiled loops on arrays of 100,000 ordinary numbers, processor time, the least of many.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
from scipy.special import ndtri

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from tokenomics.elementary import FUNCTIONS  # noqa: E402
from ulps import REGIONS, arguments, errors  # noqa: E402

COUNT = 100_000  # of arguments, at least, and of numbers in an array
TIMES = 200
PAGE = ROOT / "docs" / "elementary.md"
HEAD = "\n## Measured (`python tests/benchmarks/elementary.py`)\n"
POSITIVE = ("log", "log2", "log10", "log1p")


def given(name: str) -> tuple[np.ndarray, ...]:
    """Ordinary numbers that a function takes."""
    draw = np.random.Generator(np.random.Philox(key=1))
    if name == "ndtri":
        return (draw.random(COUNT),)
    if name in POSITIVE:
        return (draw.lognormal(0.0, 2.0, COUNT),)
    if name == "power":
        return draw.lognormal(0.0, 2.0, COUNT), draw.normal(0.0, 3.0, COUNT)
    return (draw.normal(0.0, 3.0, COUNT),)


def nanoseconds(function: Callable, *numbers: np.ndarray) -> float:
    """Processor time of a number."""
    out, least = np.empty(COUNT), float("inf")
    for _ in range(TIMES):
        start = time.thread_time_ns()
        function(*numbers, out=out)
        least = min(least, time.thread_time_ns() - start)
    return least / COUNT


def processor() -> str:
    """Its name, and the widest of NumPy's loops on it."""
    names = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = [line.split(":")[1].strip() for line in names.splitlines() if "model name" in line]
    loops = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return f"{(model or [platform.processor()])[0]} ({', '.join(loops)})"


def main() -> None:
    rows = []
    for name, function in FUNCTIONS.items():
        hard = arguments(name, -(-COUNT // len(REGIONS[name])))
        found = errors(name, hard)
        worst = ", ".join(f"{x[found.argmax()]:.17g}" for x in hard)
        numbers = given(name)
        own, other = (nanoseconds(f, *numbers) for f in (function, getattr(np, name, ndtri)))
        rows.append(f"| {name} | {found.max():.3f} | {worst} | {own:.2f} | {other:.2f} |")
        print(rows[-1], flush=True)
    text = "\n".join(
        (
            "",
            f"{processor()}, NumPy {np.__version__}, for `ndtri` SciPy {scipy.__version__}; "
            f"{COUNT:,} arguments of each function.",
            "",
            "| function | worst error, ulp | at | ns a number | NumPy's own |",
            "|---|---:|---|---:|---:|",
            *rows,
            "",
        )
    )
    print(text)
    PAGE.write_text(PAGE.read_text(encoding="utf-8").split(HEAD)[0] + HEAD + text, encoding="utf-8")


if __name__ == "__main__":
    main()
