"""How a terminal and a notebook show a result. A `result` here is a `Result`, which shows itself by
this.
"""

from __future__ import annotations

import base64
import html
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from ..errors import printable
from ..shown import readable, rows
from . import run_figures
from .intervals import interval
from .metrics import METRICS
from .terminal import Fitted

SHOWN_FAILURES = 5


def summary(result: Any) -> RenderableType:
    """Settings, metrics and failures for a terminal."""
    metrics = [
        (
            name,
            METRICS[name].label,
            readable(row["mean"]),
            interval(row),
            row["n"],
            row["unit"],
        )
        for name, row in result.metrics().iterrows()
    ]
    columns = ("metric", "what it is", "mean", "95 % interval", "n", "unit")
    lines = [Text(printable(f"failed: {f}"), style="red") for f in result.failures[:SHOWN_FAILURES]]
    return Group(
        Fitted("", ("", ""), result.settings().items()),
        Text(),
        Fitted("", columns, metrics, spare=columns[1:2]),
        *lines,
    )


def page(result: Any, above: str) -> str:
    """Metrics, failures and figures for a notebook, in HTML. above: what stands above them."""
    metrics = rows(
        (name, readable(row["mean"]), interval(row), row["n"], row["unit"], row["meaning"])
        for name, row in result.metrics().iterrows()
    )
    image = ""
    if run_figures.overview(result):
        from .drawing import png

        drawn = png(run_figures.figure(result, run_figures.overview(result)), 80)
        picture = base64.b64encode(drawn).decode()
        image = f"<img alt='overview' src='data:image/png;base64,{picture}'>"
    failed = "".join(
        f"<p>failed: {html.escape(str(f))}</p>" for f in result.failures[:SHOWN_FAILURES]
    )
    head = rows([("metric", "mean", "95 % interval", "n", "unit", "meaning")], "th")
    return f"{above}{failed}{image}<table>{head}{metrics}</table>"
