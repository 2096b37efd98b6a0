"""A bundle's directory: written whole or not at all, and read as what a stranger may have made.

`manifest.json` says what the bundle is and has the SHA-256 of every other file. Sizes, names and numbers of files are bounded before
anything is read, and no path leads out of the directory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from .. import __version__
from ..errors import InputError
from ..parameters.documents import Strict, validated
from ..results.metrics import METRICS
from ..results.store import package_record, refuse_existing, version_of
from .canonical import FORMAT, digest, evidence_id, results_digest
from .plan import KEYS, EvidencePlan, Kind, from_plain
from .platforms import here

WRITERS = ("rocrate",)
MANIFEST, RUNS = "manifest.json", "data/runs.parquet"
LARGEST_MANIFEST = 64_000_000  # bytes; a case of 260 parameters is about 50,000
LARGEST_FILE = 1_000_000_000  # bytes
LONGEST_ERROR, LARGEST_HEAD = 10_000, 1_000_000  # bytes of a run's error, and of a table beside its rows
MOST_FILES = 2_000
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,120}(/[A-Za-z0-9_][A-Za-z0-9._+-]{0,120}){0,3}")
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Short = Annotated[str, Field(max_length=10_000)]


class FileRecord(Strict):
    """A file's digest and size."""

    sha256: Hash
    bytes: int = Field(ge=0, le=LARGEST_FILE)


class ManifestRecord(Strict):
    """`manifest.json`. id: `canonical.evidence_id`. results: `canonical.results_digest`. plan: `EvidencePlan.plain()`. command: that repeats it."""

    format: Literal[1]
    kind: Kind
    id: Hash
    results: Hash
    tokenomics: Short
    commit: Short | None
    python: Short
    platform: Short
    dependencies: dict[Short, Short | None] = Field(max_length=200)
    created: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)$")]
    command: Short
    plan: dict[str, Any]
    files: dict[str, FileRecord] = Field(min_length=1, max_length=MOST_FILES)


def writers() -> dict[str, str | None]:
    """Versions of the packages that write a bundle's files and compute no number."""
    return {name: version_of(name) for name in WRITERS}


def make_manifest(plan: EvidencePlan, runs: pd.DataFrame, *, created: str, command: str) -> dict[str, Any]:
    """A manifest but for its files. created: time in UTC, ISO 8601 to the second."""
    results = results_digest(runs, list(plan.metrics))
    record = package_record()
    return {
        "format": FORMAT,
        "kind": plan.kind,
        "id": evidence_id(plan.plain(), results, __version__),
        "results": results,
        **record,
        "dependencies": record["dependencies"] | writers(),
        "tokenomics": __version__,
        "platform": here(),
        "created": created,
        "command": command,
        "plan": plan.plain(),
    }


def runs_parquet(plan: EvidencePlan, runs: pd.DataFrame) -> bytes:
    """One row a run, with units."""
    table = pa.Table.from_pandas(runs[[*KEYS, "failed_day", "error", *plan.metrics]], preserve_index=False)
    units = {"failed_day": "days"} | {name: METRICS[name].unit for name in plan.metrics}
    fields = [field.with_metadata({"unit": units.get(field.name, "1")}) for field in table.schema]
    out = BytesIO()
    pq.write_table(table.cast(pa.schema(fields)), out, compression="zstd")
    return out.getvalue()


