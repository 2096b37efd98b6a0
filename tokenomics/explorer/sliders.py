"""What can be moved on the page: the numbers of a network on which anything depends, each between
two ends.

A number's ends are those that its source states, else a step either way; a lever that is a share
neither near nothing nor near all, or 0, goes through all that it may be. What a law computes its
gains from before a simulation, and another number that is 0 without a range, has no slider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, log10

from ..experiments.reads import network, structural
from ..governance.proposal.ranges import range_of, stated_range
from ..parameters import Entry, Resolved, fits

STEPS = 50  # of a slider, about
# relative, of what has no stated range; of a lever nearly nothing to nearly twice: assumptions
STEP = {"lever": 0.9, "scenario": 0.9, "world": 0.5}
MIDDLE = (0.1, 0.9)  # a share within it is moved through all that it may be: assumption
BEYOND = 2.0  # what no share can be
DIGITS = 12  # of a value: what a slider adds up is no 0.30000000000000004


@dataclass(frozen=True)
class Slider:
    """One number to move. role: lever, scenario or world. low, high, step: own is so many steps
    from both ends. doc: what it means. stated: whether its source states the range.
    """

    path: str
    unit: str
    role: str
    own: float
    low: float
    high: float
    step: float
    doc: str
    stated: bool

    @property
    def group(self) -> str:
        """The group of parameters that it is in."""
        return self.path.rpartition(".")[0]

    @property
    def label(self) -> str:
        """Its name and unit."""
        name = self.path.rpartition(".")[2].replace("_", " ")
        return name if self.unit in ("1", "-") else f"{name} [{self.unit}]"


def sliders_of(resolved: Resolved) -> list[Slider]:
    """What can be moved of a network, in the order of its parameters."""
    laws = {resolved.values.controller.type}
    ranged = {
        path: ends
        for path, entry in resolved.entries.items()
        if entry.role in STEP
        and entry.value != {}
        and not structural(path, laws)
        and (ends := _ends(entry)) is not None
    }
    reached = network(resolved).each({path: list(ends) for path, ends in ranged.items()})
    found = [
        _slider(resolved.entries[path], *ends)
        for path, ends in ranged.items()
        if reached[path].metrics
    ]
    return [one for one in found if one.low < one.high]


def _ends(entry: Entry) -> tuple[float, float] | None:
    """Between which values a number is moved; None where nothing tells."""
    if entry.role == "lever" and entry.unit == "1" and fits(entry.path, BEYOND) is not None:
        value = float(entry.value)
        if value == 0.0 or MIDDLE[0] <= value <= MIDDLE[1]:
            return 0.0, 1.0
    return range_of(entry, None, STEP[entry.role])


def _slider(entry: Entry, low: float, high: float) -> Slider:
    """Ends on a grid of round steps through the parameter's own value, all of which it may take."""
    own = float(entry.value)
    step = _round(high - low)
    below = [floor((own - low) / step + 1e-9), ceil((high - own) / step - 1e-9)]
    while below[0] > 0 and fits(entry.path, told(own - below[0] * step)) is not None:
        below[0] -= 1
    while below[1] > 0 and fits(entry.path, told(own + below[1] * step)) is not None:
        below[1] -= 1
    return Slider(
        entry.path,
        entry.unit,
        entry.role,
        own,
        told(own - below[0] * step),
        told(own + below[1] * step),
        step,
        entry.doc,
        stated_range(entry.source) is not None,
    )


def _round(width: float) -> float:
    """The step of 1, 2 or 5 times a power of ten that goes about `STEPS` times into a width."""
    rough = width / STEPS
    power = 10.0 ** floor(log10(rough))
    return told(next(one * power for one in (1.0, 2.0, 5.0, 10.0) if one * power >= rough * 0.999))


def told(value: float) -> float:
    """A value without the rounding of the steps that led to it."""
    return float(f"{value:.{DIGITS}g}")


def moved(values: Mapping[str, float], resolved: Resolved) -> dict[str, float]:
    """The values that are other than a network's own, by path."""
    entries = resolved.entries
    return {path: value for path, value in values.items() if value != entries[path].value}
