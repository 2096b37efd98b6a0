"""Folders that a command wrote: which kind of folder one is, and files in it that are read without
leaving it.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from pathlib import Path

from ..errors import InputError
from ..inputs.files import read_bytes, reason
from ..inputs.strict_json import digest
from .records import FileRecord

RUN, MANIFEST = "run.json", "manifest.json"
PARAMETERS, TRAJECTORIES = "params.yaml", "trajectories.parquet"
# of the trajectories: 2 GB as numbers, which a run of all variables over a year reaches with 5,000
# runs
MOST_CELLS = 250_000_000
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,120}(/[A-Za-z0-9_][A-Za-z0-9._+-]{0,120}){0,3}")
SHOWN, LISTED = 5, 1_000  # folders within a folder that are named, and looked at
# bytes of a manifest that tell a bundle from a sweep: it begins with its format, a sweep with its
# kind
HEAD = 200

# the file that tells each kind, what it is called, and which command reads it
OTHERS = {
    "calibration.json": (
        "the folder of a calibration",
        "its overlay.yaml goes to --overlay of 'tokenomics run'",
    ),
    "validation.json": (
        "the folder of a validation",
        "its validation.md is to be read; its params.yaml goes to 'tokenomics run' as PARAMS",
    ),
    "boundary.json": ("the folder of a stability boundary", "its boundary.md is to be read"),
    "margins.md": ("the folder of a control analysis", "its margins.md is to be read"),
    "reproduction.md": ("the folder of a reproduced paper", "its reproduction.md is to be read"),
    "overlay.yaml": (
        "the folder of an overlay",
        "its overlay.yaml goes to --overlay of 'tokenomics run'",
    ),
}
BUNDLE = ("a bundle of evidence", "'tokenomics verify' checks it; 'cite' and 'diff' read it")


def kind_of(folder: str | Path) -> str | None:
    """ "run", "sweep" or "bundle", by the file that tells it; None for anything else."""
    folder = Path(folder)
    if os.path.lexists(folder / MANIFEST):
        try:
            with open(
                os.open(folder / MANIFEST, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb"
            ) as stream:
                head = stream.read(HEAD).lstrip(b"\xef\xbb\xbf \t\r\n{")
        except (OSError, ValueError):
            return "sweep"
        return "bundle" if head.startswith(b'"format"') else "sweep"
    return "run" if os.path.lexists(folder / RUN) else None


def not_a_result(folder: Path) -> InputError:
    """Why a folder is neither a run's nor a sweep's, and what reads it."""
    expected = f"a folder with a {RUN} (of a run) or a {MANIFEST} (of a sweep)"
    try:
        found = os.stat(folder)
    except FileNotFoundError:
        return InputError("no such folder", file=folder, expected=expected)
    except (OSError, ValueError) as error:
        return InputError(
            f"cannot be read ({reason(error)})", file=str(folder)[:300], expected=expected
        )
    if not stat.S_ISDIR(found.st_mode):
        return InputError("is a file", file=folder, expected=expected)
    if kind_of(folder) == "bundle":
        return InputError(
            f"is {BUNDLE[0]}, and no run's or sweep's folder",
            file=folder,
            expected=f"{expected}; {BUNDLE[1]}",
        )
    for name, (what, use) in OTHERS.items():
        if (folder / name).is_file():
            return InputError(
                f"is {what}, and no run's or sweep's", file=folder, expected=f"{expected}; {use}"
            )
    inside = _results_in(folder)
    if inside:
        return InputError(
            f"holds {', '.join(inside)}", file=folder, expected="one of these folders"
        )
    return InputError("not a run directory, nor a sweep's", file=folder, expected=expected)


def _results_in(folder: Path) -> list[str]:
    """Some of the folders in a folder that are a run's or a sweep's."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                e.name
                for e in itertools.islice(entries, LISTED)
                if e.is_dir() and not e.name.startswith(".")
            )
    except OSError:
        return []
    return list(
        itertools.islice(
            (name for name in names if kind_of(folder / name) in ("run", "sweep")), SHOWN
        )
    )


def plain(folder: Path, name: str) -> Path:
    """The path of a file in a folder. Raises InputError for a name that is no plain path, and where
    a link in it could lead out.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"the file name {name!r}"[:200], file=folder, expected="a plain path within the folder"
        )
    path = folder
    for part in name.split("/"):
        path = path / part
        if path.is_symlink():
            raise InputError(
                "is a symbolic link",
                file=path,
                expected="plain files and folders, so that nothing outside is read",
            )
    return path


def as_recorded(folder: Path, name: str, told: FileRecord) -> bytes:
    """The content of a file. Raises InputError where it is not the one whose digest and size were
    recorded.
    """
    path = plain(folder, name)
    expected = f"{told.bytes} bytes with the SHA-256 {told.sha256[:16]}…"
    if path.is_file() and path.stat().st_size == told.bytes:
        content = read_bytes(path, most=told.bytes)
        if digest(content) == told.sha256:
            return content
    elif os.path.lexists(path) and not path.is_file():
        expected = "a plain file"
    raise InputError("missing or changed since it was written", file=path, expected=expected)
