"""A map of a metric over two parameters, in the letters or the colours of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console, ConsoleOptions
from rich.style import Style
from rich.text import Text

from ..errors import printable
from ..shown import readable
from .metrics import METRICS
from .sweep import Sweep
from .sweep_figures import scale
from .sweep_points import shown_points

MOST_ROWS = 20  # of a map; of more values some are left out
SHADES, LETTERS = "\u00b7\u2591\u2592\u2593\u2588", ".:-=+*#%@"  # from low to high
LOST = "x"  # where no run was finished
# five stops of viridis (van der Walt and Smith, 2015), which keeps its order in grey
COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
MANY_COLOURS = ("256", "truecolor")


class TerminalMap:
    """A metric's means over two parameters of a grid, x to the right and y upwards.

    table: the points, a row each, in the columns of `Sweep.table`. about: what else they have in
    common.
    """

    def __init__(self, table: pd.DataFrame, metric: str, x: str, y: str, about: str):
        self.grid = table.pivot_table(index=y, columns=x, values=metric, dropna=False)
        self.metric, self.about = METRICS[metric], about
        self.axes = (
            f"{y} upwards{_spacing(self.grid.index)}, {x} to the right{_spacing(self.grid.columns)}"
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        coloured = console.color_system in MANY_COLOURS and not console.no_color
        shades = LETTERS if options.ascii_only else SHADES
        names = {value: _value(value) for value in self.grid.index}
        margin = max(map(len, names.values())) + 1
        room = max(options.max_width - margin, 1)
        columns = _some(len(self.grid.columns), room)
        rows = _some(len(self.grid.index), MOST_ROWS)[::-1]
        wide = 2 if 2 * len(columns) <= room else 1
        yield Text(
            f"{self.metric.name}, {self.metric.label} [{self.metric.unit}], mean; {self.about}"
        )
        yield Text(printable(self.axes))
        cells = self.grid.to_numpy(dtype=float)
        low, high = np.nanmin(cells), np.nanmax(cells)
        place = (cells - low) / (high - low if high > low else 1.0)
        for number in rows:
            line = Text(no_wrap=True)
            told = names[self.grid.index[number]] if number in (rows[0], rows[-1]) else ""
            line.append(printable(told).rjust(margin - 1) + " ")
            for column in columns:
                self._cell(line, place[number, column], wide, shades, coloured)
            yield line
        first, last = (printable(_value(self.grid.columns[columns[i]])) for i in (0, -1))
        between = max(wide * len(columns) - len(first) - len(last), 1)
        yield Text(f"{' ' * margin}{first}{' ' * between}{last}", no_wrap=True)
        key = Text(f"{readable(low)} ")
        for one in np.linspace(0.0, 1.0, len(COLOURS) if coloured else len(shades)):
            self._cell(key, one, wide, shades, coloured)
        key.append(f" {readable(high)}")
        if np.isnan(cells).any():
            key.append(f"; {LOST}: no run was finished")
        if len(rows) < len(self.grid.index) or len(columns) < len(self.grid.columns):
            key.append(
                f"; drawn: {len(rows)} of {len(self.grid.index)} rows, "
                f"{len(columns)} of {len(self.grid.columns)} columns"
            )
        yield key

    @staticmethod
    def _cell(line: Text, place: float, wide: int, shades: str, coloured: bool) -> None:
        """Append a cell. place: from 0 at the lowest mean to 1 at the highest."""
        if np.isnan(place):
            line.append(LOST * wide)
        elif coloured:
            line.append(" " * wide, Style.parse(f"on rgb({_colour(place)})"))
        else:
            line.append(shades[min(int(place * len(shades)), len(shades) - 1)] * wide)


def map_of(sweep: Sweep, metric: str) -> TerminalMap | None:
    """The map of a metric over the first two parameters of a grid, of the first policy and
    scenario, other parameters at their first value; None for another design.
    """
    if len(sweep.paths) < 2 or sweep.manifest["design"]["method"] != "grid":
        return None
    axes, first = sweep.paths[:2], {"policy": None, "scenario": None}
    table, fixed = shown_points(sweep.table(metric), sweep.paths, axes, first, {})
    if table[metric].isna().all():
        return None
    case = table.iloc[0]
    about = [f"policy {case['policy']}", f"scenario {case['scenario']}"]
    about += [f"{path} {value}" for path, value in fixed.items()]
    return TerminalMap(table, metric, *axes, ", ".join(about))


def _some(count: int, most: int) -> list[int]:
    """As many places as there is room for, both ends among them."""
    return list(range(count)) if count <= most else [*np.linspace(0, count - 1, most).astype(int)]


def _colour(place: float) -> str:
    stops = np.linspace(0.0, 1.0, len(COLOURS))
    mixed = (np.interp(place, stops, channel) for channel in zip(*COLOURS, strict=True))
    return ",".join(str(round(one)) for one in mixed)


def _spacing(values: pd.Index) -> str:
    """What to say of an axis whose steps are not all of one size."""
    if values.dtype.kind == "f" and scale(values.to_numpy()) == "log":
        return " (logarithmic)"
    return ""


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
