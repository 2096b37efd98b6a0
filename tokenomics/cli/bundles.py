"""Commands whose output goes to a vote: propose, report."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..inputs import bounds
from .numbers import Workers, number
from .output import print_json, progress_bar, say
from .params import Json

if TYPE_CHECKING:
    from ..governance.bundle.make import Bundle

Runs = Annotated[int | None, number("Runs of every set of values and scenario, in place of the proposal's.", bounds.RUNS)]
Seed = Annotated[int | None, number("Seed of the shocks, in place of the proposal's.", bounds.SEED)]
Out = Annotated[Path | None, typer.Option(help="Bundle to write; it must not exist.", metavar="DIR")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: tokenomics propose pid_gains --runs 200 | tokenomics propose params/proposals/burn_share.yaml --out evidence/burn_share"
    )(propose)
    app.command(
        epilog="Examples: tokenomics report runs/first --out evidence/first | tokenomics report runs/none runs/pid --title 'PID against no control'"
    )(report)


def _command() -> str:
    return shlex.join(["tokenomics", *sys.argv[1:]])


def _tell(bundle: Bundle, as_json: bool) -> None:
    """Print what was written; status 1 where a stated limit fails, or nothing changed that could be tested."""
    evidence = bundle.evidence
    if as_json:
        told = {"out": str(bundle.folder), "id": bundle.id, "kind": evidence.plan.kind, "outcome": evidence.outcome or None}
        checks = evidence.own_checks().to_dict(orient="records") if evidence.claim else []
        failed = int(evidence.failures[["failed", "invalid"]].to_numpy().sum())
        told |= {"untested": evidence.untested() if evidence.claim else [], "deviations": evidence.deviations}
        print_json(told | {"verdict": evidence.verdict(), "simulations": len(evidence.runs), "failed_runs": failed, "checks": checks})
    else:
        shipped = (f"not as shipped: {told}" for told in evidence.deviations)
        for line in (evidence.verdict(), *(evidence.untested() if evidence.claim else ()), *shipped):
            say(line)
        say(f"SHA-256 {bundle.id}", f"written to {bundle.folder}: report.html, report.md, data, figures, citations, RO-Crate metadata")
    if evidence.outcome in ("fails", "unchanged"):
        raise typer.Exit(1)


def propose(
    file: Annotated[str, typer.Argument(help="A shipped proposal or a YAML file.", metavar="PROPOSAL")],
    runs: Runs = None,
    seed: Seed = None,
    out: Out = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Write the whole evidence of a proposal: what changes, its limits and whether they hold, alternatives, sensitivity, stress, margins.

    Exit status 1 where a stated limit fails, or where the proposal moves no number at all. Interrupted work goes on with the same command.
    """
    from ..governance.bundle.make import propose as write

    try:
        with progress_bar("simulating, runs", show=not as_json) as progress:
            bundle = write(file, runs=runs, seed=seed, out=out, workers=workers, progress=progress, command=_command())
    except KeyboardInterrupt:
        say("what is finished is kept; the same command goes on from there", err=True)
        raise
    _tell(bundle, as_json)


def report(
    folders: Annotated[list[Path], typer.Argument(help="A run's directory, several, or a sweep's.", metavar="DIR...")],
    out: Out = None,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    as_json: Json = False,
) -> None:
    """Write a bundle of finished runs or of a sweep: report, tables, figures, digests, citations. Several runs are compared with the first."""
    from ..governance.bundle.make import report as write

    _tell(write(*folders, out=out, title=title, command=_command()), as_json)
