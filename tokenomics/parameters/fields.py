"""How a parameter is declared: once, with its unit, its bounds and what it means.

Values and their sources live in the YAML files under `params/`; nothing has a default in Python, so
that a number cannot stand in two places. The parameter table, the unit checks and the bounds are
all read from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["lever", "world", "start", "scenario", "numeric"]
# what each role is, in words that follow "is"
ROLES: dict[Role, str] = {
    "lever": "what a vote or an operator of the protocol sets",
    "world": "an uncertain fact of the world",
    "start": "a stock of the network at day 0",
    "scenario": "part of a scenario's events",
    "numeric": "a setting of the simulation",
}


class Group(BaseModel):
    """A frozen group of parameters; unknown keys are refused.

    ROLE: of its parameters that name none of their own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)
    ROLE: ClassVar[Role] = "world"


@dataclass(frozen=True)
class Rule:
    """What parameters of a group must fulfil together.

    holds: whether a group fulfils it, elementwise where its numbers are arrays, so that many points
    are checked at once. told: of a group that does not, "key: found; expected ...".
    """

    holds: Callable[[Any], Any]
    told: Callable[[Any], str]


class Ruled(Group):
    """A group with rules beside the bounds of its parameters."""

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _by_its_rules(self) -> Ruled:
        for rule in self.RULES:
            if not rule.holds(self):
                raise ValueError(rule.told(self))
        return self


def parameter(
    unit: str,
    doc: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    role: Role | None = None,
) -> Any:
    """A required parameter.

    unit: "USD", "TOK", "Mtok/day", "days", "1" for a pure number, "-" for a switch or a name.
    ge, gt, le, lt: bounds in that unit. doc: what it means, in one sentence. role: one of `ROLES`;
    by default that of its group.
    """
    extra = {"unit": unit} | ({} if role is None else {"role": role})
    return Field(description=doc, ge=ge, gt=gt, le=le, lt=lt, json_schema_extra=extra)


def optional(
    unit: str,
    doc: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    role: Role | None = None,
    default: Any = None,
) -> Any:
    """A parameter that need not be given. default: what stands for that."""
    extra = {"unit": unit} | ({} if role is None else {"role": role})
    return Field(default=default, description=doc, ge=ge, gt=gt, json_schema_extra=extra)


def share(doc: str, role: Role | None = None) -> Any:
    """A required parameter between 0 and 1."""
    return parameter("1", doc, ge=0.0, le=1.0, role=role)
