"""`calibrate economy` over many tokens: the criterion at the estimate, at independent Sobol points
and without a fit; moments in their bands; other seeds; seconds.

    python tests/benchmarks/economy.py FOLDER [--seeds TOKEN ...] [--constant] > table.md

FOLDER holds a file of daily closes for each token, all dates of which are used. The Sobol points
are drawn with another seed than those of the search, and simulated on the histories of the fit.
Nothing of a token's later days is used but in the columns "out".
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tokenomics.calibration.economy.calibrate import FIT, HOLDOUT, calibrate_economy
from tokenomics.calibration.economy.fit import Simulations, model_of
from tokenomics.calibration.economy.identification import Criterion
from tokenomics.calibration.economy.space import own_values, ranges
from tokenomics.calibration.economy.subject import subject_of
from tokenomics.calibration.economy.volatility import Level
from tokenomics.calibration.economy.weight import weight_of
from tokenomics.calibration.estimates import Calibration
from tokenomics.histories.choices import FILLED
from tokenomics.histories.prices import Closes, read_closes
from tokenomics.parameters import resolve
from tokenomics.results.markdown import markdown_table

POINTS = 512
OTHER = 77  # seed of the Sobol points that the fit is held against
VOLATILITY = "annualised volatility"


def level_of(found: Calibration) -> Level:
    """The slow level that a calibration was made with."""
    text = next(note for note in found.notes if note.startswith("volatility that"))
    numbers = re.findall(r"[\d.]+", text)
    return Level(float(numbers[0]), float(numbers[1])) if numbers else Level(0.0, 180.0)


def distances(closes: Closes, found: Calibration, settings: Simulations) -> dict[str, float]:
    """Distance at the estimate, at the best of independent Sobol points and without a fit, on the
    histories of the fit.
    """
    subject, level = subject_of(closes, HOLDOUT), level_of(found)
    resolved = level.into(resolve("baseline", policy="none"))
    space = ranges(resolved, FIT)
    criterion = Criterion(
        model_of(resolved, space, subject.days, settings.runs, settings, lambda runs, days: None),
        subject.target,
        weight_of(subject.fitted, level.spread, level.memory),
    )
    mine = np.log([found.value(path) for path in FIT])
    own, scan = own_values(resolved, space), space.spread(POINTS, OTHER)
    far = criterion.at(np.vstack([mine, own, scan]))
    return {
        "d2 estimate": far[0],
        "d2 best of 512": np.nanmin(far[2:]),
        "d2 baseline": far[1],
    }


def bands(found: Calibration, part: str) -> pd.DataFrame:
    """The table of moments of a part."""
    return next(
        table for title, table in found.tables.items() if title.startswith(f"Moments {part}")
    )


def inside(found: Calibration) -> dict[str, object]:
    """Moments in their bands, and whether the volatility of the later days is."""
    fitted, later = bands(found, "in sample"), bands(found, "out of sample")
    return {
        "in": int((fitted["within 90 %"] == "yes").sum()),
        "out": int((later["within 90 %"] == "yes").sum()),
        "volatility out": later.set_index("moment").loc[VOLATILITY]["within 90 %"],
    }


def row(name: str, closes: Closes, volatility: str, settings: Simulations) -> dict[str, object]:
    """One fit of one token."""
    begun = time.process_time()
    found = calibrate_economy(closes, volatility=volatility, settings=settings)
    seconds = time.process_time() - begun
    outside = bands(found, "out of sample")
    there = outside.set_index("moment").loc[VOLATILITY]
    told = {
        e.name.split(".")[1]: f"{e.value:.4g}{'*' if e.problem else ''}" for e in found.estimates
    }
    return {
        "token": name,
        "days": found.data.count,
        "slow level": f"{level_of(found).spread:g}",
        **told,
        **distances(closes, found, settings),
        **inside(found),
        "its band": f"{there['5 % quantile']:.2f} to {there['95 % quantile']:.2f}",
        "measured": f"{there['real']:.2f}",
        "missed": ", ".join(outside.loc[outside["within 90 %"] == "no", "moment"]),
        "CPU s": seconds,
    }


def seeds_of(name: str, closes: Closes, volatility: str, count: int) -> Iterator[dict[str, object]]:
    """The estimates of some seeds with their standard errors."""
    for seed in range(count):
        settings = Simulations(seed=seed, workers=2)
        found = calibrate_economy(closes, volatility=volatility, settings=settings)
        yield (
            {"token": name, "seed": seed}
            | {
                e.name.split(".")[1]: f"{e.value:.4g} ± {e.error:.2g}{'*' if e.problem else ''}"
                for e in found.estimates
            }
            | {"notes": found.notes[0].split(":")[0]}
            | inside(found)
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", nargs="*", default=[], help="tokens that are fitted five times")
    parser.add_argument("--constant", action="store_true", help="volatility that does not change")
    asked = parser.parse_args()
    volatility = "constant" if asked.constant else "choose"
    closes = {
        file.stem: read_closes(file, {"gaps": "interpolate"}, None, None, FILLED)
        for file in sorted(asked.folder.glob("*.csv"))
    }
    rows = []
    for name, one in closes.items():
        rows.append(row(name, one, volatility, Simulations(workers=2)))
        print("<!--", rows[-1], "-->", flush=True)
    table = pd.DataFrame(rows)
    print(markdown_table(table))
    count = len(table)
    print(
        f"\nIn bands of 90 %: {table['in'].sum()} of {10 * count} moments in sample, "
        f"{table['out'].sum()} of {10 * count} out of sample, volatility "
        f"{(table['volatility out'] == 'yes').sum()} of {count} out of sample.\n"
    )
    if asked.seeds:
        every = [r for name in asked.seeds for r in seeds_of(name, closes[name], volatility, 5)]
        print(markdown_table(pd.DataFrame(every)))


if __name__ == "__main__":
    main()
