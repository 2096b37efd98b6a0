"""The command that computes published results again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .cli_params import Json
from .cli_tools import print_json, progress_bar
from .papers import PAPERS, reproduce


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="reproduce", epilog="Examples: tokenomics reproduce dcbm | tokenomics reproduce rai --json")(paper)


def paper(
    name: Annotated[str, typer.Argument(help="One of: " + ", ".join(f"{n} ({text})" for n, text in PAPERS.items()) + ".")],
    runs: Annotated[int | None, typer.Option(help="Monte Carlo runs, in place of the settings'.", min=2)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the shocks.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Directory for the text and the figures; it must not exist.", metavar="DIR")] = None,
    as_json: Json = False,
) -> None:
    """Compute a published result again: its numbers beside ours, and what became of each claim."""
    from .papers.reproduction import cell
    from .results.store import refuse_existing

    if out is not None:
        refuse_existing(out)
    with progress_bar("reproducing", show=not as_json) as progress:
        found = reproduce(name, runs=runs, seed=seed, progress=progress)
    if out is not None:
        out.mkdir(parents=True)
        (out / "reproduction.md").write_text(found.markdown(), encoding="utf-8")
        for stem, figure in found.figures.items():
            figure.savefig(out / f"{stem}.png", dpi=130)
    if as_json:
        print_json(found.plain() | ({"out": str(out)} if out else {}))
        return
    console = Console()
    console.print(found.paper, highlight=False, soft_wrap=True)
    for title, frame in found.tables.items():
        body = Table(title=escape(title), title_justify="left")
        for column in frame.columns:
            body.add_column(escape(str(column)), overflow="fold")
        for row in frame.itertuples(index=False):
            body.add_row(*(escape(cell(value)) for value in row))
        console.print(body)
    for claim in found.claims:
        console.print(f"{claim.verdict}: {claim.text}\n    {claim.evidence}", highlight=False, markup=False, soft_wrap=True)
    for choice in found.choices:
        console.print(f"- {choice}", highlight=False, markup=False, soft_wrap=True)
    if out is not None:
        console.print(f"written to {out}", highlight=False, soft_wrap=True)
