"""`tokenomics capacity frontier`: tokens/s against latency, by the roofline or as measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, counted, remark
from ..inputs import bounds
from ..inputs.files import probe
from .numbers import number
from .options import Form, Json, Tables
from .output import deliver, distinct, print_json, say, show_table

if TYPE_CHECKING:
    from ..capacity.frontier import Frontier, LatencyLimits
    from ..capacity.reach import Request

app = typer.Typer(rich_markup_mode=None)
COLUMNS = (
    "hardware",
    "from",
    "requests at once",
    "output token/s per card",
    "with the most requests",
    "its TPOT [s]",
    "its TTFT [s]",
)


@app.command(
    epilog="Examples: tokenomics capacity frontier --hardware h100 --hardware l40s --model "
    "llama-3.1-8b --precision fp8 --tpot 0.03 --ttft 0.5 | "
    "tokenomics capacity frontier --hardware b200 --hardware mi355x --model gpt-oss-120b "
    "--precision fp4 --cards 2 --prompt 8192 --output 1024 --ttft-p99 2 --json | "
    "tokenomics capacity frontier --measured runs/measured/001_h100.yaml --prompt 1024 --output "
    "1024"
)
def frontier(
    context: typer.Context,
    hardware: Annotated[
        list[str] | None,
        typer.Option(help="A shipped accelerator or a hardware file. Repeatable."),
    ] = None,
    measured: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file of `capacity import`: interpolated between its points, in its own model, "
            "precision, cards and lengths. Repeatable.",
            metavar="FILE",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="A shipped model (llama-3.1-8b, llama-3.1-70b, llama-3.1-405b, gpt-oss-120b, "
            "deepseek-r1 and others) or a YAML file, such as `capacity model` writes."
        ),
    ] = "llama-3.1-8b",
    precision: Annotated[
        str,
        typer.Option(
            help="Of the weights: fp32, fp16, bf16, fp8, fp4 or int4; one that the card computes "
            "in, or of 4 bits, which others unpack to 16."
        ),
    ] = "fp8",
    cache: Annotated[
        str | None,
        typer.Option(
            help="Of the KV cache: fp16, bf16, fp8 or fp32; by default the weights', with fp4 fp8, "
            "with int4 fp16."
        ),
    ] = None,
    cards: Annotated[int, number("Cards that share the model.", bounds.CARDS)] = 1,
    split: Annotated[
        str,
        typer.Option(
            help="How they share it: tensor, every matrix; or experts, where each card has experts "
            "of its own and does the attention of its part of the requests."
        ),
    ] = "tensor",
    chunk: Annotated[
        float,
        number(
            "Tokens of prompts that the server takes in one call: --max-num-batched-tokens of "
            "vLLM, --chunked-prefill-size of SGLang, --max_num_tokens of TensorRT-LLM. It tells "
            "how many prompts go together; a longer prompt is taken as one call.",
            bounds.TOKENS,
        ),
    ] = 8192,
    poll: Annotated[
        int,
        number(
            "Steps from one look of the server for new requests to the next: "
            "--scheduler-recv-interval of SGLang; timeout_iters of TensorRT-LLM, where attention "
            "is balanced by request.",
            bounds.POLL,
        ),
    ] = 1,
    prompt: Annotated[float, number("Prompt tokens.", bounds.TOKENS)] = 1155,
    output: Annotated[float, number("Output tokens.", bounds.TOKENS)] = 211,
    cached: Annotated[
        float, number("Share of the prompt that a prefix cache holds.", bounds.SHARE)
    ] = 0.0,
    burst: Annotated[
        float,
        number(
            "Share of the requests that come all at once: 0.1 in a benchmark that sends ten for "
            "each in flight, 0 in a service.",
            bounds.SHARE,
        ),
    ] = 0.0,
    tpot: Annotated[
        float, number("Limit on the mean time per output token [s].", bounds.LATENCY)
    ] = 0.03,
    ttft: Annotated[
        float, number("Limit on the mean time to first token [s].", bounds.LATENCY)
    ] = 0.5,
    tpot_p99: Annotated[
        float | None, number("Limit on the 99th percentile of TPOT [s].", bounds.LATENCY)
    ] = None,
    ttft_p99: Annotated[
        float | None, number("Limit on the 99th percentile of TTFT [s].", bounds.LATENCY)
    ] = None,
    out: Tables = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """Tokens/s per card against latency by the roofline, or as measured, and the goodput when all
    limits hold.
    """
    import pandas as pd

    from ..capacity.card_bound import known_shape
    from ..capacity.figures import frontier_figure
    from ..capacity.frontier import LatencyLimits
    from ..capacity.measured_frontier import answer
    from ..capacity.reach import Request
    from ..results.drawing import save

    probe(out)
    files = [str(file) for file in measured or ()]
    if not (hardware or files):
        raise InputError("none", argument="hardware", expected="a name, or `measured` FILE")
    distinct(hardware, "hardware")
    distinct(files, "measured")
    for name, given, known in (("cache", cache, CACHES), ("split", split, SPLITS)):
        if given is not None and given not in known:
            raise InputError(f"'{given}'", argument=name, expected="one of " + ", ".join(known))
    work, no = Request(prompt, output, cached, burst), float("inf")
    limits = LatencyLimits(tpot, ttft, tpot_p99 or no, ttft_p99 or no)
    for doubt in limits.doubts():
        remark(doubt)
    how = {"precision": precision, "cards": cards, "cache": cache, "split": split}
    how |= {"chunk": chunk, "poll": poll}
    predicted = {"model": model, **how} if hardware else {}
    found = _predicted(hardware or (), model, how, work, limits)
    rows = {name: _row(curve, limits) | {"from": "roofline"} for name, curve in found.items()}
    setting = {"model": model, "precision": precision, "cards": cards}
    # beside the roofline's a default is what it is computed with, alone it is nobody's wish
    asked = {name: value for name, value in setting.items() if hardware or _given(context, name)}
    notes = []
    for name in files:
        sweep, curve, remarks = answer(name, work, limits)
        found[name] = curve
        own = {"model": sweep.model, "precision": sweep.precision.lower(), "cards": sweep.gpus}
        rows[name] = _row(curve, limits) | {"from": "measured", "description": sweep.description}
        rows[name] |= own
        known = own | {"model": known_shape(sweep.model)}
        if any(known[key] != value for key, value in asked.items()):
            remark(f"{name}: measured with {_setting(**own)}, not {_setting(**(own | asked))}")
        notes.append(f"{name}: {sweep.description}; interpolated between its points")
        for note in remarks:
            remark(f"{name}: {note}")

    def tell(written: bool) -> None:
        if as_json:
            bounded = {name: limit for name, limit in asdict(limits).items() if limit < no}
            content = {**predicted, **asdict(work), "limits": bounded, "hardware": rows}
            print_json(content | ({"out": str(out)} if written else {}))
            return
        told = f", {cached:g} of the prompt cached" if cached else ""
        told += f", a share of {burst:g} at once" if burst else ""
        title = f"{prompt:g} prompt and {output:g} output tokens{told}; {limits}"
        if predicted:
            title = f"{_setting(model, precision, cards)}, {title}; {_server(predicted)}"
        cells = (
            (
                name,
                row["from"],
                *(f"{row[key]:,.0f}" for key in ("batch", "goodput", "full_rate")),
                f"{row['full_tpot']:.3g}",
                f"{row['full_ttft']:.3g}",
            )
            for name, row in rows.items()
        )
        show_table(title, COLUMNS, cells)
        say(*notes)
        if written:
            say(f"table and figure in {out}")

    def fill(folder: Path) -> None:
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("hardware")
        table.to_csv(folder / "frontier.csv")
        save(frontier_figure(found), folder, "frontier", form, 130)

    deliver(out, fill, tell)


CACHES = ("fp32", "fp16", "bf16", "fp8")
SPLITS = ("tensor", "experts")


def _given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _setting(model: str, precision: str, cards: int) -> str:
    return f"{model} in {precision} on {counted(cards, 'card')}"


def _server(how: Mapping[str, Any]) -> str:
    """How the roofline's server runs."""
    cache = f", cache in {how['cache']}" if how["cache"] else ""
    looks = f", a look at the queue every {how['poll']:g} steps" if how["poll"] > 1 else ""
    return f"split {how['split']}{cache}, calls of {how['chunk']:g} prompt tokens{looks}"


