"""`tokenomics capacity`: what accelerators deliver in inference, measured or by the roofline, and
the supply curve of a fleet.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from ..inputs import bounds
from ..inputs.files import probe, written_file
from . import capacity_frontier, capacity_import, capacity_model
from .help import Sentences
from .numbers import number
from .options import Form, Json, Tables
from .output import deliver, print_json, progress_bar, say, show_table

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Measure and predict inference throughput and its supply.",
)
for command in (capacity_frontier, capacity_import, capacity_model):
    app.add_typer(command.app)
USES = ("bandwidth_use", "compute_use")
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of all work: rows of the supply table


@app.command(
    epilog="Examples: tokenomics capacity benchmark --model tiny --backend numpy | "
    "tokenomics capacity benchmark --model llama-3.1-8b --precision fp16 --backend cupy --out "
    "my_card.yaml"
)
def benchmark(
    model: Annotated[
        str,
        typer.Option(
            help="A shipped model (llama-3.1-8b, llama-2-70b, llama-2-7b, tiny) or a YAML file; "
            "of Llama's architecture."
        ),
    ] = "tiny",
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
        float,
        number(
            "Time to measure for, about [s].",
            bounds.SECONDS.from_(1.0, "every point has a part of it alone"),
        ),
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
    from ..capacity.shapes import plain_shape

    probe(out)
    measured_shape = plain_shape(model)
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
    form: Form = "png",
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
        }
        for name, m in found.members.items()
    }

    def fill(folder: Path) -> None:
        save(supply_figure(found), folder, "supply", form, 130)
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
        _tell_supply(found, rows)
        if written:
            use = ["tokenomics", "run", "baseline", "--overlay", str(out / "overlay.yaml")]
            say(f"figure and overlay in {out}: {shlex.join(use)}")

    deliver(out, fill, tell)


def _tell_supply(found, rows: list[dict]) -> None:
    work = found.file.work
    title = (
        f"{found.file.description}; {found.file.limits}; {work.prompt:g} prompt and "
        f"{work.output:g} output tokens"
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
    show_table(title, (*numbers, *(f"{name} [%]" for name in curve.fleet)), points)
