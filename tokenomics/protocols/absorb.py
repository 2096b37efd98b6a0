"""Where a rule traps itself: states that no input leaves, sets that are never left once entered,
and cycles under constant input.

The rule's own search gives the states and one input of each kind that the rule tells apart. Where
the states are a whole small range, the graph of all steps is searched; where the step is monotone,
a range of any size by intervals; else a sample is stepped on, and what is found is found and the
rest unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ..errors import InputError
from .interval_argument import by_intervals
from .orbits import sampled
from .rule import DeployedRule, IntervalSearch, Version
from .step_graph import whole
from .traps import Absorption, Found

MOST_STATES = 5_000_000
Progress = Callable[[int, int], None]


def absorb(
    rule: DeployedRule, version: Version | None = None, progress: Progress | None = None
) -> Absorption:
    """Search a rule. version: whose parameters act. Raises InputError where the rule declares no
    search.
    """
    if rule.search is None:
        raise InputError(
            f"{rule.name} declares no range to search",
            key="rule",
            expected="a rule whose state that decides is small, monotone or sampled",
        )
    begin, version = perf_counter(), version or rule.version()
    find = by_intervals if isinstance(rule.search, IntervalSearch) else _state_by_state
    found = find(rule, version.parameters, progress)
    seconds = perf_counter() - begin
    return Absorption(**vars(found), rule=rule, version=version, seconds=seconds)


def _state_by_state(rule: DeployedRule, parameters: Any, progress: Progress | None) -> Found:
    search = rule.search
    states = sorted(search.states(parameters), key=search.key)
    if len(states) > MOST_STATES:
        raise InputError(
            f"{len(states):,} states", key="search", expected=f"at most {MOST_STATES:,}"
        )
    keys = np.array([search.key(state) for state in states], dtype=object)
    inputs = search.inputs(parameters)
    find = whole if search.exhaustive else sampled
    fixed, held, closed, cycles, left = find(rule, parameters, states, keys, inputs, progress)
    ranges = _ranges(keys, fixed), _ranges(keys, held)
    return Found(len(states), int(keys[0]), int(keys[-1]), *ranges, closed, cycles, left)


def _ranges(keys: Sequence[int], chosen: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Runs of neighbouring states, by their first and last key."""
    at = np.flatnonzero(chosen)
    if not len(at):
        return ()
    parts = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    return tuple((int(keys[part[0]]), int(keys[part[-1]])) for part in parts)
