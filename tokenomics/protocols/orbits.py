"""Where sampled states of a rule end under constant input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .rule import DeployedRule
from .traps import ConstantCycle

LONGEST = 10_000  # steps in which a cycle from a sampled state must close


def sampled(rule, parameters, states, keys, inputs, progress):
    """Each state stepped on under each constant input until it comes back to where it was."""
    fixed, held = np.ones(len(states), bool), np.ones(len(states), bool)
    cycles: dict[tuple[str, int], set[int]] = {}
    ended: dict[tuple[str, int], int] = {}
    left = 0

    def inside(state: Any) -> bool:
        return keys[0] <= rule.search.key(state) <= keys[-1]

    for done, (label, given) in enumerate(inputs.items(), start=1):
        ends: dict[Any, frozenset] = {}
        for at, state in enumerate(states):
            fixed[at] &= rule.step(state, given, parameters) == state
            cycle = _cycle_from(rule, state, given, parameters, ends, inside)
            held[at] &= state in cycle
            if not cycle:
                left += 1
                continue
            kind = (label, len(cycle))
            ended[kind] = ended.get(kind, 0) + 1
            cycles.setdefault(kind, set()).update(map(rule.search.key, cycle))
        if progress:
            progress(done, len(inputs))
    found = tuple(
        ConstantCycle(
            label,
            period,
            len(inside) // period or 1,
            min(inside),
            max(inside),
            ended[label, period],
        )
        for (label, period), inside in cycles.items()
    )
    return fixed, held, (), found, left


def _cycle_from(
    rule: DeployedRule,
    state: Any,
    given: Any,
    parameters: Any,
    ends: dict[Any, frozenset],
    inside: Callable[[Any], bool],
) -> frozenset:
    """The cycle in which one state ends under one input; empty where it leaves the range or none
    closed in time. ends: what is known by state, to which what is found is added.
    """
    seen: dict[Any, int] = {}
    walked: list[Any] = []
    while state not in seen and state not in ends and len(walked) < LONGEST and inside(state):
        seen[state] = len(walked)
        walked.append(state)
        state = rule.step(state, given, parameters)
    if state in ends:
        cycle = ends[state]
    else:
        cycle = frozenset(walked[seen[state] :] if state in seen else ())
    # a walk that ran out of time says nothing of states further on, which might end in time
    if cycle or len(walked) < LONGEST:
        ends.update(dict.fromkeys(walked, cycle))
    return cycle
