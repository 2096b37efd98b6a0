"""From evidence to the files that follow from it alone: report, tables, figures. The same evidence gives the same bytes."""

from __future__ import annotations

from .document import Report
from .evidence import Evidence
from .html import html
from .markdown import markdown
from .pictures import pictures, png, svg
from .sections import report
from .tables import parameters


def render(evidence: Evidence) -> tuple[Report, dict[str, bytes]]:
    """The report and its files by path: report.md, report.html, data/*.csv, figures/*.svg and *.png."""
    drawn = pictures(evidence)
    vectors = {name: svg(figure) for name, (_, figure) in drawn.items()}
    whole = report(evidence, {name: picture for name, (picture, _) in drawn.items()})
    files = {"report.md": markdown(whole).encode(), "report.html": html(whole, vectors).encode()}
    files |= {f"data/{table.name}.csv": table.csv() for table in [*whole.tables, parameters(evidence)]}
    for name, (_, figure) in drawn.items():
        files |= {f"figures/{name}.svg": vectors[name], f"figures/{name}.png": png(figure)}
    return whole, files
