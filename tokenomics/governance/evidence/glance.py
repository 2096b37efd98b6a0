"""Every limit in one line: what was found against it, in how many scenarios it holds, and in how
many worlds.
"""

from __future__ import annotations

from typing import Protocol

from ...errors import counted
from .verdict import FAILS, HOLDS, UNDECIDED, HasVerdict, measured
from .worlds import InWorlds, in_words


class HasGlance(HasVerdict, Protocol):
    """What has limits and worlds: `Evidence`."""

    @property
    def in_worlds(self) -> InWorlds: ...


def at_a_glance(evidence: HasGlance) -> list[str]:
    """A line a limit, in the order of the proposal; none of a run, a sweep or a proposal that moves
    no number.
    """
    own = evidence.own_checks() if evidence.claim else ()
    if not len(own):
        return []
    worlds = evidence.in_worlds.counts.to_dict(orient="records")
    counts = {row["number"]: in_words(row) for row in worlds}
    lines = []
    for number, limit in enumerate(evidence.claim.limits, 1):
        checks = own[own["number"] == number]
        found = ", ".join(
            f"{word} in {int((checks['verdict'] == word).sum())}"
            for word in (HOLDS, FAILS, UNDECIDED)
            if (checks["verdict"] == word).any()
        )
        told = f"{measured(limit, checks)}: {found} of {counted(len(checks), 'scenario')}"
        lines.append(f"{told}; over worlds {counts[number]}." if number in counts else f"{told}.")
    return lines
