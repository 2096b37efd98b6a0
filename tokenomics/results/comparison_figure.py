"""The figure of a comparison. A `comparison` here is a `Comparison`, which draws itself by this."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..errors import counted, lettering
from ..shown import readable
from .drawing import Drawing, shown
from .matters import FEWEST
from .metrics import METRICS, WAYS

SHADES = {"better": "#A6CEE3", "best": "#0B4F8A", "worse": "#F4C28F", "": "#F2F2F2"}
LETTERS, LINE = 15, 0.14  # of a title: letters an inch, and height of a line [inches]
NAMES = 3.4  # inches for the names of metrics


def figure(comparison: Any) -> Figure:
    """The best and the better policies by metric: a panel a scenario, a row a metric, a column a
    policy.
    """
    judged = [n for n in comparison.sweep.metrics if METRICS[n].better]
    all_means, all_best = comparison.means(), comparison.best()
    moved = all_means.groupby(["metric", "scenario"])["mean"].nunique().groupby("metric").max() > 1
    names = [n for n in judged if moved.get(n, False)] or judged
    width = NAMES + 1.0 * len(comparison.policies) * len(comparison.scenarios)
    lines = _title(comparison, int(width * LETTERS), len(judged) - len(names))
    canvas = Drawing(
        figsize=(width, 1.2 + LINE * len(lines) + 0.3 * len(names)), layout="constrained"
    )
    axes = canvas.subplots(1, len(comparison.scenarios), squeeze=False, sharey=True)[0]
    keys = ["scenario", "metric", "policy"]
    means, best = all_means.set_index(keys)["mean"], all_best.set_index(keys[:2])
    readings = comparison.differences().set_index(keys)["reading"]
    for axis, scenario in zip(axes, comparison.scenarios, strict=True):
        for row, name in enumerate(names):
            alone = (scenario, name) in best.index and not best.at[(scenario, name), "equal"]
            for column, policy in enumerate(comparison.policies):
                mean = means[scenario, name, policy]
                shade = SHADES[readings.get((scenario, name, policy), "")]
                first = alone and policy == best.at[(scenario, name), "best"]
                colour = SHADES["best"] if first else shade
                axis.add_patch(
                    Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white")
                )
                axis.text(
                    column,
                    row,
                    readable(mean),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if first else "black",
                    in_layout=False,  # it is within its cell
                )
        axis.set(
            xlim=(-0.5, len(comparison.policies) - 0.5),
            ylim=(max(len(names), 1) - 0.5, -0.5),
        )
        axis.set_title(
            "no scenario" if scenario == "none" else lettering(scenario), fontsize=9, loc="left"
        )
        axis.set_xticks(
            range(len(comparison.policies)),
            map(lettering, comparison.policies),
            fontsize=8,
            rotation=20,
        )
        axis.set_yticks(
            range(len(names)),
            [
                f"{lettering(METRICS[n].label)} [{METRICS[n].unit}] {METRICS[n].arrow}"
                for n in names
            ],
            fontsize=7.5,
        )
        axis.tick_params(length=0)
    canvas.suptitle(lettering("\n".join(lines)), fontsize=8, x=0.01, ha="left")
    return shown(canvas)


def _title(comparison: Any, letters: int, alike: int) -> list[str]:
    """The lines of the figure's title, none longer than some letters. alike: metrics that are
    the same under every policy.
    """
    lost = [f"{s}: {comparison.losses(s)}" for s in comparison.scenarios if comparison.losses(s)]
    number = comparison.sweep.manifest["runs"]
    shades = (
        f"dark blue: best of all, light blue: better than {comparison.reference}, orange: worse, "
        f"grey: no more than matters, or undecided (simultaneous 95 %)"
    )
    told = [f"{counted(alike, 'metric')} that no policy moves left out"] if alike else []
    told += [shades] if number >= FEWEST else []
    runs = "; ".join([f"mean of {counted(number, 'run')} on common shocks", WAYS, *told])
    return [line for text in (comparison.finding(), runs, *lost) for line in wrap(text, letters)]
