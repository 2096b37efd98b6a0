"""A bundle that is being verified: what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, TokenomicsError
from .findings import Finding, Outcome

LONGEST_REASON = 300  # characters
# what a plan that no version of this package made can raise where it is simulated or shown
STRANGE = (TokenomicsError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError)


@dataclass
class Case:
    """What is known of a bundle so far."""

    folder: Path
    sizes: dict[str, int]
    findings: list[Finding] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # files that are not as the manifest has them
    apart: list[str] = field(default_factory=list)  # files that cannot be compared

    def outcome(self, record_id: str, **more: Any) -> Outcome:
        status = "differs" if self.findings else "cannot be checked" if self.reasons else "verified"
        return Outcome(status, record_id, tuple(self.findings), tuple(self.reasons), tuple(self.notes), uncompared=tuple(self.apart), **more)

    def stop(self, error: InputError, record_id: str) -> Outcome:
        """The findings so far, where something cannot be looked at further. Raises the error where there are none."""
        if not self.findings:
            raise error
        self.notes.append(f"not looked at further: {error}"[: 2 * LONGEST_REASON])
        return self.outcome(record_id)
