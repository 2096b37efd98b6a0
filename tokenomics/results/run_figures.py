"""Figures of a run: units on every axis, the median with bands over runs, and a title that states
the finding. A `result` here is a `Result`, which draws itself by this.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import lettering
from .figures import BAND, COLOURS, LOG_RANGE, legend_above
from .intervals import summarise
from .metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BANDS = ((5, 95, 0.15), (25, 75, 0.3))
SMALL = 0.02  # a type with fewer of the nodes is not drawn
ALIKE = 0.005  # of the work: where less is turned away, brought and served are one line,
SEEN = 0.1  # but for a day on which more than this is turned away
LINE = 66  # characters of a panel's title that fit beside each other
DOTS = 120  # per inch, of a run's pictures
# Inches, whole dots each: of a panel, of its edges, in which its labels and a title of two lines
# have room, and of the line above all panels. To measure the labels takes longer than to draw them.
WIDTH, HEIGHT, COLUMNS = 5.2, 2.9, 2
LEFT, RIGHT, BOTTOM, TOP, HEAD = 0.8, 0.15, 0.45, 0.4, 0.25


def _interval(result, name: str, scale: float = 1.0, digits: int = 2) -> str:
    chosen = METRICS[name]
    paths = result.trajectories.values
    bounds = tuple(bound * scale for bound in chosen.bounds)
    s = summarise(
        chosen.function(paths, result.metric_parameters) * scale,
        probability=chosen.probability,
        bounds=bounds,
    )
    low_high = "" if s.low is None else f" [{s.low:.{digits}f}, {s.high:.{digits}f}]"
    return f"{s.mean:.{digits}f}{low_high}"


def _draw(
    axis, result, name: str, colour: str, label: str | None = None, scale: float = 1.0
) -> None:
    time = result.trajectories.time
    values = _values(result, name) * scale
    good = values[np.all(np.isfinite(values), axis=1)]
    # flows are zero at the start by construction of the first step, and are drawn from the first
    # step on
    if len(good) == 0:
        return
    if len(good) > 1:
        for low, high, alpha in BANDS:
            axis.fill_between(
                time,
                *np.percentile(good, (low, high), axis=0),
                color=colour,
                alpha=alpha,
                linewidth=0,
            )
    axis.plot(
        time,
        np.median(good, axis=0),
        color=colour,
        label=label or name.replace("_", " "),
        linewidth=1.4,
    )


def _panel(
    axis, result, series: list[tuple[str, str]], unit: str, title: str, scale: float = 1.0
) -> None:
    for (name, label), colour in zip(series, COLOURS, strict=False):
        _draw(axis, result, name, colour, label, scale)
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_ylim()
    stacked = np.concatenate([_values(result, n).ravel() for n, _ in series])
    stacked = stacked[np.isfinite(stacked)]
    if len(stacked) and stacked.min() > 0 and stacked.max() / stacked.min() > LOG_RANGE:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.yaxis.set_minor_locator(NullLocator())
    elif len(stacked) and stacked.min() >= 0 and low < 0:
        axis.set_ylim(0, high)
    for day in _events(result):
        axis.axvline(day, ymax=1.0 - BAND, color="black", linewidth=0.8, linestyle=":", zorder=0)
    # whole numbers at the ticks leave nothing above the axis but the title; at its place, since
    # Matplotlib would look for what might be in its way
    axis.yaxis.set_major_formatter("{x:g}")
    axis.set_title(textwrap.fill(title, LINE), fontsize=9, loc="left", y=1.0)
    axis.set_ylabel(unit, fontsize=9)
    axis.set_xlabel("time [days]", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.25)
    if len(series) > 1 and axis.lines:
        legend_above(axis, len(series))


def _values(result, name: str) -> np.ndarray:
    """A recorded path (runs, times), or one that is made of others."""
    recorded = result.trajectories.values
    if name in RELATIVE:
        with np.errstate(all="ignore"):
            return 100.0 * (recorded[RELATIVE[name]] / recorded["bill_stablecoin"] - 1.0)
    return recorded[name]


def _events(result) -> list[float]:
    """The days within the run on which a scenario's events begin."""
    time = result.trajectories.time
    starts = {event.start for event in result.resolved.values.events.values()}
    return sorted(day for day in starts if time[0] < day <= time[-1])


def _has(result, *names: str) -> bool:
    return all(name in result.trajectories.values for name in names)


