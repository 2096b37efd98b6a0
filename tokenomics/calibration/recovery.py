"""Parameter recovery: simulate at known values, estimate, and see whether the estimates and their
intervals find them.

An estimator that cannot recover what was put in says nothing about a token. Bias is given in
standard deviations of the estimate; coverage is the share of the 95 % intervals that hold the
truth, with Wilson's interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context

import numpy as np
import pandas as pd

from ..errors import InputError, TokenomicsError, nearest
from ..inputs import bounds
from ..results.intervals import summarise
from .estimates import Estimate

# module in which each case is declared
HOMES = {
    "merton": "prices.merton",
    "garch": "prices.garch",
    "factor": "prices.factor",
    "demand": "demand.calibrate",
    "trace": "demand.trace",
    "burn": "burn.calibrate",
    "economy": "economy.recovery",
    "bonding": "bonding.calibrate",
}
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RecoveryCase:
    """truth: the values put in, by the names of the estimates. count: observations of a
    replication. fewest: below which the estimator refuses.

    what: of what they are typical. replicate: (seed, count) to estimates; a function of a module,
    since other processes call it. batch: in its place where all replications share work: (seeds,
    count, workers, progress) to the estimates of each.
    """

    truth: Mapping[str, float]
    count: int
    fewest: int
    what: str
    replicate: Callable[[int, int], Sequence[Estimate]] | None = None
    batch: (
        Callable[[Sequence[int], int, int, Progress | None], Sequence[Sequence[Estimate] | None]]
        | None
    ) = None


def case(name: str) -> RecoveryCase:
    """The recovery case of an estimator. Raises InputError for an unknown one."""
    if name not in HOMES:
        raise InputError(
            f"unknown estimator '{name}'",
            key="ESTIMATOR",
            expected="one of " + ", ".join(HOMES),
            nearest=nearest(name, HOMES),
        )
    return import_module(f".{HOMES[name]}", __package__).RECOVERY


def _one(name: str, seed: int, count: int) -> tuple[Estimate, ...] | None:
    try:
        return tuple(case(name).replicate(seed, count))
    except (TokenomicsError, ArithmeticError, np.linalg.LinAlgError):
        return None  # counted as failed


def recover(
    name: str,
    *,
    replications: int = 500,
    count: int | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Recovery table of an estimator, one row a parameter.

    count: observations of each replication, the case's own by default. workers: processes.
    progress: called with replications done and their number. Bias and coverage are those of all
    replications, also of those that the estimator flags as not identified; `flagged` is their
    share. Raises InputError for fewer observations than the estimator takes.
    """
    bounds.check(
        replications=(replications, bounds.REPLICATIONS),
        seed=(seed, bounds.SEED),
        workers=(workers, bounds.WORKERS),
    )
    bounds.optional(count=(count, bounds.OBSERVATIONS))
    bounds.check(seed=(seed + replications - 1, bounds.SEED))
    chosen = case(name)
    length = count or chosen.count
    if length < chosen.fewest:
        raise InputError(
            f"{length}",
            argument="count",
            expected=f"at least {chosen.fewest}: the estimator refuses fewer observations",
        )
    if chosen.batch:
        return recovery_table(
            chosen.truth, chosen.batch(range(seed, seed + replications), length, workers, progress)
        )
    found: list[tuple[Estimate, ...] | None] = [None] * replications
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(_one, name, seed + i, length): i for i in range(replications)}
        for done, job in enumerate(as_completed(jobs), start=1):
            found[jobs[job]] = job.result()
            if progress:
                progress(done, replications)
    return recovery_table(chosen.truth, found)


def recovery_table(
    truth: Mapping[str, float], found: Sequence[Sequence[Estimate] | None]
) -> pd.DataFrame:
    """Bias and coverage of estimates against the truth. found: estimates of each replication, None
    for a failed one.

    An estimate without a value (a jump's size where no jump is seen) is flagged, and counts in
    nothing else.
    """
    good = [{e.name: e for e in estimates} for estimates in found if estimates is not None]
    rows = []
    for name, value in truth.items():
        mine = [
            estimates[name]
            for estimates in good
            if name in estimates and np.isfinite(estimates[name].value)
        ]
        if not mine:
            continue  # not estimated from so few observations
        values = np.array([e.value for e in mine])
        spread = values.std(ddof=1)
        bias = summarise((values - value) / spread)
        held = summarise(
            np.array([float(e.low <= value <= e.high) for e in mine]), probability=True
        )
        rows.append(
            {
                "parameter": name,
                "unit": mine[0].unit,
                "truth": value,
                "mean estimate": values.mean(),
                "standard deviation": spread,
                "mean standard error": pd.Series([e.error for e in mine]).mean(),
                "bias / standard deviation": bias.mean,
                "bias low": bias.low,
                "bias high": bias.high,
                "coverage": held.mean,
                "coverage low": held.low,
                "coverage high": held.high,
                "flagged": np.mean([bool(e.problem) for e in mine]),
                "replications": len(mine),
                "failed": len(found) - len(good),
            }
        )
    return pd.DataFrame(rows)
