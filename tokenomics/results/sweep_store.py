"""A sweep's directory: a manifest, and one Parquet shard a finished task, each whole or not there.

`manifest.json` says what the sweep is; a directory with the manifest of another sweep is refused. A shard is written under
another name, flushed to the disk and renamed, so that a killed sweep resumes from the shards that are there.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError, TokenomicsError
from ..files import reason

MANIFEST = "manifest.json"
KEYS = ("case", "point", "run")
SHOWN = 20  # numbers of tasks in a message
STALE = 600.0  # s; an unfinished file of that age is a killed process's: one is written in far less


def _write(path: Path, fill) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with open(partial, "wb") as stream:
        fill(stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """A JSON file, whole or not at all."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    _write(path, lambda stream: stream.write(text.encode()))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest. Raises InputError where there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest["sha256"], manifest["tasks"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("not a sweep's directory", file=folder, expected=f"a folder with a {MANIFEST}") from None
    return manifest


def open_folder(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Make the directory of a sweep, or check that it is this sweep's. Raises InputError where it is another's."""
    if (folder / MANIFEST).exists():
        found = read_manifest(folder)
        if found["sha256"] != manifest["sha256"]:
            raise InputError(
                f"holds another sweep ({found['sha256'][:12]}, not {manifest['sha256'][:12]})",
                file=folder,
                argument="out",
                expected="the same design, parameters, runs, seed and version, or a new directory",
            )
        if found.get("source") != manifest["source"]:
            told = f"was simulated by other source code ({str(found.get('source'))[:12]}, not {manifest['source'][:12]})"
            raise InputError(told, file=folder, argument="out", expected="a new directory, or the code as it was")
        _sweep_out(folder)
        return
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", file=folder, argument="out", expected="a directory")
    # a sweep that was killed before its manifest was whole leaves no more than these
    if folder.exists() and any(f.name != "shards" and not f.name.endswith(".partial") for f in folder.iterdir()):
        raise InputError("is not empty and holds no sweep", file=folder, argument="out", expected="a new or empty directory")
    try:
        (folder / "shards").mkdir(parents=True, exist_ok=True)
        write_json(folder / MANIFEST, manifest)
    except OSError as error:
        raise InputError(f"cannot be written ({reason(error)})", file=folder, argument="out") from None


def _sweep_out(folder: Path) -> None:
    """Remove what killed processes left half-written."""
    for partial in (*folder.glob(".*.partial"), *folder.glob("shards/.*.partial")):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > STALE:
                partial.unlink()


def shard(folder: Path, number: int) -> Path:
    """File of a task."""
    return folder / "shards" / f"{number:06d}.parquet"


def write_shard(folder: Path, number: int, columns: Mapping[str, np.ndarray], units: Mapping[str, str]) -> None:
    """Write a finished task."""
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    fields = [field.with_metadata({"unit": units.get(field.name, "1")}) for field in table.schema]
    table = table.cast(pa.schema(fields))
    try:
        _write(shard(folder, number), lambda stream: pq.write_table(table, stream, compression="zstd", write_page_checksum=True))
    except OSError as error:
        found = f"cannot be written ({reason(error)}); what is finished stays"
        raise InputError(found, file=folder, argument="out", expected="room on the disk") from None


def read_shard(folder: Path, number: int, names: Sequence[str]) -> pa.Table | None:
    """The keys and some columns of a task; None where its shard is missing or damaged."""
    try:
        table = pq.read_table(shard(folder, number), columns=[*KEYS, *names], page_checksum_verification=True)
    except (OSError, pa.ArrowException):
        return None
    types = dict.fromkeys(KEYS, pa.int64()) | {"error": pa.string()}
    right = all(field.type == types.get(field.name, pa.float64()) and not table[field.name].null_count for field in table.schema)
    return table if right and table.column_names == [*KEYS, *names] else None


def read_columns(folder: Path, tasks: int, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Some columns of all tasks, shard by shard. Raises TokenomicsError that names the shards that are missing or damaged."""
    tables = [read_shard(folder, number, names) for number in range(tasks)]
    lost = [number for number, table in enumerate(tables) if table is None]
    if lost:
        raise TokenomicsError(f"{folder}: {len(lost)} of {tasks} shards are missing or damaged: {listed(lost)}; the same sweep does them anew")
    whole = pa.concat_tables(tables)
    return {name: whole[name].to_numpy(zero_copy_only=False) for name in (*KEYS, *names)}


def listed(numbers: Sequence[int]) -> str:
    """The first of some numbers, and how many there are more."""
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(map(str, numbers[:SHOWN])) + more


def in_order(columns: Mapping[str, np.ndarray], manifest: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Columns in the order of (case, point, run), counted. Raises TokenomicsError where a row is missing, there twice, or none of this sweep's."""
    shape = (len(manifest["cases"]), len(manifest["points"]), manifest["runs"])
    wanted = math.prod(shape)
    keys = [columns[key] for key in KEYS]
    if not all(len(key) == 0 or (key.min() >= 0 and key.max() < size) for key, size in zip(keys, shape, strict=True)):
        raise TokenomicsError("a sweep has rows that are not its own; a new directory does it anew")
    place = (keys[0] * shape[1] + keys[1]) * shape[2] + keys[2]
    order = np.argsort(place, kind="stable")
    distinct = np.unique(place)
    if len(distinct) < wanted:
        gaps = np.flatnonzero(distinct != np.arange(len(distinct)))
        first = np.unravel_index(gaps[0] if len(gaps) else len(distinct), shape)
        at = ", ".join(f"{key} {value}" for key, value in zip(KEYS, first, strict=True))
        raise TokenomicsError(f"{wanted - len(distinct)} of {wanted} rows of a sweep are missing, the first is {at}; the same sweep does them anew")
    if len(place) > wanted:
        raise TokenomicsError(f"{len(place) - wanted} of {len(place)} rows of a sweep are there twice; a new directory does it anew")
    return {name: column[order] for name, column in columns.items()}
