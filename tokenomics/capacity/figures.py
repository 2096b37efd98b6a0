"""Figures of the capacity commands: units on every axis, and a title that states the finding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ..errors import lettering
from ..results.drawing import Drawing
from ..results.figures import COLOURS, plain_log, styled
from .frontier import Frontier
from .supply import Fleet

SPAN = 30.0  # the curve is drawn from the cheapest median cost over this to the dearest times this


def prices_around(fleet: Fleet, points: int = 400) -> np.ndarray:
    """Prices that span the fleet's whole curve [USD/Mtok]."""
    costs = [m.median_cost for m in fleet.members.values()]
    return np.geomspace(min(costs) / SPAN, max(costs) * SPAN, points)


@styled
def supply_figure(fleet: Fleet) -> Figure:
    """The supply curve stacked by type, and its elasticity."""
    prices = prices_around(fleet)
    offered = fleet.supply.by_type(prices)
    canvas = Drawing(figsize=(10.4, 3.6), layout="constrained")
    left, right = canvas.subplots(1, 2)
    below = np.zeros_like(prices)
    for (name, work), colour in zip(offered.items(), np.resize(COLOURS, len(offered)), strict=True):
        left.fill_betweenx(
            prices,
            below / 1e6,
            (below + work) / 1e6,
            color=colour,
            alpha=0.8,
            label=lettering(name),
            linewidth=0,
        )
        below = below + work
    cheapest = min(fleet.members, key=lambda name: fleet.members[name].median_cost)
    plain_log(left, "y")
    left.set_xlabel("work offered [million Mtok/day]")
    left.set_ylabel("price to operators [USD/Mtok]")
    cost = fleet.members[cheapest].median_cost
    left.set_title(
        f"Supply: {lettering(cheapest)} joins first, half of its nodes at {cost:.3g} USD/Mtok"
    )
    left.legend(loc="lower right")
    right.plot(prices, fleet.supply.elasticity(prices), color=COLOURS[0])
    plain_log(right, "x")
    right.set_xlabel("price to operators [USD/Mtok]")
    right.set_ylabel("elasticity of supply [1]")
    right.set_title(
        f"Elasticity falls to 0 as all {fleet.supply.most / 1e6:.2f} million Mtok/day join"
    )
    return canvas


@styled
def frontier_figure(curves: Mapping[str, Frontier]) -> Figure:
    """Tokens/s of a card against TPOT and against TTFT."""
    canvas = Drawing(figsize=(10.4, 3.6), layout="constrained")
    left, right = canvas.subplots(1, 2)
    for (name, curve), colour in zip(curves.items(), np.resize(COLOURS, len(curves)), strict=True):
        left.plot(
            1e3 * curve.time_per_token, curve.output_rate, color=colour, label=lettering(name)
        )
        right.plot(
            1e3 * curve.time_to_first_token, curve.output_rate, color=colour, label=lettering(name)
        )
    work = next(iter(curves.values())).work
    best = max(curves, key=lambda name: curves[name].output_rate[-1])
    for axis, what in (
        (left, "time per output token (TPOT)"),
        (right, "time to first token (TTFT)"),
    ):
        plain_log(axis, "x")
        axis.set_ylim(0.0, None)
        axis.set_xlabel(f"{what} [ms]")
        axis.set_ylabel("output [token/s per card]")
    # a curve rises to the right, so that nothing is drawn above where it begins
    left.legend(loc="upper left")
    left.set_title(
        f"{lettering(best)} delivers most: {curves[best].output_rate[-1]:,.0f} token/s with "
        f"the most requests"
    )
    right.set_title(f"{work.prompt:,g} prompt and {work.output:,g} output tokens, mean latencies")
    return canvas
