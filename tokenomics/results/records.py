"""What stands in the JSON of a run's and of a sweep's folder, as strict records: it is untrusted,
and a disk may have lost half of it.

Each has its own digest, so that a changed seed is found as a changed number is. A digest tells of
damage and not of a forger, who can make another: what is in a folder is taken for data, checked for
its form, and for what it must agree with.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from ..errors import InputError
from ..inputs import strict_json
from ..parameters.documents import Strict, validated

FORMAT = 1  # of a run's and of a sweep's folder
LARGEST_RECORD = (
    256_000_000  # bytes; a sweep of a million points of ten parameters has about 200 million
)
LARGEST_FILE = 1_000_000_000  # bytes
MOST_VALUES = 50_000_000  # JSON has no aliases, so that its size bounds it already
MOST_FILES, MOST_RUNS, MOST_TASKS = 2_000, 10_000_000, 10_000_000
MOST_CASES, MOST_POINTS = 10_000, 2_000_000

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=100_000)]
Name = Annotated[str, Field(max_length=1_000)]
Value = bool | float | str
Seed = Annotated[int, Field(ge=0, lt=2**64)]
Versions = Annotated[dict[Name, Name | None], Field(max_length=200)]
Record = TypeVar("Record", bound=Strict)


class FileRecord(Strict):
    """A file's digest and size."""

    sha256: Hash
    bytes: int = Field(ge=0, le=LARGEST_FILE)


class FailureRecord(Strict):
    """A run that was stopped; see `trajectories.Failure`."""

    run: int = Field(ge=0, lt=2**63)
    time: float = Field(ge=0.0)
    block: Text
    variable: Text
    reason: Text


class CodeRecord(Strict):
    """A part of a user's own, and the file that it is written in; see `sources.OwnCode`."""

    part: Name
    file: Name
    sha256: Hash


class Made(Strict):
    """What both have: what they are, and where and when they were made. digest: SHA-256 of all the
    rest, as `strict_json.canonical` writes it. code: of users' own, none by default.
    """

    format: Literal[1]
    digest: Hash
    created: Name
    platform: Name
    commit: Name | None
    python: Name
    dependencies: Versions
    code: list[CodeRecord] = Field([], max_length=MOST_CASES)


class ParametersRecord(Strict):
    """What the parameters of a run were resolved from, what those files say of themselves, by name,
    and the hash of the values.
    """

    base: Name
    policy: Name
    scenario: Text
    scenarios: list[Name] = Field(max_length=1_000)
    descriptions: dict[Name, Text] = Field(
        {}, max_length=1_000
    )  # none in a folder of an earlier version
    sha256: Hash


class RunRecord(Made):
    """`run.json`: the record of a `Result` (see `Result.record`), the command, whether figures were
    drawn, and the digest and size of every other file.
    """

    kind: Literal["run"]
    version: Name
    parameters: ParametersRecord
    days: float = Field(gt=0.0)
    runs: int = Field(ge=1, le=MOST_RUNS)
    seed: Seed
    engine: Literal["cadcad", "ensemble"]
    notes: list[Text] = Field(max_length=1_000)
    remarks: list[Text] = Field(max_length=10_000)
    failures: list[FailureRecord] = Field(max_length=MOST_RUNS)
    command: Text | None
    figures: bool = True
    files: dict[Name, FileRecord] = Field(min_length=1, max_length=MOST_FILES)


class SweepRecord(Made):
    """`manifest.json` of a sweep. sha256: `identity` of the rest; source: SHA-256 of the code.
    points: a value for each of `paths`, of every point.

    cases: policy, scenario and the hash of the parameters. tasks: how many; cut: SHA-256 of what
    each of them is.
    """

    kind: Literal["sweep"]
    sha256: Hash
    source: Hash
    tokenomics: Name | None
    description: Text
    design: dict[Name, Any]
    cases: list[Annotated[list[Name], Field(min_length=3, max_length=3)]] = Field(
        min_length=1, max_length=MOST_CASES
    )
    paths: list[Name] = Field(max_length=1_000)
    points: list[list[Value]] = Field(min_length=1, max_length=MOST_POINTS)
    runs: int = Field(ge=1, le=MOST_RUNS)
    seed: Seed
    metrics: list[Name] = Field(min_length=1, max_length=1_000)
    tasks: int = Field(ge=1, le=MOST_TASKS)
    cut: Hash


IDENTITY = (
    "design",
    "cases",
    "paths",
    "points",
    "runs",
    "seed",
    "metrics",
    "tasks",
    "cut",
    "tokenomics",
)


def identity(values: Mapping[str, bytes]) -> str:
    """SHA-256 of all that a sweep's numbers and shards depend on, the code apart. values: of its
    manifest, in canonical form.
    """
    return strict_json.digest_of({key: values[key] for key in IDENTITY})


def sealed(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its kind, its format and its digest, to be written; a sweep's with its
    identity, too.
    """
    values = strict_json.canonical_values(record)
    own = {"sha256": identity(values)} if kind == "sweep" else {}
    front, end = {"kind": kind, **own}, {"format": FORMAT}
    values |= strict_json.canonical_values(front | end)
    return {**front, **record, **end, "digest": strict_json.digest_of(values)}


def read_sealed(kind: type[Record], path: Path, what: str) -> tuple[Record, dict[str, Any]]:
    """A record from its file, and the same as plain data. what: it is of, "a run" or "a sweep".

    Raises InputError that names the file and the key for what is missing, unknown, of another type
    or out of bounds, where it was changed, and where a sweep has not the identity that it says.
    """
    plain = strict_json.read(path, most=LARGEST_RECORD, expected=f"the record of {what}, in JSON")
    written = plain.get("format")
    if written is None:
        found = f"the record of {what} without a format, as an earlier tokenomics wrote it"
        raise InputError(
            found,
            file=path,
            key="format",
            expected=f"{FORMAT}; simulate it again into a new folder",
        )
    if type(written) is not int or written != FORMAT:  # true and 1.0 are equal to 1
        raise InputError(
            f"{written!r}"[:60],
            file=path,
            key="format",
            expected=f"{FORMAT}, of this version of tokenomics",
        )
    record = validated(kind, plain, str(path), MOST_VALUES)
    try:
        values = strict_json.canonical_values(plain)
    except ValueError:  # half of a surrogate pair is no text
        raise InputError("text that is no UTF-8", file=path) from None
    del values["digest"]
    found = strict_json.digest_of(values)
    if found != record.digest:
        expected = f"{found[:16]}… of what it says, not {record.digest[:16]}…"
        raise InputError("changed since it was written", file=path, key="digest", expected=expected)
    if isinstance(record, SweepRecord) and record.sha256 != (own := identity(values)):
        expected = f"{own[:16]}… of what it says"
        raise InputError(f"{record.sha256[:16]}…", file=path, key="sha256", expected=expected)
    return record, plain
