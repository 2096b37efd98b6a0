"""`tokenomics explore`: a local page with sliders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..inputs import bounds
from ..inputs.files import probe
from .numbers import Seed, number
from .options import Code, Network, Overlay, Policy
from .output import say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples: tokenomics explore --policy pid --scenario token_crash | "
    "tokenomics explore my_network.yaml --policy pid --days 1096 --out my_proposal.yaml | "
    "tokenomics explore --code law.py --policy mine"
)
def explore(
    params: Network = "baseline",
    policy: Policy = None,
    scenario: Annotated[
        str, typer.Option(help="The scenario at first: shipped name or file.")
    ] = "none",
    overlay: Overlay = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="path=value of the network as it is today. Repeatable.", metavar="TEXT"
        ),
    ] = None,
    days: Annotated[float | None, number("Simulated span [days].", bounds.EXPLORED_DAYS)] = None,
    runs: Annotated[int, number("Runs behind every picture.", bounds.EXPLORED)] = 200,
    seed: Seed = 0,
    port: Annotated[
        int, number("Port of this machine; any that is free by default.", bounds.PORT)
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser; its address is printed.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File that a button of the page writes the proposal to; it must not exist.",
            metavar="FILE",
        ),
    ] = None,
    code: Code = None,
) -> None:
    """Open a local page with sliders, and see what comes of them.

    Levers, events and facts of the world are sliders. The page shows what comes of them over time
    and against its cost, and writes a proposal file of the settings. It listens on this machine's
    loopback alone. Ctrl-C ends it.
    """
    from ..errors import missing_extra
    from ..explorer.opening import Opening
    from ..parameters import assignments

    probe(out)
    try:
        from ..explorer.server import address, serve, served
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("panel", "bokeh"):
            raise
        raise missing_extra("Panel", "explore") from None

    opening = Opening(
        params, policy, scenario, tuple(overlay or ()), assignments(sets), days, runs, seed
    )
    server = served(opening, port=port, out=out)
    say(f"the page is at {address(server)}; Ctrl-C ends it")
    serve(server, browser=not no_browser)
