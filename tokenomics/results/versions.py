"""Versions of the package and of what it depends on, which can be told where some of that is not installed."""

from __future__ import annotations

import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DEPENDENCIES = ("cadCAD", "numpy", "scipy", "pandas", "xarray", "pyarrow", "pydantic", "ruamel.yaml", "llvmlite", "matplotlib")


@lru_cache
def version_of(package: str) -> str | None:
    """Version of an installed package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the checkout that the package runs from, "-modified" where it differs; None outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"])
    try:
        head, changes = (subprocess.run(c, cwd=root, capture_output=True, text=True, timeout=10).stdout.strip() for c in commands)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return head + ("-modified" if changes else "") if head else None


def package_record() -> dict[str, Any]:
    """Versions of the package, Python and what it depends on."""
    return {
        "tokenomics": version_of("tokenomics"),
        "commit": _commit(),
        "python": platform.python_version(),
        "dependencies": {name: version_of(name) for name in DEPENDENCIES},
    }
