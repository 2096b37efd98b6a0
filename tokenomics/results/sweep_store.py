"""A sweep's directory: a manifest, and one Parquet shard a finished task, each whole or not there.

`manifest.json` says what the sweep is; a directory with the manifest of another sweep is refused. A shard is written under
another name, flushed to the disk and renamed, so that a killed sweep resumes from the shards that are there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError

MANIFEST = "manifest.json"
KEYS = ("case", "point", "run")


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
        raise InputError(f"cannot be written ({error.strerror})", file=folder, argument="out") from None


def shard(folder: Path, number: int) -> Path:
    """File of a task."""
    return folder / "shards" / f"{number:06d}.parquet"


def write_shard(folder: Path, number: int, columns: Mapping[str, np.ndarray], units: Mapping[str, str]) -> None:
    """Write a finished task."""
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    fields = [field.with_metadata({"unit": units.get(field.name, "1")}) for field in table.schema]
    table = table.cast(pa.schema(fields))
    _write(shard(folder, number), lambda stream: pq.write_table(table, stream, compression="zstd", write_page_checksum=True))


def finished(folder: Path, tasks: int) -> set[int]:
    """Numbers of the tasks whose shards can be read; a damaged one counts as not done."""
    done = set()
    for number in range(tasks):
        try:
            pq.read_table(shard(folder, number), page_checksum_verification=True)
            done.add(number)
        except (OSError, pa.ArrowInvalid):
            continue
    return done


def read_columns(folder: Path, tasks: Sequence[int], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Some columns of some tasks, in the order of (case, point, run)."""
    tables = [pq.read_table(shard(folder, number), columns=[*KEYS, *names]) for number in tasks]
    whole = pa.concat_tables(tables)
    order = np.lexsort([whole[key].to_numpy() for key in reversed(KEYS)])
    return {name: whole[name].to_numpy(zero_copy_only=False)[order] for name in (*KEYS, *names)}
