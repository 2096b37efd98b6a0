"""Where the shipped parameter files are: in the package's data, or beside the package in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError, nearest
from ..files import status

# folders of each kind; an overlay may be an assumption or the result of a calibration
KINDS = {"base": ("",), "policy": ("policies",), "scenario": ("scenarios",), "overlay": ("overlays", "calibrated"), "sweep": ("sweeps",)}
KINDS |= {"paper": ("papers",), "model": ("models",), "hardware": ("hardware",), "fleet": ("fleets",), "workload": ("workloads",)}
KINDS |= {"published": ("published",), "detector": ("detectors",), "proposal": ("proposals",)}
# A wheel carries `params/` inside the package; an editable install finds it in the repository.
LONGEST_NAME = 80  # characters of a name that a message repeats
ROOTS = (Path(__file__).parents[1] / "params", Path(__file__).parents[2] / "params")


def names(kind: str) -> list[str]:
    """Names of the shipped files of a kind, one of `KINDS`."""
    return sorted({path.stem for folder in _folders(kind) for path in folder.glob("*.yaml")})


def _folders(kind: str) -> list[Path]:
    return [root / folder for root in ROOTS for folder in KINDS[kind]]


def find(kind: str, name: str) -> Path:
    """The file of a shipped name or a path. Raises InputError for an unknown name or a missing file."""
    text = str(name)
    if text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
        status(text, f"a {kind} file in YAML")
        return Path(text)
    for folder in _folders(kind):
        path = folder / f"{text}.yaml"
        if text in names(kind) and path.is_file():
            return path
    if text and "\0" not in text and os.path.exists(text):
        raise InputError("a name that ends otherwise", file=text, expected=f"a {kind} file in YAML: its name ends in .yaml or .yml")
    raise InputError(
        f"unknown {'parameter set' if kind == 'base' else kind} '{text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + '…'}'",
        expected="one of " + ", ".join(names(kind)) + ", or the path of a YAML file",
        nearest=nearest(text, names(kind)),
    )
