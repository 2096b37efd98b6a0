"""How a result shows itself: in one line, and in a notebook as a small table or its words.

What others wrote in it, such as the name of a file, is text there and nothing else.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from .errors import printable

DIGITS = 4  # significant, of a number in a text or a table; files of data have all
# between which a number is written with commas rather than an exponent
GROUPED, LONGEST = 1e4, 1e12


class Shown:
    """A result that is shown by its essential numbers."""

    def _essentials(self) -> Mapping[str, Any]:
        """What a reader looks for first, by name."""
        raise NotImplementedError

    def __repr__(self) -> str:
        told = "; ".join(f"{name}: {value}" for name, value in self._essentials().items())
        return printable(f"{type(self).__name__}({told})")

    def _repr_html_(self) -> str:
        return f"<table>{rows(self._essentials().items())}</table>"


class InWords:
    """A result that tells itself in words."""

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def readable(value: float) -> str:
    """A number as tables and texts have it, in four significant digits."""
    short = f"{value:.{DIGITS}g}"
    return f"{float(short):,.0f}" if GROUPED <= abs(value) < LONGEST else short


def rows(of: Any, tag: str = "td") -> str:
    """Rows of a table in HTML. of: rows of cells. tag: of a cell."""
    return "".join(
        f"<tr>{''.join(f'<{tag}>{html.escape(str(cell))}</{tag}>' for cell in row)}</tr>"
        for row in of
    )
