"""What a search for traps finds: states that stay, sets that are never left, cycles."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from ..errors import counted
from ..shown import InWords
from .rule import DeployedRule, Version


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
    """A set of states that no input leaves. lowest, highest: keys; None on the side on which steps
    lead out of the searched range. entered_from: the key outside it, nearest to it, from which some
    input enters it; None where nothing enters.
    """

    lowest: int | None
    highest: int | None
    entered_from: int | None


@dataclass(frozen=True)
class Absorption(InWords):
    """Where a deployed rule traps itself, as `absorb` returns it.

    Attributes
    ----------
    rule, version : DeployedRule, Version
        Of which.
    states : int
        How many were searched, by key from `lowest` to `highest`.
    lowest, highest : int
        Keys.
    exhaustive : bool
        Whether they are all of the range.
    fixed : tuple of (int, int)
        Ranges of keys that every input leaves as they are.
    held : tuple of (int, int)
        Ranges of keys that stay, or come back, under each constant input.
    closed : tuple of Closed
        Sets, the largest of each end of the range.
    cycles : tuple of ConstantCycle
        By constant input and period.
    left : int
        Steps that lead out of the searched range, so that the search is cut there; of a sample,
        states that leave it or of which no cycle closed in time.
    seconds : float
        Taken [s].
    """

    rule: DeployedRule
    version: Version
    states: int
    lowest: int
    highest: int
    exhaustive: bool
    fixed: tuple[tuple[int, int], ...]
    held: tuple[tuple[int, int], ...]
    closed: tuple[Closed, ...]
    cycles: tuple[ConstantCycle, ...]
    left: int
    seconds: float

    def lines(self) -> list[str]:
        """All but the cycles, in words.

        Returns
        -------
        list of str
            Lines.
        """
        how = "all" if self.exhaustive else "a sample of"
        told = [
            f"{self.rule.name} {self.version.name}: {how} {self.states:,} states from "
            f"{self.lowest:,} to {self.highest:,} searched in {self.seconds:.2f} s",
            f"range: {self.rule.search.about}",
            f"no input leaves: {_spans(self.fixed)}",
            f"each constant input keeps or brings back: {_spans(self.held)}",
        ]
        for closed in self.closed:
            entered = (
                "nothing enters it"
                if closed.entered_from is None
                else f"entered from {closed.entered_from:,}"
            )
            told.append(f"once {_within(closed)} it stays there; {entered}")
        resting = {cycle.input for cycle in self.cycles}
        for label in self.rule.search.inputs(self.version.parameters):
            if label not in resting:
                told.append(f"under '{label}' no state comes to rest within the range")
        if self.left and self.exhaustive:
            lead = "leads" if self.left == 1 else "lead"
            told.append(f"the search is cut: {counted(self.left, 'step')} {lead} out of the range")
        elif self.left:
            told.append(
                f"the search is cut: {counted(self.left, 'walk')} left the range or did not close "
                "in time"
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
            "range": self.rule.search.about,
            **found,
            "closed": [asdict(one) for one in self.closed],
            "cycles": [asdict(one) for one in self.cycles],
        }


def _spans(ranges: tuple[tuple[int, int], ...]) -> str:
    if not ranges:
        return "no state"
    shown = [f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in ranges[:10]]
    more = f" and {len(ranges) - 10:,} more" if len(ranges) > 10 else ""
    return ", ".join(shown) + more


def _within(closed: Closed) -> str:
    if closed.lowest is None:
        return f"at or below {closed.highest:,}"
    if closed.highest is None:
        return f"at or above {closed.lowest:,}"
    return f"in {closed.lowest:,} to {closed.highest:,}"
