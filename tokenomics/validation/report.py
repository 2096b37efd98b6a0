"""What a back-test found: tables, lines and figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..calibration.economy.moments import BURN_IN
from ..histories.prices import PriceHistory
from ..parameters import Resolved
from ..results.markdown import markdown_table
from ..shown import Shown
from .counterfactual import UNCHECKED, Arms, needed_news, outcome
from .figures import draw
from .followed import followed, remarks
from .replay import PINNED, REPLAYED, SETTLED, Replayed
from .scores import BINS, LEVELS, Forecast, Mean, coverage, mean, verdict, width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEANINGS = {
    REPLAYED: (
        "starts in its steady state on the history's first date and follows the closes from there, "
        "restarted where holders have no tokens left to sell for a fall"
    ),
    SETTLED: (
        f"the same trend, chartists' profit and variance; the gap to the utility value and the "
        f"rest as in the model's runs after {BURN_IN} days"
    ),
    PINNED: (
        "in the counterfactual: as replayed, but the utility value is the close of the day on "
        "which the policy starts"
    ),
}


FOLLOWED = "How far the history was followed"


@dataclass(frozen=True, eq=False)
class ForecastSet:
    """Forecasts of one quantity over one horizon [days], by forecaster, and outcomes (days,).

    Quantities are logs: of the price relative to the day's close, and of demand. restarted: share
    of the forecasts for which the model could not follow the history without a restart.
    """

    what: str
    horizon: int
    forecasts: Mapping[str, Forecast]
    outcomes: np.ndarray
    restarted: float = 0.0

    def broken(self, name: str) -> float:
        """Share of a forecaster's forecasts that start after a restart; a benchmark has none."""
        return self.restarted if name in self.models else 0.0

    @cached_property
    def crps(self) -> dict[str, np.ndarray]:
        """CRPS of every day by forecaster."""
        return {name: one.crps(self.outcomes) for name, one in self.forecasts.items()}

    @property
    def models(self) -> list[str]:
        """Forecasters that are the model."""
        return [name for name in self.forecasts if name.startswith("model")]

    def scores(self) -> list[dict[str, Any]]:
        """A row a forecaster."""
        rows, walk = [], np.mean(self.crps["random walk"])
        for name, one in self.forecasts.items():
            average = float(np.mean(self.crps[name]))
            row = {
                "of": self.what,
                "days ahead": self.horizon,
                "forecaster": name,
                "forecasts": len(self.outcomes),
            }
            row |= {"CRPS": average, "skill": float(1.0 - average / walk)}
            row |= {"restarted": self.broken(name)}
            for level in LEVELS:
                row[f"in {100 * level:.0f} %"] = _bounded(
                    coverage(one, self.outcomes, level, self.horizon)
                )
            rows.append(
                row | {"width 95 %": width(one, 0.95), "median": float(np.mean(one.quantile(0.5)))}
            )
        return rows

    def differences(self) -> list[dict[str, Any]]:
        """A row a model and benchmark: mean difference in CRPS, its 95 % interval, and what it
        says.
        """
        rows = []
        for name in self.models:
            for other in self.forecasts:
                if other not in self.models:
                    gap = mean(self.crps[name] - self.crps[other], self.horizon)
                    row = {
                        "of": self.what,
                        "days ahead": self.horizon,
                        "model": name,
                        "benchmark": other,
                    }
                    rows.append(
                        row
                        | {
                            "difference in CRPS": gap.value,
                            "low": gap.low,
                            "high": gap.high,
                            "the model is": verdict(gap),
                            "restarted": self.broken(name),
                        }
                    )
        return rows

    def pit(self) -> list[dict[str, Any]]:
        """A row a forecaster: share of outcomes in each tenth of the forecast distribution; a tenth
        each where forecasts are right.
        """
        rows = []
        for name, one in self.forecasts.items():
            shares = np.histogram(one.pit(self.outcomes), BINS, (0.0, 1.0))[0] / len(self.outcomes)
            cells = {f"{i / BINS:.1f}": float(share) for i, share in enumerate(shares)}
            rows.append({"of": self.what, "days ahead": self.horizon, "forecaster": name} | cells)
        return rows


def _bounded(one: Mean) -> str:
    return (
        f"{one.value:.2f}"
        if np.isnan(one.low)
        else f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
    )


