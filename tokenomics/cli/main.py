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
from .help import Sentences, each_on_its_line
from .output import Told

# New objects that may hold one another, after which Python looks for those that nothing else holds.
# A command makes few of them; after 700, as by default, to look for them takes a tenth of its time.
COLLECT_AFTER = 50_000
# in the environment: a shell asks how to complete a line, with typer's protocol
COMPLETING = "_TOKENOMICS_COMPLETE"
EVERYWHERE = ("quiet",)  # options of every command

# In the order of a reader's needs. Every command and group has the file of its name, which holds it
# as `app`; the line of it here is what the overview says, and fits a terminal of 80 columns.
SECTIONS = {
    "Simulate": {
        "run": "Simulate a network; print a summary and write a run directory.",
        "sweep": "Simulate points x policies x scenarios x runs of a design.",
        "explore": "Open a local page with sliders, and see what comes of them.",
        "sensitivity": "Rank the parameters that move each metric: Sobol or Morris.",
    },
    "Decide": {
        "compare": "Compare policies on the same shocks, or at equal cost.",
        "frontier": "Show what each law buys against what it costs, by strength.",
        "control": "Analyse, tune and attack the control loop of a policy.",
        "propose": "Write the whole evidence of a proposal as a bundle.",
        "venues": "Choose cloud or network for a workload, with what is at risk.",
    },
    "Check and cite": {
        "report": "Write a bundle of finished runs or of a sweep.",
        "verify": "Check a bundle by computing all that is in it again.",
        "cite": "Print a footnote, BibTeX and CSL-JSON that cite a bundle.",
        "diff": "Compare two bundles: settings, parameters, metrics.",
        "reproduce": "Compute a published result again and judge its claims.",
    },
    "Data and forecasts": {
        "calibrate": "Estimate parameters from data, and test the estimators.",
        "validate": "Back-test on a recorded history, beside naive forecasts.",
        "score": "Score a forecast against what happened.",
        "velocity": "Tell usage from speculation behind a rise of velocity.",
    },
    "Live networks and hardware": {
        "protocols": "List, show and replay the rules that networks run on chain.",
        "capacity": "Measure and predict inference throughput and its supply.",
    },
    "Look up": {
        "params": "List, show, check, compare and tabulate parameters.",
        "model": "Show the model: blocks, variables, metrics, functions.",
        "doctor": "Check the installation, in about ten seconds.",
    },
}
COMMANDS = {name: line for section in SECTIONS.values() for name, line in section.items()}


class Commands(Sentences):
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
        name alike, and its examples a line each.
        """
        if hasattr(command, "commands"):
            for one in command.commands.values():
                self._share(one)
        else:
            command.params += [option for option in self.params if option.name in EVERYWHERE]
            command.epilog = command.epilog and each_on_its_line(command.epilog)

    def sections(self) -> dict[str, dict[str, str]]:
        return SECTIONS

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        # the same group with a line in place of each command
        lines = TyperGroup(commands=self.commands, params=self.params)
        return lines.shell_complete(ctx, incomplete)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    # the commands inherit it
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode=None,
    help="Model the token economy of a decentralised AI-inference network.",
    epilog="Start with: tokenomics run --policy pid --scenario token_crash --runs 20",
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
