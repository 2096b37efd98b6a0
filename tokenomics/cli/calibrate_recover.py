"""`tokenomics calibrate recover`: whether an estimator finds known values again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe, written_file
from ..results.markdown import markdown_table
from .numbers import number
from .options import Json
from .output import deliver, print_json, progress_bar, say, show_frame

app = typer.Typer(rich_markup_mode=None)


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
        int, number("Simulated data sets.", bounds.REPLICATIONS.from_(20, bounds.IN_A_TAIL))
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