def _price(axis, result) -> None:
    title = (
        (
            f"Price: volatility {_interval(result, 'price_volatility', 100, 0)} % a year, mean "
            f"distance from utility value {_interval(result, 'decoupling_index')}"
        )
        if _has(result, "decoupling")
        else "Token price"
    )
    _panel(
        axis,
        result,
        [("token_price", "token price"), ("utility_value", "utility value")],
        "price [USD/TOK]",
        title,
    )


def _supply(axis, result) -> None:
    series = [
        ("total_supply", "total"),
        ("circulating_supply", "circulating"),
        ("staked", "staked"),
        ("locked", "locked"),
        ("treasury_tok", "treasury"),
    ]
    title = f"Supply changes by {_interval(result, 'inflation', 100)} % a year"
    _panel(axis, result, series, "tokens [million TOK]", title, 1e-6)


def _network(axis, result) -> None:
    paths = result.trajectories.values
    demand, served = (np.median(np.nan_to_num(paths[n]), axis=0) for n in ("demand", "served"))
    whole = served.sum() >= (1.0 - ALIKE) * demand.sum()
    # one line would hide the other
    brought = (
        [("served", "work brought and served")]
        if whole and np.all(served >= (1.0 - SEEN) * demand)
        else [("demand", "work brought"), ("served", "served")]
    )
    title = f"{_interval(result, 'served_share', 100, 2)} % of the work is served"
    _panel(axis, result, [*brought, ("capacity", "capacity")], "work [Gtok/day]", title, 1e-3)


def _operators(axis, result) -> None:
    values = result.trajectories.values
    types = [n for n in values if n.startswith("nodes_")]
    middle = {n: np.median(np.nan_to_num(values[n])) for n in ("nodes", *types)}
    few = [n for n in types if middle[n] < SMALL * middle["nodes"]]
    series = [
        ("nodes", "all nodes"),
        *((n, n.removeprefix("nodes_")) for n in types if n not in few),
    ]
    title = f"Churn {_interval(result, 'churn', 100, 0)} % of nodes a year"
    if few:
        names = ", ".join(n.removeprefix("nodes_") for n in few)
        title += f" (not shown, below {100 * SMALL:.0f} %: {names})"
    _panel(axis, result, series, "nodes online", title)


def _latency(axis, result) -> None:
    series = [("latency_mean", "mean"), ("latency_p99", "99th percentile")]
    title = f"99 % of answers within {_interval(result, 'latency_p99')} s, mean of days"
    _panel(axis, result, series, "latency [s]", title)


def _treasury(axis, result) -> None:
    title = f"Treasury: lowest reserve {_interval(result, 'treasury_min', 1e-6)} million USD"
    _panel(axis, result, [("treasury_usd", "treasury")], "reserve [million USD]", title, 1e-6)


def _control(axis, result) -> None:
    title = f"Control: mean effort {_interval(result, 'control_effort', 1e-3)} thousand USD a day"
    series, unit = [("control_output", "control output")], "control output [thousand USD/day]"
    _panel(axis, result, series, unit, title, 1e-3)


def _velocity(axis, result) -> None:
    series = [("velocity_usage", "usage"), ("velocity_speculative", "speculation")]
    usage, speculation = (result.trajectories.values[name][:, 1:] for name, _ in series)
    known = np.isfinite(usage) & np.isfinite(speculation)
    title = "No run came to its end"
    if known.any():
        ratio = np.mean(speculation[known]) / max(float(np.mean(usage[known])), 1e-300)
        title = f"Speculation turns the token over {ratio:.1f} times as fast as usage"
    _panel(axis, result, series, "turnover of circulating tokens [1/day]", title)


def _bills(axis, result) -> None:
    series = [("in tokens", "in tokens"), ("hedged", "hedged")]
    recorded = result.trajectories.values
    with np.errstate(all="ignore"):
        times = np.nanmedian(recorded["bill_cloud"] / recorded["bill_stablecoin"])
    title = f"Token bill at risk (95 %): {_interval(result, 'bill_cost_at_risk', 100, 0)} %"
    title += f"; cloud {times:.3g} times as dear" if np.isfinite(times) else ""
    _panel(axis, result, series, "above a bill in stablecoin [%]", title)


