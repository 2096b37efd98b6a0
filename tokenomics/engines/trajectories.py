"""What an engine returns: arrays by variable, and the runs that failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Failure:
    """A run that was stopped: which run, when, in which block, on which variable, and why."""

    run: int
    time: float
    block: str
    variable: str
    reason: str

    def __str__(self) -> str:
        return (
            f"run {self.run}, day {self.time:g}, block '{self.block}', variable '{self.variable}': "
            f"{self.reason}"
        )


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Simulated paths.

    time: (times,) in days, the start included. runs: (runs,) run indices. values: each variable's
    array of shape (runs, times); from its failure on, a failed run holds NaN. end: where another
    stage follows, the state with which it goes on, (runs,) by name but for the clock; else empty.
    """

    time: np.ndarray
    runs: np.ndarray
    values: dict[str, np.ndarray]
    failures: tuple[Failure, ...] = ()
    end: dict[str, Any] = field(default_factory=dict)
