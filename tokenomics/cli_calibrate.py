"""`tokenomics calibrate`: parameters estimated from a file, with standard errors, as an overlay."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .calibration.estimates import Calibration
from .cli_params import Json, Overlay, Set
from .cli_tools import json_text, print_json, progress_bar, wide_console
from .results.markdown import cell, markdown_table
from .results.store import refuse_existing

app = typer.Typer(no_args_is_help=True, help="Estimate parameters from data.", rich_markup_mode=None)

File = Annotated[str, typer.Argument(metavar="FILE")]
Out = Annotated[Path | None, typer.Option(help="Directory to write: overlay.yaml, calibration.md, calibration.json, figures.", metavar="DIR")]

First = Annotated[datetime | None, typer.Option("--from", help="First day of the window.", formats=["%Y-%m-%d"])]
Last = Annotated[datetime | None, typer.Option("--to", help="Last day of the window.", formats=["%Y-%m-%d"])]
Gaps = Annotated[str, typer.Option(help="Missing days: refuse, span (leave that return out) or interpolate.")]
Nonpositive = Annotated[str, typer.Option(help="Prices at or below zero: refuse or drop.")]
Duplicates = Annotated[str, typer.Option(help="A date given twice: refuse, or take the first, the last or the mean price.")]
Unsorted = Annotated[str, typer.Option(help="Dates out of order: refuse or sort.")]
Absurd = Annotated[str, typer.Option(help="Absurd first or isolated prices: refuse, drop or keep.")]


def show_table(console: Console, title: str, table: Any) -> None:
    """A data frame on the terminal."""
    body = Table(title=title, title_justify="left")
    for name in table.columns:
        body.add_column(escape(str(name)), overflow="fold")
    for row in table.itertuples(index=False):
        body.add_row(*(escape(cell(value)) for value in row))
    console.print(body)


def finish(found: Calibration, out: Path | None, as_json: bool) -> None:
    """Print a calibration and write its directory."""
    if out is not None:
        out.mkdir(parents=True)
        (out / "overlay.yaml").write_text(found.overlay(), encoding="utf-8")
        (out / "calibration.md").write_text(found.markdown(), encoding="utf-8")
        (out / "calibration.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
        for name, figure in found.figures.items():
            figure.savefig(out / f"{name}.png", dpi=150)
    if as_json:
        print_json(found.plain() | ({"out": str(out)} if out else {}))
        return
    console, say = wide_console(), {"highlight": False, "markup": False, "soft_wrap": True}
    console.print(f"{found.method}: {found.data}", **say)
    for choice in found.data.choices:
        console.print(f"rows: {choice}", **say)
    show_table(console, "Estimates", found.table())
    for title, table in found.tables.items():
        show_table(console, title, table)
    for note in found.notes:
        console.print(f"note: {note}", **say)
    if out is not None:
        console.print(f"written to {out}; use it: tokenomics run baseline --overlay {out}/overlay.yaml", **say)


@app.command(epilog="Example: tokenomics calibrate recover merton --replications 500 --workers 2")
def recover(
    estimator: Annotated[str, typer.Argument(help="merton, garch, demand, burn or economy.", metavar="ESTIMATOR")],
    replications: Annotated[int, typer.Option(help="Simulated data sets.", min=20)] = 500,
    count: Annotated[int | None, typer.Option(help="Observations of each; the estimator's own number by default.", min=10)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first data set; the others follow.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
    out: Annotated[Path | None, typer.Option(help="Markdown file to write; it must not exist.", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """Simulate at known values, estimate, and report bias and coverage of the 95 % intervals."""
    from .calibration.recovery import case
    from .calibration.recovery import recover as run

    refuse_existing(out)
    chosen = case(estimator)
    with progress_bar("replications", show=not as_json) as progress:
        table = run(estimator, replications=replications, count=count, seed=seed, workers=workers, progress=progress)
    if out is not None:
        out.write_text(f"{chosen.what}; {count or chosen.count} observations\n\n{markdown_table(table)}\n", encoding="utf-8")
    if as_json:
        print_json({"what": chosen.what, "count": count or chosen.count, "table": table.to_dict(orient="records")})
        return
    console = wide_console()
    console.print(f"{chosen.what}; {count or chosen.count} observations", highlight=False, markup=False, soft_wrap=True)
    show_table(console, f"Recovery of '{estimator}'", table)


@app.command(epilog="Example: tokenomics calibrate prices RNDR-USD.csv --gaps span --out calibrated/render")
def prices(
    file: File,
    first: First = None,
    last: Last = None,
    gaps: Gaps = "refuse",
    nonpositive: Nonpositive = "refuse",
    duplicates: Duplicates = "refuse",
    unsorted: Unsorted = "refuse",
    absurd: Absurd = "refuse",
    bootstrap: Annotated[int, typer.Option(help="Resamples of each of two bootstraps of Merton's fit; 0 for none.", min=0)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the bootstraps.", min=0)] = 0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """News of the token's valuation from a CSV `date,value` of daily closes [USD/TOK]: Merton's jump-diffusion, and GARCH beside it.

    Nothing in the file is repaired unless an option says how; what was done is listed.
    """
    from .calibration.cleaning import Choices
    from .calibration.prices import calibrate_prices

    refuse_existing(out)
    chosen = Choices(gaps, nonpositive, duplicates, unsorted, absurd)
    window = (first.date() if first else None, last.date() if last else None)
    with progress_bar("bootstrap", show=not as_json) as progress:
        found = calibrate_prices(file, choices=chosen, start=window[0], end=window[1], bootstrap=bootstrap, seed=seed, progress=progress)
    finish(found, out, as_json)


@app.command(
    epilog="Examples: tokenomics calibrate economy prices.csv --out fits/token | "
    "tokenomics calibrate economy prices.csv --fit news.volatility --fit speculation.noise=0.05:1 --holdout 0.25 --workers 4"
)
def economy(
    file: File,
    params: Annotated[str, typer.Option(help="The parameters that are not fitted: a shipped set or a YAML file.")] = "baseline",
    overlay: Overlay = None,
    sets: Set = None,
    fit: Annotated[list[str] | None, typer.Option(help="A parameter to fit: PATH, or PATH=LOW:HIGH. Repeatable.", metavar="PATH")] = None,
    first: First = None,
    last: Last = None,
    gaps: Gaps = "refuse",
    nonpositive: Nonpositive = "refuse",
    duplicates: Duplicates = "refuse",
    unsorted: Unsorted = "refuse",
    absurd: Absurd = "refuse",
    holdout: Annotated[float, typer.Option(help="Share of the days, the last ones, held out for the test out of sample.")] = 0.3333,
    runs: Annotated[int, typer.Option(help="Simulated histories of each point.", min=20)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the simulated histories.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Threads.", min=1)] = 1,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Fit parameters of the whole economy so that simulated moments of daily returns match a token's; test them on its later days."""
    from .calibration.cleaning import Choices, read_closes
    from .calibration.economy import FIT, Settings, calibrate_economy

    refuse_existing(out)
    chosen = Choices(gaps, nonpositive, duplicates, unsorted, absurd)
    history = read_closes(file, chosen, start=first.date() if first else None, end=last.date() if last else None)
    settings = Settings(runs=runs, seed=seed, workers=workers)
    with progress_bar("fitting, simulated days", show=not as_json) as progress:
        found = calibrate_economy(
            history, params, overlay=overlay, sets=sets or (), fit=fit or FIT, holdout=holdout, settings=settings, progress=progress
        )
    finish(found, out, as_json)
