"""What a file looks like, for those who give one of another kind than is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..inputs.files import KINDS as SPECIAL
from .reading import LARGEST_FILE, parse, text_of
from .schema import Parameters

# keys that the files of a kind have and those of the others have not; of a proposal some of them,
# so that one without a title is told what it lacks
MARKS = (
    ("hardware", {"device", "bandwidth"}),
    ("architecture", {"kernel", "hop"}),
    ("model", {"layers", "heads"}),
    ("fleet", {"types", "time_per_token"}),
    ("workload", {"work", "calls"}),
    ("detector", {"features", "intercept"}),
    ("proposal", {"proposed"}),
    ("proposal", {"title", "limits"}),
)
DESIGN = {"method", "parameters", "points", "policies", "scenarios", "metrics", "overlays", "base"}
BEFORE = "before"  # key of a parameter file: what levers were before they changed
BASE = "base"  # key of a parameter file: the set from which it inherits what it does not say itself
GROUPS = ("base", "policy", "scenario", "overlay")  # files of parameters
WORDS = {
    "base": "a file of parameters",
    "overlay": "an overlay file",
    "sweep": "a design of a sweep",
}
CONTENTS = (
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a workbook or an archive"),
    (b"PAR1", "a Parquet table"),
)
MOST_SHOWN = 60  # characters of a table's first line


def kind_of(tree: Mapping[str, Any]) -> str | None:
    """The kind that a file's keys tell: one of `MARKS`, "sweep", or "base" for groups of
    parameters. None where they tell none.
    """
    keys = {str(key) for key in tree} - {"description"}
    for kind, marks in MARKS:
        if marks <= keys:
            return kind
    groups = keys - {BEFORE, BASE}
    if groups and groups <= set(Parameters.model_fields):
        return "base"
    return "sweep" if keys & DESIGN else None


def named(kind: str) -> str:
    """A kind in words."""
    return WORDS.get(kind, f"a {kind} file")


def refuse_other(kind: str, tree: Mapping[str, Any], file: object) -> None:
    """Raise InputError where a file's keys tell that it is of another kind."""
    found = kind_of(tree)
    if found is not None and found != ("base" if kind in GROUPS else kind):
        raise InputError(f"looks like {named(found)}", file=file, expected=named(kind))


def looks_like(path: Path) -> str:
    """What is at an existing path, in words."""
    if not path.is_file():
        return next(
            (words for kind, words in SPECIAL.items() if path.stat().st_mode & 0o170000 == kind),
            "no plain file",
        )
    with path.open("rb") as stream:
        begin = stream.read(4096)
    for mark, words in CONTENTS:
        if begin.startswith(mark):
            return words
    text = begin.decode("utf-8-sig", errors="replace").lstrip()
    if b"\0" in begin:
        return "no text"
    if text[:1] in ("{", "["):
        return "JSON"
    first = text.partition("\n")[0].strip()
    try:
        if path.stat().st_size <= LARGEST_FILE and (
            found := kind_of(parse(text_of(path), str(path), "keys"))
        ):
            return named(found)
    except InputError:
        pass
    if any(mark in first for mark in ",;\t"):
        shown = first if len(first) <= MOST_SHOWN else first[:MOST_SHOWN] + "..."
        return f"a table that begins with '{shown}'"
    return "an empty file" if not text else "a text"
