"""`tokenomics score`: a forecast against what happened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..inputs.files import probe
from .history_options import (
    LAYOUTS,
    Absurd,
    Daily,
    DateFormat,
    Decimal,
    Duplicates,
    Nonpositive,
    Sheet,
    Unsorted,
    given,
)
from .options import Json, Tables
from .output import deliver, json_text, listed, print_json, say, show_table

SAME = ("scenario", "values", "variable", "unit", "histories")

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples: tokenomics score evidence/burn/data/forecast.csv closes.csv --day-zero "
    "2026-11-01 | tokenomics score forecast.csv runs/other_seed/trajectories.parquet --json"
)
def score(
    forecast: Annotated[
        Path,
        typer.Argument(
            help="Columns variable, day or date, and quantile, value or low, high, level.",
            metavar="FORECAST",
        ),
    ],
    histories: Annotated[
        list[Path],
        typer.Argument(
            help=f"What happened: a column a variable, or prices in {LAYOUTS}. Several are "
            "repetitions.",
            metavar="HISTORY...",
        ),
    ],
    day_zero: Annotated[
        str | None,
        typer.Option(help="Date of the forecast's day 0, where it has none.", metavar="YYYY-MM-DD"),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(
            help="Days at which a band of horizons ends, separated by commas; 7,30,90,365 by "
            "default.",
            metavar="DAYS,...",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="VARIABLE=NAME or date=NAME, which column of a history is which. Repeatable.",
            metavar="NAME",
        ),
    ] = None,
    date_format: DateFormat = None,
    decimal: Decimal = None,
    sheet: Sheet = None,
    daily: Daily = None,
    duplicates: Duplicates = None,
    unsorted: Unsorted = None,
    absurd: Absurd = None,
    nonpositive: Nonpositive = None,
    out: Tables = None,
    as_json: Json = False,
) -> None:
    """Score a forecast against what happened. Shows coverage, CRPS and interval scores by variable
    and horizon, and skill against 'no change'. The tables' files and JSON have all columns.
    """
    from ..forecasts.score import BANDS
    from ..forecasts.score import score as scored

    probe(out)
    read = given(
        column=column,
        date_format=date_format,
        decimal=decimal,
        sheet=sheet,
        daily=daily,
        duplicates=duplicates,
        unsorted=unsorted,
        absurd=absurd,
        nonpositive=nonpositive,
    )
    ends = BANDS if bands is None else [_days(text) for text in listed(bands, "bands") or ()]
    found = scored(forecast, *histories, day_zero=day_zero, bands=ends, **(read or {}))

    def fill(folder: Path) -> None:
        found.scores.to_csv(folder / "scores.csv", index=False)
        found.coverage.to_csv(folder / "coverage.csv", index=False)
        (folder / "scores.md").write_text(found.markdown(), encoding="utf-8")
        (folder / "scores.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        say(found.conclusion)
        _show("Scores", found.scores.drop(columns="outcomes"))
        if len(found.coverage):
            _show("Coverage, with its 95 % interval", _narrow(found.coverage))
        say(*(f"note: {note}" for note in found.notes))
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell)


def _narrow(coverage: pd.DataFrame) -> pd.DataFrame:
    """The table of coverage with its interval in one column, without what the scores have too."""
    rows = coverage[["covered", "low", "high"]].to_numpy()
    shares = [f"{share:.2f} [{low:.2f}, {high:.2f}]" for share, low, high in rows]
    found = coverage.assign(covered=shares)
    found = found.drop(columns=["low", "high", "outcomes", "unit"])
    return found.rename(columns={"interval_score": "score"})


def _show(title: str, frame: pd.DataFrame) -> None:
    """Tables of about 100 columns, one for each scenario and values; what is the same in all rows
    stands above.
    """
    from ..results.markdown import cell

    horizon = frame["horizon"].str.removesuffix(" days")
    frame = frame.assign(horizon=horizon).rename(columns={"horizon": "days"})
    for _, own in frame.groupby(["scenario", "values"], sort=False):
        same = [name for name in SAME if name in own and own[name].nunique() == 1]
        told = [f"{name} {own[name].iloc[0]}" for name in same if own[name].iloc[0] != ""]
        rows = own.drop(columns=same)
        show_table(
            f"{title}: {', '.join(told)}" if told else title,
            rows.columns,
            ([cell(value) for value in row] for row in rows.itertuples(index=False)),
        )


def _days(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            f"'{text}'", argument="bands", expected="days, numbers separated by commas"
        ) from None
