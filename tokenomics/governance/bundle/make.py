"""From a proposal, runs or a sweep to a whole bundle: `propose` and `report`."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import InputError
from ...experiments.sweep import Progress
from ...inputs import bounds
from ...inputs.arguments import CALL, FLAG, PATH, SOURCE, TEXT, checked, optional, several
from ...inputs.files import probe, read_bytes
from ...parameters.locate import find
from ...parameters.reading import LARGEST_FILE
from ...parameters.writing import yaml_texts
from ...results.result import Result
from ...results.sources import paths_of
from ...results.store import load
from ...shown import Shown
from ..evidence import over_time
from ..evidence.canonical import canonical_json, digest
from ..evidence.evidence import Evidence
from ..evidence.plan import EvidencePlan
from ..evidence.recorded import plan_of_run, plan_of_sweep, runs_of_run, runs_of_sweep, together
from ..evidence.simulation import simulate, try_code
from ..evidence.worlds_record import WorldsAsked
from ..proposal.as_simulated import as_simulated
from ..proposal.proposal import read_proposal
from ..proposal.worlds import in_worlds, most
from ..report.document import Report, ReportTable
from ..report.marks import plain_files
from ..report.render import render
from .bundle import FORECAST, RUNS, is_bundle, make_manifest, write_bundle
from .citation import citations
from .crate import METADATA, crate, load_rocrate
from .runs_table import runs_parquet

UNNAMED = Path("runs")  # where a bundle goes that was given no place
CODE = "inputs/code"  # folder of the files of its maker's own code
GIVEN = "inputs/proposal.yaml"  # the one file that is kept as it was given, but for runs and seed


@dataclass(frozen=True, repr=False)
class Bundle(Shown):
    """A bundle that was written, as `propose` and `report` return it.

    Attributes
    ----------
    folder : Path
        Where it is.
    evidence : Evidence
        What it is evidence of.
    report : Report
        What it says.
    """

    folder: Path
    evidence: Evidence
    report: Report

    def _essentials(self) -> dict[str, Any]:
        return {"folder": self.folder, "id": self.id, "verdict": self.evidence.verdict()}

    @property
    def id(self) -> str:
        """The content identifier."""
        return self.evidence.id


def now() -> str:
    """Time in UTC, ISO 8601 to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _code(plan: EvidencePlan) -> dict[str, bytes]:
    """The files of its maker's own code, to be read: nothing runs them from there."""
    return {f"{CODE}/{Path(path).name}": content for path, content in paths_of(plan.code).items()}


def _inputs(plan: EvidencePlan) -> dict[str, bytes]:
    """Every case's parameters as YAML."""
    found = {}
    texts = yaml_texts([case.resolved.tree() for case in plan.cases])
    every = zip(plan.labels, plan.cases, texts, strict=True)
    for number, (label, case, text) in enumerate(every, 1):
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.")[:60]
        found[f"inputs/parameters-{number}-{name or 'case'}.yaml"] = (
            f"# SHA-256 of the values: {case.resolved.hash}\n{text}".encode()
        )
    return found


def _forecast(evidence: Evidence) -> dict[str, bytes]:
    """A proposal's quantiles over time as CSV; none of what is no proposal."""
    table = ReportTable("forecast", "", evidence.over_time)
    return {FORECAST: table.csv()} if len(evidence.over_time) else {}


def pages(evidence: Evidence, rendered: Mapping[str, bytes], created: str) -> dict[str, bytes]:
    """The files that follow from the evidence and the time of the result alone, margins marked.
    rendered: of `render`.
    """
    return {
        **rendered,
        RUNS: runs_parquet(evidence.plan, evidence.runs),
        **_forecast(evidence),
        **citations(evidence, created),
        **_inputs(evidence.plan),
    }


