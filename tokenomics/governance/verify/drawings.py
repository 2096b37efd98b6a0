"""Figures of a bundle: those in its page are its own, and one that cannot be compared is at least a
figure.

No script, nothing from elsewhere, nothing behind its end.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from typing import Any
from xml.parsers import expat

EMBEDDED = re.compile(rb'src="data:image/svg\+xml;base64,([A-Za-z0-9+/=]*)"')
DRAWING = ("svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "image", "pattern")
ELEMENTS = frozenset(
    [*DRAWING, "metadata", "RDF", "Work", "type", "format", "date", "creator", "Agent", "title"]
)
LINKS = (
    "#",
    "data:image/png;base64,",
)  # where a figure's references lead: within it, or to the picture of a scale of colours
PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_PARTS = frozenset([b"IHDR", b"pHYs", b"IDAT", b"IEND"])


def without_figures(page: bytes) -> bytes:
    """An HTML page with its figures taken out."""
    return EMBEDDED.sub(b"src", page)


def embedded(page: bytes) -> list[bytes]:
    """The figures within an HTML page, in their order. Raises ValueError where one is not
    Base64.
    """
    try:
        return [base64.b64decode(found, validate=True) for found in EMBEDDED.findall(page)]
    except binascii.Error as error:
        raise ValueError(f"a figure that is not Base64 ({error})") from None


def misplaced(
    page: bytes, found: bytes, contents: dict[str, bytes], made: dict[str, bytes]
) -> list[str]:
    """Figures of a page that are not the bundle's own of that place, a line each.

    page, found: `report.html` as recorded and made anew. contents, made: the bundle's files and
    those made anew, by name.
    """
    names = {content: name for name, content in made.items() if name.endswith(".svg")}
    wanted = [names[drawn] for drawn in embedded(found)]
    try:
        drawings = embedded(page)
    except ValueError as error:
        return [str(error)]
    if len(drawings) != len(wanted):
        return [f"{len(drawings)} figures, where it should have {len(wanted)}"]
    return [
        f"figure {i} is not {name}"
        for i, (one, name) in enumerate(zip(drawings, wanted, strict=True), 1)
        if one != contents.get(name)
    ]


def unsafe(name: str, content: bytes) -> str | None:
    """What a figure has that no figure of this package has: a script, a reference to elsewhere,
    anything behind its end. None for a sound one.
    """
    return (
        _unsafe_drawing(content)
        if name.endswith(".svg")
        else _unsafe_pixels(content)
        if name.endswith(".png")
        else None
    )


class _UnsafeError(Exception):
    pass


def _unsafe_drawing(content: bytes) -> str | None:
    """Read by a parser rather than searched: entities, comments and encodings can hide anything
    from a search.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(what: str) -> None:
        raise _UnsafeError(what)

    def start(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(":")[2] not in ELEMENTS:
            refuse(f"an element <{element[:60]}>")
        for key, value in attributes.items():
            own = key.rpartition(":")[2].lower()
            if own.startswith("on"):
                refuse(f"an attribute {key[:60]}")
            if own in ("href", "src") and not value.startswith(LINKS):
                refuse(f"a reference to {value[:60]!r}")
            _styled(value, refuse)

    def declared(_: str, encoding: str | None, __: int) -> None:
        if (encoding or "utf-8").lower() != "utf-8":
            refuse(f"the encoding {encoding!s:.60}")

    def kind(_: str, __: str | None, ___: str | None, inner: int) -> None:
        if inner:
            refuse("definitions of its own")

    parser.StartElementHandler, parser.XmlDeclHandler, parser.StartDoctypeDeclHandler = (
        start,
        declared,
        kind,
    )
    parser.CharacterDataHandler = lambda text: _styled(text, refuse)
    parser.ProcessingInstructionHandler = lambda target, _: refuse(f"an instruction {target[:60]}")
    try:
        parser.Parse(content, True)
    except (_UnsafeError, expat.ExpatError, ValueError) as error:
        return str(error)
    return None


def _styled(text: str, refuse: Any) -> None:
    """Refuse a style that loads something; written with escapes, it could be any."""
    lower = text.lower()
    if lower.count("url(") != lower.count("url(#") or "@import" in lower or "\\" in lower:
        refuse("a style that loads something")


def _unsafe_pixels(content: bytes) -> str | None:
    """A PNG's parts one by one: their lengths and check sums, which they are, and that the last one
    ends the file.
    """
    if not content.startswith(PNG_START):
        return "no PNG"
    at, kind = len(PNG_START), b""
    while kind != b"IEND":
        if at + 12 > len(content):
            return "a PNG without its end"
        size, kind = struct.unpack_from(">I4s", content, at)
        if at + 12 + size > len(content):
            return "a PNG without its end"
        if kind not in PNG_PARTS:
            return f"a part {kind!r} of a PNG"
        if (
            zlib.crc32(content[at + 4 : at + 8 + size])
            != struct.unpack_from(">I", content, at + 8 + size)[0]
        ):
            return f"a part {kind!r} with another check sum"
        at += 12 + size
    return None if at == len(content) else f"{len(content) - at} bytes behind the end of a PNG"


def pixels(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG. Raises ValueError where it does not say them."""
    if not content.startswith(PNG_START) or content[12:16] != b"IHDR" or len(content) < 24:
        raise ValueError("no PNG")
    return struct.unpack_from(">II", content, 16)
