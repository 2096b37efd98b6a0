"""A forecast of one variable beside its outcomes: the rows of the tables of scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .coverage import covered, verdict
from .forecast import Target
from .history import NEAR
from .rules import crps, interval_score, weighted_interval_score


@dataclass(frozen=True, eq=False)
class Matched:
    """A forecast's days beside the outcomes. outcomes: (histories, days), NaN where there is none.
    known: last value up to day 0 (histories,), NaN where there is none.
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

    @cached_property
    def histories(self) -> int:
        """Number of histories with an outcome."""
        return int(self.there.any(axis=1).sum())

    @cached_property
    def started(self) -> np.ndarray:
        """Of the histories with an outcome, which have a value up to day 0."""
        return np.isfinite(self.known[self.there.any(axis=1)])

    def mean(self, values: np.ndarray) -> float:
        """Over all outcomes that there are."""
        return float(np.mean(values[self.there]))

    def scores(self) -> dict[str, Any]:
        """The row of `Scored.scores`."""
        own, y = self.target, self.outcomes
        found = dict.fromkeys(("crps", "no_change", "skill", "wis", "error"), np.nan)
        if 0.5 in own.levels:
            mine = crps(own.quantiles, own.levels, y)
            found["crps"] = self.mean(mine)
            # both of the histories alone that tell what 'no change' would be
            beside = self.there & np.isfinite(self.known)[:, None]
            if beside.any():
                still = np.broadcast_to(self.known[:, None, None], (*y.shape, len(own.levels)))
                found["no_change"] = float(np.mean(crps(still, own.levels, y)[beside]))
                if found["no_change"] > 0.0:
                    found["skill"] = 1.0 - float(np.mean(mine[beside])) / found["no_change"]
        if own.whole:
            found["wis"] = self.mean(weighted_interval_score(own.quantiles, own.levels, y))
        if own.points is not None:
            found["error"] = self.mean(np.abs(y - own.points))
        return {
            "unit": own.unit,
            "dates": int(self.there.any(axis=0).sum()),
            "histories": self.histories,
            "outcomes": int(self.there.sum()),
        } | found

    def coverage(self) -> Iterator[dict[str, Any]]:
        """The rows of `Scored.coverage`."""
        own, y = self.target, self.outcomes
        for level, i, j in own.intervals:
            low, high = own.quantiles[:, i], own.quantiles[:, j]
            inside = np.where(self.there, (low <= y) & (y <= high), np.nan)
            share, lower, upper, count = covered(inside)
            yield {
                "level": level,
                "outcomes": int(self.there.sum()),
                "covered": share,
                "low": lower,
                "high": upper,
                "counted": count,
                "verdict": verdict(level, lower, upper, count, self.histories),
                "width": self.mean(np.broadcast_to(high - low, y.shape)),
                "interval_score": self.mean(interval_score(low, high, level, y)),
                "unit": own.unit,
            }
