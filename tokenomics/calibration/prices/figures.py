"""Diagnostics of a price calibration: density, quantiles, memory of |r| and the price with its
jumps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ...errors import counted
from ...histories.prices import Closes
from ...results.figures import COLOURS, legend_above, plain_log, styled
from ...results.intervals import Z
from .garch import GarchFit
from .jump_mixture import distribution, log_density
from .merton import MertonFit
from .stylised_facts import SIGNIFICANCE, bartlett, correlations, lee_mykland

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LAGS = 60  # days of autocorrelation drawn
GRID = 4001  # points at which a distribution is evaluated


@styled
def diagnostics(
    closes: Closes, freedom: tuple[float, float, float], jumps: MertonFit, spells: GarchFit
) -> Figure:
    """Four panels. freedom: degrees of freedom, location and scale of Student's t."""
    from ...results.drawing import Drawing

    canvas = Drawing(figsize=(10.4, 7.4), layout="constrained")
    axes = canvas.subplots(2, 2)
    r = closes.returns
    models = {
        "normal": (stats.norm(r.mean(), r.std()).pdf, stats.norm(r.mean(), r.std()).cdf),
        "Student t": (stats.t(*freedom).pdf, stats.t(*freedom).cdf),
        "Merton": (
            lambda x: np.exp(log_density(x, jumps.values)),
            lambda x: distribution(x, jumps.values),
        ),
    }
    what = "daily log return" if closes.step == 1 else f"log return of {closes.step} days"
    _density(axes[0, 0], r, models, what)
    _quantiles(axes[0, 1], r, models, what)
    _memory(axes[1, 0], r, spells, "days" if closes.step == 1 else f"{closes.step} days")
    _price(axes[1, 1], closes)
    return canvas


def _density(axis: Axes, r: np.ndarray, models: dict, what: str) -> None:
    reach = 1.1 * float(np.max(np.abs(r)))
    x = np.linspace(-reach, reach, 601)
    heights, edges = np.histogram(r, bins=min(80, max(20, len(r) // 15)), density=True)
    shown = heights > 0.0
    axis.plot(
        0.5 * (edges[1:] + edges[:-1])[shown],
        heights[shown],
        "o",
        color="black",
        markersize=3,
        label=f"{what}s",
    )
    for (name, (density, _)), colour in zip(models.items(), COLOURS, strict=False):
        axis.plot(x, density(x), color=colour, linewidth=1.4, label=name)
    axis.set_yscale("log")
    axis.set_ylim(0.3 * heights[shown].min(), 3.0 * heights.max())
    axis.set_xlabel(f"{what} [1]")
    axis.set_ylabel("density [1]")
    legend_above(axis, 1 + len(models))
    beyond = int(np.sum(np.abs(r - r.mean()) > 4.0 * r.std()))
    axis.set_title(
        f"Tails: {counted(beyond, 'return')} beyond 4 standard deviations; a normal would have "
        f"{2.0 * stats.norm.sf(4.0) * len(r):.1g}"
    )


def _quantiles(axis: Axes, r: np.ndarray, models: dict, what: str) -> None:
    place = (np.arange(len(r)) + 0.5) / len(r)
    reach = 3.0 * float(np.max(np.abs(r)))
    grid, ordered, worst = np.linspace(-reach, reach, GRID), np.sort(r), {}
    for (name, (_, probability)), colour in zip(models.items(), COLOURS, strict=False):
        axis.plot(
            np.interp(place, probability(grid), grid),
            ordered,
            ".",
            color=colour,
            markersize=3,
            label=name,
        )
        worst[name] = float(np.max(np.abs(probability(ordered) - place)))
    limit = 1.15 * float(np.max(np.abs(r)))
    axis.plot([-limit, limit], [-limit, limit], color="black", linewidth=0.8)
    axis.set_xlim(-limit, limit)
    axis.set_ylim(-limit, limit)
    axis.set_xlabel("quantile of the model [1]")
    axis.set_ylabel(f"{what} [1]")
    axis.legend(loc="upper left")
    gaps = ", ".join(f"{name} {gap:.3f}" for name, gap in worst.items())
    axis.set_title(f"Fit: distance to {gaps}")


def _memory(axis: Axes, r: np.ndarray, spells: GarchFit, unit: str) -> None:
    lags = min(LAGS, len(r) // 4)
    z = (r - spells.values[0]) / np.sqrt(spells.variance)
    days = np.arange(1, lags + 1)
    found, left = correlations(np.abs(r), lags), correlations(np.abs(z), lags)
    band = Z * bartlett(np.zeros(lags), len(r))
    axis.fill_between(
        days, -band, band, color="black", alpha=0.12, linewidth=0, label="95 % without memory"
    )
    axis.plot(
        days, found, "o-", color=COLOURS[0], markersize=3, linewidth=0.8, label="size of returns"
    )
    axis.plot(
        days,
        left,
        "o-",
        color=COLOURS[1],
        markersize=3,
        linewidth=0.8,
        label="over GARCH's volatility",
    )
    axis.set_xlabel(f"lag [{unit}]")
    axis.set_ylabel("autocorrelation [1]")
    legend_above(axis, 3)
    outside, after = int(np.sum(np.abs(found) > band)), int(np.sum(np.abs(left) > band))
    axis.set_title(
        f"Memory of sizes: {outside} of {lags} lags outside the band, {after} after GARCH"
    )


def _price(axis: Axes, closes: Closes) -> None:
    days = lee_mykland(closes.returns)
    at = closes.ends[days]
    axis.plot(closes.dates, closes.values, color=COLOURS[0], linewidth=0.9)
    axis.plot(
        [closes.dates[i] for i in at],
        closes.values[at],
        "o",
        color=COLOURS[1],
        markersize=4,
        linestyle="none",
    )
    plain_log(axis, "y")
    axis.set_ylabel("price [USD/TOK]")
    axis.set_xlabel("date")
    axis.tick_params(axis="x", labelrotation=30)
    jumps = counted(int(days.sum()), "day")
    axis.set_title(f"Price: {jumps} with a jump, in orange (Lee-Mykland, {100 * SIGNIFICANCE:g} %)")
