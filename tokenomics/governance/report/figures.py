"""Figures of a report, with units, intervals and a text for who cannot see them; the same data give
the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...errors import counted
from ...results import sweep_figures
from ...results.differences import LARGER
from ...results.drawing import SVG, Drawing
from ...results.drawing import png as raster
from ...results.drawing import svg as vectors
from ...results.figures import COLOURS
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence
from ..evidence.statement import Limit
from ..evidence.structure import COMPARED, PROPOSED
from ..evidence.verdict import FAILS, HOLDS, UNDECIDED, stated
from . import axes as axes_of
from .axes import SMALL, WIDTH
from .comparisons import key_metrics
from .document import Picture
from .fan import over_time

Drawn = dict[str, tuple[Picture, Figure]]
# an untrusted dollar sign is no formula; text as paths: the same on every machine; fixed
# identifiers and no dates: the same on every day
STYLE = {
    **SVG,
    "font.family": "DejaVu Sans",
    "path.simplify": False,
    "text.parse_math": False,
}
DOTS = 130  # per inch
MOST_EFFECTS = 14  # metrics in the figure of effects
SWEEP_MAPS = 3
MARKERS = "os^Dv"
SHADES = {"better": COLOURS[0], "worse": COLOURS[1], "": "0.6"}
TICKS = (
    -10_000,
    -1_000,
    -100,
    -30,
    -10,
    -5,
    0,
    5,
    10,
    30,
    100,
    1_000,
    10_000,
)  # of a change in per cent
LONGEST_ALT = 400  # characters of a figure's text; its table has all


def svg(figure: Figure) -> bytes:
    """A figure as SVG."""
    with matplotlib.rc_context(STYLE):
        return vectors(figure)


def png(figure: Figure) -> bytes:
    """A figure as PNG."""
    with matplotlib.rc_context(STYLE):
        return raster(figure, DOTS, {"Software": None})


def _brief(alt: str) -> str:
    """As many of a figure's statements as one can listen to."""
    if len(alt) <= LONGEST_ALT:
        return alt
    kept = alt[:LONGEST_ALT].count("; ")  # of the statements; the next one is cut off
    return "; ".join([*alt.split("; ")[:kept], "and more, which the table has."])


def limits(evidence: Evidence) -> tuple[Picture, Figure]:
    """One panel a limit: today, the proposal and the alternatives with intervals, by scenario, and
    the limit.
    """
    claim = evidence.claim
    assert claim is not None
    table, shown = evidence.checks, evidence.plan.shown
    labels = [point.label for point in evidence.plan.points if point.role in COMPARED]
    count = [
        len(table[table["number"] == i]["scenario"].unique())
        for i in range(1, len(claim.limits) + 1)
    ]
    heights = [1.05 + 0.4 * c for c in count]
    canvas = Drawing(figsize=(WIDTH, 0.7 + sum(heights)), layout="constrained")
    axes = canvas.subplots(len(claim.limits), 1, squeeze=False, height_ratios=heights)[:, 0]
    for number, (axis, limit) in enumerate(zip(axes, claim.limits, strict=True), 1):
        own = table[table["number"] == number]
        scenarios = list(own["scenario"].unique())
        for at, label in enumerate(labels):
            rows = own[own["values"] == label]
            beside = 0.6 * (at / max(len(labels) - 1, 1) - 0.5)
            y = [scenarios.index(name) + beside for name in rows["scenario"]]
            colour, marker = COLOURS[at % len(COLOURS)], "Dos^v"[min(at, 4)]
            if len(rows):
                axes_of.dots(axis, y, rows, "estimate", colour, marker, label)
        rule = limit.constraint
        axis.axvline(rule.limit, color="black", linewidth=1.0, linestyle="--")
        low, high = axis.get_xlim()
        axis.axvspan(
            *((rule.limit, high) if rule.sign > 0 else (low, rule.limit)),
            color="0.5",
            alpha=0.13,
            linewidth=0,
        )
        axis.set_xlim(low, high)
        axes_of.rows(axis, [axes_of.worded(shown[name]) for name in scenarios])
        axes_of.quantity(axis, f"{_change(limit)}{METRICS[rule.metric].axis}")
        axes_of.title(axis, _outcome(limit, own[own["values"] == PROPOSED]["verdict"]))
    # a limit on a change has no dot for today, so that the first panel with all of them gives the
    # legend
    handles: dict[str, Any] = {}
    for axis in axes:
        handles |= {
            label: handle
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
            if label not in handles
        }
    told = [label for label in labels if label in handles]
    axes_of.legend(canvas, [handles[label] for label in told], told)
    alt = "; ".join(
        f"{stated(r.limit, r.of)}, {shown[r.scenario]}: {r.estimate:.4g}, {r.verdict}"
        for r in evidence.own_checks().itertuples()
    )
    caption = (
        "Stated limits: mean and 95 % interval by scenario. Dashed: the limit; grey: beyond it."
    )
    return Picture("limits", caption, f"The proposal against its limits. {alt}"), canvas


