"""A forecast scored against what happened: coverage, CRPS, interval scores, and skill against 'no
change', by variable and horizon.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError, counted
from ..histories.choices import ANY_DAYS, choices_of
from ..histories.times import as_date
from ..inputs.arguments import DATE, PATH, TEXT, checked, optional, several
from ..results.markdown import markdown_table
from ..shown import Shown
from .forecast import Forecast, read_forecast
from .history import History, Reading, read_histories
from .matched import Matched
from .remarks import conclusion, grouped, remarks

BANDS = (7.0, 30.0, 90.0, 365.0)  # days at which a band of horizons ends
ALL = "all"
DEPENDENT = (
    "the dates of one history are not independent: a history that strays stays astray, so that "
    "coverage counts it as one outcome, and has no verdict"
)
CLUSTERED = (
    "coverage over {} histories: their dates are not independent, and count for as many as the "
    "histories' shares scatter like, fewer where few histories tell how much they do"
)
APPROXIMATE = (
    "CRPS is approximated from the levels that are given: twice the sum of their quantile losses, "
    "each weighted by the part of all levels that is nearest to it"
)


@dataclass(frozen=True, eq=False, repr=False)
class Scored(Shown):
    """A forecast beside what happened, as `score` returns it.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a forecast and band of horizons: scenario, values, variable, horizon, unit, dates,
        histories, outcomes (both together), crps, no_change (CRPS of 'no change'), skill (1 −
        crps/no_change; both of the histories with a value up to day 0), wis (weighted interval
        score), error (mean absolute one of mean or median); NaN where a table does not tell.
    coverage : pandas.DataFrame
        One row a central interval of these: its level, outcomes, covered (share), low, high (95 %
        interval), counted (independent outcomes it is of), verdict (too narrow, too wide, as
        stated, undecided), width, interval_score.
    notes : tuple of str
        What was taken for what, what was left out, and how sure the numbers are.
    """

    scores: pd.DataFrame
    coverage: pd.DataFrame
    notes: tuple[str, ...]

    def _essentials(self) -> dict[str, Any]:
        return {"scores": len(self.scores), "conclusion": self.conclusion}

    @property
    def conclusion(self) -> str:
        """In a line: whose intervals are as stated, and who is better than no change."""
        return conclusion(self.scores, self.coverage, ALL)

    def plain(self) -> dict[str, Any]:
        """All of it.

        Returns
        -------
        dict
            For JSON.
        """
        return {
            "conclusion": self.conclusion,
            "scores": self.scores.to_dict(orient="records"),
            "coverage": self.coverage.to_dict(orient="records"),
            "notes": list(self.notes),
        }

    def markdown(self) -> str:
        """The conclusion, both tables and the notes.

        Returns
        -------
        str
            Markdown.
        """
        parts = [self.conclusion, "# Scores", markdown_table(self.scores)]
        parts += ["# Coverage", markdown_table(self.coverage)] if len(self.coverage) else []
        return "\n\n".join([*parts, *(f"- {note}" for note in self.notes)]) + "\n"


@checked(
    forecast=PATH,
    histories=several(PATH),
    day_zero=optional(DATE),
    date_format=optional(TEXT),
    decimal=optional(TEXT),
    sheet=optional(TEXT),
    daily=TEXT,
    duplicates=TEXT,
    unsorted=TEXT,
    absurd=TEXT,
    nonpositive=TEXT,
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
    daily: str = "refuse",
    duplicates: str = "refuse",
    unsorted: str = "refuse",
    absurd: str = "refuse",
    nonpositive: str = "refuse",
) -> Scored:
    r"""Score a forecast against what happened, by variable and band of horizons.

    Day 0 itself is known, and not scored. A date that one side lacks is left out, and so is a cell
    without a number; notes count them.

    Parameters
    ----------
    forecast : str or Path
        A file with columns variable, day or date, and quantile with value, or low, high and level;
        optional median, mean, scenario, values, unit and runs (that the quantiles are of). A
        bundle's data/forecast.csv is one.
    *histories : str or Path
        Files with a day or a date and a column a variable, or columns variable and value, or daily
        prices in any layout. Several files, and several values of a column `run`, are repetitions
        that are scored together.
    day_zero : str or date, optional
        Date of the forecast's day 0, where it has none.
    bands : sequence of float
        Days at which a band of horizons ends, ascending [days].
    column : str, sequence or mapping, optional
        Which column of a history is which, {variable or "date": name}, or a name for the price.
    date_format, decimal, sheet : str, optional
        Of histories, as for prices.
    daily, duplicates, unsorted, absurd, nonpositive : str
        What to do with defects of prices by date, as for `calibrate_prices`. A day that is missing
        is not scored.

    Returns
    -------
    Scored
        Tables of scores and of coverage, with a conclusion.

    Raises
    ------
    InputError
        Names file, line and key, and says where no date matches.

    References
    ----------
    Gneiting and Raftery (2007), Journal of the American Statistical Association 102, 359-378.
    Bracher, Ray, Gneiting and Reich (2021), PLOS Computational Biology 17, e1008618.

    Examples
    --------
    >>> days = range(0, 4)
    >>> rows = "".join(f"{day},{1 + day / 10}\n" for day in days)
    >>> _ = Path("history.csv").write_text("day,price\n" + rows)
    >>> rows = "".join(f"price,{day},0.9,1.5,0.9\n" for day in days)
    >>> _ = Path("forecast.csv").write_text("variable,day,low,high,level\n" + rows)
    >>> float(tk.score("forecast.csv", "history.csv").coverage["covered"].iloc[0])
    1.0
    """
    if not histories:
        raise InputError("no history", argument="histories", expected="one file or more")
    ends = _ends(bands)
    choices = choices_of(
        {
            "gaps": "span",
            "column": column,
            "date_format": date_format,
            "decimal": decimal,
            "sheet": sheet,
            "daily": daily,
            "duplicates": duplicates,
            "unsorted": unsorted,
            "absurd": absurd,
            "nonpositive": nonpositive,
        },
        ANY_DAYS,
    )
    found = read_forecast(forecast, as_date(day_zero, "day_zero"))
    how = Reading(found.variables, found.day_zero, choices)
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
    scores, coverage, lost, found = [], [], [], []
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
        found += remarks(whole.within(0.0, np.inf), own)
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
    notes += grouped(found)
    if lost:
        notes.append(f"no outcome of {', '.join(dict.fromkeys(lost))}")
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
