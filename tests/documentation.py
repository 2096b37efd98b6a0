"""The generated parts of README and docs: each stands between the command that prints it and an end
mark.

python tests/documentation.py        # writes them anew
"""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path

from paths import command

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PART = re.compile(r"(<!-- generated: (tokenomics .*?) -->\n).*?(<!-- end -->)", re.S)
DIAGRAM = "flowchart"


def printed(line: str) -> str:
    """What a command prints, a diagram in a fence of its own."""
    with tempfile.TemporaryDirectory() as folder:
        status, out, errors = command(*shlex.split(line)[1:], folder=Path(folder))
    if status:
        raise RuntimeError(f"{line}: {errors}")
    return f"```mermaid\n{out}```\n" if out.startswith(DIAGRAM) else f"\n{out}\n"


def renewed(text: str) -> str:
    """A page with its generated parts as the commands print them now."""
    return PART.sub(lambda found: found[1] + printed(found[2]) + found[3], text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
