"""Tables on a terminal. They take the width that there is, and a number or an interval is never
broken: texts are folded first, then columns go into a second table below.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions
from rich.text import Text

from ..errors import printable

GAP = 2  # spaces between two columns
INTERVAL = r"\[[^\[\],]*\d[^\[\]]*, [^\[\]]*\d[^\[\]]*\]"
# an interval, or a number with what may stand beside it
NUMBER = re.compile(INTERVAL + r"[,;]?|[-+~<>x±]?\d[\d,.]*(e[-+]?\d+)?%?[,;]?|[-+]?inf|nan|-")
ATOM = re.compile(rf"(?:{INTERVAL}|\S)+")  # what stays on one line
# share of the width, and characters, down to which a word of a text is folded
FOLDED, SHORTEST = 0.25, 8
NAMED = (
    0.5  # share of the width up to which no word is folded of the first column, which names rows
)


class Fitted:
    """A table that fits itself into the width of its console, whoever wrote what is in it.

    title: above it, or empty. columns: their names, all empty for a table without a head. rows: of
    cells, of which a row of one cell begins a section. spare: columns that are left out where
    the others would be folded for them.
    """

    def __init__(
        self,
        title: str,
        columns: Iterable[str],
        rows: Iterable[Iterable[Any]],
        *,
        spare: Container[str] = (),
    ):
        self.title, self.spare = printable(title), spare
        self.names = [printable(str(name)) for name in columns]
        self.rows = [[printable(str(cell)) for cell in row] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        if self.title:
            yield Text(self.title, "italic")
        rule = "-" if options.ascii_only else "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
        columns = [
            _Cells(name, [row[i] for row in self.rows if len(row) == len(self.names)])
            for i, name in enumerate(self.names)
        ]
        width = options.max_width
        least = max(SHORTEST, int(FOLDED * width))
        for number, part in enumerate(self._parts(columns, width, least)):
            if number:
                yield Text()
            for line, style in self._lines(part, _widths(part, width, least), rule):
                yield Text(line.rstrip(), style, no_wrap=True, overflow="ignore")

    def _parts(self, columns: list[_Cells], width: int, least: int) -> list[list[_Cells]]:
        """The columns that stand beside one another; every part repeats the first."""
        needed = [one.least(least) if one.name in self.spare else one.whole for one in columns]
        if _room(needed) > width:
            columns = [one for one in columns if one.name not in self.spare]
        parts = [columns[:1]]
        for column in columns[1:]:
            here = _least([*parts[-1], column], width, least)
            if len(parts[-1]) > 1 and _room(here) > width:
                parts.append(columns[:1])
            parts[-1] = [*parts[-1], column]
        return parts

    def _lines(
        self, part: Sequence[_Cells], widths: list[int], rule: str
    ) -> Iterator[tuple[str, str]]:
        """The lines of a part, each with its style."""
        if any(self.names):
            for line in _side_by_side(part, [column.name for column in part], widths):
                yield line, "bold"
            yield rule * _room(widths), ""
        number = 0
        for row in self.rows:
            if len(row) == 1 < len(self.names):
                if number:
                    yield "", ""
                yield row[0], "bold"
                continue
            for line in _side_by_side(part, [column.cells[number] for column in part], widths):
                yield line, ""
            number += 1


class _Cells:
    """A column's cells, and the widths that they can have."""

    def __init__(self, name: str, cells: list[str]):
        self.name, self.cells = name, cells
        self.whole = max(map(cell_len, (name, *cells)))
        atoms = [atom for cell in cells for atom in ATOM.findall(cell)]
        self.words = max(map(cell_len, (*atoms, *name.split())), default=1)
        self.kept = max((cell_len(atom) for atom in atoms if _number(atom)), default=1)
        self.numbers = bool(atoms) and all(map(_number, atoms))

    def least(self, folded: int) -> int:
        """The width that it needs where words longer than `folded` are broken."""
        return max(min(self.words, folded), self.kept)


def _number(atom: str) -> bool:
    return NUMBER.fullmatch(atom) is not None


def _room(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _least(part: Sequence[_Cells], width: int, folded: int) -> list[int]:
    """The widths that columns need. The first folds its words less than others, as far as each of
    them fits beside it.
    """
    others = [column.least(folded) for column in part[1:]]
    beside = width - GAP - max(others, default=0)
    return [part[0].least(max(folded, min(int(NAMED * width), beside))), *others]


def _widths(part: Sequence[_Cells], width: int, folded: int) -> list[int]:
    """The width of each column: numbers have theirs first, then words, then texts, of which the
    one that is folded most has the next letter.
    """
    widths = _least(part, width, folded)
    for wanted in (
        [column.whole if column.numbers else 0 for column in part],
        [column.words for column in part],
    ):
        for i, wish in enumerate(wanted):
            widths[i] += max(min(wish - widths[i], width - _room(widths)), 0)
    for _ in range(width - _room(widths)):
        most = max(range(len(part)), key=lambda i: part[i].whole / widths[i])
        if part[most].whole <= widths[most]:
            break
        widths[most] += 1
    return widths


def _side_by_side(part: Sequence[_Cells], cells: list[str], widths: list[int]) -> Iterator[str]:
    """The lines of a row."""
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, folded))):
        line = []
        for column, lines, width in zip(part, folded, widths, strict=True):
            text = lines[number] if number < len(lines) else ""
            space = " " * (width - cell_len(text))
            line.append(space + text if column.numbers else text + space)
        yield (" " * GAP).join(line)


def _folded(cell: str, width: int) -> list[str]:
    """A cell's text in lines of a width, broken between words where that is possible."""
    if cell_len(cell) <= width:
        return [cell]
    lines = [""]
    for atom in ATOM.findall(cell):
        pieces = [atom] if _number(atom) else chop_cells(atom, width)
        for piece in pieces:
            longer = f"{lines[-1]} {piece}".lstrip()
            if piece is pieces[0] and cell_len(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(piece)
    return [line for line in lines if line]
