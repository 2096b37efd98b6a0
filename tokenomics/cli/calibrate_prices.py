"""`tokenomics calibrate prices` and `tokenomics calibrate factor`: news of a token from its daily
closes, alone and beside the market's.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from .calibrate_output import File, First, Gaps, Last, Out, finish, window
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
from .options import Form, Json
from .output import progress_bar

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog="Example: tokenomics calibrate prices RNDR-USD.csv --gaps span --out calibrated/render"
)
def prices(
    file: File,
    start: First = None,
    end: Last = None,
    gaps: Gaps = "refuse",
    nonpositive: Nonpositive = None,
    duplicates: Duplicates = None,
    unsorted: Unsorted = None,
    absurd: Absurd = None,
    daily: Daily = None,
    column: Column = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    step: Annotated[
        int, number("Days from one row to the next; 7 for weekly closes.", bounds.SPACING)
    ] = 1,
    bootstrap: Annotated[
        int,
        number(
            "Resamples of each of two bootstraps of Merton's fit; 0 for none.",
            bounds.RESAMPLES,
        ),
    ] = 200,
    seed: Annotated[int, number("Seed of the bootstraps.", bounds.SEED)] = 0,
    out: Out = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """News of the token's valuation from daily closes [USD/TOK] in any layout: Merton's
    jump-diffusion, and GARCH beside it.

    CSV, JSON and .xlsx of exchanges, data services and spreadsheets are recognised by content
    (docs/histories.md); what was taken for what is said. Nothing in the file is repaired unless an
    option says how; what was done is listed.
    """
    from ..calibration.prices.calibrate import calibrate_prices

    probe(out)
    chosen = given(
        column=column,
        date_format=date_format,
        sheet=sheet,
        decimal=decimal,
        daily=daily,
        step=step,
        gaps=gaps,
        nonpositive=nonpositive,
        duplicates=duplicates,
        unsorted=unsorted,
        absurd=absurd,
    )
    with progress_bar("bootstrap", show=not as_json) as progress:
        found = calibrate_prices(
            file,
            choices=chosen,
            **window(start, end),
            bootstrap=bootstrap,
            seed=seed,
            progress=progress,
        )
    finish(found, out, as_json, form)


@app.command(
    epilog="Example: tokenomics calibrate factor TOKEN.csv INDEX.csv --gaps span --out "
    "calibrated/factor"
)
def factor(
    file: File,
    index: Annotated[str, typer.Argument(metavar="INDEX")],
    start: First = None,
    end: Last = None,
    gaps: Gaps = "refuse",
    nonpositive: Nonpositive = None,
    duplicates: Duplicates = None,
    unsorted: Unsorted = None,
    absurd: Absurd = None,
    daily: Daily = None,
    column: Column = None,
    index_column: Annotated[
        list[str] | None,
        typer.Option(help="The index's column, as --column of the token's.", metavar="NAME"),
    ] = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Beta of a token to the market: daily closes of the token on those of an index, each in any
    layout.

    What stands in both files' layouts, such as --date-format, holds for both.
    """
    from ..calibration.prices.factor import calibrate_factor

    probe(out)
    chosen = {
        "date_format": date_format,
        "sheet": sheet,
        "decimal": decimal,
        "daily": daily,
        "gaps": gaps,
        "nonpositive": nonpositive,
        "duplicates": duplicates,
        "unsorted": unsorted,
        "absurd": absurd,
    }
    found = calibrate_factor(
        file,
        index,
        choices=given(column=column, **chosen),
        index_choices=given(column=index_column, **chosen),
        **window(start, end),
    )
    finish(found, out, as_json)
