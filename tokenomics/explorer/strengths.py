"""What the law in force buys and costs over the range of its strength, in the world that is chosen:
the frontier of one law, beside no controller, on the same shocks as the pictures over time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ..errors import InputError
from ..experiments.evaluate import Simulator
from ..experiments.frontier import BOUGHT, NOBODY, CostFrontier, frontier_table
from ..experiments.matching import COSTS, NO_STRENGTH, grid, strength_of
from ..experiments.switches import TYPE
from ..model import controllers
from ..parameters import Resolved
from ..results.evaluation import asked
from ..results.metrics import METRICS
from .simulation import WORKERS, Explored, refuse

COST = "spend"  # what is paid, of `COSTS`: the only one that needs no second network to be told
NAMES = (*BOUGHT, COSTS[COST])


def why_none(resolved: Resolved) -> str:
    """Why a network's law has no frontier here; empty where it has one."""
    law = controllers.law(resolved.values.controller.type)
    try:
        if strength_of(resolved) is None:
            return f"this law has no frontier: {NO_STRENGTH}"
    except InputError as error:
        return error.found
    if law.designed_from:
        return "this law computes its gains before a simulation: tokenomics frontier has it"
    return ""


class Strengths:
    """The frontier of an explored network's law, compiled once. Only where `why_none` is empty."""

    def __init__(self, explored: Explored):
        self._explored = explored
        self._law = controllers.law(explored.resolved.values.controller.type)
        self._paths = tuple(dict.fromkeys([*explored.paths, *self._law.strength.paths]))
        self._last: tuple[dict[str, float], dict[str, np.ndarray]] | None = None  # without a law

    def _compiled(self, resolved: Resolved) -> Simulator:
        return Simulator(
            resolved,
            self._paths,
            runs=np.arange(self._explored.runs),
            seed=self._explored.seed,
            folds={name: METRICS[name].fold for name in NAMES},
        )

    @cached_property
    def _acting(self) -> Simulator:
        return self._compiled(self._explored.resolved)

    @cached_property
    def _idle(self) -> Simulator:
        return self._compiled(self._explored.resolved.replace({TYPE: NOBODY}, source="explore"))

    def __call__(self, values: Mapping[str, float]) -> CostFrontier:
        """The law as its levers are chosen, at every strength, and no controller. values: by path.
        Raises InputError where there is no such network.
        """
        resolved, strength = self._explored.resolved, self._law.strength
        own = {path: float(resolved.entries[path].value) for path in self._paths}
        chosen = {**own, **values}
        tried = grid(strength)
        at = [
            {p: one * chosen[p] if strength.factor else one for p in strength.paths}
            for one in tried
        ]
        acting = self._simulated(self._acting, [chosen, *({**chosen, **one} for one in at)])
        idle = self._without(chosen)
        found = {name: np.concatenate([acting[name], idle[name]]) for name in NAMES}
        name = resolved.policy
        labels = [(name, np.nan), *((name, one) for one in tried), (NOBODY, np.nan)]
        table = frontier_table(labels, found, BOUGHT, COST)
        span = resolved.values.simulation.days
        return CostFrontier(table, COST, BOUGHT, self._explored.runs, span)

    @cached_property
    def _matter(self) -> list[str]:
        """What numbers without a law depend on, which the law's own levers are none of."""
        values = self._explored.resolved.values
        asked_for = [asked(name, values) for name in NAMES]
        return [
            path
            for path in self._paths
            if self._idle.reads(path) or any(one is None or path in one for one in asked_for)
        ]

    def _without(self, chosen: Mapping[str, float]) -> dict[str, np.ndarray]:
        """No controller, simulated anew where it can differ from the last picture's."""
        key = {path: chosen[path] for path in self._matter}
        last = self._last
        if last is None or last[0] != key:
            self._last = last = key, self._simulated(self._idle, [dict(chosen)])
        return last[1]

    def _simulated(
        self, simulator: Simulator, points: list[dict[str, float]]
    ) -> dict[str, np.ndarray]:
        rows = [tuple(one[path] for path in self._paths) for one in points]
        # the law as chosen may be one of the strengths
        number = {row: i for i, row in enumerate(dict.fromkeys(rows))}
        found = simulator(list(number), NAMES, lambda outcome, _: outcome.folded, WORKERS)
        refuse(found.errors)
        every = [number[row] for row in rows]
        return {name: values[every] for name, values in found.values.items()}
