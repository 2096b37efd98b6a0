"""`tokenomics run`: simulate a network."""

from __future__ import annotations

from contextlib import nullcontext
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
from .numbers import Days, Seed, number
from .options import (
    Changes,
    Code,
    Form,
    Json,
    Network,
    NoFigures,
    Overlay,
    Policy,
    Scenario,
    Set,
    Today,
    command_line,
)
from .output import console, deliver, listed, print_json, progress_bar, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples: "
    "tokenomics run baseline --policy pid --scenario token_crash --runs 50 --seed 1 | "
    "tokenomics run baseline --prices prices.csv --demand rate.csv --demand-align repeat --out "
    "runs/real | "
    "tokenomics run livepeer --days 180 | "
    "tokenomics run my_network.yaml --set controller.pid.kp=0.1 --days 180 --json | "
    "tokenomics run --today supply.burn_share=0.4 --set supply.burn_share=0.3 --set change.day=30"
)
def run(
    params: Network = "baseline",
    policy: Policy = None,
    scenario: Scenario = None,
    overlay: Overlay = None,
    today: Today = None,
    sets: Set = None,
    changes: Changes = None,
    days: Days = None,
    runs: Annotated[int, number("Number of Monte Carlo runs.", bounds.RUNS)] = 1,
    seed: Seed = 0,
    engine: Annotated[
        str, typer.Option(help="Engine: cadcad, the reference, or ensemble, fast with many runs.")
    ] = "cadcad",
    prices: Annotated[
        str | None,
        typer.Option(
            help=f"Daily closes in USD, replayed as inferred news; {LAYOUTS}.", metavar="FILE"
        ),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            help="Daily closes of the market's index over the same days: its part in the news.",
            metavar="FILE",
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
            help="A request rate or a request trace: its columns tell which.", metavar="FILE"
        ),
    ] = None,
    demand_align: DemandAlign = None,
    demand_column: DemandColumn = None,
    demand_date_format: DemandDateFormat = None,
    demand_sheet: DemandSheet = None,
    demand_decimal: DemandDecimal = None,
    failed: Failed = "drop",
    bonded: Annotated[
        str | None,
        typer.Option(
            help="Daily share of supply that is bonded, a date and a share, in place of the "
            "response of holders who delegate.",
            metavar="FILE",
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="First date of the price history, YYYY-MM-DD.")
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(
            help="Variables to keep, separated by commas; metrics for those that metrics read.",
            metavar="NAME,...",
        ),
    ] = None,
    every: Annotated[int, number("Keep the start and every so many steps.", bounds.STEPS)] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Run directory to write; it must not exist.", metavar="DIR")
    ] = None,
    no_figures: NoFigures = False,
    form: Form = "png",
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Simulate a network; print a summary and write a run directory."""
    from ..experiments.run import run as simulate
    from ..results.writing import default_out, metrics_json, write_run

    probe(out or Path("runs") / "new")
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
    with progress_bar("simulating, steps", show=not as_json) as progress:
        result = simulate(
            params,
            policy=policy,
            scenario=scenario,
            overlay=overlay,
            today=today,
            sets=sets,
            changes=changes or (),
            runs=runs,
            seed=seed,
            days=days,
            engine=engine,
            prices=prices,
            index=index,
            choices=choices,
            demand=demand_from(
                demand, demand_column, demand_date_format, demand_sheet, demand_decimal, failed
            ),
            demand_align=demand_align,
            bonded=bonded,
            start=start,
            record=listed(record, "record"),
            every=every,
            progress=progress,
        )
    folder = out or default_out(result)

    def tell(written: bool) -> None:
        if as_json:
            told = result.record()
            settings = {"out": str(folder) if written else None, **told.pop("parameters"), **told}
            print_json({**settings, "metrics": metrics_json(result)})
            return
        console().print(result.summary())
        if written:
            say(f"written to {folder}" + ", without figures" * no_figures)

    def fill(place: Path) -> None:
        write_run(result, place, command_line(), figures=not no_figures, form=form)

    deliver(folder, fill, tell, write=nullcontext)
    if result.failures:
        raise typer.Exit(1)
