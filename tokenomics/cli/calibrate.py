"""`tokenomics calibrate`: parameters estimated from a file, with standard errors, as an overlay."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ..calibration.estimates import Calibration
from ..errors import InputError
from ..inputs import bounds
from ..inputs.files import probe, written_file
from ..results.markdown import markdown_table
from .help import Sentences
from .history_options import (
    Absurd,
    Column,
    Daily,
    DateFormat,
    Decimal,
    DemandColumn,
    Duplicates,
    Failed,
    Nonpositive,
    Sheet,
    Unsorted,
    given,
)
from .numbers import number
from .options import Json, Overlay, Set
from .output import deliver, json_text, print_json, progress_bar, say, show_frame

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Estimate parameters from data, and test the estimators.",
)

File = Annotated[str, typer.Argument(metavar="FILE")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Directory to write: overlay.yaml, calibration.md, calibration.json, figures.",
        metavar="DIR",
    ),
]

First = Annotated[
    datetime | None, typer.Option("--from", help="First day of the window.", formats=["%Y-%m-%d"])
]
Last = Annotated[
    datetime | None, typer.Option("--to", help="Last day of the window.", formats=["%Y-%m-%d"])
]
Gaps = Annotated[
    str,
    typer.Option(
        help="Missing days: refuse, span (leave that return out) or interpolate (a few alone)."
    ),
]
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


def fill(found: Calibration, folder: Path) -> None:
    """Write a calibration into a directory."""
    from ..results.drawing import save

    if found.told:
        (folder / "overlay.yaml").write_text(found.overlay(), encoding="utf-8")
    (folder / "calibration.md").write_text(found.markdown(), encoding="utf-8")
    (folder / "calibration.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
    for name, figure in found.figures.items():
        save(figure, folder / f"{name}.png", 150)


def show(found: Calibration) -> None:
    """Print a calibration."""
    say(f"{found.method}: {found.data}", *(f"rows: {choice}" for choice in found.data.choices))
    show_frame("Estimates", found.table().drop(columns="problem"))
    say(*(f"not told: {', '.join(names)}: {problem}" for problem, names in found.problems.items()))
    for title, table in found.tables.items():
        show_frame(title, table)
    say(*(f"note: {note}" for note in found.notes))


def usage(found: Calibration, folder: Path) -> str:
    """How what was written is used."""
    if not found.told:
        return f"written to {folder}; no overlay: the data tell no parameter of the model"
    use = shlex.join(["tokenomics", "run", "baseline", "--overlay", f"{folder}/overlay.yaml"])
    return f"written to {folder}; use it: {use}"


def finish(found: Calibration, out: Path | None, as_json: bool) -> None:
    """Print a calibration and write its directory."""

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        show(found)
        if written:
            say(usage(found, out))

    deliver(out, lambda folder: fill(found, folder), tell)


def finish_panel(panel: Mapping[str, Calibration], out: Path | None, as_json: bool) -> None:
    """Print the calibrations of several tokens, and write a directory of each by its name."""

    def fill_all(folder: Path) -> None:
        for name, found in panel.items():
            (folder / name).mkdir()
            fill(found, folder / name)

    def tell(written: bool) -> None:
        if as_json:
            tokens = {name: found.plain() for name, found in panel.items()}
            print_json({"tokens": tokens} | ({"out": str(out)} if written else {}))
            return
        for name, found in panel.items():
            show(found)
            if written:
                say(usage(found, out / name))

    deliver(out, fill_all, tell)


@app.command(epilog="Example: tokenomics calibrate recover merton --replications 500 --workers 2")
def recover(
    estimator: Annotated[
        str,
        typer.Argument(
            help="merton, garch, factor, demand, trace, burn, economy or bonding.",
            metavar="ESTIMATOR",
        ),
    ],
    replications: Annotated[
        int, number("Simulated data sets.", bounds.REPLICATIONS.from_(20))
    ] = 500,
    count: Annotated[
        int | None,
        number("Observations of each; the estimator's own number by default.", bounds.OBSERVATIONS),
    ] = None,
    seed: Annotated[int, number("Seed of the first data set; the others follow.", bounds.SEED)] = 0,
    workers: Annotated[int, number("Processes.", bounds.WORKERS)] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Markdown file to write; it must not exist.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate at known values, estimate, and report bias and coverage of the 95 % intervals."""
    from ..calibration.recovery import case
    from ..calibration.recovery import recover as run

    probe(out)
    chosen = case(estimator)
    with progress_bar("replications", show=not as_json) as progress:
        table = run(
            estimator,
            replications=replications,
            count=count,
            seed=seed,
            workers=workers,
            progress=progress,
        )
    what = f"{chosen.what}; {count or chosen.count} observations"

    def tell(written: bool) -> None:
        if as_json:
            print_json(
                {
                    "what": chosen.what,
                    "count": count or chosen.count,
                    "table": table.to_dict(orient="records"),
                }
            )
            return
        say(what)
        show_frame(f"Recovery of '{estimator}'", table)
        if written:
            say(f"written to {out}")

    deliver(
        out,
        lambda path: path.write_text(f"{what}\n\n{markdown_table(table)}\n", encoding="utf-8"),
        tell,
        write=written_file,
    )


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
            bounds.DRAWS.from_(0),
        ),
    ] = 200,
    seed: Annotated[int, number("Seed of the bootstraps.", bounds.SEED)] = 0,
    out: Out = None,
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
    window = (start.date() if start else None, end.date() if end else None)
    with progress_bar("bootstrap", show=not as_json) as progress:
        found = calibrate_prices(
            file,
            choices=chosen,
            start=window[0],
            end=window[1],
            bootstrap=bootstrap,
            seed=seed,
            progress=progress,
        )
    finish(found, out, as_json)


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
        start=start.date() if start else None,
        end=end.date() if end else None,
    )
    finish(found, out, as_json)


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
    runs: Annotated[
        int, number("Simulated histories of each point.", bounds.DRAWS.from_(20))
    ] = 100,
    seed: Annotated[int, number("Seed of the simulated histories.", bounds.SEED)] = 0,
    workers: Annotated[int, number("Threads.", bounds.WORKERS)] = 1,
    out: Out = None,
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
        "start": start.date() if start else None,
        "end": end.date() if end else None,
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
        finish(found, out, as_json)
    else:
        finish_panel(panel, out, as_json)


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
    )


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
    finish(found, out, as_json)


@app.command(
    epilog="Example: tokenomics calibrate bonding livepeer_rounds.csv --response elasticity"
)
def bonding(
    file: File,
    response: Annotated[
        str, typer.Option(help="Form of the response: logistic or elasticity.")
    ] = "logistic",
    bootstrap: Annotated[int, number("Histories of the bootstrap.", bounds.DRAWS.from_(99))] = 999,
    seed: Annotated[int, number("Seed of the bootstrap and the forecasts.", bounds.SEED)] = 0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """How Livepeer's holders bond by what it yields, from its recorded rounds: fitted on the first
    half, forecasts of the second scored against a random walk.
    """
    from ..forecasts.bonding import calibrate_and_score

    probe(out)
    with progress_bar("forecasting", show=not as_json) as progress:
        found = calibrate_and_score(
            file, response=response, seed=seed, draws=bootstrap, progress=progress
        )
    finish(found, out, as_json)
