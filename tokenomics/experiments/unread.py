"""Changes that no number can show: which parameters no metric depends on, why, and what would have
them read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.model import MODEL, Model
from ..parameters import Resolved, fits
from ..results.metrics import METRICS
from . import switches
from .reads import Network, Reach, network

SHOWN = 3  # variables or metrics that are named
FAR = (0.0, 0.5, 1.0, 2.0, 10.0)  # values, and multiples


@dataclass(frozen=True)
class Unread:
    """A parameter on which no metric depends. found: how far that goes, and the switch behind it.
    expected: what would have it read, if anything.
    """

    path: str
    found: str
    expected: str | None = None

    def __str__(self) -> str:
        return self.line()

    def line(self, front: str = "") -> str:
        """It as one line. front: put before what was found."""
        return f"{self.path}: {front}{self.found}" + (
            f"; expected {self.expected}" if self.expected else ""
        )


def unread(
    resolved: Resolved,
    changes: Mapping[str, Sequence[Any]],
    metrics: Iterable[str] = (),
    *,
    model: Model = MODEL,
    recorded: Iterable[str] = (),
) -> dict[str, Unread]:
    """Of some parameters those on which no metric depends in a network, by path.

    changes: by path, the values that each takes beside its own, while all others stand. metrics:
    names, all by default. recorded: names of recorded series in the shock table. What cannot be
    told, since the blocks cannot be recorded, counts as read.
    """
    own, wanted = network(resolved, model, recorded), frozenset(metrics or METRICS)
    silent = without_effect(own, changes, wanted)
    found = {path: told(own, path, changes[path], reach, wanted) for path, reach in silent.items()}
    return {path: one for path, one in found.items() if one is not None}


def without_effect(
    own: Network, changes: Mapping[str, Sequence[Any]], wanted: frozenset[str]
) -> dict[str, Reach]:
    """Of some changes those on which no metric of `wanted` depends, by path with what else can
    differ.
    """
    entries = own.resolved.entries
    moved = {
        path: values
        for path, values in changes.items()
        if any(value != entries[path].value for value in values)
    }
    return {
        path: reach for path, reach in own.each(moved).items() if wanted.isdisjoint(reach.metrics)
    }


def told(
    own: Network, path: str, values: Sequence[Any], reach: Reach, wanted: frozenset[str]
) -> Unread | None:
    """What is to be said of a parameter that may take some values; None where a metric depends on
    it. reach: what can differ.
    """
    if not wanted.isdisjoint(reach.metrics):
        return None
    if reach.metrics:
        return Unread(
            path,
            "none of the metrics that are asked for depends on it",
            f"a metric that does: {_few(reach.metrics, METRICS)}",
        )
    if not reach.variables and (day := own.beyond(path, {path: values})) is not None:
        span = own.resolved.values.simulation.days
        found = f"its event begins on day {day:g}, and the simulation ends with day {span:g}"
        return Unread(path, found, f"a start before day {span:g}, or a longer span")
    far = _far(own, path, values)
    if not reach.variables and own.reach(path, far).variables:
        numbers = (own.resolved.entries[path].value, *values)
        return Unread(path, f"nothing depends on it between {min(numbers):g} and {max(numbers):g}")
    switch = switches.find(own, path, far, wanted, far=not reach.variables)
    while_ = f" while {switch}" if switch else ""
    if reach.variables:
        found = (
            f"no metric depends on it{while_} (it changes "
            f"{_few(reach.variables, sorted(reach.variables))} alone)"
        )
    else:
        found = f"nothing reads it{while_}"
    return Unread(path, found, f"{switch.expected} with it" if switch else None)


def _few(names: Collection[str], order: Iterable[str]) -> str:
    """The first of some names, and how many more."""
    chosen = [name for name in order if name in names]
    left = len(chosen) - SHOWN
    return ", ".join(chosen[:SHOWN]) + (f" and {left} more" if left > 0 else "")


def _far(own: Network, path: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Values among which a parameter shows an effect that it has at all: these, and for a number
    some that are far from them.
    """
    if path not in own.numbers:
        return tuple(values)
    size = max(map(abs, (own.resolved.entries[path].value, *values)))
    return (
        *values,
        *(value for value in (*FAR, *(size * one for one in FAR)) if fits(path, value) is None),
    )


def given(resolved: Resolved, below: Resolved) -> dict[str, list[Any]]:
    """Parameters that differ from those of a network below, by path with the values there: what
    somebody changed. An event that is not there is one of size 0, and a number of a modeller's own
    any other.
    """
    found = {}
    for path, entry in resolved.entries.items():
        if path in below.entries:
            before = below.entries[path].value
        elif path.startswith(switches.CUSTOM) and isinstance(entry.value, float):
            before = entry.value + 1.0
        else:
            size = path.startswith("events.") and path.endswith(".size")
            before = 0.0 if size else {}
        if before not in (entry.value, {}):
            found[path] = [before]
    return found


def changed_to_no_effect(
    resolved: Resolved,
    below: Resolved,
    networks: Sequence[Mapping[str, Any]] = ({},),
    *,
    model: Model = MODEL,
    recorded: Iterable[str] = (),
) -> list[str]:
    """What to say of the parameters that somebody changed and no metric depends on, a line each.

    below: the network before the change. networks: settings with which the network is looked at;
    what is read in one of them is read.
    model, recorded: as in `unread`.
    """
    left = {
        path: values
        for path, values in given(resolved, below).items()
        if not path.startswith(("simulation.", "change."))
    }
    found: dict[str, Unread] = {}
    for settings in networks:
        own = resolved.replace(settings, source="command") if settings else resolved
        found = unread(own, left, model=model, recorded=recorded) if left else {}
        left = {path: left[path] for path in found}
    return [one.line("changed, but ") for one in found.values()]
