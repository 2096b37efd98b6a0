"""A computation that is no elementwise arithmetic, on the runs of any engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def per_run(
    function: Callable[[np.ndarray], np.ndarray], outputs: int, when: Any, *arguments: Any
) -> tuple[Any, ...]:
    """Results of `function` on every run, each of them alone; 0 for a run where `when` is false.

    function: one run's arguments (arguments,) to its results (outputs,); it must depend on nothing
    else. when, arguments: floats, arrays of runs, or symbols of a recorder, which then writes a
    call down.
    """
    for argument in (when, *arguments):
        if hasattr(argument, "recorder"):
            return argument.recorder.call(function, outputs, when, *arguments)
    wanted, *columns = np.broadcast_arrays(when, *arguments)
    results = np.zeros((outputs, wanted.size))
    table = np.stack([np.ravel(c).astype(float) for c in columns], axis=-1)
    for run in np.flatnonzero(wanted):
        results[:, run] = function(table[run])
    return tuple(row.reshape(wanted.shape) for row in results)
