"""`tokenomics reproduce`: published results computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from ..papers import PAPERS
from .numbers import Seed, number
from .options import Form, Json
from .output import deliver, print_json, progress_bar, say, show_frame

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Examples: tokenomics reproduce dcbm | tokenomics reproduce rai --json")
def reproduce(
    name: Annotated[
        str,
        typer.Argument(
            help="One of: " + ", ".join(f"{n} ({text})" for n, text in PAPERS.items()) + "."
        ),
    ],
    runs: Annotated[
        int | None, number("Monte Carlo runs, in place of the settings'.", bounds.REPEATED)
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the text and the figures; it must not exist.", metavar="DIR"
        ),
    ] = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """Compute a published result again and judge its claims. Its numbers stand beside ours."""
    from ..papers import reproduce as compute
    from ..results.drawing import save

    probe(out)
    with progress_bar("reproducing", show=not as_json) as progress:
        found = compute(name, runs=runs, seed=seed, progress=progress)

    def fill(folder: Path) -> None:
        (folder / "reproduction.md").write_text(found.markdown(), encoding="utf-8")
        for stem, figure in found.figures.items():
            save(figure, folder, stem, form, 130)

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        say(found.paper)
        for title, frame in found.tables.items():
            show_frame(title, frame)
        for claim in found.claims:
            say(f"{claim.verdict}: {claim.text}", f"    {claim.evidence}")
        say(*(f"- {choice}" for choice in found.choices))
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell)
