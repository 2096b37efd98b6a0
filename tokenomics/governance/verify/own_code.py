"""Code of a bundle's maker: run only where the reader trusts, by name, files of his own that are
that code to the byte. Nothing is loaded from a bundle.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...experiments.own_code import A_FILE, LARGEST
from ...inputs.files import read_bytes
from ...parameters.documents import validated
from ..bundle.bundle import MANIFEST
from ..bundle.make import CODE
from ..evidence.canonical import digest
from ..evidence.plan import with_code
from ..evidence.plan_records import OwnCodeRecord
from .findings import Finding
from .known import Known
from .untrusted import Untrusted


def named_in(plain: Any, file: Path) -> dict[str, str]:
    """SHA-256 of the files of code that a plan names, by file. plain: of its manifest, untrusted.
    Raises InputError for what is no such list.
    """
    told = plain.get("code", []) if isinstance(plain, dict) else []
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise InputError("no list of records", file=file, key="plan.code")
    records = [validated(OwnCodeRecord, one, str(file)) for one in told]
    return {one.file: one.sha256 for one in records}


def trusted(files: Iterable[str | Path], wanted: dict[str, str]) -> dict[Path, bytes]:
    """The content of the files that the reader names, each of which is one of `wanted`. Raises
    InputError for another.
    """
    found = {}
    for file in files:
        content = read_bytes(file, most=LARGEST, expected=A_FILE)
        own = digest(content)
        if own not in wanted.values():
            listed = ", ".join(f"{name} of SHA-256 {one}" for name, one in wanted.items())
            raise InputError(
                f"{file}, whose SHA-256 is {own}",
                argument="trust",
                expected=listed or "none, for the bundle has no code of its maker's",
            )
        found[Path(file)] = content
    return found


def check(bundle: Untrusted, known: Known) -> Known:
    """What of the code is not trusted, without which nothing is computed; and whether the files in
    the bundle are those of its plan.
    """
    findings, lacking = [], []
    known_here = {digest(content) for content in bundle.options.trust.values()}
    for name, sha256 in named_in(bundle.record.plan, bundle.folder).items():
        inside = f"{CODE}/{name}"
        content = bundle.contents.get(inside)
        if content is not None and digest(content) != sha256:
            wrong = "is not the code of the plan"
            findings.append(Finding(inside, wrong, digest(content), sha256))
        if sha256 not in known_here:
            lacking.append(f"{name} of SHA-256 {sha256}")
    if not lacking:
        if with_code(bundle.plan).code != bundle.plan.code:
            findings.append(Finding(MANIFEST, "its code is not what its plan runs"))
        return Known(tuple(findings))
    reason = (
        f"its runs were not recomputed, nor what follows from them: they run code of its maker's, "
        f"{', '.join(lacking)}; --trust FILE runs a file of yours that you have read and that is "
        f"this one (files, digests, identifier and plan are checked)"
    )
    return Known(tuple(findings), reasons=(reason,), ends=True)
