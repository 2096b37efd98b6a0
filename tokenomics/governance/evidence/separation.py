"""Where something happens in worlds, in words: the one or two parameters, with thresholds, that
tell the worlds in which it does best from those in which it does not.

A split of depth one, or of two where the second says clearly more: that of a classification tree
(Breiman and others 1984), by the share of the one kind that it holds less the share of the other
(Youden 1950).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from ...shown import readable

PERMUTATIONS = 199
CHANCE = 0.05  # a split that relabelled worlds reach as often or more tells nothing
MORE = (
    0.1  # by how much a second parameter must part them better, to be worth its words; assumption
)


@dataclass(frozen=True)
class Condition:
    """A parameter, by its column, is below or above a threshold."""

    column: int
    above: bool
    threshold: float

    def holds(self, values: np.ndarray) -> np.ndarray:
        """In which worlds (worlds,). values: (worlds, parameters)."""
        own = values[:, self.column]
        return own > self.threshold if self.above else own < self.threshold


@dataclass(frozen=True)
class Separation:
    """Conditions that hold together. inside: worlds in which they do and it happens, and in which
    they do and it does not.
    """

    conditions: tuple[Condition, ...]
    inside: tuple[int, int]

    def words(self, names: Sequence[str]) -> str:
        """The conditions in words. names: of the parameters, by column."""
        return " and ".join(
            f"{names[one.column]} is {'above' if one.above else 'below'} {readable(one.threshold)}"
            for one in self.conditions
        )


def separate(values: np.ndarray, happens: np.ndarray) -> Separation | None:
    """The conditions that tell best where it happens; None where none does better than chance.

    values: of the parameters (worlds, parameters). happens: (worlds,).
    """
    if not happens.any() or happens.all():
        return None
    found, score = _best(values, happens)
    if found is None:
        return None
    rng = np.random.Generator(np.random.Philox(0))  # the same words from the same numbers
    reached = 0
    for _ in range(PERMUTATIONS):
        order = np.argsort(rng.random(len(happens)), kind="stable")
        reached += _best(values, happens[order])[1] >= score
    if (reached + 1) / (PERMUTATIONS + 1) > CHANCE:
        return None
    conditions, inside = (found,), found.holds(values)
    second, gain = _second(values, happens, inside, score)
    if second is not None and gain >= MORE:
        conditions, inside = (found, second), inside & second.holds(values)
    return Separation(conditions, (int((inside & happens).sum()), int((inside & ~happens).sum())))


def too_few(values: np.ndarray, happens: np.ndarray) -> bool:
    """Whether it happens, or does not, in so few worlds that some threshold of some parameter may
    part them exactly by chance: two ends of each parameter, of as many ways to pick such worlds.
    """
    worlds, parameters = values.shape
    return 2 * parameters / comb(worlds, int(happens.sum())) > CHANCE


def _best(values: np.ndarray, happens: np.ndarray) -> tuple[Condition | None, float]:
    """The best condition, and the share of the worlds where it happens that fulfil it less that of
    the others.
    """
    best, condition = 0.0, None
    good, bad = happens.sum(), (~happens).sum()
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column], kind="stable")
        own, mine = values[order, column], happens[order]
        below = np.cumsum(mine)[:-1] / good - np.cumsum(~mine)[:-1] / bad
        below = np.where(own[:-1] < own[1:], below, 0.0)  # no threshold is between equal values
        if not len(below):
            continue
        at = int(np.argmax(np.abs(below)))
        if abs(below[at]) > best:
            best = float(abs(below[at]))
            middle = float(own[at] + 0.5 * (own[at + 1] - own[at]))
            condition = Condition(column, bool(below[at] < 0.0), middle)
    return condition, best


def _second(
    values: np.ndarray, happens: np.ndarray, inside: np.ndarray, score: float
) -> tuple[Condition | None, float]:
    """The best further condition where the first holds, and by how much both part better than the
    first.
    """
    if not (happens & inside).any() or not (~happens & inside).any():
        return None, 0.0
    found, _ = _best(values[inside], happens[inside])
    if found is None:
        return None, 0.0
    both = inside & found.holds(values)
    parted = (both & happens).sum() / happens.sum() - (both & ~happens).sum() / (~happens).sum()
    return found, float(parted) - score
