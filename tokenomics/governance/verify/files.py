"""Check: every file is in the manifest and has its digest."""

from __future__ import annotations

from collections.abc import Sequence

from ..bundle.bundle import AS_WRITTEN, ATTRIBUTES, MANIFEST
from .findings import Finding
from .known import LONGEST_REASON, Known
from .untrusted import Untrusted

MOST_NAMED = 5  # files in a line


def check(bundle: Untrusted, known: Known) -> Known:
    """What is missing, added or changed; what is not of the bundle is named."""
    added = sorted(set(bundle.listing.sizes) - set(bundle.record.files) - {MANIFEST, ATTRIBUTES})
    findings = [
        Finding(name[:LONGEST_REASON], "not in the manifest: added since") for name in added
    ]
    findings += _attributes(bundle)
    for name in bundle.record.files:
        findings += _file(bundle, name)
    left = bundle.listing.left
    remarks = (f"not part of the bundle, and not looked into: {named(left)}",) if left else ()
    return Known(tuple(findings), remarks=remarks, changed=bundle.changed)


def _attributes(bundle: Untrusted) -> list[Finding]:
    """The one file that Git reads, which no digest covers."""
    if ATTRIBUTES not in bundle.read:
        return []
    content, error = bundle.read[ATTRIBUTES].content, bundle.read[ATTRIBUTES].error
    found = [Finding(ATTRIBUTES, error)] if content is None else []
    if content not in (AS_WRITTEN, AS_WRITTEN.replace(b"\n", b"\r\n")):
        found.append(
            Finding(ATTRIBUTES, f"not as this package writes it: '{AS_WRITTEN.decode().strip()}'")
        )
    return found


def _file(bundle: Untrusted, name: str) -> list[Finding]:
    """A file that the manifest lists, as it was read."""
    if name not in bundle.read:
        return [Finding(name, "missing")]
    content, told = bundle.read[name].content, bundle.record.files[name]
    if content is None:
        return [Finding(name, bundle.read[name].error)]
    if name not in bundle.changed:
        return []
    size = bundle.listing.sizes[name]
    if len(content) != told.bytes:
        return [
            Finding(
                name,
                (
                    f"{size} bytes, where the manifest has {told.bytes}: "
                    f"{'shorter' if size < told.bytes else 'longer'}"
                ),
            )
        ]
    return [Finding(name, f"changed: its SHA-256 is not {told.sha256[:16]}… of the manifest")]


def named(names: Sequence[str]) -> str:
    """Files in a line, no more than one reads."""
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
