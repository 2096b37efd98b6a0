"""What a verification says: verified, differs or cannot be checked, with a line for every thing
that was found.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any, Literal

from ...errors import counted, printable
from ...shown import Shown
from ..report.marks import TOLERANCE

Status = Literal["verified", "differs", "cannot be checked"]
EXIT = {"verified": 0, "differs": 1, "cannot be checked": 2}
SHOWN = 5  # findings of a file that are printed; JSON has all
EXACT = 2.0**53  # above it not every whole number is a float
LONGEST = 200  # characters of a recorded text that are shown; it is untrusted


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. file: of the bundle. what: the number, line or
    property. recorded, found: its values, where it has some.

    recorded is what the bundle says, found what was computed here.
    """

    file: str
    what: str
    recorded: float | str | None = None
    found: float | str | None = None

    @property
    def difference(self) -> float | None:
        """Recorded less found, of two numbers."""
        if isinstance(self.recorded, float) and isinstance(self.found, float):
            return self.recorded - self.found
        return None

    def __str__(self) -> str:
        text = f"{self.file}: {self.what}"
        if self.recorded is not None or self.found is not None:
            text += f": recorded {_shown(self.recorded)}, computed {_shown(self.found)}"
            gap = self.difference
            if gap is not None and math.isfinite(gap):
                size = max(abs(self.recorded), abs(self.found))
                text += f", difference {gap:.3g}" + (
                    f" ({abs(gap) / size:.2g} relative)" if size else ""
                )
        return printable(text)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.file,
            "what": self.what,
            "recorded": self.recorded,
            "computed": self.found,
            "difference": self.difference,
        }


def _shown(value: float | str | None) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < EXACT else repr(value)
    text = " ".join(value.split())
    return f"'{text[:LONGEST]}…'" if len(text) > LONGEST else f"'{text}'"


@dataclass(frozen=True, repr=False)
class Verification(Shown):
    """A verification, as `verify` returns it.

    Attributes
    ----------
    status : {"verified", "differs", "cannot be checked"}
        The outcome.
    id : str
        The bundle's identifier.
    findings : tuple of Finding
        What differs.
    reasons : tuple of str
        Why something cannot be checked.
    notes : tuple of str
        What was done, and how far it reaches.
    recomputed, runs : int
        How many of the bundle's runs were simulated again, and how many it has.
    largest : float, optional
        Relative difference of a recomputed number, over all of them.
    sample_seed : int, optional
        Of the choice of runs, where some were chosen.
    probability : float, optional
        With which one forged run would have been found.
    uncompared : tuple of str
        Files that could not be compared with the same made anew.
    remarks : tuple of str
        What a reader must know before the rest.
    turned : tuple of str
        Files whose line endings alone are others.
    rounded : bool
        Whether a margin that was computed elsewhere has another last digit than here.
    """

    status: Status
    id: str
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    recomputed: int = 0
    runs: int = 0
    largest: float | None = None
    sample_seed: int | None = None
    probability: float | None = None
    uncompared: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()
    rounded: bool = False

    def _essentials(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "id": self.id,
            "runs simulated again": f"{self.recomputed} of {self.runs}",
            "findings": len(self.findings),
            "reasons": "; ".join(self.reasons) or "none",
        }

    @property
    def exit_status(self) -> int:
        """0 verified, 1 differs, 2 cannot be checked."""
        return EXIT[self.status]

    def lines(self) -> list[str]:
        """The outcome as text.

        Returns
        -------
        list of str
            The status first, then what must be known, then findings or reasons, then notes.
        """
        counts = Counter(one.file for one in self.findings)
        status = self.status + (
            f" but for {' and '.join(self._but())}"
            if self.status == "verified" and self._but()
            else ""
        )
        head = f"{status}: " + (
            ", ".join(f"{count} in {name}" for name, count in counts.items())
            or f"SHA-256 {self.id}"
        )
        shown: list[str] = []
        for name, count in counts.items():
            shown += [str(one) for one in self.findings if one.file == name][:SHOWN]
            shown += [f"{name}: and {count - SHOWN} more (--json has all)"] * (count > SHOWN)
        return [
            printable(head),
            *map(printable, self.remarks),
            *shown,
            *map(printable, self.reasons),
            *map(printable, self.notes),
        ]

    def _but(self) -> list[str]:
        """What is not bit for bit as this package would write it here."""
        count = len(self.uncompared)
        told = {
            "line endings": bool(self.turned),
            f"last digits of margins, {TOLERANCE:g} relative": self.rounded,
            f"{counted(count, 'file')} that cannot be compared": bool(count),
        }
        return [what for what, so in told.items() if so]

    def plain(self) -> dict[str, Any]:
        """All of it.

        Returns
        -------
        dict
            For JSON.
        """
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return told | {"findings": [one.plain() for one in self.findings]}
