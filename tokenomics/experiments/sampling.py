"""SALib's samples of the unit cube, for Sobol's and Morris's indices.

Source: Saltelli et al. (2010), Computer Physics Communications 181, 259–270; Morris (1991),
Technometrics 33, 161–174.
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
