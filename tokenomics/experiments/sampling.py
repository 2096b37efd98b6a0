"""Samples of the unit cube: Latin hypercubes, and SALib's for Sobol's and Morris's indices.

Source: McKay and others (1979), Technometrics 21, 239–245; Saltelli et al. (2010), Computer Physics
Communications 181, 259–270; Morris (1991), Technometrics 33, 161–174.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import missing_extra

METHODS = ("saltelli", "morris")
LEVELS = 4  # of Morris's grid


def need_salib() -> None:
    """Raise InputError where SALib is not installed."""
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise missing_extra("SALib", "sensitivity", "method") from None


def problem_of(paths: Sequence[str]) -> dict[str, Any]:
    """SALib's description of the unit cube."""
    return {"num_vars": len(paths), "names": list(paths), "bounds": [[0.0, 1.0]] * len(paths)}


def sample_unit(method: str, paths: Sequence[str], count: int, seed: int) -> np.ndarray:
    """Saltelli's or Morris's points in the unit cube (points, paths)."""
    need_salib()
    problem = problem_of(paths)
    if method == "morris":
        from SALib.sample import morris

        return morris.sample(problem, count, num_levels=LEVELS, seed=seed)
    from SALib.sample import sobol

    return sobol.sample(problem, count, calc_second_order=True, seed=seed)


def latin_hypercube(dimensions: int, count: int, seed: int) -> np.ndarray:
    """Points in the unit cube (points, dimensions), of which each of `count` equal parts of every
    edge has one.

    The points are those of scipy.stats.qmc, which takes a second to import, and whose versions may
    draw others: whoever has a proposal's plan finds the same worlds.
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed).spawn(1)[0]))
    within = rng.random((count, dimensions))
    order = np.tile(np.arange(1, count + 1), (dimensions, 1))
    for edge in order:
        rng.shuffle(edge)
    return (order.T - within) / count
