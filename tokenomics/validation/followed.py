"""How far the model could follow a recorded history: no skill is told without it, for a back-test
of the tokens that a model can follow is one of the tokens that did not fall.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import counted
from ..histories.prices import PriceHistory
from .counterfactual import Arms
from .replay import Replayed

NO_RECORD = "; from there on it is not the record that the two arms compare"
NAMED = 3  # dates that a note names; the rest is counted


def restarted(replayed: Replayed, days: np.ndarray) -> float:
    """Share of some days whose state is not of an unbroken replay from the history's first date:
    they come after a restart, or miss a close.
    """
    broken = [*(day + 1 for day in replayed.restarts), *np.flatnonzero(replayed.missed)]
    return float(np.mean(days >= min(broken))) if broken else 0.0


def followed(
    replayed: Replayed, arms: Mapping[str, Arms], history: PriceHistory, first: int
) -> pd.DataFrame:
    """A row the replay and each arm without the controller: days; restarts; closes not reached, a
    share of days (and runs); largest gap to one, in log points; date of the first restart or miss.

    first: day of the history on which the arms begin.
    """

    def row(name: str, missed: np.ndarray, begin: int, restarts: tuple[int, ...]) -> dict[str, Any]:
        off = missed[:, 1:] != 0.0
        days = sorted([*restarts, *(begin + 1 + np.flatnonzero(off.any(axis=0)))])
        return {
            "of": name,
            "days": off.shape[1],
            "restarts": len(restarts),
            "closes not reached": float(np.mean(off)),
            "largest gap": float(np.max(np.abs(missed[:, 1:]))),
            "first": str(history.dates[days[0]]) if days else "",
        }

    rows = [row("replay", replayed.missed[None, :], 0, replayed.restarts)]
    rows += [row(f"counterfactual: {name}", one.missed, first, ()) for name, one in arms.items()]
    return pd.DataFrame(rows)


def remarks(table: pd.DataFrame, replayed: Replayed, history: PriceHistory) -> list[str]:
    """A line for what could not be followed; none where all could. table: `followed`."""
    lines = []
    if replayed.restarts:
        dates = ", ".join(str(history.dates[day]) for day in replayed.restarts[:NAMED])
        more = len(replayed.restarts) - NAMED
        lines.append(
            f"the replay was restarted {counted(len(replayed.restarts), 'time')} "
            f"({dates}{f' and {more} more' if more > 0 else ''}): passive holders had no tokens "
            f"left to sell for the next close, so that the network is in its steady state at the "
            f"close of that day, with what speculators and customers made of the returns; "
            f"'restarted' is the share of forecasts after the first of them"
        )
    for one in table.to_dict(orient="records"):
        if one["closes not reached"] > 0.0:
            start = "" if one["of"] == "replay" else ", without the controller"
            lines.append(
                f"{one['of']}{start}: {100 * one['closes not reached']:.2g} % of closes are not "
                f"reached, for want of tokens to sell, the first on {one['first']}, the worst by "
                f"{one['largest gap']:.3g} log points" + NO_RECORD * bool(start)
            )
    return lines
