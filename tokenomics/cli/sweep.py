"""`tokenomics sweep`: simulate a design of many points."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import counted
from .design_options import DesignRuns, DesignSeed, Resumed, Scheduler, resumable
from .numbers import Workers
from .options import Code, Json
from .output import console, print_json, progress_bar, say, show_table

if TYPE_CHECKING:
    import pandas as pd

    from ..results.sweep import Sweep

app = typer.Typer(add_completion=False, rich_markup_mode=None)
SHOWN = 12  # impossible points that are told
MOST_METRICS = 3  # of which the best and the worst point are told
FEW = 12  # points of all cases that are all told


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
    from ..results.extremes import extremes

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
    ends = extremes(table, result.metrics, result.paths)
    table.to_csv(folder / "table.csv", index=False)
    ends.to_csv(folder / "extremes.csv", index=False)
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
        found = ends.to_dict(orient="records")
        print_json(told | {"remarks": idle(design).lines(), "extremes": found})
    else:
        say(
            *(
                f"impossible point: {line}"
                for line in table["error"][table["error"] != ""].unique()[:SHOWN]
            )
        )
        _tell(result, table, ends, told)
    if table["n"].sum() == failed + impossible * design.runs:
        raise typer.Exit(1)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _tell(result: Sweep, table: pd.DataFrame, ends: pd.DataFrame, told: dict[str, Any]) -> None:
    """What was done, every point where they are few, else the best and the worst of the main
    metrics, and a map of the first.
    """
    from ..results.extremes import SAME
    from ..results.terminal_map import map_of

    named = result.first_metrics
    runs = result.manifest["runs"]
    sizes = ((len(result.points), "point"), (len(result.cases), "case"), (runs, "run"))
    say(
        f"{' x '.join(counted(*one) for one in sizes)} = {told['simulations']:,} simulations in "
        f"{told['seconds']:.3g} s",
        f"failed runs {told['failed_runs']:,}, impossible points {told['impossible_points']:,}; "
        f"SHA-256 {told['sha256'][:16]}",
    )
    varying = [name for name in named if (ends.loc[ends["metric"] == name, "end"] != SAME).all()]
    shown = (varying or named)[:MOST_METRICS]
    if len(table) <= FEW:
        _show_points(result, table, named)
    else:
        rows = ends[ends["metric"].isin(shown)].to_dict(orient="records")
        columns = ("metric", "", "mean [95 % interval]", "unit", "at")
        show_table("", columns, [_row(row, result) for row in rows], spare=("unit",))
    drawn = map_of(result, shown[0]) if varying else None
    if drawn:
        console().print(drawn)
    elif len(result.paths) == 1 and len(table) > FEW:
        folder = str(told["out"])
        say(f"tk.load({folder!r}).plot({shown[0]!r}) draws it in Python")
    same = int((ends["end"] == SAME).sum())
    alike = f", {same} of them the same at every point" if same else ""
    say(
        f"all points and metrics in {Path(told['out']) / 'table.csv'}; beside it in extremes.csv "
        f"the best and worst by all {counted(ends['metric'].nunique(), 'metric')}{alike}"
    )


def _show_points(result: Sweep, table: pd.DataFrame, named: list[str]) -> None:
    """Every point, with its mean and 95 % interval of some metrics."""
    from ..results.intervals import mean_interval
    from ..results.metrics import METRICS

    rows = []
    for row in table.to_dict(orient="records"):
        means = (mean_interval(row[m], row[f"{m}_low"], row[f"{m}_high"]) for m in named)
        at = _at(row, result) + ["impossible"] * bool(row["error"])
        rows.append((", ".join(at) or "the only point", *means))
    say("mean [95 % interval]")
    show_table("", ("point", *(METRICS[m].heading for m in named)), rows)


def _at(row: dict[str, Any], result: Sweep) -> list[str]:
    """Where a row stands: what tells it from the other points, and how many of its runs failed."""
    at = [str(row[c]) for c in ("policy", "scenario") if result.cases[c].nunique() > 1]
    at += [f"{p.rsplit('.', 1)[-1]}={_text(row[p])}" for p in result.paths]
    return at + ([f"{row['failed']} of {row['n']} runs failed"] if row["failed"] else [])


def _row(row: dict[str, Any], result: Sweep) -> tuple[str, ...]:
    """A metric's best or worst point."""
    from ..results.extremes import SAME
    from ..results.intervals import mean_interval
    from ..results.metrics import METRICS

    at = ["every point"] if row["end"] == SAME else _at(row, result)
    mean = mean_interval(row["mean"], row["low"], row["high"])
    return row["metric"], row["end"], mean, METRICS[row["metric"]].measure, ", ".join(at)
