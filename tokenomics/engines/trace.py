"""One step of the model as a list of elementwise operations, recorded by running the blocks once on
symbols.

The blocks stay the only copy of the economics: a symbol answers NumPy's functions and operators by
writing down what was asked (NumPy enhancement proposals 13 and 18). Common subexpressions are
recorded once, and what depends on no symbol is computed at once. A Python branch on a symbol cannot
be recorded and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..elementary import FUNCTIONS
from ..errors import ModelError
from ..model.block import execute
from ..model.contract import in_words, place_of, written_at
from ..model.controllers.batch import per_run
from ..model.model import Model
from ..model.shocks import ShockTable
from ..model.variables import SHARED, variable_of
from ..parameters import substitute
from .program import LOGIC, NUMPY, SHOCK, TRUTHS, Constant, Operation, Program, computing

BALANCED, BALANCE = (
    "conservation_error",
    "balance",
)  # −|conservation error|, so that it has a lower limit like other variables
OF_TRUTHS = TRUTHS | LOGIC
ARITHMETIC = {"add", "subtract", "multiply", "divide"}
POWERS = {
    2.0: "square",
    0.5: "sqrt",
    1.0: "positive",
    -1.0: "reciprocal",
}  # NumPy's short cuts for an array to a scalar power
LARGEST = 2**53  # whole numbers beyond it are not exact as doubles


class MachineDependent(ModelError):
    """A strict model computes something whose bits depend on the processor."""


@dataclass
class Recorder:
    """Writes operations down, each once. strict: refuses functions whose bits depend on the
    processor.
    """

    strict: bool = True
    operations: list[Operation] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)
    _known: dict[Operation, Symbol] = field(default_factory=dict)

    def input(self, name: str) -> Symbol:
        """The symbol of an input."""
        symbol = self._write(Operation("input", (name,)))
        self.inputs[name] = symbol.position
        return symbol

    def symbol(self, name: str, *arguments: Any) -> Symbol | np.float64:
        """The result of an operation on symbols and numbers."""
        _expect_kinds(name, arguments)
        short = _shorter(self, name, arguments)
        if short is not None:
            return short
        return self._write(Operation(name, tuple(constant_or_position(a) for a in arguments)))

    def numpys(self, name: str, *arguments: Any) -> Symbol | np.float64:
        """The result of a function of NumPy's. Raises MachineDependent where its bits depend on
        the processor and this recorder is strict.
        """
        if name == "power" and not isinstance(arguments[1], Symbol):
            short = POWERS.get(float(arguments[1]))
            if short:
                return self.symbol(short, arguments[0])
        if name not in FUNCTIONS:
            return self.symbol(name, *arguments)
        if self.strict:
            raise MachineDependent(
                f"np.{name} gives other last digits on other processors; expected "
                f"tokenomics.elementary.{name}, or Model(..., strict=False)"
            )
        return self.symbol(NUMPY + name, *arguments)

    def call(
        self, function: Callable, outputs: int, when: Any, *arguments: Any
    ) -> tuple[Symbol, ...]:
        """The results of a function that takes one run's arguments; 0 where `when` is false."""
        plain = tuple(constant_or_position(a) for a in (when, *arguments))
        done = self._write(Operation(f"call:{outputs}", (*plain, function)))
        return tuple(
            self._write(Operation(f"result:{i}", (done.position,))) for i in range(outputs)
        )

    def _write(self, operation: Operation) -> Symbol:
        known = self._known.get(operation)  # to look it up takes its hash, which takes long
        if known is None:
            known = Symbol(self, len(self.operations), truth=operation.name in OF_TRUTHS)
            self._known[operation] = known
            self.operations.append(operation)
        return known


