"""What a recorded step depends on: which inputs can change which variables, in any number of steps.

Ranges of values are carried through the program (interval arithmetic; Moore, Kearfott and Cloud,
Introduction to Interval Analysis, 2009), those of state variables to a fixed point over the steps.
What has one value alone depends on nothing: 0 x, the smaller of two numbers whose order is known, a
branch that is not taken. Values are finite and keep the lower bounds of their variables; else their
run has failed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..model.variables import Variable
from .program import SHOCK, TRUTHS, Constant, Operation, Program, computing

Span = tuple[float, float]  # least and largest value
ANY: Span = (-math.inf, math.inf)
RISING = {
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "positive",
    "floor",
    "ceil",
    "rint",
    "sign",
    "arctan",
    "tanh",
}
NARROWINGS = 2  # passes in which spans shrink again, once none grows


@dataclass(frozen=True)
class Flow:
    """depends: the inputs on which a variable's value after one step depends, by variable. shape:
    equal where two programs compute it alike.
    """

    depends: Mapping[str, frozenset[str]]
    shape: Mapping[str, int]

    def downstream(self, sources: Iterable[str]) -> frozenset[str]:
        """Variables that depend on some inputs, in any number of steps, the sources among them that
        are variables.
        """
        found = set(sources)
        while True:
            more = {
                name
                for name, inputs in self.depends.items()
                if name not in found and not found.isdisjoint(inputs)
            }
            if not more:
                return frozenset(found & set(self.depends))
            found |= more


def single(span: Span) -> bool:
    """Whether a span is one value."""
    return span[0] == span[1]


def hull(*spans: Span) -> Span:
    """The least span that holds some others."""
    return min(low for low, _ in spans), max(high for _, high in spans)


def used(program: Program) -> frozenset[str]:
    """The inputs that any operation takes, or that are an output."""
    taken = {
        one
        for operation in program.operations
        for one in operation.arguments
        if isinstance(one, int)
    } | {end for _, end in program.outputs if isinstance(end, int)}
    return frozenset(name for name, position in program.inputs if position in taken)


class Follower:
    """Follows inputs through a recorded step.

    table: state variables. start: spans of their values at the start. ranges: of every swept
    parameter, one value where it stands.
    silent: processes that are zero throughout.
    """

    def __init__(
        self,
        program: Program,
        table: Mapping[str, Variable],
        start: Mapping[str, Span],
        ranges: Mapping[str, Span],
        silent: Iterable[str] = (),
    ):
        self._program, self._table, self._ranges = program, table, dict(ranges)
        self._silent = {SHOCK + name: (0.0, 0.0) for name in silent}
        self._declared = {
            name: (-math.inf if v.lower is None else v.lower, math.inf) for name, v in table.items()
        }
        self._places = {position: name for name, position in program.inputs}
        self._taken = [
            frozenset(argument for argument in operation.arguments if isinstance(argument, int))
            for operation in program.operations
        ]
        self._spans: list[Span] = []  # of the last call: the next one computes what differs
        self._same: list[int | None] = []
        self._moving = self._settle(start, ranges, set())

    def flow(self, start: Mapping[str, Span], ranges: Mapping[str, Span]) -> Flow:
        """The dependences where start and parameters are in spans that hold those of the whole."""
        self._settle(start, self._ranges | dict(ranges), self._moving)
        return _flow(self._program, self._spans, self._same)

    def _settle(
        self, start: Mapping[str, Span], ranges: Mapping[str, Span], moving: set[str]
    ) -> set[str]:
        """Follow the spans to their fixed point. moving: variables known not to keep one value.
        Returns all that do not.
        """
        fixed, moving = (
            dict(ranges) | self._silent,
            moving | {name for name in self._table if not single(start[name])},
        )
        while True:
            state = {
                name: self._declared[name] if name in moving else start[name]
                for name in self._table
            }
            after = self._after(fixed | state)
            more = {
                name for name in self._table if name not in moving and after[name] != state[name]
            }
            if not more:
                break
            moving |= more
        for _ in range(NARROWINGS):
            state = {
                name: _common(state[name], hull(start[name], after[name])) for name in self._table
            }
            after = self._after(fixed | state)
        return moving

    @np.errstate(all="ignore")
    def _after(self, inputs: Mapping[str, Span]) -> dict[str, Span]:
        """Spans of the variables after a step, from those of the inputs."""
        first, changed, operations = not self._spans, set(), self._program.operations
        for position, taken in enumerate(self._taken):
            if position in self._places:
                span, same = inputs.get(self._places[position], ANY), None
            elif first or not changed.isdisjoint(taken):
                span, same = _result(operations[position], self._spans)
            else:
                continue
            if first:
                self._spans.append(span)
                self._same.append(same)
                continue
            # what an operation is the same as may change while its span does not, and then its
            # inputs do
            if span != self._spans[position] or same != self._same[position]:
                changed.add(position)
            self._spans[position], self._same[position] = span, same
        return {name: _of(end, self._spans) for name, end in self._program.outputs}


def _of(end: int | Constant, spans: list[Span]) -> Span:
    return spans[end] if isinstance(end, int) else (end.value, end.value)


def _common(one: Span, other: Span) -> Span:
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else one


def _flow(program: Program, spans: list[Span], same: list[int | None]) -> Flow:
    """Inputs and shapes of the outputs, from what each operation really takes."""
    bits = {position: 1 << number for number, (_, position) in enumerate(program.inputs)}
    masks: list[int] = []
    shapes: list[int] = []

    def shape(argument: int | Constant | str) -> int:
        return (
            shapes[argument]
            if isinstance(argument, int)
            else hash(argument.value if isinstance(argument, Constant) else argument)
        )

    for position, operation in enumerate(program.operations):
        other = same[position]
        if single(spans[position]):
            masks.append(0)
            shapes.append(hash(spans[position][0]))
        elif other is not None:
            masks.append(masks[other])
            shapes.append(shapes[other])
        else:
            mask = bits.get(position, 0)
            for argument in operation.arguments:
                mask |= masks[argument] if isinstance(argument, int) else 0
            masks.append(mask)
            shapes.append(hash((operation.name, *map(shape, operation.arguments))))
    ends = {name: masks[end] if isinstance(end, int) else 0 for name, end in program.outputs}
    depends = {name: frozenset(_named(mask, program)) for name, mask in ends.items()}
    return Flow(depends, {name: shape(end) for name, end in program.outputs})


def _named(mask: int, program: Program) -> Iterator[str]:
    """The inputs whose bits a mask has."""
    while mask:
        lowest = mask & -mask
        yield program.inputs[lowest.bit_length() - 1][0]
        mask ^= lowest


def _result(operation: Operation, spans: list[Span]) -> tuple[Span, int | None]:
    """The span of an operation's result, and the earlier operation whose result it always is, if
    any.
    """
    span, same = _computed(operation, spans)
    return (ANY if math.isnan(span[0]) or math.isnan(span[1]) else span), same


def _computed(operation: Operation, spans: list[Span]) -> tuple[Span, int | None]:
    name, arguments = operation.name, operation.arguments
    if name.startswith(("call:", "result:")):
        return ANY, None
    taken = [_of(argument, spans) for argument in arguments]
    if all(map(single, taken)):
        value = float(computing(name)(*(low for low, _ in taken)))
        return (value, value), None
    if name in ("where", "maximum", "minimum"):
        number = _chosen(name, arguments, taken)
        if number is not None:
            chosen = arguments[number]
            return taken[number], chosen if isinstance(chosen, int) else None
    if name == "subtract":
        (a, b), (c, d) = taken
        return ((0.0, 0.0) if arguments[0] == arguments[1] else (a - d, b - c)), None
    if name in RULES:
        return RULES[name](*taken), None
    if name in RISING:
        low, high = (float(computing(name)(end)) for end in taken[0])
        return (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high), None
    return ((0.0, 1.0) if name in TRUTHS or name.startswith("logical") else ANY), None


def _chosen(name: str, arguments: tuple, taken: list[Span]) -> int | None:
    """Number of the argument that is the result, whatever the values are."""
    if name == "where":
        if single(taken[0]):
            return 1 if taken[0][0] else 2
        return 1 if arguments[1] == arguments[2] else None
    (a, b), (c, d) = taken
    if name == "maximum":
        return 0 if a >= d else 1 if c >= b else None
    return 0 if b <= c else 1 if d <= a else None


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0.0 or y == 0.0 else x * y


def _product(a: Span, b: Span) -> Span:
    ends = [_times(x, y) for x in a for y in b]
    return min(ends), max(ends)


def _quotient(a: Span, b: Span) -> Span:
    if a == (0.0, 0.0):
        return a
    low, high = b
    if low < 0.0 < high or low == high == 0.0:
        return ANY
    ends = []
    for x in a:
        for y in b:
            if y == 0.0:  # from the side on which the divisor is
                ends.append(0.0 if x == 0.0 else math.copysign(math.inf, x if high > 0.0 else -x))
            elif math.isinf(x) and math.isinf(y):
                ends += [0.0, x if y > 0.0 else -x]
            else:
                ends.append(x / y)
    return min(ends), max(ends)


def _absolute(a: Span) -> Span:
    low, high = a
    return (
        (0.0, max(-low, high))
        if low < 0.0 < high
        else (min(abs(low), abs(high)), max(abs(low), abs(high)))
    )


def _square(a: Span) -> Span:
    low, high = _absolute(a)
    return low * low, high * high


def _truth(always: bool, never: bool) -> Span:
    return (1.0, 1.0) if always else (0.0, 0.0) if never else (0.0, 1.0)


RULES = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "negative": lambda a: (-a[1], -a[0]),
    "multiply": _product,
    "divide": _quotient,
    "absolute": _absolute,
    "square": _square,
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "where": lambda _, a, b: hull(a, b),
    "greater": lambda a, b: _truth(a[0] > b[1], a[1] <= b[0]),
    "greater_equal": lambda a, b: _truth(a[0] >= b[1], a[1] < b[0]),
    "less": lambda a, b: _truth(a[1] < b[0], a[0] >= b[1]),
    "less_equal": lambda a, b: _truth(a[1] <= b[0], a[0] > b[1]),
    "equal": lambda a, b: _truth(False, a[1] < b[0] or b[1] < a[0]),
    "logical_not": lambda a: (1.0 - a[1], 1.0 - a[0]),
    "logical_and": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "logical_or": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
}  # of a span a function; ends that are NaN stand for any value
