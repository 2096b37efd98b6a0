"""What is said of scores in words: the conclusion, and what was left out or looks wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from ..errors import counted
from .coverage import UNDECIDED, WORDS
from .forecast import GROUP
from .history import NEAR, Outcomes
from .matched import Matched

FAR = 10.0  # times beyond every quantile, from which on another unit is asked about; assumption
MOST_NAMED = 4  # variables that a word of the conclusion names; the rest is counted
FEW = "too few independent outcomes"


def conclusion(scores: pd.DataFrame, coverage: pd.DataFrame, horizon: str) -> str:
    """In a line: whose intervals are too narrow, too wide, as stated or undecided, and who is
    better or worse than no change, over a horizon. scores, coverage: tables of `Scored`.
    """
    rows = scores[scores["horizon"] == horizon]
    apart = [key for key in GROUP if key != "variable" and rows[key].nunique() > 1]
    skill = [
        f"{word} than no change: {_listed(found)}"
        for word, sign in (("better", 1.0), ("worse", -1.0), ("no better", 0.0))
        if (found := _who(rows, apart, lambda own, s=sign: _if(np.sign(own["skill"].iloc[0]) == s)))
    ]
    if lost := _who(rows, apart, lambda own: _if(np.isnan(own["skill"].iloc[0]))):
        skill.append(f"not comparable with no change: {_listed(lost)}")
    count = counted(int(rows["histories"].max()), "history", "histories")
    return f"{_intervals(coverage, horizon, apart)} In {count} {'; '.join(skill)}."


def _intervals(coverage: pd.DataFrame, horizon: str, apart: list[str]) -> str:
    if not len(coverage):
        return "No interval to judge."
    rows, told = coverage[coverage["horizon"] == horizon], []
    for word in WORDS:
        if found := _who(rows, apart, lambda own, word=word: _levels(own, word)):
            why = f" ({FEW})" * (word == UNDECIDED)
            told.append(f"{word}{why}: {_listed(found)}")
    return f"Intervals {'; '.join(told)}."


def _who(
    rows: pd.DataFrame, apart: list[str], said: Callable[[pd.DataFrame], str | None]
) -> list[str]:
    """Variables of which something is said, with the scenario or values where not of all of them.

    apart: columns that tell forecasts of a variable apart. said: what to add to a forecast's name;
    None where nothing is said of it.
    """
    found = []
    for variable, own in rows.groupby("variable", sort=False):
        parts = own.groupby(apart, sort=False) if apart else [((), own)]
        texts = {", ".join(label): said(part) for label, part in parts}
        if len(set(texts.values())) == 1:
            texts = {"": next(iter(texts.values()))}
        for label, text in texts.items():
            if text is not None:
                more = "; ".join(filter(None, (label, text)))
                found.append(f"{variable} ({more})" if more else str(variable))
    return found


def _if(holds: bool) -> str | None:
    return "" if holds else None


def _levels(rows: pd.DataFrame, word: str) -> str | None:
    """The levels of a forecast that have a verdict; empty where all have it, None where none."""
    levels = sorted(rows.loc[rows["verdict"] == word, "level"])
    if len(levels) in (0, len(rows)):
        return _if(bool(levels))
    return ", ".join(f"{100.0 * level:g}" for level in levels) + " %"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


Remark = tuple[str, str, str]  # a variable, and what stands before and after its name


def grouped(found: Iterable[Remark]) -> list[str]:
    """Remarks as text, those that say the same of several variables in one."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, *text in dict.fromkeys(found):
        names.setdefault((text[0], text[1]), []).append(name)
    return [before + ", ".join(own) + after for (before, after), own in names.items()]


def remarks(matched: Matched, histories: Sequence[Outcomes]) -> Iterator[Remark]:
    """What there is to say of a forecast with an outcome. histories: that it is scored against."""
    name, count = matched.target.variable, len(matched.started)
    if far := _far(matched):
        unit = f" ({matched.target.unit})" * bool(matched.target.unit)
        yield (
            *(name, "every outcome of "),
            f" is more than {FAR:g} times {far} all quantiles: is it in the same unit{unit}?",
        )
    if not matched.started.all():
        lost = int((~matched.started).sum())
        where = "the history" if count == 1 else f"{lost} of {count} histories"
        left = (
            "no skill" if lost == count else f"no_change and skill are of the other {count - lost}"
        )
        yield name, "no value of ", f" up to day 0 in {where}: {left}"
    if off := _off(matched.target.days, histories):
        yield name, *off


def _far(matched: Matched) -> str:
    """Whether all outcomes are far above or below all quantiles of their days; empty where not."""
    low, high = matched.target.quantiles[:, 0], matched.target.quantiles[:, -1]
    y, there = matched.outcomes, matched.there
    above, below = (high > 0.0) & (y > FAR * high), (y > 0.0) & (y * FAR < low)
    return "above" if above[there].all() else "below" if below[there].all() else ""


def _off(days: np.ndarray, histories: Sequence[Outcomes]) -> tuple[str, str] | None:
    """That values after day 0 are on no day of a forecast. days: its own."""
    times = np.concatenate([own.days[own.days > NEAR] for own in histories])
    place = np.clip(np.searchsorted(days, times - NEAR), 0, len(days) - 1)
    off = int((np.abs(days[place] - times) > NEAR).sum())
    late = int((times > days[-1] + NEAR).sum())
    if not off:
        return None
    after = f", {late:,} after its last, day {days[-1]:g}" * bool(late)
    return (
        f"{off:,} of {counted(len(times), 'value')} of ",
        f" after day 0 not scored: on no day of the forecast{after}",
    )
