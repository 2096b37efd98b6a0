"""The blocks of a step as a picture in SVG: boxes in their order, a line from each to those that
read what it wrote, and beside a box what it reads. It needs no program to be drawn, and no network
to be shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import wrap

NAMED = 2  # variables that an arrow names
LETTERS, BESIDE_LETTERS = 37, 46  # of a line in a box and beside it
BOX, BESIDE, GAP = 285, 310, 14  # widths of a box and of the text beside it, and between boxes
LINE, EDGE, LANE = 17, 8, 13  # heights of a line and of a box's edge, and between lines
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLE = (
    "text{font:13px sans-serif;fill:#1b1f24}.read{font-size:12px;fill:#555}"
    "rect{fill:#eef3f8;stroke:#9db2c6}.page{fill:#fff;stroke:none}path{fill:none;stroke-width:1.5}"
)


def step_picture(names: Sequence[str], arrows: Mapping[tuple[int, int], Sequence[str]]) -> str:
    """An SVG. names: of the blocks in their order. arrows: variables by (writer, reader), the
    writer before the reader.
    """
    lines = [wrap(f"{number}. {name}", LETTERS) for number, name in enumerate(names, 1)]
    reads = [_reads(reader, arrows) for reader in range(len(names))]
    heights = [
        LINE * max(len(own), len(told)) + 2 * EDGE for own, told in zip(lines, reads, strict=True)
    ]
    tops = [GAP + sum(heights[:i]) + GAP * i for i in range(len(names))]
    lanes = _lanes(arrows)
    left = LANE * (max(lanes.values(), default=0) + 3)
    parts = []
    for writer, lane in lanes.items():
        ends = [r for w, r in arrows if w == writer and r > w + 1]
        parts += _trunk(writer, ends, lane, left, tops, heights)
    for writer, reader in arrows:
        if reader == writer + 1:
            start = tops[writer] + heights[writer]
            parts.append(_arrow(f"M{left + 30} {start}V{tops[reader]}", writer))
    first, last = (tops[i] + heights[i] // 2 for i in (0, -1))
    parts.append(
        f'<path d="M{left} {last}H{LANE}V{first}H{left - 5}" stroke="#777" stroke-dasharray="5 4" '
        f'marker-end="url(#a)"><title>the next step</title></path>'
    )
    for i, (own, told) in enumerate(zip(lines, reads, strict=True)):
        parts.append(f'<rect x="{left}" y="{tops[i]}" width="{BOX}" height="{heights[i]}" rx="5"/>')
        parts += _text(left + 10, tops[i], own, "")
        parts += _text(left + BOX + 12, tops[i], told, ' class="read"')
    width, height = left + BOX + BESIDE, tops[-1] + heights[-1] + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">\n<title>The blocks of a step, in order</title>\n'
        f'<style>{STYLE}</style>\n<defs><marker id="a" viewBox="0 0 6 6" refX="5" refY="3" '
        f'markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6Z" '
        f'style="fill:#555;stroke:none"/></marker></defs>\n'
        f'<rect class="page" width="{width}" height="{height}" rx="6"/>'
    )
    return "\n".join([head, *parts, "</svg>"])


def _reads(reader: int, arrows: Mapping[tuple[int, int], Sequence[str]]) -> list[str]:
    """What a block reads of each that wrote it."""
    told = []
    for writer, names in sorted((w, names) for (w, r), names in arrows.items() if r == reader):
        more = f", +{len(names) - NAMED}" if len(names) > NAMED else ""
        line = f"reads {', '.join(names[:NAMED])}{more} of {writer + 1}"
        told += wrap(line, BESIDE_LETTERS, subsequent_indent="\u2003")
    return told


def _lanes(arrows: Mapping[tuple[int, int], Sequence[str]]) -> dict[int, int]:
    """A lane left of the boxes for each writer that is read further down than in the next block,
    such that no two that overlap have the same.
    """
    spans: dict[int, int] = {}
    for writer, reader in sorted(arrows):
        if reader > writer + 1:
            spans[writer] = reader
    lanes: dict[int, int] = {}
    for writer in spans:
        taken = {lane for other, lane in lanes.items() if spans[other] >= writer}
        lanes[writer] = next(lane for lane in range(len(spans)) if lane not in taken)
    return lanes


def _trunk(
    writer: int, ends: Sequence[int], lane: int, left: int, tops: list[int], heights: list[int]
) -> list[str]:
    """Lines from a block to those further down that read it, along its lane."""
    x, start = left - LANE * (lane + 1), tops[writer] + heights[writer] - EDGE
    return [_arrow(f"M{left} {start}H{x}V{tops[end] + EDGE}H{left}", writer) for end in ends]


def _arrow(path: str, writer: int) -> str:
    colour = COLOURS[writer % len(COLOURS)]
    return f'<path d="{path}" stroke="{colour}" marker-end="url(#a)"/>'


def _text(x: int, top: int, lines: Sequence[str], kind: str) -> list[str]:
    return [
        f'<text x="{x}" y="{top + EDGE + LINE * (number + 1) - 4}"{kind}>{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
