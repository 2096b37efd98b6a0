"""One history as it is fitted: its first days with their moments and weight, its later ones kept
apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...histories.choices import FILLED, Choices
from ...histories.prices import Closes, read_closes
from ..estimates import Data, digest
from .moments import measured

LEAST_DAYS = 250  # fitted; below, a history says little about clusters and drawdowns
WHY = f": {LEAST_DAYS} are fitted, and a part is held out"


@dataclass(frozen=True, eq=False)
class Subject:
    """history: all closes. days: returns that are fitted."""

    history: Closes
    days: int

    @property
    def fitted(self) -> np.ndarray:
        """Closes that are fitted."""
        return self.history.values[: self.days + 1]

    @property
    def later(self) -> np.ndarray | None:
        """Closes that are held out, from the last fitted one; None where they are too few."""
        later = self.history.values[self.days :]
        return later if len(later) > LEAST_DAYS // 2 else None

    @cached_property
    def target(self) -> np.ndarray:
        """Moments of the fitted days on their scales."""
        return measured(self.fitted)

    @property
    def data(self) -> Data:
        """What was fitted, as a calibration tells it."""
        history = self.history
        return Data(
            history.file,
            digest(history.file),
            "daily log returns",
            self.days,
            str(history.dates[0]),
            str(history.dates[self.days]),
            history.choices,
        )


def fitted_of(days: int, holdout: float) -> int:
    """Returns of so many that are fitted; one at least is held out."""
    return min(round(days * (1.0 - holdout)), days - 1)


def least_returns(holdout: float) -> int:
    """Returns of the shortest history of which `LEAST_DAYS` are fitted."""
    days = LEAST_DAYS
    while fitted_of(days, holdout) < LEAST_DAYS:
        days += 1
    return days


def read_subject(
    file: str | Path,
    choices: Choices | Mapping[str, object] | None,
    start: str | dt.date | None,
    end: str | dt.date | None,
    holdout: float,
) -> Subject:
    """A file's history split in two; see `read_closes`. Raises InputError."""
    least = least_returns(holdout)
    return subject_of(read_closes(file, choices, start, end, FILLED, least, WHY), holdout)


def subject_of(history: Closes, holdout: float) -> Subject:
    """A history split in two. Raises InputError where it has gaps or too few days."""
    days = len(history.values) - 1
    if len(history.returns) < days:
        raise InputError(
            f"{days - len(history.returns)} gaps",
            file=history.file,
            argument="gaps",
            expected="interpolate, or a window without a gap",
        )
    least = least_returns(holdout)
    if days < least:
        raise InputError(
            f"{days} daily returns", file=history.file, expected=f"at least {least}{WHY}"
        )
    return Subject(history, fitted_of(days, holdout))
