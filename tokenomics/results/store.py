"""Run directories: written whole or not at all, never over another, and checked when they are read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import os
import platform
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from ..model import MODEL
from ..parameters import resolve
from ..parameters.tables import markdown_rows
from ..state import Variable
from ..trajectories import Failure
from . import plots, sweep_store
from .dataset import from_table
from .result import Result, interval
from .sweep import Sweep
from .versions import package_record


def metrics_json(result: Result) -> dict[str, Any]:
    """Metrics as JSON: null in place of what is not finite."""
    table = result.metrics()
    return {
        name: {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
        for name, row in table.astype(object).to_dict(orient="index").items()
    }


def metrics_markdown(result: Result) -> str:
    """Settings and metrics as Markdown that pastes into a proposal."""
    settings = [f"- {key}: {value}" for key, value in result.settings().items()]
    table = markdown_rows(
        ("metric", "mean", "95 % interval", "n", "unit", "meaning"),
        ((name, f"{row['mean']:.4g}", interval(row), str(row["n"]), row["unit"], row["meaning"]) for name, row in result.metrics().iterrows()),
        numbers=range(1, 4),
    )
    return "\n".join([*settings, "", table, *(f"- failed: {failure}" for failure in result.failures)]) + "\n"


def default_out(result: Result) -> Path:
    """A directory name under `runs/` that tells policy, scenario, parameters and seed, and is not in use."""
    p = result.resolved
    stem = "-".join([p.policy, *p.scenarios, p.hash[:8], f"seed{result.seed}"]).replace(" ", "_")
    out, number = Path("runs") / stem, 1
    while out.exists():
        number += 1
        out = Path("runs") / f"{stem}-{number}"
    return out


def refuse_existing(out: Path | None) -> None:
    """Raise InputError where the path exists: nothing is written over. None: nothing is to be written."""
    if out is not None and os.path.lexists(out):
        raise InputError("exists already", file=out, argument="out", expected="a path that does not exist yet")


def _parquet(result: Result, path: Path) -> None:
    table = pa.Table.from_pandas(result.to_pandas(), preserve_index=False)
    fields = []
    for field in table.schema:
        unit = {"run": "1", "time": "days"}.get(field.name) or result.variables[field.name].unit
        meaning = getattr(result.variables.get(field.name), "meaning", "")
        fields.append(field.with_metadata({"unit": unit, "meaning": meaning}))
    pq.write_table(table.cast(pa.schema(fields)), path, compression="zstd")


def _fill(result: Result, folder: Path, command: str | None) -> None:
    p = result.resolved
    (folder / "params.yaml").write_text(f"# SHA-256 of the values: {p.hash}\n{p.to_yaml()}", encoding="utf-8")
    _parquet(result, folder / "trajectories.parquet")
    text = json.dumps(metrics_json(result), indent=2, allow_nan=False, ensure_ascii=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (folder / "metrics.md").write_text(metrics_markdown(result), encoding="utf-8")
    figures = folder / "figures"
    figures.mkdir()
    for name in plots.available(result):
        result.plot(name).savefig(figures / f"{name}.png", dpi=120)
    if plots.available(result):
        result.plot().savefig(figures / "overview.png", dpi=120)
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    record = {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": command,
        "parameters": {"base": p.base, "policy": p.policy, "scenarios": list(p.scenarios), "sha256": p.hash},
        "seed": result.seed,
        "runs": [int(r) for r in result.trajectories.runs],
        "engine": result.engine,
        "notes": list(result.notes),
        "failures": [vars(f) for f in result.failures],
        "platform": platform.platform(),
        **package_record(),
        "files": {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files},
    }
    # Last: a directory without it is not a run.
    (folder / "run.json").write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_run(result: Result, out: Path, command: str | None = None) -> Path:
    """Write a run directory: params.yaml, trajectories.parquet, metrics.json, metrics.md, figures/*.png, run.json.

    It is filled under another name and renamed when whole. command: the command line, for the record. Raises InputError where `out` exists
    or cannot be written.
    """
    refuse_existing(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", file=out, argument="out") from None
    try:
        _fill(result, partial, command)
        for file in partial.rglob("*"):
            if file.is_file():
                with open(file, "rb") as stream:
                    os.fsync(stream.fileno())
        partial.chmod(0o755)
        refuse_existing(out)
        os.rename(partial, out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return out


def _variables(schema: pa.Schema) -> dict[str, Variable]:
    """Variables as the file describes them, for those that a user's own block added."""
    told = {field.name: {k.decode(): v.decode() for k, v in (field.metadata or {}).items()} for field in schema}
    return {name: Variable(name, text.get("unit", ""), text.get("meaning", "")) for name, text in told.items() if name != "run"}


def load(folder: str | Path) -> Result | Sweep:
    """Read a run's or a sweep's directory, `folder`. Raises InputError where it is neither, or a file differs from its recorded digest."""
    folder = Path(folder)
    if (folder / sweep_store.MANIFEST).exists():
        return Sweep(sweep_store.read_manifest(folder), folder)
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        files = record["files"]
    except (OSError, ValueError, KeyError):
        raise InputError("not a run directory", file=folder, expected=f"a folder with a run.json or a {sweep_store.MANIFEST}") from None
    for name in sorted({"params.yaml", "trajectories.parquet", *files}):
        path = folder / name
        if folder.resolve() not in path.resolve().parents:
            raise InputError(f"the path {name!r} leads out of the run directory", file=folder / "run.json")
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != files.get(name):
            raise InputError("missing or changed since it was written", file=path)
    resolved = resolve(folder / "params.yaml")
    failures = tuple(Failure(**f) for f in record["failures"])
    table = pq.read_table(folder / "trajectories.parquet")
    names = record["parameters"]
    resolved = replace(resolved, base=names["base"], policy=names["policy"], scenarios=tuple(names["scenarios"]))
    if resolved.hash != names["sha256"]:
        raise InputError("the parameters do not have the recorded hash", file=folder / "params.yaml")
    variables = _variables(table.schema) | MODEL.variables(resolved.values)
    return Result(
        resolved,
        variables,
        from_table(table.to_pandas(), failures),
        seed=record["seed"],
        engine=record["engine"],
        notes=tuple(record["notes"]),
    )
