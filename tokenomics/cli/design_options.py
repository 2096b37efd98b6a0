"""Options of the commands that simulate many points, and what they share: sweep, compare,
sensitivity.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ..inputs import bounds
from .numbers import number
from .output import say

DesignRuns = Annotated[
    int | None, number("Runs of every point, in place of the design's.", bounds.RUNS)
]
DesignSeed = Annotated[
    int | None, number("Seed of the shocks, in place of the design's.", bounds.SEED)
]
Resumed = Annotated[
    Path | None,
    typer.Option(
        help="Directory for the results; the same sweep goes on where it stopped.", metavar="DIR"
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Dask scheduler to do the work, tcp://host:8786 or tls://host:8786.", metavar="ADDRESS"
    ),
]


@contextlib.contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Say where an interrupted sweep's results are."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"what is finished is in {folder}; the same command goes on from there", err=True)
        raise
