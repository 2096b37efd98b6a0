"""A bundle that is being verified: what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import InputError, TokenomicsError
from ..bundle.directory import Listing
from .findings import Finding, Verification

LONGEST_REASON = 300  # characters
# what a plan that no version of this package made can raise where it is simulated or shown
STRANGE = (TokenomicsError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError)


@dataclass
class Case:
    """What is known of a bundle so far."""

    folder: Path
    listing: Listing
    findings: list[Finding] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # what a reader must know before anything else
    notes: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # files that are not as the manifest has them
    apart: list[str] = field(default_factory=list)  # files that cannot be compared
    turned: list[str] = field(default_factory=list)  # files whose line endings alone are others
    rounded: bool = False  # whether a computed number has another last digit than here

    def outcome(self, record_id: str, **more: Any) -> Verification:
        status = "differs" if self.findings else "cannot be checked" if self.reasons else "verified"
        lists = {name: tuple(getattr(self, name)) for name in ("findings", "reasons", "remarks", "notes")}
        return Verification(status, record_id, **lists, uncompared=tuple(self.apart), turned=tuple(self.turned), rounded=self.rounded, **more)

    def stop(self, error: InputError, record_id: str) -> Verification:
        """The findings so far, where something cannot be looked at further. Raises the error where there are none."""
        if not self.findings:
            raise error
        self.notes.append(f"not looked at further: {error}"[: 2 * LONGEST_REASON])
        return self.outcome(record_id)
