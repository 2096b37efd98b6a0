"""What a reproduction returns: tables with the published numbers beside ours, and what became of
each claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..parameters.locate import find
from ..parameters.reading import Leaf, read
from ..results.intervals import LEVEL, intervals
from ..results.markdown import markdown_table
from ..shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# undecided: tested, but an interval holds both answers. direction only: an effect as the claim has
# it, and smaller than it says
Verdict = Literal["confirmed", "direction only", "refuted", "undecided", "not testable"]


def verdict(holds: Any) -> Verdict:
    """The verdict on a claim that was tested."""
    return "confirmed" if holds else "refuted"


@dataclass(frozen=True)
class Claim:
    """text: what the paper says, and where. evidence: the numbers on which the verdict rests."""

    text: str
    verdict: Verdict
    evidence: str


@dataclass(frozen=True, eq=False, repr=False)
class Reproduction(Shown):
    """A published result beside ours, as `reproduce` returns it.

    Attributes
    ----------
    paper : str
        Title, authors, year, identifier.
    tables : mapping of str to pandas.DataFrame
        By heading; a column `published` holds the paper's numbers.
    claims : tuple of Claim
        Of the paper, and what became of each.
    choices : tuple of str
        What the paper does not give and how it was chosen, and where ours differs and why.
    figures : mapping of str to Figure
        By name of their file.
    """

    paper: str
    tables: Mapping[str, pd.DataFrame]
    claims: tuple[Claim, ...]
    choices: tuple[str, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def _essentials(self) -> dict[str, Any]:
        counts = Counter(claim.verdict for claim in self.claims)
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        return {"paper": self.paper, "claims": told, "tables": ", ".join(self.tables)}

    def markdown(self) -> str:
        """The whole as text that pastes into a proposal.

        Returns
        -------
        str
            Markdown.
        """
        import pandas as pd

        parts = [f"# {self.paper}"]
        for title, table in self.tables.items():
            parts += [f"## {title}", markdown_table(table)]
        claims = pd.DataFrame([vars(c) for c in self.claims]).rename(columns={"text": "claim"})
        parts += ["## Claims", markdown_table(claims)]
        if self.choices:
            parts += ["## Choices of ours", "\n".join(f"- {choice}" for choice in self.choices)]
        return "\n\n".join(parts) + "\n"

    def plain(self) -> dict[str, Any]:
        """The same as lists and mappings.

        Returns
        -------
        dict
            For JSON.
        """
        return {
            "paper": self.paper,
            "tables": {
                title: table.to_dict(orient="records") for title, table in self.tables.items()
            },
            "claims": [vars(c) for c in self.claims],
            "choices": list(self.choices),
        }


def mean_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float, float]:
    """Mean of (runs,) and the bounds of its interval, of 95 % unless told, NaN for one run."""
    found = intervals(np.asarray(values, dtype=float)[None, :], level=level)
    return float(found.mean[0]), float(found.low[0]), float(found.high[0])


def ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float, float]:
    """Ratio of the means of paired runs (runs,), with its 95 % interval by the delta method; NaN
    where the lower mean is zero.
    """
    mean = float(np.mean(below))
    if mean == 0.0:
        return (float("nan"),) * 3
    value = float(np.mean(above)) / mean
    return mean_interval(value + (above - value * below) / mean)


# columns that end a table of a PID beside a rival, each quantity on the same shocks
BESIDE = ["quantity", "PID", "other", "PID − other", "low", "high", "in words"]


def in_words(who: str, low: float, high: float) -> str:
    """What the interval of a difference, who less another, says of which is larger."""
    if low > 0.0 or high < 0.0:
        return f"{who} {'higher' if low > 0.0 else 'lower'}"
    return "undecided"


def settings(paper: str | Path) -> dict[str, Leaf]:
    """Leaves of `params/papers/PAPER.yaml` by path: value, unit, source. Raises InputError for what
    cannot be read.
    """
    return read(find("paper", str(paper)))[1]