def _predicted(
    names: Sequence[str], model: str, how: dict, work: Request, limits: LatencyLimits
) -> dict[str, Frontier]:
    """The roofline's frontiers by card. how: what `roofline` takes beside card and model."""
    from ..capacity import hardware as devices
    from ..capacity.frontier import frontier as curve_of
    from ..capacity.roofline import roofline
    from ..capacity.shapes import shape

    served, found = shape(model), {}
    for name in names:
        device = devices.hardware(name)
        try:
            found[name] = curve_of(roofline(device, served, **how), work)
            found[name].batch_within(limits)
        except InputError as error:
            if error.file is not None:
                raise
            raise InputError(
                f"{error.key}: {error.found}", key=f"--hardware {name}", expected=error.expected
            ) from None
    return found


def _row(curve: Frontier, limits: LatencyLimits) -> dict[str, float]:
    """What a frontier gives at the limits, and at its end: a full memory, or the most requests that
    were measured.
    """
    ends = {
        "full_batch": curve.batch,
        "full_rate": curve.output_rate,
        "full_tpot": curve.time_per_token,
        "full_ttft": curve.time_to_first_token,
        "full_tpot_p99": curve.time_per_token_p99,
        "full_ttft_p99": curve.time_to_first_token_p99,
    }
    within = {"batch": curve.batch_within(limits), "goodput": curve.goodput(limits)}
    return within | {name: float(values[-1]) for name, values in ends.items()}
