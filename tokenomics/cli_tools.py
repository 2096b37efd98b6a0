"""What the commands share: a progress bar, tables, and JSON without NaN."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .errors import printable
from .results.markdown import cell

WIDTH = 170  # columns, of output that goes to a file or a pipe
PATIENCE = 2.0  # s; what takes longer shows a progress bar


class Rate(ProgressColumn):
    """Throughput."""

    def render(self, task: Task) -> Text:
        """Units of work a second."""
        return Text("" if not task.speed else f"{task.speed:,.0f}/s")


@contextlib.contextmanager
def progress_bar(what: str, show: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A callback that draws a bar with throughput and ETA on a terminal's stderr, once the work has taken more than two seconds."""
    if not (show and sys.stderr.isatty()):
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=None)

    def update(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if not bar.live.is_started and bar.tasks[0].elapsed and bar.tasks[0].elapsed > PATIENCE:
            bar.start()

    try:
        yield update
    finally:
        bar.stop()


def plain(value: Any) -> Any:
    """null in place of what is not finite."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def json_text(content: Any) -> str:
    """JSON, with null for what is not finite. Letters of any language stand as they are, what steers a terminal or is no text as \\uXXXX."""
    text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def print_json(content: Any) -> None:
    """JSON on stdout."""
    typer.echo(json_text(content))


def wide_console() -> Console:
    """A console; where nobody looks at it, wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def show_table(console: Console, title: str, table: Any) -> None:
    """A data frame on the terminal, without what a stranger's text could steer it by."""
    body = Table(title=escape(printable(title)), title_justify="left")
    for name in table.columns:
        body.add_column(escape(printable(str(name))), overflow="fold")
    for row in table.itertuples(index=False):
        body.add_row(*(escape(printable(cell(value))) for value in row))
    console.print(body)
