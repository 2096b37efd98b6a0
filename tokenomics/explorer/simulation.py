"""One network compiled once, with all that can be moved as inputs: every picture is then two points
of it on the same shocks, today's levers and the chosen ones.

A fact of the world and an event are moved for both: another world has a start of its own, for today
and for the proposal alike. A lever is moved for the chosen point alone, from the day of the change.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..engines.ensemble import Outcome
from ..errors import InputError
from ..experiments.evaluate import Simulator
from ..governance.evidence.over_time import VARIABLES, KeptDays, days, finished, quantile
from ..parameters import Resolved
from ..results.differences import Paired, family
from ..results.matters import margins
from ..results.metrics import METRICS

# a table that is read while one moves something: what people ask about, and what the law costs
SHOWN = (
    "max_drawdown",
    "price_volatility",
    "decoupling_rms",
    "treasury_low",
    "churn",
    "operator_income",
    "served_share",
    "inflation",
    "purchases",
)
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # the ends of the bands of 90 and 50 %, and the median
TODAY, CHOSEN = "today", "chosen"
WORKERS = os.cpu_count() or 1


@dataclass(frozen=True, eq=False)
class Seen:
    """What one picture shows. days: of the bands. bands: by variable and side, (levels, days).
    metrics: by name, (sides, runs), NaN for a failed run. rows: of `differences.family`. runs: that
    finished on both sides.
    """

    days: np.ndarray
    bands: Mapping[tuple[str, str], np.ndarray]
    metrics: Mapping[str, np.ndarray]
    rows: Sequence[Mapping[str, Any]]
    runs: int


class Explored:
    """A network in which the numbers at `paths` can be moved. resolved: as it is today, with its
    law in force. runs: how many. seed: of their shocks.
    """

    def __init__(self, resolved: Resolved, paths: Sequence[str], *, runs: int, seed: int):
        self.resolved, self.paths, self.runs, self.seed = resolved, tuple(paths), runs, seed
        self.own = {path: float(resolved.entries[path].value) for path in paths}
        self._steps = days(resolved)
        self._kept = KeptDays(self._steps)

    @cached_property
    def _simulator(self) -> Simulator:
        return Simulator(
            self.resolved,
            self.paths,
            runs=np.arange(self.runs),
            seed=self.seed,
            needs=VARIABLES,
            folds={name: METRICS[name].fold for name in SHOWN},
        )

    def today(self, values: Mapping[str, float]) -> dict[str, float]:
        """The point with which chosen values are compared: the same world, today's levers."""
        return {
            path: self.own[path] if self.resolved.is_lever(path) else value
            for path, value in self.point(values).items()
        }

    def point(self, values: Mapping[str, float]) -> dict[str, float]:
        """All numbers, those that are not among `values` as they are in the network."""
        return {**self.own, **values}

    def __call__(self, values: Mapping[str, float]) -> Seen:
        """What comes of some values, by path. Raises InputError where there is no such network."""
        points = [list(one.values()) for one in (self.today(values), self.point(values))]
        names = [*self._kept.names, *SHOWN]
        found = self._simulator(points, names, self._reduced, WORKERS)
        refuse(found.errors)
        bands, every = {}, found.values
        for row, side in enumerate((TODAY, CHOSEN)):
            for name, path in self._kept.paths(every, row).items():
                good = finished(path)
                bands[name, side] = np.stack([quantile(good, level) for level in LEVELS])
        metrics = {name: every[name] for name in SHOWN}
        runs = int(np.isnan(found.failed_day).all(axis=0).sum())
        times = self._steps * self.resolved.values.simulation.time_step
        return Seen(times, bands, metrics, self._rows(metrics, values), runs)

    def _reduced(self, outcome: Outcome, _: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return self._kept.of(outcome) | outcome.folded

    def _rows(
        self, metrics: Mapping[str, np.ndarray], values: Mapping[str, float]
    ) -> list[dict[str, Any]]:
        """The paired differences of the metrics."""
        mine, base = (np.stack([metrics[name][row] for name in SHOWN]) for row in (1, 0))
        return family({CHOSEN: Paired.of(SHOWN, mine, base)}, self.margins(values), "values")

    def margins(self, values: Mapping[str, float]) -> dict[str, float]:
        """The smallest differences that matter, by metric, in a world. Raises InputError where
        there is no such network.
        """
        # the simulator keeps the start of the latest world, which the picture has asked for
        start = self._simulator.start(list(self.today(values).values()))
        return margins(SHOWN, start, {}, self.resolved.values.simulation.days)


def refuse(errors: Sequence[str]) -> None:
    """Raise InputError for the first point that could not be simulated."""
    told = next(filter(None, errors), None)
    if told is not None:
        raise InputError(told)
