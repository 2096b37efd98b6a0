"""`tokenomics propose`: the whole evidence of a proposal, for a vote."""

from __future__ import annotations

from typing import Annotated

import typer

from ..inputs import bounds
from .bundle_output import NewBundle, tell
from .numbers import Workers, number
from .options import Code, Json, NoFigures, command_line
from .output import progress_bar, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Runs = Annotated[
    int | None,
    number("Runs of every set of values and scenario, in place of the proposal's.", bounds.RUNS),
]
Seed = Annotated[int | None, number("Seed of the shocks, in place of the proposal's.", bounds.SEED)]

NoWorlds = Annotated[
    bool, typer.Option("--no-worlds", help="Judge the limits in the network alone.")
]


@app.command(
    epilog=(
        "Examples: tokenomics propose pid_gains --runs 200 | tokenomics propose "
        "params/proposals/burn_share.yaml --out evidence/burn_share"
    )
)
def propose(
    file: Annotated[
        str, typer.Argument(help="A shipped proposal or a YAML file.", metavar="PROPOSAL")
    ],
    runs: Runs = None,
    seed: Seed = None,
    out: NewBundle = None,
    workers: Workers = None,
    no_figures: NoFigures = False,
    no_worlds: NoWorlds = False,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Write the whole evidence of a proposal as a bundle. It says what changes, whether its limits
    hold, and what alternatives, sensitivity, stress and margins are.

    Exit status 1 where a stated limit fails, or where the proposal moves no number at all.
    Interrupted work goes on with the same command.
    """
    from ..governance.bundle.make import propose as write

    try:
        with progress_bar("simulating, runs", show=not as_json) as progress:
            bundle = write(
                file,
                runs=runs,
                seed=seed,
                out=out,
                workers=workers,
                progress=progress,
                figures=not no_figures,
                worlds=not no_worlds,
                command=command_line(),
            )
    except KeyboardInterrupt:
        say("what is finished is kept; the same command goes on from there", err=True)
        raise
    tell(bundle, as_json, not no_figures)
