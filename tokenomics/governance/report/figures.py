"""Figures of a report, with units, intervals and a text for who cannot see them; the same data give
the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ...results import figures, sweep_figures
from ...results.differences import LARGER
from ...results.figures import COLOURS
from ...results.metrics import METRICS
from ..evidence.evidence import Evidence, stated
from ..evidence.structure import COMPARED
from .comparisons import key_metrics
from .document import GROUPED, Picture

Drawn = dict[str, tuple[Picture, Figure]]
# an untrusted dollar sign is no formula; text as paths: the same on every machine; fixed
# identifiers and no dates: the same on every day
STYLE = {
    "svg.hashsalt": "tokenomics",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "path.simplify": False,
    "text.parse_math": False,
}
PLACES = 4  # of a position in a figure, in its width or height
DOTS = 130  # per inch
MOST_EFFECTS = 14  # metrics in the figure of effects
SWEEP_MAPS = 3
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


def _number(value: float, _: Any = None) -> str:
    return f"{value:,.0f}" if abs(value) >= GROUPED else f"{value:g}"


def svg(figure: Figure) -> bytes:
    """A figure as SVG."""
    out = BytesIO()
    with matplotlib.rc_context(STYLE):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def png(figure: Figure) -> bytes:
    """A figure as PNG."""
    with matplotlib.rc_context(STYLE):
        return figures.png(figure, DOTS, {"Software": None})


def _brief(alt: str) -> str:
    """As many of a figure's statements as one can listen to."""
    if len(alt) <= LONGEST_ALT:
        return alt
    kept = alt[:LONGEST_ALT].count("; ")  # of the statements; the next one is cut off
    return "; ".join([*alt.split("; ")[:kept], "and more, which the table has."])


def _settle(figure: Figure) -> None:
    """Lay a figure out once and round the places: the solver's last digits differ from one call to
    the next.
    """
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for axis in figure.axes:
        axis.set_position([round(edge, PLACES) for edge in axis.get_position().bounds])
    for text in figure.texts:
        text.set_position([round(edge, PLACES) for edge in text.get_position()])


def _dots(
    axis: Any,
    y: Sequence[float],
    rows: pd.DataFrame,
    mean: str,
    colour: str,
    marker: str,
    label: str | None = None,
) -> None:
    """Means with their intervals, a row each. mean: name of their column, beside low and high."""
    value = rows[mean].to_numpy()
    spread = np.maximum([value - rows["low"], rows["high"] - value], 0.0)
    axis.errorbar(
        value,
        y,
        xerr=np.where(np.isfinite(rows["low"]), spread, np.nan),
        fmt=marker,
        color=colour,
        capsize=2,
        markersize=4,
        linewidth=1.1,
        label=label,
    )


def _title(axis: Any, text: str) -> None:
    """A title at its place: Matplotlib would look for what might be in its way, which takes as long
    as to draw it, and above names and shares there is nothing.
    """
    axis.set_title(text, fontsize=9, loc="left", y=1.0)


