"""The forecast as a picture: today's values and the proposed ones over time, the median and the
middle half and nine tenths of the runs, and the day on which the change acts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from ...results.drawing import Drawing
from ...results.figures import COLOURS, LOG_RANGE
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.structure import CURRENT, PROPOSED
from . import axes as axes_of
from .axes import SMALL, WIDTH
from .comparisons import key_metrics
from .document import Picture

PRICE = "token_price"  # which everybody asks about
OTHERS = ("treasury_usd", "served")  # where the limits are about the price alone
MOST, LEAST = 4, 3  # panels
WORDS = {"treasury_usd": "treasury's reserve", "served": "work served"}
BANDS = ((0.05, 0.95, 0.13), (0.25, 0.75, 0.3))  # from which quantile to which, and how dense
MEDIAN = 0.5
SIDES = ((CURRENT, "today", COLOURS[0], "--"), (PROPOSED, "proposed", COLOURS[1], "-"))


def shown_variables(evidence: Evidence) -> list[str]:
    """The token price, and what the limits' metrics are computed from, of what is forecast."""
    forecast = dict.fromkeys(evidence.over_time["variable"])
    read = [name for metric in key_metrics(evidence) for name in METRICS[metric].needs]
    wanted = [name for name in dict.fromkeys([PRICE, *read]) if name in forecast][:MOST]
    rest = [name for name in OTHERS if name in forecast and name not in wanted]
    return [*wanted, *rest[: max(LEAST - len(wanted), 0)]]


def path_of(forecast: pd.DataFrame, variable: str, values: str) -> pd.DataFrame:
    """Quantiles of a variable: a row a day, a column a quantile."""
    own = forecast[(forecast["variable"] == variable) & (forecast["values"] == values)]
    return own.pivot(index="day", columns="quantile", values="value")


def over_time(evidence: Evidence) -> tuple[Picture, Figure] | None:
    """A panel a variable; None where nothing was forecast, or no run finished."""
    forecast = evidence.over_time
    if forecast.empty or not np.isfinite(forecast["value"]).any():
        return None
    names = shown_variables(evidence)
    canvas = Drawing(figsize=(WIDTH, 0.75 + 1.75 * len(names)), layout="constrained")
    axes = canvas.subplots(len(names), 1, squeeze=False, sharex=True)[:, 0]
    change = evidence.plan.resolved(0, evidence.points("proposed")[0]).values.change.day
    words = [_panel(axis, forecast, name, change) for axis, name in zip(axes, names, strict=True)]
    dated = forecast["date"].iloc[0]
    axes[-1].set_xlabel(f"days since {dated or 'the start'}", size=SMALL)
    handles, labels = axes[0].get_legend_handles_labels()
    axes_of.legend(canvas, handles, labels)
    scenario = evidence.plan.shown[forecast["scenario"].iloc[0]]
    bands = _bands_in_words(forecast)
    caption = f"Over time in the scenario {scenario}: the median of the runs; {bands}."
    return Picture("over_time", caption, f"{'; '.join(words)}."), canvas


def _reached(found: pd.Series, levels: pd.Series | pd.Index) -> list[tuple[float, float, float]]:
    """The bands whose ends enough runs reach. found: whether a quantile has a value, level by
    level.
    """
    there = {*levels[found]}
    return [band for band in BANDS if there.issuperset(band[:2])]


def _bands_in_words(forecast: pd.DataFrame) -> str:
    reached = _reached(np.isfinite(forecast["value"]), forecast["quantile"])
    if len(reached) == len(BANDS):
        return "half of them are within the inner band, 90 % within the outer"
    if reached:
        return "half of them are within the band, and they are too few for one of 90 %"
    return "they are too few for a band"


def _panel(axis, forecast: pd.DataFrame, name: str, change: float) -> str:
    """Draw a variable, and tell in words where it ends."""
    ends, extremes = {}, []
    for values, label, colour, line in SIDES:
        path = path_of(forecast, name, values)
        days = path.index.to_numpy()
        reached = _reached(np.isfinite(path).any(), path.columns)
        for low, high, dense in reached:
            # as an outline with corners, which whoever has another Matplotlib can compare
            axis.fill(
                np.concatenate([days, days[::-1]]),
                np.concatenate([path[low], path[high][::-1]]),
                color=colour,
                alpha=dense,
                linewidth=0,
            )
        axis.plot(days, path[MEDIAN], line, color=colour, linewidth=1.4, label=f"{label}: median")
        ends[label] = axes_of.number(float(f"{path[MEDIAN].iloc[-1]:.3g}"))
        lowest, highest = reached[0][:2] if reached else (MEDIAN, MEDIAN)
        extremes += [path[lowest].min(), path[highest].max()]
    axis.axvline(change, color="black", linewidth=1.0, linestyle=":", label=_change(change))
    low, high = min(extremes), max(extremes)
    if low > 0.0 and high / low > LOG_RANGE:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(axes_of.number)
    axis.tick_params(labelsize=SMALL)
    axis.grid(alpha=0.25)
    unit = forecast.loc[forecast["variable"] == name, "unit"].iloc[0]
    axis.set_ylabel(unit, size=SMALL)
    told = _told(ends, unit, f"day {days[-1]:,.10g}")
    axes_of.title(axis, f"{WORDS.get(name, axes_of.worded(name))}\n{told}")
    return f"{name}: {told}"


def _change(day: float) -> str:
    return f"day {day:,.10g}: the change acts"


def _told(ends: dict[str, str], unit: str, when: str) -> str:
    """Where the medians end."""
    now, new = ends["today"], ends["proposed"]
    beside = "as with today's values" if now == new else f"with today's values {now}"
    return f"median on {when}: {new} {unit}, {beside}"