def metadata(evidence: Evidence, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> bytes:
    """RO-Crate metadata of a bundle's other files. Raises InputError where rocrate is not
    installed.
    """
    return crate(
        evidence,
        files,
        created=manifest["created"],
        command=manifest["command"],
        commit=manifest["commit"],
    )


def complete(
    evidence: Evidence,
    rendered: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    inputs: Mapping[str, bytes],
) -> dict[str, bytes]:
    """All files of a bundle but its manifest. rendered: of `render`. inputs: files as they were
    given, by path.
    """
    files = plain_files(pages(evidence, rendered, manifest["created"])) | dict(inputs)
    return files | {METADATA: metadata(evidence, files, manifest)}


def _write(
    evidence: Evidence,
    out: Path,
    inputs: Mapping[str, bytes],
    created: str | None,
    command: str,
    figures: bool,
) -> Bundle:
    told = {"created": created or now(), "command": command, "figures": figures}
    manifest = make_manifest(evidence.plan, evidence.runs, **told)
    whole, rendered = render(evidence, figures)
    files = complete(evidence, rendered, manifest, {**inputs, **_code(evidence.plan)})
    return Bundle(write_bundle(out, files, manifest), evidence, whole)


class _Told:
    """Progress of a screening and of what follows it as one. most: simulations of both, before the
    worlds are known.
    """

    def __init__(self, progress: Progress | None, most: int):
        self.progress, self.most, self.done = progress, most, 0

    def first(self, done: int, total: int) -> None:
        """Of the screening."""
        self.done = total
        if self.progress:
            self.progress(done, max(self.most, total))

    def rest(self, done: int, total: int) -> None:
        """Of the plan."""
        if self.progress:
            self.progress(self.done + done, self.done + total)


def _unused(stem: str) -> Path:
    out, number = UNNAMED / stem, 1
    while out.exists():
        number += 1
        out = UNNAMED / f"{stem}-{number}"
    return out


@checked(source=SOURCE, out=optional(PATH), progress=optional(CALL), figures=FLAG, worlds=FLAG)
def propose(
    source: str | Path | Mapping[str, Any],
    *,
    runs: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    worlds: bool = True,
    created: str | None = None,
    command: str = "",
) -> Bundle:
    """Simulate what a proposal's file asks for and write its evidence.

    Killed work goes on where it stopped, with the same `out`.

    Parameters
    ----------
    source : str, Path or mapping
        A shipped name, a YAML file or a mapping; see docs/governance.md.
    runs, seed : int, optional
        In place of the file's.
    out : str or Path, optional
        Directory, which must not exist; under `runs/` by default.
    workers : int, optional
        Threads, one a core by default.
    progress : callable, optional
        Called with simulations done and their number.
    figures : bool
        Whether to draw them; a bundle without says so.
    worlds : bool
        Whether to judge the limits in the worlds that the file asks for.
    created : str, optional
        Time of the result, now by default.
    command : str
        The command line, for the record.

    Returns
    -------
    Bundle
        The folder that was written, with its content identifier.

    Raises
    ------
    InputError
        For bad input, or without the extra `report`.

    Examples
    --------
    >>> tk.propose("pid_gains", runs=20, out="evidence").id  # doctest: +SKIP
    '0b1c...'
    """
    bounds.optional(
        runs=(runs, bounds.REPEATED),
        seed=(seed, bounds.SEED),
        workers=(workers, bounds.WORKERS),
    )
    folder = None if out is None else Path(out)
    probe(folder or UNNAMED / "new")
    load_rocrate()
    proposal, plan = read_proposal(source, runs=runs, seed=seed)
    try_code(plan)
    inputs = {}
    if not isinstance(source, Mapping):
        # with the numbers that were simulated, which the command line may have set: what the bundle
        # shows is what was done
        path = find("proposal", str(source))
        inputs[GIVEN] = as_simulated(
            read_bytes(path, most=LARGEST_FILE, expected="a proposal file in YAML"),
            str(path),
            runs=runs,
            seed=seed,
        )
    name = (
        "python"
        if isinstance(source, Mapping)
        else re.sub(r"[^A-Za-z0-9._-]+", "-", Path(str(source)).stem)
    )
    asked = proposal.worlds if worlds else WorldsAsked(count=0)
    known = plan.plain() | {"worlds": asked.model_dump(mode="json")}
    key = digest(canonical_json(known))[:12]
    folder = folder or _unused(f"proposal-{name}-{key}")
    work = folder.with_name(f".{folder.name}.{key}.work")
    told = _Told(progress, plan.simulations + most(plan, asked) + over_time.simulations(plan))
    step = proposal.sensitivity.step
    screened = work / "screening"
    plan = in_worlds(plan, asked, step, workers=workers, out=screened, progress=told.first)
    total = plan.simulations + over_time.simulations(plan)
    table = simulate(plan, workers=workers, out=work, progress=over_time.part(told.rest, 0, total))
    forecast = over_time.over_time(
        plan, workers=workers, progress=over_time.part(told.rest, plan.simulations, total)
    )
    bundle = _write(
        Evidence(plan, table, over_time=forecast), folder, inputs, created, command, figures
    )
    shutil.rmtree(work, ignore_errors=True)
    return bundle


@checked(folders=several(PATH), out=optional(PATH), title=optional(TEXT), figures=FLAG)
def report(
    *folders: str | Path,
    out: str | Path | None = None,
    title: str | None = None,
    figures: bool = True,
    created: str | None = None,
    command: str = "",
) -> Bundle:
    """Write the bundle of a run's or a sweep's directory, or of several runs' on the same shocks.

    Several runs are compared with the first.

    Parameters
    ----------
    *folders : str or Path
        The directories.
    out : str or Path, optional
        Directory, which must not exist; under `runs/` by default.
    title : str, optional
        In place of one made from the parameters' names.
    figures, created, command
        As in `propose`.

    Returns
    -------
    Bundle
        The folder that was written, with its content identifier.

    Raises
    ------
    InputError
        Where a directory is neither, was changed, or holds a run that its parameters do not repeat;
        or without the extra `report`.

    Examples
    --------
    >>> tk.report("runs/crash-pid", "runs/crash-none", out="evidence")  # doctest: +SKIP
    Bundle(folder: evidence; ...)
    """
    if not folders:
        raise InputError(
            "no directory", expected="a run's or a sweep's directory, or several runs'"
        )
    chosen = None if out is None else Path(out)
    probe(chosen or UNNAMED / "new")
    load_rocrate()
    found = []
    for folder in folders:
        if is_bundle(folder):
            raise InputError(
                "is a bundle already", file=folder, expected="a run's or a sweep's directory"
            )
        found.append(load(folder))
    if len(found) == 1 and not isinstance(found[0], Result):
        plan, table = plan_of_sweep(found[0], folders[0]), runs_of_sweep(found[0])
    else:
        for folder, one in zip(folders, found, strict=True):
            if not isinstance(one, Result):
                raise InputError("is a sweep", file=folder, expected="one sweep alone, or runs")
        plans = [plan_of_run(one, folder) for one, folder in zip(found, folders, strict=True)]
        plan = plans[0] if len(plans) == 1 else together(plans, folders)
        tables = [runs_of_run(one).assign(case=i) for i, one in enumerate(found)]
        table = pd.concat(tables, ignore_index=True)
    if title is not None:
        plan = replace(plan, title=title)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(folders[0]).name) or plan.kind
    folder = chosen or _unused(f"report-{name}")
    return _write(Evidence(plan, table), folder, {}, created, command, figures)
