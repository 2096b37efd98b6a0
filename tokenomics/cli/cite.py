"""`tokenomics cite`: how to refer to a bundle."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from .options import Bundle, Json
from .output import print_json, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Style = Literal["footnote", "bibtex", "csl"]


@app.command(
    epilog=(
        "Examples: tokenomics cite bundles/gains | tokenomics cite bundles/gains --style bibtex >> "
        "references.bib"
    )
)
def cite(
    bundle: Bundle,
    style: Annotated[
        Style | None, typer.Option(help="One of them alone: footnote, bibtex or csl (CSL-JSON).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a footnote, BibTeX and CSL-JSON that cite a bundle. They name its identifier."""
    from ..governance.bundle.cite import cite as citation

    found = citation(bundle)
    if as_json:
        print_json(vars(found) | {"csl": json.loads(found.csl)})
    elif style:
        say(*_lines(getattr(found, style)))
    else:
        say(*_lines(found.footnote), "", *_lines(found.bibtex), "", *_lines(found.csl))


def _lines(text: str) -> list[str]:
    return text.rstrip().split("\n")
