"""Which parameters of the world are screened for a proposal, and over which ranges.

A range is what the proposal states under `sensitivity.paths`, else what the parameter's own source
states ("range .5 to 1", "95 % interval .09 to .2"), else a relative step either way, of a share
above one half that of the rest. Those on which no metric of the limits depends, by the program of
the step, are not screened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ...experiments.reads import network, structural
from ...model.model import MODEL
from ...model.steady_state import starts
from ...parameters import Entry, Resolved, fits, place
from ...parameters.points import fitting
from ..evidence.plan import EvidencePlan
from ..evidence.worlds import limits_of
from ..evidence.worlds_record import WorldsAsked

AT_ONCE = 16  # parameters whose dependences are followed together
NUMBER = r"(-?(?:\d[\d,]*)?\.?\d+(?:e[-+]?\d+)?)"
# what follows must end the phrase: a unit, a per-cent sign or "million" makes other numbers of them
STATED = re.compile(rf"\b(?:range|95 % interval) {NUMBER} to {NUMBER}(?=$|[;:)\]'\"]|[.,](?!\d))")
HALF = 0.5
LEAST_OVER = 1e-9  # above 1, which a share cannot be
UNREAD = "no metric of the limits depends on it"
UNSTATED = "0 or a share of 1, and no range is stated"
TIED, GIVEN, KIND = (
    "cannot be another alone, as shares that add up to one",
    "set by the proposal",
    "a switch, a name or what the law is computed from",
)


def stated_range(source: str) -> tuple[float, float] | None:
    """The range that a source states in its words, in order; None where it states none, or one
    with a unit or a magnitude behind it, which is not read.
    """
    found = STATED.search(source)
    if found is None:
        return None
    low, high = sorted(float(text.replace(",", "")) for text in found.groups())
    return (low, high) if low < high else None


def ranges_of(
    plan: EvidencePlan, asked: WorldsAsked, step: float
) -> tuple[dict[str, tuple[float, float]], dict[str, int]]:
    """Ranges of what is screened, by path, and how many are not, by the reason."""
    today, proposed = plan.resolved(0, 0), plan.resolved(0, 1)
    types = {one.values.controller.type for one in (today, proposed)}
    moved = {p for p, value in plan.points[1].values.items() if value != plan.points[0].values[p]}
    varied = _varied(plan)
    found: dict[str, tuple[float, float]] = {}
    held: dict[str, str] = {}
    for path, entry in proposed.entries.items():
        if entry.role != "world" or (asked.paths and path not in asked.paths):
            continue
        if place(path).kind is not float or structural(path, types) or entry.value == {}:
            held[path] = KIND
        elif path in moved:
            held[path] = GIVEN
        else:
            ends = range_of(entry, varied.get(path), step)
            if ends is None:
                held[path] = UNSTATED
            else:
                found[path] = ends
    found = _alone(found, proposed, held, frozenset(varied))
    metrics = frozenset(limit.constraint.metric for _, limit in limits_of(plan))
    for path in _unread(today, proposed, found, metrics):
        held[path] = UNREAD
        del found[path]
    reasons = list(held.values())
    return found, {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}


def _varied(plan: EvidencePlan) -> dict[str, tuple[float, float]]:
    """What the plan's own sensitivity varies, by path: a range that the proposal states, or that is
    asked of every one.
    """
    base = plan.points[1].values
    ends: dict[str, list[float]] = {}
    for point in plan.points:
        differing = [path for path in base if point.values[path] != base[path]]
        if point.role == "sensitivity" and len(differing) == 1:
            ends.setdefault(differing[0], []).append(float(point.values[differing[0]]))
    return {path: (min(v), max(v)) for path, v in ends.items() if min(v) < max(v)}


def range_of(
    entry: Entry, given: tuple[float, float] | None, step: float
) -> tuple[float, float] | None:
    """A parameter's range, or None where there is none to assume."""
    path, value, stated = entry.path, float(entry.value), stated_range(entry.source)
    if given is None and stated is not None and all(fits(path, end) is None for end in stated):
        given = stated
    if given is not None:
        # the network itself is one of its worlds
        return min(given[0], value), max(given[1], value)
    low, high = (end if fits(path, end) is None else value for end in _about(entry, step))
    return (low, high) if low < high else None


