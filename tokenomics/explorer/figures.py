"""The figures of the page: drawn once, and from then on given other numbers, which a browser shows
within a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d, Span
from bokeh.plotting import figure

from ..experiments.frontier import BOUGHT, NOBODY, CostFrontier
from ..model.model import MODEL
from ..parameters import Resolved
from ..results.figures import COLOURS
from ..results.metrics import METRICS
from .simulation import CHOSEN, LEVELS, TODAY, Seen

SIDES = ((TODAY, COLOURS[0], "dashed"), (CHOSEN, COLOURS[1], "solid"))
BANDS = ((0, 4, 0.13), (1, 3, 0.27))  # which of `LEVELS`, and how dense
MEDIAN = 2
HEIGHT = 250  # pixels
ROOM = 0.05  # of an axis, left free at its ends
TICKS = "0,0.[00000]"
LETTERS = "#444444"


def _plain(**settings: Any) -> Any:
    """An empty figure of the page's look."""
    found = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        tools="box_zoom,reset,save",
        toolbar_location="right",
        x_range=Range1d(0.0, 1.0),
        y_range=Range1d(0.0, 1.0),
        **settings,
    )
    found.toolbar.logo, found.toolbar.autohide = None, True
    found.grid.grid_line_alpha, found.outline_line_color = 0.5, None
    found.title.text_font_size, found.title.text_color = "13px", LETTERS
    found.axis.axis_label_text_font_style = "normal"
    found.axis.formatter = NumeralTickFormatter(format=TICKS)
    return found


def _fit(axis: Range1d, values: np.ndarray) -> None:
    """Set an axis to the finite of some values, with room at its ends."""
    good = values[np.isfinite(values)]
    if len(good):
        low, high = float(good.min()), float(good.max())
        room = ROOM * ((high - low) or abs(high) or 1.0)
        ends = {"start": low - room, "end": high + room}
        axis.update(**ends, reset_start=ends["start"], reset_end=ends["end"])


class OverTime:
    """A variable over time: the bands and medians of today and of what is chosen."""

    def __init__(self, resolved: Resolved, variable: str):
        self.variable = variable
        self._unit = MODEL.variables(resolved.values)[variable].unit
        empty = {f"{side}{n}": [] for side, *_ in SIDES for n in range(len(LEVELS))}
        self._bands = ColumnDataSource({"day": [], **empty})
        self._events = ColumnDataSource({"day": []})
        self.figure = _plain(x_axis_label="days", y_axis_label=self._unit)
        self.figure.title.text = variable.replace("_", " ")
        self._draw()

    def _draw(self) -> None:
        for side, colour, _ in SIDES:
            for low, high, dense in BANDS:
                ends = {"y1": f"{side}{low}", "y2": f"{side}{high}"}
                self.figure.varea(
                    "day", **ends, source=self._bands, fill_color=colour, fill_alpha=dense
                )
        lines = [
            self.figure.line(
                "day",
                f"{side}{MEDIAN}",
                source=self._bands,
                line_color=colour,
                line_dash=dash,
                line_width=2,
            )
            for side, colour, dash in SIDES
        ]
        self.figure.vspan(x="day", source=self._events, line_color="black", line_dash="dotted")
        tips = [("day", "@day{0.[0]}")]
        tips += [(side, f"@{side}{MEDIAN}{{{TICKS}}} {self._unit}") for side, *_ in SIDES]
        self.figure.add_tools(HoverTool(renderers=lines[-1:], tooltips=tips, mode="vline"))

    def show(self, seen: Seen, events: Mapping[str, float]) -> None:
        """Other numbers. events: the day of each, by name."""
        paths = {
            f"{side}{number}": path
            for side, *_ in SIDES
            for number, path in enumerate(seen.bands[self.variable, side])
        }
        # as lists: an array of so few days is sent by itself, which takes longer than what is in it
        self._bands.data = {name: path.tolist() for name, path in paths.items()} | {
            "day": seen.days.tolist()
        }
        self._events.data = {"day": list(events.values())}
        _fit(self.figure.x_range, seen.days)
        _fit(self.figure.y_range, np.concatenate(list(paths.values())))


class Bought:
    """What a law buys of one metric at each cost, along its strength."""

    def __init__(self, metric: str):
        self.metric = metric
        line = {"cost": [], "bought": [], "low": [], "high": [], "strength": []}
        self._line = ColumnDataSource({**line, "face": []})
        self._own = ColumnDataSource(dict(line))
        own = METRICS[metric]
        unit = own.unit
        way = {"lower": "down is better", "higher": "up is better"}[own.better]
        self.figure = _plain(
            x_axis_label="cost: USD a day of purchases",
            y_axis_label="difference to no law" + ("" if unit == "1" else f" [{unit}]"),
        )
        self.figure.title.text = f"{own.label}: {way}"
        self._draw()

    def _draw(self) -> None:
        colour = COLOURS[1]
        self.figure.add_layout(Span(location=0.0, dimension="width", line_color="#888888"))
        bars = {"x0": "cost", "x1": "cost", "y0": "low", "y1": "high", "line_color": colour}
        for source in (self._line, self._own):
            self.figure.segment(**bars, line_alpha=0.5, source=source)
        self.figure.line("cost", "bought", source=self._line, line_color=colour)
        points = [
            self.figure.scatter(
                "cost", "bought", source=self._line, size=7, line_color=colour, fill_color="face"
            ),
            self.figure.scatter(
                "cost",
                "bought",
                source=self._own,
                size=12,
                marker="square",
                line_color="black",
                fill_color=colour,
            ),
        ]
        tips = [
            ("strength", "@strength"),
            ("cost", "@cost{0,0} USD/day"),
            ("bought", f"@bought{{{TICKS}}} (@low{{{TICKS}}} to @high{{{TICKS}}})"),
        ]
        self.figure.add_tools(HoverTool(renderers=points, tooltips=tips))

    def show(self, points: Mapping[str, np.ndarray]) -> None:
        """Another frontier. points: of `acting`."""
        told = {"cost": points["cost"], "strength": points["told"]}
        told |= {end: points[f"{self.metric}_{end}"] for end in ("bought", "low", "high")}
        own = np.isnan(points["strength"])
        lost = points["dominated_by"] != ""
        faces = {"face": np.where(lost, "white", COLOURS[1])}
        for source, rows, shown in ((self._line, ~own, told | faces), (self._own, own, told)):
            source.data = {name: column[rows].tolist() for name, column in shown.items()}
        _fit(self.figure.x_range, np.append(told["cost"], 0.0))
        ends = [told[end] for end in ("bought", "low", "high")]
        _fit(self.figure.y_range, np.append(np.concatenate(ends), 0.0))


def acting(found: CostFrontier) -> dict[str, np.ndarray]:
    """The points of a frontier at which a law acts, by column, in the order of their strength, and
    that in words as `told`.
    """
    rows = np.argsort(found.points["strength"].to_numpy(), kind="stable")
    rows = rows[found.points["policy"].to_numpy()[rows] != NOBODY]
    columns = {name: column.to_numpy()[rows] for name, column in found.points.items()}
    words = ["as chosen" if np.isnan(one) else f"{one:.3g}" for one in columns["strength"]]
    return {**columns, "told": np.array(words)}


def frontier_figures() -> list[Bought]:
    """A figure for every metric that is bought."""
    return [Bought(name) for name in BOUGHT]
