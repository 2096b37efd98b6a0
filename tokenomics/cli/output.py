"""What the commands share: a progress bar, tables, and JSON without NaN."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..errors import InputError
from ..inputs.files import written_folder
from ..results.terminal import Fitted

WIDTH = 170  # columns, of output that goes where no terminal is
PATIENCE = 2.0  # s; what takes longer shows a progress bar


class Told:
    """What holds for the command that runs. json: its JSON is on stdout, where a second one would
    make both unreadable. quiet: neither progress nor notes are wanted.
    """

    json = False
    quiet = False


class Rate(ProgressColumn):
    """Throughput."""

    def render(self, task: Task) -> Text:
        """Units of work a second."""
        return Text("" if not task.speed else f"{task.speed:,.0f}/s")


@contextlib.contextmanager
def progress_bar(what: str, show: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A callback that draws a bar with throughput and ETA on a terminal's stderr, once the work has
    taken more than two seconds.
    """
    if Told.quiet or not (show and sys.stderr.isatty()):
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
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
    """JSON, with null for what is not finite. Letters of any language stand as they are, what
    steers a terminal or is no text as \\uXXXX.
    """
    text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def print_json(content: Any) -> None:
    """JSON on stdout."""
    Told.json = True
    typer.echo(json_text(content))


def deliver(
    out: Path | None,
    fill: Callable[[Path], None],
    tell: Callable[[bool], None],
    write: Any = written_folder,
) -> None:
    """Write a command's results to `out`, where that is asked for, and tell them. Where they cannot
    be written they are told before the error is.

    fill: fills a new folder, or with `write=written_file` makes a new file. tell: prints the
    results; its argument: whether they are written.
    """
    written = False
    try:
        if out is not None:
            with write(out) as place:
                fill(place)
            written = True
    finally:
        # work of hours is not lost with a full disk; an interrupted command says no more
        if written or not isinstance(sys.exc_info()[1], KeyboardInterrupt):
            tell(written)


def console() -> Console:
    """A console of the width that there is; where none is known, wide enough for the tables."""
    known = os.environ.get("COLUMNS") or any(map(os.isatty, range(3)))
    return Console() if known else Console(width=WIDTH)


def printed_line(text: str) -> str:
    """A line as it is printed, its spaces kept: untrusted text neither steers the terminal nor
    begins a line of its own.
    """
    return "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def say(*lines: str, err: bool = False) -> None:
    """Print lines, whoever wrote what is in them: nothing in them is markup. err: on stderr."""
    for line in lines:
        typer.echo(printed_line(line), err=err)


def show_table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Iterable[Any]],
    *,
    spare: Container[str] = (),
) -> None:
    """A table on the terminal, whoever wrote what is in it; see `Fitted`."""
    if title:
        say("")
    console().print(Fitted(title, columns, rows, spare=spare))


def show_frame(title: str, frame: Any) -> None:
    """A data frame on the terminal, as a table."""
    from ..results.markdown import cell

    rows = ([cell(value) for value in row] for row in frame.itertuples(index=False))
    show_table(title, frame.columns, rows)


def listed(text: str | None, argument: str, what: str = "names") -> list[str] | None:
    """The names of an option that takes several, separated by commas; None where it is not given.

    Raises InputError where there is none, where one is empty and where one is there twice.
    """
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InputError(
            f"an empty name in '{text}'",
            argument=argument,
            expected=f"{what} separated by commas, or to leave the option out",
        )
    distinct(names, argument)
    return names


def distinct(names: Iterable[str] | None, argument: str) -> None:
    """Raise InputError where a name is empty or there twice."""
    seen: set[str] = set()
    for name in names or ():
        if not name.strip():
            raise InputError(
                "an empty text", argument=argument, expected="a name, or to leave the option out"
            )
        if name in seen:
            raise InputError(f"'{name}' twice", argument=argument, expected="each once")
        seen.add(name)
