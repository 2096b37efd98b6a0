"""A rule against its own history: every step from the recorded state, on the recorded inputs."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter, sub
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..shown import InWords
from .gaps import ClockGap, gaps_of
from .row_readings import explained, plain_step
from .rule import DeployedRule, RecordedForm, Row, Version
from .scores import ReadingScore, line, same_way, score

PLAIN = "the plain step"
Progress = Callable[[int, int], None]


class ReplayStep(NamedTuple):
    """One recorded step that the rule was asked about. predicted, recorded: of the field that is
    decided. error: predicted less recorded, in units of the last digit. move: recorded less the
    one before. reading: how it must be read to agree; "" where the plain step does, None where
    nothing explains it.
    """

    clock: int
    line: int
    version: str
    before: Any
    predicted: int
    recorded: int
    error: int
    move: int
    reading: str | None


@dataclass(frozen=True)
class Replay(InWords):
    """A rule on its recorded history. rule: as the catalogue has it. steps: one by one. scores: of
    a rule that is not exact, how the plain step and each reading do over all steps. gaps: of the
    clock, where rows are missing.
    """

    rule: DeployedRule
    steps: tuple[ReplayStep, ...]
    scores: tuple[ReadingScore, ...] = ()
    gaps: tuple[ClockGap, ...] = ()

    def __repr__(self) -> str:
        (moved, right), decided = self.moves, self.rule.decides[0]
        unit = self.rule.quantities["state"][decided][1].unit
        return (
            f"{self.rule.name}: {self.exact:,} of {len(self.steps):,} steps exact; the direction "
            f"of {right:,} of {moved:,} moves is right; the largest error is {self.largest:,} "
            f"[{unit}]"
        )

    @property
    def first(self) -> ReplayStep | None:
        """The first divergence, with the state before it."""
        return next((step for step in self.steps if step.reading != ""), None)

    @property
    def exact(self) -> int:
        """Steps in which all that the rule decides agrees to the last digit."""
        return sum(step.reading == "" for step in self.steps)

    @property
    def readings(self) -> dict[str, int]:
        """Steps by the reading that explains them, the plain step's left out."""
        found: dict[str, int] = {}
        for step in self.steps:
            if step.reading:
                found[step.reading] = found.get(step.reading, 0) + 1
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def unexplained(self) -> tuple[ReplayStep, ...]:
        """Steps that nothing explains."""
        return tuple(step for step in self.steps if step.reading is None)

    @property
    def moves(self) -> tuple[int, int]:
        """Recorded steps that move, and those of them whose direction the plain step gives."""
        moved = [step for step in self.steps if step.move]
        return len(moved), sum(_right(step) for step in moved)

    @property
    def turns(self) -> tuple[int, int]:
        """Recorded moves in another direction than the move before, and those of them whose
        direction the plain step gives: what a rule tells that its last move does not.
        """
        turned = right = 0
        last = 0
        for s in self.steps:
            if s.move * last < 0:
                turned += 1
                right += _right(s)
            last = s.move or last
        return turned, right

    @property
    def common(self) -> tuple[int, int]:
        """The most common move, and the steps that would come out if it were always made: what a
        rule that reads nothing would do as well.
        """
        counts = Counter(step.move for step in self.steps if step.move)
        return counts.most_common(1)[0] if counts else (0, 0)

    @property
    def largest(self) -> int:
        """Largest error of the plain step, in units of the last digit."""
        return max((abs(step.error) for step in self.steps), default=0)

    def relative(self) -> tuple[float, float] | None:
        """Median and largest error of the plain step as a share of what was recorded; None where
        nothing but 0 was.
        """
        shares = [abs(s.error) / abs(s.recorded) for s in self.steps if s.recorded]
        return (float(np.median(shares)), max(shares)) if shares else None

    def table(self) -> pd.DataFrame:
        """A line a step; what the rule remembered before it, a column a field."""
        frame = pd.DataFrame(self.steps, columns=ReplayStep._fields)
        before = [
            {f"before_{name}": value for name, value in step.before._asdict().items()}
            for step in self.steps
        ]
        at = frame.columns.get_loc("before")
        parts = [frame.iloc[:, :at], pd.DataFrame(before), frame.iloc[:, at + 1 :]]
        return pd.concat(parts, axis=1)

    def plain(self) -> dict[str, Any]:
        """All totals, for a machine."""
        moved, right = self.moves
        fit = self.fit()
        first = self.first
        return {
            "rule": self.rule.name,
            "versions": sorted({step.version for step in self.steps}),
            "steps": len(self.steps),
            "exact": self.exact,
            "explained": self.readings,
            "unexplained": [_told(step) for step in self.unexplained],
            "moves": moved,
            "sign_right": right,
            "turns": self.turns[0],
            "turns_right": self.turns[1],
            "exact_if_always_the_common_move": self.common[1],
            "largest_error": self.largest,
            "first_divergence": first and _told(first),
            "slope": fit and fit[0],
            "correlation": fit and fit[1],
            "relative_error": self.relative(),
            "scores": [one._asdict() for one in self.scores],
            "gaps": [one._asdict() for one in self.gaps],
        }

    def fit(self) -> tuple[float, float] | None:
        """Slope and correlation of predicted on recorded moves; None where all moves are one."""
        return line([s.move for s in self.steps], [s.move + s.error for s in self.steps])


