"""Computed numbers in a page: the one thing that another platform may write otherwise, marked where
it stands.

A page follows from the plan to the letter but for the numbers that were computed from runs, whose
last bit may be another elsewhere. While pages are made, each of these is marked with all that may
stand in its place: what is written of the number, and of its neighbours within a tolerance. Nearly
always that is one text, which needs no mark. `plain` takes the marks out; `follows` holds an
untrusted page against a marked one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

# Relative, of numbers computed on two platforms: exp, log and pow of two C libraries or of NumPy's
# own loops differ in the last bit, 1e-16, and 365 steps of feedback carry that on. The engines,
# which differ in the same way, are tested to agree within it.
TOLERANCE = 1e-9
# For private use: no visible text has them, and untrusted text is refused unless it is visible.
BEGIN, OR, NUMBER, END = "\ue000", "\ue001", "\ue002", "\ue003"
PAGES = (".md", ".html", ".csv")  # the files that have marks
MARK = re.compile(f"{BEGIN}([^{END}]*){END}")
WRITTEN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?")  # of a number with all its digits


def computed(write: Callable[[float], str], tolerance: float = TOLERANCE) -> str:
    """What is written of computed numbers, marked where another text may stand for them.

    write: makes the text of the numbers times a factor. tolerance: relative.
    """
    texts = dict.fromkeys(write(factor) for factor in (1.0, 1.0 - tolerance, 1.0 + tolerance))
    return next(iter(texts)) if len(texts) == 1 else f"{BEGIN}{OR.join(texts)}{END}"


def whole(value: float) -> str:
    """A computed number with all its digits, marked; nothing where it is missing."""
    return (
        ""
        if math.isnan(value)
        else f"{BEGIN}{NUMBER}{float(value)!r}{END}"
        if math.isfinite(value)
        else repr(float(value))
    )


def _first(found: re.Match[str]) -> str:
    return found[1].removeprefix(NUMBER).partition(OR)[0]


def plain(text: str) -> str:
    """A text without its marks."""
    return MARK.sub(_first, text)


def plain_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files without their marks."""
    return {
        name: plain(content.decode()).encode() if name.endswith(PAGES) else content
        for name, content in files.items()
    }


def follows(recorded: str, marked: str) -> bool:
    """Whether a text is the marked one, to the letter but for what its marks allow."""
    parts, at = MARK.split(marked), 0  # text, mark, text, ...
    for number, part in enumerate(parts):
        if number % 2 == 0:
            if not recorded.startswith(part, at):
                return False
            at += len(part)
            continue
        length = _allowed(recorded, at, part, parts[number + 1])
        if length is None:
            return False
        at += length
    return at == len(recorded)


def _allowed(recorded: str, at: int, mark: str, after: str) -> int | None:
    """Length of what stands at a mark's place, None where it may not. after: the text behind the
    mark.
    """
    if not mark.startswith(NUMBER):
        return next(
            (len(text) for text in mark.split(OR) if recorded.startswith(text + after, at)), None
        )
    found = WRITTEN.match(recorded, at)
    if found is None:
        return None
    mine, other = float(found[0]), float(mark[1:])
    same_form = repr(mine) == found[0] and math.isfinite(mine)
    return (
        len(found[0])
        if same_form and abs(mine - other) <= TOLERANCE * max(abs(mine), abs(other))
        else None
    )


def marked_cell(value: Any, write: Callable[[Any], str]) -> str:
    """A cell of computed numbers; a whole number or a text is written as it is."""
    return (
        computed(lambda factor: write(value * factor)) if isinstance(value, float) else write(value)
    )
