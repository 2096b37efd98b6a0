"""All steps of a rule over the whole of a small range of states, as a graph."""

from __future__ import annotations

import numpy as np

from .traps import Closed, ConstantCycle


def whole(rule, parameters, states, keys, inputs, progress):
    """The graph of all steps. A step out of the range goes to one more position, behind the last,
    which it never leaves.
    """
    place = {int(key): at for at, key in enumerate(keys)}
    outside, key = len(states), rule.search.key
    table = np.full((len(inputs), outside + 1), outside, dtype=np.int64)
    reached = np.zeros((len(inputs), outside), dtype=object)  # the key after each step
    for row, given in enumerate(inputs.values()):
        for at, state in enumerate(states):
            then = key(rule.step(state, given, parameters))
            reached[row, at] = then
            table[row, at] = place.get(then, outside)
        if progress:
            progress(row + 1, len(inputs))
    here = np.arange(outside)
    fixed = (table[:, :-1] == here).all(axis=0)
    held, cycles = np.ones(outside, bool), []
    for row, label in enumerate(inputs):
        inside, found = _cycles(label, table[row], keys)
        held &= inside
        cycles += found
    closed = _closed(keys, reached)
    return fixed, held, closed, tuple(cycles), int((table[:, :-1] == outside).sum())


def _cycles(
    label: str, then: np.ndarray, keys: np.ndarray
) -> tuple[np.ndarray, list[ConstantCycle]]:
    """Which states lie in a cycle of one input, and the cycles by period.

    then: the position after each step, (states + 1,).
    """
    outside = len(keys)
    ends, steps = then.copy(), 1
    while steps <= outside:  # as many steps as there are states end in a cycle
        ends, steps = ends[ends], 2 * steps
    inside = np.zeros(outside, bool)
    inside[ends[:-1][ends[:-1] < outside]] = True
    period = np.zeros(outside + 1, dtype=np.int64)
    number = np.full(outside + 1, -1)
    count = 0
    for start in np.flatnonzero(inside):
        if period[start]:
            continue
        walked, at = [start], then[start]
        while at != start:
            walked.append(at)
            at = then[at]
        period[walked], number[walked] = len(walked), count
        count += 1
    found = []
    for length in np.unique(period[:-1][inside]):
        mine = np.flatnonzero(period[:-1] == length)
        found.append(
            ConstantCycle(
                label,
                int(length),
                len(np.unique(number[mine])),
                int(keys[mine[0]]),
                int(keys[mine[-1]]),
                int(np.isin(ends[:-1], mine).sum()),
            )
        )
    return inside, found


def _closed(keys: np.ndarray, reached: np.ndarray) -> tuple[Closed, ...]:
    """Sets at each end of the range that no input leaves, smaller than the range; see `Closed`.

    reached: the key after each step, (inputs, states).
    """
    highest = np.maximum.accumulate(reached.max(axis=0))
    lowest = np.minimum.accumulate(reached.min(axis=0)[::-1])[::-1]
    found = []
    below = {at for at in range(len(keys) - 1) if highest[at] <= keys[at]}
    for end in sorted(at for at in below if at + 1 not in below):
        enters = [at for at in range(end + 1, len(keys)) if reached[:, at].min() <= keys[end]]
        bottom = int(keys[0]) if reached[:, : end + 1].min() >= keys[0] else None
        found.append(Closed(bottom, int(keys[end]), int(keys[enters[0]]) if enters else None))
    above = {at for at in range(1, len(keys)) if lowest[at] >= keys[at]}
    for end in sorted(at for at in above if at - 1 not in above):
        enters = [at for at in range(end) if reached[:, at].max() >= keys[end]]
        top = int(keys[-1]) if reached[:, end:].max() <= keys[-1] else None
        found.append(Closed(int(keys[end]), top, int(keys[enters[-1]]) if enters else None))
    return tuple(found)
