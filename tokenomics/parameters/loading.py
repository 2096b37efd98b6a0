"""From files, overlays and settings to one resolved parameter tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import InputError
from ..inputs.arguments import SETS, SOURCE, checked, many, optional, several
from .changes import Dated, history, schedule
from .checking import check_leaf, fits, place
from .entries import Entry, build, merge
from .fields import ROLES
from .kinds import BASE, BEFORE
from .layers import Source, checked_layer, read_layer
from .reading import Leaf, number, scalar
from .resolved import NONE, Before, Resolved, told_apart
from .schema import Parameters
from .stocks import refuse_undated


def setting(text: str, argument: str = "sets") -> Leaf:
    """The leaf of a text "path=value". argument: whose it is. Raises InputError for another
    form.
    """
    path, sign, raw = text.partition("=")
    path = path.strip()
    if not sign or not path:
        raise InputError(
            f"'{text}'",
            file=f"`{argument}`",
            expected="path=value, for example controller.pid.kp=0.05",
        )
    option = "--set" if argument == "sets" else f"--{argument}"
    return Leaf(path, scalar(raw.strip()), None, f"{option} {path}", f"`{argument}`", None)


def _refuse_twice(argument: str, names: Sequence[str]) -> None:
    """What is given twice says nothing more, and of two values of one parameter one would be
    dropped without a word.
    """
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"'{twice}' twice", argument=argument, expected="each once")


def _refuse_conflict(one: Leaf, other: Leaf) -> None:
    """What two scenarios set to different values: neither is above the other."""
    if one.value != other.value:
        line = f":{one.line}" if one.line else ""
        raise other.error(
            f"{other.value!r}, and {one.value!r} in {one.file}{line}",
            expected="scenarios that agree on it; an overlay or a setting is above them",
        )


def assignments(sets: Mapping[str, Any] | str | Sequence[str] | None) -> dict[str, Any]:
    """Settings as a mapping of path to value: a mapping, or texts "path=value", one or several.
    Raises InputError for another text.
    """
    return (
        dict(sets)
        if isinstance(sets, Mapping)
        else {leaf.path: leaf.value for leaf in map(setting, many(sets))}
    )


@checked(
    base=SOURCE,
    policy=optional(SOURCE),
    own=optional(SOURCE),
    scenarios=several(SOURCE),
    overlays=several(SOURCE),
    today=SETS,
    sets=SETS,
)
def resolve(
    base: Source = "baseline",
    *,
    policy: Source | None = None,
    own: Source | None = None,
    scenarios: Sequence[Source] = (),
    overlays: Sequence[Source] = (),
    today: Sequence[str] | Mapping[str, Any] = (),
    sets: Sequence[str] | Mapping[str, Any] = (),
    changes: Source | Sequence[Mapping[str, Any]] = (),
) -> Resolved:
    """Parameters from names, files and changes: the network of today, and what changes in it.

    Today is base ← own ← scenarios ← overlays ← `today`. Its changes of levers are the policy and
    then the settings from `change.day` on, and a dated list.

    Parameters
    ----------
    base : str, Path or mapping
        A shipped name, the path of a YAML file, or a nested mapping. A base whose key `base` names
        another inherits all that it does not say itself.
    policy : as `base`, optional
        The law and its settings, a change of today's.
    own : as `base`, optional
        The policy that is in force today.
    scenarios, overlays : sequences of what `base` may be
        Several scenarios happen together, in any order, and may not contradict each other. The
        scenario "none" is none.
    today, sets : "path=value" texts, or a mapping of path to value
        Of today, and of the changes. A setting of no lever is no change but another network from
        the start.
    changes : str, Path, mapping or list of mappings
        A list of day [days], policy and set, or a YAML file with it.

    Returns
    -------
    Resolved
        The frozen tree in `values`, and in `entries` unit and source of every parameter.

    Raises
    ------
    InputError
        Names file, line, key, what was found and expected, and the nearest valid key.

    Examples
    --------
    >>> found = tk.resolve("baseline", policy="pid", sets={"supply.burn_share": 0.4})
    >>> found.values.supply.burn_share
    0.4
    >>> found.entries["market.arbitrage_speed"].unit
    '1/day'
    >>> tk.resolve(sets={"supply.burn_shaer": 0.4})
    Traceback (most recent call last):
        ...
    tokenomics.errors.InputError: ...; did you mean 'burn_share'?
    """
    base_name, description, leaves = read_layer("base", base)
    past = leaves.pop(BEFORE, None)
    leaves, parent, said = _inherited(leaves)
    for leaf in leaves.values():
        check_leaf(leaf)
    _refuse_partial(base, leaves)
    descriptions = {base_name: description}
    names: dict[str, list[str]] = {"policy": [], "scenario": [], "overlay": []}
    layers = [("scenario", s) for s in scenarios if s != NONE] + [("overlay", s) for s in overlays]
    for kind in ("scenario", "overlay"):
        _refuse_twice(
            kind,
            [
                str(source)
                for its, source in layers
                if its == kind and not isinstance(source, Mapping)
            ],
        )
    above: dict[str, Leaf] = {}
    by_scenarios: dict[str, Leaf] = {}
    for kind, source in layers:
        name, description, mine = checked_layer(kind, source)
        for leaf in mine.values() if kind == "scenario" else ():
            _refuse_conflict(by_scenarios.setdefault(leaf.path, leaf), leaf)
        names[kind].append(name)
        descriptions[name] = description
        above = merge(above, mine)
    for leaf in _settings("today", today):
        above = merge(above, {leaf.path: leaf})

    def lever(path: str) -> bool:
        role = leaves[path].role if path in leaves else None
        return (role or place(path).role) == "lever"

    def levers_of(source: Source | None) -> dict[str, Leaf]:
        if source is None:
            return {}
        name, description, levers = checked_layer("policy", source)
        names["policy"].append(name)
        descriptions[name] = description
        for path, leaf in levers.items():
            if not lever(path):
                raise leaf.error(
                    f"a policy that sets {ROLES[place(path).role]}", expected="levers alone"
                )
        return levers

    leaves = merge(merge(leaves, levers_of(own)), above)
    changed = levers_of(policy)
    for leaf in _settings("sets", sets):
        if lever(leaf.path):
            changed = merge(changed, {leaf.path: leaf})
        else:
            leaves = merge(leaves, {leaf.path: leaf})
    refuse_undated(leaves)
    values, entries = build(leaves)
    scenario = tuple(names["scenario"])
    first = Resolved(
        values,
        entries,
        base_name,
        "",
        scenario,
        descriptions,
        _history(past, entries, above),
        parent,
        said,
    )
    found = _changed(first, changed, schedule(changes) if changes else [])
    law = names["policy"][-1] if names["policy"] else found.values.controller.type
    return replace(found, policy=law)


def _changed(today: Resolved, changed: Mapping[str, Leaf], dated: Sequence[Dated]) -> Resolved:
    """The network after its changes of levers: those of the policy and the settings on
    `change.day`, and dated ones.
    """
    if today.before and (dated or (changed and today.before[-1].until is not None)):
        raise InputError(
            "changes of a network whose file dates changes of its own",
            argument="changes" if dated else "sets",
            expected="one or the other; `today` is before them all",
        )
    if not dated:
        return today.with_leaves(changed) if changed else today
    steps = [(one.day, _dated_leaves(one, today)) for one in dated]
    if changed:
        steps.append((today.values.change.day, dict(changed)))
    steps.sort(key=lambda step: step[0])
    stages = [today]
    for _, leaves in steps:
        stages.append(stages[-1].with_leaves(leaves).in_force())
    final = stages[-1]
    past = [
        Before(day, {path: entry.value for path, entry in stage.entries.items()})
        for stage, (day, _) in zip(stages, steps, strict=False)
    ]
    return replace(final, before=told_apart(past, final.entries))


def _dated_leaves(one: Dated, today: Resolved) -> dict[str, Leaf]:
    """What a dated change sets. Raises InputError for what is no lever."""
    leaves: dict[str, Leaf] = {}
    if one.policy is not None:
        leaves = checked_layer("policy", one.policy)[2]
    where = f"change of day {one.day:g}"
    for path, value in one.set.items():
        leaf = Leaf(path, number(value), None, where, "changes", None)
        check_leaf(leaf)
        leaves = merge(leaves, {path: leaf})
    for path, leaf in leaves.items():
        if not today.is_lever(path):
            raise leaf.error(
                f"{path} is {ROLES[place(path).role]}", expected="levers, which a vote can set"
            )
    return leaves


def _history(
    past: Leaf | None, entries: Mapping[str, Entry], above: Mapping[str, Leaf]
) -> tuple[Before, ...]:
    """What a parameter file says of its levers before they changed, but for those that a layer
    above it sets.
    """
    if past is None:
        return ()
    found = []
    for one in history(past.value, past.file):
        for path, value in one.levers.items():
            role = entries[path].role if path in entries else "unknown"
            wanted = "the path of a lever" if role != "lever" else fits(path, value)
            if wanted:
                raise InputError(
                    f"{path}: {value!r}"[:80], file=past.file, key=BEFORE, expected=wanted
                )
        found.append(Before(one.until, {p: v for p, v in one.levers.items() if p not in above}))
    return told_apart(found, entries)


def _settings(argument: str, sets: Sequence[str] | Mapping[str, Any]) -> list[Leaf]:
    """Settings as leaves, each path once."""
    option = "--set" if argument == "sets" else f"--{argument}"
    if isinstance(sets, Mapping):
        found = [
            Leaf(path, number(v), None, f"{option} {path}", f"`{argument}`", None)
            for path, v in sets.items()
        ]
    else:
        found = [setting(text, argument) for text in sets]
        _refuse_twice(argument, [leaf.path for leaf in found])
    for leaf in found:
        check_leaf(leaf)
    return found


def _inherited(leaves: dict[str, Leaf]) -> tuple[dict[str, Leaf], str, tuple[str, ...]]:
    """The leaves of a base with those of the set from which it begins; that set's name, empty for
    none, and the paths that are its own.
    """
    begins = leaves.pop(BASE, None)
    if begins is None:
        return leaves, "", ()
    name, _, below = read_layer("base", str(begins.value))
    if BASE in below:
        raise begins.error(
            f"{begins.value}, which begins from another itself",
            expected="a whole parameter set, such as baseline",
        )
    below.pop(BEFORE, None)
    return merge(below, leaves), name, tuple(leaves)


def lacking(paths: Iterable[str]) -> str | None:
    """The first group without which there is no whole set of parameters and of which there is none
    among some paths; None where it is whole.
    """
    groups = {path.partition(".")[0] for path in paths}
    needed = (name for name, field in Parameters.model_fields.items() if field.is_required())
    return next((name for name in needed if name not in groups), None)


def _refuse_partial(base: Source, leaves: Mapping[str, Leaf]) -> None:
    """Raise InputError where a base lacks a whole group."""
    if group := lacking(leaves):
        wanted = (
            "a whole parameter set, as 'tokenomics params show' prints; a file with some numbers "
            "goes to `overlay`"
        )
        file = (
            next(iter(leaves.values())).file
            if leaves
            else None
            if isinstance(base, Mapping)
            else base
        )
        raise InputError("missing", file=file, key=group, expected=wanted)
