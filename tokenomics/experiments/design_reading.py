"""A design read from `params/sweeps/*.yaml` or a mapping, and checked: what a field alone cannot
tell, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from ..errors import InputError, nearest
from ..inputs import bounds
from ..model.model import MODEL
from ..parameters import called, fits, place
from ..parameters.explaining import explained, in_tree, line_of
from ..parameters.kinds import refuse_other
from ..parameters.locate import find
from ..parameters.reading import load
from ..results.metrics import METRICS
from .design import NAMES, Design, Method, Range
from .idle import idle
from .limits import MOST_POINTS, check_points

SPACES = (
    "random",
    "latin_hypercube",
    "sobol",
    "saltelli",
    "morris",
)  # fill a box, and need `count` and ranges
COUNTS = {"saltelli": "a power of two", "sobol": "a power of two"}
EXPECTED = dict.fromkeys(NAMES, "a list of names")
EXPECTED |= {
    "set": "values by path: true or false, numbers, texts",
    "today": "values by path: true or false, numbers, texts",
    "parameters": "a list of values, or low and high with count and scale, by path",
}
EXPECTED |= {"points": "a list of {path: value}"}
EXPECTED |= {"runs": str(bounds.RUNS), "count": f"a whole number from 1 to {MOST_POINTS:,}"}
EXPECTED |= dict.fromkeys(("seed", "design_seed"), str(bounds.SEED)) | dict.fromkeys(
    ("base", "description"), "a text"
)
EXPECTED |= {"method": "one of " + ", ".join(get_args(Method))}


def read_design(source: str | Path | Mapping[str, Any] | Design, **changes: Any) -> Design:
    """A checked design from a shipped name, a YAML file or a mapping. changes: fields to replace
    where not None.

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
    for key in ("policies", "metrics"):
        # of a design that is made already, none is the default
        if (
            not isinstance(source, Design)
            and isinstance(tree.get(key), (list, tuple))
            and not tree[key]
        ):
            raise InputError(
                "[]",
                file=file,
                line=line_of(tree, (key,)),
                key=key,
                expected="at least one name, or to leave the key out",
            )
    given = {**tree, **{k: v for k, v in changes.items() if v is not None}}
    try:
        design = Design.model_validate(given)
    except ValidationError as error:
        raise _explained(error, tree, file) from None
    _check(design, tree, file)
    return design


def recorded_design(manifest: Mapping[str, Any], file: Path | None = None) -> Design:
    """The design that stands in a sweep's manifest. file: the manifest's, for errors.

    Raises InputError for what is no design, and where it is not the design of what else the
    manifest says: its paths, points, cases, runs and seed.
    """
    tree = manifest["design"]
    try:
        design = Design.model_validate(tree)
    except ValidationError as error:
        wrong = _explained(error, tree, file)
        raise InputError(
            wrong.found,
            file=file,
            key=f"design.{wrong.key}",
            expected=wrong.expected,
            nearest=wrong.nearest,
        ) from None
    told = {
        "paths": design.paths,
        "runs": design.runs,
        "seed": design.seed,
        "metrics": list(design.metrics or manifest["metrics"]),
    }
    for key, own in told.items():
        if manifest[key] != own:
            raise InputError(
                f"{manifest[key]}"[:80],
                file=file,
                key=key,
                expected=f"{own}, as its design has"[:200],
            )
    for key, size in (("points", design.size), ("cases", len(design.cases()))):
        if len(manifest[key]) != size:
            raise InputError(
                f"{len(manifest[key])}", file=file, key=key, expected=f"{size}, as its design has"
            )
    return design


def _explained(error: ValidationError, tree: Any, file: Path | None) -> InputError:
    return explained(error, Design, in_tree(tree, file), _expected)


def _expected(keys: tuple[Any, ...]) -> str:
    if len(keys) > 1 and keys[0] == "parameters":
        return "a list of values, or low and high with count and scale (linear or log)"
    return EXPECTED.get(str(keys[0]) if keys else "", "a mapping of keys to values")


def _twice(values: Iterable[Any]) -> Any:
    """The first value that is there again, None where each is there once; true is not 1 here."""
    seen = set()
    for value in values:
        # numbers are floats by now, whose text tells true from 1.0
        if repr(value) in seen:
            return value
        seen.add(repr(value))
    return None


