"""Recovery of the simulated method of moments: model histories at known values, fitted as a token's
would be.

All replications share the points of the search for starts. Each has its own weight, from runs at
its own first estimate, as in a single fit; no parameter is held.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...parameters import place, resolve
from ...parameters.checking import unit_of
from ...results.intervals import Z
from ..estimates import Estimate
from ..recovery import Progress, RecoveryCase
from .calibrate import FIT, LEAST_DAYS, LOOSE, Simulations, model_of, ranges
from .simulated_moments import covariance, descend, nearest

# near the estimates from Render's first two thirds (params/calibrated/render.yaml)
TRUTH = {"news.volatility": 0.0365, "news.jump_volatility": 0.145, "speculation.noise": 0.246}
RUNS = 50  # simulated histories a point: adds a hundredth to standard errors
WEIGHT_RUNS = 200
OTHER = 2_000_003  # added to the seed for the histories that are fitted


def batch(
    seeds: Sequence[int], count: int, workers: int, progress: Progress | None
) -> list[tuple[Estimate, ...] | None]:
    """Estimates of each replication. seeds: consecutive; the first one seeds everything."""
    settings, done = Simulations(runs=RUNS, seed=seeds[0], workers=workers), 0
    resolved = resolve("baseline", policy="none")
    space, truth = ranges(resolved, FIT), np.log([TRUTH[path] for path in FIT])
    total = settings.design * settings.design_runs + len(seeds) * (
        1 + WEIGHT_RUNS + 12 * RUNS * (2 * len(FIT) + 3)
    )

    def tick(runs: int, days: int) -> None:
        nonlocal done
        done += runs
        if progress:
            progress(min(done, total), total)

    histories = model_of(resolved, space, count, len(seeds), settings, tick, OTHER).each(
        truth[None]
    )[0]
    good = np.flatnonzero(np.isfinite(histories).all(axis=1))
    targets = histories[good]
    rough, fine = (
        model_of(resolved, space, count, runs, settings, tick)
        for runs in (settings.design_runs, settings.runs)
    )
    own = space.clip(np.log([resolved.entries[path].value for path in FIT]))
    points = np.vstack([own, space.spread(settings.design, settings.seed)])
    first = fine.weight(own[None])[0]
    x, _ = descend(
        fine,
        targets,
        nearest(targets, points, rough.mean(points), first, 1)[:, 0],
        first,
        iterations=6,
    )
    weights = model_of(resolved, space, count, WEIGHT_RUNS, settings, tick).weight(x)
    x, _ = descend(fine, targets, x, weights, iterations=6)
    spread = covariance(fine.slopes(x), weights, RUNS)
    found: list[tuple[Estimate, ...] | None] = [None] * len(seeds)
    for row, replication in enumerate(good):
        bound, estimates = space.at_bound(x[row]), []
        for i, path in enumerate(FIT):
            value, error = float(np.exp(x[row, i])), float(np.sqrt(spread[row, i, i]))
            problem = "on a bound" if bound[i] else "a wide interval" if error > LOOSE else ""
            low, high = value * np.exp(-Z * error), value * np.exp(Z * error)
            estimates.append(
                Estimate(
                    path,
                    unit_of(place(path).field),
                    value,
                    value * error,
                    float(low),
                    float(high),
                    problem,
                )
            )
        found[replication] = tuple(estimates)
    return found


RECOVERY = RecoveryCase(
    TRUTH,
    count=987,
    fewest=LEAST_DAYS,
    what="simulated method of moments at Render's values, daily returns",
    batch=batch,
)
