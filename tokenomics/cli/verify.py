"""`tokenomics verify`: is a bundle what it says?"""

from __future__ import annotations

from typing import Annotated

import typer

from ..inputs import bounds
from .numbers import Workers, number
from .options import Bundle, Json
from .output import print_json, progress_bar, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Exit status: 0 verified, 1 differs, 2 cannot be checked or no bundle. Examples: "
    "tokenomics verify bundles/gains | "
    "tokenomics verify bundles/gains --id 3f9c… (the identifier that was published) | tokenomics "
    "verify bundles/gains --sample 0.01 --json"
)
def verify(
    bundle: Bundle,
    id: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="The identifier that was published: finds a forgery that is consistent in itself.",
        ),
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            help="A file of yours that is the code of its maker, which you have read: it runs. "
            "Repeatable.",
            metavar="FILE",
        ),
    ] = None,
    sample: Annotated[
        float | None,
        number(
            "Share of the runs to simulate again, at random; all by default. Whatever it is, the "
            "step is compiled, all runs of the forecast are simulated again, and report, tables "
            "and figures are made anew: of a small share that takes most of the time.",
            bounds.PART,
            metavar="SHARE",
        ),
    ] = None,
    sample_seed: Annotated[
        int | None,
        number("Seed of that choice; a new one by default, which no forger can know.", bounds.SEED),
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Check a bundle by computing all that is in it again. Files are checked by digest, numbers by
    simulation, text, tables and figures by making them anew.
    """
    from ..governance.verify.verify import verify as check

    with progress_bar("simulating again, runs", show=not as_json) as progress:
        outcome = check(
            bundle,
            id=id,
            trust=trust or (),
            sample=sample,
            sample_seed=sample_seed,
            workers=workers,
            progress=progress,
        )
    if as_json:
        print_json({"bundle": str(bundle)} | outcome.plain())
    else:
        say(*outcome.lines())
    if outcome.exit_status:
        raise typer.Exit(outcome.exit_status)