def _check(design: Design, tree: Any, file: Path | None) -> None:
    """What a field alone cannot tell. Raises InputError."""

    def refuse(found: str, *keys: str, **more: Any) -> None:
        raise InputError(found, file=file, line=line_of(tree, keys), key=".".join(keys), **more)

    group = "points" if design.method == "points" else "parameters"
    if design.method == "points":
        if not design.points or design.parameters:
            refuse(
                "no points",
                "points",
                expected="a list of {path: value}, and no parameters, for the method points",
            )
        every = set(design.paths)
        for point in design.points:
            if set(point) != every:
                lacking = ", ".join(sorted(every - set(point)))
                refuse(
                    f"a point without {lacking}", "points", expected="the same paths in every point"
                )
    elif design.points:
        refuse("points", "points", expected="the method points with them")
    networks = {}
    for policy, scenario in design.cases():
        try:
            networks[called("scenario", scenario)] = design.resolved(policy, scenario)
        except InputError as error:
            raise InputError(str(error), file=file) from None
    resolved = next(iter(networks.values()))
    for path in design.paths:
        if path in design.sets:
            refuse(
                "stands under 'set', too",
                group,
                path,
                expected="each path once: one value of all points, or values of its own of each",
            )
    if len(design.policies) > 1 and "controller.type" in (*design.paths, *design.sets):
        refuse(
            "several policies, of which it would replace each one's own",
            "set" if "controller.type" in design.sets else group,
            "controller.type",
        )
    for path in design.paths:
        at = place(path)
        if at.field is None:
            expected = "one of " + ", ".join(at.valid) if at.valid else "the path of one parameter"
            refuse(
                "unknown parameter",
                group,
                path,
                expected=expected,
                nearest=nearest(at.wrong, at.valid),
            )
        lacking = [name for name, one in networks.items() if path not in one.entries]
        if lacking:
            everywhere = len(lacking) == len(networks)
            refuse(
                "not a parameter of this network"
                if everywhere
                else f"not a parameter in scenario {', '.join(lacking)}",
                group,
                path,
                expected="the path of one" if everywhere else "scenarios that all have it",
                nearest=nearest(path, resolved.entries) if everywhere else None,
            )
        if isinstance(design.parameters.get(path), Range) and at.kind is not float:
            refuse("a range", group, path, expected="a list of values, for a switch or a name")
        axis = design.parameters.get(path) or [point[path] for point in design.points]
        for value in (axis.low, axis.high) if isinstance(axis, Range) else axis:
            wanted = fits(path, value)
            if wanted:
                refuse(f"{value!r}", group, path, expected=wanted)
        again = None if isinstance(axis, Range) or group == "points" else _twice(axis)
        if again is not None:
            refuse(f"{again!r} twice", group, path, expected="each value once")
    again = _twice([tuple(sorted(point.items())) for point in design.points])
    if again is not None:
        refuse(
            f"{', '.join(f'{path} {value}' for path, value in again)} twice",
            "points",
            expected="each point once",
        )
    if design.method in SPACES:
        if design.count is None:
            refuse(
                "no count",
                "method",
                expected=f"count: the number of points of a {design.method} design",
            )
        if COUNTS.get(design.method) and design.count & (design.count - 1):
            refuse(f"{design.count}", "count", expected=COUNTS[design.method])
        for path, axis in design.parameters.items():
            if not isinstance(axis, Range):
                refuse(
                    "a list of values",
                    "parameters",
                    path,
                    expected=f"low and high, for a {design.method} design",
                )
        if not design.parameters:
            refuse("no parameters", "parameters", expected="at least one, with low and high")
    try:
        check_points(design.size, "count" if design.method in SPACES else group)
    except InputError as error:
        refuse(error.found, error.key, expected=error.expected)
    for name in design.metrics:
        if name not in METRICS:
            valid = ", ".join(METRICS)
            refuse(
                f"unknown metric '{name}'",
                "metrics",
                expected=f"one of {valid}",
                nearest=nearest(name, METRICS),
            )
    for name in design.metrics or METRICS:
        for needed in METRICS[name].needs:
            if needed not in MODEL.variables(resolved.values):
                refuse(
                    f"metric '{name}' needs the unknown variable '{needed}'",
                    "metrics",
                    nearest=nearest(needed, MODEL.variables(resolved.values)),
                )
    unread = idle(design).refusal
    if unread is not None:
        refuse(unread.found, group, unread.path, expected=unread.expected)
