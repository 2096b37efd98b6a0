"""Commands that simulate many points: sweep, compare, sensitivity."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console

from ..errors import InputError
from ..inputs import bounds
from . import numbers as numbers
from .numbers import Days, Workers, number
from .output import distinct, listed, print_json, progress_bar, say, show_rows, show_table
from .params import Json, Overlay, Set

Runs = Annotated[int | None, number("Runs of every point, in place of the design's.", bounds.RUNS)]
Seed = Annotated[int | None, number("Seed of the shocks, in place of the design's.", bounds.SEED)]
Out = Annotated[Path | None, typer.Option(help="Directory for the results; the same sweep goes on where it stopped.", metavar="DIR")]
Scheduler = Annotated[str | None, typer.Option(help="Dask scheduler to do the work, tcp://host:8786 or tls://host:8786.", metavar="ADDRESS")]
NOBODY = "-"  # in place of the best policy
SHOWN = 12  # rows of a table on the terminal
MAIN = ("price_volatility", "tracking_rms", "control_effort", "treasury_min", "ruin", "bill_cost_at_risk")  # whose differences `compare` prints


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: tokenomics sweep pid_gains --dry-run | tokenomics sweep my_design.yaml --runs 500 --out runs/mine | "
        "tokenomics sweep pid_gains --scheduler tcp://10.0.0.1:8786"
    )(sweep)
    app.command(
        epilog="Examples: tokenomics compare --policies none,static,threshold,pid --scenarios none,token_crash --runs 1000 | "
        "tokenomics compare my_network.yaml --policies pid,my_policy.yaml --reference pid --json"
    )(compare)
    app.command(epilog="Examples: tokenomics sensitivity what_moves_the_price | tokenomics sensitivity my_design.yaml --runs 50 --out runs/mine")(
        sensitivity
    )


@contextlib.contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Say where an interrupted sweep's results are."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"what is finished is in {folder}; the same command goes on from there", err=True)
        raise


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _show_extremes(table: Any, metrics: list[str], paths: list[str]) -> None:
    """Of every metric the points with its lowest and its highest mean. table: of the sweep."""
    several = [c for c in ("policy", "scenario") if table[c].nunique() > 1]
    rows = []
    for name in metrics:
        good = table[table[name].notna()]
        if good.empty:
            continue
        if good[name].nunique() == 1:
            lost = f", {int(good['failed'].sum())} of {int(good['n'].sum())} runs failed" if good["failed"].any() else ""
            rows.append((name, "", f"{good[name].iloc[0]:.4g}", f"the same at every point{lost}"))
            continue
        for first, end, row in ((name, "low", good.loc[good[name].idxmin()]), ("", "high", good.loc[good[name].idxmax()])):
            mean = f"{row[name]:.4g} [{row[f'{name}_low']:.4g}, {row[f'{name}_high']:.4g}]"
            at = [str(row[c]) for c in several] + [f"{p.rsplit('.', 1)[-1]}={_text(row[p])}" for p in paths]
            at += [f"{row['failed']} of {row['n']} runs failed"] if row["failed"] else []
            rows.append((first, end, mean, ", ".join(at)))
    columns = ("metric", "", "mean [95 % interval]", "at")
    show_rows("Over all points: lowest and highest mean, and where", columns, rows, unbroken=columns[:3], box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


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
    from ..experiments.design import read_design
    from ..experiments.idle import idle
    from ..experiments.sweep import default_folder, estimate
    from ..experiments.sweep import sweep as simulate

    design = read_design(file, runs=runs, seed=seed)
    if dry_run:
        size = estimate(design, workers=workers)
        if as_json:
            print_json(vars(size))
            return
        say(
            f"{size.points:,} points x {size.cases} cases x {size.runs:,} runs = {size.simulations:,} simulations in {size.tasks:,} tasks "
            f"of {size.structures:,} structures; about {size.seconds:.3g} s and {size.memory / 1e9:.2g} GB on this machine"
        )
        return
    folder = out or default_folder(design, Path(file).stem)
    started = time.perf_counter()
    with _resumable(folder), progress_bar("simulating, runs", show=not as_json) as progress:
        result = simulate(design, out=folder, workers=workers, scheduler=scheduler, progress=progress)
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
        say(*(f"impossible point: {line}" for line in table["error"][table["error"] != ""].unique()[:SHOWN]))
        say(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in told.items()))
    if table["n"].sum() == failed + impossible * design.runs:
        raise typer.Exit(1)


def compare(
    params: Annotated[str, typer.Argument(help="A shipped parameter set or a YAML file.")] = "baseline",
    policies: Annotated[str, typer.Option(help="Policies, separated by commas.", metavar="NAME,...")] = "none,static,threshold,pid",
    scenarios: Annotated[str, typer.Option(help="Scenarios, separated by commas; none is no scenario.", metavar="NAME,...")] = "none",
    reference: Annotated[str | None, typer.Option(help="Policy that the others are compared with; the first by default.")] = None,
    metrics: Annotated[str | None, typer.Option(help="Metrics, separated by commas; all by default.", metavar="NAME,...")] = None,
    overlay: Overlay = None,
    sets: Set = None,
    days: Days = None,
    runs: Annotated[int, number("Runs of every policy and scenario, on the same shocks.", bounds.RUNS)] = 100,
    seed: numbers.Seed = 0,
    workers: Workers = None,
    out: Out = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Compare policies on the same shocks: paired differences, win rates, and which is best by each metric."""
    from ..experiments.compare import comparison_design
    from ..experiments.idle import idle
    from ..experiments.sweep import default_folder
    from ..experiments.sweep import sweep as simulate
    from ..parameters import setting
    from ..results.comparison import Comparison

    distinct(overlay, "overlay")
    given = [setting(text) for text in sets or ()]
    distinct((leaf.path for leaf in given), "sets")
    design = comparison_design(
        params,
        policies=listed(policies, "policies"),
        scenarios=listed(scenarios, "scenarios"),
        overlay=overlay or (),
        sets={leaf.path: leaf.value for leaf in given},
        runs=runs,
        seed=seed,
        days=days,
        metrics=listed(metrics, "metrics") or (),
    )
    chosen = design.policies[0] if reference is None else reference
    if chosen not in design.policies:
        raise InputError(f"'{chosen}'", argument="reference", expected="one of " + ", ".join(design.policies))
    folder = out or default_folder(design, "compare")
    with _resumable(folder), progress_bar("simulating, runs", show=not as_json) as progress:
        result = Comparison(simulate(design, out=folder, workers=workers, scheduler=scheduler, progress=progress), chosen)
    differences, best = result.differences(), result.best()
    differences.to_csv(folder / "differences.csv", index=False)
    (folder / "comparison.md").write_text(result.markdown(), encoding="utf-8")
    result.plot().savefig(folder / "comparison.png", dpi=130)
    if as_json:
        tables = {"means": result.means(), "differences": differences, "best": best}
        told = {"out": str(folder), "sha256": result.sweep.hash, "remarks": [*result.unmoved(), *idle(design).lines()]}
        print_json(told | {n: t.to_dict(orient="records") for n, t in tables.items()})
    else:
        _show_comparison(result, differences, best)
        say(f"{runs} runs each, seed {seed}; tables, intervals, win rates and figure in {folder}")
    if max(result.failed.values()) == runs:
        raise typer.Exit(1)


