"""A plan as data: what stands in a manifest, untrusted, so read strictly and within bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ...parameters.changes import MOST, BeforeRecord
from ...parameters.documents import Strict
from ...results.records import Hash
from .statement import visible, words
from .worlds_record import WorldsRecord

Kind = Literal["proposal", "run", "sweep"]
Role = Literal[
    "current",
    "proposed",
    "alternative",
    "sensitivity",
    "counterfactual",
    "span",
    "world",
    "world_today",
    "point",
]
MOST_CASES, MOST_POINTS, MOST_RUNS = 200, 100_000, 1_000_000
MOST_CODE = 1_000
# JSON has no aliases, so that its size bounds it already; a case of 260 parameters has about 1,300
MOST_VALUES = 5_000_000
Value = bool | float | str
Text = Annotated[str, Field(max_length=20_000), AfterValidator(words)]
Label = Annotated[str, Field(max_length=20_000), AfterValidator(visible)]
Key = Annotated[str, Field(max_length=500)]


class ParameterRecord(Strict):
    """A parameter of a case: value ({} where a group of free keys is empty), unit and source; role
    and reason where the network moved it to another role.
    """

    value: bool | float | str | dict[str, Any]
    unit: Text
    source: Text
    role: Text | None = None
    reason: Text | None = None


class CaseRecord(Strict):
    """A case as data. before: what its levers were before they changed."""

    base: Label
    policy: Label
    scenario: Label
    description: Text
    parameters: dict[Key, ParameterRecord] = Field(min_length=1, max_length=10_000)
    before: list[BeforeRecord] = Field(default=[], max_length=MOST)


class PointRecord(Strict):
    """A point as data."""

    label: Label
    role: Role
    values: dict[Key, bool | float | str] = Field(max_length=1_000)
    runs: int = Field(ge=1, le=MOST_RUNS)


class OwnCodeRecord(Strict):
    """A part of its maker's own as data; see `sources.OwnCode`."""

    part: Annotated[str, Field(pattern=r"^(controller|block|metric) \S{1,200}$")]
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,98}\.py$")]
    sha256: Hash


class PlanRecord(Strict):
    """A plan as data: what stands in a manifest under `plan`. code: of its maker's own, none by
    default.
    """

    kind: Kind
    title: Label
    cases: list[CaseRecord] = Field(min_length=1, max_length=MOST_CASES)
    points: list[PointRecord] = Field(min_length=1, max_length=MOST_POINTS)
    seed: int = Field(ge=0, lt=2**64)
    metrics: list[Annotated[str, Field(max_length=100)]] = Field(min_length=1, max_length=1_000)
    engine: Literal["cadcad", "ensemble"]
    every: int = Field(ge=1, le=1_000_000)
    statement: dict[Key, Any]
    worlds: WorldsRecord | None = None
    code: list[OwnCodeRecord] = Field([], max_length=MOST_CODE)
