"""Merton's fit at other values than Render's, and the likelihood ratio where there are no jumps:
python tests/benchmarks/merton.py [replications].
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from tokenomics.calibration.prices import merton
from tokenomics.calibration.prices.jump_mixture import Jumps, simulate
from tokenomics.results.markdown import markdown_table

TOKENS = {
    "rare large jumps": Jumps(0.001, 0.03, 0.02, -0.03, 0.15),
    "monthly jumps": Jumps(0.001, 0.03, 0.08, 0.0, 0.09),
    "more than one a day": Jumps(0.001, 0.03, 1.2, 0.0, 0.05),
}
DAYS = (365, 1481)


def estimate(name, days, seed):
    """Whether jumps are found, and the estimates."""
    found = merton.fit(simulate(TOKENS[name], days, np.random.default_rng(seed)))
    return found.jumps, merton.estimates(found)


def ratio(days, seed):
    """Likelihood ratio against no jumps of normal returns."""
    return merton.fit(
        0.05 * np.random.default_rng(10**6 + seed).standard_normal(days)
    ).likelihood_ratio


def regimes(pool, replications):
    """Coverage and bias among the replications that are not flagged, one row a token and length."""
    rows = []
    for name, truth in TOKENS.items():
        for days in DAYS:
            found = list(pool.map(partial(estimate, name, days), range(replications), chunksize=5))
            kept = [e for seen, e in found if seen and not e[1].problem]
            row = {
                "token": name,
                "days": days,
                "jumps found": np.mean([seen for seen, _ in found]),
                "found and not flagged": len(kept) / replications,
            }
            for k, parameter in enumerate(merton.NAMES[1:], start=1):
                values = np.array([e[k].value for e in kept])
                held = np.mean([e[k].low <= truth[k] <= e[k].high for e in kept])
                row[parameter.removeprefix("news.")] = (
                    f"{held:.3f} ({(values.mean() - truth[k]) / values.std(ddof=1):+.2f})"
                )
            rows.append(row)
    return pd.DataFrame(rows)


def without_jumps(pool, replications):
    """Quantiles of the likelihood ratio, one row a length."""
    rows = []
    for days in DAYS:
        found = np.array(list(pool.map(partial(ratio, days), range(replications), chunksize=5)))
        quantiles = {f"{100 * q:g} %": np.quantile(found, q) for q in (0.5, 0.9, 0.95, 0.99)}
        rows.append(
            {
                "days": days,
                **quantiles,
                "largest": found.max(),
                "jumps found": np.mean(found > merton.NO_JUMPS_LR),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with ProcessPoolExecutor(2) as workers:
        print(
            markdown_table(regimes(workers, count)),
            "\n",
            markdown_table(without_jumps(workers, count)),
            sep="\n",
        )
