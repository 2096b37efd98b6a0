"""Verification of a bundle: its files against their digests, its numbers against new simulations, its text and figures against its numbers.

A bundle is untrusted: nothing in it is executed, nothing outside it is read, nothing is written, and sizes are bounded before reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..errors import InputError
from ..results.store import package_record
from . import platforms, recompute, texts
from .bundle import MANIFEST, RUNS, ManifestRecord, manifest_json, manifest_plan, manifest_record, parse_runs, writers
from .canonical import FORMAT, digest, evidence_id, results_digest
from .crate import METADATA
from .directory import listing
from .evidence import Evidence
from .findings import Finding, Outcome
from .given import disagreements
from .make import GIVEN, metadata, pages
from .plan import KEYS, EvidencePlan, simulate
from .platforms import TOLERANCE
from .render import render

MOST_STEPS = 20_000_000  # of the runs that are simulated at once: their shocks are then about 2 GB
AT_ONCE = 1024  # runs; see `experiments.plan.RUNS_AT_ONCE`
MOSTLY = 0.5  # share of the runs; where more differ, the plan is wrong rather than a number
HEX = frozenset("0123456789abcdef")


@dataclass
class _Case:
    """What is known of a bundle so far."""

    folder: Path
    sizes: dict[str, int]
    findings: list[Finding] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # files that are not as the manifest has them
    apart: int = 0  # figures that cannot be compared

    def outcome(self, record_id: str, **more: Any) -> Outcome:
        status = "differs" if self.findings else "cannot be checked" if self.reasons else "verified"
        return Outcome(status, record_id, tuple(self.findings), tuple(self.reasons), tuple(self.notes), **more)


def verify(
    folder: str | Path,
    *,
    id: str | None = None,
    sample: float | None = None,
    sample_seed: int | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Check a bundle, and simulate its runs again.

    folder: the bundle's directory. id: the identifier that was published, which a forgery that is consistent in itself does not have. sample: share
    of the runs to simulate, above 0 and at most 1; all by default. sample_seed: of the choice of those runs; a new one by default, which no
    forger can know. workers: threads. progress: called with simulations done and their number.

    What the maker tells of himself, command, commit, time and platform, is in no number and cannot be checked. Versions and platform decide
    how exactly numbers are compared: bit for bit on the same ones, else within `platforms.TOLERANCE`.

    The outcome's status is "verified", "differs" with a finding for each thing that does, or "cannot be checked" with the reason: a bundle of
    another version, or one too large. Raises InputError for what is no bundle, has links or paths that lead out of it, or is beyond the limits.
    """
    if id is not None and not (len(id) == 64 and set(id.lower()) <= HEX):
        raise InputError(f"'{id[:80]}'", key="--id", expected="a SHA-256: 64 hexadecimal digits")
    if sample is not None and not 0.0 < sample <= 1.0:
        raise InputError(f"{sample:g}", key="--sample", expected="a share above 0 and at most 1")
    if sample_seed is not None and sample_seed < 0:
        raise InputError(f"{sample_seed}", key="--sample-seed", expected="a whole number of at least 0")
    case = _Case(Path(folder), listing(folder))
    path = case.folder / MANIFEST
    plain = manifest_json(folder)
    if isinstance(plain.get("format"), int) and plain["format"] > FORMAT:
        case.reasons.append(
            f"format {plain['format']}, made by tokenomics {plain.get('tokenomics')!s:.40}; this is {__version__}, which reads {FORMAT}"
        )
        return case.outcome(f"{plain.get('id')!s:.64}")
    record = manifest_record(plain, path)
    contents = _files(case, record)
    _identifier(case, record, id)
    if record.tokenomics != __version__:
        case.reasons.append(
            f"made by tokenomics {record.tokenomics:.40}, whose numbers that version can check; this is {__version__}: "
            f"install it from its source (digests and identifier are checked)"
        )
        return case.outcome(record.id)
    try:
        plan = manifest_plan(record, path)
        runs = parse_runs(contents.get(RUNS, b""), plan, case.folder / RUNS)
        _affordable(plan)
    except InputError as error:
        if not case.findings:
            raise
        case.notes.append(f"not looked at further: {error}")
        return case.outcome(record.id)
    return _numbers(case, record, plan, runs, contents, sample, sample_seed, workers, progress)


