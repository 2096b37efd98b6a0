"""Verification of a bundle: its files against their digests, its numbers against new simulations, its text and figures against its numbers.

A bundle is untrusted: nothing in it is executed, nothing outside it is read, nothing is written, and sizes are bounded before reading.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__, bounds
from ..errors import InputError, TokenomicsError
from ..results.versions import package_record
from . import drawings, platforms, recompute, texts
from .affordable import affordable
from .bundle import (
    MANIFEST,
    RUNS,
    VERSION,
    ManifestRecord,
    manifest_bytes,
    manifest_json,
    manifest_plan,
    manifest_record,
    manifest_text,
    writers,
)
from .canonical import FORMAT, canonical_json, digest, evidence_id, results_digest
from .computed import TOLERANCE, plain_files
from .crate import METADATA
from .crate import disagreements as crate_disagreements
from .directory import listing
from .evidence import Evidence
from .findings import Finding, Outcome
from .given import disagreements
from .make import GIVEN, metadata, pages
from .plan import KEYS, EvidencePlan, simulate
from .render import render
from .runs_table import parse_runs, schema_differences

LONGEST_REASON = 300  # characters
# what a plan that no version of this package made can raise where it is simulated or shown
STRANGE = (TokenomicsError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError)
UNCHECKED = (
    "not checked, for it is in no number: sources and descriptions of parameters, the names of base, policy and scenarios, calibrations and their "
    "errors out of sample, notes, comments in the proposal's file; command, commit, time, platform and versions are what the maker says"
)
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
    apart: list[str] = field(default_factory=list)  # files that cannot be compared

    def outcome(self, record_id: str, **more: Any) -> Outcome:
        status = "differs" if self.findings else "cannot be checked" if self.reasons else "verified"
        return Outcome(status, record_id, tuple(self.findings), tuple(self.reasons), tuple(self.notes), uncompared=tuple(self.apart), **more)

    def stop(self, error: InputError, record_id: str) -> Outcome:
        """The findings so far, where something cannot be looked at further. Raises the error where there are none."""
        if not self.findings:
            raise error
        self.notes.append(f"not looked at further: {error}"[: 2 * LONGEST_REASON])
        return self.outcome(record_id)


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

    What is in no number, `UNCHECKED`, cannot be checked. Versions and platform, which the maker tells, decide how exactly numbers are compared: bit
    for bit on the same ones, else within `platforms.TOLERANCE`; and whether figures are, which the outcome then says.

    The outcome's status is "verified", "differs" with a finding for each thing that does, or "cannot be checked" with the reason: a bundle of
    another version, or one with more to simulate than can be. Raises InputError for what is no bundle, has links or paths that lead out of it, or
    is beyond the limits.
    """
    if id is not None and not (len(id) == 64 and set(id.lower()) <= HEX):
        raise InputError(f"'{id[:80]}'", argument="id", expected="a SHA-256: 64 hexadecimal digits")
    bounds.optional(sample=(sample, bounds.PART), sample_seed=(sample_seed, bounds.SEED), workers=(workers, bounds.WORKERS))
    case = _Case(Path(folder), listing(folder))
    path = case.folder / MANIFEST
    written = manifest_bytes(folder)
    plain = manifest_json(written, path)
    if isinstance(plain.get("format"), int) and plain["format"] > FORMAT:
        return _later(case, plain)
    record = manifest_record(plain, path)
    contents = _files(case, record)
    _identifier(case, record, id)
    _as_written(case, written, plain)
    if record.tokenomics != __version__:
        case.reasons.append(
            f"made by tokenomics {record.tokenomics:.40}, whose numbers that version can check; this is {__version__}: "
            f"install it from its source (digests and identifier are checked)"
        )
        return case.outcome(record.id)
    try:
        plan = manifest_plan(record, path)
        runs = parse_runs(contents.get(RUNS, b""), plan, case.folder / RUNS)
        too_much = affordable(plan, sample)
    except InputError as error:
        return case.stop(error, record.id)
    _same_plan(case, record, plan)
    if too_much:
        case.reasons.append(too_much)
        return case.outcome(record.id)
    try:
        return _numbers(case, record, plan, runs, contents, sample, sample_seed, workers, progress)
    except InputError as error:
        return case.stop(error, record.id)
    except STRANGE as error:
        what = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        return case.stop(InputError(f"not a plan that this version can have made ({what})", file=path, key="plan"), record.id)


