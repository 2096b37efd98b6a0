"""Global sensitivity: how much of a metric's variance each parameter explains (Sobol), or moves it
on average (Morris).

Samples and indices are SALib's. The output of a point is its mean over runs on common random
numbers. Source: Saltelli et al. (2010), Computer Physics Communications 181, 259–270; Morris
(1991), Technometrics 33, 161–174.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, TokenomicsError
from ..inputs import bounds
from ..inputs.arguments import CALL, PATH, checked, optional
from ..results.folder import MANIFEST
from ..results.sensitivity import Sensitivity
from ..results.sweep import Sweep
from ..shown import readable
from .design import Design
from .design_reading import read_design, recorded_design
from .idle import idle
from .sampling import LEVELS, METHODS, need_salib, problem_of
from .sweep import sweep

RESAMPLES = 200  # of the bootstrap behind the intervals
FEWEST = 2  # base points; the bootstrap of one has an interval of 0
# share of the base points; assumption: of what is left beyond, the indices would be those of
# another box
MOST_LOST = 0.1
ROUNDING = 1e-12  # relative; means over runs that differ by less differ by rounding


@checked(out=optional(PATH), progress=optional(CALL))
def sensitivity(
    design: str | Path | Mapping[str, Any] | Design,
    *,
    runs: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: Any | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """Sensitivity indices, with 95 % intervals, of every metric to the parameters of a design.

    The points are a sweep, which resumes from `out`.

    Parameters
    ----------
    design : str, Path, mapping or Design
        Of the method saltelli (first, total and second order Sobol indices) or morris.
    runs, seed, out, workers, scheduler, progress
        As in `sweep`.

    Returns
    -------
    Sensitivity
        One row a policy, scenario, metric and parameter in `indices`.

    Raises
    ------
    InputError
        For another method, or without the extra `sensitivity`.

    References
    ----------
    Saltelli et al. (2010), Computer Physics Communications 181, 259-270.
    Morris (1991), Technometrics 33, 161-174.

    Examples
    --------
    >>> ranges = {"demand.services": {"low": 40, "high": 50}}
    >>> ranges["supply.burn_share"] = {"low": 0, "high": 0.5}
    >>> design = {"method": "morris", "count": 2, "set": {"simulation.days": 3}}
    >>> design |= {"parameters": ranges, "metrics": ["operator_income"]}
    >>> found = tk.sensitivity(design, runs=1)
    >>> found.ranking("operator_income")["parameter"].iloc[0]
    'supply.burn_share'
    """

    bounds.optional(
        runs=(runs, bounds.RUNS), seed=(seed, bounds.SEED), workers=(workers, bounds.WORKERS)
    )
    chosen = read_design(design, runs=runs, seed=seed)
    if chosen.method not in METHODS:
        raise InputError(
            f"method {chosen.method}", key="method", expected="saltelli (Sobol indices) or morris"
        )
    return analyse(sweep(chosen, out=out, workers=workers, scheduler=scheduler, progress=progress))


def analyse(result: Sweep) -> Sensitivity:
    """Indices of a finished sweep of the method saltelli or morris.

    A base point counts with all of its runs or not at all: without the failed ones its mean would
    be that of easier shocks, and SALib takes what is missing for an index of 0.
    `Sensitivity.undefined` names the metrics that have no index. A parameter that nothing reads
    under a policy and scenario has none there.
    """
    need_salib()
    design = _design(result)
    unit, count = design.unit(), design.count
    if design.method == "morris" and design.table() != result.manifest["points"]:
        raise TokenomicsError(
            "the installed SALib samples other points than the one that made this sweep; a new "
            "directory does it anew"
        )
    found, runs = result.summaries(), result.manifest["runs"]
    rows, pairs, undefined, unread = [], [], [], idle(design).varied
    for number, (policy, scenario) in enumerate(
        result.cases[["policy", "scenario"]].itertuples(index=False)
    ):
        for name in result.metrics:
            head = (policy, scenario, name)
            moments = found.moments[name]
            means = np.where(moments.counted == runs, moments.mean, np.nan)
            output = means.reshape(len(result.cases), len(unit))[number]
            whole = np.isfinite(output).reshape(count, -1).all(axis=1)
            keep = np.repeat(whole, len(unit) // count)
            reason = _undefined(design.method, output[keep], int(whole.sum()), count)
            if reason:
                undefined.append((*head, reason))
                continue
            silent = unread.get((policy, scenario), {})
            first, second = _indices(
                design.method, design.paths, unit[keep], output[keep], design.design_seed
            )
            rows += [
                (*head, path, *values, int(count - whole.sum()))
                for path, values in zip(design.paths, first, strict=True)
                if path not in silent
            ]
            pairs += [(*head, *pair) for pair in second if not silent.keys() & pair[:2]]
    measures = ("mu_star", "mu", "sigma") if design.method == "morris" else ("total", "first")
    found = [c for m in measures for c in ((m,) if m in ("mu", "sigma") else (m, f"{m}_interval"))]
    keys = ["policy", "scenario", "metric"]
    return Sensitivity(
        result,
        pd.DataFrame(rows, columns=[*keys, "parameter", *found, "lost"]),
        pd.DataFrame(pairs, columns=[*keys, "parameter", "with", "second", "second_interval"]),
        pd.DataFrame(undefined, columns=[*keys, "reason"]),
    )


def _design(result: Sweep) -> Design:
    """The design of a sweep. Raises InputError for one of another method, and where the manifest is
    not that of its design.
    """

    file = result.source / MANIFEST if isinstance(result.source, Path) else None
    design = recorded_design(result.manifest, file)
    if design.method not in METHODS:
        raise InputError(
            f"method {design.method}",
            file=file,
            key="design.method",
            expected="saltelli (Sobol indices) or morris",
        )
    return design


def _undefined(method: str, output: np.ndarray, whole: int, count: int) -> str:
    """Why a metric has no index; empty where it has one. output: of the `whole` of `count` base
    points that lost no run, in blocks.
    """
    if whole < max(FEWEST, (1.0 - MOST_LOST) * count):
        return (
            f"{count - whole} of {count} base points lost a run"
            if whole < count
            else f"{count} base points, of {FEWEST} or more that it takes"
        )
    if np.ptp(output) <= ROUNDING * np.abs(output).max():
        return f"constant, {readable(output[0])}"
    block = len(output) // whole
    base = np.concatenate([output[::block], output[block - 1 :: block]])
    if method == "saltelli" and np.ptp(base) == 0.0:  # the variance that indices are shares of
        return f"constant, {readable(base[0])}, at all points of the base sample"
    return ""


def _indices(
    method: str, paths: list[str], unit: np.ndarray, output: np.ndarray, seed: int
) -> tuple[list[tuple], list[tuple]]:
    """Rows by parameter, and rows by pair of parameters; an interval is the half-width of the 95 %
    bootstrap. seed: of the design.
    """
    problem, seed = problem_of(paths), seed + 1  # SALib takes a seed of 0 for none
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of resamples that are constant
        if method == "morris":
            from SALib.analyze import morris

            found = morris.analyze(
                problem, unit, output, num_levels=LEVELS, num_resamples=RESAMPLES, seed=seed
            )
            return list(
                zip(
                    found["mu_star"],
                    found["mu_star_conf"],
                    found["mu"],
                    found["sigma"],
                    strict=True,
                )
            ), []
        from SALib.analyze import sobol

        found = sobol.analyze(
            problem, output, calc_second_order=True, num_resamples=RESAMPLES, seed=seed
        )
    first = list(zip(found["ST"], found["ST_conf"], found["S1"], found["S1_conf"], strict=True))
    order = [(i, j) for i in range(len(paths)) for j in range(i + 1, len(paths))]
    return first, [
        (paths[i], paths[j], found["S2"][i, j], found["S2_conf"][i, j]) for i, j in order
    ]
