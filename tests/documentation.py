"""What is generated: the parts of README and docs, each between the command that prints it and an
end mark, the picture of a step, the list of public names and the schemas of files for editors.

python tests/documentation.py        # writes them anew
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from pathlib import Path

import tokenomics
from paths import command
from tokenomics.cli.output import json_text
from tokenomics.cli.params import SCHEMAS, json_schema

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import figures  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PART = re.compile(r"(<!-- generated: ((?:tokenomics|python) .*?) -->\n).*?(<!-- end -->)", re.S)
FIGURES = "python tests/benchmarks/figures.py --table"
DIAGRAM = ROOT / "docs" / "step.svg"
SCHEMA_FILES = {kind: ROOT / "params" / "schemas" / f"{kind}.json" for kind in SCHEMAS}
STUB = ROOT / "tokenomics" / "__init__.pyi"


def printed(line: str) -> str:
    """What a command prints."""
    if line == FIGURES:
        return figures.table()
    with tempfile.TemporaryDirectory() as folder:
        status, out, errors = command(*shlex.split(line)[1:], folder=Path(folder))
    if status:
        raise RuntimeError(f"{line}: {errors}")
    return out


def diagram() -> str:
    """The picture of a step in docs/model.md."""
    return printed("tokenomics model diagram baseline --policy pid")


def renewed(text: str) -> str:
    """A page with its generated parts as the commands print them now."""
    return PART.sub(lambda found: f"{found[1]}\n{printed(found[2])}\n{found[3]}", text)


def stub() -> str:
    """The public names as editors and type checkers read them, for which those that are imported
    when they are first asked for are not there.
    """
    lines = [
        f"from .{module} import {name} as {name}"
        for module, names in sorted(tokenomics._HOMES.items())
        for name in names
    ]
    lines[:0] = [f"from . import {name} as {name}" for name in sorted(tokenomics._PACKAGES)]
    return "\n".join(
        ["# written by tests/documentation.py from __init__.py", *lines, "", "__version__: str", ""]
    )


def schema(kind: str) -> str:
    """The JSON Schema of a kind of files, as it is shipped."""
    return json_text(json_schema(kind)) + "\n"


if __name__ == "__main__":
    for kind, file in SCHEMA_FILES.items():
        file.write_text(schema(kind), encoding="utf-8")
    STUB.write_text(stub(), encoding="utf-8")
    DIAGRAM.write_text(diagram(), encoding="utf-8")
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