def _later(case: _Case, plain: dict[str, Any]) -> Outcome:
    """A bundle of a format that this version does not know: nothing in it is taken for what it is called."""
    told, called = f"{plain.get('tokenomics')}", f"{plain.get('id')}"
    maker = f"tokenomics {told}" if re.fullmatch(VERSION, told) else "a tokenomics that does not say its version"
    case.reasons.append(f"format {plain['format']!s:.20}, made by {maker}; this is {__version__}, which reads {FORMAT}")
    return case.outcome(called if len(called) == 64 and set(called) <= HEX else "unknown")


def _as_written(case: _Case, written: bytes, plain: dict[str, Any]) -> None:
    """The manifest's bytes: what is parsed as the same data may show a reader something else."""
    try:
        same = written == manifest_text(plain)
    except (ValueError, RecursionError):
        same = False
    if not same:
        case.findings.append(Finding(MANIFEST, "not as this package writes the same content: digits, spaces or signs were changed"))


def _same_plan(case: _Case, record: ManifestRecord, plan: EvidencePlan) -> None:
    """The plan as data beside the same plan as this package writes it: a number with a decimal point where it has one."""
    mine, other = record.plan, plan.plain()
    if canonical_json(mine) != canonical_json(other):
        keys = [key for key in mine if canonical_json(mine[key]) != canonical_json(other[key])]
        case.findings.append(Finding(MANIFEST, f"its plan is not written as this package writes it: {', '.join(keys)}"))


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
        try:
            with open(case.folder / name, "rb") as stream:
                contents[name] = stream.read(size + 1)
        except OSError as error:
            case.findings.append(Finding(name, f"cannot be read ({error.strerror})"))
            continue
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
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a plan ({error})"[:LONGEST_REASON], file=case.folder / MANIFEST, key="plan") from None
    if found != record.id:
        case.findings.append(Finding(MANIFEST, "id is not that of its plan, version and results", record.id, found))
    if published is not None and published.lower() != record.id:
        case.findings.append(Finding(MANIFEST, f"id is {record.id}, not {published.lower()}, which was published"))


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
        case.notes.append(_reach(more, recompute.found_with(total, count), tolerance))
        if sample_seed is not None:
            case.notes.append("whoever knew the seed before the bundle was made could have forged all other runs; without --sample-seed nobody can")
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
    evidence = Evidence(plan, runs)
    try:
        made = pages(evidence, render(evidence)[1], record.created)
    except STRANGE as error:
        what = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        case.findings.append(Finding(MANIFEST, f"no report can be made of its plan and numbers ({what})"))
    else:
        _pages(case, record, evidence, made, contents, tolerance)
    case.notes.append(UNCHECKED)
    mine = package_record()["commit"]
    if case.findings and record.commit != mine:
        told = [commit or "unknown" for commit in (record.commit, mine)]
        case.notes.append(
            f"tokenomics {__version__} at commit {told[0]} made it, here it is {told[1]}: between releases both text and numbers change"
        )
    return case.outcome(record.id, **more)


def _reach(more: dict[str, Any], enough: int, tolerance: float) -> str:
    """What a sample of the runs would have found. more: of the outcome. enough: forged runs that are found with `recompute.LEVEL`."""
    changed = f" by more than {tolerance:g} relative" if tolerance else ""
    return (
        f"{more['recomputed']} of {more['runs']} runs simulated again (--sample-seed {more['sample_seed']}): one run changed{changed} would "
        f"have been found with probability {more['probability']:.4g}, {enough} or more with {recompute.LEVEL:.0%}"
    )