def constant_or_position(value: Any) -> int | Constant:
    """An argument or a result as it stands in a program."""
    if isinstance(value, Symbol):
        return value.position
    if not isinstance(value, float) and np.ndim(value):
        raise ModelError(
            f"an array of shape {np.shape(value)} where the model takes one number a run"
        )
    if isinstance(value, (int, np.integer)) and abs(value) > LARGEST:
        raise ModelError(f"the whole number {value} is not exact as a double")
    return Constant(float(value).hex())


def _expect_kinds(name: str, arguments: tuple) -> None:
    """Runs hold doubles: what NumPy would do with truth values and whole numbers in another type is
    refused.
    """
    truths = [
        a.truth if isinstance(a, Symbol) else isinstance(a, (bool, np.bool_)) for a in arguments
    ]
    if name in LOGIC and not all(truths):
        raise ModelError(f"np.{name} of numbers; it takes comparisons")
    if name == "where" and any(truths[1:]):
        raise ModelError("np.where between truth values; give it numbers")
    if any(truths) and not (
        name in OF_TRUTHS or name == "where" or (name in ARITHMETIC and not all(truths))
    ):
        raise ModelError(
            f"np.{name} of truth values; make them numbers with np.where(..., 1.0, 0.0)"
        )


def _shorter(recorder: Recorder, name: str, arguments: tuple) -> Any:
    """x + 0, x − 0, 1 x, x/1, x¹, and 0 x of a state variable, which blocks write to give a number
    the shape of the state.

    A state variable is finite, or its run has failed before; of anything else 0 x may be NaN. A
    zero may change its sign.
    """
    if name == "where" and not isinstance(arguments[0], Symbol):
        return arguments[1] if arguments[0] else arguments[2]
    if name in ("maximum", "minimum") and any(
        not isinstance(a, Symbol) and a != a for a in arguments
    ):
        return np.float64("nan")
    if len(arguments) != 2 or any(isinstance(a, Symbol) and a.truth for a in arguments):
        return None
    for x, number, swapped in ((*arguments, False), (*arguments[::-1], True)):
        if isinstance(number, Symbol):
            continue
        if name == "multiply" and number == 1.0:
            return x
        if name == "multiply" and number == 0.0 and recorder.operations[x.position].name == "input":
            return np.float64(0.0)
        if number == 0.0 and (name == "add" or (name == "subtract" and not swapped)):
            return x
        if name in ("divide", "power") and number == 1.0 and not swapped:
            return x  # our power is off by less than half a unit before it is rounded
    return None


class Symbol(NDArrayOperatorsMixin):
    """Stands for one number a run. truth: a comparison's result."""

    __slots__ = ("position", "recorder", "truth")

    def __init__(self, recorder: Recorder, position: int, *, truth: bool):
        self.recorder, self.position, self.truth = recorder, position, truth

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options or ufunc.nout != 1:
            raise ModelError(
                f"np.{ufunc.__name__} with more than its plain arguments cannot be recorded"
            )
        if ufunc is FUNCTIONS.get(ufunc.__name__):
            return self.recorder.symbol(ufunc.__name__, *inputs)
        return self.recorder.numpys(ufunc.__name__, *inputs)

    def __array_function__(self, function, types, arguments, options):
        if function is np.where and len(arguments) == 3 and not options:
            return self.recorder.symbol("where", *arguments)
        if function is np.clip and len(arguments) == 3 and not options:
            value, low, high = arguments
            return np.minimum(np.maximum(value, low), high)
        raise ModelError(f"np.{function.__name__} is not an elementwise operation on runs")

    def __array__(self, *_, **__):
        raise ModelError(
            "a value of a run is needed as a plain array; blocks take elementwise NumPy functions "
            "only"
        )

    def __bool__(self):
        raise ModelError(
            "a Python branch on a value that differs between runs; expected np.where, or "
            "np.maximum and np.minimum for max and min"
        )

    def __float__(self):
        raise ModelError(
            "a value that differs between runs or days is needed as one plain number; expected "
            "np.where and NumPy's functions"
        )

    __int__ = __index__ = __float__


