"""How well a rule that cannot agree to the last digit follows its record, under each reading of
the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FEWEST = 3  # steps that a slope needs


class ReadingScore(NamedTuple):
    """One reading over all steps to which it applies. moved: recorded steps that move. right: those
    whose direction it gives. slope, correlation: of predicted on recorded moves. share: of the
    recorded moves' sum of squares about 0, what the reading takes away; below 0 where it is worse
    than no move. early, late: the same in the first and in the second half of all steps. level: of
    the recorded values' squares about their mean, what the reading takes away. error: the median
    error as a share of the median move. None where it cannot be told.
    """

    reading: str
    steps: int
    moved: int
    right: int
    slope: float | None
    correlation: float | None
    share: float | None
    early: float | None
    late: float | None
    level: float | None
    error: float | None


def same_way(recorded: int, predicted: int) -> bool:
    """Whether a predicted move has the direction of a recorded one; never where either is none."""
    return recorded * predicted > 0


def line(recorded: Sequence[int], predicted: Sequence[int]) -> tuple[float, float] | None:
    """Slope and correlation of predicted on recorded; None where one of them is always the same."""
    x, y = np.array(recorded, float), np.array(predicted, float)
    if len(x) < FEWEST or not x.std() or not y.std():
        return None
    return float(np.cov(x, y)[0, 1] / x.var(ddof=1)), float(np.corrcoef(x, y)[0, 1])


def share(moves: Sequence[int], errors: Sequence[int]) -> float | None:
    """Share of the moves' sum of squares that errors leave away; None without moves."""
    squares = sum(float(move) ** 2 for move in moves)
    return 1.0 - sum(float(error) ** 2 for error in errors) / squares if squares else None


def score(
    reading: str, moves: Sequence[int], predictions: Sequence[int | None], before: Sequence[int]
) -> ReadingScore:
    """Score a reading. moves: recorded, of every step. predictions: of what was to be decided, None
    where the reading has nothing to say. before: recorded before the step.
    """
    applies = [at for at, value in enumerate(predictions) if value is not None]
    x = [moves[at] for at in applies]
    y = [predictions[at] - before[at] for at in applies]
    errors = [b - a for a, b in zip(x, y, strict=True)]
    half = sum(at < len(moves) // 2 for at in applies)
    fit = line(x, y)
    values = [moves[at] + before[at] for at in applies]
    centre = sum(values) // len(values) if values else 0
    median = float(np.median(np.abs(np.array(x, float)))) if x else 0.0
    return ReadingScore(
        reading,
        len(applies),
        sum(move != 0 for move in x),
        sum(map(same_way, x, y)),
        fit and fit[0],
        fit and fit[1],
        share(x, errors),
        share(x[:half], errors[:half]),
        share(x[half:], errors[half:]),
        share([value - centre for value in values], errors),
        float(np.median(np.abs(np.array(errors, float)))) / median if median else None,
    )