def limits(evidence: Evidence) -> tuple[Picture, Figure]:
    """One panel a limit: today, the proposal and the alternatives with intervals, by scenario, and
    the limit.
    """
    claim = evidence.claim
    assert claim is not None
    table = evidence.checks
    labels = [point.label for point in evidence.plan.points if point.role in COMPARED]
    count = [
        len(table[table["number"] == i]["scenario"].unique())
        for i in range(1, len(claim.limits) + 1)
    ]
    canvas = Figure(figsize=(7.0, 0.6 + sum(0.85 + 0.5 * c for c in count)), layout="constrained")
    axes = canvas.subplots(
        len(claim.limits), 1, squeeze=False, height_ratios=[0.85 + 0.5 * c for c in count]
    )[:, 0]
    for number, (axis, limit) in enumerate(zip(axes, claim.limits, strict=True), 1):
        own = table[table["number"] == number]
        scenarios = list(own["scenario"].unique())
        for at, label in enumerate(labels):
            rows = own[own["values"] == label]
            beside = 0.6 * (at / max(len(labels) - 1, 1) - 0.5)
            y = [scenarios.index(name) + beside for name in rows["scenario"]]
            colour, marker = COLOURS[at % len(COLOURS)], "Dos^v"[min(at, 4)]
            if len(rows):
                _dots(axis, y, rows, "estimate", colour, marker, label)
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
        axis.set_yticks(range(len(scenarios)), scenarios, fontsize=8)
        axis.set_ylim(len(scenarios) - 0.5, -0.5)
        axis.tick_params(axis="x", labelsize=8)
        axis.xaxis.set_major_formatter(FuncFormatter(_number))
        axis.grid(axis="x", alpha=0.25)
        verdicts = own[own["values"] == "proposed"]["verdict"].tolist()
        word = (
            "fails" if "fails" in verdicts else "undecided" if "undecided" in verdicts else "holds"
        )
        _title(axis, f"{stated(limit.limit, limit.of)} [{METRICS[rule.metric].unit}]: {word}")
    # a limit on a change has no dot for today, so that the first panel with all of them gives the
    # legend
    handles: dict[str, Any] = {}
    for axis in axes:
        handles |= {
            label: handle
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
            if label not in handles
        }
    shown = [label for label in labels if label in handles]
    canvas.legend(
        [handles[label] for label in shown],
        shown,
        loc="outside lower center",
        ncols=2,
        fontsize=8,
        frameon=False,
    )
    alt = "; ".join(
        f"{stated(r.limit, r.of)}, {r.scenario}: {r.estimate:.4g}, {r.verdict}"
        for r in evidence.own_checks().itertuples()
    )
    caption = (
        "Stated limits: mean and 95 % interval by scenario. Dashed: the limit; grey: beyond it."
    )
    return Picture("limits", caption, f"The proposal against its limits. {alt}"), canvas