class SymbolicTable:
    """A shock table that gives symbols."""

    def __init__(self, recorder: Recorder, names: Iterable[str], step: Symbol):
        self._recorder, self._names, self._step = recorder, set(names), step

    def at(self, name: str, step: Any) -> Symbol | None:
        """The symbol of a process; None where the process is not in the table. step: the state's,
        for a run keeps no other one's shocks.
        """
        if not (isinstance(step, Symbol) and step.position == self._step.position):
            raise ModelError(f"the shock '{name}' of another step than state['step']")
        return self._recorder.input(f"{SHOCK}{name}") if name in self._names else None


def computed(
    recorder: Recorder,
    state: Mapping[str, Any],
    table: ShockTable | None,
    ends: Mapping[str, int | Constant],
) -> dict[str, Any]:
    """What was recorded, computed by NumPy. state: by name. ends: of what is asked for, by name."""
    values: list[Any] = []
    for operation in recorder.operations:
        kind, _, number = operation.name.partition(":")
        if kind == "input":
            name = operation.arguments[0]
            shock = table is not None and name.startswith(SHOCK)
            values.append(
                table.at(name.removeprefix(SHOCK), state["step"]) if shock else state[name]
            )
            continue
        if kind == "result":
            values.append(values[operation.arguments[0]][int(number)])
            continue
        plain = [
            a.value if isinstance(a, Constant) else values[a]
            for a in operation.arguments
            if not callable(a)
        ]
        if kind == "call":
            values.append(per_run(operation.arguments[-1], int(number), *plain))
        else:
            values.append(computing(operation.name)(*plain))
    return {
        name: end.value if isinstance(end, Constant) else values[end] for name, end in ends.items()
    }


def _reason(error: BaseException) -> str:
    cause = error.__cause__
    return str(error) if cause is None else in_words(cause)


Accumulate = Callable[[Recorder, Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


def record_step(
    model: Model,
    params: Mapping[str, Any],
    swept: Iterable[str] = (),
    accumulate: Accumulate | None = None,
) -> Program:
    """The step of a model as a program.

    model: bound to `params`, which has a shock table. swept: paths of the parameters that differ
    between runs. accumulate: writes down what else is computed from the state after the step, as
    `Folds.record` does. Raises ModelError, with the block, for what cannot be recorded. A block
    that asks whether a value is an array is told that it is not.
    """
    recorder = Recorder(strict=model.strict)
    symbols = {path: recorder.input(path) for path in swept}
    state: dict[str, Any] = {name: recorder.input(name) for name in model.variables(params)}
    table = SymbolicTable(recorder, params["shock_table"].values, state["step"])
    params = {**substitute(params, symbols), "shock_table": table}
    checks = []
    for block in model.blocks:
        try:
            state = execute(block, params, state)
            written = {
                v: constant_or_position(state[v])
                for v in map(variable_of, block.updates)
                if v not in SHARED
            }
            if BALANCED in written:
                written[BALANCE] = constant_or_position(-np.abs(state[BALANCED]))
        except MachineDependent as error:
            told = ModelError(f"block '{block.name}'{written_at(error)}: {error}")
            raise told.at(place_of(error)) from error
        except Exception as error:
            if isinstance(error, ModelError) and error.file is not None:
                raise  # no engine takes it
            told = ModelError(
                f"block '{block.name}'{written_at(error)}: {_reason(error)}; the engine cadcad "
                f"takes it"
            )
            raise told.at(place_of(error)) from error
        checks += written.items()
    outputs = tuple((name, constant_or_position(value)) for name, value in state.items())
    accumulated = accumulate(recorder, state, symbols) if accumulate else {}
    return Program(
        tuple(recorder.operations),
        tuple(recorder.inputs.items()),
        outputs,
        tuple(dict.fromkeys(checks)),
        tuple(accumulated.items()),
    )
