"""`tokenomics calibrate demand`: the demand block from a request rate or a trace."""

from __future__ import annotations

from typing import Annotated

import typer

from ..inputs.files import probe
from .calibrate_output import File, Out, finish
from .history_options import (
    DateFormat,
    Decimal,
    DemandColumn,
    Failed,
    Sheet,
)
from .options import Form, Json

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog=(
        "Examples: tokenomics calibrate demand trace.csv --out runs/demand | tokenomics calibrate "
        "demand rate.csv --pattern weekly --json"
    )
)
def demand(
    file: File,
    patterns: Annotated[
        list[str] | None,
        typer.Option(
            "--pattern",
            help=(
                "diurnal or weekly: must be estimated, and is refused where the span, or days and "
                "hours without a request, cannot carry it. Repeatable."
            ),
        ),
    ] = None,
    column: DemandColumn = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    failed: Failed = "drop",
    out: Out = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """The demand block from a rate series (t_s or date, and req_per_s) or a request trace (Azure's,
    BurstGPT's, Mooncake's, Vidur's columns).

    What was taken for what is said under "rows", with outages (windows without a request, which are
    no demand) and coarse time stamps, whose arrival statistics are corrected or refused.
    """
    from ..calibration.demand.calibrate import calibrate_demand

    probe(out)
    finish(
        calibrate_demand(
            file,
            patterns or (),
            column=column,
            date_format=date_format,
            sheet=sheet,
            decimal=decimal,
            failed=failed,
        ),
        out,
        as_json,
        form,
    )
