"""What of a design no metric depends on: the parameters that it varies or sets, by policy and
scenario.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..errors import InputError
from ..parameters import Resolved, called, resolve
from ..results.metrics import METRICS
from ..results.sources import functions_in_force
from .design import Design
from .reads import Reach, network, structural
from .unread import SHOWN, Unread, given, told

Place = tuple[str, str]  # policy and scenario
MOST_STRUCTURES = (
    64  # combinations of switches that are looked at; beyond them a parameter counts as read
)


@dataclass(frozen=True)
class Idle:
    """Parameters on which none of a design's metrics depends.

    varied: by case (policy, scenario), then by path; one value that is not the network's own varies
    a parameter, too. given: those that overlays, scenarios or settings change, where nothing reads
    them in any case.
    """

    varied: Mapping[Place, Mapping[str, Unread]]
    given: Mapping[str, Unread]

    def _at(self, path: str) -> list[tuple[Place, Unread]]:
        return [(place, found[path]) for place, found in self.varied.items() if path in found]

    def lines(self) -> list[str]:
        """What a reader of the results must know, a line each."""
        lines = [one.line("changed, but ") for one in self.given.values()]
        for path in dict.fromkeys(path for found in self.varied.values() for path in found):
            places = [place for place, _ in self._at(path)]
            for policy, one in self._first(path):
                lines.append(
                    one.line(
                        f"varied, but under policy "
                        f"{policy}{_scenarios(self.varied, places, policy)} "
                    )
                )
        return lines

    @property
    def refusal(self) -> Unread | None:
        """What is to be said where a varied parameter is idle in every case; None where none is."""
        for path in dict.fromkeys(path for found in self.varied.values() for path in found):
            places = self._at(path)
            if len(places) == len(self.varied):
                told = dict.fromkeys(one.found for _, one in places)
                by_policy = "; ".join(
                    f"under policy {policy} {one.found}"
                    for policy, one in self._first(path)[:SHOWN]
                )
                return Unread(
                    path, next(iter(told)) if len(told) == 1 else by_policy, places[0][1].expected
                )
        return None

    def _first(self, path: str) -> list[tuple[str, Unread]]:
        """By policy the first case in which a parameter is idle."""
        found: dict[str, Unread] = {}
        for (policy, _), one in self._at(path):
            found.setdefault(policy, one)
        return list(found.items())


def _scenarios(cases: Mapping[Place, Any], idle: Sequence[Place], policy: str) -> str:
    every = [scenario for name, scenario in cases if name == policy]
    own = [scenario for name, scenario in idle if name == policy]
    return "" if own == every else f" in scenario {', '.join(own)}"


@dataclass(frozen=True)
class _DesignKey:
    text: str
    own: tuple[Callable, ...]
    design: Design = field(compare=False)


def idle(design: Design) -> Idle:
    """What of a design no metric depends on."""
    return _idle(
        _DesignKey(
            design.model_dump_json(by_alias=True, exclude={"runs", "seed", "description"})
            + repr(sorted(METRICS)),
            functions_in_force(),
            design,
        )
    )


@lru_cache(maxsize=32)
def _idle(key: _DesignKey) -> Idle:
    design, wanted = key.design, frozenset(key.design.metrics or METRICS)
    every = design.axes()
    layered = bool(design.overlays or design.sets or set(design.scenario_names) != {"none"})
    varied: dict[Place, dict[str, Unread]] = {}
    rest: dict[str, Unread | None] = {}
    names = itertools.cycle(design.scenario_names)
    plain: dict[str, Resolved] = {}  # the network under each policy alone
    for (policy, scenario), name in zip(design.cases(), names, strict=False):
        resolved = design.resolved(policy, scenario)
        beside = {
            path: _axis(values, resolved.entries[path].value) for path, values in every.items()
        }
        axes = {path: values for path, values in beside.items() if values}
        label = called("policy", policy or resolved.policy)  # files may share a policy's name
        if layered and label not in plain:
            plain[label] = resolve(design.base, policy=policy)
        changed = given(resolved, plain[label]) if layered else {}
        # what is read in one case is no mistake in another
        more = {
            p: v
            for p, v in changed.items()
            if p not in every
            and not p.startswith(("simulation.", "change."))
            and rest.get(p, True) is not None
        }
        found = _of_case(resolved, axes, more, design.structures, wanted) if axes or more else {}
        place = (label, name)
        varied[place] = {
            path: one for path, one in found.items() if path in axes and one is not None
        }
        rest |= {path: found[path] for path in more}
    return Idle(varied, {path: one for path, one in rest.items() if one is not None})


def _axis(values: Sequence[Any], own: Any) -> Sequence[Any]:
    """What a parameter takes: several values, or the network's own and the one in its place; a
    single one that is its own varies nothing.
    """
    if len(set(map(repr, values))) > 1:
        return values
    same = values[0] == own and isinstance(values[0], bool) == isinstance(own, bool)
    return () if same else (own, values[0])


def _of_case(
    resolved: Resolved,
    axes: Mapping[str, Sequence[Any]],
    changed: Mapping[str, Sequence[Any]],
    structures: Callable[[Sequence[str]], Iterator[dict[str, Any]]],
    wanted: frozenset[str],
) -> dict[str, Unread | None]:
    """By path what is to be said of it, None where it is read. structures: combinations of the
    values of some paths, as the points have them.
    """
    types = {str(value) for value in axes.get("controller.type", ())} or {
        resolved.values.controller.type
    }
    fixed = [path for path in axes if structural(path, types)]
    left, reached, first = {**axes, **changed}, {}, None
    for structure in itertools.islice(structures(fixed), MOST_STRUCTURES + 1):
        try:
            own = network(resolved.replace(structure, source="design") if structure else resolved)
        except InputError:  # an impossible point, which its rows will say
            continue
        first = first or own
        found = own.together(axes, [path for path in left if path in axes])
        for path in [path for path in left if path in changed]:
            found |= own.together({**axes, path: changed[path]}, [path])
        for path, reach in found.items():
            before = reached.get(path, Reach(frozenset(), frozenset()))
            reached[path] = Reach(
                before.variables | reach.variables, before.metrics | reach.metrics
            )
            if not wanted.isdisjoint(reach.metrics):
                del left[path]
        if not left:
            break
    looked = (
        first is not None
        and sum(1 for _ in itertools.islice(structures(fixed), MOST_STRUCTURES + 1))
        <= MOST_STRUCTURES
    )
    idle_ = (
        {path: told(first, path, values, reached[path], wanted) for path, values in left.items()}
        if looked
        else {}
    )
    return dict.fromkeys([*axes, *changed]) | idle_
