"""`tokenomics report`: a bundle of finished runs or of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .bundle_output import NewBundle, tell
from .options import Code, Json, NoFigures, command_line

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog=(
        "Examples: tokenomics report runs/first --out evidence/first | tokenomics report runs/none "
        "runs/pid --title 'PID against no control'"
    )
)
def report(
    folders: Annotated[
        list[Path],
        typer.Argument(help="A run's directory, several, or a sweep's.", metavar="DIR..."),
    ],
    out: NewBundle = None,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    no_figures: NoFigures = False,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Write a bundle of finished runs or of a sweep. It holds report, tables, figures, digests and
    citations. Several runs are compared with the first.
    """
    from ..governance.bundle.make import report as write

    told = {"out": out, "title": title, "figures": not no_figures, "command": command_line()}
    tell(write(*folders, **told), as_json, not no_figures)
