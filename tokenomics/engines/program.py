"""One step of the model as a list of elementwise operations, recorded by running the blocks once on symbols.

The blocks stay the only copy of the economics: a symbol answers NumPy's functions and operators by writing down what
was asked (NumPy enhancement proposals 13 and 18). Common subexpressions are recorded once, and what depends on no
symbol is computed at once. A Python branch on a symbol cannot be recorded and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import ModelError
from ..model import Model, execute
from ..parameters import substitute

BALANCE = "balance"  # −|conservation error|, so that it has a lower limit like other variables
POWERS = {2.0: "square", 0.5: "sqrt", 1.0: "positive"}  # NumPy's own short cuts for an array to a scalar power
TRUTHS = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isnan", "isfinite"}
TRUTHS |= {"logical_and", "logical_or", "logical_not", "logical_xor", "bitwise_and", "bitwise_or", "invert"}


@dataclass(frozen=True)
class Operation:
    """name: a NumPy function's, or input. arguments: positions of earlier operations (int), constants (float), or a name."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Program:
    """A recorded step.

    operations: in order. inputs: position by name, of a state variable, a swept parameter's path, or "shock:<process>".
    outputs: position or constant of every state variable after the step.
    """

    operations: tuple[Operation, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int | float]

    def needed(self, names: Iterable[str]) -> set[int]:
        """Positions that the outputs of some variables depend on."""
        found: set[int] = set()
        todo = [self.outputs[name] for name in names if isinstance(self.outputs[name], int)]
        while todo:
            position = todo.pop()
            if position not in found:
                found.add(position)
                todo += [a for a in self.operations[position].arguments if isinstance(a, int)]
        return found


@dataclass
class Recorder:
    """Writes operations down, each once."""

    operations: list[Operation] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)
    _known: dict[Operation, int] = field(default_factory=dict)

    def input(self, name: str) -> Symbol:
        """The symbol of an input."""
        symbol = self._write(Operation("input", (name,)))
        self.inputs[name] = symbol.position
        return symbol

    def symbol(self, name: str, *arguments: Any) -> Symbol | float:
        """The result of an operation on symbols and numbers."""
        plain = tuple(a.position if isinstance(a, Symbol) else _number(a) for a in arguments)
        short = _shorter(name, arguments)
        if short is not None:
            return short
        if name == "power" and isinstance(plain[1], float) and plain[1] in POWERS:
            name, plain = POWERS[plain[1]], plain[:1]
        return self._write(Operation(name, plain))

    def _write(self, operation: Operation) -> Symbol:
        if operation not in self._known:
            self._known[operation] = len(self.operations)
            self.operations.append(operation)
        return Symbol(self, self._known[operation], operation.name in TRUTHS)


def _number(value: Any) -> float:
    if np.ndim(value):
        raise ModelError(f"an array of shape {np.shape(value)} where the model takes one number a run")
    return float(value)


def _shorter(name: str, arguments: tuple) -> Any:
    """x + 0, x − 0, 1 x, x/1 and 0 x, which blocks write to give a number the shape of the state. Not on truth values."""
    if name == "where" and not isinstance(arguments[0], Symbol):
        return arguments[1] if arguments[0] else arguments[2]
    if len(arguments) != 2 or any(isinstance(a, Symbol) and a.truth for a in arguments):
        return None
    for x, number, swapped in ((*arguments, False), (*arguments[::-1], True)):
        if isinstance(number, Symbol):
            continue
        if name == "multiply" and number in (0.0, 1.0):
            return x if number else 0.0
        if number == 0.0 and (name == "add" or (name == "subtract" and not swapped)):
            return x
        if name == "divide" and number == 1.0 and not swapped:
            return x
    return None


class Symbol(NDArrayOperatorsMixin):
    """Stands for one number a run."""

    __slots__ = ("position", "recorder", "truth")

    def __init__(self, recorder: Recorder, position: int, truth: bool = False):
        self.recorder, self.position, self.truth = recorder, position, truth

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options or ufunc.nout != 1:
            raise ModelError(f"np.{ufunc.__name__} with more than its plain arguments cannot be recorded")
        return self.recorder.symbol(ufunc.__name__, *inputs)

    def __array_function__(self, function, types, arguments, options):
        if function is np.where and len(arguments) == 3 and not options:
            return self.recorder.symbol("where", *arguments)
        if function is np.clip and len(arguments) == 3 and not options:
            value, low, high = arguments
            return np.minimum(np.maximum(value, low), high)
        raise ModelError(f"np.{function.__name__} is not an elementwise operation on runs")

    def __array__(self, *_, **__):
        raise ModelError("a value of a run is needed as a plain array; blocks take elementwise NumPy functions only")

    def __bool__(self):
        raise ModelError("a Python branch on a value that differs between runs; use np.where")

    def __float__(self):
        raise ModelError("a value that differs between runs is needed as one plain number")

    __int__ = __index__ = __float__


class SymbolicTable:
    """A shock table that gives symbols."""

    def __init__(self, recorder: Recorder, names: Iterable[str]):
        self._recorder, self._names = recorder, set(names)

    def at(self, name: str, step: Any) -> Symbol | None:
        """The symbol of a process; None where the process is not in the table."""
        return self._recorder.input(f"shock:{name}") if name in self._names else None


def record_step(model: Model, params: Mapping[str, Any], swept: Iterable[str] = ()) -> Program:
    """The step of a model as a program.

    model: bound to `params`, which has a shock table. swept: paths of the parameters that differ between runs. Raises ModelError, with the
    block, for what cannot be recorded.
    """
    recorder = Recorder()
    symbols = {path: recorder.input(path) for path in swept}
    table = SymbolicTable(recorder, params["shock_table"].values)
    params = {**substitute(params, symbols), "shock_table": table}
    after: dict[str, Any] = {name: recorder.input(name) for name in model.variables(params)}
    for block in model.blocks:
        try:
            after = execute(block, params, after)
        except Exception as error:
            raise ModelError(f"block '{block.name}': {error}; the engine cadcad takes it") from error
    if "conservation_error" in after:
        after[BALANCE] = -np.abs(after["conservation_error"])
    outputs = {n: v.position if isinstance(v, Symbol) else float(v) for n, v in after.items()}
    return Program(tuple(recorder.operations), recorder.inputs, outputs)
