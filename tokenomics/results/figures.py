"""What all figures share: colours, style, log axes and legends."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Draw = TypeVar("Draw", bound=Callable[..., Any])
# Okabe and Ito's colours, which colour-blind readers can tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LOG_RANGE = 10.0  # a positive series that spans more than this is drawn on a log axis
# of a log axis that spans more than so much, where its ticks are between two powers of ten
LOG_TICKS = ((300.0, (1.0,)), (10.0, (1.0, 2.0, 5.0)), (1.0, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
BAND = 0.13  # of an axis's height, for its legend


def _style() -> dict[str, Any]:
    """Settings of Matplotlib: the colours, sizes and light grid of the package's figures."""
    import matplotlib

    return {
        "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "figure.dpi": 100,
        "figure.titlesize": 9,
        "figure.constrained_layout.use": True,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
    }


def style() -> None:
    """Set Matplotlib to the colours, sizes and light grid of the package's figures.

    It is for figures that stand beside them.

    Examples
    --------
    >>> import matplotlib
    >>> with matplotlib.rc_context():
    ...     tk.style()
    ...     matplotlib.rcParams["axes.grid"]
    True
    """
    import matplotlib

    matplotlib.rcParams.update(_style())


def styled(draw: Draw) -> Draw:
    """A function that draws a figure of its own, in this style whatever the reader's is."""

    @wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        import matplotlib

        with matplotlib.rc_context(_style()):
            return draw(*args, **kwargs)

    return cast(Draw, drawn)


def plain_log(axis: Axes, which: str) -> None:
    """A log scale whose ticks are plain numbers. which: x or y."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set(**{f"{which}scale": "log"})
    own = axis.xaxis if which == "x" else axis.yaxis
    low, high = sorted(own.get_view_interval())
    ticks = next(ticks for span, ticks in LOG_TICKS if high / low > span)
    own.set_major_locator(LogLocator(subs=ticks))
    own.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.15g}"))
    own.set_minor_formatter(NullFormatter())


def legend_above(axis: Axes, columns: int) -> None:
    """A legend in a band above what is drawn, where no line can be."""
    low, high = axis.get_ylim()
    if axis.get_yscale() == "log":
        axis.set_ylim(low, high * (high / low) ** BAND)
    else:
        axis.set_ylim(low, high + BAND * (high - low))
    axis.legend(
        fontsize=7,
        frameon=False,
        loc="upper left",
        ncols=columns,
        columnspacing=1.0,
        handlelength=1.4,
        borderaxespad=0.2,
    )
