"""From evidence to the files that follow from it alone: report, tables, figures. The same evidence
gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..evidence.evidence import Evidence
from .document import Report, ReportTable, Section
from .figures import pictures, png, svg
from .html import html
from .input_tables import parameters
from .markdown import markdown
from .marks import plain
from .sections import report


def render(evidence: Evidence, figures: bool = True) -> tuple[Report, dict[str, bytes]]:
    """The report, and its files by path with margins marked: report.md, report.html,
    data/*.csv, and where figures are asked for figures/*.svg and *.png.
    """
    drawn = pictures(evidence) if figures else {}
    vectors = {name: svg(figure) for name, (_, figure) in drawn.items()}
    told = {name: picture for name, (picture, _) in drawn.items()} if figures else None
    whole = report(evidence, told)
    files = {"report.md": markdown(whole).encode(), "report.html": html(whole, vectors).encode()}
    files |= {
        f"data/{table.name}.csv": table.csv() for table in [*whole.tables, parameters(evidence)]
    }
    for name, (_, figure) in drawn.items():
        files |= {f"figures/{name}.svg": vectors[name], f"figures/{name}.png": png(figure)}
    return _unmarked(whole), files


def _unmarked(whole: Report) -> Report:
    """A report for who reads it as data."""
    return replace(whole, sections=tuple(map(_section, whole.sections)))


def _section(section: Section) -> Section:
    texts: Mapping[str, tuple[str, ...]] = {
        name: tuple(map(plain, getattr(section, name))) for name in ("paragraphs", "bullets")
    }
    tables = {name: tuple(map(_table, getattr(section, name))) for name in ("tables", "folded")}
    return replace(section, **texts, **tables)


def _table(table: ReportTable) -> ReportTable:
    given = {name: getattr(table, name) for name in ("frame", "shown")}
    return replace(
        table, **{name: frame.map(_cell) for name, frame in given.items() if frame is not None}
    )


def _cell(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value
