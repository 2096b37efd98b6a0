"""Shocks of one path at several steps: drawn at a fine step and put together, so that what differs
between two steps is the model's and not chance's.

A normal of a long step is the sum of those of its parts, weighed as the process weighs them; a
count is the sum of counts, and its uniform one that gives it.
"""

from unittest.mock import patch

import numpy as np
from scipy import stats

from tokenomics.experiments import evaluate
from tokenomics.model.formulas.fleet_luck import memory
from tokenomics.model.formulas.numerics import poisson
from tokenomics.model.shocks import ShockTable, sample
from tokenomics.parameters import put

FINE = 1.0 / 16.0  # days
COUNTS = ("news_jump_uniform", "region_uniform")


def _parts(series, factor):
    steps, runs = series.shape
    return series.reshape(steps // factor, factor, runs)


def _relaxing(parts, rate):
    """Normals of a process that forgets at a rate a day, exact for any step."""
    factor = parts.shape[1]
    age = np.arange(factor)[::-1, None] * FINE
    weights = np.exp(-rate * age)
    return (weights * parts).sum(axis=1) / np.sqrt((weights**2).sum())


def _counted(parts, mean):
    """Sums of counts, and uniforms that give them in one long step. mean: of a count a day."""
    counts = poisson(mean * FINE, parts)
    total = counts.sum(axis=1)
    long = mean * FINE * parts.shape[1]
    low, high = stats.poisson.cdf(total - 1, long), stats.poisson.cdf(total, long)
    return counts, total, 0.5 * (low + high)


def together(table, parameters):
    """A table of steps of `FINE` days as one of the parameters' step."""
    factor = round(parameters.simulation.time_step / FINE)
    if factor == 1:
        return table
    parts = {name: _parts(series, factor) for name, series in table.values.items()}
    found = {name: p.sum(axis=1) / np.sqrt(factor) for name, p in parts.items()}
    found["demand_noise"] = _relaxing(parts["demand_noise"], parameters.demand.reversion)
    tiers = parameters.reliability.tiers
    found["fleet_noise"] = _relaxing(parts["fleet_noise"], 1.0 / memory(tiers))
    found["oracle_noise"] = parts["oracle_noise"][:, -1]
    rel = parameters.reliability
    means = (parameters.news.jump_rate, rel.regions * rel.region_outage_rate)
    for name, mean in zip(COUNTS, means, strict=True):
        counts, total, found[name] = _counted(parts[name], mean)
        if name == "news_jump_uniform":
            sizes = (np.sqrt(counts) * parts["news_jump_normal"]).sum(axis=1)
            found["news_jump_normal"] = np.where(
                total > 0, sizes / np.sqrt(np.maximum(total, 1)), found["news_jump_normal"]
            )
    return ShockTable(found)


def _sample(parameters, runs, seed, extra=()):
    fine = put(parameters, {"simulation.time_step": FINE})
    return together(sample(fine, runs, seed, extra), parameters)


def metrics_at(resolved, step, runs, names, seed=1):
    """Metrics (runs,) by name at a step of so many days, on coupled shocks and without a warm-up,
    whose shocks are others.
    """
    sets = {"simulation.time_step": step, "simulation.warm_up": 0.0}
    with patch.object(evaluate, "sample", _sample):
        found = evaluate.evaluate(
            resolved.replace(sets, source="step"),
            (),
            [[]],
            runs=np.arange(runs),
            seed=seed,
            metrics=list(names),
        )
    return {name: found.values[name][0] for name in names}
