"""One history as it is fitted: its first days with their moments and weight, its later ones kept
apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import InputError
from ...histories.prices import Closes
from ..estimates import Data, digest
from .moments import measured

LEAST_DAYS = 250  # fitted; below, a history says little about clusters and drawdowns


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
    fitted = round(days * (1.0 - holdout))
    if fitted < LEAST_DAYS:
        raise InputError(
            f"{fitted} daily returns to fit",
            file=history.file,
            expected=f"at least {LEAST_DAYS}, after the part held out",
        )
    return Subject(history, fitted)
