"""Many points of one network checked at once: other values of some of its numbers, a column each.

What `Resolved.replace` would refuse is found over whole columns, by the same bounds and rules; it
is said of the refused points alone, one by one, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from .checking import LARGEST, check_leaf, checked_tree, nest, place
from .fields import Group, Ruled
from .reading import Leaf, number
from .resolved import Resolved
from .schema import Parameters, put

WITHIN = {"ge": np.greater_equal, "gt": np.greater, "le": np.less_equal, "lt": np.less}


def refusals(
    resolved: Resolved, paths: Sequence[str], points: np.ndarray, source: str
) -> list[str]:
    """What is wrong with each point, as `Resolved.replace` says it; empty where nothing is.

    points: (points, paths), numbers in place of those at the `paths`. source: why they are other.
    """
    found = [""] * len(points)
    wrong = np.flatnonzero(~fitting(resolved.values, paths, points))
    if len(wrong):
        leaves = resolved.leaves(dict(zip(paths, points[0], strict=True)), source)
        tree: dict[str, Any] = {}
        for leaf in leaves.values():
            nest(tree, leaf)
        order = [(path, paths.index(path)) for path in leaves if path in paths]
        for i in wrong:
            mine = [
                Leaf(path, number(points[i, k]), None, source, source, None) for path, k in order
            ]
            found[i] = _refusal(mine, leaves, tree)
    return found


def _refusal(mine: Sequence[Leaf], leaves: dict[str, Leaf], tree: dict[str, Any]) -> str:
    """What is wrong with one point. mine: its values, which are put in place of those of the point
    before it in `leaves` and `tree`.
    """
    try:
        for leaf in mine:
            check_leaf(leaf)
            leaves[leaf.path] = leaf
            nest(tree, leaf)
        checked_tree(tree, leaves)
    except InputError as error:
        return str(error)
    return ""


def fitting(parameters: Parameters, paths: Sequence[str], points: np.ndarray) -> np.ndarray:
    """Whether each point is within the bounds of its parameters and keeps the rules of their
    groups, (points,): of numbers those that `refusals` has nothing to say of. False, too, where a
    parameter has more to it than bounds.
    """
    good = np.all(np.abs(points) <= LARGEST, axis=1)  # also false for NaN
    columns = dict(zip(paths, points.T, strict=True))
    for path, column in columns.items():
        at = place(path)
        good &= at.kind is float
        for bound in at.field.metadata if at.field else ():
            for name, test in WITHIN.items():
                if hasattr(bound, name):
                    good &= test(column, getattr(bound, name))
    with np.errstate(all="ignore"):  # of values that are beyond their bounds
        for group in _ruled(put(parameters, columns)):
            for rule in group.RULES:
                good &= rule.holds(group)
    return good


def _ruled(groups: Any) -> Iterator[Ruled]:
    """A group, and those within it, that have rules. groups: a group, or several by name."""
    if isinstance(groups, Ruled):
        yield groups
    for inner in dict(groups).values():
        if isinstance(inner, (Group, Mapping)):
            yield from _ruled(inner)
