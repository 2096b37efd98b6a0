"""A forecast scored against what happened: coverage, CRPS, interval scores, and skill against 'no
change', by variable and horizon.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, counted
from ..histories.times import as_date
from ..inputs.arguments import DATE, PATH, TEXT, checked, optional, several
from ..results.intervals import wilson
from ..results.markdown import markdown_table
from .forecast import Forecast, Target, read_forecast
from .history import NEAR, History, Reading, read_histories
from .rules import crps, interval_score, weighted_interval_score

BANDS = (7.0, 30.0, 90.0, 365.0)  # days at which a band of horizons ends
ALL = "all"
DEPENDENT = (
    "the dates of one history are not independent: a history that strays stays astray, so that the "
    "intervals of coverage, which count every date, are too narrow"
)
CLUSTERED = (
    "coverage over {} histories: their dates are not independent, and count for as many as the "
    "histories' shares scatter like"
)
APPROXIMATE = (
    "CRPS is approximated from the levels that are given: twice the sum of their quantile losses, "
    "each weighted by the part of all levels that is nearest to it"
)


@dataclass(frozen=True)
class Scored:
    """A forecast beside what happened.

    scores: one row a forecast and band of horizons: scenario, values, variable, horizon, unit,
    dates, histories, outcomes (both together), crps, no_change (CRPS of 'no change'), skill (1 −
    crps/no_change), wis (weighted interval score), error (mean absolute one of mean or median); NaN
    where a table does not tell. coverage: one row a central interval of these: its level, outcomes,
    covered (share), low, high (95 % interval), counted (independent outcomes it is of), verdict,
    width, interval_score. notes: what was taken for what, and how sure the numbers are.
    """

    scores: pd.DataFrame
    coverage: pd.DataFrame
    notes: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "scores": self.scores.to_dict(orient="records"),
            "coverage": self.coverage.to_dict(orient="records"),
            "notes": list(self.notes),
        }

    def markdown(self) -> str:
        """Both tables and the notes."""
        parts = ["# Scores", markdown_table(self.scores)]
        parts += ["# Coverage", markdown_table(self.coverage)] if len(self.coverage) else []
        return "\n\n".join([*parts, *(f"- {note}" for note in self.notes)]) + "\n"


@dataclass(frozen=True)
class Matched:
    """A forecast's days beside the outcomes. outcomes: (histories, days), NaN where there is none.
    known: last value up to day 0 (histories,).
    """

    target: Target
    outcomes: np.ndarray
    known: np.ndarray

    def within(self, low: float, high: float) -> Matched:
        """The days after `low`, up to `high`."""
        return self._take((self.target.days > low + NEAR) & (self.target.days <= high + NEAR))

    def _take(self, days: np.ndarray) -> Matched:
        own = self.target
        part = Target(
            **own.name,
            unit=own.unit,
            days=own.days[days],
            levels=own.levels,
            quantiles=own.quantiles[days],
            points=None if own.points is None else own.points[days],
        )
        return Matched(part, self.outcomes[:, days], self.known)

    @cached_property
    def there(self) -> np.ndarray:
        """Where there is an outcome, (histories, days)."""
        return np.isfinite(self.outcomes)

    def mean(self, values: np.ndarray) -> float:
        """Over all outcomes that there are."""
        return float(np.mean(values[self.there]))

    def scores(self) -> dict[str, Any]:
        """The row of `Scored.scores`."""
        own, y = self.target, self.outcomes
        found = dict.fromkeys(("crps", "no_change", "skill", "wis", "error"), np.nan)
        if 0.5 in own.levels:
            found["crps"] = self.mean(crps(own.quantiles, own.levels, y))
            if np.isfinite(self.known[self.there.any(axis=1)]).all():
                still = np.broadcast_to(self.known[:, None, None], (*y.shape, len(own.levels)))
                found["no_change"] = self.mean(crps(still, own.levels, y))
                if found["no_change"] > 0.0:
                    found["skill"] = 1.0 - found["crps"] / found["no_change"]
        if own.whole:
            found["wis"] = self.mean(weighted_interval_score(own.quantiles, own.levels, y))
        if own.points is not None:
            found["error"] = self.mean(np.abs(y - own.points))
        return {
            "unit": own.unit,
            "dates": int(self.there.any(axis=0).sum()),
            "histories": int(self.there.any(axis=1).sum()),
            "outcomes": int(self.there.sum()),
        } | found

    def coverage(self) -> Iterator[dict[str, Any]]:
        """The rows of `Scored.coverage`."""
        own, y = self.target, self.outcomes
        for level, i, j in own.intervals:
            low, high = own.quantiles[:, i], own.quantiles[:, j]
            inside = np.where(self.there, (low <= y) & (y <= high), np.nan)
            share, lower, upper, count = covered(inside)
            verdict = (
                "too narrow" if upper < level else "too wide" if lower > level else "as stated"
            )
            yield {
                "level": level,
                "outcomes": int(self.there.sum()),
                "covered": share,
                "low": lower,
                "high": upper,
                "counted": count,
                "verdict": verdict,
                "width": self.mean(np.broadcast_to(high - low, y.shape)),
                "interval_score": self.mean(interval_score(low, high, level, y)),
                "unit": own.unit,
            }


def covered(inside: np.ndarray) -> tuple[float, float, float, float]:
    """Share of outcomes that lie inside, its 95 % interval, and the number of independent outcomes
    that it is of.

    Wilson's interval. Over several histories the dates of one count together: for as many
    independent outcomes as give the variance of the histories' shares, at least the histories, at
    most all outcomes (effective sample size; Korn and Graubard 1998, Survey Methodology 24).
    inside: (histories, days), 1, 0, or NaN where there is no outcome.
    """
    there = np.isfinite(inside)
    rows = there.any(axis=1)
    inside, there = inside[rows], there[rows]
    total, histories = float(there.sum()), float(len(inside))
    share = float(np.nansum(inside)) / total
    count = total
    if histories > 1.0:
        # of a ratio: every history by its number of outcomes
        apart = np.nansum(np.where(there, inside - share, 0.0), axis=1)
        variance = np.sum(apart**2) / total**2 * histories / (histories - 1.0)
        count = histories
        if variance > 0.0:
            count = min(max(share * (1.0 - share) / variance, histories), total)
    _, low, high = wilson(share * count, count)
    return share, low, high, count


@checked(
    forecast=PATH,
    histories=several(PATH),
    day_zero=optional(DATE),
    date_format=optional(TEXT),
    decimal=optional(TEXT),
    sheet=optional(TEXT),
)
def score(
    forecast: str | Path,
    *histories: str | Path,
    day_zero: str | dt.date | None = None,
    bands: Sequence[float] = BANDS,
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
) -> Scored:
    """Score a forecast against what happened, by variable and band of horizons.

    forecast: a file with columns variable, day or date, and quantile with value, or low, high and
    level; optional median, mean, scenario, values and unit; a bundle's data/forecast.csv is one.
    histories: files with a day or a date and a column a variable, or columns variable and value, or
    daily prices in any layout; several files, and several values of a column `run`, are repetitions
    that are scored together. day_zero: date of the forecast's day 0, where it has none. bands: days
    at which a band of horizons ends, ascending. column: which column of a history is which,
    {variable or "date": name}, or a name for the price. date_format, decimal, sheet: of histories,
    as for prices.

    Day 0 itself is known, and not scored. A date that one side lacks is left out. Raises InputError
    that names file, line and key, and where no date matches.
    """
    if not histories:
        raise InputError("no history", argument="histories", expected="one file or more")
    ends = _ends(bands)
    found = read_forecast(forecast, as_date(day_zero, "day_zero"))
    how = Reading(found.variables, found.day_zero, column, date_format, decimal, sheet)
    known: list[History] = []
    notes = list(found.notes)
    for path in histories:
        own, said = read_histories(path, how)
        known += own
        notes += said
    return _scored(found, known, ends, notes, histories)


def _ends(bands: Sequence[float]) -> list[float]:
    ends = [float(end) for end in bands]
    if any(not end > 0.0 for end in ends) or ends != sorted(set(ends)):
        raise InputError(
            ", ".join(f"{end:g}" for end in ends),
            argument="bands",
            expected="days above 0, ascending, each once",
        )
    return ends


def _banded(ends: Sequence[float]) -> list[tuple[str, float, float]]:
    """Name and ends of every band of horizons, all of them last."""
    edges = [0.0, *ends, np.inf]
    named = [
        (
            f"over {low:g} days" if high == np.inf else f"{low:g} to {high:g} days",
            low,
            high,
        )
        for low, high in zip(edges, edges[1:], strict=False)
    ]
    return [*(named if ends else []), (ALL, 0.0, np.inf)]


def _scored(
    forecast: Forecast,
    known: Sequence[History],
    ends: Sequence[float],
    notes: list[str],
    files: Sequence[str | Path],
) -> Scored:
    scores, coverage, lost, unknown = [], [], [], False
    for target in forecast.targets:
        own = [history[target.variable] for history in known if target.variable in history]
        for series in own:
            if series.unit and target.unit and series.unit != target.unit:
                raise InputError(
                    f"{target.variable} in '{series.unit[:40]}'",
                    file=files[0],
                    key="unit",
                    expected=f"'{target.unit}', as the forecast has it",
                )
        outcomes = np.array([series.at(target.days) for series in own]).reshape(
            len(own), len(target.days)
        )
        whole = Matched(target, outcomes, np.array([series.last_known() for series in own]))
        if not whole.within(0.0, np.inf).there.any():
            lost.append(target.variable)
            continue
        unknown |= not np.isfinite(whole.known).all()
        for name, low, high in _banded(ends):
            part = whole.within(low, high)
            if part.there.any():
                front = target.name | {"horizon": name}
                scores.append(front | part.scores())
                coverage += [front | row for row in part.coverage()]
    if not scores:
        first, last = (f"{day:g}" for day in _span(forecast))
        raise InputError(
            "no value on a day of the forecast",
            file=files[0],
            expected=f"values of {', '.join(forecast.variables)} from day {first} to {last}"
            + (f", day 0 being {forecast.day_zero}" if forecast.day_zero else ""),
        )
    if lost:
        notes.append(f"no outcome of {', '.join(dict.fromkeys(lost))}")
    if unknown:
        notes.append("no value up to day 0 in a history: no skill against 'no change' from there")
    several_histories = max(row["histories"] for row in scores)
    notes.append(CLUSTERED.format(several_histories) if several_histories > 1 else DEPENDENT)
    if any(np.isfinite(row["crps"]) for row in scores):
        notes.append(f"{APPROXIMATE} ({_levels(forecast)})")
    return Scored(pd.DataFrame(scores), pd.DataFrame(coverage), tuple(notes))


def _span(forecast: Forecast) -> tuple[float, float]:
    days = np.concatenate([target.days for target in forecast.targets])
    days = days[days > 0.0] if (days > 0.0).any() else days
    return float(days.min()), float(days.max())


def _levels(forecast: Forecast) -> str:
    fewest = min(len(target.levels) for target in forecast.targets)
    return f"{counted(fewest, 'level')}"
