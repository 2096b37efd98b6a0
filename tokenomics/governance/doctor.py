"""Whether this installation works: versions, GPU, optional extras, write access, and a short check
against numbers that are known.

What a check needs is imported inside it: where a dependency is missing, that is what is to be found
out.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .. import __version__
from ..errors import TokenomicsError
from ..results.versions import package_record
from .evidence.canonical import results_digest
from .evidence.platforms import here

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from .evidence.plan import EvidencePlan

State = Literal["ok", "missing", "failed"]
DEVELOPERS = ("test", "notebook")  # extras that no command needs
DAYS, RUNS, SEED = 60.0, 4, 1  # of the self-check
# Means of the self-check's metrics and the digest of all its numbers, as this version computes
# them; a change of the model changes them.
KNOWN = {
    "price_volatility": 1.7455430579069238,
    "served_share": 1.0,
    "treasury_min": 1673216.7351710447,
}
DIGEST = "7f94ac628a85e82a8b800852987ed959adb2c574d9c386e1f6aed6c9700fd14e"


@dataclass(frozen=True)
class SelfCheck:
    """One thing that was looked at. state: ok, missing (an extra that is not there) or failed."""

    name: str
    state: State
    text: str

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return vars(self).copy()


def doctor(
    folder: str | Path = ".", progress: Callable[[int, int], None] | None = None
) -> list[SelfCheck]:
    """Look at the installation and check it by small simulations, about ten seconds in all.

    folder: where results would be written; a file is made there and removed. progress: called with
    checks done and their number.
    """
    steps: dict[str, Callable[[], list[SelfCheck]]] = {
        "dependencies": _versions,
        "GPU": _gpu,
        "extras": _extras,
        "write access": lambda: [_writable(Path(folder))],
        "engines": lambda: [_timed("engines", engines)],
        "known numbers": lambda: [_timed("known numbers", known_numbers)],
    }
    found: list[SelfCheck] = []
    for done, (name, step) in enumerate(steps.items()):
        if progress:
            progress(done, len(steps))
        try:
            found += step()
        except ImportError as error:
            found.append(SelfCheck(name, "failed", f"cannot be checked: {error}"))
    return found


def _versions() -> list[SelfCheck]:
    record = package_record()
    commit = record["commit"] or "unknown: not run from a checkout"
    told = [
        ("tokenomics", f"{__version__}, commit {commit}"),
        ("Python", record["python"]),
        ("platform", here()),
    ]
    missing = [name for name, found in record["dependencies"].items() if found is None]
    listed = ", ".join(f"{name} {found}" for name, found in record["dependencies"].items() if found)
    checks = [SelfCheck(name, "ok", text) for name, text in told] + [
        SelfCheck("dependencies", "ok", listed)
    ]
    return checks + [
        SelfCheck(name, "failed", f"not installed: pip install {name}") for name in missing
    ]


def _gpu() -> list[SelfCheck]:
    from ..capacity.backend import choose

    operations, why = choose()
    if not why.startswith("NumPy"):
        return [
            SelfCheck(
                "GPU",
                "ok",
                ", ".join(f"{name} {told}" for name, told in operations.described().items()),
            )
        ]
    return [
        SelfCheck(
            "GPU", "missing", f"none in use; capacity measures the CPU: {why.partition(': ')[2]}"
        )
    ]


def _extras() -> list[SelfCheck]:
    """Each extra of the package, with what it would install."""
    from packaging.requirements import Requirement

    try:
        needed = [Requirement(line) for line in requires("tokenomics") or []]
    except PackageNotFoundError:
        return [
            SelfCheck(
                "extras",
                "missing",
                "the package is not installed, so that its extras are not known: pip install .",
            )
        ]
    groups: dict[str, list[Requirement]] = {}
    for one in needed:
        name = str(one.marker).rpartition("extra == ")[2].strip("\"' ") if one.marker else ""
        if name and name not in DEVELOPERS:
            groups.setdefault(name, []).append(one)
    return [_extra(name, wanted) for name, wanted in sorted(groups.items())]


def _extra(name: str, wanted: list[Requirement]) -> SelfCheck:
    there, lacking = [], []
    for one in wanted:
        try:
            found = version(one.name)
        except PackageNotFoundError:
            lacking.append(one.name)
            continue
        (there if one.specifier.contains(found, prereleases=True) else lacking).append(
            f"{one.name} {found}"
        )
    if lacking:
        return SelfCheck(
            f"extra {name}",
            "missing",
            f"pip install '.[{name}]' in a checkout of this package ({', '.join(lacking)})",
        )
    return SelfCheck(f"extra {name}", "ok", ", ".join(there))


def _writable(folder: Path) -> SelfCheck:
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"tokenomics")
    except OSError as error:
        return SelfCheck(
            "write access",
            "failed",
            f"{folder.resolve()}: {error.strerror}; results need another folder",
        )
    return SelfCheck("write access", "ok", str(folder.resolve()))


def _timed(name: str, check: Callable[[], str]) -> SelfCheck:
    started = time.perf_counter()
    try:
        text = check()
    except (TokenomicsError, AssertionError, ArithmeticError, OSError, RuntimeError) as error:
        return SelfCheck(name, "failed", " ".join(str(error).split())[:500])
    return SelfCheck(name, "ok", f"{text} ({time.perf_counter() - started:.1f} s)")


def engines() -> str:
    """The compiled engine beside the reference: the same numbers, bit for bit. Raises
    AssertionError where they are not.
    """
    from ..experiments.run import run

    slow, fast = (
        run(
            "baseline", policy="pid", days=DAYS, runs=RUNS, seed=SEED, engine=name
        ).metrics_per_run()
        for name in ("cadcad", "ensemble")
    )
    unequal = (slow != fast) & ~(slow.isna() & fast.isna())
    for name in slow.columns[unequal.any()]:
        first = unequal.index[unequal[name]][0]
        raise AssertionError(
            f"{name} of run {first} is {slow.loc[first, name]!r} in cadcad and "
            f"{fast.loc[first, name]!r} in ensemble"
        )
    return f"cadcad and ensemble agree bit for bit on {len(slow.columns)} metrics of {RUNS} runs"


@lru_cache
def tiny() -> EvidencePlan:
    """The plan of the self-check."""
    from ..experiments.plan import Case
    from ..parameters import resolve
    from .evidence.plan import EvidencePlan, Point

    resolved = resolve("baseline", policy="pid", sets=(f"simulation.days={DAYS}",))
    return EvidencePlan(
        "sweep",
        "self-check",
        (Case("pid", "none", resolved),),
        (Point("as designed", "point", {}, RUNS),),
        SEED,
        tuple(KNOWN),
    )


def known_numbers() -> str:
    """A small plan against the numbers that this version is known to give on every processor, bit
    for bit. Raises AssertionError where they differ.
    """
    from .evidence.simulation import simulate

    runs = simulate(tiny(), workers=1)
    if results_digest(runs, list(KNOWN)) != DIGEST:
        told = ", ".join(
            f"mean {name} {float(runs[name].mean())!r}, known {value!r}"
            for name, value in KNOWN.items()
        )
        raise AssertionError(f"not the numbers of tokenomics {__version__} to the last bit: {told}")
    return "known numbers found bit for bit"