def _outcome(limit: Limit, verdicts: pd.Series) -> str:
    """What a panel of a limit shows. verdicts: of the proposal, by scenario."""
    count = {word: int((verdicts == word).sum()) for word in (FAILS, UNDECIDED, HOLDS)}
    word = next(word for word, times in count.items() if times)
    where = (
        f" in {count[word]} of {counted(len(verdicts), 'scenario')}" if len(verdicts) > 1 else ""
    )
    rule = limit.constraint
    end = "at most" if rule.sign > 0 else "at least"
    label = f"{_change(limit)}{METRICS[rule.metric].label}"
    return f"{label}: {end} {axes_of.number(rule.limit)}\n{word}{where}"


def _change(limit: Limit) -> str:
    return "change of " * (limit.of == "change")


def effects(evidence: Evidence) -> tuple[Picture, Figure] | None:
    """Relative change of the metrics that the proposal moves most, with intervals, in every
    scenario. Of a mean that is not told from zero there is no relative change.
    """
    own = evidence.differences
    own = own[own["values"] == PROPOSED]
    today = evidence.means[evidence.means["values"] == evidence.plan.points[0].label].set_index(
        ["scenario", "metric"]
    )
    rows = own[[METRICS[name].better != "" for name in own["metric"]]].copy()
    now = today.loc[list(zip(rows["scenario"], rows["metric"], strict=True))]
    scale = now["mean"].abs().to_numpy()
    keep = (scale > 0.0) & ~((now["low"] <= 0.0) & (now["high"] >= 0.0)).to_numpy()
    rows, scale = rows[keep], scale[keep]
    for name in ("difference", "low", "high"):
        rows[name] = 100.0 * rows[name] / scale
    told = rows[rows["verdict"] == LARGER]
    names = list(
        told.assign(size=told["difference"].abs())
        .groupby("metric")["size"]
        .max()
        .sort_values(ascending=False, kind="stable")
        .index
    )
    names = names[:MOST_EFFECTS]
    if not names:
        return None
    shown, scenarios = evidence.plan.shown, evidence.plan.labels
    row = 0.24 + 0.07 * len(scenarios)  # inches
    canvas = Drawing(figsize=(WIDTH, 1.5 + row * len(names)), layout="constrained")
    axis = canvas.subplots()
    handles = []
    for at, scenario in enumerate(scenarios):
        here = rows[(rows["scenario"] == scenario) & rows["metric"].isin(names)]
        marker = MARKERS[at % len(MARKERS)]
        beside = 0.6 * (at / max(len(scenarios) - 1, 1) - 0.5) if len(scenarios) > 1 else 0.0
        for reading, some in here.groupby("reading"):
            y = [names.index(name) + beside for name in some["metric"]]
            axes_of.dots(axis, y, some, "difference", SHADES[reading], marker)
        handles.append(Line2D([], [], marker=marker, linestyle="", color="0.3", markersize=5))
    axis.axvline(0.0, color="black", linewidth=0.8)
    axis.set_xscale("symlog", linthresh=10.0)
    axes_of.rows(axis, [METRICS[name].label for name in names])
    axes_of.bracket(axis, TICKS)
    axes_of.quantity(
        axis, "change against today [% of today's mean]\nlinear within 10 %, logarithmic beyond"
    )
    most = told.loc[told["difference"].abs().idxmax()]
    axes_of.title(
        axis,
        f"{METRICS[most['metric']].label} moves most: {most['difference']:+.3g} % in "
        f"{axes_of.worded(shown[most['scenario']])} ({most['reading']})",
    )
    axes_of.legend(canvas, handles, [axes_of.worded(shown[name]) for name in scenarios])
    drawn = told[told["metric"].isin(names)].itertuples(index=False)
    alt = "; ".join(
        f"{r.metric} in {shown[r.scenario]} {r.difference:+.3g} % ({r.reading})" for r in drawn
    )
    caption = (
        "What the proposal moves, most first: blue better, orange worse, grey no more than "
        "matters, or undecided; a mark for each scenario. 95 % intervals hold for all differences "
        "of a scenario at once. A mean that is not told from zero has no relative change."
    )
    return Picture("effects", caption, f"Relative changes. {alt}"), canvas