def _show_comparison(result: Any, differences: Any, best: Any) -> None:
    """Winners and differences by scenario."""
    for line in result.unmoved():
        say(line)
    for scenario in result.scenarios:
        own = best[best["scenario"] == scenario].copy()
        own["best"] = own["best"].fillna(NOBODY)
        own["equal"] = [", ".join(e) for e in own["equal"]]
        own = own.rename(columns={"equal": "not told from it (95 %)"})
        show_table(Console(), f"Scenario {scenario}: best policy by metric", own[["metric", "best", "not told from it (95 %)"]])
        if NOBODY in own["best"].tolist():
            say(f"{NOBODY}: no policy is told from the one with the best mean")
        gaps = differences[differences["scenario"] == scenario].copy()
        if set(gaps["metric"]) & set(MAIN):
            gaps = gaps[gaps["metric"].isin(MAIN)]
        gaps["difference [95 %]"] = [f"{d:.4g} [{low:.4g}, {high:.4g}]" for d, low, high in gaps[["difference", "low", "high"]].to_numpy()]
        gaps["metric"] = [f"{m} [{u}]" for m, u in zip(gaps["metric"], gaps["unit"], strict=True)]
        gaps = gaps.sort_values("metric", kind="stable")
        title = f"Scenario {scenario}: paired difference to {result.reference}"
        show_table(Console(), title, gaps[["metric", "policy", "difference [95 %]", "verdict"]])
        if result.losses(scenario):
            say(f"Scenario {scenario}: {result.losses(scenario)}")


def sensitivity(
    file: Annotated[str, typer.Argument(help="A shipped design or a YAML file, of the method saltelli or morris.")],
    runs: Runs = None,
    seed: Seed = None,
    workers: Workers = None,
    out: Out = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Global sensitivity: Sobol indices (first, total, second order) or Morris's elementary effects, with intervals."""
    from ..experiments.design import read_design
    from ..experiments.idle import idle
    from ..experiments.sensitivity import sensitivity as analyse
    from ..experiments.sweep import default_folder

    design = read_design(file, runs=runs, seed=seed)
    folder = out or default_folder(design, Path(file).stem)
    with _resumable(folder), progress_bar("simulating, runs", show=not as_json) as progress:
        result = analyse(design, out=folder, workers=workers, scheduler=scheduler, progress=progress)
    result.indices.to_csv(folder / "indices.csv", index=False)
    result.pairs.to_csv(folder / "pairs.csv", index=False)
    result.undefined.to_csv(folder / "undefined.csv", index=False)
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for (policy, scenario), own in result.indices.groupby(["policy", "scenario"], sort=False):
        stem = f"{policy}-{scenario}".replace("/", "_")
        result.heatmap(policy, scenario).savefig(figures / f"heatmap-{stem}.png", dpi=130)
        for metric in own["metric"].unique():
            result.tornado(metric, policy, scenario).savefig(figures / f"tornado-{stem}-{metric}.png", dpi=130)
    if as_json:
        tables = {"indices": result.indices, "pairs": result.pairs, "undefined": result.undefined}
        told = {"out": str(folder), "sha256": result.sweep.hash, "remarks": idle(design).lines()}
        print_json(told | {n: t.to_dict(orient="records") for n, t in tables.items()})
    else:
        measure = result.measure
        strongest = result.indices.sort_values(measure, ascending=False).drop_duplicates(["policy", "scenario", "metric"]).sort_index()
        for (policy, scenario), own in strongest.groupby(["policy", "scenario"], sort=False):
            title = f"Policy {policy}, scenario {scenario}: the parameter that moves each metric most"
            show_table(Console(), title, own[["metric", "parameter", measure, f"{measure}_interval"]])
        say(*result.notes(), f"all indices, intervals and figures in {folder}")
    if result.indices.empty:
        raise typer.Exit(1)
