"""Options of every command that takes a file of prices, demand or burns: how to read it, where it
has to be told, and what to do with its rows.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..errors import InputError

LAYOUTS = "any layout: CSV, JSON, .xlsx; see docs/histories.md"
Column = Annotated[
    list[str] | None,
    typer.Option(
        help="The price's column, by its name or number; date=NAME for the dates'. Repeatable.",
        metavar="NAME",
    ),
]
DateFormat = Annotated[
    str | None,
    typer.Option(
        help="How dates are written: DD/MM/YYYY, MM/DD/YYYY, or such as %d.%m.%y.", metavar="FORMAT"
    ),
]
Sheet = Annotated[
    str | None,
    typer.Option(help="The sheet of a workbook, or the list of a JSON file.", metavar="NAME"),
]
Decimal = Annotated[
    str | None, typer.Option(help="The decimal mark where a file does not tell: point or comma.")
]
Daily = Annotated[
    str | None, typer.Option(help="Several rows a day: refuse, or close, the last of each UTC day.")
]
Duplicates = Annotated[
    str | None,
    typer.Option(help="A date given twice: refuse, or take the first, the last or the mean price."),
]
Unsorted = Annotated[str | None, typer.Option(help="Dates out of order: refuse or sort.")]
Keep = Annotated[str | None, typer.Option(help="Absurd first or isolated prices: refuse or keep.")]
Absurd = Annotated[
    str | None, typer.Option(help="Absurd first or isolated prices: refuse, drop or keep.")
]
Nonpositive = Annotated[str | None, typer.Option(help="Prices at or below zero: refuse or drop.")]
Failed = Annotated[
    str,
    typer.Option(
        help=(
            "Requests of a trace without any output token: drop them, or keep them in rate and "
            "lengths."
        )
    ),
]
DemandAlign = Annotated[
    str | None, typer.Option(help="Demand shorter than the span: start, repeat or bootstrap.")
]
DemandColumn = Annotated[
    list[str] | None,
    typer.Option(
        help="Column of the rate, or date=NAME, prompt=NAME, output=NAME.", metavar="NAME"
    ),
]
DemandDateFormat = Annotated[
    str | None,
    typer.Option(
        help="How the demand file's dates are written, such as DD/MM/YYYY.", metavar="FORMAT"
    ),
]
DemandDecimal = Annotated[
    str | None,
    typer.Option(
        help="The decimal mark of the demand file where it does not tell: point or comma."
    ),
]
DemandSheet = Annotated[
    str | None,
    typer.Option(
        help="Sheet of a workbook, or list of a JSON file, with the demand.", metavar="NAME"
    ),
]


def given(**choices: Any) -> dict[str, Any] | None:
    """The choices that were made, by name; None where there are none."""
    return {name: value for name, value in choices.items() if value not in (None, [])} or None


def demand_from(
    file: str | None,
    column: list[str] | None,
    date_format: str | None,
    sheet: str | None,
    decimal: str | None,
    failed: str,
):
    """The demand that a command's arguments name; None without a file."""
    from ..histories.demand import read_demand

    told = {"column": column, "date_format": date_format, "sheet": sheet, "decimal": decimal}
    if file is None:
        made = [f"--demand-{name.replace('_', '-')}" for name, value in told.items() if value] + [
            "--failed"
        ] * (failed != "drop")
        if made:
            raise InputError("without a demand file", key=made[0], expected="--demand FILE with it")
        return None
    try:
        return read_demand(file, **told, failed=failed)
    except InputError as error:  # named after the demand, for the command may have prices too
        raise error.by_option(
            {name: f"--demand-{name.replace('_', '-')}" for name in told}
        ) from None
