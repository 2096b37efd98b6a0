"""What the figures of a report share: their width, which a phone shows without a magnifying glass,
titles, tick labels and dots with intervals.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from ...shown import GROUPED

# inches; at the 358 points of a narrow phone's column letters of 9 points are 9 pixels high
WIDTH = 4.8
TITLE, TEXT, SMALL = 9.5, 9.0, 8.0  # points
PLACES = 4  # of a position in a figure, in its width or height
EDGE = 0.012  # of the width, left of a title
MOST_TICKS = 5  # of numbers beside each other: labels of six digits have room
LINE = 62  # characters of a title's line
UNITS = ((1e9, "bn"), (1e6, "M"), (1e3, "k"))  # of a tick's label; words are too wide


def number(value: float, _: Any = None) -> str:
    """A tick's label."""
    size = abs(value)
    if not GROUPED <= size < 1e12:
        return f"{value:g}"
    scale, unit = next((scale, unit) for scale, unit in UNITS if size >= scale)
    return f"{value / scale:g}{unit}"


def title(axis: Any, text: str) -> None:
    """A title of one or several lines above a panel, which begins at the figure's edge.

    At its place: Matplotlib would look for what might be in its way, which takes as long as to draw
    it, and above names and shares there is nothing.
    """
    whole = text.replace(" = ", "\u00a0=\u00a0")  # a value stays on the line of its parameter
    lines = [part for line in whole.split("\n") for part in textwrap.wrap(line, LINE)]
    axis.set_title("\n".join(lines), fontsize=TITLE, loc="left", y=1.0).set_label("title")


def settle(figure: Figure) -> None:
    """Lay a figure out once and round the places: the solver's last digits differ from one call to
    the next.
    """
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for axis in figure.axes:
        place = axis.get_position()
        axis.set_position([round(edge, PLACES) for edge in place.bounds])
        for text in axis.findobj(lambda part: part.get_label() == "title"):
            text.set_x(round((EDGE - place.x0) / place.width, PLACES))
    for text in figure.texts:
        text.set_position([round(edge, PLACES) for edge in text.get_position()])


def dots(
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


def worded(name: str) -> str:
    """A scenario or a variable as a figure names it."""
    return name.replace("_", " ")


def rows(axis: Any, names: Sequence[str], size: float = TEXT) -> None:
    """Names on the vertical axis, the first on top, and a light grid for the numbers."""
    axis.set_yticks(range(len(names)), names, fontsize=size)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="x", labelsize=SMALL)
    axis.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    axis.xaxis.set_major_formatter(number)
    axis.grid(axis="x", alpha=0.25)


def quantity(axis: Any, text: str) -> None:
    """What the numbers below a panel are, up to its right edge: names on its left may leave it
    narrower than this text, which would be cut off in the middle of it.
    """
    axis.set_xlabel(text, size=SMALL, loc="right")


def bracket(axis: Any, ticks: Sequence[float]) -> None:
    """These ticks, of which one is beyond all that is drawn on either side."""
    low, high = axis.get_xlim()
    below = max((tick for tick in ticks if tick <= low), default=low)
    axis.set_xlim(below, min((tick for tick in ticks if tick >= high), default=high))
    axis.xaxis.set_major_locator(FixedLocator(ticks))
    axis.xaxis.set_minor_locator(NullLocator())


def legend(canvas: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Below all panels, in two columns where the labels have room."""
    canvas.legend(
        handles,
        [textwrap.fill(label, LINE - 10) for label in labels],
        loc="outside lower left",
        ncols=2 if all(len(label) <= LINE // 2 - 6 for label in labels) else 1,
        fontsize=SMALL,
        frameon=False,
    )
