"""What the subcommands of `tokenomics calibrate` share: options, and how a calibration is told and
written.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..calibration.estimates import Calibration
from .output import deliver, json_text, print_json, say, show_frame

File = Annotated[str, typer.Argument(metavar="FILE")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Directory to write: overlay.yaml, calibration.md, calibration.json, figures.",
        metavar="DIR",
    ),
]

First = Annotated[
    datetime | None, typer.Option("--from", help="First day of the window.", formats=["%Y-%m-%d"])
]
Last = Annotated[
    datetime | None, typer.Option("--to", help="Last day of the window.", formats=["%Y-%m-%d"])
]
Gaps = Annotated[
    str,
    typer.Option(
        help="Missing days: refuse, span (leave that return out) or interpolate (a few alone)."
    ),
]


def window(start: datetime | None, end: datetime | None) -> dict[str, date | None]:
    """The days of `First` and `Last` as a calibration takes them."""
    return {"start": start and start.date(), "end": end and end.date()}


def fill(found: Calibration, folder: Path) -> None:
    """Write a calibration into a directory."""
    from ..results.drawing import save

    if found.told:
        (folder / "overlay.yaml").write_text(found.overlay(), encoding="utf-8")
    (folder / "calibration.md").write_text(found.markdown(), encoding="utf-8")
    (folder / "calibration.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
    for name, figure in found.figures.items():
        save(figure, folder / f"{name}.png", 150)


def show(found: Calibration) -> None:
    """Print a calibration."""
    say(f"{found.method}: {found.data}", *(f"rows: {choice}" for choice in found.data.choices))
    show_frame("Estimates", found.table().drop(columns="problem"))
    say(*(f"not told: {', '.join(names)}: {problem}" for problem, names in found.problems.items()))
    for title, table in found.tables.items():
        show_frame(title, table)
    say(*(f"note: {note}" for note in found.notes))


def usage(found: Calibration, folder: Path) -> str:
    """How what was written is used."""
    if not found.told:
        return f"written to {folder}; no overlay: the data tell no parameter of the model"
    use = shlex.join(["tokenomics", "run", "baseline", "--overlay", f"{folder}/overlay.yaml"])
    return f"written to {folder}; use it: {use}"


def finish(found: Calibration, out: Path | None, as_json: bool) -> None:
    """Print a calibration and write its directory."""

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        show(found)
        if written:
            say(usage(found, out))

    deliver(out, lambda folder: fill(found, folder), tell)


def finish_panel(panel: Mapping[str, Calibration], out: Path | None, as_json: bool) -> None:
    """Print the calibrations of several tokens, and write a directory of each by its name."""

    def fill_all(folder: Path) -> None:
        for name, found in panel.items():
            (folder / name).mkdir()
            fill(found, folder / name)

    def tell(written: bool) -> None:
        if as_json:
            tokens = {name: found.plain() for name, found in panel.items()}
            print_json({"tokens": tokens} | ({"out": str(out)} if written else {}))
            return
        for name, found in panel.items():
            show(found)
            if written:
                say(usage(found, out / name))

    deliver(out, fill_all, tell)
