"""What of a proposal no metric depends on: told from its plan alone, so that whoever has the bundle
finds the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ...experiments.reads import network
from ...experiments.unread import Unread, told, without_effect
from ...parameters import Resolved
from .plan import EvidencePlan

MOST_TOLD = 10  # parameters of which the switch is looked for: an untrusted plan may have hundreds


@dataclass(frozen=True)
class UnreadChanges:
    """changed: parameters that the proposal changes and no metric depends on in its network, by
    path with the scenarios.

    varied: numbers of cases and points of the sensitivity that vary such a parameter. told: of all
    these, what is to be said.
    """

    changed: Mapping[str, tuple[str, ...]]
    varied: frozenset[tuple[int, int]]
    told: Mapping[str, Unread]

    def everywhere(self, labels: Sequence[str]) -> list[str]:
        """Changed parameters on which no metric depends in any scenario."""
        return [path for path, places in self.changed.items() if len(places) == len(labels)]


def idle(plan: EvidencePlan) -> UnreadChanges:
    """What of a proposal's plan no metric depends on."""
    wanted, changed = frozenset(plan.metrics), _changed(plan)
    varied = dict(_varied(plan))
    ends: dict[str, list[Any]] = {}
    for point, path in varied.items():
        ends.setdefault(path, []).append(plan.points[point].values[path])
    places: dict[str, tuple[str, ...]] = {}
    silent: set[tuple[int, int]] = set()
    explained: dict[str, Unread] = {}

    def explain(resolved: Resolved, changes: Mapping[str, Sequence[Any]]) -> set[str]:
        own = network(resolved)
        found = without_effect(own, changes, wanted)
        for path, reach in found.items():
            if path not in explained:
                one = (
                    told(own, path, changes[path], reach, wanted)
                    if len(explained) < MOST_TOLD
                    else None
                )
                explained[path] = one or Unread(path, "no metric depends on it")
        return set(found)

    for case, label in enumerate(plan.labels):
        try:
            today, proposed = (plan.resolved(case, point) for point in (0, _proposed(plan)))
            for path in sorted(
                explain(proposed, {path: [plan.points[0].values[path]] for path in changed}),
                key=changed.index,
            ):
                places[path] = (*places.get(path, ()), label)
            unread = explain(proposed, ends)
            # what the proposal leaves alone is varied beside today's values, too, and may be read
            # there
            beside = set(
                without_effect(
                    network(today),
                    {path: ends[path] for path in unread.difference(changed)},
                    wanted,
                )
            )
        except InputError:  # a network that cannot be, whose runs say so
            continue
        silent |= {
            (case, point)
            for point, path in varied.items()
            if path in beside or path in unread.intersection(changed)
        }
    return UnreadChanges(places, frozenset(silent), explained)


def _proposed(plan: EvidencePlan) -> int:
    return next(i for i, point in enumerate(plan.points) if point.role == "proposed")


def _changed(plan: EvidencePlan) -> list[str]:
    now, new = plan.points[0].values, plan.points[_proposed(plan)].values
    return [path for path in now if now[path] != new[path]]


def _varied(plan: EvidencePlan) -> Iterator[tuple[int, str]]:
    """Points of the sensitivity with the one parameter that they vary."""
    new = plan.points[_proposed(plan)].values
    for number, point in enumerate(plan.points):
        differing = [path for path in new if point.values[path] != new[path]]
        if point.role == "sensitivity" and len(differing) == 1:
            yield number, differing[0]
