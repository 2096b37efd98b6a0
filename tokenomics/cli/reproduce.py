"""`tokenomics reproduce`: published results computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..inputs import bounds
from ..inputs.files import probe
from ..papers import PAPERS
from .numbers import Seed, number
from .options import Json
from .output import deliver, print_json, progress_bar, say, show_table

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _parts(rows: list[list[Any]], width: int) -> list[tuple[list[list[str]], list[int]]]:
    """A table, its head first, cut into tables that fit into `width` characters without a broken
    word, each with the widths of its columns.

    Every part repeats the first column.
    """
    columns = [[str(value) for value in column] for column in zip(*rows, strict=True)]
    least = [max((len(word) for word in " ".join(column).split()), default=1) for column in columns]
    whole = [max(map(len, column)) for column in columns]
    groups = [[0]]
    for i in range(1, len(columns)):
        # three characters divide two columns, and one ends the line
        if len(groups[-1]) > 1 and 1 + sum(3 + least[j] for j in (*groups[-1], i)) > width:
            groups.append([0])
        groups[-1].append(i)
    parts = []
    for group in groups:
        spare, widths = width - 1 - sum(3 + least[i] for i in group), []
        for i in group:
            more = min(max(spare, 0), whole[i] - least[i])
            widths.append(least[i] + more)
            spare -= more
        parts.append(
            ([list(row) for row in zip(*(columns[i] for i in group), strict=True)], widths)
        )
    return parts


@app.command(epilog="Examples: tokenomics reproduce dcbm | tokenomics reproduce rai --json")
def reproduce(
    name: Annotated[
        str,
        typer.Argument(
            help="One of: " + ", ".join(f"{n} ({text})" for n, text in PAPERS.items()) + "."
        ),
    ],
    runs: Annotated[
        int | None, number("Monte Carlo runs, in place of the settings'.", bounds.RUNS.from_(2))
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the text and the figures; it must not exist.", metavar="DIR"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute a published result again and judge its claims. Its numbers stand beside ours."""
    from ..papers import reproduce as compute
    from ..results.drawing import save
    from ..results.markdown import cell

    probe(out)
    with progress_bar("reproducing", show=not as_json) as progress:
        found = compute(name, runs=runs, seed=seed, progress=progress)

    def fill(folder: Path) -> None:
        (folder / "reproduction.md").write_text(found.markdown(), encoding="utf-8")
        for stem, figure in found.figures.items():
            save(figure, folder / f"{stem}.png", 130)

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        console = Console()
        say(found.paper)
        for title, frame in found.tables.items():
            for part, widths in _parts(
                [
                    list(frame.columns),
                    *([cell(v) for v in row] for row in frame.itertuples(index=False)),
                ],
                console.width,
            ):
                show_table(title, part[0], part[1:], console=console, widths=widths)
        for claim in found.claims:
            say(f"{claim.verdict}: {claim.text}", f"    {claim.evidence}")
        say(*(f"- {choice}" for choice in found.choices))
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell)
