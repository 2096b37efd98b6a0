"""An untrusted bundle as it was read, once: its manifest and its files, within bounds. The checks
judge what is here and read nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import InputError
from ...results.records import FileRecord
from ...results.versions import package_record
from ..bundle.bundle import (
    AS_WRITTEN,
    ATTRIBUTES,
    MANIFEST,
    RUNS,
    ManifestRecord,
    manifest_plan,
    manifest_record,
    writers,
)
from ..bundle.directory import Listing
from ..bundle.runs_table import parse_runs
from ..evidence import platforms
from ..evidence.canonical import digest, evidence_id, results_digest
from ..evidence.plan import EvidencePlan
from .differences import MUCH_MORE
from .known import LONGEST_REASON


@dataclass(frozen=True)
class Options:
    """What a verification was asked for; see `verify`. trust: content of the files, by path."""

    id: str | None = None
    trust: Mapping[Path, bytes] = field(default_factory=dict)
    sample: float | None = None
    sample_seed: int | None = None
    workers: int | None = None
    progress: Callable[[int, int], None] | None = None


@dataclass(frozen=True)
class FileRead:
    """A file as it was read. content: None where it cannot be read, for `error`. turned: its line
    endings alone were others; content has LF.
    """

    content: bytes | None
    error: str = ""
    turned: bool = False


@dataclass(frozen=True)
class Untrusted:
    """A bundle as it was read. written, plain: its manifest's bytes and data. id: the identifier
    that its content has. read: files by name.

    What stands below follows from these alone.
    """

    folder: Path
    listing: Listing
    written: bytes
    plain: Mapping[str, Any]
    record: ManifestRecord
    id: str
    read: Mapping[str, FileRead]
    options: Options

    @cached_property
    def contents(self) -> dict[str, bytes]:
        """Of the files that the manifest lists and that can be read, in its order."""
        found = {name: self.read[name].content for name in self.record.files if name in self.read}
        return {name: content for name, content in found.items() if content is not None}

    @cached_property
    def turned(self) -> tuple[str, ...]:
        """Files whose line endings alone are others."""
        return tuple(name for name, one in self.read.items() if one.turned)

    @cached_property
    def changed(self) -> frozenset[str]:
        """Files that are not as the manifest has them."""
        told = self.record.files
        return frozenset(
            name for name, content in self.contents.items() if not _as_told(content, told[name])
        )

    @cached_property
    def plan(self) -> EvidencePlan:
        """Raises InputError where it is none."""
        return manifest_plan(self.record, self.folder / MANIFEST)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """`simulate`'s table as recorded. Raises InputError where it is not that of the plan."""
        return parse_runs(self.contents.get(RUNS, b""), self.plan, self.folder / RUNS)

    @cached_property
    def touched(self) -> bool:
        """Whether the recorded numbers are not those that the manifest stands for."""
        return results_digest(self.runs, list(self.plan.metrics)) != self.record.results

    @cached_property
    def elsewhere(self) -> tuple[str, ...]:
        """In what the maker's platform differs from this one, so that last digits of margins and
        figures may.
        """
        return tuple(platforms.differences(self.record.platform, self.record.dependencies))

    def same(self, *packages: str) -> bool:
        """Whether the maker names the versions of some packages that are installed here."""
        here = package_record()["dependencies"] | writers()
        return all(here[name] == self.record.dependencies.get(name) for name in packages)


def read(
    folder: Path, listing: Listing, written: bytes, plain: Mapping[str, Any], options: Options
) -> Untrusted:
    """A bundle's files, of which no more is read than they should have. Raises InputError where its
    manifest is none of this format.
    """
    path = folder / MANIFEST
    record = manifest_record(plain, path)
    files = {
        name: _file(folder / name, told)
        for name, told in record.files.items()
        if name in listing.sizes
    }
    if ATTRIBUTES in listing.sizes:
        files[ATTRIBUTES] = _read(folder / ATTRIBUTES, len(AS_WRITTEN) + 1)
    try:
        found = evidence_id(record.plan, record.results, record.tokenomics, record.format)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a plan ({error})"[:LONGEST_REASON], file=path, key="plan") from None
    return Untrusted(folder, listing, written, plain, record, found, files, options)


def _as_told(content: bytes, told: FileRecord) -> bool:
    return len(content) == told.bytes and digest(content) == told.sha256


def _file(path: Path, told: FileRecord) -> FileRead:
    """A file that the manifest lists; with LF where it is then what the manifest says."""
    found = _read(path, 2 * told.bytes + MUCH_MORE)
    if found.content is None:
        return found
    unix = found.content.replace(b"\r\n", b"\n")
    turned = len(unix) < len(found.content) and _as_told(unix, told)
    return FileRead(unix, turned=True) if turned else found


def _read(path: Path, most: int) -> FileRead:
    try:
        with open(path, "rb") as stream:
            return FileRead(stream.read(most))
    except OSError as error:
        return FileRead(None, f"cannot be read ({error.strerror})")