def _files(case: _Case, record: ManifestRecord) -> dict[str, bytes]:
    """Contents of the files that the manifest lists; what is missing, added or changed is found."""
    contents = {}
    for name in sorted(set(case.sizes) - set(record.files) - {MANIFEST}):
        case.findings.append(Finding(name, "not in the manifest: added since"))
    for name, told in record.files.items():
        if name not in case.sizes:
            case.findings.append(Finding(name, "missing"))
            continue
        size = case.sizes[name]
        with open(case.folder / name, "rb") as stream:
            contents[name] = stream.read(size + 1)
        if len(contents[name]) != told.bytes:
            case.changed.add(name)
            case.findings.append(Finding(name, f"{size} bytes, where the manifest has {told.bytes}: {'shorter' if size < told.bytes else 'longer'}"))
        elif digest(contents[name]) != told.sha256:
            case.changed.add(name)
            case.findings.append(Finding(name, f"changed: its SHA-256 is not {told.sha256[:16]}… of the manifest"))
    return contents


def _identifier(case: _Case, record: ManifestRecord, published: str | None) -> None:
    try:
        found = evidence_id(record.plan, record.results, record.tokenomics)
    except ValueError as error:
        raise InputError(f"not a plan ({error})", file=case.folder / MANIFEST, key="plan") from None
    if found != record.id:
        case.findings.append(Finding(MANIFEST, "id is not that of its plan, version and results", record.id, found))
    if published is not None and published.lower() != record.id:
        case.findings.append(Finding(MANIFEST, f"id is {record.id}, not {published.lower()}, which was published"))


def _affordable(plan: EvidencePlan) -> None:
    # points differ in their span only where they set it
    points = range(len(plan.points)) if any(path.startswith("simulation.") for path in plan.paths) else [0]
    for number in range(len(plan.cases)):
        for point in points:
            steps = plan.resolved(number, point).values.simulation.steps
            if steps * min(plan.runs, AT_ONCE) > MOST_STEPS:
                raise InputError(f"{steps} steps a run", key="plan", expected=f"at most {MOST_STEPS} steps of the runs that are simulated at once")


def _numbers(
    case: _Case,
    record: ManifestRecord,
    plan: EvidencePlan,
    runs: pd.DataFrame,
    contents: dict[str, bytes],
    sample: float | None,
    sample_seed: int | None,
    workers: int | None,
    progress: Any,
) -> Outcome:
    touched = results_digest(runs, list(plan.metrics)) != record.results
    if touched:
        case.findings.append(Finding(RUNS, "its numbers are not those that the manifest's results stand for"))
    other = platforms.differences(record.platform, record.dependencies)
    tolerance = TOLERANCE if other else 0.0
    total = len(runs)
    more: dict[str, Any] = {"runs": total, "recomputed": total, "probability": 1.0}
    if sample is None:
        found, recorded = simulate(plan, workers=workers, progress=progress), runs
        case.notes.append(f"all {total} runs simulated again")
    else:
        seed = int.from_bytes(os.urandom(8)) if sample_seed is None else sample_seed
        recorded = runs.iloc[recompute.choose(total, sample, seed)].reset_index(drop=True)
        found = recompute.simulate_rows(plan, recorded[list(KEYS)], progress)
        count = len(recorded)
        more |= {"recomputed": count, "sample_seed": seed, "probability": recompute.detection(total, count, 1)}
        enough = recompute.found_with(total, count)
        case.notes.append(
            f"{count} of {total} runs simulated again (--sample-seed {seed}): one forged run would have been found with probability "
            f"{more['probability']:.4g}, {enough} or more with {recompute.LEVEL:.0%}"
        )
    wrong, more["largest"], mended = recompute.compare(plan, recorded, found, tolerance, RUNS)
    case.findings += wrong
    if wrong and touched:
        # the text was made before these numbers were changed, and is held against those found here: it is not blamed for them
        case.changed.add(RUNS)
        runs = pd.concat([mended, runs]).drop_duplicates(list(KEYS)).sort_values(list(KEYS), kind="stable", ignore_index=True)
    differing = len({one.what.partition(",")[0] for one in wrong})
    if differing > MOSTLY * len(recorded):
        case.notes.append(f"{differing} of {len(recorded)} runs differ: these numbers are of another seed, other parameters or another model")
    if other:
        case.notes.append(
            f"numbers compared to {TOLERANCE:g} relative, for a last bit may differ: {'; '.join(other)}; largest difference {more['largest']:.2g}"
        )
    else:
        case.notes.append("numbers compared bit for bit")
    _pages(case, record, Evidence(plan, runs), contents, tolerance)
    mine = package_record()["commit"]
    if case.findings and record.commit != mine:
        told = [commit or "unknown" for commit in (record.commit, mine)]
        case.notes.append(
            f"tokenomics {__version__} at commit {told[0]} made it, here it is {told[1]}: between releases both text and numbers change"
        )
    return case.outcome(record.id, **more)


