"""Designs: which parameter points, policies and scenarios a sweep visits, read from `params/sweeps/*.yaml`.

Grid (Cartesian), listed points, random, Latin hypercube and Sobol points come from NumPy and scipy.stats.qmc; Saltelli's
and Morris's samples, for sensitivity indices, from SALib.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from scipy.stats import qmc

from ..errors import InputError, nearest
from ..inputs import bounds
from ..inputs.arguments import many
from ..model.model import MODEL
from ..parameters import NONE, Resolved, fits, place, resolve
from ..parameters.explaining import explained, in_tree, line_of
from ..parameters.kinds import refuse_other
from ..parameters.locate import find
from ..parameters.reading import load
from ..results.metrics import METRICS
from .idle import idle, some
from .limits import MOST_POINTS, check_points

Value = bool | Annotated[float, Field(allow_inf_nan=False)] | str
Method = Literal["grid", "points", "random", "latin_hypercube", "sobol", "saltelli", "morris"]
SPACES = ("random", "latin_hypercube", "sobol", "saltelli", "morris")  # fill a box, and need `count` and ranges
NAMES = ("policies", "scenarios", "overlays", "metrics")
EXPECTED = dict.fromkeys(NAMES, "a list of names")
EXPECTED |= {"set": "values by path: true or false, numbers, texts", "parameters": "a list of values, or low and high with count and scale, by path"}
EXPECTED |= {"points": "a list of {path: value}"}
EXPECTED |= {"runs": str(bounds.RUNS), "count": f"a whole number from 1 to {MOST_POINTS:,}"}
EXPECTED |= dict.fromkeys(("seed", "design_seed"), str(bounds.SEED)) | dict.fromkeys(("base", "description"), "a text")
EXPECTED |= {"method": "one of " + ", ".join(get_args(Method))}
COUNTS = {"saltelli": "a power of two", "sobol": "a power of two"}


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
            inside = np.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
            return np.where(unit == 0.0, self.low, np.where(unit == 1.0, self.high, inside))
        return self.low + unit * (self.high - self.low)


class Design(BaseModel):
    """A sweep: points × policies × scenarios × runs.

    parameters: by path, a list of values or a range. points: a list of {path: value}. count: points of a random, Latin hypercube
    or Sobol design; base sample of a Saltelli design; trajectories of a Morris design. sets: settings of all points.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    description: str = ""
    base: str = "baseline"
    policies: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = Field((NONE,), min_length=1)
    overlays: tuple[str, ...] = ()
    sets: dict[str, Value] = Field(default_factory=dict, alias="set")
    method: Method = "grid"
    count: int | None = Field(None, ge=1, le=MOST_POINTS)
    design_seed: int = Field(0, ge=0, le=bounds.SEED.most)
    parameters: dict[str, Range | Annotated[tuple[Value, ...], Field(min_length=1)]] = Field(default_factory=dict)
    points: tuple[dict[str, Value], ...] = ()
    runs: int = Field(100, ge=1, le=bounds.RUNS.most)
    seed: int = Field(0, ge=0, le=bounds.SEED.most)
    metrics: tuple[str, ...] = ()

    @field_validator(*NAMES, mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        # a text alone is one name, and no list of letters
        return many(given) if isinstance(given, str) else given

    @field_validator(*NAMES)
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for number, name in enumerate(names):
            if not name.strip():
                raise ValueError("an empty name; expected names, or to leave the key out")
            if name in names[:number]:
                raise ValueError(f"'{name}' twice; expected each once")
        return names

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
            return math.prod((axis.count or 2) if isinstance(axis, Range) else len(axis) for axis in self.parameters.values())
        block = {"saltelli": 2 * len(self.paths) + 2, "morris": len(self.paths) + 1}
        return (self.count or 0) * block.get(self.method, 1)

    def table(self) -> list[list[Any]]:
        """The points: one row each, one value a path."""
        if self.method == "points":
            return [[point[path] for path in self.paths] for point in self.points]
        if self.method == "grid":
            return [list(row) for row in itertools.product(*(self._values(path) for path in self.paths))]
        ranges = list(self.parameters.values())
        columns = [r.at(u) for r, u in zip(ranges, self._unit(len(ranges)).T, strict=True)]
        return [[float(v) for v in row] for row in zip(*columns, strict=True)]

    def _values(self, path: str) -> Sequence[Any]:
        axis = self.parameters[path]
        if isinstance(axis, Range):
            return [float(v) for v in axis.at(np.linspace(0.0, 1.0, axis.count or 2))]
        return axis

    def axes(self) -> dict[str, list[Any]]:
        """Values of every parameter that differs between points, by path: of a range its ends and its middle."""
        if self.method == "points":
            return {path: some([point[path] for point in self.points]) for path in self.paths}
        ranges = np.array([0.0, 0.5, 1.0])
        return {p: [float(v) for v in a.at(ranges)] if isinstance(a, Range) else some(a) for p, a in self.parameters.items()}

    def structures(self, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The combinations of values that the points have of some parameters, those with a list of values."""
        if self.method == "points":
            rows = {repr(row): row for row in ([point[path] for path in paths] for point in self.points)}.values()
        else:
            rows = itertools.product(*(self._values(path) for path in paths))
        return (dict(zip(paths, row, strict=True)) for row in rows)

    def _unit(self, dimensions: int) -> np.ndarray:
        """Points in the unit cube."""
        count, seed = self.count or 0, self.design_seed
        if self.method == "random":
            return np.random.Generator(np.random.Philox(seed)).random((count, dimensions))
        if self.method == "latin_hypercube":
            return qmc.LatinHypercube(dimensions, rng=np.random.Generator(np.random.Philox(seed))).random(count)
        if self.method == "sobol":
            return qmc.Sobol(dimensions, rng=np.random.Generator(np.random.Philox(seed))).random(count)
        from .sensitivity import sample_unit

        return sample_unit(self)

    def resolved(self, policy: str | None, scenario: str) -> Resolved:
        """Parameters of a policy and a scenario."""
        return resolve(self.base, policy=policy, scenarios=(scenario,), overlays=self.overlays, sets=dict(self.sets))

    def cases(self) -> list[tuple[str | None, str]]:
        """Policies × scenarios."""
        return list(itertools.product(self.policies or (None,), self.scenarios))


def read_design(source: str | Path | Mapping[str, Any] | Design, **changes: Any) -> Design:
    """A checked design from a shipped name, a YAML file or a mapping. changes: fields to replace where not None.

    Raises InputError that names file, line, key, what was found and expected.
    """
    if isinstance(source, Design):
        tree, file = source.model_dump(by_alias=True), None
    elif isinstance(source, Mapping):
        tree, file = dict(source), None
    else:
        file = find("sweep", str(source))
        tree = load(file, expected="a design: method, parameters, policies, scenarios, runs")
        refuse_other("sweep", tree, file)
    given = {**tree, **{k: v for k, v in changes.items() if v is not None}}
    try:
        design = Design.model_validate(given)
    except ValidationError as error:
        raise _explained(error, tree, file) from None
    _check(design, tree, file)
    return design


def recorded_design(manifest: Mapping[str, Any], file: Path | None = None) -> Design:
    """The design that stands in a sweep's manifest. file: the manifest's, for errors.

    Raises InputError for what is no design, and where it is not the design of what else the manifest says: its paths, points, cases, runs and seed.
    """
    tree = manifest["design"]
    try:
        design = Design.model_validate(tree)
    except ValidationError as error:
        wrong = _explained(error, tree, file)
        raise InputError(wrong.found, file=file, key=f"design.{wrong.key}", expected=wrong.expected, nearest=wrong.nearest) from None
    told = {"paths": design.paths, "runs": design.runs, "seed": design.seed, "metrics": list(design.metrics or manifest["metrics"])}
    for key, own in told.items():
        if manifest[key] != own:
            raise InputError(f"{manifest[key]}"[:80], file=file, key=key, expected=f"{own}, as its design has"[:200])
    for key, size in (("points", design.size), ("cases", len(design.cases()))):
        if len(manifest[key]) != size:
            raise InputError(f"{len(manifest[key])}", file=file, key=key, expected=f"{size}, as its design has")
    return design


def _explained(error: ValidationError, tree: Any, file: Path | None) -> InputError:
    return explained(error, Design, in_tree(tree, file), _expected)


def _expected(keys: tuple[Any, ...]) -> str:
    if len(keys) > 1 and keys[0] == "parameters":
        return "a list of values, or low and high with count and scale (linear or log)"
    return EXPECTED.get(str(keys[0]) if keys else "", "a mapping of keys to values")


def _check(design: Design, tree: Any, file: Path | None) -> None:
    """What a field alone cannot tell. Raises InputError."""

    def refuse(found: str, *keys: str, **more: Any) -> None:
        raise InputError(found, file=file, line=line_of(tree, keys), key=".".join(keys), **more)

    group = "points" if design.method == "points" else "parameters"
    if design.method == "points":
        if not design.points or design.parameters:
            refuse("no points", "points", expected="a list of {path: value}, and no parameters, for the method points")
        for point in design.points:
            if set(point) != set(design.paths):
                lacking = ", ".join(sorted(set(design.paths) - set(point)))
                refuse(f"a point without {lacking}", "points", expected="the same paths in every point")
    elif design.points:
        refuse("points", "points", expected="the method points with them")
    resolved = None
    for policy, scenario in design.cases():
        try:
            resolved = design.resolved(policy, scenario)
        except InputError as error:
            raise InputError(str(error), file=file) from None
    for path in design.paths:
        if path in design.sets:
            refuse("stands under 'set', too", group, path, expected="each path once: one value of all points, or values of its own of each")
    if len(design.policies) > 1 and "controller.type" in (*design.paths, *design.sets):
        refuse("several policies, of which it would replace each one's own", "set" if "controller.type" in design.sets else group, "controller.type")
    for path in design.paths:
        at = place(path)
        if at.field is None:
            expected = "one of " + ", ".join(at.valid) if at.valid else "the path of one parameter"
            refuse("unknown parameter", group, path, expected=expected, nearest=nearest(at.wrong, at.valid))
        if path not in resolved.entries:
            refuse("not a parameter of this network", group, path, expected="the path of one", nearest=nearest(path, resolved.entries))
        if isinstance(design.parameters.get(path), Range) and at.kind is not float:
            refuse("a range", group, path, expected="a list of values, for a switch or a name")
        axis = design.parameters.get(path) or [point[path] for point in design.points]
        for value in (axis.low, axis.high) if isinstance(axis, Range) else axis:
            wanted = fits(path, value)
            if wanted:
                refuse(f"{value!r}", group, path, expected=wanted)
    if design.method in SPACES:
        if design.count is None:
            refuse("no count", "method", expected=f"count: the number of points of a {design.method} design")
        if COUNTS.get(design.method) and design.count & (design.count - 1):
            refuse(f"{design.count}", "count", expected=COUNTS[design.method])
        for path, axis in design.parameters.items():
            if not isinstance(axis, Range):
                refuse("a list of values", "parameters", path, expected=f"low and high, for a {design.method} design")
        if not design.parameters:
            refuse("no parameters", "parameters", expected="at least one, with low and high")
    try:
        check_points(design.size, "count" if design.method in SPACES else group)
    except InputError as error:
        refuse(error.found, error.key, expected=error.expected)
    for name in design.metrics:
        if name not in METRICS:
            valid = ", ".join(METRICS)
            refuse(f"unknown metric '{name}'", "metrics", expected=f"one of {valid}", nearest=nearest(name, METRICS))
    for name in design.metrics or METRICS:
        for needed in METRICS[name].needs:
            if needed not in MODEL.variables(resolved.values):
                refuse(f"metric '{name}' needs the unknown variable '{needed}'", "metrics", nearest=nearest(needed, MODEL.variables(resolved.values)))
    unread = idle(design).refusal
    if unread is not None:
        refuse(unread.found, group, unread.path, expected=unread.expected)
