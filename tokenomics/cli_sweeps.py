"""Commands that simulate many points: sweep, compare, sensitivity."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from .cli_params import Json
from .cli_tools import print_json, progress_bar

Runs = Annotated[int | None, typer.Option(help="Runs of every point, in place of the design's.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the shocks, in place of the design's.")]
Workers = Annotated[int | None, typer.Option(help="Threads; one a core by default.", min=1)]
Out = Annotated[Path | None, typer.Option(help="Directory for the results; the same sweep goes on where it stopped.", metavar="DIR")]
Scheduler = Annotated[str | None, typer.Option(help="Dask scheduler to do the work.", metavar="tcp://HOST:8786")]
SHOWN = 12  # rows of a table on the terminal


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: tokenomics sweep pid_gains --dry-run | tokenomics sweep my_design.yaml --runs 500 --out runs/mine | "
        "tokenomics sweep pid_gains --scheduler tcp://10.0.0.1:8786"
    )(sweep)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _extremes(result: Any) -> Table:
    """Of every metric the points with its lowest and its highest mean."""
    body = Table(title="Over all points: lowest and highest mean [95 % interval], and where", title_justify="left")
    for name in ("metric", "lowest", "at", "highest", "at"):
        body.add_column(name)
    table = result.table()
    several = [c for c in ("policy", "scenario") if table[c].nunique() > 1]
    for name in result.metrics:
        good = table[table[name].notna()]
        if good.empty:
            continue
        cells = [name]
        for row in (good.loc[good[name].idxmin()], good.loc[good[name].idxmax()]):
            cells.append(f"{row[name]:.4g} [{row[f'{name}_low']:.4g}, {row[f'{name}_high']:.4g}]")
            cells.append(", ".join([str(row[c]) for c in several] + [f"{p.rsplit('.', 1)[-1]}={_text(row[p])}" for p in result.paths]))
        body.add_row(*cells)
    return body


def sweep(
    file: Annotated[str, typer.Argument(help="A shipped design or a YAML file.")],
    runs: Runs = None,
    seed: Seed = None,
    workers: Workers = None,
    out: Out = None,
    scheduler: Scheduler = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the design's size and the estimated time, and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Simulate a design: parameter points x policies x scenarios x runs. Results are written as they finish."""
    from .experiments.design import read_design
    from .experiments.sweep import default_folder, estimate
    from .experiments.sweep import sweep as simulate

    design = read_design(file, runs=runs, seed=seed)
    if dry_run:
        size = estimate(design, workers=workers)
        if as_json:
            print_json(vars(size))
            return
        typer.echo(
            f"{size.points:,} points x {size.cases} cases x {size.runs:,} runs = {size.simulations:,} simulations in {size.tasks:,} tasks; "
            f"about {size.seconds:.3g} s on this machine"
        )
        return
    folder = out or default_folder(design, Path(file).stem)
    started = time.perf_counter()
    try:
        with progress_bar("simulating, runs", show=not as_json) as progress:
            result = simulate(design, out=folder, workers=workers, scheduler=scheduler, progress=progress)
    except KeyboardInterrupt:
        typer.echo(f"what is finished is in {folder}; the same command goes on from there", err=True)
        raise
    table = result.table()
    table.to_csv(folder / "table.csv", index=False)
    failed, impossible = int(table["failed"].sum()), int((table["error"] != "").sum())
    told = {
        "out": str(folder),
        "sha256": result.hash,
        "simulations": len(table) * design.runs,
        "failed_runs": failed,
        "impossible_points": impossible,
        "seconds": round(time.perf_counter() - started, 3),
    }
    if as_json:
        print_json(told)
    else:
        console = Console()
        console.print(_extremes(result))
        for line in table["error"][table["error"] != ""].unique()[:SHOWN]:
            console.print(f"impossible point: {line}", style="red", highlight=False)
        console.print(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in told.items()), highlight=False, soft_wrap=True)
    if table["n"].sum() == failed + impossible * design.runs:
        raise typer.Exit(1)


