"""Designs: which parameter points, policies and scenarios a sweep visits.

Grid (Cartesian), listed points, random and Latin hypercube points come from NumPy, Sobol points
from scipy.stats.qmc; Saltelli's and Morris's samples, for sensitivity indices, from SALib.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..elementary import exp
from ..inputs import bounds
from ..inputs.arguments import many
from ..parameters import NONE, Resolved, called, resolve
from ..parameters.layers import OverlayLayer, PolicyLayer, ScenarioLayer, Source, labels
from .limits import MOST_POINTS
from .sampling import latin_hypercube, sample_unit

Value = bool | Annotated[float, Field(allow_inf_nan=False)] | str
Method = Literal["grid", "points", "random", "latin_hypercube", "sobol", "saltelli", "morris"]
LAYERS = {"policies": "policy", "scenarios": "scenario", "overlays": "overlay"}
NAMES = (*LAYERS, "metrics")
ONE_OR_MANY = {"type": ["array", "string", "object"]}  # of a name or a mapping, for editors
VALUES = 9  # of a list of numbers that are looked at: both ends, and some between


class Range(BaseModel):
    """An axis between two values. count: of a grid's points. scale: of their spacing or density."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    count: int | None = Field(None, ge=1, le=MOST_POINTS)
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.scale == "log" and self.low <= 0.0:
            raise ValueError(f"low {self.low:g} on a log scale; expected > 0")
        return self

    def at(self, unit: np.ndarray) -> np.ndarray:
        """Values at positions between 0 and 1."""
        if self.scale == "log":
            # the ends as they are written, which exp(log(x)) need not give
            inside = exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
            return np.where(unit == 0.0, self.low, np.where(unit == 1.0, self.high, inside))
        return self.low + unit * (self.high - self.low)