def _pages(case: _Case, record: ManifestRecord, evidence: Evidence, made: dict[str, bytes], contents: dict[str, bytes], tolerance: float) -> None:
    """Text, tables, figures and citations made anew from the bundle's numbers, which are checked by themselves, beside those that it has."""
    same = {name: version == record.dependencies.get(name) for name, version in (package_record()["dependencies"] | writers()).items()}
    if GIVEN in contents and record.kind == "proposal":
        made[GIVEN] = contents[GIVEN]
        try:
            case.findings += disagreements(case.folder, evidence.plan)
        except STRANGE as error:
            case.findings.append(Finding(GIVEN, f"no proposal: {error}"[:LONGEST_REASON]))
    by_entities = _crate(case, record, evidence, contents, made, same["rocrate"])
    for name in sorted(set(record.files) - set(made)):
        case.findings.append(Finding(name, "not a file of such a bundle"))
    for name, content in made.items():
        if name not in record.files:
            case.findings.append(Finding(name, "not in the bundle, which should have it"))
        if contents.get(name, content) == content or name == by_entities:
            continue
        if name == RUNS and not (same["pyarrow"] and same["pandas"]):
            _table(case, contents[name], content)
        else:
            _page(case, name, contents, made, tolerance, same["matplotlib"])
    drawn = [name for name in case.apart if name.endswith(texts.FIGURES)]
    if drawn:
        told = f"by matplotlib {record.dependencies.get('matplotlib')} on {record.platform}"
        here = f"matplotlib {package_record()['dependencies']['matplotlib']}"
        case.notes.append(f"{len(drawn)} of the figures cannot be compared: drawn {told}, here by {here}")


def _page(case: _Case, name: str, contents: dict[str, bytes], made: dict[str, bytes], tolerance: float, same_drawer: bool) -> None:
    """A text, table or figure that is not the same bytes as the one made anew. same_drawer: whether one version of matplotlib drew both."""
    found = texts.differing(name, contents[name], made[name])
    loose = tolerance > 0.0 or not same_drawer
    if found is None:
        return
    if not loose or texts.much_longer(contents[name], made[name]):
        case.findings.append(found)
        return
    if name.endswith(texts.FIGURES):
        _figure(case, name, contents[name], made[name], found, same_drawer)
        return
    mine, other = contents[name], made[name]
    if name.endswith(".html"):
        case.findings += [Finding(name, what) for what in drawings.misplaced(mine, other, contents, made)]
        mine, other = drawings.without_figures(mine), drawings.without_figures(other)
        found = texts.differing(name, mine, other)
    if found and not (tolerance and texts.agree(name, mine, other)):
        case.findings.append(found)


def _figure(case: _Case, name: str, mine: bytes, other: bytes, found: Finding, same_drawer: bool) -> None:
    """A figure that another platform or another matplotlib may have drawn: what of it can be checked."""
    wrong = drawings.unsafe(name, mine)
    if wrong:
        case.findings.append(Finding(name, f"not a figure as this package draws one: {wrong}"))
    elif not (name.endswith(".svg") and same_drawer):
        case.apart.append(name)
    elif not texts.agree(name, mine, other):
        case.findings.append(found)


def _table(case: _Case, mine: bytes, other: bytes) -> None:
    """The table of runs, whose numbers are compared by themselves, written by another pyarrow or pandas."""
    try:
        case.findings += [Finding(RUNS, what) for what in schema_differences(mine, other)]
    except InputError as error:
        case.findings.append(Finding(RUNS, error.found))
    case.notes.append(f"{RUNS} compared by its numbers, names, types and units, not byte by byte: another pyarrow or pandas wrote it")


def _crate(case: _Case, record: ManifestRecord, evidence: Evidence, contents: dict[str, bytes], made: dict[str, bytes], same: bool) -> str | None:
    """Add the RO-Crate metadata that the bundle's files should have; its name where it is not to be compared byte by byte."""
    told = record.model_dump()
    try:
        # of the files as the manifest has them: each is compared by itself
        listed = {name: content if name in case.changed else contents.get(name, content) for name, content in plain_files(made).items()}
        made[METADATA] = metadata(evidence, listed, told)
    except InputError as error:
        case.notes.append(f"{METADATA} cannot be compared: {error}")
        case.apart.append(METADATA)
        made[METADATA] = contents.get(METADATA, b"")
        return METADATA
    if same or METADATA not in contents:
        return None
    case.findings += [Finding(METADATA, what) for what in crate_disagreements(contents[METADATA], made[METADATA])]
    versions = f"rocrate {record.dependencies.get('rocrate')}, here {writers()['rocrate']}"
    case.notes.append(f"{METADATA} compared by its entities, not byte by byte: written with {versions}")
    return METADATA