PANELS = {
    "price": (_price, ("token_price", "utility_value")),
    "network": (_network, ("demand", "served", "capacity")),
    "operators": (_operators, ("nodes", "churned")),
    "treasury": (_treasury, ("treasury_usd",)),
    "control": (_control, ("control_output",)),
    "supply": (_supply, ("total_supply", "circulating_supply", "staked", "locked", "treasury_tok")),
    "latency": (_latency, ("latency_mean", "latency_p99")),
    "velocity": (_velocity, ("velocity_usage", "velocity_speculative")),
    "bills": (_bills, ("user_bill", "bill_hedged", "bill_stablecoin", "bill_cloud")),
}
# bills that are drawn beside the one in stablecoin, from which they differ by little
RELATIVE = {"in tokens": "user_bill", "hedged": "bill_hedged"}
OVERVIEW = ("price", "network", "operators", "treasury", "control", "bills")


def _drawn_on(axis, result, name: str) -> None:
    """Draw a panel of this module, or a state variable."""
    if name in PANELS:
        PANELS[name][0](axis, result)
    else:
        variable = result.variables[name]
        unit = f"{name.replace('_', ' ')} [{variable.unit}]"
        _panel(axis, result, [(name, name)], unit, variable.meaning)


def figure(result, names: Sequence[str | None], ax: Axes | None = None) -> Figure:
    """One figure with a panel for each name; None leaves a place free. ax: an axis of the caller's
    for the one panel.
    """
    if ax is not None:
        _drawn_on(ax, result, names[0])
        return ax.figure
    from .drawing import Drawing

    columns = min(max(len(names), 1), COLUMNS)
    rows = -(-len(names) // columns)
    width, height = WIDTH * columns, HEIGHT * rows + HEAD
    canvas = Drawing(figsize=(width, height), layout="none")
    grid = canvas.add_gridspec(
        rows,
        columns,
        left=LEFT / width,
        right=1.0 - RIGHT / width,
        bottom=BOTTOM / height,
        top=1.0 - (HEAD + TOP) / height,
        wspace=(LEFT + RIGHT) / (WIDTH - LEFT - RIGHT),
        hspace=(BOTTOM + TOP) / (HEIGHT - BOTTOM - TOP),
    )
    for i, name in enumerate(names):
        if name is None:
            continue
        _drawn_on(canvas.add_subplot(grid[i]), result, name)
    note = f"policy {result.resolved.policy}; " + (
        ", ".join(result.resolved.scenarios) or "no scenario"
    )
    runs = len(result.trajectories.runs)
    told = f"median and the middle 50 and 90 % of {runs} runs" if runs > 1 else "1 run"
    events = "; dotted: events" if _events(result) else ""
    canvas.suptitle(
        f"{lettering(note)}; {told}{events}",
        fontsize=8,
        x=0.05 / width,
        y=1.0 - 0.25 * HEAD / height,
        ha="left",
    )
    return canvas


def overview(result) -> list[str]:
    """Panels of the overview whose variables were recorded."""
    return [name for name in OVERVIEW if name in available(result)]


def available(result) -> list[str]:
    """Panels whose variables were recorded and move: nothing is drawn of a controller that does
    nothing, nor of nodes that a network does not have.
    """
    values = result.trajectories.values
    return [
        name
        for name, (_, needs) in PANELS.items()
        if _has(result, *needs) and any(np.ptp(np.nan_to_num(values[n])) > 0.0 for n in needs)
    ]


def vectors(result) -> dict[str, bytes]:
    """Every panel and the overview as SVG, by name."""
    from .drawing import svg

    first = overview(result)
    found = {name: svg(figure(result, [name])) for name in available(result)}
    return found | ({"overview": svg(figure(result, first))} if first else {})


def pictures(result) -> dict[str, bytes]:
    """Every panel and the overview as PNG, by name. All panels are drawn once, on one sheet, from
    which the pictures are cut: each has the pixels that `figure` would give it alone.
    """
    from .drawing import encoded, pixels_of

    first, names = overview(result), available(result)
    free = [None] * (-len(first) % COLUMNS)  # in the last row of the overview
    places = [*first, *free, *(name for name in names if name not in first)]
    if not names:
        return {}
    sheet = pixels_of(figure(result, places), DOTS)
    head, height, width = (round(size * DOTS) for size in (HEAD, HEIGHT, WIDTH))
    found = {}
    for i, name in enumerate(places):
        row, column = divmod(i, COLUMNS)
        top, left = head + row * height, column * width
        if name is not None:
            cell = sheet[top : top + height, left : left + width]
            found[name] = np.concatenate([sheet[:head, :width], cell])
    if first:
        rows, columns = -(-len(first) // COLUMNS), min(len(first), COLUMNS)
        found["overview"] = sheet[: head + rows * height, : columns * width]
    return {name: encoded(np.ascontiguousarray(one), DOTS) for name, one in found.items()}
