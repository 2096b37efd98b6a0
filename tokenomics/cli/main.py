"""The command line: a thin shell over the package. How a command ends, and with which status, is told in `cli_ending`."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from .. import __version__
from ..errors import InputError
from ..inputs import bounds
from ..inputs.files import probe
from . import bundles as cli_governance
from . import histories as cli_histories
from . import model as cli_model
from . import params as cli_params
from . import reproduce as cli_papers
from . import sweeps as cli_sweeps
from . import validate as cli_validate
from . import velocity as cli_velocity
from . import venues as cli_venues
from . import verify as cli_verify
from .ending import BAD, ended
from .numbers import Days, Seed, number
from .output import deliver, listed, print_json, progress_bar, say

MODEL = "The model itself: its blocks, state variables and metrics."
CONTROL = "Analyse and design the control loop of a policy."
CALIBRATE = "Estimate parameters from data: prices, demand, burn-and-mint, the whole economy; test the estimators."
CAPACITY = "Inference throughput of accelerators, and the supply curve of a fleet."


class Later(TyperGroup):
    """Commands of a module that takes long to import: it is imported when one of them is asked for."""

    module = ""

    @cached_property
    def _group(self):
        return typer.main.get_group(import_module(self.module, __package__).app)

    def list_commands(self, ctx):
        return self._group.list_commands(ctx)

    def get_command(self, ctx, name):
        return self._group.get_command(ctx, name)

    def resolve_command(self, ctx, args):
        return self._group.resolve_command(ctx, args)


class Control(Later):
    """The commands of `cli_control` and `cli_attacks`."""

    module = ".control_attacks"


class Capacity(Later):
    """The commands of `cli_capacity`."""

    module = ".capacity"


class Calibrate(Later):
    """The commands of `cli_calibrate`."""

    module = ".calibrate"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Model the token economy of a decentralised AI-inference network.",
    epilog="Start with: tokenomics run baseline --policy pid --scenario token_crash --runs 20",
)
app.add_typer(cli_params.app, name="params")
app.add_typer(cli_model.app, name="model", help=MODEL)
app.add_typer(typer.Typer(cls=Control, no_args_is_help=True, rich_markup_mode=None, help=CONTROL), name="control")
app.add_typer(typer.Typer(cls=Capacity, no_args_is_help=True, rich_markup_mode=None, help=CAPACITY), name="capacity")
app.add_typer(typer.Typer(cls=Calibrate, no_args_is_help=True, rich_markup_mode=None, help=CALIBRATE), name="calibrate")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tokenomics {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """Model the token economy of a decentralised AI-inference network."""


@app.command(
    epilog="Examples: "
    "tokenomics run baseline --policy pid --scenario token_crash --runs 50 --seed 1 | "
    "tokenomics run baseline --prices prices.csv --demand rate.csv --demand-align repeat --out runs/real | "
    "tokenomics run my_network.yaml --set controller.pid.kp=0.1 --days 180 --json"
)
def run(
    params: Annotated[str, typer.Argument(help="A shipped parameter set or a YAML file.")] = "baseline",
    policy: cli_params.Policy = None,
    scenario: cli_params.Scenario = None,
    overlay: cli_params.Overlay = None,
    sets: cli_params.Set = None,
    days: Days = None,
    runs: Annotated[int, number("Number of Monte Carlo runs.", bounds.RUNS)] = 1,
    seed: Seed = 0,
    engine: Annotated[str, typer.Option(help="Engine: cadcad, the reference, or ensemble, fast with many runs.")] = "cadcad",
    prices: Annotated[
        str | None, typer.Option(help=f"Daily closes in USD, replayed as inferred news; {cli_histories.LAYOUTS}.", metavar="FILE")
    ] = None,
    column: cli_histories.Column = None,
    date_format: cli_histories.DateFormat = None,
    sheet: cli_histories.Sheet = None,
    decimal: cli_histories.Decimal = None,
    daily: cli_histories.Daily = None,
    duplicates: cli_histories.Duplicates = None,
    unsorted: cli_histories.Unsorted = None,
    absurd: cli_histories.Keep = None,
    demand: Annotated[str | None, typer.Option(help="A request rate or a request trace: its columns tell which.", metavar="FILE")] = None,
    demand_align: Annotated[str | None, typer.Option(help="Demand shorter than the span: start, repeat or bootstrap.")] = None,
    demand_column: cli_histories.DemandColumn = None,
    demand_date_format: cli_histories.DemandDateFormat = None,
    demand_sheet: cli_histories.DemandSheet = None,
    demand_decimal: cli_histories.DemandDecimal = None,
    failed: cli_histories.Failed = "drop",
    start: Annotated[str | None, typer.Option(help="First date of the price history, YYYY-MM-DD.")] = None,
    record: Annotated[str | None, typer.Option(help="Variables to keep, separated by commas.", metavar="NAME,...")] = None,
    every: Annotated[int, number("Keep the start and every so many steps.", bounds.STEPS)] = 1,
    out: Annotated[Path | None, typer.Option(help="Run directory to write; it must not exist.", metavar="DIR")] = None,
    as_json: cli_params.Json = False,
) -> None:
    """Simulate a network; print a summary and write a run directory."""
    from ..experiments.run import run as simulate
    from ..results.store import default_out, metrics_json, write_run

    probe(out or Path("runs") / "new")
    reading = {"column": column, "date_format": date_format, "sheet": sheet, "decimal": decimal, "daily": daily}
    choices = cli_histories.given(**reading, duplicates=duplicates, unsorted=unsorted, absurd=absurd)
    with progress_bar("simulating, steps", show=not as_json) as progress:
        result = simulate(
            params,
            policy=policy,
            scenario=scenario,
            overlay=overlay,
            sets=sets,
            runs=runs,
            seed=seed,
            days=days,
            engine=engine,
            prices=prices,
            choices=choices,
            demand=cli_histories.demand_from(demand, demand_column, demand_date_format, demand_sheet, demand_decimal, failed),
            demand_align=demand_align,
            start=start,
            record=listed(record, "record"),
            every=every,
            progress=progress,
        )
    folder, words = out or default_out(result), shlex.join(["tokenomics", *sys.argv[1:]])

    def tell(written: bool) -> None:
        if as_json:
            told = result.record()
            settings = {"out": str(folder) if written else None, **told.pop("parameters"), **told}
            print_json({**settings, "metrics": metrics_json(result)})
            return
        Console().print(result.summary())
        if written:
            say(f"written to {folder}")

    deliver(folder, lambda place: write_run(result, place, words), tell, write=nullcontext)
    if result.failures:
        raise typer.Exit(1)


cli_sweeps.register(app)
cli_papers.register(app)
cli_governance.register(app)
cli_velocity.register(app)
cli_venues.register(app)
cli_validate.register(app)
cli_verify.register(app)


def main() -> None:
    """Entry point: one line on stderr and a status for everything that can go wrong."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a letter that the terminal has not is no reason to fail
            stream.reconfigure(errors="replace")
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
    return {option.name: option.opts[0] for option in command.params if option.param_type_name == "option"}
