"""Folds: numbers of a run that are carried from close to close, so that its path need not be kept.

One definition (start, update, finish) serves both forms. The compiled step runs `update` wherever a
record would be kept, and `Fold.over` runs it along paths that lie in memory: the same operations in
the order of days, hence the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.variables import unsigned
from ..parameters import Parameters, put
from .program import ACCUMULATOR, Constant
from .trace import Recorder, constant_or_position

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Fold:
    """One number a run from the closes of some variables. All three functions are elementwise in
    runs; NumPy's functions and operators alone, so that they can be recorded.

    needs: the variables that it reads. start(first, p): accumulators by name, from the values at
    the start of the run. update(accumulators, now, p): the accumulators after a close, from those
    before it and its values. finish(accumulators, p, count): the number. p: the parameters, of
    which some may differ between runs. count: of closes, without the start.
    """

    needs: tuple[str, ...]
    start: Callable[[Values, Parameters], Values]
    update: Callable[[Values, Values, Parameters], Values]
    finish: Callable[[Values, Parameters, int], np.ndarray]

    def over(self, paths: Mapping[str, np.ndarray], p: Parameters | None = None) -> np.ndarray:
        """The number of every path (...,). paths: (..., times) by variable, the start first. p: may
        be left out where the fold reads none.
        """
        days = {n: np.ascontiguousarray(np.moveaxis(paths[n], -1, 0)) for n in self.needs}
        rows = zip(*days.values(), strict=True)
        first, *closes = (dict(zip(days, row, strict=True)) for row in rows)
        shape = np.shape(first[self.needs[0]])
        accumulators = {n: np.broadcast_to(v, shape) for n, v in self.start(first, p).items()}
        for now in closes:
            accumulators = self.update(accumulators, now, p)
        return unsigned(self.finish(accumulators, p, len(closes)))


class Folds:
    """Several folds side by side, in which accumulators that are always equal are one.

    folds: by name. swept: paths of the parameters that differ between runs; their values, numbers
    or (runs,), are given later. names: of the accumulators.
    """

    def __init__(self, folds: Mapping[str, Fold], parameters: Parameters, swept: Sequence[str]):
        self._folds, self._parameters = dict(folds), parameters
        groups = self._equal(swept)
        first = {group: ".".join(own) for own, group in reversed(groups.items())}
        self._shared = {own: first[group] for own, group in groups.items()}
        self.names = tuple(dict.fromkeys(self._shared.values()))

    def start(self, first: Values, swept: Values) -> dict[str, Any]:
        """Accumulators by name. first: values at the start, by variable."""
        return self._each(lambda fold, p, _: fold.start(_chosen(first, fold), p), {}, swept)

    def update(self, accumulators: Values, now: Values, swept: Values) -> dict[str, Any]:
        """Accumulators after a close. now: its values, by variable."""
        return self._each(
            lambda fold, p, own: fold.update(own, _chosen(now, fold), p), accumulators, swept
        )

    def finish(self, accumulators: Values, count: int, swept: Values) -> dict[str, np.ndarray]:
        """The number of every fold. count: of closes."""
        p = put(self._parameters, swept)
        return {
            name: unsigned(fold.finish(self._own(name, accumulators), p, count))
            for name, fold in self._folds.items()
        }

    def record(self, recorder: Recorder, now: Values, swept: Values) -> dict[str, int | Constant]:
        """Write `update` down; gives where every accumulator ends. now, swept: symbols."""
        before = {name: recorder.input(ACCUMULATOR + name) for name in self.names}
        after = self.update(before, now, swept)
        return {name: constant_or_position(after[name]) for name in self.names}

    def _each(self, function: Callable, accumulators: Values, swept: Values) -> dict[str, Any]:
        p, found = put(self._parameters, swept), {}
        for name, fold in self._folds.items():
            for own, value in function(fold, p, self._own(name, accumulators)).items():
                found[self._shared[name, own]] = value
        return found

    def _own(self, name: str, accumulators: Values) -> dict[str, Any]:
        """The accumulators of a fold, by the names that it calls them."""
        return {
            own: accumulators[shared]
            for (fold, own), shared in self._shared.items()
            if fold == name and shared in accumulators
        }

    def _equal(self, swept: Sequence[str]) -> dict[tuple[str, str], int]:
        """A number for every accumulator (fold, name), the same for those that are always equal.

        All that start equally are taken to be equal until their updates differ (Moore's
        minimisation of automata): what is left over satisfies the same recursion.
        """
        recorder, p, now = self._inputs(swept)
        groups = {
            (name, own): constant_or_position(value)
            for name, fold in self._folds.items()
            for own, value in fold.start(_chosen(now, fold), p).items()
        }
        while True:
            numbers = {group: i for i, group in enumerate(dict.fromkeys(groups.values()))}
            numbered = {own: numbers[group] for own, group in groups.items()}
            recorder, p, now = self._inputs(swept)
            symbols = [recorder.input(f"{ACCUMULATOR}{i}") for i in range(len(numbers))]
            groups = {}
            for name, fold in self._folds.items():
                before = {own: symbols[i] for (of, own), i in numbered.items() if of == name}
                after = fold.update(before, _chosen(now, fold), p)
                groups |= {
                    (name, own): (numbered[name, own], constant_or_position(after[own]))
                    for own in before
                }
            if len(set(groups.values())) == len(numbers):
                return numbered

    def _inputs(self, swept: Sequence[str]) -> tuple[Recorder, Parameters, dict[str, Any]]:
        """A recorder with symbols for the swept parameters and for all variables that are read."""
        recorder = Recorder()
        symbols = {path: recorder.input(path) for path in swept}
        needs = dict.fromkeys(n for fold in self._folds.values() for n in fold.needs)
        return recorder, put(self._parameters, symbols), {n: recorder.input(n) for n in needs}


def _chosen(values: Values, fold: Fold) -> dict[str, Any]:
    return {name: values[name] for name in fold.needs}
