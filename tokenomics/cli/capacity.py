"""`tokenomics capacity`: what accelerators deliver in inference, measured or by the roofline, and
the supply curve of a fleet.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from ruamel.yaml import YAML

from ..errors import InputError, remark
from ..inputs import bounds
from ..inputs.files import probe, written_file
from . import capacity_import
from .numbers import number
from .options import Json, Tables
from .output import deliver, distinct, print_json, progress_bar, say, show_table

if TYPE_CHECKING:
    from ..capacity.frontier import Frontier

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Inference throughput of accelerators, and the supply curve of a fleet.",
)
app.add_typer(capacity_import.app)
Model = Annotated[
    str,
    typer.Option(
        help="A shipped model (llama-3.1-8b, llama-2-70b, llama-2-7b, tiny) or a YAML file."
    ),
]
USES = ("bandwidth_use", "compute_use")
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of all work: rows of the supply table


def _at_most(curve: Frontier) -> dict[str, float]:
    """The end of a frontier: a full memory, or the most requests that were measured."""
    return {
        "full_batch": float(curve.batch[-1]),
        "full_rate": float(curve.output_rate[-1]),
        "full_tpot": float(curve.time_per_token[-1]),
        "full_ttft": float(curve.time_to_first_token[-1]),
    }


def _say_optimistic(rows: dict[str, dict[str, object]]) -> None:
    names = ", ".join(name for name, row in rows.items() if row["ttft_optimistic"])
    if names:
        why = (
            "their fitted compute efficiency is at its bound of 1, so that prefill runs at the "
            "ceiling"
        )
        say(f"TTFT is optimistic for {names}: {why}")


@app.command(
    epilog="Examples: tokenomics capacity benchmark --model tiny --backend numpy | "
    "tokenomics capacity benchmark --model llama-3.1-8b --precision fp16 --backend cupy --out "
    "my_card.yaml"
)
def benchmark(
    model: Model = "tiny",
    precision: Annotated[
        str | None,
        typer.Option(help="fp16, bf16 or fp32; by default fp16 on a GPU and fp32 on a CPU."),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            help="cupy (extra cuda12 or cuda13), numpy, or auto: a GPU where there is one."
        ),
    ] = "auto",
    seconds: Annotated[
        float, number("Time to measure for, about [s].", bounds.SECONDS.from_(1.0))
    ] = 60.0,
    out: Annotated[
        Path | None, typer.Option(help="Hardware file to write; it must not exist.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure this machine: its ceilings, then decode and prefill of a model's shape with random
    data, checked against float64 first.
    """
    from ..capacity.backend import choose
    from ..capacity.benchmark import benchmark as measure
    from ..capacity.benchmark_file import shares, write
    from ..capacity.shapes import shape

    probe(out)
    measured_shape = shape(model)
    ops, why = choose(backend, precision)
    if not as_json:
        say(f"backend: {why}")
    with progress_bar("measuring, points", show=not as_json) as progress:
        found = measure(ops, measured_shape, model, seconds=seconds, progress=progress)
    rows, seen, fit = shares(measured_shape, found), found.measured, found.efficiency[ops.precision]

    def fill(path: Path) -> None:
        write(found, path)

    def tell(written: bool) -> None:
        if as_json:
            print_json(
                found.model_dump()
                | {"reason": why, "shares": rows}
                | ({"out": str(out)} if written else {})
            )
            return
        say(
            found.description,
            f"{seen.library}; driver {seen.driver}; CUDA {seen.cuda}; {seen.parallel_note}",
        )
        say(
            f"relative error against float64: prefill {seen.error_prefill:.2g}, decode "
            f"{seen.error_decode:.2g}"
        )
        ceiling = (
            f"copy {found.bandwidth.value * 1e3:.4g} GB/s, matrix product "
            f"{found.rates[ops.precision].value * 1e3:.4g} GFLOP/s"
        )
        say(f"ceilings: {ceiling}")
        title = (
            f"{model} in {ops.precision}: one step of decode (1 new token) and prefill; bandwidth "
            f"and rate as shares of the ceilings"
        )
        cells = (
            (
                *(f"{row[key]:,}" for key in ("batch", "context", "tokens")),
                f"{row['median_ms']:.4g}",
                f"{row['spread']:.0%}",
                f"{row['rate']:,.0f}",
            )
            + tuple(f"{row[k]:.0%}" for k in USES)
            for row in rows
        )
        show_table(
            title,
            ("batch", "context", "new", "ms, median", "spread", "token/s", "bandwidth", "rate"),
            cells,
        )
        say(
            f"fitted efficiencies: bandwidth {fit.bandwidth:.2f}, compute {fit.compute:.2f} "
            f"({fit.source})"
        )
        say(*(f"skipped: {note}" for note in seen.skipped))
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell, write=written_file)


