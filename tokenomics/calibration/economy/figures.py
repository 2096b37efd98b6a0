"""Figures of a calibration by simulated moments: real against simulated, and the profile of each
parameter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...errors import lettering
from ...results.drawing import Drawing
from ...results.figures import COLOURS, styled
from ...results.returns import statistics
from .moments import MOMENTS

BINS = 24  # of a moment's histogram
MOST = 10.0  # limits, beyond which a profile is not drawn
OUTSIDE = 0.5  # per cent of the simulated histories that are left out at each end


@styled
def moments_figure(
    prices: Mapping[str, np.ndarray], runs: Mapping[str, Mapping[str, np.ndarray]], token: str
) -> Figure:
    """Distribution of each moment over simulated histories, with the token's own as a line. prices,
    runs: by part, in and out of sample.
    """
    columns, token = 5, lettering(token)
    figure = Drawing(figsize=(13.0, 5.2), layout="constrained")
    axes = figure.subplots(-(-len(MOMENTS) // columns), columns).ravel()
    within = dict.fromkeys(prices, 0)
    for number, (axis, name) in enumerate(zip(axes, MOMENTS, strict=False)):
        # a few histories far off would leave no room for the others
        seen = [np.percentile(runs[part][name], (OUTSIDE, 100.0 - OUTSIDE)) for part in prices]
        seen += [np.array([float(statistics(closes)[name][0])]) for closes in prices.values()]
        ends = min(map(np.min, seen)), max(map(np.max, seen))
        for colour, (part, closes) in zip(COLOURS, prices.items(), strict=False):
            values, real = runs[part][name], float(statistics(closes)[name][0])
            axis.hist(
                values,
                bins=np.linspace(*ends, BINS + 1),
                density=True,
                histtype="stepfilled",
                alpha=0.35,
                color=colour,
                label=f"simulated, {part}",
            )
            axis.axvline(
                real,
                color=colour,
                linewidth=1.6,
                linestyle="-" if part == "in sample" else "--",
                label=f"{token}, {part}",
            )
            low, high = np.percentile(values, (5, 95))
            within[part] += int(low <= real <= high)
        unit = " [1/sqrt(year)]" if name == "annualised volatility" else ""
        axis.set_xlabel(name + unit)
        axis.set_yticks([])
        axis.set_ylabel("" if number % columns else "density")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    told = ", ".join(f"{count} of {len(MOMENTS)} {part}" for part, count in within.items())
    figure.suptitle(
        f"{token}: moments within the range of 90 % of simulated histories: {told}",
        x=0.01,
        ha="left",
    )
    return figure


@styled
def profile_figure(profiles: pd.DataFrame) -> Figure:
    """The criterion's curve around its least, by parameter, the others fitted again."""
    figure = Drawing(figsize=(6.4, 4.2), layout="constrained")
    axis = figure.add_subplot()
    # the limit is in view however flat the curves are
    highest = max(1.0, float(np.max(profiles["distance above the least"] / profiles["limit"])))
    for name, own in profiles.groupby("parameter", sort=False):
        x = np.concatenate([own["times the estimate"], [1.0]])
        y = np.concatenate([own["distance above the least"] / own["limit"], [0.0]])
        order = np.argsort(x)
        axis.plot(x[order], y[order], marker=".", label=name)
    axis.axhline(1.0, color="0.4", linewidth=0.8, linestyle=":", label="95 % limit")
    axis.set(
        xscale="log",
        xlabel="times the estimate [1]",
        ylabel="weighted distance above the least, of its 95 % limit [1]",
        ylim=(-0.05 * min(highest, MOST), min(1.1 * highest, MOST)),
    )
    axis.set_xticks([0.3, 0.6, 1.0, 1.7, 3.0], ["0.3", "0.6", "1", "1.7", "3"])
    axis.minorticks_off()
    axis.legend()
    axis.set_title("What the moments tell: the steeper, the better known")
    return figure
