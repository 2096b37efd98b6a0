"""`tokenomics calibrate economy`: parameters of the economy from moments of daily closes."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import InputError
from ..inputs import bounds
from ..inputs.files import probe
from .calibrate_output import First, Last, Out, finish, finish_panel, window
from .history_options import (
    Absurd,
    Column,
    Daily,
    DateFormat,
    Decimal,
    Duplicates,
    Nonpositive,
    Sheet,
    Unsorted,
    given,
)
from .numbers import number
from .options import Form, Json, Overlay, Set
from .output import progress_bar

app = typer.Typer(rich_markup_mode=None)
Filled = Annotated[
    str,
    typer.Option(help="Missing days: refuse or interpolate (a few alone); every day is needed."),
]
FITTED = (
    "A parameter to fit: PATH, or PATH=LOW:HIGH. Repeatable. By default news.volatility, "
    "news.jump_volatility and speculation.noise; a search from a sixth to six times the value."
)
POOLED = (
    "A parameter that the tokens of several files share: PATH, or PATH=LOW:HIGH. Repeatable. By "
    "default speculation.intensity_of_choice."
)
OVER_YEARS = (
    "Volatility over the years: constant, slow to change, or choose: slow, but where constant "
    "foretells later parts of the fitted days far better; what is held out has no say."
)


@app.command(
    epilog="Examples: tokenomics calibrate economy prices.csv --out fits/token | "
    "tokenomics calibrate economy prices.csv --fit news.volatility --fit speculation.noise=0.05:1 "
    "--holdout 0.25 --workers 4 | tokenomics calibrate economy one.csv two.csv three.csv --gaps "
    "interpolate --out fits/panel"
)
def economy(
    files: Annotated[list[str], typer.Argument(metavar="FILE...")],
    params: Annotated[
        str, typer.Option(help="The parameters that are not fitted: a shipped set or a YAML file.")
    ] = "baseline",
    overlay: Overlay = None,
    sets: Set = None,
    fit: Annotated[list[str] | None, typer.Option(help=FITTED, metavar="PATH")] = None,
    shared: Annotated[list[str] | None, typer.Option(help=POOLED, metavar="PATH")] = None,
    volatility: Annotated[str, typer.Option(help=OVER_YEARS)] = "choose",
    start: First = None,
    end: Last = None,
    gaps: Filled = "refuse",
    nonpositive: Nonpositive = None,
    duplicates: Duplicates = None,
    unsorted: Unsorted = None,
    absurd: Absurd = None,
    daily: Daily = None,
    column: Column = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    holdout: Annotated[
        float | None,
        number(
            "Share of the days, the last ones, held out for the test; a third by default.",
            bounds.HELD_OUT,
        ),
    ] = None,
    runs: Annotated[int, number("Simulated histories of each point.", bounds.HISTORIES)] = 100,
    seed: Annotated[int, number("Seed of the simulated histories.", bounds.SEED)] = 0,
    workers: Annotated[int, number("Threads.", bounds.WORKERS)] = 1,
    out: Out = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """Fit parameters of the whole economy so that simulated moments of daily returns match a
    token's; test them on its later days. Several files: what the tokens share is fitted to all, and
    each has a folder of its own.
    """
    from ..calibration.economy.calibrate import FIT, HOLDOUT, calibrate_economy
    from ..calibration.economy.fit import Simulations
    from ..calibration.economy.panel import SHARED, calibrate_panel

    if shared and len(files) == 1:
        raise InputError(
            "one file", key="--shared", expected="two files or more, whose tokens share parameters"
        )
    probe(out)
    chosen = given(
        column=column,
        date_format=date_format,
        sheet=sheet,
        decimal=decimal,
        daily=daily,
        gaps=gaps,
        nonpositive=nonpositive,
        duplicates=duplicates,
        unsorted=unsorted,
        absurd=absurd,
    )
    asked = {
        "overlay": overlay,
        "sets": sets or (),
        "choices": chosen,
        **window(start, end),
        "fit": fit or FIT,
        "holdout": HOLDOUT if holdout is None else holdout,
        "volatility": volatility,
        "settings": Simulations(runs=runs, seed=seed, workers=workers),
    }
    with progress_bar("fitting, simulated days", show=not as_json) as progress:
        if len(files) == 1:
            found = calibrate_economy(files[0], params, **asked, progress=progress)
        else:
            panel = calibrate_panel(
                files, params, **asked, shared=shared or SHARED, progress=progress
            )
    if len(files) == 1:
        finish(found, out, as_json, form)
    else:
        finish_panel(panel, out, as_json, form)
