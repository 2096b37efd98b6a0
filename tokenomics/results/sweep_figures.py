"""Figures of a sweep: a map over two parameters, a line with its interval over one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import counted, lettering
from ..parameters.checking import field_at, unit_of
from ..shown import readable
from .figures import COLOURS, plain_log
from .metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EVEN = 0.05  # relative; spacing that differs by less is even


def scale(values: np.ndarray) -> str:
    """log where positive values are evenly spaced by ratio rather than by difference."""
    if len(values) > 2 and values.min() > 0:
        steps, ratios = np.diff(values), np.diff(np.log(values))
        if np.ptp(ratios) < EVEN * ratios.mean() and np.ptp(steps) > EVEN * steps.mean():
            return "log"
    return "linear"


def _edges(values: np.ndarray, axis: str) -> np.ndarray:
    """Edges of cells around sorted values, half way between neighbours: on a log axis by ratio, and
    the outer cells reach as far on either side.
    """
    at = np.log(values) if axis == "log" else values.astype(float)
    if len(at) == 1:
        return at[0] + np.array([-0.5, 0.5]) * (abs(at[0]) or 1.0)
    middle = (at[1:] + at[:-1]) / 2.0
    edges = np.concatenate([[2.0 * at[0] - middle[0]], middle, [2.0 * at[-1] - middle[-1]]])
    return np.exp(edges) if axis == "log" else edges


def _label(metric: str) -> str:
    known = METRICS.get(metric)
    return known.axis if known else metric


def _axis(path: str) -> str:
    """A parameter's path, as a design has it, with its unit."""
    field = field_at(path)[0]
    unit = unit_of(field) if field is not None else "-"
    return path if unit == "-" else f"{path} [{unit}]"


def _title(
    table: pd.DataFrame, metric: str, paths: list[str], runs: int, fixed: Mapping[str, Any]
) -> str:
    good = table[np.isfinite(table[metric])]
    first = table.iloc[0]
    head = (
        f"policy {first['policy']}, scenario {first['scenario']}, {counted(len(table), 'point')}, "
        f"{counted(runs, 'run')} each"
    )
    head += "".join(f", {path} {value}" for path, value in fixed.items())
    failed, impossible = int(table["failed"].sum()), int((table["error"] != "").sum())
    head += f", {failed} of {len(table) * runs} runs failed" if failed else ""
    head += f", {counted(impossible, 'point')} impossible" if impossible else ""
    if good.empty:
        return f"{head}: no run was finished"
    half = float(((good[f"{metric}_high"] - good[f"{metric}_low"]) / 2.0).max())  # NaN of one run
    # a map has no room for intervals
    head += f", ± {readable(half)} at most (95 %)" if len(paths) > 1 and half > 0.0 else ""
    low, high = good.loc[good[metric].idxmin()], good.loc[good[metric].idxmax()]
    at = [
        ", ".join(
            f"{p.rsplit('.', 1)[-1]} {row[p]:.3g}" if isinstance(row[p], float) else f"{row[p]}"
            for p in paths
        )
        for row in (low, high)
    ]
    told = METRICS[metric].label if metric in METRICS else metric
    least, most = readable(low[metric]), readable(high[metric])
    return f"{told} from {least} ({at[0]}) to {most} ({at[1]})\n{head}"


def _map(axis, table: pd.DataFrame, metric: str, x: str, y: str) -> None:
    grid = table.pivot_table(index=y, columns=x, values=metric, dropna=False, aggfunc="mean")
    if grid.size == len(table) and grid.size:
        edges = [
            _edges(values, scale(values))
            for values in (grid.columns.to_numpy(), grid.index.to_numpy())
        ]
        mesh = axis.pcolormesh(*edges, grid.to_numpy(), shading="flat", cmap="viridis")
        broken = table[table["failed"] > 0]
        if len(broken):
            axis.scatter(
                broken[x],
                broken[y],
                s=4,
                marker="x",
                color=COLOURS[1],
                linewidth=0.6,
                label="runs failed",
            )
            axis.legend(fontsize=7, loc="upper right")
    else:
        mesh = axis.scatter(table[x], table[y], c=table[metric], s=14, cmap="viridis")
    bar = axis.figure.colorbar(mesh, ax=axis, format="{x:,g}")
    bar.set_label(_label(metric), fontsize=9)
    bar.ax.tick_params(labelsize=8)
    if scale(np.unique(table[y])) == "log":
        plain_log(axis, "y")
    axis.set_ylabel(_axis(y), fontsize=9)


def _line(axis, table: pd.DataFrame, metric: str, x: str) -> None:
    table = table.sort_values(x)
    if table[x].dtype.kind == "f":
        axis.fill_between(
            table[x],
            table[f"{metric}_low"],
            table[f"{metric}_high"],
            color=COLOURS[0],
            alpha=0.25,
            linewidth=0,
        )
        axis.plot(table[x], table[metric], color=COLOURS[0], marker=".", linewidth=1.2)
    else:
        spread = np.abs(
            table[[f"{metric}_low", f"{metric}_high"]].to_numpy().T - table[metric].to_numpy()
        )
        axis.errorbar(
            table[x].astype(str).map(lettering),
            table[metric],
            yerr=np.nan_to_num(spread),
            fmt="o",
            color=COLOURS[0],
            capsize=3,
        )
    axis.yaxis.set_major_formatter("{x:,g}")
    axis.set_ylabel(_label(metric), fontsize=9)
    axis.grid(alpha=0.25)


def figure(
    table: pd.DataFrame,
    metric: str,
    paths: list[str],
    runs: int,
    fixed: Mapping[str, Any],
    ax: Axes | None = None,
) -> Figure:
    """A map over two parameters or a line over one; the title states the finding, and the values at
    which other paths are fixed.

    table: points of one policy and scenario, in the columns of `Sweep.table`. runs: of each point.
    ax: an axis of the caller's.
    """
    from .drawing import one_axis

    canvas, axis = one_axis(ax, (7.2, 4.8))
    if len(paths) > 1:
        _map(axis, table, metric, paths[0], paths[1])
    else:
        _line(axis, table, metric, paths[0])
    if table[paths[0]].dtype.kind == "f" and scale(np.unique(table[paths[0]])) == "log":
        plain_log(axis, "x")
    axis.set_xlabel(_axis(paths[0]), fontsize=9)
    axis.tick_params(labelsize=8)
    axis.set_title(lettering(_title(table, metric, paths, runs, fixed)), fontsize=9, loc="left")
    return canvas
