"""The stages of a network's simulation: from today through its changes."""

from __future__ import annotations

from ..engines.stages import Stage
from ..model.model import Model, bind
from ..model.shocks import ShockTable
from ..parameters import Resolved


def staged(resolved: Resolved, table: ShockTable, model: Model) -> list[Stage]:
    """The stages of a simulation, each on the levers that are in force in it."""
    stages = resolved.stages()
    ends = [first for first, _ in stages[1:]] + [resolved.values.simulation.steps]
    found = []
    for (first, parameters), end in zip(stages, ends, strict=True):
        bound = bind(parameters, table, model)
        found.append(Stage(model.bound(bound), bound, end - first))
    return found
