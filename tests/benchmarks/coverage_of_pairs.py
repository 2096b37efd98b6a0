"""How often the interval of a paired difference of probabilities holds the true one.

    python tests/benchmarks/coverage_of_pairs.py

It prints the table and puts it into COVERAGE.md. Fixed seeds; a minute.
"""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np

from tokenomics.results.intervals import Pairs

SHARES = (0.0, 0.005, 0.05, 0.5)
RUNS = (200, 1000)
DRAWS = 20_000
HEAD = "\n## Table (`python tests/benchmarks/coverage_of_pairs.py`)\n"


def cells(one: float, two: float, discordance: float) -> np.ndarray:
    """Probabilities of both, the first alone, the second alone and neither. discordance: 0, as few
    pairs differ as can; 1, as many; .5, half-way.
    """
    most, least = min(one, two), max(one + two - 1.0, 0.0)
    both = most + (least - most) * discordance
    return np.clip([both, one - both, two - both, 1.0 - one - two + both], 0.0, 1.0)


def coverage(one: float, two: float, discordance: float, runs: int, draws: int = DRAWS) -> float:
    """Share of draws of so many runs whose interval holds one − two."""
    rng = np.random.default_rng(int(1e6 * (one + 10 * two + 100 * discordance)) + runs)
    found = Counter(map(tuple, rng.multinomial(runs, cells(one, two, discordance), size=draws)))
    held = 0
    for table, times in found.items():
        low, high = Pairs(*map(float, table)).interval()
        held += times * (low - 1e-12 <= one - two <= high + 1e-12)
    return held / draws


def main() -> None:
    """Print the table and put it into the page."""
    lines = [
        "| p₁ | p₂ | runs | few pairs differ | half-way | as many as can |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    worst = 1.0
    for (one, two), runs in itertools.product(
        itertools.combinations_with_replacement(SHARES, 2), RUNS
    ):
        found = [coverage(one, two, discordance, runs) for discordance in (0.0, 0.5, 1.0)]
        worst = min(worst, *found)
        lines.append(f"| {one:g} | {two:g} | {runs} | {' | '.join(f'{x:.4f}' for x in found)} |")
    lines.append(f"\nThe lowest is {worst:.4f}.")
    text = "\n".join(lines)
    print(text)
    page = Path(__file__).with_name("COVERAGE.md")
    head = page.read_text(encoding="utf-8").partition(HEAD)[0]
    page.write_text(f"{head}{HEAD}\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
