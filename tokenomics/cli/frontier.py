"""`tokenomics frontier`: what each law buys against what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from .numbers import Seed, number
from .options import Code, Form, Json, Markdown, Network, NoFigures, Overlay, Set, Tables, Today
from .output import deliver, listed, print_json, progress_bar, say, show_table

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples: tokenomics frontier --runs 200 --out runs/frontier | "
    "tokenomics frontier my_network.yaml --policies pid,dcbm --cost budget --days 1095 --json"
)
def frontier(
    params: Network = "baseline",
    policies: Annotated[
        str, typer.Option(help="Policies, separated by commas.", metavar="NAME,...")
    ] = "static,threshold,pid,dcbm,rai,pid_two_sided",
    cost: Annotated[
        str, typer.Option(help="What is paid: spend, budget or emission.", metavar="COST")
    ] = "spend",
    metrics: Annotated[
        str | None,
        typer.Option(help="What is bought, metrics separated by commas.", metavar="NAME,..."),
    ] = None,
    overlay: Overlay = None,
    today: Today = None,
    sets: Set = None,
    days: Annotated[
        float | None, number("Simulated span [days]; a year by default.", bounds.DAYS)
    ] = None,
    runs: Annotated[int, number("Runs of every strength, on the same shocks.", bounds.RUNS)] = 200,
    seed: Seed = 0,
    out: Tables = None,
    no_figures: NoFigures = False,
    form: Form = "png",
    code: Code = None,
    markdown: Markdown = False,
    as_json: Json = False,
) -> None:
    """Show what each law buys against what it costs, by strength. It may buy less decoupling,
    drawdown or churn, a treasury that is seldom low, or income; dominated laws are told.
    """
    from ..experiments.frontier import BOUGHT
    from ..experiments.frontier import frontier as found_by
    from ..experiments.matching import checked_cost
    from ..parameters import assignments
    from ..results.drawing import save

    probe(out)
    checked_cost(cost, "cost")
    given = assignments(sets) | ({} if days is None else {"simulation.days": days})
    with progress_bar("simulating, policies", show=not as_json) as progress:
        found = found_by(
            params,
            policies=listed(policies, "policies"),
            cost=cost,
            metrics=listed(metrics, "metrics") or BOUGHT,
            overlay=overlay or (),
            today=today or (),
            sets=given,
            runs=runs,
            seed=seed,
            progress=progress,
        )

    def fill(folder: Path) -> None:
        found.points.to_csv(folder / "frontier.csv", index=False)
        (folder / "frontier.md").write_text(found.markdown(), encoding="utf-8")
        if not no_figures:
            save(found.plot(), folder, "frontier", form, 130)

    def tell(written: bool) -> None:
        if as_json:
            told = {"cost": cost, "finding": found.finding(), "dominated": found.dominated}
            told |= {"better": found.better, "notes": found.notes}
            print_json(told | {"points": found.points.to_dict(orient="records")})
            return
        if markdown:
            typer.echo(found.markdown())
        else:
            say(found.summary(), *found.notes)
            table, rows = found.table(), []
            for policy, own in table.groupby("policy", sort=False):
                rows += [(policy,), *own.drop(columns="policy").itertuples(index=False)]
            show_table("", table.columns.drop("policy"), rows)
        if written:
            say(f"table{'' if no_figures else ' and figure'} in {out}")

    deliver(out, fill, tell)