class Design(BaseModel):
    """A sweep: points × policies × scenarios × runs.

    policies, scenarios, overlays: names, files, or mappings, each with a `name` of its own; see
    `parameters.layers`. parameters: by path, a list of values or a range. points: a list of {path:
    value}. count: points of a random, Latin hypercube or Sobol design; base sample of a Saltelli
    design; trajectories of a Morris design. sets: settings of all points. today: of the network as
    it is, from which all start; policies, points and settings of levers are changes of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    description: str = ""
    base: str = "baseline"
    policies: tuple[PolicyLayer, ...] = Field((), json_schema_extra=ONE_OR_MANY)
    scenarios: tuple[ScenarioLayer, ...] = Field(
        (NONE,), min_length=1, json_schema_extra=ONE_OR_MANY
    )
    overlays: tuple[OverlayLayer, ...] = Field((), json_schema_extra=ONE_OR_MANY)
    sets: dict[str, Value] = Field(default_factory=dict, alias="set")
    today: dict[str, Value] = Field(default_factory=dict)
    method: Method = "grid"
    count: int | None = Field(None, ge=1, le=MOST_POINTS)
    design_seed: int = Field(0, ge=0, le=bounds.SEED.most)
    parameters: dict[str, Range | Annotated[tuple[Value, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    points: tuple[dict[str, Value], ...] = ()
    runs: int = Field(100, ge=1, le=bounds.RUNS.most)
    seed: int = Field(0, ge=0, le=bounds.SEED.most)
    metrics: tuple[str, ...] = Field((), json_schema_extra=ONE_OR_MANY)

    @field_validator(*NAMES, mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        # a text alone is one name, and no list of letters
        return many(given) if isinstance(given, (str, Mapping)) else given

    @field_validator(*NAMES)
    @classmethod
    def _each_once(cls, given: tuple[Any, ...], field: ValidationInfo) -> tuple[Any, ...]:
        names = [called(LAYERS.get(str(field.field_name), ""), one) for one in given]
        for number, name in enumerate(names):
            if not name.strip():
                raise ValueError("an empty name; expected names, or to leave the key out")
            if name in names[:number]:
                own = ", by a `name` of its own" if isinstance(given[number], Mapping) else ""
                raise ValueError(f"'{name}' twice; expected each once{own}")
        return given

    @property
    def policy_names(self) -> list[str]:
        """What its policies are called."""
        return [called("policy", one) for one in self.policies]

    @property
    def scenario_names(self) -> list[str]:
        """What its scenarios are called."""
        return labels("scenario", self.scenarios)

    @property
    def paths(self) -> list[str]:
        """Paths of the parameters that differ between points."""
        if self.method == "points":
            return list(dict.fromkeys(path for point in self.points for path in point))
        return list(self.parameters)

    @property
    def size(self) -> int:
        """Number of points."""
        if self.method == "points":
            return len(self.points)
        if self.method == "grid":
            return math.prod(
                (axis.count or 2) if isinstance(axis, Range) else len(axis)
                for axis in self.parameters.values()
            )
        block = {"saltelli": 2 * len(self.paths) + 2, "morris": len(self.paths) + 1}
        return (self.count or 0) * block.get(self.method, 1)

    def table(self) -> list[list[Any]]:
        """The points: one row each, one value a path."""
        if self.method == "points":
            paths = self.paths
            return [[point[path] for path in paths] for point in self.points]
        if self.method == "grid":
            return [
                list(row) for row in itertools.product(*(self._values(path) for path in self.paths))
            ]
        ranges = list(self.parameters.values())
        columns = [r.at(u) for r, u in zip(ranges, self.unit().T, strict=True)]
        return [[float(v) for v in row] for row in zip(*columns, strict=True)]

    def _values(self, path: str) -> Sequence[Any]:
        axis = self.parameters[path]
        if isinstance(axis, Range):
            return [float(v) for v in axis.at(np.linspace(0.0, 1.0, axis.count or 2))]
        return axis

    def axes(self) -> dict[str, list[Any]]:
        """Values of every parameter that differs between points, by path: of a range its ends and
        its middle.
        """
        if self.method == "points":
            return {path: some([point[path] for point in self.points]) for path in self.paths}
        ranges = np.array([0.0, 0.5, 1.0])
        return {
            p: [float(v) for v in a.at(ranges)] if isinstance(a, Range) else some(a)
            for p, a in self.parameters.items()
        }

    def structures(self, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The combinations of values that the points have of some parameters, those with a list of
        values.
        """
        if self.method == "points":
            rows = {
                repr(row): row for row in ([point[path] for path in paths] for point in self.points)
            }.values()
        else:
            rows = itertools.product(*(self._values(path) for path in paths))
        return (dict(zip(paths, row, strict=True)) for row in rows)

    def unit(self) -> np.ndarray:
        """Points in the unit cube (points, paths)."""
        dimensions, count, seed = len(self.paths), self.count or 0, self.design_seed
        if self.method == "random":
            return np.random.Generator(np.random.Philox(seed)).random((count, dimensions))
        if self.method == "latin_hypercube":
            return latin_hypercube(dimensions, count, seed)
        if self.method == "sobol":
            from scipy.stats import qmc  # see results/returns.py

            return qmc.Sobol(dimensions, rng=np.random.Generator(np.random.Philox(seed))).random(
                count
            )
        return sample_unit(self.method, self.paths, count, seed)

    def resolved(self, policy: Source | None, scenario: Source) -> Resolved:
        """Parameters of a policy and a scenario."""
        found = resolve(
            self.base,
            policy=policy,
            scenarios=(scenario,),
            overlays=self.overlays,
            today=dict(self.today),
            sets=dict(self.sets),
        )
        found = found.naming(self.paths)
        changing = any(found.is_lever(path) for path in self.paths)
        (found.open_to_change() if changing else found).refuse_late()
        return found

    def cases(self) -> list[tuple[Source | None, Source]]:
        """Policies × scenarios."""
        return list(itertools.product(self.policies or (None,), self.scenarios))


def some(values: Sequence[Any]) -> list[Any]:
    """A list's values to look at: all of a short one, or of a long one of numbers both ends and
    some between.
    """
    distinct = list({repr(value): value for value in values}.values())
    numbers = all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in distinct
    )
    if not numbers or len(distinct) <= VALUES:
        return distinct
    ordered = sorted(distinct)
    return [ordered[round(i * (len(ordered) - 1) / (VALUES - 1))] for i in range(VALUES)]
