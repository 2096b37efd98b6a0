"""Verification of a bundle: its files against their digests, its numbers against new simulations, its text and figures against its numbers.

A bundle is untrusted: nothing in it is executed, nothing outside it is read, nothing is written, and sizes are bounded before reading.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from ... import __version__
from ...errors import InputError
from ...inputs import bounds
from ...inputs.arguments import CALL, PATH, TEXT, checked, optional
from ...results.versions import package_record
from ..bundle.bundle import MANIFEST, RUNS, VERSION, ManifestRecord, manifest_bytes, manifest_json, manifest_plan, manifest_record
from ..bundle.directory import listing
from ..bundle.make import pages
from ..bundle.runs_table import parse_runs
from ..evidence import platforms
from ..evidence.canonical import FORMAT, results_digest
from ..evidence.evidence import Evidence
from ..evidence.plan import KEYS, EvidencePlan, simulate
from ..report.computed import TOLERANCE
from ..report.render import render
from . import files as verify_files
from . import numbers as recompute
from .affordable import affordable
from .case import LONGEST_REASON, STRANGE, Case
from .findings import Finding, Verification
from .pages import check_pages

UNCHECKED = (
    "not checked, for it is in no number: sources and descriptions of parameters, and the names of base, policy and scenarios, where they are not "
    "shipped ones; calibrations and their errors out of sample, notes, comments in the proposal's file; command, commit, time, platform and versions "
    "are what the maker says"
)
MOSTLY = 0.5  # share of the runs; where more differ, the plan is wrong rather than a number
HEX = frozenset("0123456789abcdef")


@checked(folder=PATH, id=optional(TEXT), progress=optional(CALL))
def verify(
    folder: str | Path,
    *,
    id: str | None = None,
    sample: float | None = None,
    sample_seed: int | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Check a bundle, and simulate its runs again.

    folder: the bundle's directory. id: the identifier that was published, which a forgery that is consistent in itself does not have. sample: share
    of the runs to simulate, above 0 and at most 1; all by default. sample_seed: of the choice of those runs; a new one by default, which no
    forger can know. workers: threads. progress: called with simulations done and their number.

    What is in no number, `UNCHECKED`, cannot be checked. Computed numbers are compared within `computed.TOLERANCE`, all else to the letter; a
    maker who names this very platform and its versions is held to the last bit. Where last digits, line endings or figures are others, the outcome
    says so.

    The outcome's status is "verified", "differs" with a finding for each thing that does, or "cannot be checked" with the reason: a bundle of
    another version, or one with more to simulate than can be. Raises InputError for what is no bundle, has links or paths that lead out of it, or
    is beyond the limits.
    """
    if id is not None and not (len(id) == 64 and set(id.lower()) <= HEX):
        raise InputError(f"'{id[:80]}'", argument="id", expected="a SHA-256: 64 hexadecimal digits")
    bounds.optional(sample=(sample, bounds.PART), sample_seed=(sample_seed, bounds.SEED), workers=(workers, bounds.WORKERS))
    case = Case(Path(folder), listing(folder))
    path = case.folder / MANIFEST
    written = manifest_bytes(folder)
    plain = manifest_json(written, path)
    if isinstance(plain.get("format"), int) and plain["format"] > FORMAT:
        return _later(case, plain)
    record = manifest_record(plain, path)
    contents = verify_files.files(case, record)
    verify_files.identifier(case, record, id)
    verify_files.as_written(case, written, plain)
    verify_files.remarks(case)
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
    verify_files.same_plan(case, record, plan)
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


def _later(case: Case, plain: dict[str, Any]) -> Verification:
    """A bundle of a format that this version does not know: nothing in it is taken for what it is called."""
    told, called = f"{plain.get('tokenomics')}", f"{plain.get('id')}"
    maker = f"tokenomics {told}" if re.fullmatch(VERSION, told) else "a tokenomics that does not say its version"
    case.reasons.append(f"format {plain['format']!s:.20}, made by {maker}; this is {__version__}, which reads {FORMAT}")
    return case.outcome(called if len(called) == 64 and set(called) <= HEX else "unknown")


def _numbers(
    case: Case,
    record: ManifestRecord,
    plan: EvidencePlan,
    runs: pd.DataFrame,
    contents: dict[str, bytes],
    sample: float | None,
    sample_seed: int | None,
    workers: int | None,
    progress: Any,
) -> Verification:
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
    case.rounded = more["largest"] > 0.0
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
    case.remarks += [f"not as shipped: {told}" for told in evidence.deviations]
    try:
        made = pages(evidence, render(evidence)[1], record.created)
    except STRANGE as error:
        what = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        case.reasons.append(f"no report can be made of its plan and numbers ({what})")
    else:
        check_pages(case, record, evidence, made, contents, tolerance)
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