def _pages(case: _Case, record: ManifestRecord, evidence: Evidence, contents: dict[str, bytes], tolerance: float) -> None:
    """Text, tables, figures and citations made anew from the bundle's numbers, which are checked by themselves, beside those that it has."""
    made = pages(evidence, render(evidence)[1], record.created)
    same = {name: version == record.dependencies.get(name) for name, version in (package_record()["dependencies"] | writers()).items()}
    if GIVEN in contents and record.kind == "proposal":
        made[GIVEN] = contents[GIVEN]
        case.findings += disagreements(case.folder, evidence.plan)
    uncompared = _crate(case, record, evidence, contents, made, same["rocrate"])
    for name in sorted(set(record.files) - set(made)):
        case.findings.append(Finding(name, "not a file of such a bundle"))
    for name, content in made.items():
        if name not in record.files:
            case.findings.append(Finding(name, "not in the bundle, which should have it"))
        mine: bytes | None = contents.get(name, content)
        other: bytes | None = content
        if mine == other or (name == RUNS and not (same["pyarrow"] and same["pandas"])) or name == uncompared:
            continue
        if tolerance or not same["matplotlib"]:
            case.apart += name.endswith(texts.FIGURES)
            mine, other = texts.without_figures(name, mine), texts.without_figures(name, content)
        found = None if mine is None else texts.differing(name, mine, other)
        if found and not (tolerance and texts.agree(name, mine, other, tolerance)):
            case.findings.append(found)
    if case.apart:
        told = f"by matplotlib {record.dependencies.get('matplotlib')} on {record.platform}"
        here = f"matplotlib {package_record()['dependencies']['matplotlib']}"
        case.notes.append(f"{case.apart} of the figures cannot be compared: drawn {told}, here by {here}")


def _crate(case: _Case, record: ManifestRecord, evidence: Evidence, contents: dict[str, bytes], made: dict[str, bytes], same: bool) -> str | None:
    """Add the RO-Crate metadata that the bundle's files should have; its name where it cannot be compared."""
    told = record.model_dump()
    try:
        # of the files as the manifest has them: each is compared by itself
        listed = {name: content if name in case.changed else contents.get(name, content) for name, content in made.items()}
        made[METADATA] = metadata(evidence, listed, told)
    except InputError as error:
        case.notes.append(f"{METADATA} cannot be compared: {error}")
        made[METADATA] = contents.get(METADATA, b"")
        return METADATA
    if made[METADATA] == contents.get(METADATA) or same:
        return None
    case.notes.append(f"{METADATA} cannot be compared: written with rocrate {record.dependencies.get('rocrate')}, here {writers()['rocrate']}")
    return METADATA
