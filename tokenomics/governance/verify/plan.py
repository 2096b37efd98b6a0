"""Check: the plan is one that this version can simulate again, written as this version writes it,
and the recorded numbers are those it tells of.
"""

from __future__ import annotations

import re

from ... import __version__
from ..bundle.bundle import MANIFEST, RUNS
from ..evidence.canonical import FORMAT, canonical_json
from .affordable import affordable
from .findings import Finding
from .known import Known
from .untrusted import Untrusted

# as `versions.package_record` writes it; nothing else that an untrusted bundle says is repeated
HASH = re.compile(r"[0-9a-f]{40}(-modified)?")


def check(bundle: Untrusted, known: Known) -> Known:
    """Raises InputError where the plan or the table of runs is none."""
    maker = _other_maker(bundle)
    if maker:
        reason = (
            f"made by {maker}, whose numbers that version can check; this is {__version__}: "
            f"install it from its source (digests and identifier are checked)"
        )
        return Known(reasons=(reason,), ends=True)
    mine, other = bundle.record.plan, bundle.plan.plain()
    touched = (
        bundle.touched
    )  # the table is read here: where it is none, nothing of the plan is told
    too_much = affordable(bundle.plan, bundle.options.sample)
    findings = []
    if canonical_json(mine) != canonical_json(other):
        keys = [key for key in mine if canonical_json(mine[key]) != canonical_json(other[key])]
        # a number with a decimal point where it has one
        findings.append(
            Finding(
                MANIFEST, f"its plan is not written as this package writes it: {', '.join(keys)}"
            )
        )
    if too_much:
        return Known(tuple(findings), reasons=(too_much,), ends=True)
    if touched:
        findings.append(
            Finding(RUNS, "its numbers are not those that the manifest's results stand for")
        )
    return Known(tuple(findings))


def _other_maker(bundle: Untrusted) -> str | None:
    """Who made it, where its numbers are not this version's: another version, or a build before the
    release of this one, whose last digits were those of its platform.
    """
    told, commit = bundle.record.tokenomics, bundle.record.commit
    if told != __version__:
        return f"tokenomics {told:.40}"
    if bundle.record.format == FORMAT:
        return None
    named = f"commit {commit}" if HASH.fullmatch(commit or "") else "a commit that it does not name"
    return f"a build of tokenomics {told:.40} before its release, {named}"
