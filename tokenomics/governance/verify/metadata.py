"""The RO-Crate metadata of a bundle: byte by byte where the same rocrate wrote them, by what they
say where another did.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InputError
from ..bundle.bundle import writers
from ..bundle.crate import METADATA, disagreements
from ..bundle.make import metadata
from ..report.marks import plain_files
from .findings import Finding
from .known import Known
from .untrusted import Untrusted


def compared(bundle: Untrusted, known: Known, made: Mapping[str, bytes]) -> tuple[Known, bytes]:
    """What is found, and what the file must be to the letter: its own bytes where there is no more
    to compare. made: the other files, anew.
    """
    own = bundle.contents.get(METADATA, b"")
    try:
        # of the files as the manifest has them: each is compared by itself
        listed = {
            name: content if name in known.changed else bundle.contents.get(name, content)
            for name, content in plain_files(made).items()
        }
        anew = metadata(known.evidence, listed, bundle.record.model_dump())
    except InputError as error:
        return Known(
            notes=(f"{METADATA} cannot be compared: {error}",), uncompared=(METADATA,)
        ), own
    if bundle.same("rocrate") or METADATA not in bundle.contents:
        return Known(), anew
    versions = f"rocrate {bundle.record.dependencies.get('rocrate')}, here {writers()['rocrate']}"
    findings = tuple(Finding(METADATA, what) for what in disagreements(own, anew))
    return Known(
        findings,
        notes=(f"{METADATA} compared by its entities, not byte by byte: written with {versions}",),
    ), own
