"""A report as data: sections of paragraphs, tables and figures. Markdown and HTML are two ways of
writing the same one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...shown import readable
from .marks import plain

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
SIGNS = tuple(
    "=+-@＝＋－＠"
)  # of a formula; a spreadsheet set to Chinese or Japanese takes the full-width ones, too


@dataclass(frozen=True, eq=False)
class ReportTable:
    """A table of the report. name: of its CSV file. frame: all of it, as numbers. shown: what the
    text shows of it, as text; the frame by default.

    """

    name: str
    caption: str
    frame: pd.DataFrame
    shown: pd.DataFrame | None = None

    def marked(self) -> pd.DataFrame:
        """What the text shows, every cell as text, margins marked."""
        table = self.frame if self.shown is None else self.shown
        cells = {name: [cell(value) for value in table[name]] for name in table.columns}
        return pd.DataFrame(cells, dtype=str)

    def text(self) -> pd.DataFrame:
        """What the text shows, every cell as text."""
        return self.marked().map(plain)

    def csv(self) -> bytes:
        """All of it as CSV, margins marked.

        Text that a spreadsheet would take for a formula has an apostrophe before it, names of
        columns too.
        """
        safe = {
            name: [_inert(v) for v in self.frame[name]]
            if self.frame[name].dtype.kind not in "fiub"
            else self.frame[name]
            for name in self.frame
        }
        return (
            pd.DataFrame(safe)
            .rename(columns=_inert)
            .to_csv(index=False, lineterminator="\n")
            .encode()
        )


@dataclass(frozen=True)
class Picture:
    """A figure of the report, in figures/NAME.svg and .png. alt: what it shows, for who cannot see
    it. wide: too wide for a phone, which scrolls it in its box.
    """

    name: str
    caption: str
    alt: str
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the report. paragraphs, bullets: plain text, escaped where it is written. folded:
    tables that a reader opens on demand.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    pictures: tuple[Picture, ...] = ()
    folded: tuple[ReportTable, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Report:
    """A whole report. badge: the outcome in one word, or nothing. lead: its first paragraphs, of
    which the first is the verdict. glance: a line a limit, below the verdict.
    """

    title: str
    badge: str
    lead: tuple[str, ...]
    glance: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def tables(self) -> list[ReportTable]:
        """All tables, in order."""
        return [table for section in self.sections for table in (*section.tables, *section.folded)]


def cell(value: Any) -> str:
    """A table's cell: four significant digits of a float, all of a whole number, nothing for what
    is missing.
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return ""
        return readable(value)
    return "" if value is None else str(value)


def with_interval(mean: float, low: float, high: float) -> str:
    """A mean and its interval; the mean alone where it has none."""
    return f"{cell(mean)} {interval(low, high)}".rstrip()


def interval(low: float, high: float) -> str:
    """An interval; nothing where there is none."""
    return "" if np.isnan(low) else f"[{cell(low)}, {cell(high)}]"


def gap(difference: float, low: float, high: float) -> str:
    """A difference with its interval; where it is one number in every run, that is said: it is no
    certainty.
    """
    if difference == low == high:
        return f"{cell(difference)}, the same in every run" if difference else "0 in every run"
    return with_interval(difference, low, high)


def _inert(value: Any) -> Any:
    if not isinstance(value, str) or NUMBER.fullmatch(value):
        return value
    return (
        "'" + value if value.startswith(("\t", "\r")) or value.lstrip().startswith(SIGNS) else value
    )