@dataclass(frozen=True, eq=False, repr=False)
class Validation(Shown):
    """A back-test, as `validate` returns it.

    Attributes
    ----------
    resolved : Resolved
        Parameters.
    history : PriceHistory
        The closes.
    replayed : Replayed
        The model's states on their days.
    start : date
        Of the first forecast.
    settings : mapping of str to int
        runs, arms, horizon [days], seed.
    blocks : tuple of ForecastSet
        Forecasts of one quantity over one horizon, with their outcomes.
    arms, fans : mapping
        By forecaster.
    notes : tuple of str
        What a reader must know.
    """

    resolved: Resolved
    history: PriceHistory
    replayed: Replayed
    start: dt.date
    settings: Mapping[str, int]
    blocks: tuple[ForecastSet, ...]
    arms: Mapping[str, Arms]
    fans: Mapping[str, Mapping[int, np.ndarray]]
    notes: tuple[str, ...]

    def _essentials(self) -> dict[str, Any]:
        return {"back-test": self.title, **self.settings} | {
            f"CRPS of {block.what}, {block.horizon} days ahead": ", ".join(
                f"{name} {np.mean(crps):.4g}" for name, crps in block.crps.items()
            )
            for block in self.blocks
        }

    @property
    def title(self) -> str:
        """What was tested."""
        first, last = self.history.dates[0], self.history.dates[-1]
        return (
            f"{Path(self.history.file).name}, {first} to {last}, forecasts from {self.start}, "
            f"policy {self.resolved.policy}"
        )

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables by heading."""
        rows: dict[str, list[dict[str, Any]]] = {
            "Scores": [],
            "Model against benchmarks": [],
            "PIT": [],
        }
        for block in self.blocks:
            rows["Scores"] += block.scores()
            rows["Model against benchmarks"] += block.differences()
            rows["PIT"] += block.pit()
        found = {title: pd.DataFrame(lines) for title, lines in rows.items()}
        found[FOLLOWED] = followed(self.replayed, self.arms, self.history, self._first)
        found["News that the history needs"] = needed_news(self.arms)
        return found | {
            f"Without and with the controller: {name}": outcome(one)
            for name, one in self.arms.items()
        }

    @property
    def _first(self) -> int:
        """Day of the first forecast, since the history's first date."""
        return (self.start - self.history.dates[0]).days

    @cached_property
    def told(self) -> tuple[str, ...]:
        """The notes, and what of the history could not be followed."""
        return (*self.notes, *remarks(self.tables[FOLLOWED], self.replayed, self.history))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """A verdict a horizon, model and benchmark."""
        found = []
        for row in self.tables["Model against benchmarks"].to_dict(orient="records"):
            numbers = f"{row['difference in CRPS']:+.4f}" + (
                "" if np.isnan(row["low"]) else f" [{row['low']:+.4f}, {row['high']:+.4f}]"
            )
            ahead = f"{row['days ahead']} day{'s' * (row['days ahead'] != 1)} ahead"
            found.append(
                f"{row['of']}, {ahead}, {row['model']} against {row['benchmark']}: "
                f"{row['the model is']} ({numbers})"
                + f"; {100 * row['restarted']:.0f} % of these forecasts start after a restart"
                * (row["restarted"] > 0.0)
            )
        return tuple(found)

    @property
    def explained(self) -> tuple[str, ...]:
        """How to read the tables."""
        return (
            *(f"{name}: {meaning}" for name, meaning in MEANINGS.items()),
            (
                "CRPS: mean continuous ranked probability score, in log points, less is better; "
                "skill: 1 - CRPS / CRPS of the normal random walk."
            ),
            (
                "restarted: share of forecasts that start where the model could not follow the "
                "history without a restart; closes not reached: share of days, and largest gap to "
                "one in log points."
            ),
            (
                "in 50 %: share of outcomes within the central 50 % interval. Intervals: 95 %, for "
                "forecasts that overlap (Lazarus et al. 2018)."
            ),
            (
                "Each verdict stands alone: of twenty right models, one would be called better or "
                "worse by chance."
            ),
            (
                "News with a mean makes up for a drift of the model that the history did not have. "
                "Both arms meet it, so that it bears on both."
            ),
            (
                "Intervals of the counterfactual hold what demand and the oracle leave open, not "
                "errors of the model: see how far the two starts differ."
            ),
            UNCHECKED,
        )

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Figures by file name: fans, pit, counterfactual."""
        return draw(self)

    def markdown(self) -> str:
        """The whole as text that pastes into a proposal.

        Returns
        -------
        str
            Markdown.
        """
        parts = [
            f"# Back-test: {self.title}",
            "\n".join(f"- {line}" for line in (*self.told, *self.explained)),
        ]
        parts.append("\n".join(f"- {line}" for line in self.lines))
        for title, table in self.tables.items():
            parts += [f"## {title}", markdown_table(table)]
        return "\n\n".join(part for part in parts if part) + "\n"

    def plain(self) -> dict[str, Any]:
        """The same as lists and mappings.

        Returns
        -------
        dict
            For JSON.
        """
        return {
            "history": self.history.file,
            "first": str(self.history.dates[0]),
            "last": str(self.history.dates[-1]),
            "from": str(self.start),
            "policy": self.resolved.policy,
            "sha256": self.resolved.hash,
            **self.settings,
            "verdicts": list(self.lines),
            "notes": list(self.told),
            "tables": {
                title: table.to_dict(orient="records") for title, table in self.tables.items()
            },
        }
