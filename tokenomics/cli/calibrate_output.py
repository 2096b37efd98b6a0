"""What the subcommands of `tokenomics calibrate` share: options, and how a calibration is told and
written.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ..calibration.estimates import Calibration
from .output import deliver, json_text, print_json, say, show_frame

OVERLAY = "overlay.yaml"
File = Annotated[str, typer.Argument(metavar="FILE")]
Out = Annotated[
    Path | None,
    typer.Option(
        help=(
            "Directory to write: calibration.md, calibration.json, figures, and overlay.yaml where "
            "there is something to put into it, which the last line tells."
        ),
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


def fill(found: Calibration, folder: Path, form: str = "png") -> None:
    """Write a calibration into a directory. form: of its figures."""
    from ..results.drawing import save

    if found.gives:
        (folder / OVERLAY).write_text(found.overlay(), encoding="utf-8")
    (folder / "calibration.md").write_text(found.markdown(), encoding="utf-8")
    (folder / "calibration.json").write_text(json_text(found.plain()) + "\n", encoding="utf-8")
    for name, figure in found.figures.items():
        save(figure, folder, name, form, 150)


def show(found: Calibration) -> None:
    """Print a calibration."""
    say(f"{found.method}: {found.data}", *(f"rows: {choice}" for choice in found.data.choices))
    show_frame("Estimates", found.table().drop(columns="problem"))
    say(*(f"not told: {', '.join(names)}: {problem}" for problem, names in found.problems.items()))
    for title, table in found.tables.items():
        show_frame(title, table)
    say(*(f"note: {note}" for note in found.notes))


def overlay_of(found: Calibration, out: Path | None, written: bool) -> dict[str, str | None]:
    """The overlay's file, None where there is none, and the sentence that tells it or why.

    written: whether `out` is there.
    """
    if not found.gives:
        where = f"written to {out}; " if written else ""
        return {"file": None, "said": f"{where}no overlay: the data tell no parameter of the model"}
    if not written:
        why = "--out DIR writes one" if out is None else f"{out} could not be written"
        return {"file": None, "said": f"no overlay: {why}, with {found.gives}"}
    file = str(out / OVERLAY)
    use = shlex.join(["tokenomics", "run", "baseline", "--overlay", file])
    return {"file": file, "said": f"written to {out}; {OVERLAY} holds {found.gives}; use it: {use}"}


def plain(found: Calibration, out: Path | None, written: bool) -> dict[str, Any]:
    """A calibration for JSON, with what became of its overlay."""
    return found.plain() | {"overlay": overlay_of(found, out, written)}


def finish(found: Calibration, out: Path | None, as_json: bool, form: str = "png") -> None:
    """Print a calibration and write its directory. form: of its figures."""

    def tell(written: bool) -> None:
        if as_json:
            print_json(plain(found, out, written) | ({"out": str(out)} if written else {}))
            return
        show(found)
        say(overlay_of(found, out, written)["said"])

    deliver(out, lambda folder: fill(found, folder, form), tell)


def finish_panel(
    panel: Mapping[str, Calibration], out: Path | None, as_json: bool, form: str = "png"
) -> None:
    """Print the calibrations of several tokens, and write a directory of each by its name. form: of
    their figures.
    """

    def place(name: str) -> Path | None:
        return out and out / name

    def fill_all(folder: Path) -> None:
        for name, found in panel.items():
            (folder / name).mkdir()
            fill(found, folder / name, form)

    def tell(written: bool) -> None:
        if as_json:
            tokens = {name: plain(found, place(name), written) for name, found in panel.items()}
            print_json({"tokens": tokens} | ({"out": str(out)} if written else {}))
            return
        for name, found in panel.items():
            show(found)
            say(overlay_of(found, place(name), written)["said"])

    deliver(out, fill_all, tell)
