"""What each law buys, and what it costs: every law at nine strengths and at its own, on the same
shocks, beside no controller.

A point is dominated where another costs no more in the mean, and is told worse in nothing and
better in something by paired differences, with intervals that are simultaneous over all that it is
compared with (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from ..errors import InputError, counted, lettering
from ..inputs.arguments import many
from ..parameters import Resolved, resolve
from ..parameters.tables import markdown_rows
from ..results.drawing import Drawing, shown
from ..results.figures import COLOURS
from ..results.intervals import LEVEL, mean_interval, paired_intervals
from ..results.matters import FEWEST
from ..results.metrics import METRICS, WAYS
from ..shown import readable
from .matching import COSTS, NO_STRENGTH, WORDS, at_strengths, grid, strength_of

BOUGHT = ("decoupling_rms", "max_drawdown", "churn", "treasury_low", "operator_income")
OWN, NOBODY = "own", "none"


@dataclass(frozen=True, eq=False)
class CostFrontier:
    """points: a row a policy and strength: policy, strength (NaN of its own), cost, and of every
    metric its mean and what is bought, the paired difference to no controller with low and high,
    simultaneous over all rows and metrics, better where the metric is; dominated_by: a point that
    dominates it, else empty. cost: one of `COSTS`. metrics: what is bought. runs, days: of each.
    notes: what strength is of each policy, and which has none.
    """

    points: pd.DataFrame
    cost: str
    metrics: tuple[str, ...]
    runs: int
    days: float
    notes: tuple[str, ...] = ()

    @property
    def dominated(self) -> list[str]:
        """Laws of which every point that acts is dominated by another law's."""
        own = self.points[self.points["policy"] != NOBODY]
        return [
            str(policy)
            for policy, rows in own.groupby("policy", sort=False)
            if all(one and one.split(" at ")[0] != policy for one in rows["dominated_by"])
        ]

    def finding(self) -> str:
        """The laws that others dominate, in words."""
        if self.runs < FEWEST:
            return f"one run tells no law from another; {FEWEST} or more may"
        lost = self.dominated
        if not lost:
            return "no law is told to be dominated at every strength"
        return f"dominated at every strength: {', '.join(lost)}"

    @property
    def better(self) -> dict[str, str]:
        """Which way each column of what is bought is better, lower or higher."""
        return {f"{name}_bought": METRICS[name].better for name in self.metrics}

    def summary(self) -> str:
        """The finding, and of what it is."""
        first = f"{self.finding()[0].upper()}{self.finding()[1:]}."
        ends = ", simultaneous 95 % intervals" * (self.runs >= FEWEST)
        return (
            f"{first} {counted(self.runs, 'run')} of {self.days:g} days; differences to the same "
            f"run without a controller{ends}; {WAYS}."
        )

    def table(self) -> pd.DataFrame:
        """The laws as they are, and at each strength, as people read them."""
        heads = ["policy", "strength", f"cost [{WORDS[self.cost]}]"]
        heads += [f"{METRICS[name].heading} {METRICS[name].arrow}" for name in self.metrics]
        rows = []
        for one in self.points.to_dict(orient="records"):
            if one["policy"] == NOBODY:
                continue
            at = OWN if np.isnan(one["strength"]) else readable(one["strength"])
            cells = [
                mean_interval(*(one[f"{name}{end}"] for end in ("_bought", "_low", "_high")))
                for name in self.metrics
            ]
            rows.append([one["policy"], at, readable(one["cost"]), *cells, one["dominated_by"]])
        return pd.DataFrame(rows, columns=[*heads, "dominated by"])

    def markdown(self) -> str:
        """Summary and table, that paste into a proposal."""
        table = self.table()
        numbers = range(1, table.shape[1] - 1)
        rows = markdown_rows(list(table), table.itertuples(index=False), numbers=numbers)
        return "\n\n".join((self.summary(), *self.notes, f"{rows}\n"))

    def plot(self) -> Figure:
        """A panel a metric: by how much it differs from no controller at each cost. A line a law,
        along its strength; hollow where another point dominates; a square at its own strength.
        """
        columns = min(3, len(self.metrics))
        rows = -(-len(self.metrics) // columns)
        figure = Drawing(figsize=(4.2 * columns, 3.3 * rows + 1.1), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        acting = self.points[self.points["policy"] != NOBODY]
        least, ticks = _least(acting["cost"]), _ticks(acting["cost"])
        for axis, name in zip(axes, self.metrics, strict=False):
            axis.axhline(0.0, color="0.4", linewidth=0.8)
            for colour, (policy, own) in zip(
                _colours(), acting.groupby("policy", sort=False), strict=False
            ):
                self._line(axis, name, lettering(policy), own, colour)
            metric = METRICS[name]
            way = {"lower": "down is better", "higher": "up is better"}[metric.better]
            axis.set_title(f"{lettering(metric.label)}: {way}", fontsize=9, loc="left")
            axis.set_ylabel(f"difference to no controller [{metric.unit}]", fontsize=8)
            axis.set_xlabel(f"cost: {WORDS[self.cost]}", fontsize=8)
            axis.set_xscale("symlog", linthresh=least, linscale=1.2)
            axis.xaxis.set_major_locator(FixedLocator(ticks))
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
            axis.tick_params(labelsize=8)
            axis.grid(alpha=0.25)
        for axis in axes[len(self.metrics) :]:
            axis.axis("off")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=8, fontsize=8, frameon=False
        )
        marks = (
            "bars: simultaneous 95 % intervals; square: the law as it is; hollow: another point "
            "costs no more, is worse in nothing and better in something"
            if self.runs >= FEWEST
            else "square: the law as it is"
        )
        figure.suptitle(
            lettering(
                f"What each law buys for what it costs, from its weakest to its strongest: "
                f"{self.finding()}\n{counted(self.runs, 'run')} of {self.days:g} days, same "
                f"shocks; {marks}"
            ),
            fontsize=9,
            x=0.01,
            ha="left",
        )
        return shown(figure)

    def _line(self, axis: Axes, name: str, label: str, own: pd.DataFrame, colour: str) -> None:
        """A law's points in a panel, in the order of its strength."""
        line = own[own["strength"].notna()].sort_values("strength")
        axis.plot(line["cost"], line[f"{name}_bought"], color=colour, linewidth=1, label=label)
        for marker, some in (("o", line), ("s", own[own["strength"].isna()])):
            bought = some[f"{name}_bought"]
            ends = np.abs([bought - some[f"{name}_low"], some[f"{name}_high"] - bought])
            axis.errorbar(
                some["cost"], bought, ends, fmt="none", ecolor=colour, elinewidth=0.8, alpha=0.5
            )
            for hollow, face in ((True, "white"), (False, colour)):
                at = some[(some["dominated_by"] != "") == hollow]
                axis.plot(
                    at["cost"],
                    at[f"{name}_bought"],
                    marker,
                    color=colour,
                    markerfacecolor=face,
                    markersize=6 if marker == "s" else 4,
                )


def _colours() -> list[Any]:
    return [*COLOURS, "#999999", "#8C510A", "#5E3C99", "#1B7837"]


def _least(costs: pd.Series) -> float:
    """Where the axis turns from linear to logarithmic: a power of ten that costs of all laws are
    beyond, so that few lie where it is linear.
    """
    sizes = costs.abs()[costs != 0.0]
    return float(10.0 ** np.floor(np.log10(sizes.quantile(0.2)))) if len(sizes) else 1.0


def _ticks(costs: pd.Series) -> list[float]:
    """Zero, and powers of ten on both sides of it that are apart from it."""
    largest = max(float(costs.abs().max()), 1.0)
    powers = 10.0 ** np.arange(np.log10(_least(costs)) + 1.0, np.log10(largest) + 1.0)
    return sorted([0.0, *powers, *(-powers)])


def frontier(
    params: str = "baseline",
    *,
    policies: Sequence[str],
    cost: str = "spend",
    metrics: Sequence[str] = BOUGHT,
    overlay: str | Sequence[str] = (),
    today: Mapping[str, Any] | Sequence[str] = (),
    sets: Mapping[str, Any] | None = None,
    runs: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> CostFrontier:
    """Every policy that acts over the range of its strength.

    policies: of which one without a controller is there in any case. cost: one of `COSTS`. metrics:
    what is bought, each with a direction. sets: of the network, among them its span. Raises
    InputError for a policy that acts without a strength.
    """
    shown = tuple(metrics)
    for name in shown:
        if name not in METRICS or not METRICS[name].better:
            raise InputError(
                f"'{name}'", argument="metrics", expected="metrics of which one direction is better"
            )
    shocks = {"runs": np.arange(runs), "seed": seed, "metrics": [*shown, COSTS[cost]]}
    labels, values, notes = [], [], []

    def network(policy: str) -> Resolved:
        return resolve(params, policy=policy, overlays=many(overlay), today=today, sets=sets or {})

    for number, policy in enumerate(policies):
        own = network(policy)
        acts = own.values.controller.type != NOBODY
        notes.append(_strength_in_words(policy, own))
        for at, found in _points(policy, own, shocks) if acts else ():
            labels.append((policy, at))
            values.append(found)
        if progress:
            progress(number + 1, len(policies) + 1)
    if not labels:
        raise InputError(
            ", ".join(policies), argument="policies", expected="one that acts, or several"
        )
    none = network(NOBODY)
    labels.append((NOBODY, np.nan))
    values.append(at_strengths(none, None, shocks))
    if progress:
        progress(len(policies) + 1, len(policies) + 1)
    stacked = {name: np.concatenate([one[name] for one in values]) for name in shocks["metrics"]}
    table, days = frontier_table(labels, stacked, shown, cost), none.values.simulation.days
    return CostFrontier(table, cost, shown, runs, days, tuple(notes))


def _strength_in_words(policy: str, own: Resolved) -> str:
    """What a policy's strength is a number of, and which it has of its own."""
    if own.values.controller.type == NOBODY:
        return f"{policy}: no controller, which costs nothing and is what all differ from"
    strength = strength_of(own)
    if strength is None:  # refused by `_points`, with what is expected
        return ""
    if strength.factor:
        return f"{policy}: strength [1] is times {', '.join(strength.paths)}; {OWN} is 1"
    entries = [own.entries[path] for path in strength.paths]
    told = (
        f"{path} [{'1' if one.unit == '-' else one.unit}], {OWN} is {readable(one.value)}"
        for path, one in zip(strength.paths, entries, strict=True)
    )
    return f"{policy}: strength is {'; '.join(told)}"


def _points(
    policy: str, own: Resolved, shocks: Mapping[str, Any]
) -> list[tuple[float, dict[str, np.ndarray]]]:
    """Metrics (1, runs) of a policy as it is, and at every strength."""
    strength = strength_of(own)
    if strength is None:
        raise InputError(
            f"'{policy}' cannot be matched: {NO_STRENGTH}",
            argument="policies",
            expected="laws that declare one",
        )
    tried = grid(strength)
    every = at_strengths(own, tried, shocks)
    return [
        (np.nan, at_strengths(own, None, shocks)),
        *(
            (at, {name: some[row : row + 1] for name, some in every.items()})
            for row, at in enumerate(tried)
        ),
    ]


def frontier_table(
    labels: Sequence[tuple[str, float]],
    values: Mapping[str, np.ndarray],
    metrics: Sequence[str],
    cost: str,
) -> pd.DataFrame:
    """The points, with which of them are dominated. values: (points, runs) by metric; the last
    point is no controller.
    """
    paid = values[COSTS[cost]]
    paid = paid[-1] - paid if cost == "budget" else paid
    policies, strengths = zip(*labels, strict=True)
    costs = np.nanmean(paid, axis=1)
    table = {"policy": policies, "strength": strengths, "cost": costs}
    family = 1.0 - (1.0 - LEVEL) / (len(metrics) * len(labels))
    for name in metrics:
        metric = METRICS[name]
        table[name] = np.nanmean(values[name], axis=1)
        s = paired_intervals(
            values[name],
            np.broadcast_to(values[name][-1], values[name].shape),
            [metric.probability] * len(labels),
            metric.gap,
            family,
        )
        table[f"{name}_bought"] = s.mean
        table[f"{name}_low"], table[f"{name}_high"] = s.low, s.high
    told = [_dominator(i, labels, costs, values, metrics) for i in range(len(labels))]
    table["dominated_by"] = ["" if i is None else _called(labels[i]) for i in told]
    return pd.DataFrame(table)


def _called(label: tuple[str, float]) -> str:
    policy, at = label
    return policy if policy == NOBODY else f"{policy} at {OWN if np.isnan(at) else readable(at)}"


def _dominator(
    point: int,
    labels: Sequence[tuple[str, float]],
    costs: np.ndarray,
    values: Mapping[str, np.ndarray],
    metrics: Sequence[str],
) -> int | None:
    """A point that costs no more than one, is told worse in no metric and better in one; None where
    there is none.
    """
    level = 1.0 - (1.0 - LEVEL) / (len(metrics) * max(len(labels) - 1, 1))
    chosen = [METRICS[name] for name in metrics]
    signs = np.array([1.0 if one.better == "higher" else -1.0 for one in chosen])
    own = np.stack([values[name][point] for name in metrics])
    others = [
        int(other)
        for other in np.flatnonzero(costs <= costs[point])
        if other != point and labels[other] != labels[point]
    ]
    if not others:
        return None
    theirs = np.stack([values[name][others] for name in metrics], axis=1)
    shape, count = theirs.shape[:2], len(others)
    low, high = np.transpose([one.gap for one in chosen])
    s = paired_intervals(
        theirs.reshape(count * len(chosen), -1),
        np.tile(own, (count, 1)),
        [one.probability for one in chosen] * count,
        (np.tile(low, count), np.tile(high, count)),
        level,
    )
    lows, highs = s.low.reshape(shape), s.high.reshape(shape)
    better = np.where(signs > 0, lows, -highs) > 0.0
    worse = np.where(signs > 0, highs, -lows) < 0.0

    def rank(row: int) -> tuple[bool, int]:
        # another law's point first: of its own, a law is not dominated
        return labels[others[row]][0] != labels[point][0], int(better[row].sum())

    told = np.flatnonzero(better.any(axis=1) & ~worse.any(axis=1))
    return others[max(told, key=rank)] if len(told) else None
