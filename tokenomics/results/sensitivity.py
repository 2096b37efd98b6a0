"""Sensitivity indices as tables and figures."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import InputError, lettering, nearest
from ..shown import Shown
from .drawing import one_axis, shown
from .figures import COLOURS
from .metrics import METRICS
from .sweep import Sweep

MEASURES = {  # a bar's name in a figure
    "total": "total: with its interactions",
    "first": "first: alone",
    "mu_star": "mean effect (mu_star)",
}


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Shown):
    """Indices of a sweep, as `sensitivity` returns them.

    Attributes
    ----------
    sweep : Sweep
        The points on which they are computed.
    indices : pandas.DataFrame
        One row a policy, scenario, metric and parameter. Sobol: total and first, shares of the
        metric's variance. Morris: mu_star, mean absolute elementary effect over the parameter's
        whole range [unit of the metric], mu, sigma. `_interval`: half-width at 95 %. lost: base
        points left out because a run of theirs failed.
    pairs : pandas.DataFrame
        Second-order Sobol indices.
    undefined : pandas.DataFrame
        Policy, scenario, metric and reason, where there is no index.
    """

    sweep: Sweep
    indices: pd.DataFrame
    pairs: pd.DataFrame
    undefined: pd.DataFrame

    def _essentials(self) -> dict[str, Any]:
        told: dict[str, Any] = {"sweep": repr(self.sweep), "index": self.measure}
        for metric, own in self.indices.groupby("metric", sort=False):
            strongest = own.loc[own[self.measure].idxmax()]
            told[str(metric)] = f"{strongest['parameter']} {strongest[self.measure]:.3g}"
        return told

    def notes(self) -> list[str]:
        """For which metrics there is no index, and what failed runs have cost.

        Returns
        -------
        list of str
            A line for each policy, scenario and reason.
        """
        design, lines = self.sweep.manifest["design"], []
        for (policy, scenario), own in self.undefined.groupby(["policy", "scenario"], sort=False):
            for reason, some in own.groupby("reason", sort=False):
                lines.append(
                    f"policy {policy}, scenario {scenario}: no index is defined of "
                    f"{', '.join(some['metric'])}: {reason}"
                )
        for (policy, scenario), own in self.indices[self.indices["lost"] > 0].groupby(
            ["policy", "scenario"], sort=False
        ):
            lost = own.drop_duplicates("metric")
            told = ", ".join(
                f"{metric} {n}" for metric, n in zip(lost["metric"], lost["lost"], strict=True)
            )
            lines.append(
                f"policy {policy}, scenario {scenario}: of {design['count']} base points, left out "
                f"for a failed run: {told}"
            )
        return lines

    @property
    def measure(self) -> str:
        """The index by which parameters are ranked: total or mu_star."""
        return "total" if "total" in self.indices.columns else "mu_star"

    def ranking(
        self, metric: str, policy: str | None = None, scenario: str | None = None
    ) -> pd.DataFrame:
        """Indices of one metric, the strongest parameter first.

        Parameters
        ----------
        metric : str
            Its name.
        policy, scenario : str, optional
            The first by default.

        Returns
        -------
        pandas.DataFrame
            The metric's rows of `indices`.

        Raises
        ------
        InputError
            For an unknown metric, policy or scenario.
        """
        return self._own(self.indices, metric, policy, scenario).sort_values(
            self.measure, ascending=False, ignore_index=True
        )

    def _case(self, policy: str | None, scenario: str | None) -> dict[str, str]:
        """A policy and a scenario, the first by default. Raises InputError for unknown ones."""
        cases = self.sweep.cases
        chosen = {
            "policy": policy or cases["policy"].iloc[0],
            "scenario": scenario or cases["scenario"].iloc[0],
        }
        for column, wanted in chosen.items():
            valid = list(cases[column].unique())
            if wanted not in valid:
                raise InputError(
                    f"unknown {column} '{wanted}'",
                    expected="one of " + ", ".join(valid),
                    nearest=nearest(wanted, valid),
                )
        return chosen

    def _own(
        self, table: pd.DataFrame, metric: str | None, policy: str | None, scenario: str | None
    ) -> pd.DataFrame:
        """Rows of a table of one policy and scenario, and of one metric. Raises InputError where
        the metric has no index there.
        """
        own, reasons = table, self.undefined
        for column, wanted in self._case(policy, scenario).items():
            own, reasons = own[own[column] == wanted], reasons[reasons[column] == wanted]
        if metric is None:
            return own
        for reason in reasons.loc[reasons["metric"] == metric, "reason"]:
            raise InputError(f"no index of the metric '{metric}' is defined: {reason}")
        valid = list(own["metric"].unique())
        if metric not in valid:
            raise InputError(
                f"no indices for the metric '{metric}'",
                expected="one of " + ", ".join(valid),
                nearest=nearest(metric, valid),
            )
        return own[own["metric"] == metric]

    def _note(self, own: pd.DataFrame, policy: str | None, scenario: str | None) -> str:
        case, design, lost = (
            self._case(policy, scenario),
            self.sweep.manifest["design"],
            own["lost"].max(),
        )
        without = f", up to {lost} left out for failed runs" if lost > 0 else ""
        return (
            f"policy {case['policy']}, scenario {case['scenario']}\n{design['method']}, "
            f"{design['count']} base points{without}, "
            f"{self.sweep.manifest['runs']} runs each"
        )

    def tornado(
        self,
        metric: str,
        policy: str | None = None,
        scenario: str | None = None,
        *,
        ax: Axes | None = None,
    ) -> Figure:
        """Bars of one metric's indices, the strongest parameter on top.

        Parameters
        ----------
        metric : str
            Its name.
        policy, scenario : str, optional
            The first by default.
        ax : matplotlib.axes.Axes, optional
            An axis to draw on.

        Returns
        -------
        matplotlib.figure.Figure
            With 95 % intervals.
        """
        own = self.ranking(metric, policy, scenario)[::-1]
        canvas, axis = one_axis(ax, (7.2, 1.4 + 0.42 * len(own)))
        place = np.arange(len(own))
        measures = [m for m in ("total", "first", "mu_star") if m in own]
        height = 0.8 / len(measures)
        for number, measure in enumerate(measures):
            at = place - (number - (len(measures) - 1) / 2) * height
            axis.barh(
                at,
                own[measure],
                height,
                xerr=own[f"{measure}_interval"],
                color=COLOURS[number],
                label=MEASURES[measure],
                capsize=2,
                zorder=2,
            )
        axis.axvline(0.0, color="black", linewidth=0.6)
        axis.set_yticks(place, own["parameter"], fontsize=8)
        unit = (
            "share of the variance [1]"
            if self.measure == "total"
            else f"mean |change| over the range [{METRICS[metric].unit}]"
        )
        axis.set_xlabel(unit, fontsize=9)
        axis.tick_params(axis="x", labelsize=8)
        if len(measures) > 1:
            axis.legend(fontsize=7, frameon=False, loc="lower right")
        axis.grid(alpha=0.25, axis="x")
        top = own.iloc[-1]
        finding = (
            f"{METRICS[metric].label} depends most on {top['parameter']} "
            f"({self.measure} {top[self.measure]:.2g})"
        )
        axis.set_title(
            lettering(f"{finding}\n{self._note(own, policy, scenario)}; bars: 95 %"),
            fontsize=8,
            loc="left",
        )
        return shown(canvas)

    def heatmap(
        self,
        policy: str | None = None,
        scenario: str | None = None,
        *,
        ax: Axes | None = None,
    ) -> Figure:
        """Parameters against metrics.

        Parameters
        ----------
        policy, scenario : str, optional
            The first by default.
        ax : matplotlib.axes.Axes, optional
            An axis to draw on.

        Returns
        -------
        matplotlib.figure.Figure
            Total Sobol index, or mu_star relative to the largest of each metric.

        Raises
        ------
        InputError
            Where no metric varies.
        """
        own = self._own(self.indices, None, policy, scenario)
        if own.empty:
            raise InputError("no index is defined", expected="a metric that varies")
        grid = own.pivot_table(
            index="metric", columns="parameter", values=self.measure, sort=False
        ).reindex(columns=self.sweep.paths)
        if self.measure == "mu_star":
            grid = grid.div(grid.max(axis=1), axis=0)
        label = (
            "total Sobol index [1]" if self.measure == "total" else "mu_star over the largest [1]"
        )
        note = self._note(own, policy, scenario)
        return _matrix(
            grid, label, f"Which parameter moves which metric, with its interactions\n{note}", ax
        )

    def interactions(
        self,
        metric: str,
        policy: str | None = None,
        scenario: str | None = None,
        *,
        ax: Axes | None = None,
    ) -> Figure:
        """Second-order Sobol indices of one metric.

        Parameters
        ----------
        metric : str
            Its name.
        policy, scenario : str, optional
            The first by default.
        ax : matplotlib.axes.Axes, optional
            An axis to draw on.

        Returns
        -------
        matplotlib.figure.Figure
            A cell a pair of parameters.

        Raises
        ------
        InputError
            For Morris's method, which has none.
        """
        if self.pairs.empty:
            raise InputError(
                "no second-order indices",
                expected="the method saltelli, and two parameters or more",
            )
        own = self._own(self.pairs, metric, policy, scenario)
        grid = own.pivot_table(index="parameter", columns="with", values="second", sort=False)
        note = self._note(self.ranking(metric, policy, scenario), policy, scenario)
        return _matrix(
            grid,
            "second-order Sobol index [1]",
            f"What two parameters do to {METRICS[metric].label} together\n{note}",
            ax,
        )


def _matrix(grid: pd.DataFrame, label: str, title: str, ax: Axes | None) -> Figure:
    columns = [c.replace(".", ".\n") for c in grid.columns]
    longest = max(len(part) for c in columns for part in c.split("\n"))
    cell = max(0.75, 0.075 * longest)  # inches, in which the longest part of a name has room
    canvas, axis = one_axis(ax, (3.4 + cell * grid.shape[1], 1.8 + 0.3 * grid.shape[0]))
    mesh = axis.imshow(
        np.clip(grid.to_numpy(), 0.0, 1.0), vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto"
    )
    for (row, column), value in np.ndenumerate(grid.to_numpy()):
        if np.isfinite(value):
            axis.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=7,
                color="white" if value > 0.6 else "black",
            )
    axis.set_xticks(range(grid.shape[1]), columns, fontsize=7)
    names = [METRICS[name].label if name in METRICS else name for name in grid.index]
    axis.set_yticks(range(grid.shape[0]), map(lettering, names), fontsize=7.5)
    bar = canvas.colorbar(mesh, ax=axis, aspect=40)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    told = lettering("\n".join(fill(line, 70) for line in title.splitlines()))
    if ax is None:
        canvas.suptitle(told, fontsize=8, x=0.01, ha="left")
    else:
        ax.set_title(told, fontsize=8, loc="left")
    return shown(canvas)
