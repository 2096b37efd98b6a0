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
from ...results.returns import statistics
from .moments import MOMENTS


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
    for axis, name in zip(axes, MOMENTS, strict=False):
        for colour, (part, closes) in zip(("C0", "C1"), prices.items(), strict=False):
            values, real = runs[part][name], float(statistics(closes)[name][0])
            axis.hist(
                values,
                bins=40,
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
        axis.set_xlabel(name + unit, fontsize=8)
        axis.set_yticks([])
        axis.tick_params(labelsize=7)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    told = ", ".join(f"{count} of {len(MOMENTS)} {part}" for part, count in within.items())
    figure.suptitle(
        f"{token}: moments within the range of 90 % of simulated histories: {told}",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


def profile_figure(profiles: pd.DataFrame) -> Figure:
    """The criterion's curve around its least, by parameter, the others fitted again."""
    figure = Drawing(figsize=(6.4, 4.2), layout="constrained")
    axis = figure.add_subplot()
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
        ylim=(-0.5, 10.0),
    )
    axis.set_xticks([0.3, 0.6, 1.0, 1.7, 3.0], ["0.3", "0.6", "1", "1.7", "3"])
    axis.minorticks_off()
    axis.legend(fontsize=7, frameon=False)
    axis.grid(alpha=0.25)
    axis.set_title("What the moments tell: the steeper, the better known", fontsize=9, loc="left")
    return figure
