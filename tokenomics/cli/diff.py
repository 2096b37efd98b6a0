"""`tokenomics diff`: what differs between two bundles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Json
from .output import print_json, show_frame

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog=(
        "Examples: tokenomics diff bundles/first bundles/second | tokenomics diff bundles/first "
        "bundles/second --json"
    )
)
def diff(
    a: Annotated[Path, typer.Argument(help="A bundle's directory.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="A bundle's directory.", metavar="B")],
    as_json: Json = False,
) -> None:
    """Compare two bundles: settings, parameters, metrics. Metrics have intervals."""
    from ..governance.bundle.diff import diff as compare

    found = compare(a, b)
    if as_json:
        frames = {
            "settings": found.settings,
            "parameters": found.parameters,
            "metrics": found.metrics,
        }
        print_json(
            {"same": found.same, "unmoved": found.unmoved}
            | {name: frame.to_dict(orient="records") for name, frame in frames.items()}
        )
        return
    if found.same:
        typer.echo("the same plan, numbers and version")
    if found.unmoved:
        typer.echo("nothing differs: every metric is the same number in every run that both have")
    if found.metrics.empty:
        typer.echo("no scenario and set of values is in both: no metrics to compare")
    how = f"b less a, {found.metrics['method'].iloc[0]}" if len(found.metrics) else ""
    tables = {
        "Settings and versions": found.settings,
        "Parameters": found.parameters.rename(columns={"scenario": "scenario or values"}),
        f"Metrics that differ, mean [95 % interval]; {how}": _differing(found.metrics),
    }
    for title, table in tables.items():
        if len(table):
            show_frame(title, table)


def _differing(metrics: pd.DataFrame) -> pd.DataFrame:
    """The metrics that are not the same in both, as text. runs: of the means of a and of b, and of
    the difference where those are others.
    """
    from ..governance.report.document import gap, with_interval

    rows = metrics[(metrics["difference"] != 0.0) | (metrics["a"] != metrics["b"])]
    told = rows[["metric", "unit"]].copy()
    told.insert(0, "scenario; values", rows["scenario"] + "; " + rows["values"])
    for title, names in (
        ("a", ("a", "a_low", "a_high")),
        ("b", ("b", "b_low", "b_high")),
        ("b less a", ("difference", "low", "high")),
    ):
        write = gap if title == "b less a" else with_interval
        told[title] = [write(*row) for row in rows[list(names)].itertuples(index=False)]
    told["runs"] = [_runs(r.a_n, r.b_n, r.pairs) for r in rows.itertuples(index=False)]
    return told


def _runs(a: int, b: int, pairs: float | None) -> str:
    paired = pairs is not None and pairs == pairs
    if a == b and (not paired or pairs == a):
        return str(a)
    return f"{a} and {b}" + (f", {int(pairs)} in pairs" if paired else "")