def _right(step: ReplayStep) -> bool:
    """Whether the plain step moves in the direction that was recorded."""
    return same_way(step.move, step.move + step.error)


def _told(step: ReplayStep) -> dict[str, Any]:
    return step._asdict() | {"before": step.before._asdict()}


@contextmanager
def without_collection() -> Iterator[None]:
    """No search for cycles of objects: steps are numbers in tuples, which form none, and among
    millions of them the search takes as long as the steps.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@without_collection()
def replay(
    rule: DeployedRule,
    rows: Sequence[Row],
    version: Version | None = None,
    progress: Progress | None = None,
    form: RecordedForm | None = None,
) -> Replay:
    """Step a rule on a history.

    rows: at least two, by increasing clock. version: whose parameters act throughout; those that
    act at each row's clock where none is given. form: in which the rows were found; it tells
    between which rows there was a step, and how many. Of a rule that is not exact no reading
    explains a step; each is scored over all of them.
    """
    first = rule.state._fields.index(rule.decides[0])
    predict, always = (form and form.predict) or plain_step, version or rule.always
    stepped = form.stepped if form else None
    at = [
        here for here in range(1, len(rows)) if not stepped or stepped(rows[here - 1], rows[here])
    ]
    acting = [always or rule.acting(rows[here].clock) for here in at]
    found = []
    for here, now in zip(at, acting, strict=True):
        found.append(predict(rule, rows, here, now.parameters))
        if progress and here % 10_000 == 0:
            progress(here, len(rows) - 1)
    predicted, recorded = (
        [state[first] for state in found],
        [rows[here].state[first] for here in at],
    )
    before = [rows[here - 1].state for here in at]
    moves = [now - then[first] for now, then in zip(recorded, before, strict=True)]
    steps = tuple(
        map(
            ReplayStep,
            [rows[here].clock for here in at],
            [rows[here].line for here in at],
            [now.name for now in acting],
            before,
            predicted,
            recorded,
            map(sub, predicted, recorded),
            moves,
            _readings(rule, rows, at, version, acting, found),
        )
    )
    gaps = gaps_of(rows, form or rule.own_form)
    if rule.exact:
        return Replay(rule, steps, gaps=gaps)
    start = [then[first] for then in before]
    others = {
        reading.name: [
            None if state is None else state[first]
            for state in (
                reading.state(rule, rows, here, now.parameters)
                for here, now in zip(at, acting, strict=True)
            )
        ]
        for reading in rule.readings
    }
    every = {PLAIN: predicted} | others
    scores = tuple(score(name, moves, given, start) for name, given in every.items())
    return Replay(rule, steps, scores, gaps)


def _readings(
    rule: DeployedRule,
    rows: Sequence[Row],
    at: Sequence[int],
    version: Version | None,
    acting: Sequence[Version],
    found: Sequence[Any],
) -> list[str | None]:
    """How each step must be read; none where a rule is not exact and the plain step misses."""
    decided = itemgetter(*map(rule.state._fields.index, rule.decides))
    read: list[str | None] = [""] * len(at)
    for number, (here, state) in enumerate(zip(at, found, strict=True)):
        if decided(state) != decided(rows[here].state):
            read[number] = (
                explained(rule, rows, here, version, acting[number], decided)
                if rule.exact
                else None
            )
    return read
