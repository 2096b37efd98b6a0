"""Figure of a burn-and-mint calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...results.figures import COLOURS, plain_log, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...histories.burns import BurnTable
    from ..ar1 import OrnsteinUhlenbeck
    from ..estimates import Estimate
    from .identification import Discretionary


@styled
def figure(
    table: BurnTable,
    share: Discretionary,
    found: Sequence[Estimate],
    fitted: np.ndarray,
    path: OrnsteinUhlenbeck,
) -> Figure:
    """Burn and its fit, emission and its path, burned over issued.

    found: elasticity, growth, growth of the ratio, half-life. fitted: log burn [USD/day]. path: of
    log emission [TOK/day].
    """
    from ...results.drawing import Drawing

    out = Drawing(figsize=(9, 9), layout="constrained")
    burn, emitted, ratio = out.subplots(3, 1, sharex=True)
    time = np.arange(len(table.months))
    elasticity, growth, trend, half = found[:4]
    burn.semilogy(time, table.burn_usd, "o", color="grey", markersize=4, label="burn")
    left = share.left(table)
    if not np.array_equal(left, table.burn_usd):
        burn.semilogy(
            time, left, ".", color=COLOURS[0], label="without the discretionary share given"
        )
    burn.semilogy(time, np.exp(fitted), color=COLOURS[1], label="fit on price and time")
    burn.set_ylabel("burn [USD/day]")
    burn.set_title(
        f"Burn: elasticity to price {_told(elasticity)}, growth {_told(growth)} a year at a "
        f"constant price"
    )
    emitted.semilogy(time, table.issued, "o", color="grey", markersize=4, label="issued")
    without = np.exp(path.y)
    if not np.allclose(without, table.issued):
        emitted.semilogy(time, without, ".", color=COLOURS[0], label="without what is minted again")
    emitted.semilogy(time, np.exp(path.fitted()), color=COLOURS[1], label="fitted path (median)")
    emitted.set_ylabel("emission [TOK/day]")
    said = (
        "is not told apart from constant"
        if half.problem
        else f"halves in {half.value:,.0f} days [{half.low:,.0f}, {half.high:,.0f}]"
    )
    emitted.set_title(f"Emission {said}")
    ratio.semilogy(
        time,
        table.burned / table.issued,
        "o-",
        color=COLOURS[0],
        markersize=4,
    )
    ratio.axhline(1.0, color="grey", linewidth=0.8)
    ratio.set_ylabel("burned over issued [1]")
    ratio.set_title(
        f"Burn over mint grows by {_told(trend)} a year in its logarithm; above 1 supply shrinks"
    )
    every = max(1, len(time) // 8)
    ratio.set_xticks(time[::every], table.months[::every])
    ratio.set_xlabel("month")
    for axis in (burn, emitted, ratio):
        plain_log(axis, "y")
        if axis is not ratio:
            axis.legend()
    return out


def _told(one: Estimate) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
