"""`tokenomics control`: linear analysis of a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .cli_params import File, Json, Overlay, Policy, Scenario, Set
from .cli_tools import print_json
from .parameters import resolve
from .results.store import refuse_existing

app = typer.Typer(no_args_is_help=True, help="Analyse the control loop of a policy.", rich_markup_mode=None)
Out = Annotated[Path | None, typer.Option(help="Directory for tables and figures; it must not exist.", metavar="DIR")]


@app.callback()
def group() -> None:
    """Analyse the control loop of a policy."""


@app.command(
    epilog="Examples: tokenomics control analyse baseline --policy pid --out runs/loop | "
    "tokenomics control analyse my_network.yaml --policy lqr --set controller.interval=7 --json"
)
def analyse(
    file: File = "baseline",
    policy: Policy = "pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Margins of the loop around the steady state: the whole economy linearised, with the policy's controller."""
    from .analysis.analyse import analyse as examine

    if out is not None:
        refuse_existing(out)
    found = examine(resolve(file, policy=policy, scenarios=scenario or (), overlays=overlay or (), sets=sets or ()).values)
    if out is not None:
        out.mkdir(parents=True)
        for name, figure in found.figures().items():
            figure.savefig(out / f"{name}.png", dpi=130)
        rows = "\n".join(f"| {name} | {value} | {unit} |" for name, value, unit in found.table())
        (out / "margins.md").write_text(f"{found.margins.reading()}\n\n| margin | value | unit |\n|---|---:|---|\n{rows}\n", encoding="utf-8")
    if as_json:
        print_json(found.plain() | ({"out": str(out)} if out else {}))
        return
    console = Console()
    plant = found.economy.plant
    body = Table(title=f"Loop of policy {policy}, {plant.nstates} states of the economy, decision every {plant.dt:g} days")
    for name in ("margin", "value", "unit"):
        body.add_column(name)
    for row in found.table():
        body.add_row(*row)
    console.print(body)
    console.print(found.margins.reading(), highlight=False, soft_wrap=True)
    for share, margins in found.liquidity.items():
        console.print(f"With {share:.0%} of the pool's depth: {margins.reading()}", highlight=False, soft_wrap=True)
    if out is not None:
        console.print(f"figures and table in {out}", highlight=False, soft_wrap=True)
