"""The figures of this package as objects: a cell of a notebook shows one, and so does `plt.show()`
where Matplotlib has a window.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COMPRESSION = 3  # of a PNG; 6, the usual one, is a tenth smaller and takes half as long again
# Matplotlib's backends that write files alone
WITHOUT_WINDOW = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template", "inline")
# of an SVG: text as paths, and identifiers that are the same every time
SVG = {"svg.hashsalt": "tokenomics", "svg.fonttype": "path"}
Some = TypeVar("Some", bound=Figure)


class Drawing(Figure):
    """A figure that a notebook shows though pyplot has not made it."""

    def _repr_png_(self) -> bytes:
        return png(self, self.get_dpi())


def one_axis(ax: Axes | None, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """Where one panel is drawn: the caller's axis, or a new figure of a size in inches."""
    if ax is not None:
        return ax.figure, ax
    canvas = Drawing(figsize=size, layout="constrained")
    return canvas, canvas.add_subplot()


def shown(figure: Some) -> Some:
    """The figure, which `plt.show()` now shows as well.

    That is where a script has imported pyplot and Matplotlib has a window: elsewhere pyplot would
    only keep it in memory, and a notebook would show it twice.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        name = pyplot.get_backend().lower()
        if name not in WITHOUT_WINDOW and not name.startswith("module://"):
            pyplot.figure(FigureClass=lambda *args, **kwargs: figure)
    return figure


def pixels_of(figure: Figure, dpi: float) -> np.ndarray:
    """A figure as pixels (rows, columns, 4), drawn once: `Figure.savefig` draws it twice, the first
    time to see how large it is.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.dpi, canvas = dpi, FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def encoded(
    pixels: np.ndarray, dpi: float, metadata: Mapping[str, str | None] | None = None
) -> bytes:
    """Pixels as PNG."""
    from matplotlib.image import imsave

    out, settings = BytesIO(), {"compress_level": COMPRESSION}
    imsave(out, pixels, format="png", dpi=dpi, metadata=metadata, pil_kwargs=settings)
    return out.getvalue()


def png(figure: Figure, dpi: float, metadata: Mapping[str, str | None] | None = None) -> bytes:
    """A figure as PNG. dpi: dots per inch. metadata: of the file, in place of Matplotlib's."""
    return encoded(pixels_of(figure, dpi), dpi, metadata)


def svg(figure: Figure) -> bytes:
    """A figure as SVG, without the time at which it was drawn."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = BytesIO()
    with rc_context(SVG):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def save(figure: Figure, folder: Path, name: str, form: str, dpi: float) -> None:
    """Write a figure into a folder in a form of `FORMS`. dpi: dots per inch of a PNG."""
    content = svg(figure) if form == "svg" else png(figure, dpi)
    (folder / f"{name}.{form}").write_bytes(content)
