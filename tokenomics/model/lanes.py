"""A function of a user's own on the runs of any engine: on all of them at once, or on one after the
other where it asks for plain numbers.

A branch, `max`, `float` or a look-up by a state value asks for one number. Such a function is
called for every run alone, so that each run branches on its own value. One run is treated as two
would be: what a function gives never depends on how many runs there are.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import TokenomicsError
from .same_bits import with_our_functions
from .shocks import ShockTable

TWICE = [0, 0]


def shipped(function: Callable) -> bool:
    """Whether a function is of this package."""
    return (getattr(function, "__module__", None) or "").partition(".")[0] == __package__.partition(
        "."
    )[0]


def written(function: Any) -> str:
    """The file in which a function is written, as its code has it; empty where that is not told."""
    own = inspect.unwrap(getattr(function, "func", function))
    code = getattr(own, "__code__", getattr(type(own).__call__, "__code__", None))
    return code.co_filename if code else ""


def same_function(one: Any, other: Any) -> bool:
    """Whether two functions are one in its author's eyes: a notebook's cell may be run again, and a
    file be loaded by two ways.
    """
    names = [getattr(function, "__qualname__", None) for function in (one, other)]
    homes = [getattr(function, "__module__", None) for function in (one, other)]
    file = written(one)
    return names[0] == names[1] and (
        homes[0] == homes[1] or (file.endswith(".py") and file == written(other))
    )


def other_version(one: Any, other: Any) -> bool:
    """Whether two functions are of one file, loaded twice: it may have been edited in between."""
    homes = [getattr(function, "__module__", None) for function in (one, other)]
    file = written(one)
    return file.endswith(".py") and file == written(other) and homes[0] != homes[1]


class Part(Mapping):
    """A mapping whose arrays hold some of the runs. chosen: a run, which gives plain numbers, or
    several.
    """

    __slots__ = ("_chosen", "_whole")

    def __init__(self, whole: Mapping[str, Any], chosen: int | Sequence[int]):
        self._whole, self._chosen = whole, chosen

    def __getitem__(self, name: str) -> Any:
        return _part(self._whole[name], self._chosen)

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)


def _part(value: Any, chosen: int | Sequence[int]) -> Any:
    if isinstance(value, Mapping):
        return Part(value, chosen)
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return value
    found = np.asarray(value[..., chosen])
    if found.ndim == 0:
        return found[()]
    found.flags.writeable = False
    return found


def parts(arguments: tuple, chosen: int | Sequence[int]) -> tuple:
    """Arguments of a block's function, or of a law's, for some of the runs. The first are the
    parameters.
    """
    params, *others = arguments
    table = params.get("shock_table")
    if isinstance(table, ShockTable):
        params = copy(params)  # which says of a missing name whose it is, where it did before
        params["shock_table"] = ShockTable(Part(table.values, chosen), table.first)  # type: ignore[arg-type]
    return (params, *(_part(other, chosen) for other in others))


def runs_in(arguments: tuple) -> int:
    """Number of runs along the arrays of such arguments, 0 where there are only plain numbers or
    symbols.
    """
    for other in arguments[1:]:
        # any other mapping stands for one run, and may count who looks at it
        for value in other.values() if isinstance(other, (dict, MappingProxyType)) else (other,):
            if isinstance(value, np.ndarray) and value.ndim == 1:
                return len(value)
    return 0


def runwise(function: Callable) -> Callable:
    """A function of a user's own, made to take the runs of any engine; one of this package takes
    them as it is.
    """
    if shipped(function) or hasattr(function, "runwise"):
        return function

    ours = with_our_functions(function)

    @functools.wraps(function)
    def on_runs(*arguments):
        count = runs_in(arguments)
        if count == 0:
            return ours(*arguments)
        try:
            if count > 1:
                return ours(*arguments)
            return _mapped(
                ours(*parts(arguments, TWICE)),
                lambda value: value[:1] if np.shape(value) == (2,) else value,
            )
        except TokenomicsError:
            raise
        except Exception as error:
            if "read-only" in str(
                error
            ):  # it writes to what it is given; alone with one number it would seem not to
                raise
            return _one_by_one(ours, arguments, count)

    on_runs.runwise = True  # type: ignore[attr-defined]
    return on_runs


def _one_by_one(function: Callable, arguments: tuple, count: int) -> Any:
    results = []
    for run in range(count):
        mine = parts(arguments, run)
        try:
            results.append(function(*mine))
        except Exception:
            if not _lost(mine):
                raise
            results.append(None)  # a run that has failed already must not end the others
    good = [result for result in results if result is not None]
    return _together(good[0], results) if good else None


def _lost(arguments: tuple) -> bool:
    """Whether a run's state has a value that is not finite."""
    return any(
        isinstance(value, float) and not np.isfinite(value)
        for other in arguments[1:]
        if isinstance(other, Mapping)
        for value in other.values()
    )


def _mapped(result: Any, change: Callable[[Any], Any]) -> Any:
    """A result with its arrays changed."""
    if isinstance(result, Mapping):
        return {name: _mapped(value, change) for name, value in result.items()}
    if isinstance(result, tuple):
        return tuple(_mapped(value, change) for value in result)
    if is_dataclass(result) and not isinstance(result, type):
        return replace(
            result, **{f.name: _mapped(getattr(result, f.name), change) for f in fields(result)}
        )
    return change(result)


def _together(first: Any, results: list[Any]) -> Any:
    """One result of the results of all runs; NaN for a run that has none."""
    if isinstance(first, Mapping):
        same = [
            name
            for name in first
            if all(r is None or (isinstance(r, Mapping) and name in r) for r in results)
        ]
        return {
            name: _together(first[name], [None if r is None else r[name] for r in results])
            for name in same
        }
    if isinstance(first, tuple) and all(
        r is None or (isinstance(r, tuple) and len(r) == len(first)) for r in results
    ):
        return tuple(
            _together(value, [None if r is None else r[i] for r in results])
            for i, value in enumerate(first)
        )
    if is_dataclass(first) and all(r is None or isinstance(r, type(first)) for r in results):
        return replace(
            first,
            **{
                f.name: _together(
                    getattr(first, f.name), [r and getattr(r, f.name) for r in results]
                )
                for f in fields(first)
            },
        )
    if not isinstance(first, (int, float, np.generic, np.ndarray)):
        return first
    values = np.array([np.nan if r is None else r for r in results])
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
