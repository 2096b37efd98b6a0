"""What a search for traps finds: states that stay, sets that are never left, cycles."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from ..errors import counted
from ..shown import InWords
from .rule import EXHAUSTIVE, SAMPLE, DeployedRule, Version

LONG = 10**21  # from here on a number is told in six digits


@dataclass(frozen=True)
class ConstantCycle:
    """Under one input for ever. input: its label. period: in steps, 1 for a state that stays.
    count: of such cycles. lowest, highest: keys in them. ends: states of the search that end in
    one of them.
    """

    input: str
    period: int
    count: int
    lowest: int
    highest: int
    ends: int


@dataclass(frozen=True)
class Closed:
    """A set of states at an end of the range that no input leaves: of sets that begin or end at
    neighbouring keys the largest. lowest, highest: keys; None on the side on which steps
    lead out of the searched range. entered_from: the key outside it, nearest to it, from which some
    input enters it; None where nothing enters.
    """

    lowest: int | None
    highest: int | None
    entered_from: int | None


@dataclass(frozen=True)
class Found:
    """What a way to search finds; see `Absorption`."""

    states: int
    lowest: int
    highest: int
    fixed: tuple[tuple[int, int], ...]
    held: tuple[tuple[int, int], ...]
    closed: tuple[Closed, ...]
    cycles: tuple[ConstantCycle, ...]
    left: int


@dataclass(frozen=True, kw_only=True)
class Absorption(InWords, Found):
    """Where a deployed rule traps itself, as `absorb` returns it.

    Attributes
    ----------
    rule, version : DeployedRule, Version
        Of which.
    states : int
        How many were searched, by key from `lowest` to `highest`.
    lowest, highest : int
        Keys.
    fixed : tuple of (int, int)
        Ranges of keys that every input leaves as they are.
    held : tuple of (int, int)
        Ranges of keys that stay, or come back, under each constant input.
    closed : tuple of Closed
        Sets that no input leaves, from each end of the range.
    cycles : tuple of ConstantCycle
        By constant input and period.
    left : int
        Steps that lead out of the searched range, so that the search is cut there; of intervals and
        of a sample, states that leave it or of which no end is told.
    seconds : float
        Taken [s].
    """

    rule: DeployedRule
    version: Version
    seconds: float

    @property
    def unit(self) -> str:
        """Of the keys; empty where the rule declares none."""
        return self.rule.key_unit

    @property
    def way(self) -> str:
        """How it was searched: exhaustive, interval argument or sample."""
        return self.rule.search.way

    def lines(self) -> list[str]:
        """All but the cycles, in words.

        Returns
        -------
        list of str
            Lines.
        """
        how = "a sample of" if self.way == SAMPLE else "all"
        by = "" if self.way in (EXHAUSTIVE, SAMPLE) else " by intervals"
        unit = f" [{self.unit}]" if self.unit else ""
        told = [
            f"{self.rule.name} {self.version.name}: {how} {number(self.states)} states from "
            f"{number(self.lowest)} to {number(self.highest)}{unit} searched{by} in "
            f"{self.seconds:.2f} s",
            f"range: {self.rule.search.about}",
            f"no input leaves: {_spans(self.fixed, unit)}",
            f"each constant input keeps or brings back: {_spans(self.held, unit)}",
        ]
        for closed in self.closed:
            entered = (
                "nothing enters it"
                if closed.entered_from is None
                else f"entered from {number(closed.entered_from)}{unit}"
            )
            told.append(f"once {_within(closed)}{unit} it stays there; {entered}")
        resting = {cycle.input for cycle in self.cycles}
        for label in self.rule.search.inputs(self.version.parameters):
            if label not in resting:
                told.append(f"under '{label}' no state comes to rest within the range")
        if self.left and self.way == EXHAUSTIVE:
            lead = "leads" if self.left == 1 else "lead"
            told.append(f"the search is cut: {counted(self.left, 'step')} {lead} out of the range")
        elif self.left and self.way == SAMPLE:
            told.append(
                f"the search is cut: {counted(self.left, 'walk')} left the range or did not close "
                "in time"
            )
        elif self.left:
            told.append(
                f"the search is cut: {number(self.left)} states, counted by constant input, leave "
                "the range or are not told"
            )
        return told

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def table(self) -> pd.DataFrame:
        """The cycles.

        Returns
        -------
        pandas.DataFrame
            A row each.
        """
        return pd.DataFrame(
            [asdict(one) for one in self.cycles],
            columns=[field.name for field in fields(ConstantCycle)],
        )

    def plain(self) -> dict[str, Any]:
        """All that was found.

        Returns
        -------
        dict
            For JSON.
        """
        found = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("rule", "version", "closed", "cycles")
        }
        return {
            "rule": self.rule.name,
            "version": self.version.name,
            "way": self.way,
            "range": self.rule.search.about,
            "unit": self.unit,
            **found,
            "closed": [asdict(one) for one in self.closed],
            "cycles": [asdict(one) for one in self.cycles],
        }


def number(value: int) -> str:
    """A whole number, of which the digits are told where they can be read."""
    return f"{value:,}" if abs(value) < LONG else f"{float(value):.6g}"


def _spans(ranges: tuple[tuple[int, int], ...], unit: str) -> str:
    if not ranges:
        return "no state"
    shown = [
        number(low) if low == high else f"{number(low)} to {number(high)}"
        for low, high in ranges[:10]
    ]
    more = f" and {len(ranges) - 10:,} more" if len(ranges) > 10 else ""
    return ", ".join(shown) + unit + more


def _within(closed: Closed) -> str:
    if closed.lowest is None:
        return f"at or below {number(closed.highest)}"
    if closed.highest is None:
        return f"at or above {number(closed.lowest)}"
    return f"in {number(closed.lowest)} to {number(closed.highest)}"
