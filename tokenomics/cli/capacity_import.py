"""`tokenomics capacity import`: results of serving benchmarks, joined to measured frontiers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ruamel.yaml import YAML

from ..errors import counted
from ..inputs import bounds
from ..inputs.files import probe
from .numbers import number
from .options import Json
from .output import deliver, print_json, say, show_table

if TYPE_CHECKING:
    from ..capacity.measured_sweep import MeasuredSweep, ResultSource, SweepPoint

app = typer.Typer(rich_markup_mode=None)
COLUMNS = (
    "concurrency",
    "output token/s per GPU",
    "TTFT mean [s]",
    "TTFT p99 [s]",
    "TPOT mean [ms]",
    "TPOT p99 [ms]",
)
LONGEST_NAME = 80  # characters of a file's name
MOST_SHOWN = 20  # tables on the terminal


@app.command(
    name="import",
    epilog="Examples: tokenomics capacity import c1.json c16.json c64.json --gpu h100 --gpus 8 "
    "--precision fp8 --out runs/measured | "
    "tokenomics capacity import inferencemax.csv --gpu h200 --precision fp8 --prompt 1024 --json",
)
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Result files: vLLM bench serve, SGLang bench_serving, GuideLLM, AIPerf, "
            "GenAI-Perf, InferenceMAX, TensorRT-LLM tables, MLPerf summaries; told by content.",
            metavar="FILE",
        ),
    ],
    gpu: Annotated[
        str | None,
        typer.Option(help="The card, where a file does not say it; else only points of it."),
    ] = None,
    gpus: Annotated[
        int | None, number("GPUs that served together; else only points of so many.", bounds.CARDS)
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model, likewise.")] = None,
    precision: Annotated[str | None, typer.Option(help="The precision, likewise.")] = None,
    framework: Annotated[str | None, typer.Option(help="The server's software, likewise.")] = None,
    run: Annotated[str | None, typer.Option(help="A run of several in a file, likewise.")] = None,
    prompt: Annotated[
        float | None, number("Prompt tokens, likewise (within a tenth).", bounds.TOKENS)
    ] = None,
    output: Annotated[
        float | None, number("Output tokens, likewise (within a tenth).", bounds.TOKENS)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for a YAML file a sweep, with its sources; it must not exist.",
            metavar="DIR",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read results of serving benchmarks as measured frontiers: tokens/s per GPU, TTFT and TPOT at
    each concurrency. Impossible units and missing fields are refused.
    """
    from ..capacity.importing import import_results

    probe(out)
    asked = {
        "gpu": gpu,
        "gpus": gpus,
        "model": model,
        "precision": precision,
        "framework": framework,
        "run": run,
        "prompt": prompt,
        "output": output,
    }
    sweeps = import_results(map(str, files), asked)
    names = list(_file_names(sweeps))

    def fill(folder: Path) -> None:
        yaml = YAML()
        yaml.width = 4096
        for sweep, name in zip(sweeps, names, strict=True):
            with (folder / name).open("w", encoding="utf-8") as stream:
                yaml.dump(sweep.model_dump(), stream)

    def tell(written: bool) -> None:
        if as_json:
            content = {"sweeps": [sweep.model_dump() for sweep in sweeps]}
            print_json(content | ({"out": str(out), "files": names} if written else {}))
            return
        _tell(sweeps)
        if written:
            say(f"{len(names)} in {out}: {', '.join(names[:5])}{', …' if names[5:] else ''}")

    deliver(out, fill, tell)


def _file_names(sweeps: list[MeasuredSweep]) -> Iterator[str]:
    """A file name a sweep, of plain letters whatever the results call their models."""
    for i, sweep in enumerate(sweeps, 1):
        parts = (
            sweep.device,
            sweep.gpus,
            sweep.model.rpartition("/")[2],
            sweep.precision,
            f"{sweep.prompt_tokens:.0f}",
            f"{sweep.output_tokens:.0f}",
        )
        plain = "_".join(re.sub(r"[^a-z0-9.]+", "-", str(p).lower()).strip("-.") for p in parts)
        yield f"{i:03}_{plain[:LONGEST_NAME]}.yaml"


def _tell(sweeps: list[MeasuredSweep]) -> None:
    points = sum(len(sweep.points) for sweep in sweeps)
    say(
        f"{counted(len(sweeps), 'measured frontier')} of {counted(points, 'point')}; ~ marks the "
        "mean in flight over the run, otherwise it is the limit that the benchmark kept full."
    )
    for sweep in sweeps[:MOST_SHOWN]:
        show_table(_about(sweep), COLUMNS, map(_cells, sweep.points))
    if len(sweeps) > MOST_SHOWN:
        say(
            f"{len(sweeps) - MOST_SHOWN} more are not shown: --json and --out tell all, --gpu, "
            "--model and the others pick some."
        )
    failed = [point.failed for sweep in sweeps for point in sweep.points if point.failed]
    if failed:
        say(
            f"{counted(len(failed), 'point')} with failed requests, up to {max(failed):.1%}: "
            "throughput and times are those of the others."
        )
    say(*dict.fromkeys(sweep.bound for sweep in sweeps))
    say(*dict.fromkeys(_source(source) for sweep in sweeps for source in sweep.sources))


def _about(sweep: MeasuredSweep) -> str:
    parts = [
        sweep.framework,
        sweep.parallelism,
        sweep.variant,
        f"run {sweep.run}" if sweep.run else "",
        f"repeat {sweep.repeat}" if sweep.repeat > 1 else "",
        f"{sweep.prompt_tokens:.0f} prompt and {sweep.output_tokens:.0f} output tokens",
    ]
    return f"{sweep.description}: " + "; ".join(part for part in parts if part)


def _source(found: ResultSource) -> str:
    version = f" {found.version}" if found.version else ", version not said"
    date = f"of {found.date}" if found.date else "date not said"
    return f"{found.file}: {found.tool}{version}, {date}, SHA-256 {found.sha256[:16]}…"


def _cells(point: SweepPoint) -> tuple[str, ...]:
    load = "all at once" if point.concurrency is None else f"{point.concurrency:,.4g}"
    seconds = [(point.ttft_mean, 1.0), (point.ttft_p99, 1.0)]
    millis = [(point.tpot_mean, 1e3), (point.tpot_p99, 1e3)]
    return (
        f"~{load}" if point.counted == "mean" else load,
        f"{point.output_rate:,.0f}" if point.output_rate >= 100 else f"{point.output_rate:.3g}",
        *("-" if t is None else f"{unit * t:.3g}" for t, unit in seconds + millis),
    )
