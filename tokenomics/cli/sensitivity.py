"""`tokenomics sensitivity`: which parameters move each metric."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .design_options import DesignRuns, DesignSeed, Resumed, Scheduler, resumable
from .numbers import Workers
from .options import Code, Form, Json, NoFigures
from .output import print_json, progress_bar, say, show_frame

if TYPE_CHECKING:
    from ..results.sensitivity import Sensitivity

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog=(
        "Examples: tokenomics sensitivity what_moves_the_price | tokenomics sensitivity "
        "my_design.yaml --runs 50 --out runs/mine"
    )
)
def sensitivity(
    file: Annotated[
        str,
        typer.Argument(help="A shipped design or a YAML file, of the method saltelli or morris."),
    ],
    runs: DesignRuns = None,
    seed: DesignSeed = None,
    workers: Workers = None,
    out: Resumed = None,
    scheduler: Scheduler = None,
    no_figures: NoFigures = False,
    form: Form = "png",
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Rank the parameters that move each metric: Sobol or Morris. Sobol indices are of first, total
    and second order; both methods come with the half-width of a 95 % interval.
    """
    from ..experiments.design_reading import read_design
    from ..experiments.idle import idle
    from ..experiments.sensitivity import sensitivity as analyse
    from ..experiments.sweep import default_folder

    design = read_design(file, runs=runs, seed=seed)
    folder = out or default_folder(design, Path(file).stem)
    with resumable(folder), progress_bar("simulating, runs", show=not as_json) as progress:
        result = analyse(
            design, out=folder, workers=workers, scheduler=scheduler, progress=progress
        )
    result.indices.to_csv(folder / "indices.csv", index=False)
    result.pairs.to_csv(folder / "pairs.csv", index=False)
    result.undefined.to_csv(folder / "undefined.csv", index=False)
    if not no_figures:
        _draw(result, folder / "figures", form)
    if as_json:
        tables = {"indices": result.indices, "pairs": result.pairs, "undefined": result.undefined}
        told = {"out": str(folder), "sha256": result.sweep.hash, "remarks": idle(design).lines()}
        told["intervals"] = "half-width of the 95 % bootstrap, in the columns _interval"
        print_json(told | {n: t.to_dict(orient="records") for n, t in tables.items()})
    else:
        measure = result.measure
        strongest = (
            result.indices.sort_values(measure, ascending=False)
            .drop_duplicates(["policy", "scenario", "metric"])
            .sort_index()
        )
        for (policy, scenario), own in strongest.groupby(["policy", "scenario"], sort=False):
            title = (
                f"Policy {policy}, scenario {scenario}: the parameter that moves each metric most; "
                f"±: half-width of the 95 % interval"
            )
            shown = own[["metric", "parameter", measure, f"{measure}_interval"]]
            show_frame(title, shown.rename(columns={f"{measure}_interval": "±"}))
        what = "indices and intervals" if no_figures else "indices, intervals and figures"
        say(*result.notes(), f"all {what} in {folder}")
    if result.indices.empty:
        raise typer.Exit(1)


def _draw(result: Sensitivity, folder: Path, form: str) -> None:
    """A heat map of every policy and scenario, and a tornado of each of its metrics."""
    from ..results.drawing import save

    folder.mkdir(exist_ok=True)
    for (policy, scenario), own in result.indices.groupby(["policy", "scenario"], sort=False):
        stem = f"{policy}-{scenario}".replace("/", "_")
        save(result.heatmap(policy, scenario), folder, f"heatmap-{stem}", form, 130)
        for metric in own["metric"].unique():
            tornado = result.tornado(metric, policy, scenario)
            save(tornado, folder, f"tornado-{stem}-{metric}", form, 130)