@app.command(
    epilog="Examples: tokenomics capacity supply --fleet marketplace | "
    "tokenomics capacity supply --fleet my_fleet.yaml --price 0.02 --work 1e6 --json --out "
    "runs/supply"
)
def supply(
    fleet: Annotated[str, typer.Option(help="A shipped fleet or a YAML file.")] = "marketplace",
    price: Annotated[
        list[float] | None,
        number("Price to operators [USD/Mtok]: what is offered there? Repeatable.", bounds.PRICE),
    ] = None,
    work: Annotated[
        list[float] | None,
        number("Work [Mtok/day]: what price brings it? Repeatable.", bounds.WORK),
    ] = None,
    out: Tables = None,
    as_json: Json = False,
) -> None:
    """The merit-order supply curve of a fleet: USD/Mtok against Mtok/day, prompt and output tokens
    together.
    """
    from ..capacity.figures import supply_figure
    from ..capacity.supply import load_fleet
    from ..results.drawing import save

    probe(out)
    found = load_fleet(fleet)
    curve = found.supply
    asked = [("price", p) for p in price or ()] + [("work", curve.price(w)) for w in work or ()]
    points = asked or [("share", curve.price(share * curve.most)) for share in SHARES]
    rows = [
        {"price": p, "work": float(curve(p)), "elasticity": float(curve.elasticity(p))}
        | {"by_type": {name: float(value) for name, value in curve.by_type(p).items()}}
        for _, p in points
    ]
    types = {
        name: {
            "batch": m.batch,
            "output_rate": m.output_rate,
            "input_rate": m.input_rate,
            "cost": m.accelerator.reservation_cost,
            "median_cost": m.median_cost,
            "count": m.accelerator.potential_nodes,
            "power": m.accelerator.power,
            "origin": m.origin,
            "ttft_optimistic": m.optimistic,
        }
        for name, m in found.members.items()
    }

    def fill(folder: Path) -> None:
        save(supply_figure(found), folder / "supply.png", 130)
        with (folder / "overlay.yaml").open("w", encoding="utf-8") as stream:
            YAML().dump(found.overlay(), stream)

    def tell(written: bool) -> None:
        if as_json:
            content = {
                "fleet": fleet,
                "model": found.file.model,
                "types": types,
                "curve": rows,
                "most": curve.most,
            }
            print_json(content | ({"out": str(out)} if written else {}))
            return
        _tell_supply(found, rows, types)
        if written:
            use = ["tokenomics", "run", "baseline", "--overlay", str(out / "overlay.yaml")]
            say(f"figure and overlay in {out}: {shlex.join(use)}")

    deliver(out, fill, tell)


def _tell_supply(found, rows: list[dict], types: dict[str, dict]) -> None:
    limits = (
        f"TTFT {found.file.time_to_first_token.value:g} s, TPOT "
        f"{found.file.time_per_token.value:g} s on average"
    )
    title = (
        f"{found.file.description}; {limits}; {found.work.prompt:g} prompt and "
        f"{found.work.output:g} output tokens"
    )
    cells = []
    for name, m in sorted(found.members.items(), key=lambda pair: pair[1].median_cost):
        counts = (
            f"{value:,.0f}"
            for value in (m.accelerator.potential_nodes, m.batch, m.output_rate, m.input_rate)
        )
        cells.append(
            (name, *counts, f"{m.accelerator.reservation_cost:.4g}", f"{m.median_cost:.4g}")
        )
    show_table(
        title,
        ("type", "nodes", "batch", "output tok/s", "input tok/s", "USD/h", "half join at USD/Mtok"),
        cells,
    )
    origins = ", ".join(f"{name} {m.origin}" for name, m in found.members.items())
    say(f"Figures of the cards: {origins}.")
    _say_optimistic(types)
    curve, numbers = found.supply, ("USD/Mtok", "Mtok/day", "of all", "elasticity")
    points = (
        (
            f"{row['price']:.4g}",
            f"{row['work']:,.0f}",
            f"{row['work'] / curve.most:.0%}",
            f"{row['elasticity']:.3g}",
        )
        + tuple(f"{100.0 * v / row['work']:.1f}" for v in row["by_type"].values())
        for row in rows
    )
    title = f"Supply curve; all nodes: {curve.most:,.0f} Mtok/day"
    show_table(
        title, (*numbers, *(f"{name} [%]" for name in curve.fleet)), points, unbroken=numbers
    )


