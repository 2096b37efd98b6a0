"""A figure that another Matplotlib drew, beside the one drawn here: all of it but the layout, which
alone differs from version to version.

From 3.8 to 3.11 the same figure has the same elements, styles, colours and letters; lengths of
texts move its parts by some points, letters have other identifiers, and `fi` is one glyph or two.
So letters are told by their shapes, places only by as much, and data within their own axes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from ..report.figures import STYLE, svg
from .differences import numbered
from .drawings import pixels

# points by which a part may stand elsewhere; 4.4 were seen, and what could be taken for another is
# farther away
MOVED = 10.0
# of the width or height of its axes, by which a mark of data may stand elsewhere; 0.005 was seen,
# on a logarithmic axis
WITHIN = 0.01
LONGEST = 100  # characters of what is told
# hundredths of a letter's size by which its distance from the one before may be another; 0.06 were
# seen
SPACING = 2.0
LIGATURES = ("ff", "fi", "fl", "ffi", "ffl")
PLACED = ("d", "x", "y", "points", "width", "height")  # attributes that say where something is
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
TRANSLATED = re.compile(r"translate\(([^)]*)\)")
IMAGE = "data:image/png;base64,"
LETTER = frozenset(["id", "d", "transform"])  # what the definition of a letter says


@dataclass
class Piece:
    """An element of a drawing.

    kind: its depth, its name and all else that is not a place. places: its numbers. frame: those of
    its axes, where it is data in them.
    """

    kind: tuple[Any, ...]
    places: list[float] = field(default_factory=list)
    frame: list[float] | None = None


@dataclass
class Letters:
    """A text by the shapes of its letters, with their places; None for what follows in a
    ligature.
    """

    shapes: list[str] = field(default_factory=list)
    at: list[float | None] = field(default_factory=list)


def difference(recorded: bytes, made: bytes) -> str | None:
    """What a figure has otherwise than the one made here, which no version of Matplotlib explains;
    None where nothing. recorded: a safe drawing.
    """
    try:
        mine, other = (
            _read(numbered(drawing.decode()), _ligatures()) for drawing in (recorded, made)
        )
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return f"cannot be read ({error})"
    text = ""
    for (one, letters), (two, wanted) in zip(mine, other, strict=False):
        if one.kind != two.kind:
            return _otherwise(one, two)
        text = (
            two.kind[2] if two.kind[1] == "comment" else text
        )  # Matplotlib writes each text beside its letters
        if not _same_letters(letters, wanted):
            return f"other letters than those of '{text.strip()}'"[:LONGEST]
        if not _same_places(one, two):
            return f"{_told(one)} elsewhere"
    return (
        None if len(mine) == len(other) else f"{len(mine)} parts, where it should have {len(other)}"
    )


def _told(part: Piece) -> str:
    return f"'{' '.join(part.kind[1:4]).strip()}'"[:LONGEST]


def _otherwise(one: Piece, two: Piece) -> str:
    """The first thing in which two differ that should be the same."""
    if one.kind[:4] != two.kind[:4]:
        return (
            f"{_told(one)}, where it should have {_told(two)}"
            if one.kind[1:4] != two.kind[1:4]
            else f"{_told(one)} within another part"
        )
    mine, other = next((a, b) for a, b in zip_longest(one.kind[4:], two.kind[4:]) if a != b)
    told = (f"{' '.join(own)}"[:LONGEST] if own else "nothing" for own in (mine, other))
    return "{}: {}, where it should have {}".format(_told(one), *told)


def _same_letters(one: Letters, two: Letters) -> bool:
    """Whether the same letters stand beside each other in the same distances."""
    if one.shapes != two.shapes:
        return False
    for (a, b), (c, d) in zip(pairwise(one.at), pairwise(two.at), strict=True):
        if None not in (a, b, c, d) and not abs((b - a) - (d - c)) <= SPACING:
            return False
    return not one.at or abs(one.at[0] - two.at[0]) <= SPACING


def _same_places(one: Piece, two: Piece) -> bool:
    if len(one.places) != len(two.places):
        return False
    if not all(abs(a - b) <= MOVED for a, b in zip(_ordered(one), _ordered(two), strict=True)):
        return False
    if one.frame is None or two.frame is None:
        return one.frame is two.frame
    return all(
        abs(a - b) <= WITHIN
        for a, b in zip(_ordered(one, one.frame), _ordered(two, two.frame), strict=True)
    )


def _ordered(part: Piece, frame: list[float] | None = None) -> list[float]:
    """A part's places, in shares of a frame where one is given; corners of a filled area in one
    order, for versions begin at another.
    """
    left, right, low, high = (0.0, 1.0, 0.0, 1.0)
    if frame:
        left, right, low, high = (
            min(frame[::2]),
            max(frame[::2]),
            min(frame[1::2]),
            max(frame[1::2]),
        )
    pairs = list(zip(part.places[::2], part.places[1::2], strict=False))
    placed = [
        ((x - left) / ((right - left) or 1.0), (y - low) / ((high - low) or 1.0)) for x, y in pairs
    ]
    closed = len(placed) == 4 and any(
        isinstance(told, tuple) and told[0] == "d" and told[1].endswith("z") for told in part.kind
    )
    corners = sorted(placed, key=lambda pair: (round(pair[0], 3), pair[1])) if closed else placed
    return [number for pair in corners for number in pair] + part.places[2 * len(pairs) :]


def _read(drawing: str, ligatures: dict[str, list[str]]) -> list[tuple[Piece, Letters]]:
    """The parts of a drawing in order, each with the text that is drawn in it."""
    reader = ElementTree.XMLPullParser(["start", "end", "comment"])
    reader.feed(drawing)
    reader.close()
    events = list(reader.read_events())
    shapes = _shapes(events)
    return list(_parts(events, shapes, ligatures))


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _shapes(events: list[tuple[str, Any]]) -> dict[str, str]:
    """What is drawn under each identifier. Raises ValueError for one that stands twice, of which a
    browser takes the first.
    """
    found: dict[str, str] = {}
    for event, element in events:
        if event == "start" and element.get("id"):
            if element.get("id") in found:
                raise ValueError(f"the identifier {element.get('id')[:40]!r} twice")
            found[element.get("id")] = " ".join(
                [*element.get("d", "").split(), element.get("transform", "")]
            )
    return found


def _parts(
    events: list[tuple[str, Any]], shapes: dict[str, str], ligatures: dict[str, list[str]]
) -> Iterator[tuple[Piece, Letters]]:
    """Elements in order; the definitions of letters are skipped, and what uses them is a letter of
    the text around it.
    """
    above: list[str] = []  # a word for each open element: text, letters, axes, clipped or nothing
    frame: list[float] | None = None
    part, letters = Piece((0, "drawing", "")), Letters()
    for event, element in events:
        if event == "comment":
            if "letters" not in above:
                yield Piece((len(above), "comment", element.text or "")), Letters()
            continue
        if event == "end":
            above.pop()
            continue
        if "letters" in above:
            if _name(element) != "path" or set(element.attrib) - LETTER:
                raise ValueError(f"<{_name(element)}> among its letters"[:LONGEST])
            above.append("")
            continue
        word = _word(element, "text" in above)
        above.append(word)
        if word == "letters":
            continue
        if word == "letter":
            _add(letters, element, shapes, ligatures)
            continue
        yield part, letters
        part, letters = _part(element, len(above), "definition" in above), Letters()
        if word == "axes":
            frame = None
        elif "axes" in above and frame is None and _name(element) == "path":
            frame = part.places
        if "clipped" in above and "definition" not in above:
            part.frame = frame
    yield part, letters


def _word(element: ElementTree.Element, in_text: bool) -> str:
    """What an element means for those in it."""
    name, own = _name(element), element.get("id", "")
    if name == "defs":
        return "letters" if in_text else "definition"
    if in_text and name == "use":
        return "letter"
    return (
        "text"
        if own.startswith("text_")
        else "axes"
        if own.startswith("axes_")
        else "clipped"
        if element.get("clip-path")
        else ""
    )


def _part(element: ElementTree.Element, depth: int, definition: bool) -> Piece:
    """An element; in a definition, of a mark of data, its shape is no place."""
    tag, places = _name(element), []
    kind: list[Any] = [depth, tag, element.get("id", ""), (element.text or "").strip()]
    for key, value in sorted(element.attrib.items()):
        name = key.rpartition("}")[2]
        if name == "href" and value.startswith(IMAGE):
            places += pixels(
                base64.b64decode("".join(value.removeprefix(IMAGE).split()), validate=True)
            )
            value = IMAGE
        elif name == "transform":
            places += [
                float(number)
                for inside in TRANSLATED.findall(value)
                for number in NUMBER.findall(inside)
            ]
            value = TRANSLATED.sub("translate", value)
        elif name in PLACED and tag != "svg" and not (definition and tag == "path"):
            places += map(float, NUMBER.findall(value))
            value = NUMBER.sub("#", value)
        kind.append((name, " ".join(value.split())))
    return Piece(tuple(kind), places)


def _add(
    letters: Letters,
    element: ElementTree.Element,
    shapes: dict[str, str],
    ligatures: dict[str, list[str]],
) -> None:
    """One more glyph: its letters and its place. Raises ValueError for one that is drawn otherwise
    than beside the one before.
    """
    told = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    names = set(told)
    target, x, moved = (
        told.pop("href"),
        told.pop("x", "0"),
        TRANSLATED.fullmatch(told.pop("transform", "translate(0 0)")),
    )
    across, up = [float(number) for number in NUMBER.findall(moved[1])] if moved else (0.0, 1.0)
    if told or up or len(element.attrib) > len({"href", "x", "transform"} & names):
        raise ValueError("a letter that is not on its line, or has a style of its own")
    shape = shapes[target.removeprefix("#")]
    apart = ligatures.get(shape, [shape])
    letters.shapes += apart
    letters.at += [float(x) + across, *[None] * (len(apart) - 1)]


@lru_cache(maxsize=1)
def _ligatures() -> dict[str, list[str]]:
    """The shapes of the letters in each glyph that stands for several, as this Matplotlib draws
    them.
    """
    with matplotlib.rc_context(STYLE):
        canvas = Figure()
        for text in [text for word in LIGATURES for text in (word, *word)]:
            canvas.text(0.0, 0.0, text)
    drawn = iter(
        [letters.shapes for _, letters in _read(svg(canvas).decode(), {}) if letters.shapes]
    )
    found = {}
    for word in LIGATURES:
        whole, apart = next(drawn), [next(drawn)[0] for _ in word]
        if len(whole) == 1:
            found[whole[0]] = apart
    return found
