"""A bundle's directory: written whole or not at all, and read as untrusted.

`manifest.json` says what the bundle is and has the SHA-256 of every other file. Sizes, names and
numbers of files are bounded before anything is read, and no path leads out of the directory.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, Field

from ... import __version__
from ...errors import InputError
from ...inputs import strict_json
from ...inputs.files import read_bytes, written_folder
from ...parameters.documents import Strict, validated
from ...results.checked_parquet import LONGEST_TOLD
from ...results.folder import MANIFEST, NAME, kind_of
from ...results.records import FileRecord, Hash
from ...results.versions import package_record, version_of
from ..evidence.canonical import FORMAT, FORMATS, digest, evidence_id, results_digest
from ..evidence.plan import EvidencePlan, Kind, from_plain
from ..evidence.platforms import here
from .runs_table import parse_runs

WRITERS = ("rocrate",)
RUNS, FORECAST = "data/runs.parquet", "data/forecast.csv"
ATTRIBUTES, AS_WRITTEN = (
    ".gitattributes",
    b"* -text\n",
)  # by which Git leaves a bundle's line endings as they are, whatever its settings
LARGEST_MANIFEST = 64_000_000  # bytes; a case of 260 parameters is about 50,000
MOST_FILES = 2_000
# what an installer would take for one, and nothing that a shell or a terminal would act on
VERSION = r"^[0-9A-Za-z.+!-]{1,40}$"


def _time(text: str) -> str:
    dt.datetime.fromisoformat(text)
    return text


Short = Annotated[str, Field(max_length=10_000)]
Version = Annotated[str, Field(pattern=VERSION)]
Told = Annotated[
    str, Field(max_length=2_000)
]  # of a platform, which lists a processor's instructions
Time = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\+00:00|Z)$"),
    AfterValidator(_time),
]


class ManifestRecord(Strict):
    """`manifest.json`. id: `canonical.evidence_id`. results: `canonical.results_digest`. plan:
    `EvidencePlan.plain()`. command: that repeats it. figures: whether it has any.
    """

    format: Literal[FORMATS]
    kind: Kind
    id: Hash
    results: Hash
    tokenomics: Version
    commit: Short | None
    python: Told
    platform: Told
    dependencies: dict[Told, Told | None] = Field(max_length=200)
    created: Time
    command: Short
    figures: bool = True
    plan: dict[str, Any]
    files: dict[str, FileRecord] = Field(min_length=1, max_length=MOST_FILES)


def writers() -> dict[str, str | None]:
    """Versions of the packages that write a bundle's files and compute no number."""
    return {name: version_of(name) for name in WRITERS}


def make_manifest(
    plan: EvidencePlan, runs: pd.DataFrame, *, created: str, command: str, figures: bool = True
) -> dict[str, Any]:
    """A manifest but for its files. created: time in UTC, ISO 8601 to the second. figures: whether
    there are any.
    """
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
        "figures": figures,
        "plan": plan.plain(),
    }


