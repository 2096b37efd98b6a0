"""Where the shipped parameter files are: in the package's data, or beside the package in a
checkout.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, nearest
from ..inputs.files import status
from .kinds import looks_like, named

# folders of each kind; an overlay may be an assumption or the result of a calibration, and a
# network can be named wherever a base can
KINDS = {
    "base": ("", "networks"),
    "network": ("networks",),
    "policy": ("policies",),
    "scenario": ("scenarios",),
    "overlay": ("overlays", "calibrated"),
    "changes": ("changes",),
    "sweep": ("sweeps",),
}
KINDS |= {
    "paper": ("papers",),
    "model": ("models",),
    "hardware": ("hardware",),
    "architecture": ("architectures",),
    "fleet": ("fleets",),
    "workload": ("workloads",),
}
KINDS |= {"published": ("published",), "detector": ("detectors",), "proposal": ("proposals",)}
# A wheel carries `params/` inside the package; an editable install finds it in the repository.
LONGEST_NAME = 80  # characters of a name that a message repeats
ROOTS = (Path(__file__).parents[1] / "params", Path(__file__).parents[2] / "params")

WORDS = {"base": "parameter set"}


def there(path: Path) -> bool:
    """Whether there is anything at a path; nothing where it cannot be one."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, a NUL in it
        return False


def names(kind: str) -> list[str]:
    """Names of the shipped files of a kind, one of `KINDS`."""
    return sorted({path.stem for folder in _folders(kind) for path in folder.glob("*.yaml")})


def _folders(kind: str) -> list[Path]:
    return [root / folder for root in ROOTS for folder in KINDS[kind]]


def find(kind: str, name: str) -> Path:
    """The file of a shipped name or a path. Raises InputError for an unknown name or a missing
    file.
    """
    text, path = str(name), Path(str(name))
    if text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
        if not there(path):
            beside = f"{text}.yaml" if there(Path(f"{text}.yaml")) else None
            if beside:
                raise InputError(
                    "no such file", file=text, expected=f"{named(kind)} in YAML", nearest=beside
                )
            status(text, f"{named(kind)} in YAML")
        if not path.is_file():
            raise InputError(f"is {looks_like(path)}", file=text, expected=f"{named(kind)} in YAML")
        return path
    if text in names(kind):
        return next(
            folder / f"{text}.yaml"
            for folder in _folders(kind)
            if (folder / f"{text}.yaml").is_file()
        )
    if text and there(path):
        wanted = (
            f"a shipped name ({', '.join(names(kind))}), or a path that ends in .yaml or has a "
            f"folder, such as ./{text}"
        )
        raise InputError(
            f"is {looks_like(path)}, and no shipped {WORDS.get(kind, kind)}",
            file=text,
            expected=wanted,
        )
    if there(Path(f"{text}.yaml")):
        raise InputError(
            f"no shipped {WORDS.get(kind, kind)}",
            file=text,
            expected=f"the whole name, {text}.yaml",
        )
    raise InputError(
        (
            f"unknown {WORDS.get(kind, kind)} "
            f"'{text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + '…'}'"
        ),
        expected="one of " + ", ".join(names(kind)) + ", or the path of a YAML file",
        nearest=nearest(text, names(kind)),
    )
