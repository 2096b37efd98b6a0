"""From one set of levers to the next: what a state is when other levers come into force.

Nothing is reset. Every variable keeps its value by name, among them the signal in force and the
time since the last decision. A variable that the new law or delay adds starts at its value at rest
on the state as it is, so that the change itself moves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .at_rest import Rest
from .constants import CONSTANTS
from .model import Model
from .variables import State

# what is remembered of the start, and of what
INITIAL = {v.name: v.start for v in CONSTANTS if v.name.startswith("initial_")}


def on_day_zero(state: State) -> dict[str, Any]:
    """The state after the days before day 0, from which the simulation starts: what is remembered
    of the start is that of this state.
    """
    own = {name: state[source] for name, source in INITIAL.items()}
    return {**state, **own, "time": 0.0, "step": 0}


def carried(state: State, model: Model, params: Mapping[str, Any]) -> dict[str, Any]:
    """The state with which a model goes on from that of another set of levers.

    state: numbers or (runs,) by name. model, params: of what comes, bound. Raises ModelError for a
    new variable without a value at rest.
    """
    table = model.variables(params)
    new = [name for name in table if name not in state]
    if not new:
        return {name: state[name] for name in table}
    rest = Rest(params, table, state)
    with np.errstate(all="ignore"):  # a run that failed has no numbers
        return {name: state[name] if name in state else rest[name] for name in table}
