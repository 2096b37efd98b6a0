"""Diagnostics of a price calibration: density, quantiles, memory of |r| and the price with its
jumps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ...histories.prices import Closes
from ...results.figures import COLOURS
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


def _title(axis: Axes, text: str) -> None:
    axis.set_title(text, fontsize=9, loc="left")
    axis.grid(alpha=0.25)


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
    axis.legend(fontsize=7, frameon=False)
    beyond = int(np.sum(np.abs(r - r.mean()) > 4.0 * r.std()))
    _title(
        axis,
        (
            f"{beyond} beyond 4 standard deviations; a normal would have "
            f"{2.0 * stats.norm.sf(4.0) * len(r):.1g}"
        ),
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
    axis.legend(fontsize=7, frameon=False)
    _title(
        axis,
        "Kolmogorov distance: " + ", ".join(f"{name} {gap:.3f}" for name, gap in worst.items()),
    )


def _memory(axis: Axes, r: np.ndarray, spells: GarchFit, unit: str) -> None:
    lags = min(LAGS, len(r) // 4)
    z = (r - spells.values[0]) / np.sqrt(spells.variance)
    days = np.arange(1, lags + 1)
    found, left = correlations(np.abs(r), lags), correlations(np.abs(z), lags)
    band = Z * bartlett(np.zeros(lags), len(r))
    axis.fill_between(
        days, -band, band, color="black", alpha=0.12, linewidth=0, label="95 % without memory"
    )
    axis.plot(days, found, "o-", color=COLOURS[0], markersize=3, linewidth=0.8, label="|r|")
    axis.plot(
        days,
        left,
        "o-",
        color=COLOURS[1],
        markersize=3,
        linewidth=0.8,
        label="|r| over GARCH's volatility",
    )
    axis.set_xlabel(f"lag [{unit}]")
    axis.set_ylabel("autocorrelation [1]")
    axis.legend(fontsize=7, frameon=False)
    outside, after = int(np.sum(np.abs(found) > band)), int(np.sum(np.abs(left) > band))
    _title(axis, f"Memory of |r|: {outside} of {lags} lags outside the band, {after} after GARCH")


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
    axis.set_yscale("log")
    axis.set_ylabel("price [USD/TOK]")
    axis.set_xlabel("date")
    axis.tick_params(axis="x", labelrotation=30, labelsize=8)
    _title(axis, f"{days.sum()} days with a jump (Lee-Mykland, {100 * SIGNIFICANCE:g} %)")
