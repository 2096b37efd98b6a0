"""A step as a program: operations on numbers, inputs by name, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elementary import FUNCTIONS

SHOCK, ACCUMULATOR = "shock:", "accumulator:"  # before the name of an input
TRUTHS = {
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "equal",
    "not_equal",
    "isnan",
    "isfinite",
}
LOGIC = {
    "logical_and",
    "logical_or",
    "logical_not",
    "logical_xor",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "invert",
}
NUMPY = "numpy."  # before the name of a function whose bits depend on the processor


@dataclass(frozen=True)
class Constant:
    """A number in a program. Its text keeps 1.0 apart from position 1, and 0.0 from -0.0."""

    text: str

    @property
    def value(self) -> float:
        """The number."""
        return float.fromhex(self.text)


@dataclass(frozen=True)
class Operation:
    """name: a NumPy function's, or one's of `elementary`; "numpy." and the name of NumPy's own of
    these; input; call:N, of a function with N results on the runs where the first argument is true;
    result:I of a call.

    arguments: positions of earlier operations, constants, the input's name, or the function.
    """

    name: str
    arguments: tuple[int | Constant | str | Callable, ...]


@dataclass(frozen=True)
class Program:
    """A recorded step.

    operations: in order. inputs: position by name, of a state variable, a swept parameter's path,
    "shock:<process>" or "accumulator:<name>".
    outputs: position or constant of every state variable after the step. checks: the same of every
    value that a block wrote, with the name of the variable whose limits it must keep. accumulated:
    the same of every accumulator of the folds (`engines.folds`) after the step.
    """

    operations: tuple[Operation, ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int | Constant], ...]
    checks: tuple[tuple[str, int | Constant], ...]
    accumulated: tuple[tuple[str, int | Constant], ...] = ()

    def needed(self, ends: Iterable[int | Constant]) -> set[int]:
        """Positions that some results depend on."""
        found: set[int] = set()
        todo = [end for end in ends if isinstance(end, int)]
        while todo:
            position = todo.pop()
            if position not in found:
                found.add(position)
                todo += [a for a in self.operations[position].arguments if isinstance(a, int)]
        return found


def computing(name: str) -> Callable[..., Any]:
    """The function on numbers and arrays that an operation's name stands for."""
    return FUNCTIONS.get(name) or getattr(np, name.removeprefix(NUMPY))
