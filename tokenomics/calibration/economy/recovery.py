"""Recovery of the simulated method of moments: model histories at known values, fitted as a token's
would be.

All replications share the Sobol points of the global stage. Each has its own weight, from its own
days, as in a single fit; no parameter is held.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...experiments.run import run
from ...parameters import place, resolve
from ...parameters.checking import unit_of
from ...results.intervals import Z
from ..estimates import Estimate
from ..recovery import Progress, RecoveryCase
from .calibrate import FIT
from .fit import SEED_TEST, Simulations, model_of
from .moments import BURN_IN, measured
from .report import LOOSE
from .search import descend, nearest
from .simulated_moments import covariance
from .space import ranges
from .subject import LEAST_DAYS
from .weight import weight_of

# near the estimates from Render's first two thirds with volatility the same in all years
TRUTH = {"news.volatility": 0.0365, "news.jump_volatility": 0.145, "speculation.noise": 0.246}
RUNS = 50  # simulated histories a point: adds a hundredth to standard errors
OTHER = 2_000_003  # added to the seed for the histories that are fitted


def histories(replications: int, days: int, seed: int) -> np.ndarray:
    """Closes of the model at the truth, (replications, days + 1), of runs that did not fail."""
    made = run(
        "baseline",
        policy="none",
        sets=TRUTH,
        runs=replications,
        seed=seed,
        days=BURN_IN + days,
        engine="ensemble",
    )
    closes = made.trajectories.values["token_price"][:, BURN_IN:]
    return closes[np.isfinite(closes).all(axis=1)]


def batch(
    seeds: Sequence[int], count: int, workers: int, progress: Progress | None
) -> list[tuple[Estimate, ...] | None]:
    """Estimates of each replication. seeds: consecutive; the first one seeds everything."""
    settings, done = Simulations(runs=RUNS, seed=seeds[0], workers=workers), 0
    resolved = resolve("baseline", policy="none")
    space = ranges(resolved, FIT)
    total = RUNS * (settings.design + len(seeds) * 6 * (2 * len(FIT) + 3))

    def tick(runs: int, days: int) -> None:
        nonlocal done
        done += runs
        if progress:
            progress(min(done, total), total)

    closes = histories(len(seeds), count, seeds[0] + OTHER)
    targets = np.stack([measured(one) for one in closes])
    weights = np.stack([weight_of(one) for one in closes])
    fine = model_of(resolved, space, count, RUNS, settings, tick)
    points = space.spread(settings.design, settings.seed)
    starts = nearest(targets, points, fine.mean(points), weights, 1)[:, 0]
    x, _ = descend(fine, targets, starts, weights)
    truth = np.log([TRUTH[path] for path in FIT])
    vary = np.cov(
        model_of(resolved, space, count, 200, settings, tick, SEED_TEST).each(truth[None])[0].T
    )
    spread = covariance(fine.slopes(x), weights, vary, RUNS)
    found: list[tuple[Estimate, ...] | None] = [None] * (len(seeds) - len(closes))
    for row in range(len(closes)):
        bound, estimates = space.at_bound(x[row]), []
        for i, path in enumerate(FIT):
            value, error = float(np.exp(x[row, i])), float(np.sqrt(spread[row, i, i]))
            problem = "on a bound" if bound[i] else "a wide interval" if error > LOOSE else ""
            low, high = value * np.exp(-Z * error), value * np.exp(Z * error)
            unit = unit_of(place(path).field)
            estimates.append(
                Estimate(path, unit, value, value * error, float(low), float(high), problem)
            )
        found.append(tuple(estimates))
    return found


RECOVERY = RecoveryCase(
    TRUTH,
    count=987,
    fewest=LEAST_DAYS,
    what="simulated method of moments at Render's values, daily returns",
    batch=batch,
)
