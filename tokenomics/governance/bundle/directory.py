"""A bundle's directory before anything in it is read: plain files only, few enough and small
enough.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...results.records import LARGEST_FILE
from ..evidence.evidence import Evidence
from .bundle import LARGEST_MANIFEST, MANIFEST, MOST_FILES, ManifestRecord, read_manifest, read_runs

DEEPEST = 4  # levels of directories; NAME allows no more
LARGEST = 2_000_000_000  # bytes of all files together, which are in memory at once
# A file of more than so many bytes that takes less than a 64th of them on disk is one of zeros: no
# disk's compression of text or figures reaches that. It would cost the reader's time and memory and
# its maker nothing.
SMALL, STORED = 1_000_000, 64
# What file managers, archivers and version control leave in a directory by themselves. The list is
# closed: what a person or an editor leaves, backups among them, is a sign that somebody changed
# something.
LEFT_BEHIND = frozenset(
    [
        ".ds_store",
        ".spotlight-v100",
        ".trashes",
        ".fseventsd",
        ".temporaryitems",
        "__macosx",
    ]  # macOS
    + [
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "$recycle.bin",
        "system volume information",
    ]  # Windows
    + [".directory", ".git", ".hg", ".svn"]  # KDE; Git, Mercurial, Subversion
)
APPLE_DOUBLE = (
    "._"  # begins the name of a file's other half, where macOS wrote on a disk of another kind
)


@dataclass(frozen=True)
class Listing:
    """A bundle's directory. sizes: in bytes, of every file by its path; an empty directory has a
    slash at its end. left: what is no part of it.
    """

    sizes: Mapping[str, int]
    left: tuple[str, ...]


def listing(folder: str | Path) -> Listing:
    """What is in a bundle's directory. What systems leave behind is named and not looked into.

    Raises InputError for what is not a directory, for links and devices in it, and beyond the
    limits.
    """
    root = Path(folder)
    if not root.is_dir():
        found = "no such directory" if not root.exists() else "a file"
        raise InputError(
            found, file=root, expected="a bundle's directory; no archive is read: unpack it first"
        )
    sizes: dict[str, int] = {}
    left: list[str] = []
    _walk(root, "", sizes, left, 1)
    total = sum(sizes.values())
    if total > LARGEST:
        raise InputError(f"{total} bytes in all", file=root, expected=f"at most {LARGEST}")
    return Listing(sizes, tuple(left))


def _left_behind(name: str) -> bool:
    return name.lower() in LEFT_BEHIND or name.startswith(APPLE_DOUBLE)


def _walk(root: Path, prefix: str, found: dict[str, int], left: list[str], depth: int) -> None:
    try:
        with os.scandir(root / prefix) as listed:
            entries = sorted(
                (entry.name, entry.stat(follow_symlinks=False))
                for entry in itertools.islice(listed, 2 * MOST_FILES + 1)
            )
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=root / prefix) from None
    if len(entries) + len(found) > 2 * MOST_FILES or depth > DEEPEST:
        raise InputError(
            "too many files or levels",
            file=root,
            expected=f"at most {MOST_FILES} files, in {DEEPEST} levels",
        )
    if not entries and prefix:
        found[prefix] = 0
    for own, status in entries:
        name = prefix + own
        if _left_behind(own):
            left.append(name)
        elif stat.S_ISLNK(status.st_mode):
            raise InputError(
                f"{name!r} is a symbolic link"[:200],
                file=root,
                expected="plain files, so that nothing outside is read",
            )
        elif stat.S_ISDIR(status.st_mode):
            _walk(root, name + "/", found, left, depth + 1)
        elif not stat.S_ISREG(status.st_mode):
            raise InputError(
                f"{name!r} is not a plain file"[:200], file=root, expected="plain files"
            )
        else:
            _bounded(root / name, status, LARGEST_MANIFEST if name == MANIFEST else LARGEST_FILE)
            found[name] = status.st_size


def _bounded(path: Path, status: os.stat_result, most: int) -> None:
    """Refuse a file that is too large, or of which next to nothing is stored."""
    if status.st_size > most:
        raise InputError(f"{status.st_size} bytes", file=path, expected=f"at most {most}")
    stored = 512 * getattr(status, "st_blocks", status.st_size)  # which Windows does not tell
    if status.st_size > SMALL and STORED * stored < status.st_size:
        raise InputError(
            f"{status.st_size} bytes, of which {stored} are stored",
            file=path,
            expected="a file that is not empty inside",
        )


def open_bundle(folder: str | Path) -> tuple[ManifestRecord, Evidence]:
    """A bundle's manifest and evidence, read as it stands and not computed again.

    Raises InputError for what is no bundle, and where its numbers or its identifier are not those
    of its manifest.
    """
    listing(folder)
    record, plan = read_manifest(folder)
    runs = read_runs(folder, record, plan)
    evidence = Evidence(plan, runs, record.tokenomics, record.format)
    if evidence.id != record.id:
        raise InputError(
            f"{record.id[:16]}…",
            file=Path(folder) / MANIFEST,
            key="id",
            expected=f"{evidence.id[:16]}… of its plan and numbers",
        )
    return record, evidence
