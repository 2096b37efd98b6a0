"""The files of a bundle: their bytes against the manifest's digests, the manifest against its own content and the published identifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import InputError
from ..bundle.bundle import AS_WRITTEN, ATTRIBUTES, MANIFEST, ManifestRecord, manifest_text
from ..evidence.canonical import canonical_json, digest, evidence_id
from ..evidence.plan import EvidencePlan
from .case import LONGEST_REASON, Case
from .differences import MUCH_MORE
from .findings import Finding

MOST_NAMED = 5  # files in a line


def files(case: Case, record: ManifestRecord) -> dict[str, bytes]:
    """Contents of the files that the manifest lists; what is missing, added or changed is found."""
    contents = {}
    sizes = case.listing.sizes
    for name in sorted(set(sizes) - set(record.files) - {MANIFEST, ATTRIBUTES}):
        case.findings.append(Finding(name[:LONGEST_REASON], "not in the manifest: added since"))
    if ATTRIBUTES in sizes and _read(case, ATTRIBUTES, len(AS_WRITTEN) + 1) not in (AS_WRITTEN, AS_WRITTEN.replace(b"\n", b"\r\n")):
        case.findings.append(Finding(ATTRIBUTES, f"not as this package writes it: '{AS_WRITTEN.decode().strip()}'"))
    for name, told in record.files.items():
        if name not in sizes:
            case.findings.append(Finding(name, "missing"))
            continue
        size = sizes[name]
        content = _read(case, name, 2 * told.bytes + MUCH_MORE)
        if content is None:
            continue
        unix = content.replace(b"\r\n", b"\n")
        if len(unix) == told.bytes < len(content) and digest(unix) == told.sha256:
            case.turned.append(name)
            content = unix
        contents[name] = content
        if len(content) != told.bytes:
            case.changed.add(name)
            case.findings.append(Finding(name, f"{size} bytes, where the manifest has {told.bytes}: {'shorter' if size < told.bytes else 'longer'}"))
        elif digest(content) != told.sha256:
            case.changed.add(name)
            case.findings.append(Finding(name, f"changed: its SHA-256 is not {told.sha256[:16]}… of the manifest"))
    return contents


def _read(case: Case, name: str, most: int) -> bytes | None:
    """A file's content, of which no more is read than `most`; None where it cannot be read, which is found."""
    try:
        with open(case.folder / name, "rb") as stream:
            return stream.read(most)
    except OSError as error:
        case.findings.append(Finding(name, f"cannot be read ({error.strerror})"))
    return None


def remarks(case: Case) -> None:
    """What is not of the bundle, and line endings that alone are others."""
    if case.listing.left:
        case.remarks.append(f"not part of the bundle, and not looked into: {_named(case.listing.left)}")
    if case.turned:
        case.remarks.append(
            f"line endings alone differ in {len(case.turned)} file{'s' * (len(case.turned) > 1)}, CRLF where LF was written, as Git's core.autocrlf "
            f"turns them: {_named(case.turned)}; with LF each is what the manifest says, and that was checked. To have them as they were written: "
            f"git clone -c core.autocrlf=false, or in the clone git config core.autocrlf false, delete the bundle's files, git checkout -- ."
        )


def _named(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


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
        text = manifest_text(plain)
    except (ValueError, RecursionError):
        text = b""
    same = written == text
    if not same and written.replace(b"\r\n", b"\n") == text:
        case.turned.append(MANIFEST)
    elif not same:
        case.findings.append(Finding(MANIFEST, "not as this package writes the same content: digits, spaces or signs were changed"))


def same_plan(case: Case, record: ManifestRecord, plan: EvidencePlan) -> None:
    """The plan as data beside the same plan as this package writes it: a number with a decimal point where it has one."""
    mine, other = record.plan, plan.plain()
    if canonical_json(mine) != canonical_json(other):
        keys = [key for key in mine if canonical_json(mine[key]) != canonical_json(other[key])]
        case.findings.append(Finding(MANIFEST, f"its plan is not written as this package writes it: {', '.join(keys)}"))
