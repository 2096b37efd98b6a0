"""A sweep's directory: a manifest, and one Parquet shard a finished task, each whole or not there.

`manifest.json` says what the sweep is; a directory with the manifest of another sweep is refused. A
shard is written beside its place, flushed to the disk and renamed, so that a killed sweep resumes
from the shards that are there. It says whose task it is, with the digest of its numbers: what is
damaged, or another sweep's, counts as not there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError, TokenomicsError, counted, nearest
from ..inputs.files import is_partial, read_bytes, reason, remove_partials, replaced_file, status
from ..parameters import place
from .checked_parquet import largest, read_columns, read_head
from .digests import KEYS, rows_digest
from .folder import MANIFEST, plain
from .metrics import METRICS
from .records import LARGEST_FILE, LARGEST_RECORD, SweepRecord, read_sealed

SHARDS, SEAL = (
    "shards",
    b"tokenomics",
)  # the folder of the shards, and the key of what a shard says of itself
SHOWN = 20  # numbers of tasks in a message
MOST_CELLS = (
    200_000_000  # of a shard: a task of 1.5 million runs of one step has 50 million for 30 metrics
)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, as data. Raises InputError that names the file and the key for what is none,
    was changed, or does not agree with itself.
    """
    path = plain(folder, MANIFEST)
    record, told = read_sealed(SweepRecord, path, "a sweep")
    for name in record.paths:
        if place(name).field is None:
            raise InputError(
                f"unknown parameter '{name[:80]}'",
                file=path,
                key="paths",
                nearest=nearest(name, place(name).valid),
            )
    kinds = list(map(type, record.points[0]))
    for number, point in enumerate(record.points):
        if list(map(type, point)) != kinds or len(point) != len(record.paths):
            found = (
                f"{len(point)} values"
                if len(point) != len(record.paths)
                else "values of other types than the first point's"
            )
            raise InputError(
                found,
                file=path,
                key=f"points.{number}",
                expected=f"{len(record.paths)}, a value for each of `paths`",
            )
    for name in record.metrics:
        if name not in METRICS:
            expected = "one of this package, or one of your own that is registered"
            raise InputError(
                f"unknown metric '{name[:80]}'",
                file=path,
                key="metrics",
                expected=expected,
                nearest=nearest(name, METRICS),
            )
    for key in ("paths", "metrics"):
        if len(set(told[key])) < len(told[key]):
            raise InputError("a name twice", file=path, key=key, expected="each name once")
    return told


