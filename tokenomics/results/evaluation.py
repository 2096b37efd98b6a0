"""Metrics of paths, with what a function of a user's own must keep to; and the parameters that a
metric asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from pydantic import BaseModel

from ..errors import ModelError
from ..model.contract import RAISES_NOTHING, in_words, missing_name, place_of, placed, written_at
from ..model.lanes import shipped
from ..model.suspects import suspect
from ..model.variables import unsigned
from ..parameters import Parameters, put
from .metrics import METRICS, Paths

FEW, BESIDE = (
    4,
    1.1,
)  # runs on which a metric of a user's own is tried, and made-up ones beside them
ROUNDING = 1e-9  # relative; NumPy may add up a row otherwise in a smaller array


class _Asked:
    """Stands for a group of parameters, and writes down which of them are asked for."""

    def __init__(self, node: Any, found: set[str], prefix: str = ""):
        self._node, self._found, self._prefix = node, found, prefix

    def _at(self, name: str, value: Any) -> Any:
        path = f"{self._prefix}{name}"
        if isinstance(value, (BaseModel, Mapping)):
            return _Asked(value, self._found, f"{path}.")
        self._found.add(path)
        return value

    def __getattr__(self, name: str) -> Any:
        computed = getattr(type(self._node), name, None)
        if isinstance(computed, property):
            return computed.fget(self)
        value = getattr(self._node, name)
        return value if callable(value) else self._at(name, value)

    def __getitem__(self, name: str) -> Any:
        return self._at(name, self._node[name])


def asked(name: str, parameters: Parameters) -> frozenset[str] | None:
    """Paths of the parameters that a metric's function asks for; None where that cannot be told."""
    found: set[str] = set()
    try:
        with np.errstate(all="ignore"):
            METRICS[name].function(
                {needed: np.ones((2, 3)) for needed in METRICS[name].needs},
                _Asked(parameters, found),
            )
    except Exception:  # an untrusted function, on paths that may be none of its kind
        return None
    return frozenset(found)


class _Untold(NDArrayOperatorsMixin):
    """Stands for a parameter that differs between runs, to find out whether a metric asks for
    it.
    """

    class Asked(Exception):
        """It was asked for."""

    def _ask(self, *_, **__):
        raise self.Asked

    __array_ufunc__ = __array__ = __array_function__ = __float__ = __int__ = __index__ = (
        __bool__
    ) = __len__ = __iter__ = __getattr__ = _ask


def _value(name: str, paths: Paths, parameters: Parameters) -> np.ndarray:
    """A metric, (runs,). Raises ModelError where its function fails or gives something else."""
    function, needs = METRICS[name].function, METRICS[name].needs
    runs = len(paths[needs[0]])
    try:
        value = function(paths, parameters)
    except _Untold.Asked:
        raise
    except Exception as error:
        own = written_at(error).removeprefix(f", '{name}'")
        lost = isinstance(error, KeyError) and missing_name(
            function, (paths, parameters), ("no variable among those that it `needs`", None)
        )
        told = ModelError(f"metric '{name}'{own}: {lost or in_words(error)}")
        expected = "a variable that it `needs`" if lost else RAISES_NOTHING
        raise told.at(place_of(error), expected) from error
    with placed(function):
        if np.shape(value) != (runs,):
            raise ModelError(
                f"metric '{name}' gives the shape {np.shape(value)}; expected one number a run, "
                f"({runs},)"
            )
        if not shipped(function):
            _expect_pure(name, paths, parameters, np.asarray(value, dtype=float))
    return unsigned(np.asarray(value, dtype=float))


def _expect_pure(name: str, paths: Paths, parameters: Parameters, value: np.ndarray) -> None:
    """Raise ModelError where a function of a user's own gives other numbers for equal paths, or
    computes a run's from the runs beside it.
    """
    function = METRICS[name].function
    if found := suspect(function):
        raise ModelError(f"metric '{name}' {found}")
    few = {n: path[: min(len(value), FEW)][::-1] for n, path in paths.items()}
    once, again = (np.asarray(function(few, parameters), dtype=float) for _ in range(2))
    if not np.array_equal(once, again, equal_nan=True):
        raise ModelError(
            f"metric '{name}' gives another number for equal paths: it draws random numbers, reads "
            f"a clock or remembers"
        )
    try:
        with np.errstate(all="ignore"):
            beside = np.asarray(
                function(
                    {n: np.concatenate([path, BESIDE * path]) for n, path in few.items()},
                    parameters,
                ),
                dtype=float,
            )
    except Exception:  # it may take no made-up paths
        beside = once
    for other in (value[: len(once)][::-1], beside[: len(once)]):
        if not np.allclose(once, other, rtol=ROUNDING, atol=0.0, equal_nan=True):
            raise ModelError(
                f"metric '{name}' gives a run another number when other runs are beside it; "
                f"expected a number of its own row alone"
            )


def evaluate_metrics(
    names: Sequence[str],
    paths: Paths,
    parameters: Parameters,
    swept: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Metrics (runs,) by name.

    paths: (runs, times) by variable. swept: parameters that differ between runs, (runs,) by path. A
    function of paths that asks for one of them is computed one parameter point at a time. Raises
    ModelError for a metric whose function fails.
    """
    if not swept:
        return {name: _value(name, paths, parameters) for name in names}
    each = put(parameters, swept)
    return {
        name: _value(name, paths, each)
        if METRICS[name].fold
        else _point_by_point(name, paths, parameters, swept)
        for name in names
    }


def _point_by_point(
    name: str, paths: Paths, parameters: Parameters, swept: Mapping[str, np.ndarray]
) -> np.ndarray:
    """A metric whose function may take parameters for plain numbers."""
    try:
        return _value(name, paths, put(parameters, dict.fromkeys(swept, _Untold())))
    except _Untold.Asked:
        columns = np.stack(list(swept.values()))
        changes = np.flatnonzero(np.any(np.diff(columns, axis=1) != 0.0, axis=0)) + 1
        parts = []
        for begin, end in itertools.pairwise([0, *changes, columns.shape[1]]):
            point = put(parameters, {path: float(column[begin]) for path, column in swept.items()})
            own = {n: paths[n][begin:end] for n in METRICS[name].needs}
            parts.append(_value(name, own, point))
        return np.concatenate(parts)
