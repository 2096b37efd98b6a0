"""Traps of a rule whose step is monotone in its state, over the whole of a range however large.

A monotone step leads from between two states to between the two that they lead to. So a piece of
the range of which all states rise, fall or stay is told by its ends, and a piece that its ends do
not tell is halved. Where the move, too, is monotone, the ends tell more. A rise that is never
passed by one from further down has no cycle but states that stay.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..errors import InputError
from .arithmetic import least
from .rule import DeployedRule, IntervalSearch
from .traps import Closed, ConstantCycle, Found

MOST_PIECES = 200_000  # of the range under one input
Step = Callable[[int], int]
Span = tuple[int, int]


class Run(NamedTuple):
    """Neighbouring keys, both ends in it. sign: 1 where all rise, 0 where all stay, -1 where all
    fall; None where that is not told.
    """

    first: int
    last: int
    sign: int | None


class Motion(NamedTuple):
    """A rule under one input. A key stands for several states where the two steps are two. lowest,
    highest: the key after a step from the lowest and the highest state of a key. down, up: runs by
    the one and the other. runs: by both. pieces: within which the step is monotone.
    """

    lowest: Step
    highest: Step
    down: list[Run]
    up: list[Run]
    runs: list[Run]
    pieces: list[Span]


def by_intervals(rule: DeployedRule, parameters, progress) -> Found:
    """Fixed states, closed sets and rests of the whole range that the rule's search declares. Where
    the step jumps down at a bend, states that go round it are among those that are not told.
    """
    search = rule.search
    first, last = search.span(parameters)
    inputs, motions = search.inputs(parameters), []
    for done, given in enumerate(inputs.values(), start=1):
        motions.append(_motion(rule, parameters, given, first, last))
        if progress:
            progress(done, len(inputs))
    kept = [_where(motion.runs, (0,)) for motion in motions]
    fixed = tuple(common(kept))
    cycles, left = [], 0
    for label, motion, mine in zip(inputs, motions, kept, strict=True):
        ends = sum(run.last - run.first + 1 for run in resting(motion))
        left += last - first + 1 - ends
        if mine:
            count = sum(end - begin + 1 for begin, end in mine)
            cycles.append(ConstantCycle(label, 1, count, mine[0][0], mine[-1][1], ends))
    closed = (*_below(motions), *_above(motions))
    return Found(last - first + 1, first, last, fixed, fixed, closed, tuple(cycles), left)


def _motion(rule: DeployedRule, parameters, given, first: int, last: int) -> Motion:
    search: IntervalSearch = rule.search
    bends = search.bends(parameters, given) if search.bends else ()
    starts = sorted({first, *(bend for bend in bends if first < bend <= last)})
    pieces = [(a, b - 1) for a, b in pairwise([*starts, last + 1])]

    def after(of: Callable) -> Step:
        return lambda key: search.key(rule.step(of(key, parameters), given, parameters))

    lowest = after(search.lowest)
    down = [run for a, b in pieces for run in signs(lowest, a, b, search.steady)]
    if search.highest is None:
        return Motion(lowest, lowest, down, down, down, pieces)
    highest = after(search.highest)
    up = [run for a, b in pieces for run in signs(highest, a, b, search.steady)]
    return Motion(lowest, highest, down, up, _both(down, up), pieces)


def signs(step: Step, first: int, last: int, steady: bool) -> list[Run]:
    """Runs of keys that rise, stay and fall under a step that is monotone from first to last.
    steady: whether the move is monotone, too, but where the step is at its least or greatest.
    Raises InputError where the step is not monotone at a key that is asked.
    """
    runs: list[Run] = []
    asked = 0
    for a, b in _sections(step, first, last) if steady else [(first, last)]:
        pieces = [(a, b, step(a), step(b))]
        while pieces:
            a, b, low, high = pieces.pop()
            if low > high:
                raise InputError(
                    f"a step from {a} to {low}, from {b} to {high}",
                    key="search",
                    expected="a step that is monotone in the state",
                )
            asked += 1
            sign = _sign(a, b, low, high, steady)
            if sign is None and asked < MOST_PIECES:
                middle = (a + b) // 2
                pieces.append((middle + 1, b, step(middle + 1), high))
                pieces.append((a, middle, low, step(middle)))
            elif runs and runs[-1].sign == sign:
                runs[-1] = runs[-1]._replace(last=b)
            else:
                runs.append(Run(a, b, sign))
    return runs


def _sign(a: int, b: int, low: int, high: int, steady: bool) -> int | None:
    """Of a piece from a to b that leads between low and high; None where that does not tell."""
    least, most = low - b, high - a
    if steady:  # no move is less or more than those of both ends
        least, most = min(low - a, high - b), max(low - a, high - b)
    if least > 0:
        return 1
    if most < 0:
        return -1
    return 0 if least == most == 0 else None


def _sections(step: Step, first: int, last: int) -> list[Span]:
    """Where a monotone step is at its least, between, and at its greatest."""
    low, high = step(first), step(last)
    if low == high:
        return [(first, last)]
    above = least(lambda key: step(key) > low, first, last)
    top = least(lambda key: step(key) == high, above, last)
    parts = [(first, above - 1), (above, top - 1), (top, last)]
    return [(a, b) for a, b in parts if a <= b]


def _both(down: Sequence[Run], up: Sequence[Run]) -> list[Run]:
    """Runs of keys of which all states move alike."""
    runs, i, j = [], 0, 0
    while i < len(down) and j < len(up):
        one, other = down[i], up[j]
        first, last = max(one.first, other.first), min(one.last, other.last)
        runs.append(Run(first, last, one.sign if one.sign == other.sign else None))
        i, j = i + (one.last == last), j + (other.last == last)
    return runs


def _where(runs: Sequence[Run], wanted: Sequence[int]) -> list[Span]:
    """Keys whose sign is a wanted one."""
    found: list[Span] = []
    for first, last, sign in runs:
        if sign not in wanted:
            continue
        if found and found[-1][1] == first - 1:
            first = found.pop()[0]
        found.append((first, last))
    return found


def common(sets: Sequence[Sequence[Span]]) -> list[Span]:
    """Keys that are in each of some sets."""
    found = list(sets[0])
    for other in sets[1:]:
        both, i, j = [], 0, 0
        while i < len(found) and j < len(other):
            first, last = max(found[i][0], other[j][0]), min(found[i][1], other[j][1])
            if first <= last:
                both.append((first, last))
            i, j = i + (found[i][1] == last), j + (other[j][1] == last)
        found = both
    return found


def resting(motion: Motion) -> list[Run]:
    """Runs whose states all come to rest under the one input. A run that rises leaves itself
    upwards, to no further than its last key leads; so it rests where all up to there rest.
    """
    runs = motion.runs
    firsts = [run.first for run in runs]
    rests = [run.sign == 0 for run in runs]

    def lands(at: int) -> range | None:
        """Runs into which one may lead; None where it leads out of the range."""
        if runs[at].sign == 1:
            furthest = motion.highest(runs[at].last)
            end = bisect_left(firsts, furthest + 1) - 1
            return range(at + 1, end + 1) if furthest <= runs[-1].last else None
        furthest = motion.lowest(runs[at].first)
        begin = bisect_left(firsts, furthest + 1) - 1
        return range(begin, at) if furthest >= runs[0].first else None

    leads = {at: lands(at) for at, run in enumerate(runs) if run.sign in (1, -1)}
    changed = True
    while changed:
        changed = False
        for at, into in leads.items():
            if into and not rests[at] and all(rests[i] for i in into):
                rests[at] = changed = True
    return [run for run, rest in zip(runs, rests, strict=True) if rest]


def _below(motions: Sequence[Motion]) -> list[Closed]:
    """Sets at the lower end that no input leaves; see `Closed`. Their highest key rises under no
    input, nor is it passed from the end of a piece below it.
    """
    (first, _), (_, last) = motions[0].pieces[0], motions[0].pieces[-1]
    ends = sorted({end for motion in motions for _, end in motion.pieces})
    calm = common([_where(motion.up, (0, -1)) for motion in motions] + [[(first, last - 1)]])
    found = []
    for begin, end in calm:
        for top in sorted({end, *(e for e in ends if begin <= e < end)}, reverse=True):
            if all(m.highest(e) <= top for m in motions for _, e in m.pieces if e < top):
                lowest = min(m.lowest(b) for m in motions for b, _ in m.pieces if b <= top)
                bottom = first if lowest >= first else None
                found.append(Closed(bottom, top, _from_above(motions, top)))
                break
    return found


def _from_above(motions: Sequence[Motion], top: int) -> int | None:
    """The least key above one from which some input leads to it or below."""
    return min(
        (
            max(begin, top + 1)
            for motion in motions
            for begin, end in motion.pieces
            if end > top and motion.lowest(max(begin, top + 1)) <= top
        ),
        default=None,
    )


def _above(motions: Sequence[Motion]) -> list[Closed]:
    """Sets at the upper end that no input leaves."""
    (first, _), (_, last) = motions[0].pieces[0], motions[0].pieces[-1]
    starts = sorted({begin for motion in motions for begin, _ in motion.pieces})
    calm = common([_where(motion.down, (0, 1)) for motion in motions] + [[(first + 1, last)]])
    found = []
    for begin, end in calm:
        for bottom in sorted({begin, *(s for s in starts if begin < s <= end)}):
            if all(m.lowest(s) >= bottom for m in motions for s, _ in m.pieces if s > bottom):
                highest = max(m.highest(e) for m in motions for _, e in m.pieces if e >= bottom)
                top = last if highest <= last else None
                found.append(Closed(bottom, top, _from_below(motions, bottom)))
                break
    return found


def _from_below(motions: Sequence[Motion], bottom: int) -> int | None:
    """The greatest key below one from which some input leads to it or above."""
    return max(
        (
            min(end, bottom - 1)
            for motion in motions
            for begin, end in motion.pieces
            if begin < bottom and motion.highest(min(end, bottom - 1)) >= bottom
        ),
        default=None,
    )
