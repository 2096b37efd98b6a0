"""A rule against its history: what was recorded and what the rule gives, and its errors by how
each step must be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import counted
from ..protocols.replay import Replay
from ..protocols.scores import ReadingScore
from .figures import COLOURS, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNEXPLAINED = "not explained"
ERRORS = "the plain step"  # of a rule whose record cannot be exact, where no step is explained
LARGE = 10**6  # from here on a number is drawn in a larger unit
NEAR = 10**6  # part of itself within which a series is drawn by its distance from a round number
USUAL, STRETCHED = 0.9, 20.0  # quantile of errors, and times it from where an axis is logarithmic
POWER = re.compile(r"1e(-?\d+) ?(.*)")


@styled
def draw_replay(replay: Replay) -> Figure:
    """Two panels over the rule's clock; the title states the finding."""
    from .drawing import Drawing

    rule, steps = replay.rule, replay.steps
    name = rule.decides[0]
    unit = rule.quantities["state"][name][1].unit
    clock = np.array([step.clock for step in steps], float)
    recorded, predicted = [s.recorded for s in steps], [s.predicted for s in steps]
    near = _round_number(recorded)
    apart = [value - near for value in (*recorded, *predicted)]
    size, error_size = _power(apart), _power([s.error for s in steps])
    drawn = [value / 10**size for value in apart]
    figure = Drawing(figsize=(8.0, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    above.plot(clock, drawn[: len(steps)], color=COLOURS[-1], lw=2.2, alpha=0.35)
    above.plot(clock, drawn[len(steps) :], color=COLOURS[0], lw=0.8)
    less = f" less {_told(near, unit)}" if near else ""
    above.set_ylabel(f"{name.replace('_', ' ')}{less}\n[{larger(unit, size)}]")
    above.legend(["recorded", "the rule, from the state before"], loc="best")
    rest = UNEXPLAINED if rule.exact else ERRORS
    groups = [*replay.readings, *([rest] if replay.unexplained else [])]
    for colour, group in zip(
        [COLOURS[i % (len(COLOURS) - 1)] for i in range(len(groups))], groups, strict=True
    ):
        mine = [s for s in steps if (s.reading or rest) == group and s.reading != ""]
        below.plot(
            [s.clock for s in mine],
            [s.error / 10**error_size for s in mine],
            "x" if group == UNEXPLAINED else ".",
            color=COLOURS[-1] if group == UNEXPLAINED else colour,
            label=f"{group} ({len(mine):,})",
        )
    sizes = np.abs([s.error / 10**error_size for s in steps if s.error])
    usual = float(np.quantile(sizes, USUAL)) if len(sizes) else 0.0
    if len(sizes) and sizes.max() > STRETCHED * usual:  # a few would hide all others
        below.set_yscale("symlog", linthresh=10.0 ** np.ceil(np.log10(usual)))
        below.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    below.axhline(0.0, color="grey", lw=0.6)
    below.set_ylabel(f"rule less record\n[{larger(unit, error_size)}]")
    below.set_xlabel(rule.clock)
    below.xaxis.set_major_formatter("{x:,.0f}")
    below.locator_params(axis="x", nbins=7)
    if not groups:  # no error sets the panel's height
        below.set_ylim(-1.0, 1.0)
    else:
        below.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=2)
    figure.suptitle(_title(replay), x=0.01, ha="left")
    return figure


def _round_number(values: Sequence[int]) -> int:
    """The round number near which all are; 0 where they are not near any but that."""
    lowest, highest = min(values, default=0), max(values, default=0)
    spread = highest - lowest
    if spread * NEAR >= max(abs(lowest), abs(highest)):
        return 0
    digit = 10 ** len(str(spread))
    return (lowest + highest + digit) // (2 * digit) * digit


def _told(number: int, unit: str) -> str:
    """A round number of a unit, as one number where both are powers of ten."""
    power = len(str(number)) - 1
    if number == 10**power and POWER.fullmatch(unit):
        return larger(unit, power)
    return f"{number:.15g} × {unit}".replace("e+", "e")


def _power(values: Sequence[int]) -> int:
    """Power of a thousand that is taken out of numbers, as one of ten; 0 where they are small."""
    largest = max(map(abs, values), default=0)
    return (len(str(largest)) - 1) // 3 * 3 if largest >= LARGE else 0


def larger(unit: str, power: int) -> str:
    """A unit times a power of ten."""
    if not power:
        return unit
    found = POWER.fullmatch(unit)
    if not found:
        return f"1e{power} {unit}"
    exponent, of = int(found[1]) + power, found[2]
    if exponent:
        return f"1e{exponent}{'' if of.startswith('/') else ' '}{of}"
    return f"1{of}" if of.startswith("/") else of


def _title(replay: Replay) -> str:
    name, steps = replay.rule.name, counted(len(replay.steps), "step")
    told = [score for score in replay.scores if score.share is not None]
    if told:
        best = max(told, key=lambda score: score.share or 0.0)
        return (
            f"{name}: of the squares of {steps} the plain step takes away {_share(told[0])},\n"
            f"{best.reading} {_share(best)}"
        )
    if replay.exact == len(replay.steps):
        return f"{name}: all {steps} exact"
    explained = sum(replay.readings.values())
    return (
        f"{name}: {replay.exact:,} of {steps} exact, {explained:,} by another reading of a row, "
        f"{len(replay.unexplained):,} not explained"
    )


def _share(score: ReadingScore) -> str:
    share = score.share or 0.0
    return "less than nothing" if share < 0.0 else f"{100.0 * share:.3g} %"
