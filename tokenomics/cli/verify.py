"""The commands that read bundles, `verify`, `cite` and `diff`, and `doctor`, which looks at the installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..inputs import bounds
from .numbers import Workers, number
from .output import print_json, progress_bar, say, show_table, wide_console
from .params import Json

if TYPE_CHECKING:
    import pandas as pd

Style = Literal["footnote", "bibtex", "csl"]
Bundle = Annotated[Path, typer.Argument(help="A bundle's directory.", metavar="BUNDLE")]


def register(app: typer.Typer) -> None:
    """Put the commands on the program."""
    app.command(
        epilog="Exit status: 0 verified, 1 differs, 2 cannot be checked or no bundle. Examples: tokenomics verify bundles/gains | "
        "tokenomics verify bundles/gains --id 3f9c… (the identifier that was published) | tokenomics verify bundles/gains --sample 0.01 --json"
    )(verify)
    app.command(epilog="Examples: tokenomics cite bundles/gains | tokenomics cite bundles/gains --style bibtex >> references.bib")(cite)
    app.command(epilog="Examples: tokenomics diff bundles/first bundles/second | tokenomics diff bundles/first bundles/second --json")(diff)
    app.command(epilog="Exit status: 0 all that is needed works, 1 something does not. Examples: tokenomics doctor | tokenomics doctor --json")(
        doctor
    )


def verify(
    bundle: Bundle,
    id: Annotated[str | None, typer.Option("--id", help="The identifier that was published: finds a forgery that is consistent in itself.")] = None,
    sample: Annotated[float | None, number("Share of the runs to simulate again, at random; all by default.", bounds.PART, metavar="SHARE")] = None,
    sample_seed: Annotated[int | None, number("Seed of that choice; a new one by default, which no forger can know.", bounds.SEED)] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Check a bundle: every file's digest, its numbers by simulation, its text, tables and figures by making them anew."""
    from ..governance.verify.verify import verify as check

    with progress_bar("simulating again, runs", show=not as_json) as progress:
        outcome = check(bundle, id=id, sample=sample, sample_seed=sample_seed, workers=workers, progress=progress)
    if as_json:
        print_json({"bundle": str(bundle)} | outcome.plain())
    else:
        say(*outcome.lines())
    if outcome.exit_status:
        raise typer.Exit(outcome.exit_status)


def cite(
    bundle: Bundle,
    style: Annotated[Style | None, typer.Option(help="One of them alone: footnote, bibtex or csl (CSL-JSON).")] = None,
    as_json: Json = False,
) -> None:
    """Print a footnote, a BibTeX entry and CSL-JSON that cite a bundle's result by its identifier."""
    from ..governance.bundle.cite import cite as citation

    found = citation(bundle)
    if as_json:
        print_json(vars(found) | {"csl": json.loads(found.csl)})
    elif style:
        say(*_lines(getattr(found, style)))
    else:
        say(*_lines(found.footnote), "", *_lines(found.bibtex), "", *_lines(found.csl))


def _lines(text: str) -> list[str]:
    return text.rstrip().split("\n")


def diff(
    a: Annotated[Path, typer.Argument(help="A bundle's directory.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="A bundle's directory.", metavar="B")],
    as_json: Json = False,
) -> None:
    """Compare two bundles: settings and versions, parameters, metrics with intervals."""
    from ..governance.bundle.diff import diff as compare

    found = compare(a, b)
    if as_json:
        frames = {"settings": found.settings, "parameters": found.parameters, "metrics": found.metrics}
        print_json({"same": found.same, "unmoved": found.unmoved} | {name: frame.to_dict(orient="records") for name, frame in frames.items()})
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
    console = wide_console()
    for title, table in tables.items():
        if len(table):
            show_table(console, title, table)


def _differing(metrics: pd.DataFrame) -> pd.DataFrame:
    """The metrics that are not the same in both, as text. runs: of the means of a and of b, and of the difference where those are others."""
    from ..governance.report.computed import plain
    from ..governance.report.document import gap, with_interval

    rows = metrics[(metrics["difference"] != 0.0) | (metrics["a"] != metrics["b"])]
    told = rows[["metric", "unit"]].copy()
    told.insert(0, "scenario; values", rows["scenario"] + "; " + rows["values"])
    for title, names in (("a", ("a", "a_low", "a_high")), ("b", ("b", "b_low", "b_high")), ("b less a", ("difference", "low", "high"))):
        write = gap if title == "b less a" else with_interval
        told[title] = [plain(write(*row)) for row in rows[list(names)].itertuples(index=False)]
    told["runs"] = [_runs(r.a_n, r.b_n, r.pairs) for r in rows.itertuples(index=False)]
    return told


def _runs(a: int, b: int, pairs: float | None) -> str:
    paired = pairs is not None and pairs == pairs
    if a == b and (not paired or pairs == a):
        return str(a)
    return f"{a} and {b}" + (f", {int(pairs)} in pairs" if paired else "")


def doctor(as_json: Json = False) -> None:
    """Look at the installation: versions, GPU, optional extras, write access, and a ten-second self-check."""
    from ..governance.doctor import doctor as look

    with progress_bar("looking", show=not as_json) as progress:
        checks = look(progress=progress)
    if as_json:
        print_json({"ok": all(one.state != "failed" for one in checks), "checks": [one.plain() for one in checks]})
    else:
        for one in checks:
            say(f"{one.state:<8}{one.name}: {one.text}")
    if any(one.state == "failed" for one in checks):
        raise typer.Exit(1)
