"""A proposal's file as it is stated: its keys, and the lines on which they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, get_origin

from pydantic import AfterValidator, Field, model_validator

from ...errors import InputError
from ...experiments.spans import VOTED, YEARS
from ...inputs import bounds
from ...parameters import place
from ...parameters.explaining import line_of
from ...parameters.layers import OverlayLayer, PolicyLayer, ScenarioLayer
from ...results.metrics import DEPLETING
from ..evidence.plan import Value
from ..evidence.statement import Line, MetricName, Statement, Variation, visible
from ..evidence.structure import SPAN
from ..evidence.worlds_record import WorldsAsked

Changes = dict[Line, bool | float | str]

LONGEST_NAME = 500  # characters


def _told(layer: str | dict[str, Any]) -> str | dict[str, Any]:
    """A layer whose name can be shown."""
    if isinstance(layer, str) and not 0 < len(layer) <= LONGEST_NAME:
        expected = f"a name of 1 to {LONGEST_NAME} characters"
        raise ValueError(f"a name of {len(layer):,} characters; expected {expected}")
    if isinstance(layer, str):
        visible(layer)
    return layer


class Proposal(Statement):
    """A proposal's file.

    base, policy, overlays, set: the network as it is today. policy, overlays, scenarios: names,
    files, or mappings with a `name` of their own. current: today's values of the changed
    parameters, where they differ from the network's. proposed: the new ones. alternatives: other
    values, by name. calibration: folders that `tokenomics calibrate --out` wrote, whose overlays
    apply. worlds: in how many, with other facts than the network's, the limits are judged. metrics:
    names, all by default. years: after which what depletes is shown, beside the network's own span,
    which is three years where `set` gives no other.
    """

    title: Line
    base: Line = "baseline"
    policy: Annotated[PolicyLayer, AfterValidator(_told)] | None = None
    overlays: list[Annotated[OverlayLayer, AfterValidator(_told)]] = Field(
        default=[], max_length=50
    )
    set: Changes = Field(default={}, max_length=1_000)
    calibration: list[Line] = Field(default=[], max_length=20)
    current: Changes = Field(default={}, max_length=200)
    proposed: Changes = Field(min_length=1, max_length=200)
    alternatives: dict[Line, Changes] = Field(default={}, max_length=20)
    scenarios: list[Annotated[ScenarioLayer, AfterValidator(_told)]] = Field(
        min_length=1, max_length=50
    )
    runs: int = Field(ge=2, le=1_000_000)
    seed: int = Field(ge=0, lt=2**64)
    sensitivity: Variation = Variation()
    worlds: WorldsAsked = WorldsAsked()
    metrics: list[MetricName] = Field(default=[], max_length=500)
    years: list[Annotated[int, Field(ge=bounds.YEARS.least, le=bounds.YEARS.most)]] = Field(
        default=list(YEARS), max_length=20
    )

    @property
    def settings(self) -> Changes:
        """What is set in the network, with the span of what is voted on."""
        return {SPAN: VOTED, **self.set}

    def measured(self, every: Iterable[str]) -> list[str]:
        """Names of its metrics. every: all that there are."""
        shown = DEPLETING if self.years else ()
        return list(dict.fromkeys([*(self.metrics or every), *self.named, *shown]))

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, tree: Any) -> Any:
        lists = {
            name for name, field in cls.model_fields.items() if get_origin(field.annotation) is list
        }
        return (
            {k: [v] if k in lists and isinstance(v, (str, dict)) else v for k, v in tree.items()}
            if isinstance(tree, dict)
            else tree
        )


class Reader:
    """A proposal's tree with its lines, for errors."""

    def __init__(self, tree: Mapping[str, Any], file: str):
        self.tree, self.file = tree, file

    def error(self, found: str, *keys: Any, **more: Any) -> InputError:
        """An error at a key."""
        return InputError(
            found,
            file=self.file,
            line=line_of(self.tree, keys),
            key=".".join(map(str, keys)),
            **more,
        )


def numeric(path: str, value: Value) -> Value:
    """A value, as a float where its parameter is a number."""
    return float(value) if place(path).kind is float else value