def open_folder(folder: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make the directory of a sweep, or check that it is this sweep's; the manifest that is there.
    Raises InputError where it is another's.
    """
    if os.path.lexists(folder / MANIFEST):
        found = read_manifest(folder)
        if found["sha256"] != manifest["sha256"]:
            raise InputError(
                f"holds another sweep ({found['sha256'][:12]}, not {manifest['sha256'][:12]})",
                file=folder,
                argument="out",
                expected="the same design, parameters, runs, seed and version, or a new directory",
            )
        if found["source"] != manifest["source"]:
            told = (
                f"was simulated by other source code ({found['source'][:12]}, not "
                f"{manifest['source'][:12]})"
            )
            raise InputError(
                told, file=folder, argument="out", expected="a new directory, or the code as it was"
            )
        if found.get("code", []) != manifest.get("code", []):
            raise InputError(
                "was simulated by other code of your own",
                file=folder,
                argument="out",
                expected="a new directory, or the code as it was",
            )
        plain(folder, f"{SHARDS}/0")  # no link, through which shards would be written elsewhere
        for place_of_partials in (folder, folder / SHARDS):
            remove_partials(place_of_partials)
        return found
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", file=folder, argument="out", expected="a directory")
    # a sweep that was killed before its manifest was whole leaves no more than these
    if folder.exists() and any(
        f.name != SHARDS and not is_partial(f.name) for f in folder.iterdir()
    ):
        raise InputError(
            "is not empty and holds no sweep",
            file=folder,
            argument="out",
            expected="a new or empty directory",
        )
    plain(folder, f"{SHARDS}/0")
    content = _written(manifest)
    if len(content) > LARGEST_RECORD:
        found = (
            f"{counted(len(manifest['points']), 'point')} of "
            f"{counted(len(manifest['paths']), 'parameter')} in a manifest of "
            f"{len(content) / 1e6:,.0f} MB"
        )
        most = f"at most {LARGEST_RECORD / 1e6:,.0f} MB, so that it can be read again"
        raise InputError(found, argument="points", expected=f"{most}: fewer points")
    try:
        (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be written ({reason(error)})", file=folder, argument="out"
        ) from None
    with replaced_file(folder / MANIFEST) as path:
        path.write_bytes(content)
    return manifest


def _written(manifest: Mapping[str, Any]) -> bytes:
    """The text of a manifest, a point a line."""

    def text(key: str, value: Any) -> str:
        if key != "points":
            return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
        encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
        return "[\n    " + ",\n    ".join(map(encode, value)) + "\n  ]"

    lines = (f"  {json.dumps(key)}: {text(key, value)}" for key, value in manifest.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def shard(folder: Path, number: int) -> Path:
    """File of a task. Raises InputError where it is a link."""
    return plain(folder, f"{SHARDS}/{number:06d}.parquet")


def _seal(
    columns: Mapping[str, np.ndarray], number: int, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """What a shard says of itself."""
    return {
        "sweep": manifest["sha256"],
        "task": number,
        "digest": rows_digest(columns, manifest["metrics"]),
    }


def write_shard(
    folder: Path,
    number: int,
    columns: Mapping[str, np.ndarray],
    units: Mapping[str, str],
    manifest: Mapping[str, Any],
) -> None:
    """Write a finished task."""
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    fields = [field.with_metadata({"unit": units.get(field.name, "1")}) for field in table.schema]
    table = table.cast(pa.schema(fields)).replace_schema_metadata(
        {SEAL: json.dumps(_seal(columns, number, manifest))}
    )
    path = folder / SHARDS / f"{number:06d}.parquet"
    try:
        with replaced_file(path) as place_of_shard:
            pq.write_table(table, place_of_shard, compression="zstd", write_page_checksum=True)
    except InputError as error:
        raise InputError(
            f"{error.found}; what is finished stays",
            file=path,
            argument="out",
            expected="room on the disk",
        ) from None


def _kinds(manifest: Mapping[str, Any]) -> dict[str, type]:
    """Columns of every shard."""
    return (
        dict.fromkeys(KEYS, int)
        | {"failed_day": float, "error": str}
        | dict.fromkeys(manifest["metrics"], float)
    )


def read_shard(folder: Path, manifest: Mapping[str, Any], number: int) -> dict[str, np.ndarray]:
    """All columns of a task. Raises InputError that names the file where it is missing, damaged, or
    another's.
    """
    path, kinds = shard(folder, number), _kinds(manifest)
    every = len(manifest["points"]) * manifest["runs"]  # a task is of one case
    most = min(largest(every * len(kinds), every), LARGEST_FILE)
    content = read_bytes(path, most=most, expected="the shard of a finished task")
    schema, rows = read_head(content, path)
    if not 1 <= rows <= every:
        raise InputError(
            f"{rows} rows", file=path, expected=f"1 to {every}, points times runs of the sweep"
        )
    columns = read_columns(content, path, kinds, rows, "of a task of its sweep", most=MOST_CELLS)
    _check_seal(schema, _seal(columns, number, manifest), path)
    return columns


def _check_seal(schema: pa.Schema, wanted: Mapping[str, Any], path: Path) -> None:
    try:
        told = json.loads((schema.metadata or {}).get(SEAL, b"null"))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise InputError(
            "without the digest of its numbers",
            file=path,
            expected="a shard as this version of tokenomics writes it",
        )
    for key, what in (
        ("sweep", "is of another sweep"),
        ("task", "is of another task"),
        ("digest", "changed since it was written"),
    ):
        if told.get(key) != wanted[key]:
            raise InputError(what, file=path, key=key, expected=f"{wanted[key]}"[:16])


def problems(folder: Path, manifest: Mapping[str, Any]) -> dict[int, str]:
    """What is wrong with the shards that are missing or damaged, by the number of the task."""
    found = {}
    for number in range(manifest["tasks"]):
        try:
            read_shard(folder, manifest, number)
        except InputError as error:
            found[number] = str(error)
    return found


def read_shards(
    folder: Path, manifest: Mapping[str, Any], order: Sequence[int] | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """All columns of all tasks, a task at a time. order: of the tasks, by number by default. Raises
    TokenomicsError that names the shards that are missing or damaged.
    """
    lost = {}
    for number in range(manifest["tasks"]) if order is None else order:
        try:
            columns = read_shard(folder, manifest, number)
        except InputError as error:
            lost[number] = str(error)
            continue
        if not lost:
            yield columns
    if lost:
        raise incomplete(folder, manifest, lost)


def by_first_run(folder: Path, manifest: Mapping[str, Any]) -> list[int]:
    """The tasks in the order of their first run; those that cannot be read come first."""

    def first_run(number: int) -> int:
        try:
            path = shard(folder, number)
            status(path, "the shard of a finished task")
            told, kinds = "of a task of its sweep", _kinds(manifest)
            runs = read_columns(None, path, kinds, None, told, most=MOST_CELLS, only=["run"])["run"]
        except InputError:
            return -1
        return int(runs.min()) if len(runs) else -1

    return sorted(range(manifest["tasks"]), key=first_run)


def incomplete(
    folder: Path, manifest: Mapping[str, Any], lost: Mapping[int, str]
) -> TokenomicsError:
    """That some shards are missing or damaged. lost: what is wrong, by the number of the task."""
    first = next(iter(lost.values()))
    told = (
        f"{len(lost)} of {manifest['tasks']} shards are missing or damaged: {listed(list(lost))}; "
        f"the same sweep does them anew"
    )
    return TokenomicsError(f"{folder}: {told} ({first})")


def listed(numbers: Sequence[int]) -> str:
    """The first of some numbers, and how many there are more."""
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(map(str, numbers[:SHOWN])) + more
