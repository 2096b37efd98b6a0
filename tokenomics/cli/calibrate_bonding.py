"""`tokenomics calibrate bonding`: how holders bond by what it yields."""

from __future__ import annotations

from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from .calibrate_output import File, Out, finish
from .numbers import number
from .options import Json
from .output import progress_bar

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog="Example: tokenomics calibrate bonding livepeer_rounds.csv --response elasticity"
)
def bonding(
    file: File,
    response: Annotated[
        str, typer.Option(help="Form of the response: logistic or elasticity.")
    ] = "logistic",
    bootstrap: Annotated[
        int,
        number(
            "Histories of the bootstrap.",
            bounds.DRAWS.from_(99, "of fewer, two or less lie beyond each end of a 95 % interval"),
        ),
    ] = 999,
    seed: Annotated[int, number("Seed of the bootstrap and the forecasts.", bounds.SEED)] = 0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """How Livepeer's holders bond by what it yields, from its recorded rounds: fitted on the first
    half, forecasts of the second scored against a random walk.
    """
    from ..forecasts.bonding import calibrate_and_score

    probe(out)
    with progress_bar("forecasting", show=not as_json) as progress:
        found = calibrate_and_score(
            file, response=response, seed=seed, draws=bootstrap, progress=progress
        )
    finish(found, out, as_json)