def manifest_text(plain: Mapping[str, Any]) -> bytes:
    """A manifest as it is written. Raises ValueError for what is not finite or is no text in
    UTF-8.
    """
    return (json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_bundle(out: str | Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Path:
    """Write a bundle's files and its manifest; it is filled under another name and renamed when
    whole.

    Raises InputError where `out` exists or cannot be written, ValueError for a file's name that
    `read_manifest` would refuse.
    """
    for name in files:
        if not NAME.fullmatch(name) or name == MANIFEST:
            raise ValueError(f"file name {name!r}")
    listed = {
        name: {"sha256": digest(content), "bytes": len(content)}
        for name, content in sorted(files.items())
    }
    text = manifest_text({**manifest, "files": listed})
    with written_folder(out) as partial:
        for name, content in [*files.items(), (MANIFEST, text), (ATTRIBUTES, AS_WRITTEN)]:
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return Path(out)


def is_bundle(folder: str | Path) -> bool:
    """Whether a directory looks like a bundle; a sweep's directory has a manifest, too."""
    return kind_of(folder) == "bundle"


def manifest_bytes(folder: str | Path) -> bytes:
    """The bytes of `manifest.json`. Raises InputError where it is missing or too large."""
    return read_bytes(
        Path(folder) / MANIFEST, most=LARGEST_MANIFEST, expected="a bundle with a manifest.json"
    )


def manifest_json(content: bytes, path: Path) -> dict[str, Any]:
    """A manifest's bytes as data. Raises InputError for what is no mapping, has a key twice, or a
    key that is too long. path: for errors.
    """
    return strict_json.parse(content, path, "a bundle's manifest")


def manifest_record(plain: Mapping[str, Any], path: Path) -> ManifestRecord:
    """A manifest whose plan is not read yet: the parameters of another version mean nothing here.
    path: of the manifest, for errors.
    """
    version = plain.get("format")
    if type(version) is not int:  # true and 1.0 are equal to 1
        raise InputError(f"{version!r}"[:60], file=path, key="format", expected=f"{FORMAT}")
    if version > FORMAT:
        raise InputError(
            f"{version}"[:60],
            file=path,
            key="format",
            expected=f"{FORMAT}; a newer tokenomics wrote it",
        )
    # the plan has a reader of its own, with a limit of its own
    try:
        record = validated(ManifestRecord, {**plain, "plan": {}}, str(path)).model_copy(
            update={"plan": plain.get("plan")}
        )
    except InputError as error:
        raise shortened(error) from None
    for name in record.files:
        if not NAME.fullmatch(name) or name == MANIFEST:
            raise InputError(
                f"the file name {name!r}"[:200],
                file=path,
                key="files",
                expected="a plain path within the bundle",
            )
    if not isinstance(record.plan, dict):
        raise InputError("missing", file=path, key="plan", expected="a group of keys")
    return record


def manifest_plan(record: ManifestRecord, path: Path) -> EvidencePlan:
    """The plan of a manifest. path: of the manifest, for errors."""
    try:
        plan = from_plain(record.plan, str(path))
    except InputError as error:
        raise shortened(error) from None
    if plan.kind != record.kind:
        raise InputError(
            f"'{record.kind}', and its plan is of kind '{plan.kind}'", file=path, key="kind"
        )
    return plan


def read_manifest(folder: str | Path) -> tuple[ManifestRecord, EvidencePlan]:
    """A bundle's manifest and its plan. Raises InputError where it is not a bundle, is too large,
    or leads out of its directory.
    """
    path = Path(folder) / MANIFEST
    record = manifest_record(manifest_json(manifest_bytes(folder), path), path)
    return record, manifest_plan(record, path)


def shortened(error: InputError) -> InputError:
    """The same error with no more of an untrusted text than a line has room for."""
    found, key = (text and text[:LONGEST_TOLD] for text in (error.found, error.key))
    return InputError(
        found or "",
        expected=error.expected,
        file=error.file,
        line=error.line,
        key=key,
        nearest=error.nearest,
    )


def read_file(folder: str | Path, name: str, record: ManifestRecord) -> bytes:
    """A file of a bundle. Raises InputError where it is missing, leads out of the bundle, or
    differs from its digest.
    """
    path = Path(folder) / name
    if name not in record.files:
        raise InputError("not a file of the bundle", file=path)
    if Path(folder).resolve() not in path.resolve().parents:
        raise InputError("leads out of the bundle", file=path)
    content = read_bytes(
        path, most=record.files[name].bytes, expected="a file that the manifest lists"
    )
    if digest(content) != record.files[name].sha256:
        raise InputError(
            "changed since it was written",
            file=path,
            expected=f"SHA-256 {record.files[name].sha256}",
        )
    return content


def differing_files(folder: str | Path, record: ManifestRecord) -> dict[str, str]:
    """What is wrong with each file that the manifest lists, by name; empty where all are as they
    were written.
    """
    wrong = {}
    for name in record.files:
        try:
            read_file(folder, name, record)
        except InputError as error:
            wrong[name] = error.found
    return wrong


def read_runs(folder: str | Path, record: ManifestRecord, plan: EvidencePlan) -> pd.DataFrame:
    """`simulate`'s table as the bundle has it. Raises InputError where it is not the table of its
    plan.
    """
    return parse_runs(read_file(folder, RUNS, record), plan, Path(folder) / RUNS)
