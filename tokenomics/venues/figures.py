"""Files of a `tokenomics venues` run: a Markdown page and a latency figure a workload, and the
deterrence plane of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..attacks.deterrence import deterrence_figure
from ..model.formulas.distribution import exceedance
from ..model.steady_state import start_state
from ..parameters import Resolved
from ..results.drawing import Drawing, save
from ..results.figures import COLOURS, plain_log, styled
from ..results.markdown import markdown_table
from .measure import days_ahead
from .report import VenueReport

SHORTEST = 0.01  # of the longest time that is drawn


@styled
def latency_figure(one: VenueReport) -> Figure:
    """Share of tasks that take longer than a time, of both venues, with the workload's limit."""
    figure = Drawing(figsize=(7.0, 4.2), layout="constrained")
    axis = figure.subplots()
    verdicts = {"cloud": one.choice.cloud, "network": one.choice.network}
    limit = one.workload.limits.latency_p99.value
    longest = 2.0 * max(limit, *(v.latency_p99 for v in verdicts.values()))
    times = np.geomspace(SHORTEST * longest, longest, 200)
    for (venue, verdict), colour in zip(verdicts.items(), COLOURS, strict=False):
        some = days_ahead(verdict.offer.latency)
        late = np.array([exceedance(some, time).mean(axis=1) for time in times])
        axis.plot(
            times,
            late.mean(axis=1),
            color=colour,
            label=f"{venue}: p99 {verdict.latency_p99:.3g} s (band: 90 % of runs)",
        )
        low, high = np.percentile(late, (5, 95), axis=1)
        axis.fill_between(times, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.axvline(limit, color="black", linestyle="--", label=f"limit at p99: {limit:g} s")
    axis.axhline(0.01, color="grey", linewidth=0.8, linestyle=":", label="1 % of tasks")
    plain_log(axis, "x")
    axis.set(
        yscale="log",
        ylim=(1e-4, 1.5),
        xlabel="latency of a task [s]",
        ylabel="share of tasks that take longer [1]",
    )
    slower = one.choice.network.latency_p99 / one.choice.cloud.latency_p99 - 1.0
    axis.set_title(
        f"{one.workload.description}\nLatency: the network's p99 is {abs(slower):.0%} "
        f"{'above' if slower > 0.0 else 'below'} the cloud's"
    )
    axis.legend(loc="lower left")
    return figure


def fill(
    folder: Path, found: Mapping[str, VenueReport], resolved: Resolved, form: str = "png"
) -> None:
    """Fill a new directory. form: of the figures."""
    if start_state(resolved.today)["staked"] > 0.0:  # without a stake there is no plane
        plane = deterrence_figure(resolved.values, resolved.today)
        save(plane, folder, "deterrence", form, 130)
    for name, one in found.items():
        stem = Path(name).stem
        text = "\n\n".join([f"# {one.workload.description}", *one.lines, markdown_table(one.table)])
        (folder / f"{stem}.md").write_text(text + "\n", encoding="utf-8")
        save(latency_figure(one), folder, f"{stem}_latency", form, 130)
