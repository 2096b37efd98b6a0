"""What checks of a bundle have found so far: each adds its own, none changes what another said."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import TokenomicsError
from ..evidence.evidence import Evidence
from .findings import Finding, Verification

LONGEST_REASON = 300  # characters
# what a plan that no version of this package made can raise where it is simulated or shown
STRANGE = (
    TokenomicsError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RecursionError,
)
LISTS = ("findings", "reasons", "remarks", "notes", "uncompared", "turned")


@dataclass(frozen=True)
class Recomputed:
    """The numbers that were simulated again; as in `Verification`."""

    runs: int = 0
    recomputed: int = 0
    largest: float | None = None
    sample_seed: int | None = None
    probability: float | None = None


@dataclass(frozen=True)
class Known:
    """What one check found, or several together. The lists are those of `Verification`.

    changed: files of which the page is not blamed for what they have now. rounded: whether a
    margin has another last digit than here.
    evidence: of the plan and the numbers that the pages follow from. ends: whether nothing can be
    checked after this.
    """

    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()
    rounded: bool = False
    changed: frozenset[str] = frozenset()
    evidence: Evidence | None = None
    recomputed: Recomputed = Recomputed()
    ends: bool = False

    def __add__(self, more: Known) -> Known:
        return Known(
            **{name: getattr(self, name) + getattr(more, name) for name in LISTS},
            rounded=self.rounded or more.rounded,
            changed=self.changed | more.changed,
            evidence=more.evidence or self.evidence,
            recomputed=self.recomputed if more.recomputed == Recomputed() else more.recomputed,
            ends=self.ends or more.ends,
        )

    def outcome(self, id: str) -> Verification:
        """id: of the bundle, as it says."""
        status = "differs" if self.findings else "cannot be checked" if self.reasons else "verified"
        return Verification(
            status,
            id,
            **{name: getattr(self, name) for name in LISTS},
            rounded=self.rounded,
            **vars(self.recomputed),
        )
