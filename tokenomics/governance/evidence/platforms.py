"""What decides the last digits of margins and figures: the versions that compute them, the
processor's instructions that NumPy uses, and the C library. The numbers of runs depend on none.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping

import numpy as np

from ...results.versions import package_record

ARITHMETIC = (
    "numpy",
    "scipy",
    "llvmlite",
)  # the dependencies whose functions a margin goes through


def here() -> str:
    """Operating system, machine, C library, and the instructions that NumPy chose on this
    processor.
    """
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    off = {
        name.upper()
        for name in re.split(r"[,\s]+", os.environ.get("NPY_DISABLE_CPU_FEATURES", ""))
        if name
    }
    used = [name for name in found if name.upper() not in off]
    return f"{platform.platform()}, NumPy with {' '.join(used) or 'its baseline'}"


def arithmetic(told: str) -> tuple[str, ...]:
    """The parts of a platform's description that its last digits depend on: not the kernel's
    version.
    """
    system, _, numpy = told.partition(", ")
    parts = re.split(r"-with-", system)
    machine = [name for name in ("x86_64", "AMD64", "aarch64", "arm64") if name in parts[0]]
    return (system.split("-")[0], *machine, *parts[1:], numpy)


def differences(platform_told: str, dependencies: Mapping[str, str | None]) -> list[str]:
    """In what a bundle's maker and this installation differ that can change a margin's last digits:
    a line each, empty where in nothing.
    """
    mine = package_record()["dependencies"]
    told = [
        f"{name} {dependencies.get(name)}, here {mine[name]}"
        for name in ARITHMETIC
        if dependencies.get(name) != mine[name]
    ]
    if arithmetic(platform_told) != arithmetic(here()):
        told.append(f"{platform_told}, here {here()}")
    return told
