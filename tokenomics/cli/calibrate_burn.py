"""`tokenomics calibrate burn`: burn elasticity and emission path from tables."""

from __future__ import annotations

from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from .calibrate_output import Out, finish
from .history_options import (
    DateFormat,
    Decimal,
    Sheet,
)
from .numbers import number
from .options import Form, Json

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog="Examples: tokenomics calibrate burn months.csv --out runs/burn | tokenomics calibrate "
    "burn helium_bme_monthly.csv --discretionary 31800 "
    "--discretionary-from 2025-10 --discretionary-to 2025-12 --net-emission-cap 1643.52 --halving "
    "2023-08 --halving 2025-08"
)
def burn(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="The table, or several that hold the quantities between them."
        ),
    ],
    discretionary: Annotated[
        float, number("Burn that is no customers' use [USD/day], taken as given.", bounds.AMOUNT)
    ] = 0.0,
    start: Annotated[
        str | None,
        typer.Option("--discretionary-from", help="First month of it.", metavar="YYYY-MM"),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--discretionary-to", help="Last month of it.", metavar="YYYY-MM")
    ] = None,
    cap: Annotated[
        float,
        number(
            "Most that is minted again of what is burned [TOK/day].",
            bounds.AMOUNT,
            "--net-emission-cap",
        ),
    ] = 0.0,
    halvings: Annotated[
        list[str] | None,
        typer.Option(
            "--halving",
            help="Month in which the schedule halves, to compare. Repeatable.",
            metavar="YYYY-MM",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        number(
            (
                "Gap of tokens burned x price to burn in USD beyond which a month is named, as a "
                "share."
            ),
            bounds.GAP,
        ),
    ] = 0.1,
    column: Annotated[
        list[str] | None,
        typer.Option(help="What a column holds: burned=NAME. Repeatable.", metavar="WHAT=NAME"),
    ] = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    last: Annotated[
        str, typer.Option(help="A last month that looks unfinished: refuse, drop or keep.")
    ] = "refuse",
    absurd: Annotated[
        str,
        typer.Option(
            help="A value that leaves by a factor and is back a month later: refuse or keep."
        ),
    ] = "refuse",
    out: Out = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """Burn elasticity and emission path from tables by month, week or day: burn in USD, tokens
    burned, tokens issued, price.

    Columns are told by their names (hnt_burned, usd_burned, geod_emitted, avg_price_usd, ...). Of
    burn in USD, tokens burned and price one may be missing.
    """
    from ..calibration.burn.calibrate import calibrate_burn

    probe(out)
    found = calibrate_burn(
        files,
        discretionary=discretionary,
        start=start,
        end=end,
        cap=cap,
        halvings=halvings or (),
        tolerance=tolerance,
        column=column,
        date_format=date_format,
        sheet=sheet,
        decimal=decimal,
        last=last,
        absurd=absurd,
    )
    finish(found, out, as_json, form)
