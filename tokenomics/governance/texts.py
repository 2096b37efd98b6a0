"""A file of a bundle beside the same file made anew: where they first differ, and whether rounding alone explains it."""

from __future__ import annotations

import math
import re

from .findings import Finding

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
GROUPED = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")  # with commas between thousands, which divide cells in a CSV
SHOWN = 4  # significant digits that text shows of a computed number: rounding moves the last of them by one
STATED = ("changes", "points", "parameters", "scenarios", "assumptions", "sources", "metrics")  # tables that follow from the plan alone
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
BESIDE = 40  # characters that are shown before a difference
FIGURES = (".svg", ".png")
MUCH_LONGER, MUCH_MORE = 4, 1_000_000  # times, and bytes: a file that is longer than it should be by both is not searched for a line
PLACED = 1e-4  # of a figure's points: what a last bit moves in one
DRAWN_ID = re.compile(r"\b[a-z][0-9a-f]{10}\b")  # of a clip path or a marker: a digest of its place, last bit and all


def is_text(name: str) -> bool:
    """Whether a file is shown by its lines."""
    return not name.endswith((*FIGURES, ".parquet"))


def much_longer(recorded: bytes, found: bytes) -> bool:
    """Whether a file is so much longer than it should be that it is not looked into."""
    return len(recorded) > MUCH_LONGER * len(found) and len(recorded) - len(found) > MUCH_MORE


def differing(name: str, recorded: bytes, found: bytes) -> Finding | None:
    """Where two versions of a file first differ; None where they are the same bytes. The line, and the number where it is one."""
    if recorded == found:
        return None
    if much_longer(recorded, found):
        return Finding(name, f"{len(recorded)} bytes, where it should have {len(found)}")
    if not is_text(name):
        return Finding(name, "a figure that is not drawn from these data" if name.endswith(FIGURES) else "not as this package writes these data")
    one, two = (content.decode("utf-8", "replace").split("\n") for content in (recorded, found))
    line = next((i for i, (mine, other) in enumerate(zip(one, two, strict=False)) if mine != other), min(len(one), len(two)))
    mine, other = ("".join(lines[line : line + 1]) for lines in (one, two))
    numbers = _one_number(mine, other, NUMBER if name.endswith(".csv") else GROUPED)
    if numbers:
        return Finding(name, f"line {line + 1}", *numbers)
    first = next((i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other)))
    first = max(0, first - BESIDE)
    return Finding(name, f"line {line + 1}", mine[first : first + 3 * BESIDE], other[first : first + 3 * BESIDE])


def _pairs(mine: str, other: str, number: re.Pattern[str]) -> list[tuple[str, str]] | None:
    """The numbers that differ between two texts, as written; None where more than numbers does."""
    if number.sub("#", mine) != number.sub("#", other) or DATE.findall(mine) != DATE.findall(other):
        return None
    return [(a, b) for a, b in zip(number.findall(mine), number.findall(other), strict=True) if a != b]


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


def _whole(written: str) -> bool:
    """Whether a number is written as an integer that nothing was rounded away from; one with commas was."""
    return written.lstrip("+-").isdigit()


def _digits(written: str) -> int:
    """Significant digits of a number as written; zeros at the end of a whole number are places, not digits."""
    body = re.split("[eE]", written.lstrip("+-").replace(",", ""))[0]
    return len((body.replace(".", "") if "." in body else body.rstrip("0")).lstrip("0"))


def _rounded(one: str, two: str) -> bool:
    """Whether two numbers of a text differ by one in the last digit that text shows of a computed number, and show no more digits."""
    if (_whole(one) and _whole(two)) or max(_digits(one), _digits(two)) > SHOWN:
        return False
    a, b = _value(one), _value(two)
    size = max(abs(a), abs(b))
    if not 0.0 < size < math.inf:
        return size == 0.0
    return abs(a - b) <= 1.001 * 10.0 ** (math.floor(math.log10(size)) - SHOWN + 1)


def _close(one: str, two: str, relative: float, absolute: float = 0.0) -> bool:
    if _whole(one) and _whole(two):
        return False
    a, b = _value(one), _value(two)
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= max(absolute, relative * max(abs(a), abs(b)))


def agree(name: str, recorded: bytes, found: bytes, tolerance: float) -> bool:
    """Whether two texts are the same but for rounded numbers.

    In a CSV, which has all digits, within `tolerance`, relative; in a figure by what nobody sees; else by the last digit shown. Whole numbers are
    exact everywhere, and so is all that follows from the plan alone: no platform rounds it.
    """
    table, figure = name.endswith(".csv"), name.endswith(".svg")
    if name.startswith("inputs/") or name in [f"data/{stated}.csv" for stated in STATED]:
        return recorded == found
    one, two = (content.decode("utf-8", "replace") for content in (recorded, found))
    if figure:
        one, two = _numbered(one), _numbered(two)
    pairs = _pairs(one, two, NUMBER if table or figure else GROUPED)
    if pairs is None:
        return False
    if figure:
        return all(_close(a, b, 0.0, PLACED) for a, b in pairs)
    return all(_close(a, b, tolerance) if table else _rounded(a, b) for a, b in pairs)


def _numbered(drawing: str) -> str:
    """An SVG with its identifiers by the order in which they first stand there."""
    seen: dict[str, str] = {}
    return DRAWN_ID.sub(lambda found: seen.setdefault(found[0], f"id{len(seen)}"), drawing)