def sensitivity(evidence: Evidence) -> tuple[Picture, Figure] | None:
    """One panel a limit's metric: how far each changed parameter moves its mean, in the scenario
    where it does most.
    """
    frame = evidence.sensitivity
    names = [
        name
        for name in key_metrics(evidence)
        if frame[frame["metric"] == name]["difference"].abs().max() > 0.0
    ]
    if not names:
        return None
    labels, shown = list(frame["values"].unique()), evidence.plan.shown
    panel = 0.85 + 0.2 * len(labels)  # inches
    canvas = Drawing(figsize=(WIDTH, len(names) * panel), layout="constrained")
    axes = canvas.subplots(len(names), 1, squeeze=False)[:, 0]
    words = []
    for axis, name in zip(axes, names, strict=True):
        own = frame[frame["metric"] == name].copy()
        own["size"] = own["difference"].abs()
        own = own.sort_values("size", ascending=False, kind="stable").drop_duplicates("values")
        y = [labels.index(label) for label in own["values"]]
        axes_of.dots(axis, y, own, "difference", COLOURS[0], "o")
        first = own.iloc[0]
        words.append(
            f"{name} moves most with {first['values']}, by {first['difference']:.4g} in "
            f"{shown[first['scenario']]}"
        )
        axis.axvline(0.0, color="black", linewidth=0.8)
        axes_of.rows(axis, labels, SMALL)
        axes_of.quantity(axis, f"change of {METRICS[name].axis}")
        axes_of.title(axis, f"{METRICS[name].label} moves most with {first['values']}")
    caption = (
        "The proposal with one parameter changed, less the proposal: mean and 95 % interval, all "
        "of a scenario at once, in the scenario where it moves most."
    )
    return Picture("sensitivity", caption, "; ".join(words) + "."), canvas


