"""The files of a bundle: their bytes against the manifest's digests, the manifest against its own content and the published identifier."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .bundle import MANIFEST, ManifestRecord, manifest_text
from .canonical import canonical_json, digest, evidence_id
from .case import LONGEST_REASON, Case
from .findings import Finding
from .plan import EvidencePlan


def files(case: Case, record: ManifestRecord) -> dict[str, bytes]:
    """Contents of the files that the manifest lists; what is missing, added or changed is found."""
    contents = {}
    for name in sorted(set(case.sizes) - set(record.files) - {MANIFEST}):
        case.findings.append(Finding(name, "not in the manifest: added since"))
    for name, told in record.files.items():
        if name not in case.sizes:
            case.findings.append(Finding(name, "missing"))
            continue
        size = case.sizes[name]
        try:
            with open(case.folder / name, "rb") as stream:
                contents[name] = stream.read(size + 1)
        except OSError as error:
            case.findings.append(Finding(name, f"cannot be read ({error.strerror})"))
            continue
        if len(contents[name]) != told.bytes:
            case.changed.add(name)
            case.findings.append(Finding(name, f"{size} bytes, where the manifest has {told.bytes}: {'shorter' if size < told.bytes else 'longer'}"))
        elif digest(contents[name]) != told.sha256:
            case.changed.add(name)
            case.findings.append(Finding(name, f"changed: its SHA-256 is not {told.sha256[:16]}… of the manifest"))
    return contents


def identifier(case: Case, record: ManifestRecord, published: str | None) -> None:
    try:
        found = evidence_id(record.plan, record.results, record.tokenomics)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a plan ({error})"[:LONGEST_REASON], file=case.folder / MANIFEST, key="plan") from None
    if found != record.id:
        case.findings.append(Finding(MANIFEST, "id is not that of its plan, version and results", record.id, found))
    if published is not None and published.lower() != record.id:
        case.findings.append(Finding(MANIFEST, f"id is {record.id}, not {published.lower()}, which was published"))


def as_written(case: Case, written: bytes, plain: dict[str, Any]) -> None:
    """The manifest's bytes: what is parsed as the same data may show a reader something else."""
    try:
        same = written == manifest_text(plain)
    except (ValueError, RecursionError):
        same = False
    if not same:
        case.findings.append(Finding(MANIFEST, "not as this package writes the same content: digits, spaces or signs were changed"))


def same_plan(case: Case, record: ManifestRecord, plan: EvidencePlan) -> None:
    """The plan as data beside the same plan as this package writes it: a number with a decimal point where it has one."""
    mine, other = record.plan, plan.plain()
    if canonical_json(mine) != canonical_json(other):
        keys = [key for key in mine if canonical_json(mine[key]) != canonical_json(other[key])]
        case.findings.append(Finding(MANIFEST, f"its plan is not written as this package writes it: {', '.join(keys)}"))
