"""The command line: a thin shell over the package. How a command ends, and with which status, is
told in `ending`.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__
from ..errors import InputError
from .ending import BAD, ended
from .output import Told

# New objects that may hold one another, after which Python looks for those that nothing else holds.
# A command makes few of them; after 700, as by default, to look for them takes a tenth of its time.
COLLECT_AFTER = 50_000
# in the environment: a shell asks how to complete a line, with typer's protocol
COMPLETING = "_TOKENOMICS_COMPLETE"
EVERYWHERE = ("quiet",)  # options of every command

# Every command and group has the file of its name, which holds it as `app`; this line of it is what
# the overview says.
COMMANDS = {
    "run": "Simulate a network; print a summary and write a run directory.",
    "sweep": "Simulate a design: parameter points x policies x scenarios x runs.",
    "compare": (
        "Compare policies on the same shocks: paired differences, win rates, and which is best by "
        "each metric; as they are, or at equal cost (--match)."
    ),
    "frontier": (
        "What each law buys (decoupling, drawdown, churn, a low treasury, income) against what it "
        "costs, over the range of its strength, and which laws are dominated."
    ),
    "explore": (
        "Open a local page: levers, events and facts of the world as sliders, what comes of them "
        "over time and against its cost, and a proposal file of the settings."
    ),
    "sensitivity": (
        "Global sensitivity: Sobol indices (first, total, second order) or Morris's elementary "
        "effects, with intervals."
    ),
    "reproduce": (
        "Compute a published result again: its numbers beside ours, and what became of each claim."
    ),
    "propose": (
        "Write the whole evidence of a proposal: what changes, its limits and whether they hold, "
        "alternatives, sensitivity, stress, margins."
    ),
    "report": (
        "Write a bundle of finished runs or of a sweep: report, tables, figures, digests, "
        "citations."
    ),
    "velocity": (
        "Usage or speculation: what is behind a window's velocity, against the 60 days before it."
    ),
    "venues": (
        "Cloud or network for a workload: costs, latency, data control, guarantees, scale; the "
        "recommended path and what would change it."
    ),
    "validate": "Back-test on a recorded history: forecasts scored by coverage and CRPS beside a "
    "random walk and GARCH, "
    "and what a policy would have done.",
    "score": (
        "Score a forecast against what happened: coverage, CRPS and interval scores by variable "
        "and horizon, and skill against 'no change'."
    ),
    "protocols": (
        "Rules that networks run on chain: list, show, replay on their history, and find where "
        "they trap themselves."
    ),
    "verify": (
        "Check a bundle: every file's digest, its numbers by simulation, its text, tables and "
        "figures by making them anew."
    ),
    "cite": (
        "Print a footnote, a BibTeX entry and CSL-JSON that cite a bundle's result by its "
        "identifier."
    ),
    "diff": "Compare two bundles: settings and versions, parameters, metrics with intervals.",
    "doctor": (
        "Look at the installation: versions, GPU, optional extras, write access, and a ten-second "
        "self-check."
    ),
    "params": "List, show, check, compare and tabulate parameters.",
    "model": "The model itself: its blocks, state variables, metrics and elementary functions.",
    "control": "Analyse and design the control loop of a policy.",
    "capacity": "Inference throughput of accelerators, and the supply curve of a fleet.",
    "calibrate": (
        "Estimate parameters from data: prices, the market's part in them, demand, burn-and-mint, "
        "the whole economy, bonding by its yield; test the estimators."
    ),
}


class Commands(TyperGroup):
    """The commands of the table: the file of one is imported when it is asked for, and none for the
    overview.
    """

    def __init__(self, **settings: Any):
        super().__init__(
            **settings
            | {"commands": {name: TyperCommand(name, help=line) for name, line in COMMANDS.items()}}
        )

    def get_command(self, ctx: Any, name: str) -> Any:
        if name not in COMMANDS:
            return None
        found = typer.main.get_command(import_module(f".{name}", __package__).app)
        self._share(found)
        return found

    def _share(self, command: Any) -> None:
        """Give a command, or all that a group holds, the options that stand before and behind its
        name alike.
        """
        if hasattr(command, "commands"):
            for one in command.commands.values():
                self._share(one)
        else:
            command.params += [option for option in self.params if option.name in EVERYWHERE]

    @property
    def overview(self) -> TyperGroup:
        """The same group with a line in place of each command."""
        return TyperGroup(commands=self.commands, params=self.params)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        self.overview.format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        return self.overview.shell_complete(ctx, incomplete)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    # the commands inherit it
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode=None,
    help="Model the token economy of a decentralised AI-inference network.",
    epilog="Start with: tokenomics run baseline --policy pid --scenario token_crash --runs 20",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tokenomics {__version__}")
        raise typer.Exit


def _be_quiet(value: bool) -> None:
    if value:
        Told.quiet = True


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            callback=_be_quiet,
            expose_value=False,
            help="No progress and no notes.",
        ),
    ] = False,
) -> None:
    """Model the token economy of a decentralised AI-inference network."""


def main() -> None:
    """Entry point: one line on stderr and a status for everything that can go wrong."""
    gc.set_threshold(COLLECT_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # a letter that the terminal has not is no reason to fail
            stream.reconfigure(errors="replace")
    if COMPLETING in os.environ:
        app(prog_name="tokenomics")
    words = sys.argv[1:]
    sys.exit(ended(lambda: _called(words), as_json="--json" in words))


def _called(words: list[str]) -> int:
    # not `app()`: it makes a closed pipe a status of 1, which means "no" here
    command = typer.main.get_command(app)
    try:
        with command.make_context("tokenomics", list(words)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:
        if end.code:
            raise
        return 0  # typer's own options, which install completion
    except InputError as error:
        raise error.by_option(_options(command, words)) from None
    except Exception as error:
        if type(error).__name__ != "NoArgsIsHelpError":
            raise
        print(error.format_message())  # type: ignore[attr-defined]
        return BAD
    return 0


def _options(command: Any, words: list[str]) -> dict[str, str]:
    """The options of the command that was called, by the argument that each one sets."""
    context = command.context_class(command)
    for word in words:
        if not hasattr(command, "get_command"):
            break
        command = command.get_command(context, word) or command
    return {
        option.name: option.opts[0]
        for option in command.params
        if option.param_type_name == "option"
    }