@app.command(
    epilog="Examples: tokenomics capacity frontier --hardware h100 --hardware l40s --model "
    "llama-3.1-8b --precision fp8 --tpot 0.03 --ttft 0.5 | "
    "tokenomics capacity frontier --hardware my_card.yaml --precision fp16 --prompt 2048 --output "
    "512 --json | "
    "tokenomics capacity frontier --measured runs/measured/001_h100.yaml --prompt 1024 --output "
    "1024"
)
def frontier(
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
    model: Model = "llama-3.1-8b",
    precision: Annotated[
        str, typer.Option(help="fp32, fp16, bf16 or fp8; one that the hardware file has a fit for.")
    ] = "fp8",
    cards: Annotated[
        int,
        number(
            (
                "Cards that share the model (tensor parallelism); communication between them is "
                "not modelled."
            ),
            bounds.CARDS,
        ),
    ] = 1,
    prompt: Annotated[float, number("Prompt tokens.", bounds.TOKENS)] = 1155,
    output: Annotated[float, number("Output tokens.", bounds.TOKENS)] = 211,
    tpot: Annotated[
        float, number("Limit on the time per output token [s].", bounds.LATENCY)
    ] = 0.03,
    ttft: Annotated[float, number("Limit on the time to first token [s].", bounds.LATENCY)] = 0.5,
    out: Tables = None,
    as_json: Json = False,
) -> None:
    """Tokens/s per card against latency by the roofline, or as measured, and the goodput when both
    limits hold on average.
    """
    from ..capacity import frontier as curves
    from ..capacity import hardware as devices
    from ..capacity.figures import frontier_figure
    from ..capacity.measured_frontier import answer
    from ..capacity.roofline import Request, roofline
    from ..capacity.shapes import shape
    from ..results.drawing import save

    probe(out)
    files = [str(file) for file in measured or ()]
    if not (hardware or files):
        raise InputError("none", argument="hardware", expected="a name, or `measured` FILE")
    distinct(hardware, "hardware")
    distinct(files, "measured")
    served, work = shape(model), Request(prompt, output)
    found, rows, notes = {}, {}, []
    for name in hardware or ():
        device = devices.hardware(name)
        try:
            curve = curves.frontier(roofline(device, served, precision, cards), work)
            limits = {"batch": curve.batch_within(tpot, ttft), "goodput": curve.goodput(tpot, ttft)}
        except InputError as error:
            raise InputError(
                f"{error.key}: {error.found}", key=f"--hardware {name}", expected=error.expected
            ) from None
        found[name] = curve
        rows[name] = (
            limits
            | _at_most(curve)
            | {"ttft_optimistic": device.optimistic(precision), "from": "roofline"}
        )
    for name in files:
        sweep, curve, remarks = answer(name, work, tpot, ttft)
        found[name] = curve
        rows[name] = (
            {"batch": curve.batch_within(tpot, ttft), "goodput": curve.goodput(tpot, ttft)}
            | _at_most(curve)
            | {"ttft_optimistic": False, "from": "measured", "description": sweep.description}
        )
        notes.append(f"{name}: {sweep.description}; interpolated between its points")
        for note in remarks:
            remark(f"{name}: {note}")

    def tell(written: bool) -> None:
        if as_json:
            print_json(
                {"model": model, "precision": precision, "cards": cards, "hardware": rows}
                | ({"out": str(out)} if written else {})
            )
            return
        title = (
            f"{model} in {precision}, {prompt:g} prompt and {output:g} output tokens; TPOT "
            f"{tpot:g} s and TTFT {ttft:g} s on average"
        )
        names = (
            "hardware",
            "from",
            "requests at once",
            "output token/s per card",
            "with the most requests",
            "its TPOT [s]",
            "its TTFT [s]",
        )
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
        show_table(title, names, cells)
        _say_optimistic(rows)
        say(*notes)
        if written:
            say(f"figure in {out}")

    def fill(folder: Path) -> None:
        save(frontier_figure(found), folder / "frontier.png", 130)

    deliver(out, fill, tell)
