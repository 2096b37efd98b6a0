"""Options of every command that takes a file of prices: how to read it, where it has to be told, and what to do with defects of its rows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

LAYOUTS = "any layout: CSV, JSON, .xlsx; see docs/histories.md"
Column = Annotated[
    list[str] | None,
    typer.Option(help="The price's column, by its name or number; date=NAME for the dates'. Repeatable.", metavar="NAME"),
]
DateFormat = Annotated[str | None, typer.Option(help="How dates are written: DD/MM/YYYY, MM/DD/YYYY, or such as %d.%m.%y.", metavar="FORMAT")]
Sheet = Annotated[str | None, typer.Option(help="The sheet of a workbook, or the list of a JSON file.", metavar="NAME")]
Decimal = Annotated[str | None, typer.Option(help="The decimal mark where a file does not tell: point or comma.")]
Daily = Annotated[str | None, typer.Option(help="Several rows a day: refuse, or close, the last of each UTC day.")]
Duplicates = Annotated[str | None, typer.Option(help="A date given twice: refuse, or take the first, the last or the mean price.")]
Unsorted = Annotated[str | None, typer.Option(help="Dates out of order: refuse or sort.")]
Keep = Annotated[str | None, typer.Option(help="Absurd first or isolated prices: refuse or keep.")]
Absurd = Annotated[str | None, typer.Option(help="Absurd first or isolated prices: refuse, drop or keep.")]
Nonpositive = Annotated[str | None, typer.Option(help="Prices at or below zero: refuse or drop.")]


def given(**choices: Any) -> dict[str, Any] | None:
    """The choices that were made, by name; None where there are none."""
    return {name: value for name, value in choices.items() if value not in (None, [])} or None