def write_bundle(out: str | Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Path:
    """Write a bundle's files and its manifest; it is filled under another name and renamed when whole.

    Raises InputError where `out` exists or cannot be written, ValueError for a file's name that `read_manifest` would refuse.
    """
    out = Path(out)
    refuse_existing(out)
    for name in files:
        if not NAME.fullmatch(name) or name == MANIFEST:
            raise ValueError(f"file name {name!r}")
    listed = {name: {"sha256": digest(content), "bytes": len(content)} for name, content in sorted(files.items())}
    text = json.dumps({**manifest, "files": listed}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", file=out, key="--out") from None
    try:
        for name, content in [*files.items(), (MANIFEST, text.encode())]:
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        partial.chmod(0o755)
        refuse_existing(out)
        os.rename(partial, out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return out


def is_bundle(folder: str | Path) -> bool:
    """Whether a directory looks like a bundle; a sweep's directory has a manifest, too."""
    path = Path(folder) / MANIFEST
    try:
        return '"format"' in path.read_text(encoding="utf-8")[:100]
    except (OSError, UnicodeDecodeError):
        return False


def manifest_json(folder: str | Path) -> dict[str, Any]:
    """`manifest.json` as it stands. Raises InputError where it is missing, too large or no mapping."""
    path = Path(folder) / MANIFEST
    content = _read(path, LARGEST_MANIFEST, "a bundle with a manifest.json")
    try:
        plain = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})"[:200], file=path) from None
    if not isinstance(plain, dict):
        raise InputError(f"a {type(plain).__name__}", file=path, expected="a bundle's manifest")
    return plain


def manifest_record(plain: Mapping[str, Any], path: Path) -> ManifestRecord:
    """A manifest whose plan is not read yet: the parameters of another version mean nothing here. path: of the manifest, for errors."""
    if isinstance(plain.get("format"), int) and plain["format"] > FORMAT:
        raise InputError(f"{plain['format']}", file=path, key="format", expected=f"{FORMAT}; a newer tokenomics wrote it")
    # the plan has a reader of its own, with a limit of its own
    record = validated(ManifestRecord, {**plain, "plan": {}}, str(path)).model_copy(update={"plan": plain.get("plan")})
    for name in record.files:
        if not NAME.fullmatch(name) or name == MANIFEST:
            raise InputError(f"the file name {name!r}"[:200], file=path, key="files", expected="a plain path within the bundle")
    if not isinstance(record.plan, dict):
        raise InputError("missing", file=path, key="plan", expected="a group of keys")
    return record


def manifest_plan(record: ManifestRecord, path: Path) -> EvidencePlan:
    """The plan of a manifest. path: of the manifest, for errors."""
    plan = from_plain(record.plan, str(path))
    if plan.kind != record.kind:
        raise InputError(f"'{record.kind}', and its plan is of kind '{plan.kind}'", file=path, key="kind")
    return plan


def read_manifest(folder: str | Path) -> tuple[ManifestRecord, EvidencePlan]:
    """A bundle's manifest and its plan. Raises InputError where it is not a bundle, is too large, or leads out of its directory."""
    path = Path(folder) / MANIFEST
    record = manifest_record(manifest_json(folder), path)
    return record, manifest_plan(record, path)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _read(path: Path, largest: int, expected: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            content = stream.read(largest + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path, expected=expected) from None
    if len(content) > largest:
        raise InputError("file too large", file=path, expected=f"at most {largest} bytes")
    return content


def read_file(folder: str | Path, name: str, record: ManifestRecord) -> bytes:
    """A file of a bundle. Raises InputError where it is missing, leads out of the bundle, or differs from its digest."""
    path = Path(folder) / name
    if name not in record.files:
        raise InputError("not a file of the bundle", file=path)
    if Path(folder).resolve() not in path.resolve().parents:
        raise InputError("leads out of the bundle", file=path)
    content = _read(path, record.files[name].bytes, "a file that the manifest lists")
    if digest(content) != record.files[name].sha256:
        raise InputError("changed since it was written", file=path, expected=f"SHA-256 {record.files[name].sha256}")
    return content


def differing_files(folder: str | Path, record: ManifestRecord) -> dict[str, str]:
    """What is wrong with each file that the manifest lists, by name; empty where all are as they were written."""
    wrong = {}
    for name in record.files:
        try:
            read_file(folder, name, record)
        except InputError as error:
            wrong[name] = error.found
    return wrong


def read_runs(folder: str | Path, record: ManifestRecord, plan: EvidencePlan) -> pd.DataFrame:
    """`simulate`'s table as the bundle has it. Raises InputError where it is not the table of its plan."""
    return parse_runs(read_file(folder, RUNS, record), plan, Path(folder) / RUNS)


def parse_runs(content: bytes, plan: EvidencePlan, path: Path) -> pd.DataFrame:
    """`simulate`'s table from a Parquet file's bytes; see `read_runs`. path: of the file, for errors."""
    wanted = [*KEYS, "failed_day", "error", *plan.metrics]
    try:
        source = pq.ParquetFile(BytesIO(content))
        if source.metadata.num_rows != plan.simulations or source.schema_arrow.names != wanted:
            raise InputError(
                f"{source.metadata.num_rows} rows of {len(source.schema_arrow.names)} columns",
                file=path,
                expected=f"{plan.simulations} rows of {len(wanted)} columns, as its plan has them",
            )
        size = sum(source.metadata.row_group(i).total_byte_size for i in range(source.metadata.num_row_groups))
        most = min(LARGEST_FILE, plan.simulations * (16 * len(wanted) + LONGEST_ERROR) + LARGEST_HEAD)
        if size > most:
            raise InputError(f"{size} bytes unpacked", file=path, expected=f"at most {most} for {plan.simulations} rows")
        table = source.read(use_threads=False).to_pandas()
        table = table.astype(dict.fromkeys(KEYS, "int64") | dict.fromkeys(["failed_day", *plan.metrics], "float64") | {"error": str})
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise InputError(f"not the table of its runs ({str(error).splitlines()[0]})", file=path) from None
    expected = [(c, p, r) for c in range(len(plan.cases)) for p, point in enumerate(plan.points) for r in range(point.runs)]
    if list(table[list(KEYS)].itertuples(index=False, name=None)) != expected:
        raise InputError("rows that are not those of its plan", file=path, expected="every case, point and run once, in order")
    return table
