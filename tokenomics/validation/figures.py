"""Figures of a back-test: fans against the realised path, PIT histograms, and both arms of the
counterfactual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import lettering
from ..results.figures import COLOURS, plain_log, styled
from .counterfactual import UNCHECKED
from .forecasts import SHARES
from .replay import REPLAYED, SETTLED
from .scores import BINS, LEVELS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = (REPLAYED, SETTLED, "GARCH-t")


@styled
def draw(found: Any) -> dict[str, Figure]:
    """All figures of a `Validation` by file name."""
    return {"fans": _fans(found), "pit": _pit(found), "counterfactual": _arms(found)}


def _fans(found: Any) -> Figure:
    from ..results.drawing import Drawing

    canvas = Drawing(figsize=(10.0, 3.2 * len(SHOWN)), layout="constrained")
    axes = canvas.subplots(len(SHOWN), 1, sharex=True, sharey=True)
    dates, prices = found.history.dates, found.history.values
    first = (found.start - dates[0]).days
    block = next(
        b for b in found.blocks if b.what == "price" and b.horizon == found.settings["horizon"]
    )
    scored = {row["forecaster"]: row for row in block.scores()}
    for axis, name, colour in zip(axes, SHOWN, COLOURS, strict=False):
        for day, fan in found.fans[name].items():
            path = np.concatenate([np.zeros((len(SHARES), 1)), fan], axis=1)[:, : len(dates) - day]
            band = prices[day] * np.exp(path)
            when = dates[day : day + path.shape[1]]
            for level in sorted(LEVELS, reverse=True):
                low, high = (_at(band, 0.5 + side * level / 2.0) for side in (-1, 1))
                axis.fill_between(when, low, high, color=colour, alpha=0.22, linewidth=0)
            axis.plot(when, _at(band, 0.5), color=colour, linewidth=1.0)
        axis.plot(dates[first:], prices[first:], color="black", linewidth=0.9)
        plain_log(axis, "y")
        axis.set_ylabel("price [USD]")
        inside = scored[name]["in 80 %"]
        title = (
            f"{name}: {inside} of outcomes {block.horizon} days ahead lie within the 80 % interval"
        )
        axis.set_title(title)
    axes[-1].set_xlabel("date; black: recorded closes; bands: central 50, 80 and 95 % of forecasts")
    return canvas


def _at(band: np.ndarray, share: float) -> np.ndarray:
    return band[int(np.argmin(np.abs(np.array(SHARES) - share)))]


def _pit(found: Any) -> Figure:
    from ..results.drawing import Drawing

    blocks = [b for b in found.blocks if b.what == "price"]
    names = list(blocks[0].forecasts)
    canvas = Drawing(figsize=(2.3 * len(names), 2.4 * len(blocks)), layout="constrained")
    axes = canvas.subplots(len(blocks), len(names), sharex=True, sharey="row", squeeze=False)
    for row, block in zip(axes, blocks, strict=True):
        for axis, name, colour in zip(row, names, COLOURS, strict=False):
            shares = np.histogram(block.forecasts[name].pit(block.outcomes), BINS, (0.0, 1.0))[
                0
            ] / len(block.outcomes)
            axis.bar((np.arange(BINS) + 0.5) / BINS, shares, width=0.9 / BINS, color=colour)
            axis.axhline(1.0 / BINS, color="black", linewidth=0.8)
            axis.set_title(f"{name}, {block.horizon} d")
        row[0].set_ylabel("share of outcomes [1]")
    for axis in axes[-1]:
        axis.set_xlabel("probability below [1]")
    canvas.suptitle(
        (
            "Outcomes in each tenth of the forecast distribution; the line is what right forecasts "
            "have"
        ),
        x=0.01,
        ha="left",
    )
    return canvas


def _arms(found: Any) -> Figure:
    from ..results.drawing import Drawing

    canvas = Drawing(figsize=(11.0, 3.2 * len(found.arms)), layout="constrained")
    axes = canvas.subplots(len(found.arms), 2, squeeze=False)
    first = (found.start - found.history.dates[0]).days
    dates = found.history.dates[first:]
    for row, (name, arms) in zip(axes, found.arms.items(), strict=True):
        both = (
            ("without", arms.without, "black", "-"),
            # dashed, since it may lie on the other
            (found.resolved.policy, arms.controlled, COLOURS[0], "--"),
        )
        for axis, variable, scale in zip(
            row, ("token_price", "treasury_usd"), (1.0, 1e-6), strict=True
        ):
            for label, arm, colour, line in both:
                paths = arm.values[variable] * scale
                axis.fill_between(
                    dates,
                    *np.nanpercentile(paths, (5, 95), axis=0),
                    color=colour,
                    alpha=0.25,
                    linewidth=0,
                )
                axis.plot(
                    dates,
                    np.nanmedian(paths, axis=0),
                    color=colour,
                    linestyle=line,
                    linewidth=1.2,
                    label=lettering(label),
                )
            axis.tick_params(axis="x", labelsize=7)
        row[0].plot(
            dates,
            np.median(arms.without.values["utility_value"], axis=0),
            color=COLOURS[1],
            linewidth=0.9,
            label="utility value, without",
        )
        plain_log(row[0], "y")
        row[0].set_ylabel("price [USD]")
        row[1].set_ylabel("treasury [million USD]")
        row[0].legend()
        for axis, title in zip(row, ("price", "treasury"), strict=True):
            axis.set_title(f"{name}: {title}; median and 90 % of runs")
    canvas.suptitle(UNCHECKED, x=0.01, ha="left")
    return canvas
