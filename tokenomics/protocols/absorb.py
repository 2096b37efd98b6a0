"""Where a rule traps itself: states that no input leaves, sets that are never left once entered,
and cycles under constant input.

The rule's own `Search` gives the states and one input of each kind that the rule tells apart. Where
the states are a whole range, the graph of all steps is searched; where they are a sample, each is
stepped on, and what is found is found and the rest unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .rule import DeployedRule, Version

LONGEST = 10_000  # steps in which a cycle from a sampled state must close
MOST_STATES = 5_000_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ConstantCycle:
    """Under one input for ever. input: its label. period: in steps, 1 for a state that stays.
    count: of such cycles. lowest, highest: keys in them. ends: states of the search that end in
    one of them.
    """

    input: str
    period: int
    count: int
    lowest: int
    highest: int
    ends: int


@dataclass(frozen=True)
class Closed:
    """A set of states that no input leaves. lowest, highest: keys. entered_from: the key outside
    it, nearest to it, from which some input enters it; None where nothing enters.
    """

    lowest: int
    highest: int
    entered_from: int | None


@dataclass(frozen=True)
class Absorption:
    """What was found. rule, version: of which. states: how many were searched, by key from lowest
    to highest. exhaustive: whether they are all of the range. fixed: ranges of keys that every
    input leaves as they are. held: ranges of keys that stay, or come back, under each constant
    input. closed: sets, the largest of each end of the range. cycles: by constant input and
    period. left: steps that lead out of the searched range, so that the search is cut there; of a
    sample, states that leave it or of which no cycle closed in time. seconds: taken.
    """

    rule: DeployedRule
    version: Version
    states: int
    lowest: int
    highest: int
    exhaustive: bool
    fixed: tuple[tuple[int, int], ...]
    held: tuple[tuple[int, int], ...]
    closed: tuple[Closed, ...]
    cycles: tuple[ConstantCycle, ...]
    left: int
    seconds: float

    def lines(self) -> list[str]:
        """All but the cycles, in words."""
        how = "all" if self.exhaustive else "a sample of"
        told = [
            f"{self.rule.name} {self.version.name}: {how} {self.states:,} states from "
            f"{self.lowest:,} to {self.highest:,} searched in {self.seconds:.2f} s",
            f"range: {self.rule.search.about}",
            f"no input leaves: {_spans(self.fixed)}",
            f"each constant input keeps or brings back: {_spans(self.held)}",
        ]
        for closed in self.closed:
            entered = (
                "nothing enters it"
                if closed.entered_from is None
                else f"entered from {closed.entered_from:,}"
            )
            told.append(
                f"once in {closed.lowest:,} to {closed.highest:,} it stays there; {entered}"
            )
        if self.left:
            told.append(f"the search is cut: {self.left:,} steps lead out of the range")
        return told

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def table(self) -> pd.DataFrame:
        """The cycles, a line each."""
        return pd.DataFrame(
            [asdict(one) for one in self.cycles],
            columns=[field.name for field in fields(ConstantCycle)],
        )

    def plain(self) -> dict[str, Any]:
        """All that was found, for a machine."""
        found = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("rule", "version", "closed", "cycles")
        }
        return {
            "rule": self.rule.name,
            "version": self.version.name,
            "range": self.rule.search.about,
            **found,
            "closed": [asdict(one) for one in self.closed],
            "cycles": [asdict(one) for one in self.cycles],
        }


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
            expected="a rule whose state that decides is small, or is sampled",
        )
    begin, version = perf_counter(), version or rule.version()
    parameters, search = version.parameters, rule.search
    states = sorted(search.states(parameters), key=search.key)
    if len(states) > MOST_STATES:
        raise InputError(
            f"{len(states):,} states", key="search", expected=f"at most {MOST_STATES:,}"
        )
    keys = np.array([search.key(state) for state in states], dtype=object)
    inputs = search.inputs(parameters)
    find = _whole if search.exhaustive else _sampled
    fixed, held, closed, cycles, left = find(rule, parameters, states, keys, inputs, progress)
    return Absorption(
        rule,
        version,
        len(states),
        int(keys[0]),
        int(keys[-1]),
        search.exhaustive,
        _ranges(keys, fixed),
        _ranges(keys, held),
        closed,
        cycles,
        left,
        perf_counter() - begin,
    )


def _whole(rule, parameters, states, keys, inputs, progress):
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
    """The largest set at each end of the range that no input leaves, smaller than the range.

    reached: the key after each step, (inputs, states).
    """
    highest = np.maximum.accumulate(reached.max(axis=0))
    lowest = np.minimum.accumulate(reached.min(axis=0)[::-1])[::-1]
    found = []
    below = [at for at in range(len(keys) - 1) if highest[at] <= keys[at]]
    if below:
        end = below[-1]
        enters = [at for at in range(end + 1, len(keys)) if reached[:, at].min() <= keys[end]]
        found.append(Closed(int(keys[0]), int(keys[end]), int(keys[enters[0]]) if enters else None))
    above = [at for at in range(1, len(keys)) if lowest[at] >= keys[at]]
    if above:
        end = above[0]
        enters = [at for at in range(end) if reached[:, at].max() >= keys[end]]
        found.append(
            Closed(int(keys[end]), int(keys[-1]), int(keys[enters[-1]]) if enters else None)
        )
    return tuple(found)


def _sampled(rule, parameters, states, keys, inputs, progress):
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


def _ranges(keys: Sequence[int], chosen: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Runs of neighbouring states, by their first and last key."""
    at = np.flatnonzero(chosen)
    if not len(at):
        return ()
    parts = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    return tuple((int(keys[part[0]]), int(keys[part[-1]])) for part in parts)


def _spans(ranges: tuple[tuple[int, int], ...]) -> str:
    if not ranges:
        return "no state"
    shown = [f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in ranges[:10]]
    more = f" and {len(ranges) - 10:,} more" if len(ranges) > 10 else ""
    return ", ".join(shown) + more
