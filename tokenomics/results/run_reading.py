"""A run's folder read back: every file by its digest, then what it says, each against the
others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..engines.trajectories import Failure, Trajectories
from ..errors import InputError
from ..model.model import MODEL
from ..model.variables import Variable
from ..parameters import Resolved, put, resolve
from .checked_parquet import read_columns, read_head
from .folder import MOST_CELLS, PARAMETERS, RUN, TRAJECTORIES, as_recorded, plain
from .records import FailureRecord, RunRecord, read_sealed
from .result import Result

EVEN = 1e-6  # relative; times that are evenly spaced but for rounding


def read_run(folder: Path) -> Result:
    """The result in a run's folder. Raises InputError that names the file and the key; see
    `store.load`.
    """
    path = plain(folder, RUN)
    record, _ = read_sealed(RunRecord, path, "a run")
    for name in (PARAMETERS, TRAJECTORIES):
        if name not in record.files:
            raise InputError(
                f"without {name}", file=path, key="files", expected="digest and size of every file"
            )
    contents = {name: as_recorded(folder, name, told) for name, told in record.files.items()}
    resolved = _parameters(record, folder / PARAMETERS, path)
    trajectories, variables = _trajectories(
        record, resolved, contents[TRAJECTORIES], folder / TRAJECTORIES, path
    )
    said = {"notes": tuple(record.notes), "remarks": tuple(record.remarks)}
    return Result(resolved, variables, trajectories, seed=record.seed, engine=record.engine, **said)


def _parameters(record: RunRecord, path: Path, written: Path) -> Resolved:
    """The parameters. path: of their file; written: of the record, for errors."""
    told = record.parameters
    named = {
        "base": told.base,
        "policy": told.policy,
        "scenarios": tuple(told.scenarios),
        "descriptions": told.descriptions,
    }
    resolved = replace(resolve(path), **named)
    if resolved.scenario != told.scenario:
        raise InputError(
            f"'{told.scenario[:80]}'",
            file=written,
            key="parameters.scenario",
            expected="the scenarios as one name",
        )
    if resolved.hash != told.sha256:
        raise InputError(
            "the parameters do not have the recorded hash",
            file=path,
            expected=f"SHA-256 {told.sha256[:16]}… of their values",
        )
    if resolved.values.simulation.days != record.days:
        raise InputError(
            f"{resolved.values.simulation.days:g}",
            file=path,
            key="simulation.days",
            expected=f"{record.days:g}, as in {RUN}",
        )
    return resolved


def _variables(
    schema: pa.Schema, tables: Sequence[Mapping[str, Variable]], path: Path
) -> dict[str, Variable]:
    """The model's variables, and as the file describes them those that a user's own block added.
    tables: the variables of each stage. Raises InputError for another unit.
    """
    known = {name: variable for table in tables for name, variable in table.items()}
    found = {}
    for field in schema:
        told = {key: text.decode(errors="replace") for key, text in (field.metadata or {}).items()}
        unit, meaning = told.get(b"unit", ""), told.get(b"meaning", "")
        if field.name in known and unit != known[field.name].unit:
            raise InputError(
                f"unit '{unit[:60]}'",
                file=path,
                key=field.name,
                expected=f"'{known[field.name].unit}'",
            )
        if field.name != "run":
            found[field.name] = Variable(field.name, unit, meaning)
    return found | known


def _trajectories(
    record: RunRecord, resolved: Resolved, content: bytes, path: Path, told: Path
) -> tuple[Trajectories, Mapping[str, Variable]]:
    """The paths, and what their variables are. path: of the table; told: of the record, for
    errors.
    """
    schema, rows = read_head(content, path)
    names, runs = list(schema.names), record.runs
    if names[:2] != ["run", "time"] or len(set(names)) < len(names):
        raise InputError(
            f"columns {', '.join(names[:4])}"[:200],
            file=path,
            expected="run, time, and each variable once",
        )
    tables = [
        MODEL.variables(put(parameters, {"blocks": {}})) for _, parameters in resolved.stages()
    ]
    variables = _variables(schema, tables, path)
    steps, step = resolved.values.simulation.steps, resolved.values.simulation.time_step
    times, left = divmod(rows, runs)
    if left or not 1 <= times <= steps + 1:
        raise InputError(
            f"{rows} rows for {runs} runs",
            file=path,
            expected=f"as many rows of each run, {steps + 1} at most",
        )
    kinds = {name: int if name == "run" else float for name in names}
    columns = read_columns(
        content, path, kinds, runs * times, f"as {told.name} has them", most=MOST_CELLS
    )
    grid = {name: column.reshape(runs, times) for name, column in columns.items()}
    indices, time = grid.pop("run"), grid.pop("time")
    if (
        np.any(indices != indices[:, :1])
        or len(np.unique(indices[:, 0])) < runs
        or indices[:, 0].min() < 0
    ):
        raise InputError(
            "rows that are not those of its runs",
            file=path,
            key="run",
            expected=f"{runs} runs, each with all its times together",
        )
    every = (time[0, -1] / step / max(times - 1, 1)) if times > 1 else 1.0
    wanted = np.arange(times) * step * np.round(every)
    if not np.round(every) >= 1 or not np.all(np.abs(time - wanted) <= EVEN * step):
        raise InputError(
            "times that are not those of its runs",
            file=path,
            key="time",
            expected=f"from 0 in steps of {step:g} days, for every run",
        )
    failures = tuple(Failure(**one.model_dump()) for one in record.failures)
    # what a law remembers is missing where another law is in force
    passing = set().union(*tables).difference(set(tables[0]).intersection(*tables))
    lasting = {name: value for name, value in grid.items() if name not in passing}
    _check_failures(record.failures, indices[:, 0], lasting, told)
    return Trajectories(time[0], indices[:, 0], grid, failures), variables


def _check_failures(
    failures: list[FailureRecord], runs: np.ndarray, values: Mapping[str, np.ndarray], path: Path
) -> None:
    """Raise InputError where a run that failed is none of its runs, or where one that is finished
    lacks numbers.
    """
    failed = Counter(one.run for one in failures)
    wrong = next((run for run, count in failed.items() if count > 1 or run not in runs), None)
    if wrong is not None:
        raise InputError(
            f"run {wrong}",
            file=path,
            key="failures",
            expected="each run that failed once, of those in the table",
        )
    finished = ~np.isin(runs, list(failed))
    for name, value in values.items():
        lacking = np.flatnonzero(finished & ~np.isfinite(value).all(axis=1))
        if len(lacking):
            found = f"run {runs[lacking[0]]} has no finite '{name}' throughout"
            raise InputError(
                found, file=path, key="failures", expected="every run that is not finished"
            )
