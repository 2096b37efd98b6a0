"""Global sensitivity: how much of a metric's variance each parameter explains (Sobol), or moves it on average (Morris).

Samples and indices are SALib's. The output of a point is its mean over runs on common random numbers.
Source: Saltelli et al. (2010), Computer Physics Communications 181, 259–270; Morris (1991), Technometrics 33, 161–174.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InputError, missing_extra
from ..results.sensitivity import Sensitivity
from ..results.sweep import Sweep
from .idle import idle

if TYPE_CHECKING:
    from .design import Design

LEVELS = 4  # of Morris's grid
RESAMPLES = 200  # of the bootstrap behind the intervals
METHODS = ("saltelli", "morris")


def _salib() -> None:
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise missing_extra("SALib", "sensitivity", "method") from None


def _problem(paths: list[str]) -> dict[str, Any]:
    return {"num_vars": len(paths), "names": paths, "bounds": [[0.0, 1.0]] * len(paths)}


def sample_unit(design: Design) -> np.ndarray:
    """Saltelli's or Morris's points in the unit cube."""
    _salib()
    problem = _problem(design.paths)
    if design.method == "morris":
        from SALib.sample import morris

        return morris.sample(problem, design.count, num_levels=LEVELS, seed=design.design_seed)
    from SALib.sample import sobol

    return sobol.sample(problem, design.count, calc_second_order=True, seed=design.design_seed)


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

    design: of the method saltelli (first, total and second order Sobol indices) or morris. runs, seed, out, workers, scheduler,
    progress: as in `sweep`, for the points are a sweep, which resumes from `out`. Raises InputError for another method.
    """
    from .design import read_design
    from .sweep import sweep

    chosen = read_design(design, runs=runs, seed=seed)
    if chosen.method not in METHODS:
        raise InputError(f"method {chosen.method}", key="method", expected="saltelli (Sobol indices) or morris")
    return analyse(sweep(chosen, out=out, workers=workers, scheduler=scheduler, progress=progress))


def analyse(result: Sweep) -> Sensitivity:
    """Indices of a finished sweep of the method saltelli or morris; none of a parameter that nothing reads under a policy and scenario."""
    _salib()
    method, paths = result.manifest["design"]["method"], result.paths
    count, size = result.manifest["design"]["count"], len(paths)
    block = size + 1 if method == "morris" else 2 * size + 2
    unit = sample_unit(_design(result))
    table, rows, pairs = result.table(), [], []
    unread = idle(_design(result)).varied
    for (policy, scenario), own in table.groupby(["policy", "scenario"], sort=False):
        for name in result.metrics:
            output = own[name].to_numpy()
            whole = np.isfinite(output).reshape(count, block).all(axis=1)
            keep = np.repeat(whole, block)
            if not whole.any() or np.ptp(output[keep]) == 0.0:
                continue
            head = (policy, scenario, name)
            lost = int(count - whole.sum())
            first, second = _indices(method, paths, unit[keep], output[keep])
            # what nothing reads has no index
            silent = unread.get((policy, scenario), {})
            rows += [(*head, path, *values, lost) for path, values in zip(paths, first, strict=True) if path not in silent]
            pairs += [(*head, *pair) for pair in second if not silent.keys() & pair[:2]]
    measures = ("mu_star", "mu", "sigma") if method == "morris" else ("total", "first")
    columns = [c for m in measures for c in ((m,) if m in ("mu", "sigma") else (m, f"{m}_interval"))]
    keys = ["policy", "scenario", "metric"]
    indices = pd.DataFrame(rows, columns=[*keys, "parameter", *columns, "lost"])
    return Sensitivity(result, indices, pd.DataFrame(pairs, columns=[*keys, "parameter", "with", "second", "second_interval"]))


def _design(result: Sweep) -> Design:
    from .design import read_design

    return read_design(result.manifest["design"])


def _indices(method: str, paths: list[str], unit: np.ndarray, output: np.ndarray) -> tuple[list[tuple], list[tuple]]:
    """Rows by parameter, and rows by pair of parameters; an interval is the half-width of the 95 % bootstrap."""
    problem = _problem(paths)
    with np.errstate(all="ignore"):
        if method == "morris":
            from SALib.analyze import morris

            found = morris.analyze(problem, unit, output, num_levels=LEVELS, num_resamples=RESAMPLES, seed=0)
            return list(zip(found["mu_star"], found["mu_star_conf"], found["mu"], found["sigma"], strict=True)), []
        from SALib.analyze import sobol

        found = sobol.analyze(problem, output, calc_second_order=True, num_resamples=RESAMPLES, seed=0)
    first = list(zip(found["ST"], found["ST_conf"], found["S1"], found["S1_conf"], strict=True))
    order = [(i, j) for i in range(len(paths)) for j in range(i + 1, len(paths))]
    return first, [(paths[i], paths[j], found["S2"][i, j], found["S2_conf"][i, j]) for i, j in order]
