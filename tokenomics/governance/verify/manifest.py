"""Check: the manifest is the bytes that this package writes. What is parsed as the same data may
show a reader something else.
"""

from __future__ import annotations

from ...errors import counted
from ..bundle.bundle import MANIFEST, manifest_text
from .files import named
from .findings import Finding
from .known import Known
from .untrusted import Untrusted


def check(bundle: Untrusted, known: Known) -> Known:
    """How it is written, and where line endings alone are others, in it and in the files that it
    lists.
    """
    try:
        text = manifest_text(bundle.plain)
    except (ValueError, RecursionError):
        text = b""
    unix = bundle.written.replace(b"\r\n", b"\n")
    findings, turned = (), bundle.turned
    if bundle.written != text and unix == text:
        turned += (MANIFEST,)
    elif bundle.written != text:
        findings = (
            Finding(
                MANIFEST,
                "not as this package writes the same content: digits, spaces or signs were changed",
            ),
        )
    return Known(findings, remarks=(_line_endings(turned),) if turned else (), turned=turned)


def _line_endings(turned: tuple[str, ...]) -> str:
    return (
        f"line endings alone differ in {counted(len(turned), 'file')}, CRLF where LF was written, "
        f"as Git's core.autocrlf "
        f"turns them: {named(turned)}; with LF each is what the manifest says, and that was "
        f"checked. To have them as they were written: "
        f"git clone -c core.autocrlf=false, or in the clone git config core.autocrlf false, delete "
        f"the bundle's files, git checkout -- ."
    )
