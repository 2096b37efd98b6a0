"""Check: the identifier is that of the content, and the one that was published."""

from __future__ import annotations

from ..bundle.bundle import MANIFEST
from .findings import Finding
from .known import Known
from .untrusted import Untrusted


def check(bundle: Untrusted, known: Known) -> Known:
    """A forgery that is consistent in itself has another identifier than the one that was
    published.
    """
    told, published = bundle.record.id, bundle.options.id
    findings = []
    if bundle.id != told:
        findings.append(
            Finding(MANIFEST, "id is not that of its plan, version and results", told, bundle.id)
        )
    if published is not None and published.lower() != told:
        findings.append(
            Finding(MANIFEST, f"id is {told}, not {published.lower()}, which was published")
        )
    return Known(tuple(findings))