def spread(evidence: Evidence) -> tuple[Picture, Figure]:
    """Distribution over runs of the key metrics, one panel each, one line a case. What is one
    number in every run, or happens or not, has none.
    """
    every = key_metrics(evidence)
    names = [name for name in every if not METRICS[name].probability and _varies(evidence, name)]
    names = names or every
    shown = evidence.plan.shown
    canvas = Drawing(figsize=(WIDTH, 1.75 * len(names) + 0.4), layout="constrained")
    axes = canvas.subplots(len(names), 1, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=True):
        for number, label in enumerate(evidence.plan.labels):
            values = evidence.values[number, 0][evidence.row(name)]
            values = np.sort(values[np.isfinite(values)])
            axis.step(
                values,
                np.arange(1, len(values) + 1) / max(len(values), 1),
                color=COLOURS[number % len(COLOURS)],
                label=axes_of.worded(shown[label]),
                where="post",
            )
        axes_of.title(axis, f"{METRICS[name].label}: mean {_ends(evidence, name)}")
        axis.set_xlabel(METRICS[name].axis, size=SMALL)
        axis.set_ylabel("share of runs [1]", fontsize=SMALL)
        axis.tick_params(labelsize=SMALL)
        axis.xaxis.set_major_formatter(axes_of.number)
        axis.grid(alpha=0.25)
    handles, labels = axes[0].get_legend_handles_labels()
    axes_of.legend(canvas, handles, labels)
    told = evidence.means[evidence.means["metric"].isin(names)]
    alt = "; ".join(
        f"{r.metric} in {shown[r.scenario]}: mean {r.mean:.4g}"
        for r in told.itertuples(index=False)
    )
    return Picture(
        "spread",
        "Share of runs in which a metric is at most so much.",
        f"Distributions over runs. {alt}",
    ), canvas


def _varies(evidence: Evidence, name: str) -> bool:
    """Whether runs of a case differ in a metric."""
    rows = [
        evidence.values[case, 0][evidence.row(name)] for case in range(len(evidence.plan.labels))
    ]
    return any(len(np.unique(row[np.isfinite(row)])) > 1 for row in rows)


def _ends(evidence: Evidence, name: str) -> str:
    """A metric's mean, or between which those of several runs lie."""
    found = evidence.means[evidence.means["metric"] == name]["mean"]
    ends = (axes_of.number(float(f"{value:.4g}")) for value in (found.min(), found.max()))
    return " to ".join(dict.fromkeys(ends))


def maps(evidence: Evidence) -> Drawn:
    """Key metrics of a sweep over its first two numeric paths, first case."""
    plan, found = evidence.plan, {}
    points = pd.DataFrame([point.values for point in plan.points])
    paths = [path for path in plan.paths if points[path].dtype.kind == "f"][:2]
    if not paths or len(plan.paths) > 2:
        return {}
    own = evidence.means[evidence.means["scenario"] == plan.labels[0]]
    lost = evidence.failures[evidence.failures["scenario"] == plan.labels[0]]
    error = np.where(lost["invalid"] > 0, "invalid", "")
    for name in key_metrics(evidence)[:SWEEP_MAPS]:
        told = own[own["metric"] == name].reset_index(drop=True)
        table = pd.concat(
            [
                points,
                pd.DataFrame(
                    {name: told["mean"], f"{name}_low": told["low"], f"{name}_high": told["high"]}
                ),
            ],
            axis=1,
        )
        table = table.assign(
            policy=plan.cases[0].policy,
            scenario=plan.shown[plan.labels[0]].removeprefix(f"{plan.cases[0].policy}, "),
            failed=lost["failed"].to_numpy(),
            error=error,
        )
        figure = sweep_figures.figure(table, name, paths, plan.runs, {})
        title = figure.axes[0].get_title(loc="left").replace("\n", "; ")
        found[f"map-{name}"] = (
            Picture(f"map-{name}", f"{name} over {', '.join(paths)}", title, wide=True),
            figure,
        )
    return found


def pictures(evidence: Evidence) -> Drawn:
    """All figures of a report, by name."""
    with matplotlib.rc_context(STYLE):
        if evidence.plan.kind == "sweep":
            drawn = maps(evidence)
        elif evidence.claim is None:
            drawn = {"spread": spread(evidence)}
        else:
            possible = {"limits": limits(evidence), "over_time": over_time(evidence)}
            possible["effects"] = effects(evidence)
            if evidence.points("sensitivity"):
                possible["sensitivity"] = sensitivity(evidence)
            drawn = {name: one for name, one in possible.items() if one is not None}
        drawn = {
            name: (replace(picture, alt=_brief(picture.alt)), figure)
            for name, (picture, figure) in drawn.items()
        }
        for _, figure in drawn.values():
            axes_of.settle(figure)
    return drawn
