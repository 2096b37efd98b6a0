"""Options and arguments that commands share, and how parameters are resolved from them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import remark

if TYPE_CHECKING:
    from ..parameters import Resolved


def _shipped(kind: str) -> Callable[[str], list[str]]:
    """Completes a shipped name; the shell itself completes a file's."""

    def complete(incomplete: str) -> list[str]:
        from ..parameters.locate import names

        return [name for name in names(kind) if name.startswith(incomplete)]

    return complete


File = Annotated[
    str,
    typer.Argument(
        help="A shipped name or the path of a YAML file.",
        metavar="PARAMS",
        autocompletion=_shipped("base"),
    ),
]
Network = Annotated[
    str,
    typer.Argument(help="A shipped parameter set or a YAML file.", autocompletion=_shipped("base")),
]
Policy = Annotated[
    str | None,
    typer.Option(help="A policy: shipped name or file.", autocompletion=_shipped("policy")),
]
Scenario = Annotated[
    list[str] | None,
    typer.Option(
        help="A scenario: shipped name or file. Repeatable.", autocompletion=_shipped("scenario")
    ),
]
Overlay = Annotated[
    list[str] | None,
    typer.Option(
        help="An overlay: shipped name or file. Repeatable.", autocompletion=_shipped("overlay")
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="path=value, for example controller.pid.kp=0.1. Repeatable."),
]
Today = Annotated[
    list[str] | None,
    typer.Option(
        "--today",
        help="path=value of the network as it is today, from which it starts; a policy and "
        "settings of levers change it from change.day on. Repeatable.",
    ),
]
Changes = Annotated[
    str | None,
    typer.Option(
        help="Dated changes, a shipped name or a YAML file: day, policy, set.", metavar="FILE"
    ),
]


def _load(files: list[str] | None) -> list[str] | None:
    from ..experiments.own_code import load_code

    for file in files or ():
        load_code(file)
    return files


# before any other option is read: it may register what they name
Code = Annotated[
    list[str] | None,
    typer.Option(
        "--code",
        callback=_load,
        is_eager=True,
        help="Run a Python file of yours, or an entry point, that registers parts. Repeatable.",
        metavar="FILE",
    ),
]
Tables = Annotated[
    Path | None,
    typer.Option(help="Directory for tables and figures; it must not exist.", metavar="DIR"),
]
Bundle = Annotated[Path, typer.Argument(help="A bundle's directory.", metavar="BUNDLE")]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Draw no figures, to save time.")]


def _checked_form(form: str) -> str:
    from ..results.forms import checked_form

    return checked_form(form)


Form = Annotated[
    str,
    typer.Option(
        "--format", callback=_checked_form, help="Of the figures: png or svg.", metavar="FORM"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="As a table in Markdown.")]


def command_line() -> str:
    """The command that runs, as it would be typed."""
    return shlex.join(["tokenomics", *sys.argv[1:]])


def resolved_from(
    file: str, policy=None, scenario=None, overlay=None, sets=None, today=None, changes=None
) -> Resolved:
    """The parameters that a command's arguments name. Remarks on prices older than a year."""
    from ..parameters import resolve
    from ..parameters.dated import outdated

    resolved = resolve(
        file,
        policy=policy,
        scenarios=scenario or (),
        overlays=overlay or (),
        today=today or (),
        sets=sets or (),
        changes=changes or (),
    )
    old = outdated(resolved, date.today())
    if old:
        remark(old)
    return resolved


def changed_from(file: str, resolved: Resolved, *networks: Mapping[str, Any]) -> None:
    """Remark on what the arguments change and nothing reads. networks: settings with which a
    command looks at the network, none by default.
    """
    from ..experiments.unread import changed_to_no_effect
    from ..parameters import resolve

    for line in changed_to_no_effect(resolved, resolve(file), networks or ({},)):
        remark(line)
