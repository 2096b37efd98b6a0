"""A bundle's directory before anything in it is read: plain files only, few enough and small enough."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path

from ..errors import InputError
from ..results.records import LARGEST_FILE
from .bundle import LARGEST_MANIFEST, MANIFEST, MOST_FILES, NAME, ManifestRecord, read_manifest, read_runs
from .evidence import Evidence

DEEPEST = 4  # levels of directories; NAME allows no more
LARGEST = 2_000_000_000  # bytes of all files together, which are in memory at once


def listing(folder: str | Path) -> dict[str, int]:
    """Size in bytes of every file, by its path within the bundle. Empty directories are listed with a slash at their end.

    Raises InputError for what is not a directory, for links and devices in it, for names that are no plain paths, and beyond the limits.
    """
    root = Path(folder)
    if not root.is_dir():
        found = "no such directory" if not root.exists() else "a file"
        raise InputError(found, file=root, expected="a bundle's directory; no archive is read: unpack it first")
    found: dict[str, int] = {}
    _walk(root, "", found, 1)
    total = sum(found.values())
    if total > LARGEST:
        raise InputError(f"{total} bytes in all", file=root, expected=f"at most {LARGEST}")
    return found


def _walk(root: Path, prefix: str, found: dict[str, int], depth: int) -> None:
    try:
        with os.scandir(root / prefix) as listed:
            entries = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in itertools.islice(listed, 2 * MOST_FILES + 1))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=root / prefix) from None
    if len(entries) + len(found) > 2 * MOST_FILES or depth > DEEPEST:
        raise InputError("too many files or levels", file=root, expected=f"at most {MOST_FILES} files, in {DEEPEST} levels")
    if not entries and prefix:
        found[prefix] = 0
    for own, status in entries:
        name = prefix + own
        if stat.S_ISLNK(status.st_mode):
            raise InputError(f"{name!r} is a symbolic link"[:200], file=root, expected="plain files, so that nothing outside is read")
        if stat.S_ISDIR(status.st_mode):
            _walk(root, name + "/", found, depth + 1)
        elif not stat.S_ISREG(status.st_mode):
            raise InputError(f"{name!r} is not a plain file"[:200], file=root, expected="plain files")
        else:
            most = LARGEST_MANIFEST if name == MANIFEST else LARGEST_FILE
            if status.st_size > most:
                raise InputError(f"{status.st_size} bytes", file=root / name, expected=f"at most {most}")
            if not NAME.fullmatch(name):
                raise InputError(f"the file name {name!r}"[:200], file=root, expected="a plain path within the bundle")
            found[name] = status.st_size


def open_bundle(folder: str | Path) -> tuple[ManifestRecord, Evidence]:
    """A bundle's manifest and evidence, read as it stands and not computed again.

    Raises InputError for what is no bundle, and where its numbers or its identifier are not those of its manifest.
    """
    listing(folder)
    record, plan = read_manifest(folder)
    evidence = Evidence(plan, read_runs(folder, record, plan), record.tokenomics)
    if evidence.id != record.id:
        raise InputError(f"{record.id[:16]}…", file=Path(folder) / MANIFEST, key="id", expected=f"{evidence.id[:16]}… of its plan and numbers")
    return record, evidence