def effects(evidence: Evidence) -> tuple[Picture, Figure] | None:
    """Relative change of the metrics that the proposal moves most, with intervals, one panel a
    scenario.
    """
    own = evidence.differences
    own = own[own["values"] == "proposed"]
    today = evidence.means[evidence.means["values"] == evidence.plan.points[0].label].set_index(
        ["scenario", "metric"]
    )["mean"]
    rows = own[[METRICS[name].better != "" for name in own["metric"]]].copy()
    scale = np.array(
        [abs(today[s, m]) for s, m in zip(rows["scenario"], rows["metric"], strict=True)]
    )
    keep = scale > 0.0
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
    scenarios = evidence.plan.labels
    columns = min(2, len(scenarios))
    lines = -(-len(scenarios) // columns)
    canvas = Figure(figsize=(8.0, lines * (0.8 + 0.24 * len(names)) + 0.4), layout="constrained")
    axes = canvas.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    shades, marks = (
        {"better": COLOURS[0], "worse": COLOURS[1], "": "0.6"},
        {"better": "o", "worse": "s", "": "D"},
    )
    for axis, scenario in zip(axes, scenarios, strict=False):
        here = rows[(rows["scenario"] == scenario) & rows["metric"].isin(names)]
        for reading, some in here.groupby("reading"):
            y = [names.index(name) for name in some["metric"]]
            _dots(axis, y, some, "difference", shades[reading], marks[reading])
        axis.axvline(0.0, color="black", linewidth=0.8)
        axis.set_yticks(range(len(names)), names, fontsize=8)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set_xscale("symlog", linthresh=10.0)
        axis.xaxis.set_major_locator(FixedLocator(TICKS))
        axis.xaxis.set_minor_locator(NullLocator())
        _title(axis, scenario)
        axis.tick_params(axis="x", labelsize=8)
        axis.xaxis.set_major_formatter(FuncFormatter(_number))
        axis.grid(alpha=0.25)
    for axis in axes[len(scenarios) :]:
        axis.set_axis_off()
    canvas.supxlabel(
        "change against today [% of today's mean; linear within 10 %, logarithmic beyond]",
        fontsize=8,
    )
    drawn = told[told["metric"].isin(names)].itertuples(index=False)
    alt = "; ".join(
        f"{r.metric} in {r.scenario} {r.difference:+.3g} % ({r.reading})" for r in drawn
    )
    caption = (
        "What the proposal moves, most first: blue circles better, orange squares worse, grey "
        "diamonds no more than matters, or undecided."
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
    labels = list(frame["values"].unique())
    canvas = Figure(figsize=(7.0, len(names) * (0.7 + 0.2 * len(labels))), layout="constrained")
    axes = canvas.subplots(len(names), 1, squeeze=False)[:, 0]
    words = []
    for axis, name in zip(axes, names, strict=True):
        own = frame[frame["metric"] == name].copy()
        own["size"] = own["difference"].abs()
        own = own.sort_values("size", ascending=False, kind="stable").drop_duplicates("values")
        y = [labels.index(label) for label in own["values"]]
        _dots(axis, y, own, "difference", COLOURS[0], "o")
        first = own.iloc[0]
        words.append(
            f"{name} moves most with {first['values']}, by {first['difference']:.4g} in "
            f"{first['scenario']}"
        )
        axis.axvline(0.0, color="black", linewidth=0.8)
        axis.set_yticks(range(len(labels)), labels, fontsize=8)
        axis.set_ylim(len(labels) - 0.5, -0.5)
        axis.tick_params(axis="x", labelsize=8)
        axis.xaxis.set_major_formatter(FuncFormatter(_number))
        axis.grid(axis="x", alpha=0.25)
        _title(axis, f"change of {name} [{METRICS[name].unit}]")
    caption = (
        "The proposal with one parameter changed, less the proposal: mean and 95 % interval, in "
        "the scenario where it moves most."
    )
    return Picture("sensitivity", caption, "; ".join(words) + "."), canvas


def spread(evidence: Evidence) -> tuple[Picture, Figure]:
    """Distribution over runs of the key metrics, one panel each, one line a case."""
    names = key_metrics(evidence)
    lines = -(-len(names) // 2)
    canvas = Figure(figsize=(8.0, 2.1 * lines + 0.4), layout="constrained")
    axes = canvas.subplots(lines, 2, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        for number, label in enumerate(evidence.plan.labels):
            values = evidence.values[number, 0][evidence.row(name)]
            values = np.sort(values[np.isfinite(values)])
            axis.step(
                values,
                np.arange(1, len(values) + 1) / max(len(values), 1),
                color=COLOURS[number % len(COLOURS)],
                label=label,
                where="post",
            )
        _title(axis, f"{name} [{METRICS[name].unit}]")
        axis.set_ylabel("share of runs at most", fontsize=7)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.25)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    axes[0].legend(fontsize=7, frameon=False)
    told = evidence.means[evidence.means["metric"].isin(names)]
    alt = "; ".join(
        f"{r.metric} in {r.scenario}: mean {r.mean:.4g}" for r in told.itertuples(index=False)
    )
    return Picture(
        "spread",
        "Share of runs in which a metric is at most so much.",
        f"Distributions over runs. {alt}",
    ), canvas


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
            scenario=plan.cases[0].scenario,
            failed=lost["failed"].to_numpy(),
            error=error,
        )
        figure = sweep_figures.figure(table, name, paths, plan.runs, {})
        title = figure.axes[0].get_title(loc="left").replace("\n", "; ")
        found[f"map-{name}"] = (
            Picture(f"map-{name}", f"{name} over {', '.join(paths)}", title),
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
            possible = {"limits": limits(evidence), "effects": effects(evidence)}
            if evidence.points("sensitivity"):
                possible["sensitivity"] = sensitivity(evidence)
            drawn = {name: one for name, one in possible.items() if one is not None}
        drawn = {
            name: (replace(picture, alt=_brief(picture.alt)), figure)
            for name, (picture, figure) in drawn.items()
        }
        for _, figure in drawn.values():
            _settle(figure)
    return drawn
