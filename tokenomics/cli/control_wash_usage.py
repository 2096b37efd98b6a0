"""`tokenomics control wash-usage`: what faking usage costs, what it moves, and from what holding on
it pays.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import typer

from ..inputs import bounds
from ..inputs.files import probe
from ..parameters import Resolved
from .control_attacks import Runs, cell, fill_tables, records
from .numbers import Seed, number
from .options import File, Json, Overlay, Scenario, Set, Tables, changed_from, resolved_from
from .output import deliver, listed, print_json, progress_bar, say, show_frame

app = typer.Typer(rich_markup_mode=None)
HIS = ["pays [USD/day]", "costs him [USD/day]", "pays off from [% of circulating]"]
NETWORKS = [
    "utility value [%]",
    "price [%]",
    "USD/Mtok [%]",
    "controller buys [1000 USD]",
    "reserve [1000 USD]",
]


def _holding(low: float, high: float) -> str:
    """An interval of holdings [%], whose end may be beyond all that are tried."""
    from ..attacks.wash_usage import MOST

    most = f"more than {100.0 * MOST:g}"
    return f"[{', '.join(f'{100.0 * x:.2f}' if np.isfinite(x) else most for x in (low, high))}]"


def _pays_from(row: pd.Series) -> str:
    """The break-even holding, as a share of circulating supply and in tokens."""
    share, tokens = row["break_even"], row["break_even_tok"]
    if share[2] == 0.0:
        return "any: it pays by itself"
    if share[0] == np.inf:
        return "never" if share[1] == np.inf else f"never {_holding(*share[1:])}"
    return f"{100.0 * share[0]:.2f} {_holding(*share[1:])}, {tokens[0] / 1e6:.2f} M TOK"


def _shown(found: pd.DataFrame) -> pd.DataFrame:
    """The table as text."""
    return pd.DataFrame(
        {
            "policy": found["policy"],
            "his nodes [%]": [f"{100.0 * x:g}" for x in found["nodes"]],
            "defence": found["defence"],
            "pays [USD/day]": [f"{x[0]:.0f}" for x in found["paid"]],
            "costs him [USD/day]": [cell(*x, digits=0) for x in found["cost"]],
            "pays off from [% of circulating]": [_pays_from(row) for _, row in found.iterrows()],
            "utility value [%]": [cell(*x, 100.0, 0) for x in found["value"]],
            "price [%]": [cell(*x, 100.0, 0) for x in found["price"]],
            "USD/Mtok [%]": [cell(*x, 100.0, 0) for x in found["work_price"]],
            "controller buys [1000 USD]": [cell(*x, 1e-3, 0) for x in found["spent"]],
            "reserve [1000 USD]": [cell(*x, 1e-3, 0) for x in found["treasury"]],
        }
    )


@app.command(
    name="wash-usage",
    epilog="Examples: tokenomics control wash-usage baseline --policies none,pid --out runs/wash | "
    "tokenomics control wash-usage --policies pid --set wash_usage.size=0.1 --set "
    "wash_usage.own_nodes=0.3 --json",
)
def wash_usage(
    file: File = "baseline",
    policies: Annotated[
        str, typer.Option(help="Policies, separated by commas.", metavar="NAME,...")
    ] = "none,pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    days: Annotated[float, number("Simulated span [days].", bounds.DAYS)] = 180.0,
    runs: Runs = 200,
    seed: Seed = 0,
    out: Tables = None,
    as_json: Json = False,
) -> None:
    """What it costs to fake usage, with and without nodes of one's own, what it does to the utility
    value, the price and the treasury, from what holding of tokens on it pays, and what defends.
    """
    from ..attacks.wash_usage import SCENARIO, wash_usage_table

    probe(out)
    names = listed(policies, "policies") or []
    span = [*(sets or []), f"simulation.days={days}"]

    def under(policy: str) -> Resolved:
        return resolved_from(file, policy, [*(scenario or []), SCENARIO], overlay, span)

    for policy in names:
        changed_from(file, under(policy))
    with progress_bar("policies and defences", show=not as_json) as progress:
        found = wash_usage_table(under, policies=names, runs=runs, seed=seed, progress=progress)
    shown = _shown(found)

    def tell(written: bool) -> None:
        if as_json:
            print_json({"rows": records(found)} | ({"out": str(out)} if written else {}))
            return
        say(
            f"Faked usage, difference to the same runs without it: mean [95 % interval] of {runs} "
            f"runs"
        )
        for (policy, nodes), rows in shown.groupby(["policy", "his nodes [%]"], sort=False):
            title = f"Policy {policy}, {nodes} % of the nodes are his"
            show_frame(f"{title}: him", rows[["defence", *HIS]])
            show_frame(f"{title}: the network", rows[["defence", *NETWORKS]])
        if found["failed"].any():
            say(f"{found['failed'].sum()} runs broke off and are not counted: see --json.")
        for _, row in found[found["defence"] == found["defence"].iloc[0]].iterrows():
            say(
                f"{row['policy']}, {100.0 * row['nodes']:g} % of the nodes: he loses "
                f"{cell(*row['total'], 1e-3, 0)} thousand USD; sold at the raised price "
                f"{100.0 * row['marked']:.2f} % of circulating supply would make up for it."
            )
        if written:
            say(f"table in {out}")

    deliver(out, lambda folder: fill_tables(folder, {"wash_usage": shown}), tell)
