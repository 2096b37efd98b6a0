"""A counterfactual beside its record."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from ...results.figures import COLOURS, styled
from .counterfactual import Counterfactual

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = 95  # characters of a line
PANELS = (
    ("inflation", "inflation\n[ppb/round]", 1.0),
    ("share", "bonded\n[% of supply]", 100.0),
    ("minted_share", "minted since the start\n[% of supply then]", 100.0),
)


@styled
def draw_counterfactual(found: Counterfactual) -> Figure:
    """Three panels over the rule's clock; the title states the finding."""
    from ...results.drawing import Drawing

    figure = Drawing(figsize=(8.0, 6.6), layout="constrained")
    for axis, (name, label, scale) in zip(figure.subplots(3, 1, sharex=True), PANELS, strict=True):
        low, median, high = scale * found.band[name]
        axis.fill_between(found.clock, low, high, color=COLOURS[0], alpha=0.25, lw=0)
        axis.plot(found.clock, median, color=COLOURS[0], lw=1.4)
        axis.plot(found.clock, scale * found.held[name], color=COLOURS[1], lw=1.0, ls="--")
        axis.plot(found.clock, scale * found.recorded[name], color=COLOURS[-1], lw=1.2)
        axis.set_ylabel(label)
    axis.set_xlabel(f"row of the history; a step is one {found.rule.clock}")
    figure.axes[0].legend(
        [
            "90 % of draws",
            f"{found.other}, median",
            f"{found.other}, bonding as it was",
            "recorded",
        ],
        loc="best",
    )
    figure.suptitle(fill(finding(found), TITLE), x=0.01, ha="left")
    return figure


def finding(found: Counterfactual) -> str:
    """The finding in a line."""
    low, median, high = 100.0 * found.band["minted_share"][:, -1]
    same = found.other == f"{found.rule.name}@{found.acted.name}"
    acted = "as it did; it" if same else found.acted.name
    return (
        f"{found.other} would have minted {median:.1f} % of the supply "
        f"at the start (90 % of draws: {low:.1f} to {high:.1f}), {acted} minted "
        f"{100.0 * found.recorded['minted_share'][-1]:.1f} %"
    )
