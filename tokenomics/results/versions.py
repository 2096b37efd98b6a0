"""Versions of the package and of what it depends on, which can be told where some of that is not
installed.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DEPENDENCIES = (
    "cadCAD",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "pyarrow",
    "pydantic",
    "ruamel.yaml",
    "llvmlite",
    "matplotlib",
)


@lru_cache
def version_of(package: str) -> str | None:
    """Version of an installed package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the checkout that the package runs from, "-modified" where it differs; None outside
    one.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    commands = (
        ["git", "rev-parse", "HEAD"],
        ["git", "status", "--porcelain", "--untracked-files=no"],
    )
    try:
        head, changes = (
            subprocess.run(c, cwd=root, capture_output=True, text=True, timeout=10).stdout.strip()
            for c in commands
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return head + ("-modified" if changes else "") if head else None


@lru_cache
def source_digest() -> str:
    """SHA-256 of the package's Python files, names and contents, read once: two with the same one
    compute by the same code.
    """
    root, digest = Path(__file__).resolve().parents[1], hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        # Git may turn line endings, which changes no number
        content = file.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def package_record() -> dict[str, Any]:
    """Versions of the package, Python and what it depends on."""
    return {
        "tokenomics": version_of("tokenomics"),
        "commit": _commit(),
        "python": platform.python_version(),
        "dependencies": {name: version_of(name) for name in DEPENDENCIES},
    }
