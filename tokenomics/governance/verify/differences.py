"""A file of a bundle beside the same file made anew: where they first differ, and whether another
platform's rounding alone explains it.
"""

from __future__ import annotations

import csv
import math
import re

from ..report.marks import PAGES, follows, plain
from .findings import Finding

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
GROUPED = re.compile(
    r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?"
)  # with commas between thousands, which divide cells in a CSV
BESIDE = 40  # characters that are shown before a difference
FEW = 3  # columns of a row that are named
FIGURES = (".svg", ".png")
MUCH_LONGER, MUCH_MORE = (
    4,
    1_000_000,
)  # times, and bytes: a file that is longer than it should be by both is not searched for a line
PLACED = 1e-4  # of a figure's points: what a last bit moves in one
GEOMETRY = re.compile(
    r'(?<=\s)((?:d|x|y|points|transform)="[^"<>]*")'
)  # the parts of a drawing that say where something is
PLACE = re.compile(
    r"(?<![\w#.])-?[0-9]+(?:\.[0-9]{1,6})?(?![\w.])"
)  # of a drawing: no part of a colour, a name or a width with its unit
DRAWN_ID = re.compile(
    r"\b(?:image|[a-z])[0-9a-f]{10}\b"
)  # of a clip path, a marker or an image: a digest of its place, last bit and all


def is_text(name: str) -> bool:
    """Whether a file is shown by its lines."""
    return not name.endswith((*FIGURES, ".parquet"))


def much_longer(recorded: bytes, found: bytes) -> bool:
    """Whether a file is so much longer than it should be that it is not looked into."""
    return len(recorded) > MUCH_LONGER * len(found) and len(recorded) - len(found) > MUCH_MORE


def differing(name: str, recorded: bytes, made: bytes) -> Finding | None:
    """Where a file differs first from the one made anew, whose margins may be marked; None where it
    is that one to the letter.

    The line, of a table the columns where they are few, and the number where it is one.
    """
    found = plain(made.decode()).encode() if name.endswith(PAGES) else made
    if recorded == found:
        return None
    if much_longer(recorded, found):
        return Finding(name, f"{len(recorded)} bytes, where it should have {len(found)}")
    if not is_text(name):
        return Finding(
            name,
            "a figure that is not drawn from these data"
            if name.endswith(FIGURES)
            else "not as this package writes these data",
        )
    one, two = (content.decode("utf-8", "replace").split("\n") for content in (recorded, found))
    line = _first_line(one, two, made.decode("utf-8", "replace").split("\n"))
    mine, other = ("".join(lines[line : line + 1]) for lines in (one, two))
    numbers = _one_number(mine, other, NUMBER if name.endswith(".csv") else GROUPED)
    where = f"line {line + 1}{_columns(two[0], mine, other) if name.endswith('.csv') else ''}"
    if numbers:
        return Finding(name, where, *numbers)
    first = next(
        (i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b),
        min(len(mine), len(other)),
    )
    first = max(0, first - BESIDE)
    return Finding(
        name,
        where,
        mine[first : first + 3 * BESIDE],
        other[first : first + 3 * BESIDE],
    )


def _columns(header: str, mine: str, other: str) -> str:
    """In which columns two lines of a table differ; nothing of lines that are no whole rows of it,
    or that differ in many.
    """
    try:
        names, one, two = (next(csv.reader([line])) for line in (header, mine, other))
    except csv.Error:
        return ""
    if not len(names) == len(one) == len(two):
        return ""
    found = [name for name, a, b in zip(names, one, two, strict=True) if a != b]
    told = f", column{'s' * (len(found) > 1)} {', '.join(found)}"
    return told if 0 < len(found) <= FEW else ""


def _first_line(recorded: list[str], found: list[str], marked: list[str]) -> int:
    """The first line that rounding does not explain; where it explains them all, the first that
    differs.
    """
    pairs = list(zip(recorded, found, marked, strict=False))
    other = (i for i, (mine, _, wanted) in enumerate(pairs) if not follows(mine, wanted))
    changed = (i for i, (mine, same, _) in enumerate(pairs) if mine != same)
    shorter = len(pairs) if len(recorded) != len(found) else None
    return next(other, next(changed, len(pairs)) if shorter is None else shorter)


def _pairs(mine: str, other: str, number: re.Pattern[str]) -> list[tuple[str, str]] | None:
    """The numbers that differ between two texts, as written; None where more than numbers does."""
    if number.sub("#", mine) != number.sub("#", other):
        return None
    return [
        (a, b) for a, b in zip(number.findall(mine), number.findall(other), strict=True) if a != b
    ]


def _value(written: str) -> float:
    return float(written.replace(",", ""))


def _one_number(mine: str, other: str, number: re.Pattern[str]) -> tuple[float, float] | None:
    """The two numbers, where lines differ in one number alone."""
    pairs = _pairs(mine, other, number)
    if not pairs or len(pairs) > 1:
        return None
    one, two = map(_value, pairs[0])
    # as text where they are the same number otherwise written, or beyond all numbers
    return (one, two) if one != two and math.isfinite(one) and math.isfinite(two) else None


def agree(name: str, recorded: bytes, made: bytes) -> bool:
    """Whether a file is the one made anew but for what another platform may round otherwise.

    In a page, whose margins are marked in `made`, that is what their marks allow; in a drawing the
    places, by what nobody sees. All else is exact.
    """
    if not name.endswith((*PAGES, ".svg")):
        return recorded == made
    try:
        mine = recorded.decode()
    except UnicodeDecodeError:
        return False
    if name.endswith(PAGES):
        return follows(mine, made.decode())
    one, two = (GEOMETRY.split(numbered(drawing)) for drawing in (mine, made.decode()))
    if len(one) != len(two) or one[::2] != two[::2]:
        return False
    pairs = [_pairs(a, b, PLACE) for a, b in zip(one[1::2], two[1::2], strict=True)]
    return all(found is not None and all(_same_place(a, b) for a, b in found) for found in pairs)


def _same_place(one: str, two: str) -> bool:
    """Whether two numbers of a drawing, in the form of one that was drawn, differ by what nobody
    sees. Whole numbers are counts and names.
    """
    if "." not in one + two:
        return False
    drawn = all(written == f"{float(written):f}".rstrip("0").rstrip(".") for written in (one, two))
    return drawn and abs(float(one) - float(two)) <= PLACED


def numbered(drawing: str) -> str:
    """An SVG with its identifiers by the order in which they first stand there."""
    seen: dict[str, str] = {}
    return DRAWN_ID.sub(lambda found: seen.setdefault(found[0], f"id{len(seen)}"), drawing)
