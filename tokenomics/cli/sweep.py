"""`tokenomics sweep`: simulate a design of many points."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD

from ..errors import counted
from .design_options import DesignRuns, DesignSeed, Resumed, Scheduler, resumable
from .numbers import Workers
from .options import Code, Json
from .output import print_json, progress_bar, say, show_table

app = typer.Typer(add_completion=False, rich_markup_mode=None)
SHOWN = 12  # rows of a table on the terminal


@app.command(
    epilog="Examples: tokenomics sweep pid_gains --dry-run | tokenomics sweep my_design.yaml "
    "--runs 500 --out runs/mine | "
    "tokenomics sweep pid_gains --scheduler tcp://10.0.0.1:8786"
)
def sweep(
    file: Annotated[str, typer.Argument(help="A shipped design or a YAML file.")],
    runs: DesignRuns = None,
    seed: DesignSeed = None,
    workers: Workers = None,
    out: Resumed = None,
    scheduler: Scheduler = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the design's size and the estimated time, and stop."),
    ] = False,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Simulate points x policies x scenarios x runs of a design. Results are written as they
    finish.
    """
    from ..experiments.design_reading import read_design
    from ..experiments.idle import idle
    from ..experiments.plan import rows_of
    from ..experiments.sweep import default_folder, estimate
    from ..experiments.sweep import sweep as simulate

    design = read_design(file, runs=runs, seed=seed)
    if dry_run:
        size = estimate(design, workers=workers)
        if as_json:
            print_json(vars(size))
            return
        say(
            f"{counted(size.points, 'point')} x {counted(size.cases, 'case')} x "
            f"{counted(size.runs, 'run')} = "
            f"{counted(size.simulations, 'simulation')} in {counted(size.tasks, 'task')} of "
            f"{counted(size.structures, 'structure')}; "
            f"about {size.seconds:.3g} s and {size.memory / 1e9:.2g} GB on this machine"
        )
        return
    rows = rows_of(design, len(design.cases()))
    rows.check_table(rows.metrics)
    folder = out or default_folder(design, Path(file).stem)
    started = time.perf_counter()
    with resumable(folder), progress_bar("simulating, runs", show=not as_json) as progress:
        result = simulate(
            design, out=folder, workers=workers, scheduler=scheduler, progress=progress
        )
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
        print_json(told | {"remarks": idle(design).lines()})
    else:
        _show_extremes(table, result.metrics, result.paths)
        say(
            *(
                f"impossible point: {line}"
                for line in table["error"][table["error"] != ""].unique()[:SHOWN]
            )
        )
        say(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in told.items()))
    if table["n"].sum() == failed + impossible * design.runs:
        raise typer.Exit(1)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _show_extremes(table: Any, metrics: list[str], paths: list[str]) -> None:
    """Of every metric the points with its lowest and its highest mean. table: of the sweep."""
    from ..results.intervals import mean_interval

    several = [c for c in ("policy", "scenario") if table[c].nunique() > 1]
    rows = []
    for name in metrics:
        good = table[table[name].notna()]
        if good.empty:
            continue
        if good[name].nunique() == 1:
            lost = (
                f", {int(good['failed'].sum())} of {int(good['n'].sum())} runs failed"
                if good["failed"].any()
                else ""
            )
            rows.append((name, "", f"{good[name].iloc[0]:.4g}", f"the same at every point{lost}"))
            continue
        for first, end, row in (
            (name, "low", good.loc[good[name].idxmin()]),
            ("", "high", good.loc[good[name].idxmax()]),
        ):
            mean = mean_interval(row[name], row[f"{name}_low"], row[f"{name}_high"])
            at = [str(row[c]) for c in several] + [
                f"{p.rsplit('.', 1)[-1]}={_text(row[p])}" for p in paths
            ]
            at += [f"{row['failed']} of {row['n']} runs failed"] if row["failed"] else []
            rows.append((first, end, mean, ", ".join(at)))
    columns = ("metric", "", "mean [95 % interval]", "at")
    show_table(
        "Over all points: lowest and highest mean, and where",
        columns,
        rows,
        unbroken=columns[:3],
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
