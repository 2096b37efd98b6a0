"""A checked, frozen parameter tree with the origin of every value, and what its levers were before
they changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from ..shown import Shown
from .checking import place
from .entries import Entry, as_written, build, merge
from .kinds import BEFORE
from .reading import Leaf, number
from .schema import Parameters, put
from .units import in_other_tokens
from .writing import yaml_text

NONE = "none"  # in place of a scenario: nothing happens


@dataclass(frozen=True)
class Before:
    """Levers as they stood until a day, where they differ from the tree: values by path. until:
    None for `change.day`.
    """

    until: float | None
    levers: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Resolved(Shown):
    """A resolved parameter tree, as `resolve` returns it.

    Attributes
    ----------
    values : Parameters
        The frozen tree, with all changes in force.
    entries : dict of Entry
        Every parameter with its origin, by path.
    base, policy, scenarios : str, str, tuple of str
        Names of what it was resolved from.
    descriptions : dict of str
        Of those files, by name.
    before : tuple of Before
        What levers were before they changed, in the order of time; the first is the network of
        today, from which simulations start.
    parent : str
        The set from which the base begins, empty for none.
    own : tuple of str
        The paths that the base says itself; the rest are the parent's.
    """

    values: Parameters
    entries: dict[str, Entry]
    base: str
    policy: str
    scenarios: tuple[str, ...]
    descriptions: dict[str, str]
    before: tuple[Before, ...] = ()
    parent: str = ""
    own: tuple[str, ...] = ()

    def _essentials(self) -> dict[str, Any]:
        return {
            "base": self.base,
            "policy": self.policy,
            "scenario": ", ".join(self.scenarios) or "none",
            "parameters": len(self.entries),
            "SHA-256": self.hash[:16],
        }

    @property
    def origin(self) -> str:
        """How many parameters are the network's own and whose the rest are; empty where it begins
        from no other set.
        """
        if not self.parent:
            return ""
        return (
            f"{self.base}: own {len(self.own)} of {len(self.entries)} parameters; the rest are "
            f"those of {self.parent}, and what rests on them, such as prices, is an illustration"
        )

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the values and of what levers were before, in
        hexadecimal.
        """
        return digest(self.values, self.before)

    @property
    def today(self) -> Parameters:
        """The network before any change."""
        return put(self.values, self.before[0].levers) if self.before else self.values

    def stages(self) -> tuple[tuple[int, Parameters], ...]:
        """Parameters from a step on, in the order of time; the first from the start.

        Returns
        -------
        tuple of (int, Parameters)
            Those that end before they begin are left out, and those that begin after the end.

        Raises
        ------
        InputError
            For a change within a step.
        """
        values, first, found = self.values, 0, []
        for one in self.before:
            until = values.change.day if one.until is None else one.until
            step = round(until / values.simulation.time_step)
            if abs(step * values.simulation.time_step - until) > 1e-6:
                raise InputError(
                    f"day {until:g}",
                    key="change.day",
                    expected=f"a multiple of the step, {values.simulation.time_step:g} days",
                )
            if step > first:
                found.append((first, put(values, one.levers)))
                first = step
        return tuple(
            (step, levers)
            for step, levers in (*found, (first, values))
            if step < values.simulation.steps
        )

    @property
    def reaches_the_last_change(self) -> bool:
        """Whether the span is long enough for all changes to act."""
        return self.stages()[-1][1] is self.values

    def refuse_late(self) -> None:
        """Refuse a change that no step of the simulation sees.

        Raises
        ------
        InputError
            Where there is one.
        """
        last = self.values.simulation.days
        for one in self.before:
            day = self.values.change.day if one.until is None else one.until
            if not day < last:
                raise InputError(
                    f"day {day:g}",
                    key="change.day" if one.until is None else "changes",
                    expected=f"a day before the end, {last:g}",
                )

    def open_to_change(self) -> Resolved:
        """The same network, whose levers that are replaced later act from `change.day` on.

        Returns
        -------
        Resolved
            Even where it has no change yet.
        """
        return self if self.before else replace(self, before=(Before(None, {}),))

    def in_force(self) -> Resolved:
        """The network in which all changes have been made long ago.

        Returns
        -------
        Resolved
            Its today is what they give.
        """
        return replace(self, before=())

    def is_lever(self, path: str) -> bool:
        """Whether a vote or an operator of the protocol sets a parameter in this network.

        Parameters
        ----------
        path : str
            Of the parameter.

        Returns
        -------
        bool
            By its role, which a network may move.
        """
        entry = self.entries.get(path)
        return (entry.role if entry else place(path).role) == "lever"

    @property
    def scenario(self) -> str:
        """The scenarios as one name; `NONE` where there is none."""
        return "+".join(self.scenarios) or NONE

    def to_yaml(self) -> str:
        """The tree as a parameter file.

        Returns
        -------
        str
            It loads again, with the same hash.
        """
        return yaml_text(self.tree())

    def tree(self) -> dict[str, Any]:
        """The tree as a parameter file has it.

        Returns
        -------
        dict
            Groups within one another, as `yaml_text` takes them.
        """
        tree: dict[str, Any] = {
            "description": f"{self.base}, policy {self.policy}, "
            + (", ".join(self.scenarios) or "no scenario")
        }
        if self.before:
            tree[BEFORE] = as_history(self.before)
        for path, entry in self.entries.items():
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = {} if entry.value == {} else as_written(entry)
        return tree

    def replace(self, changes: Mapping[str, Any], source: str) -> Resolved:
        """The tree with some values changed, checked again.

        Changed levers act with the last change, and today stays; any other change is one of today,
        too.

        Parameters
        ----------
        changes : mapping
            Values by path.
        source : str
            Why.

        Returns
        -------
        Resolved
            A tree of its own; this one stays.

        Raises
        ------
        InputError
            For a value that does not fit.
        """
        return self.with_leaves(
            {
                path: Leaf(path, number(value), None, source, source, None)
                for path, value in changes.items()
            }
        )

    def naming(self, paths: Sequence[str]) -> Resolved:
        """The same network, with blocks of a user's own named as such that do not act.

        Parameters
        ----------
        paths : sequence of str
            Paths of parameters, of which those of blocks of a user's own are named where the
            network says nothing of them.

        Returns
        -------
        Resolved
            This one where there is none.
        """
        new = [path for path in paths if of_own_block(path) and path not in self.entries]
        return self.replace(dict.fromkeys(new, False), source="not named") if new else self

    def in_other_tokens(self, factor: float, source: str) -> Resolved:
        """The same network, today and after its changes, in another token.

        Parameters
        ----------
        factor : float
            New tokens for an old one, of which each is worth 1/factor.
        source : str
            Why.

        Returns
        -------
        Resolved
            With amounts and prices per token in the new one.
        """
        values, entries = build(self.leaves(in_other_tokens(self.values, factor), source))
        before = [
            Before(
                one.until,
                {
                    path: in_other_tokens(put(self.values, one.levers), factor).get(path, value)
                    for path, value in one.levers.items()
                },
            )
            for one in self.before
        ]
        return replace(self, values=values, entries=entries, before=tuple(before))

    def with_leaves(self, changes: Mapping[str, Leaf]) -> Resolved:
        """`replace` with changes as they were written.

        Parameters
        ----------
        changes : mapping of str to Leaf
            By path.

        Returns
        -------
        Resolved
            A tree of its own.

        Raises
        ------
        InputError
            For a value that does not fit.
        """
        values, entries = build(merge(self.leaves({}, ""), changes))
        known = {path: entry.value for path, entry in self.entries.items()}
        known = dict.fromkeys(filter(of_own_block, changes), False) | known
        levers = {path: known[path] for path in changes if path in known and self.is_lever(path)}
        past = self.before or (Before(None, {}),)
        kept = [Before(one.until, levers | dict(one.levers)) for one in past]
        return replace(self, values=values, entries=entries, before=told_apart(kept, entries))

    def leaves(self, changes: Mapping[str, Any], source: str) -> dict[str, Leaf]:
        """Its values as they were written, unchecked.

        Parameters
        ----------
        changes : mapping
            By path, values in place of them.
        source : str
            What a changed one says of where it is from.

        Returns
        -------
        dict of Leaf
            By path.
        """
        leaves = {
            e.path: Leaf(
                e.path, e.value, None, e.source, e.file, e.line, e.reason and e.role, e.reason
            )
            for e in self.entries.values()
        }
        changed = {
            path: Leaf(path, number(value), None, source, source, None)
            for path, value in changes.items()
        }
        return merge(leaves, changed)


def of_own_block(path: str) -> bool:
    """Whether a path says of a block of a user's own that it acts; one that nothing is said of does
    not.
    """
    return path.startswith("blocks.")


def digest(values: Parameters, before: Sequence[Before] = ()) -> str:
    """SHA-256 of the canonical JSON of values, and of what levers were before, in hexadecimal."""
    told: Any = values.model_dump()
    if before:
        told = {"values": told, "before": [[b.until, dict(b.levers)] for b in before]}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def told_apart(past: Sequence[Before], entries: Mapping[str, Entry]) -> tuple[Before, ...]:
    """Levers before their changes where they differ from the tree; none that no change follows."""
    found = [
        Before(
            one.until,
            {p: v for p, v in one.levers.items() if p in entries and entries[p].value != v},
        )
        for one in past
    ]
    while found and not found[-1].levers:
        found.pop()
    return tuple(found)


def as_history(before: Sequence[Before]) -> list[dict[str, Any]]:
    """What levers were before they changed, as a parameter file has it."""
    return [
        ({} if one.until is None else {"until": one.until}) | {"levers": dict(one.levers)}
        for one in before
    ]
