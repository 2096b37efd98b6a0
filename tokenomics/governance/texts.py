"""A file of a bundle beside the same file made anew: where they first differ, and whether rounding alone explains it."""

from __future__ import annotations

import re

from .findings import Finding

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
GROUPED = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")  # with commas between thousands, which divide cells in a CSV
ROUNDED = 1e-3  # relative; one in the last of the four significant digits that text shows
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
BESIDE = 40  # characters that are shown before a difference
FIGURES = (".svg", ".png")
EMBEDDED = re.compile(rb'src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]*"')


def is_text(name: str) -> bool:
    """Whether a file is shown by its lines."""
    return not name.endswith((*FIGURES, ".parquet"))


def without_figures(name: str, content: bytes) -> bytes | None:
    """What a file has besides figures: nothing of a figure's own file, an HTML page with its figures taken out."""
    return None if name.endswith(FIGURES) else EMBEDDED.sub(b"src", content) if name.endswith(".html") else content


def differing(name: str, recorded: bytes, found: bytes) -> Finding | None:
    """Where two versions of a file first differ; None where they are the same bytes. The line, and the number where it is one."""
    if recorded == found:
        return None
    if not is_text(name):
        kind = "a figure" if name.endswith(FIGURES) else "a table"
        return Finding(name, f"{kind} that is not drawn from these data" if kind == "a figure" else "not as this package writes these data")
    one, two = (content.decode("utf-8", "replace").split("\n") for content in (recorded, found))
    line = next((i for i, (mine, other) in enumerate(zip(one, two, strict=False)) if mine != other), min(len(one), len(two)))
    mine, other = ("".join(lines[line : line + 1]) for lines in (one, two))
    numbers = _one_number(mine, other, NUMBER if name.endswith(".csv") else GROUPED)
    if numbers:
        return Finding(name, f"line {line + 1}", *numbers)
    first = next((i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other)))
    first = max(0, first - BESIDE)
    return Finding(name, f"line {line + 1}", mine[first : first + 3 * BESIDE], other[first : first + 3 * BESIDE])


def _pairs(mine: str, other: str, number: re.Pattern[str]) -> list[tuple[float, float]] | None:
    """The numbers that differ between two texts, None where more than numbers does."""
    if number.sub("#", mine) != number.sub("#", other) or DATE.findall(mine) != DATE.findall(other):
        return None
    found = zip(number.findall(mine), number.findall(other), strict=True)
    return [(float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in found if a != b]


def _one_number(mine: str, other: str, number: re.Pattern[str]) -> tuple[float, float] | None:
    """The two numbers, where lines differ in one number alone."""
    pairs = _pairs(mine, other, number)
    return pairs[0] if pairs and len(pairs) == 1 else None


def agree(name: str, recorded: bytes, found: bytes, tolerance: float) -> bool:
    """Whether two texts are the same but for numbers: in a CSV, which has all digits, within `tolerance`, else by the last digit shown."""
    table = name.endswith(".csv")
    one, two = (content.decode("utf-8", "replace") for content in (recorded, found))
    pairs = _pairs(one, two, NUMBER if table else GROUPED)
    most = tolerance if table else ROUNDED
    return pairs is not None and all(abs(a - b) <= most * max(abs(a), abs(b)) for a, b in pairs)
