"""`tokenomics validate`: a recorded history replayed with and without a controller, and forecasts
scored against naive benchmarks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from .history_options import (
    LAYOUTS,
    Column,
    Daily,
    DateFormat,
    Decimal,
    DemandAlign,
    DemandColumn,
    DemandDateFormat,
    DemandDecimal,
    DemandSheet,
    Duplicates,
    Failed,
    Keep,
    Sheet,
    Unsorted,
    demand_from,
    given,
)
from .numbers import number
from .options import Code, Form, Json, Network, Overlay, Set, Tables
from .output import deliver, json_text, print_json, progress_bar, say, show_frame

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples: tokenomics validate --history closes.csv --policy pid --from 2023-01-01 | "
    "tokenomics validate --history closes.csv --to 2025-01-14 --policy pid --from 2023-01-01 "
    "--overlay before_2023.yaml --out runs/backtest | "
    "tokenomics validate --history closes.csv --policy pid --from 2023-01-01 --demand rate.csv "
    "--demand-align repeat --json"
)
def validate(
    history: Annotated[
        str, typer.Option(help=f"Daily closes in USD, without a gap; {LAYOUTS}.", metavar="FILE")
    ],
    policy: Annotated[
        str, typer.Option(help="The policy of the counterfactual: shipped name or file.")
    ],
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help="Date of the first forecast, on which the policy is set up.",
            metavar="YYYY-MM-DD",
        ),
    ],
    params: Network = "baseline",
    history_start: Annotated[
        str | None,
        typer.Option(
            "--history-from",
            help="First date of the history to use; its first close's by default.",
            metavar="YYYY-MM-DD",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", help="Last date to use; the file's last by default.", metavar="YYYY-MM-DD"
        ),
    ] = None,
    column: Column = None,
    date_format: DateFormat = None,
    sheet: Sheet = None,
    decimal: Decimal = None,
    daily: Daily = None,
    duplicates: Duplicates = None,
    unsorted: Unsorted = None,
    absurd: Keep = None,
    demand: Annotated[
        str | None,
        typer.Option(
            help="A request rate or trace: met by both arms, and forecast.", metavar="FILE"
        ),
    ] = None,
    demand_align: DemandAlign = None,
    demand_column: DemandColumn = None,
    demand_date_format: DemandDateFormat = None,
    demand_sheet: DemandSheet = None,
    demand_decimal: DemandDecimal = None,
    failed: Failed = "drop",
    overlay: Overlay = None,
    sets: Set = None,
    runs: Annotated[int, number("Draws of each forecast.", bounds.DRAWS)] = 500,
    arms: Annotated[int, number("Runs of the counterfactual.", bounds.REPEATED)] = 20,
    horizon: Annotated[int, number("Horizon of the longer forecasts [days].", bounds.HORIZON)] = 30,
    seed: Annotated[int, number("Seed of all draws.", bounds.SEED)] = 0,
    out: Tables = None,
    form: Form = "png",
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Back-test on a recorded history, beside naive forecasts. Coverage and CRPS are scored beside
    a random walk and GARCH; shows what a policy would have done.
    """
    from ..results.drawing import save
    from ..validation import validate as back_test

    probe(out)
    choices = given(
        column=column,
        date_format=date_format,
        sheet=sheet,
        decimal=decimal,
        daily=daily,
        duplicates=duplicates,
        unsorted=unsorted,
        absurd=absurd,
    )
    with progress_bar("back-testing, days", show=not as_json) as progress:
        found = back_test(
            params,
            history=history,
            policy=policy,
            start=start,
            end=end,
            history_start=history_start,
            choices=choices,
            demand=demand_from(
                demand, demand_column, demand_date_format, demand_sheet, demand_decimal, failed
            ),
            demand_align=demand_align,
            overlay=overlay,
            sets=sets,
            runs=runs,
            arms=arms,
            horizon=horizon,
            seed=seed,
            progress=progress,
        )

    def fill(folder: Path) -> None:
        (folder / "validation.md").write_text(found.markdown(), encoding="utf-8")
        (folder / "validation.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
        (folder / "params.yaml").write_text(found.resolved.to_yaml(), encoding="utf-8")
        for name, figure in found.figures.items():
            save(figure, folder, name, form, 150)

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        _print(found)
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell)


def _print(found) -> None:
    say(
        f"Back-test: {found.title}",
        *(f"note: {line}" for line in (*found.told, *found.explained)),
        *found.lines,
    )
    for title, table in found.tables.items():
        if title != "PIT":
            show_frame(title, table.drop(columns="meaning", errors="ignore"))
