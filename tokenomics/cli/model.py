"""`tokenomics model`: the block list as a diagram, the state variables with who reads and writes
them, the metrics, and the elementary functions.
"""

from __future__ import annotations

import typer

from .help import Sentences
from .options import File, Json, Markdown, Policy, resolved_from
from .output import print_json, show_frame

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show the model: blocks, variables, metrics, functions.",
)


def _print(table, markdown: bool, as_json: bool) -> None:
    from ..results.markdown import markdown_table

    if as_json:
        print_json(table.to_dict("records"))
    elif markdown:
        typer.echo(markdown_table(table))
    else:
        show_frame("", table)


@app.command(epilog="Example: tokenomics model diagram baseline --policy pid > step.svg")
def diagram(file: File = "baseline", policy: Policy = None) -> None:
    """Print the blocks of a step as a picture in SVG: an arrow where one reads what another wrote
    in the same step.
    """
    from ..model.dependencies import diagram as drawn

    typer.echo(drawn(resolved_from(file, policy).values))


@app.command(epilog="Example: tokenomics model variables baseline --policy pid")
def variables(
    file: File = "baseline",
    policy: Policy = None,
    markdown: Markdown = False,
    as_json: Json = False,
) -> None:
    """Print every state variable with its unit, its meaning, and when in a step it is written and
    read.
    """
    from ..model.dependencies import variables as listed

    _print(listed(resolved_from(file, policy).values), markdown, as_json)


@app.command(epilog="Example: tokenomics model metrics")
def metrics(markdown: Markdown = False, as_json: Json = False) -> None:
    """Print every metric with its unit and definition: what limits, tables and plots take by
    name.
    """
    import pandas as pd

    from ..results.metrics import METRICS

    rows = [
        (m.name, m.unit, m.better or "-", "probability" if m.probability else "mean", m.meaning)
        for m in METRICS.values()
    ]
    _print(
        pd.DataFrame(rows, columns=["metric", "unit", "better", "of runs", "meaning"]),
        markdown,
        as_json,
    )


@app.command(epilog="Example: tokenomics model matters")
def matters(markdown: Markdown = False, as_json: Json = False) -> None:
    """Print from which size on a difference of a metric matters, by its unit or by the
    metric itself, and why.
    """
    import pandas as pd

    from ..results.matters import BY_METRIC, BY_UNIT

    every = BY_UNIT | BY_METRIC
    rows = [(unit, one.text, one.source) for unit, one in every.items()]
    _print(
        pd.DataFrame(rows, columns=["unit or metric", "matters from", "source"]), markdown, as_json
    )


@app.command(epilog="Example: tokenomics model functions")
def functions(markdown: Markdown = False, as_json: Json = False) -> None:
    """Print every elementary function, whose bits are the same on every processor: where it holds,
    its special values, and the largest error that it may have.
    """
    import pandas as pd

    from ..elementary.functions import TABLE

    rows = [(f.name, f.takes, f.special, f.ulp, f.source) for f in TABLE.values()]
    columns = ["function", "takes", "special values", "error below, ulp", "source"]
    _print(pd.DataFrame(rows, columns=columns), markdown, as_json)