def _about(entry: Entry, step: float) -> list[float]:
    """The values a relative step either way. Of a share above one half the step is of what it
    leaves, 1 - value: an uptime of .99 becomes one of .9875 to .9925 and not of .74, nor one above
    all that there is.
    """
    value = float(entry.value)
    share = entry.unit == "1" and fits(entry.path, 1.0 + LEAST_OVER) is not None
    if share and HALF < value <= 1.0:
        return [1.0 - (1.0 - value) * factor for factor in (1.0 + step, 1.0 - step)]
    return sorted((value * (1.0 - step), value * (1.0 + step)))


def starting(resolved: Resolved, paths: Sequence[str], points: np.ndarray) -> np.ndarray:
    """Whether there is a network, and a start of it, at each point, (points,). paths: of numbers.
    points: (points, paths).
    """
    good = fitting(resolved.values, paths, points)
    some = np.flatnonzero(good)
    if len(some):
        swept = dict(zip(paths, points[some].T, strict=True))
        found = starts(dict(resolved.today), MODEL, swept, len(some))
        good[some] &= np.isfinite(found["token_price"])
    return good


def _alone(
    ranges: Mapping[str, tuple[float, float]],
    resolved: Resolved,
    held: dict[str, str],
    given: frozenset[str],
) -> dict[str, tuple[float, float]]:
    """The ranges within what can be: an assumed end with which alone the network has no start is
    left out. A stated one stays, and its worlds are counted.
    """
    paths = list(ranges)
    if not paths:
        return {}
    entries = resolved.entries
    own = np.array([float(entries[path].value) for path in paths])
    points = np.repeat(own[None], 2 * len(paths), axis=0)
    for column, path in enumerate(paths):
        points[2 * column : 2 * column + 2, column] = ranges[path]
    good = starting(resolved, paths, points).reshape(-1, 2)
    found = {}
    for column, path in enumerate(paths):
        low, high = ranges[path]
        if not good[column].any():
            held[path] = TIED
            continue
        if path not in given and stated_range(entries[path].source) is None:
            low, high = (
                end if fine else float(own[column])
                for end, fine in zip((low, high), good[column], strict=True)
            )
        if low < high:
            found[path] = (low, high)
        else:
            held[path] = TIED
    return found


def _unread(
    today: Resolved,
    proposed: Resolved,
    ranges: Mapping[str, tuple[float, float]],
    metrics: frozenset[str],
) -> list[str]:
    """Parameters on which none of the metrics depends, under today's values or the proposed."""
    silent = set(ranges)
    for resolved in (today, proposed):
        own, left = network(resolved), [path for path in ranges if path in silent]
        parts = [
            {path: ranges[path] for path in some} for some in _startable(resolved, left, ranges)
        ]
        for path, reach in own.in_parts(parts).items():
            if not metrics.isdisjoint(reach.metrics):
                silent.discard(path)
    return [path for path in ranges if path in silent]


def _startable(
    resolved: Resolved, paths: Sequence[str], ranges: Mapping[str, tuple[float, float]]
) -> list[list[str]]:
    """The paths in parts, of `AT_ONCE` or less, of which all may be at their least, or at their
    largest: elsewhere nothing is told of what depends on what.
    """
    own = [float(resolved.entries[path].value) for path in paths]
    found: list[list[str]] = []
    parts = [range(len(paths))[first : first + AT_ONCE] for first in range(0, len(paths), AT_ONCE)]
    while parts:
        # all at once: of many starts together each takes a fraction of what it takes alone
        corners = np.tile(own, (len(parts), 2, 1))
        for corner, part in zip(corners, parts, strict=True):
            corner[:, part] = np.array([ranges[paths[i]] for i in part]).T
        good = starting(resolved, paths, corners.reshape(-1, len(paths))).reshape(-1, 2)
        halves = []
        for part, fine in zip(parts, good.all(axis=1), strict=True):
            if fine or len(part) < 2:
                found.append([paths[i] for i in part])
            else:
                half = len(part) // 2
                halves += [part[:half], part[half:]]
        parts = halves
    return found
