"""MeshNet, a fictional wireless network whose emission a PID sets by the number of nodes: its
published ensemble computed again, and both rules at equal emission.

Source: Zukowski (2026), "Tokenomics as Systems Engineering", sections 8 and appendices A and B;
model and results public under CC-BY-4.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...results.drawing import Drawing
from ...results.figures import styled
from ..reproduction import Reproduction
from . import claims, trials
from .economy import SCENARIOS, MeshPaths, draw, read_values, simulate, static

PAPER = (
    "Tokenomics as systems engineering: protocols, labor, and the design of autonomous economies "
    "(MeshNet); Zukowski (2026), github.com/CryptoZach, CC-BY-4.0"
)
COMPARED = (
    f"At equal emission, nodes after five years: PID − other, paired, 95 % intervals for all "
    f"{trials.AT_ONCE} claims at once"
)


def reproduce(
    *, runs: int | None = None, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Reproduction:
    """The reproduction. runs: Monte Carlo runs in place of the settings', and as many others to
    match emission; seed: of all shocks.
    """
    v = read_values()
    count, days = runs or v["simulation.runs"], v["simulation.days"]
    total, done = len(SCENARIOS) + 2 * len(trials.STRESSED), 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    random = draw(seed, range(count), days)
    bootstrap = trials.Bootstrap.of(seed, count, v["simulation.resamples"])
    found, fixed = {}, static(v, days)
    for scenario in SCENARIOS:
        found[scenario, "pid"] = simulate(v, scenario, None, random)
        found[scenario, "static"] = simulate(v, scenario, fixed, random)
        tick()
    published, equal, factors, last = [], [], {}, {}
    for scenario in trials.STRESSED:
        pair = [found[scenario, rule] for rule in trials.RULES]
        published += trials.side_by_side(scenario, "static, as published", *pair, bootstrap)
        factors[scenario] = trials.equalised(v, scenario, count, seed)
        tick()
        sides = trials.rivals(v, scenario, factors[scenario], random, pair[0])
        for against, (pid, other) in sides.items():
            equal += trials.side_by_side(
                scenario, against, pid, other, bootstrap, trials.ALL_AT_ONCE
            )
        last[scenario] = {"PID": pair[0], "static": pair[1]} | {
            name: sides[name][1] for name in trials.EQUAL[:2]
        }
        tick()
    as_it_is, matched = (pd.DataFrame(rows, columns=trials.COLUMNS) for rows in (published, equal))
    emitted = trials.budget(v, found)
    tables = {
        "The published ensemble, 30 seeds, beside ours": trials.ensemble(v, found, bootstrap),
        "The budget: tokens emitted in five years": emitted,
        "As published, each rule with what it emits: PID − other, paired, 95 % intervals": as_it_is,
        COMPARED: matched,
    }
    return Reproduction(
        paper=PAPER,
        tables=tables,
        claims=(
            *claims.at_equal_emission(matched),
            *claims.on_emission(emitted),
            *claims.as_published(v, found, as_it_is, bootstrap),
        ),
        choices=choices(factors, count),
        figures={"nodes": figure(last)},
    )


def choices(factors: Mapping[str, trials.Equal], runs: int) -> tuple[str, ...]:
    """How emission was matched, what was taken over and what was left out."""
    scales = "; ".join(f"{s}: {e.up:.4f} and {e.down:.4f}" for s, e in factors.items())
    off = max(abs(e.off) for e in factors.values())
    return (
        f"Emission is matched in its mean over {runs} runs of other shocks, then frozen: the "
        "static schedule is scaled up to the PID's total, or all that the PID emits, bounds "
        f"included, is scaled down to the static total, within {100 * off:.1f} % (factors "
        f"{scales}). A third rival pays the PID's mean path over those other runs, day by day, and "
        "answers to nothing: what the PID has over it is feedback, the rest is that it pays early.",
        "Intervals are given the match and do not hold its own error; how far the two sides are "
        "apart on the shocks compared is told as tokens, PID / other.",
        "Tokens are matched and not dollars: the PID pays more when the token is cheap.",
        f"{runs} runs. All rules see the same shocks, so that differences are paired. The source "
        "seeds its rules alike, but the number of its draws depends on the operators, so that the "
        "shocks of two rules part within days.",
        "Each of the source's operators leaves, is caught and is slashed by chance of his own. We "
        "follow the expected numbers by threshold and ten days of entry, and the mean stake by "
        "age. At the ceiling it has 11,934 nodes, we 11,933.4 to 11,934.1. Price, fees and cost, "
        "which move all of them, are drawn.",
        "As in the source: operators' fees, which are dollars, are multiplied by the token's price "
        "with the emission; the fundamental price is a thousand times a year's fees over "
        "circulating supply; an integral of errors counts decisions.",
        "Left out, for they touch neither nodes nor price there: reputation, whales, and the "
        "treasury, whose subsidy is taken out of it and paid to nobody.",
        "Variation is the standard deviation over the mean. It and 5th percentiles have bootstrap "
        f"intervals over runs, of {trials.FEWEST} runs and more; means Student's t.",
        f"The {trials.AT_ONCE} claims at equal emission are told together, so that their intervals "
        "are wider (Bonferroni): with 95 % all of them hold. All other intervals are each by "
        "itself.",
    )


@styled
def figure(last: Mapping[str, Mapping[str, MeshPaths]]) -> Figure:
    """Distribution of the nodes after five years, by scenario and rule."""
    chart = Drawing(figsize=(10.0, 3.8), layout="constrained")
    for axes, (scenario, rules) in zip(
        chart.subplots(1, len(last), sharey=True), last.items(), strict=True
    ):
        for name, paths in rules.items():
            nodes = np.sort(paths.nodes[-1])
            axes.step(nodes, np.arange(1, len(nodes) + 1) / len(nodes), where="post", label=name)
        axes.axhline(0.05, color="black", linewidth=0.6, linestyle=":")
        axes.set_title(f"scenario {scenario}")
        axes.set_xlabel("nodes after five years")
        axes.xaxis.set_major_formatter("{x:,.0f}")
    chart.axes[0].set_ylabel("share of runs with at most so many [1]")
    handles, labels = chart.axes[0].get_legend_handles_labels()
    chart.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    chart.suptitle(
        "Nodes after five years by rule: the further right, the more are left; dotted: the worst "
        "twentieth of runs",
        x=0.01,
        ha="left",
    )
    return chart


__all__ = ["reproduce"]
