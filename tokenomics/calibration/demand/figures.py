"""Figures of a demand calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...results.figures import COLOURS, legend_above, styled
from ...results.intervals import Z
from ...results.returns import autocorrelation
from .trace import lognormal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...histories.request_trace import RequestTrace
    from .series import SeriesFit

WINDOW, MOST_POINTS = (
    10.0,
    20_000,
)  # s of the windows in which a trace is drawn, and their most: a drawing shows no more
SHORTEST = 1e-2  # of the mean gap: of shorter ones there are too few to be seen
LAGS = 12
BINS = 50


@styled
def series_figure(fit: SeriesFit) -> Figure:
    """Rate with daily means and fitted pattern; hourly factors; autocorrelation of what is left,
    where each can be had.
    """
    from ...results.drawing import Drawing

    figure = Drawing(figsize=(9, 9), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1)
    time = np.arange(len(fit.used)) / fit.per_day
    top.plot(
        time, fit.used, color="grey", linewidth=0.6, label=f"windows of {fit.series.width:g} s"
    )
    title = (
        f"Mean {fit.filled.mean():.4g} req/s, {fit.used.min():.3g} to {fit.used.max():.3g}, over "
        f"{len(time) / fit.per_day:.3g} days"
    )
    if fit.daily is not None:
        days = np.arange(fit.days) + 0.5
        top.plot(days, fit.by_day.mean(axis=1), "o", color=COLOURS[0], label="daily means")
        top.plot(
            days,
            np.exp(fit.daily.fitted()),
            color=COLOURS[1],
            label="fitted pattern of daily means (median)",
        )
    top.set(xlabel="time [days]", ylabel="request rate [req/s]")
    top.set_title(title)
    legend_above(top, 3)
    estimate, table = fit.diurnal()
    if table is None:
        _absent(middle, f"No diurnal pattern: {estimate.problem}")
    else:
        hour, factor = table["hour after the start"] + 0.5, table["factor"]
        middle.errorbar(
            hour,
            factor,
            (factor - table["low"], table["high"] - factor),
            fmt="o",
            color=COLOURS[0],
            capsize=2,
        )
        middle.axhline(1.0, color="grey", linewidth=0.6)
        middle.set(xlabel="hour after the start [hours]", ylabel="factor of the day's mean [1]")
        middle.set_title(
            f"Diurnal first harmonic {estimate.value:.2f} [{estimate.low:.2f}, "
            f"{estimate.high:.2f}]; 95 % over days"
        )
    if fit.daily is None:
        _absent(bottom, f"No log process of daily means: {fit.process()[0].problem}")
    else:
        left = fit.daily.y - fit.daily.fitted()
        lags = np.arange(1, min(LAGS, fit.days - 2) + 1)
        bottom.bar(
            lags,
            [autocorrelation(left, k) for k in lags],
            color=COLOURS[0],
            label="daily means, pattern taken out",
        )
        bottom.plot(
            lags,
            np.exp(-fit.daily.theta * lags),
            color=COLOURS[1],
            marker=".",
            label="fitted process",
        )
        bottom.axhspan(
            *np.array([-Z, Z]) / np.sqrt(fit.days),
            color="grey",
            alpha=0.2,
            label="95 % of independent days",
        )
        bottom.set(xlabel="lag [days]", ylabel="autocorrelation [1]")
        reversion = fit.process()[0]
        told = f"{reversion.value:.2g} [{reversion.low:.2g}, {reversion.high:.2g}] 1/day"
        verdict = (
            f"is not told by {fit.days} days: {told}"
            if reversion.problem
            else f"{told} from {fit.days} days"
        )
        bottom.set_title(f"Reversion {verdict}")
        legend_above(bottom, 3)
    return figure


@styled
def trace_figure(trace: RequestTrace) -> Figure:
    """Requests by ten seconds, inter-arrival times, and both length distributions with their
    lognormals.
    """
    from ...results.drawing import Drawing

    figure = Drawing(figsize=(9, 7), layout="constrained")
    ((rate, gap), lower) = figure.subplots(2, 2)
    width = WINDOW * np.ceil(trace.seconds[-1] / WINDOW / MOST_POINTS)
    counts = np.bincount((trace.seconds // width).astype(int))[:-1]
    rate.plot(
        np.arange(len(counts)) * width / 60.0, counts / width, color=COLOURS[0], linewidth=0.8
    )
    rate.set(xlabel="time [minutes]", ylabel=f"request rate in {width:g} s [req/s]")
    rate.set_title(
        f"{len(trace.seconds):,} requests, {len(trace.seconds) / trace.seconds[-1]:.3g} req/s"
    )
    gaps = np.sort(np.diff(trace.seconds))
    shown = np.unique(
        len(gaps) - np.geomspace(1, len(gaps), MOST_POINTS).astype(int)
    )  # more of the longest, which alone are seen apart
    gap.loglog(gaps[shown], 1.0 - shown / len(gaps), color=COLOURS[0], label="trace")
    grid = np.geomspace(max(gaps[0], SHORTEST * gaps.mean()), gaps[-1], 200)
    gap.loglog(
        grid,
        np.maximum(np.exp(-grid / gaps.mean()), 1e-6),
        color=COLOURS[1],
        label="Poisson process of that rate",
    )
    gap.set(
        xlabel="inter-arrival time [s]",
        ylabel="share that is longer [1]",
        xlim=(grid[0], 1.5 * grid[-1]),
        ylim=(0.5 / len(gaps), 1.5),
    )
    gap.set_title(
        f"Gaps between stamps in steps of {trace.lattice:.4g} s: shorter ones are not told"
        if trace.coarse
        else f"Gaps vary by {gaps.std() / gaps.mean():.3g} of their mean; of a Poisson process by 1"
    )
    gap.legend(loc="lower left")
    for axis, kind, values in zip(
        lower, ("prompt", "output"), (trace.prompt, trace.output), strict=True
    ):
        fit = lognormal(values)
        edges = np.unique(np.geomspace(1, values.max() + 1, BINS).round()) - 0.5
        heights, _ = np.histogram(values[values > 0], edges)
        share = heights / heights.sum() / np.diff(np.log(edges))
        axis.stairs(share, edges, color=COLOURS[0], label="trace")
        grid = np.geomspace(values[values > 0].min(), edges[-1], 300)
        bell = np.exp(-0.5 * ((np.log(grid) - fit.mean_log) / fit.sd_log) ** 2) / (
            fit.sd_log * np.sqrt(2.0 * np.pi)
        )
        axis.plot(grid, bell, color=COLOURS[1], label="lognormal")
        axis.set(xscale="log", xlabel=f"{kind} tokens [token]", ylabel="density by log length [1]")
        said = "lognormal" if fit.distance < fit.limit else "not lognormal"
        axis.set_title(f"{kind}: mean {values.mean():.4g}; {said} (distance {fit.distance:.2f})")
        legend_above(axis, 2)
    return figure


def _absent(axis, text: str) -> None:
    axis.set_axis_off()
    axis.text(0.0, 0.5, text, fontsize=9, wrap=True)
