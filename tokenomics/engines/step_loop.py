"""The loop of a kernel, written as LLVM instructions.

for strip in strips:                     # runs side by side
    state, failing = what memory holds of the strip
    for step in steps:                   # in registers: memory is touched for shocks and records
        values = the operations of the program
        failing = the number of this step, where a check fails first
        if this step is kept:
            the strip's next record = values
            accumulators = their update
        state = values
    memory = state, failing
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import llvmlite.ir as ir

from ..elementary.functions import TABLE
from ..elementary.vectors import DOUBLE, INDEX
from .instructions import FUNCTIONS, LANES, VECTOR, Writer, write_call
from .program import ACCUMULATOR, SHOCK, Constant, Operation, Program

NUMBERS, INDICES, STEPS = ir.PointerType(DOUBLE), ir.PointerType(INDEX), ir.VectorType(INDEX, LANES)
KINDS = [*[NUMBERS] * 3, INDICES, *[NUMBERS] * 3, INDICES, NUMBERS, *[INDEX] * 5]  # of `Arguments`

# how many of its first arguments an operation passes on if they are not finite
PASSED_ON = {"add": 2, "subtract": 2, "multiply": 2, "divide": 1, "negative": 1, "absolute": 1}
PASSED_ON |= {"square": 1, "sqrt": 1, "log": 1}


@dataclass(frozen=True)
class KernelLayout:
    """Which variables a kernel keeps in memory, in order.

    shared: clocks, the same in all runs. carried: what the next step reads. fixed: inputs that
    never change. shocks: processes. recorded: kept at every `every`-th step. accumulated: updated
    at these steps. limited: variables with a lower limit; what a block writes must be finite, and
    keep its limit, or the run fails.
    """

    shared: tuple[str, ...]
    carried: tuple[str, ...]
    fixed: tuple[str, ...]
    shocks: tuple[str, ...]
    recorded: tuple[str, ...]
    accumulated: tuple[str, ...]
    limited: tuple[str, ...]


class Arguments(NamedTuple):
    """Of the kernel's function, in its order: arrays, as `Kernel` describes them, and counts."""

    state: ir.Argument
    fixed: ir.Argument
    shocks: ir.Argument
    offsets: ir.Argument
    limits: ir.Argument
    records: ir.Argument
    accumulators: ir.Argument
    failed: ir.Argument
    clock: ir.Argument
    strips: ir.Argument
    steps: ir.Argument
    width: ir.Argument
    every: ir.Argument
    kept: ir.Argument


class _Parts(NamedTuple):
    """The stretches of code between which the loop jumps."""

    entry: ir.Block
    strip: ir.Block
    step: ir.Block
    keep: ir.Block
    next_step: ir.Block
    next_strip: ir.Block
    done: ir.Block


@dataclass(frozen=True)
class _Strip:
    """What is found once for all steps of a strip. state, records, accumulators, failed: where they
    lie. column: of its first run among the shocks.
    """

    number: ir.PhiInstr
    state: ir.Value
    records: ir.Value
    accumulators: ir.Value
    failed: ir.Value
    column: ir.Value
    constants: dict[str, ir.Value]
    bounds: dict[str, ir.Value]
    start: dict[str, ir.Value]
    first_failed: ir.Value


@dataclass(frozen=True)
class _Step:
    """What goes from step to step. until_kept: steps, this one too, to the next that is kept.
    record: where it goes.
    """

    number: ir.PhiInstr
    until_kept: ir.PhiInstr
    record: ir.PhiInstr
    failing: ir.PhiInstr
    state: dict[str, ir.PhiInstr]


@dataclass(frozen=True)
class _Outcome:
    """What a step gives. number: of steps done with it. values: by position in the program. end:
    the stretch of code in which it ends.
    """

    number: ir.Value
    failing: ir.Value
    state: dict[str, ir.Value]
    values: dict[int, ir.Value]
    until_kept: ir.Value
    end: ir.Block


class _Kept(NamedTuple):
    """Where the next record goes, and the stretch of code in which a record ends."""

    next_record: ir.Value
    end: ir.Block


def calls(program: Program) -> list[Operation]:
    """The calls of Python functions, in the order of their addresses in the array `FUNCTIONS`."""
    return [o for o in program.operations if o.name.startswith("call:")]


def in_stages(program: Program, positions: Iterable[int]) -> list[int]:
    """Positions in an order in which each comes after those that it depends on, and calls of
    elementary functions that do not wait for one another stand together, so that the processor
    works on several at once.

    A stage is what can be computed once the elementary functions of the stages before are.
    """
    stages: dict[int, int] = {}
    for position in sorted(positions):
        before = (a for a in program.operations[position].arguments if a in stages)
        stages[position] = max(
            (stages[a] + (program.operations[a].name in TABLE) for a in before), default=0
        )

    def place(position: int) -> tuple[int, str, int]:
        name = program.operations[position].name
        return stages[position], name if name in TABLE else "", position

    return sorted(stages, key=place)


def told_by_others(program: Program, checked: Iterable[int | Constant]) -> set[int]:
    """Positions that are finite where what is checked is, because something that is not finite
    always stays so on its way there.
    """
    told: set[int] = set()
    known = {end for end in checked if isinstance(end, int)}
    for position in range(len(program.operations) - 1, -1, -1):
        if position in known or position in told:
            operation = program.operations[position]
            passed = operation.arguments[: PASSED_ON.get(operation.name, 0)]
            told.update(a for a in passed if isinstance(a, int))
    return told


def write_loop(module: ir.Module, program: Program, layout: KernelLayout) -> None:
    """Put the function `simulate` into a module, and the array `FUNCTIONS`."""
    loop = _Loop(module, program, layout)
    clock = loop.begin()
    strip = loop.begin_strip()
    step = loop.begin_step()
    outcome = loop.write_step(strip, step)
    kept = loop.keep(strip, step, outcome)
    loop.end_step(clock, strip, step, outcome, kept)
    loop.end_strip(strip, outcome)


class _Loop:
    """The parts of the loop, to be written in the order in which they stand."""

    def __init__(self, module: ir.Module, program: Program, layout: KernelLayout):
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), KINDS), "simulate")
        self.given = Arguments(*function.args)
        for argument in self.given:
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        self.parts = _Parts(*map(function.append_basic_block, _Parts._fields))
        self.b = ir.IRBuilder(self.parts.entry)
        self.writer = Writer(self.b, module)
        self.program, self.layout, self.outputs = program, layout, dict(program.outputs)
        self.calls = calls(program)
        addresses = ir.ArrayType(INDEX, max(len(self.calls), 1))
        ir.GlobalVariable(module, addresses, FUNCTIONS).initializer = ir.Constant(addresses, None)

    def begin(self) -> dict[str, ir.Value]:
        """The clock at the start."""
        clock = {
            name: self.b.load(self.b.gep(self.given.clock, [_whole(row)]))
            for row, name in enumerate(self.layout.shared)
        }
        anything = self.b.icmp_signed(
            ">", self.b.mul(self.given.strips, self.given.steps), _whole(0)
        )
        self.b.cbranch(anything, self.parts.strip, self.parts.done)
        return clock

    def begin_strip(self) -> _Strip:
        b, given, layout = self.b, self.given, self.layout
        b.position_at_end(self.parts.strip)
        number = b.phi(INDEX)
        number.add_incoming(_whole(0), self.parts.entry)
        state = self.rows(given.state, number, len(layout.carried))
        fixed = self.rows(given.fixed, number, len(layout.fixed))
        limits = self.rows(given.limits, number, len(layout.limited))
        records = self.rows(given.records, b.mul(number, given.kept), len(layout.recorded))
        accumulators = self.rows(given.accumulators, number, len(layout.accumulated))
        failed = b.bitcast(self.rows(given.failed, number, 1), ir.PointerType(STEPS))
        column = b.load(b.gep(given.offsets, [number]))
        constants = self.load_all(fixed, layout.fixed)
        bounds = self.load_all(limits, layout.limited)
        start = self.load_all(state, layout.carried)
        first_failed = b.load(failed, align=8)
        b.branch(self.parts.step)
        return _Strip(
            number,
            state,
            records,
            accumulators,
            failed,
            column,
            constants,
            bounds,
            start,
            first_failed,
        )

    def begin_step(self) -> _Step:
        """Places for what `end_step` passes on."""
        b, layout = self.b, self.layout
        b.position_at_end(self.parts.step)
        number, until_kept, record, failing = map(b.phi, (INDEX, INDEX, NUMBERS, STEPS))
        state = {name: b.phi(VECTOR) for name in layout.carried} | {
            name: b.phi(DOUBLE) for name in layout.shared
        }
        return _Step(number, until_kept, record, failing, state)

    def write_step(self, strip: _Strip, step: _Step) -> _Outcome:
        b, w, layout = self.b, self.writer, self.layout
        checked = [end for _, end in self.program.checks]
        passed_on = [self.outputs[name] for name in (*layout.shared, *layout.carried)]
        values: dict[int, ir.Value] = {}
        self.compute([*passed_on, *checked], values, strip.constants | step.state, strip, step)
        good = self.check(strip, values)
        number = b.add(step.number, _whole(1))
        failing = self.mark(good, number, step.failing)
        state = {
            name: self.number(self.outputs[name], values)
            for name in (*layout.shared, *layout.carried)
        }
        state |= {name: w.unsigned(w.vector(state[name])) for name in layout.carried}
        until_kept = b.sub(step.until_kept, _whole(1))
        end = b.block  # a call of a Python function divides the step
        b.cbranch(b.icmp_signed("==", until_kept, _whole(0)), self.parts.keep, self.parts.next_step)
        return _Outcome(number, failing, state, values, until_kept, end)

    def compute(
        self,
        ends: Iterable[int | Constant],
        values: dict[int, ir.Value],
        inputs: dict[str, ir.Value],
        strip: _Strip,
        step: _Step,
    ) -> None:
        """Put the operations that some results depend on into `values`, but for those that are
        there.
        """

        def result(end: int | Constant) -> ir.Value:
            return self.result(end, values)

        for position in in_stages(self.program, self.program.needed(ends) - values.keys()):
            operation = self.program.operations[position]
            kind, _, number = operation.name.partition(":")
            first, *others = operation.arguments
            if kind == "input" and first in inputs:
                values[position] = inputs[first]
            elif kind == "input":
                values[position] = self.shock(first.removeprefix(SHOCK), strip, step)
            elif kind == "result":
                values[position] = values[first][int(number)]
            elif kind == "call":
                arguments = [result(a) for a in (first, *others[:-1])]
                at = self.calls.index(operation)
                values[position] = write_call(self.writer, arguments, int(number), at)
            else:
                arguments = [result(a) for a in operation.arguments]
                values[position] = self.writer.write(operation.name, arguments)

    def result(self, end: int | Constant, values: dict[int, ir.Value]) -> ir.Value:
        return ir.Constant(DOUBLE, end.value) if isinstance(end, Constant) else values[end]

    def number(self, end: int | Constant, values: dict[int, ir.Value]) -> ir.Value:
        return self.writer.number(self.result(end, values))

    def vector(self, end: int | Constant, values: dict[int, ir.Value]) -> ir.Value:
        return self.writer.vector(self.number(end, values))

    def shock(self, process: str, strip: _Strip, step: _Step) -> ir.Value:
        first = self.b.mul(_whole(self.layout.shocks.index(process)), self.given.steps)
        row = self.b.add(first, step.number)
        place = self.b.add(self.b.mul(row, self.given.width), strip.column)
        return self.load(self.b.gep(self.given.shocks, [place]), 0)

    def check(self, strip: _Strip, values: dict[int, ir.Value]) -> ir.Value:
        """In which runs all is finite and within its limits. One sum is finite only if all its
        terms are; a comparison with a NaN is never true.
        """
        b, w = self.b, self.writer
        good, terms = None, []
        told = told_by_others(self.program, (end for _, end in self.program.checks))
        for name, end in self.program.checks:
            value = self.vector(end, values)
            if end not in told:
                terms.append(value)
            if name in strip.bounds:
                held = b.fcmp_ordered(">=", value, strip.bounds[name])
                good = held if good is None else b.and_(good, held)
        while len(terms) > 1:  # pairs, so that no sum waits for all before it
            pairs = zip(terms[::2], terms[1::2], strict=False)
            terms = [*(b.fadd(x, y) for x, y in pairs), *terms[len(terms) - len(terms) % 2 :]]
        total = terms[0] if terms else w.vector(ir.Constant(DOUBLE, 0.0))
        finite = w.write("isfinite", [total])
        return finite if good is None else b.and_(good, finite)

    def mark(self, good: ir.Value, number: ir.Value, failing: ir.Value) -> ir.Value:
        """The step at which each run first failed, 0 for none."""
        now = self.writer.vector(number)
        unmarked = self.b.icmp_signed("==", failing, ir.Constant(STEPS, [0] * LANES))
        return self.b.select(self.b.and_(self.b.not_(good), unmarked), now, failing)

    def keep(self, strip: _Strip, step: _Step, outcome: _Outcome) -> _Kept:
        """What only a record or an accumulator depends on is computed here, at the steps that are
        kept.
        """
        layout, values = self.layout, dict(outcome.values)
        self.b.position_at_end(self.parts.keep)
        recorded = [self.outputs[name] for name in layout.recorded]
        accumulated = [end for _, end in self.program.accumulated]
        before = self.load_all(strip.accumulators, layout.accumulated)
        inputs = strip.constants | step.state
        inputs |= {ACCUMULATOR + name: value for name, value in before.items()}
        self.compute([*recorded, *accumulated], values, inputs, strip, step)
        unsigned = map(self.writer.unsigned, (self.vector(end, values) for end in recorded))
        self.store_all(unsigned, step.record)
        self.store_all((self.vector(end, values) for end in accumulated), strip.accumulators)
        following = self.b.gep(step.record, [_whole(len(recorded) * LANES)])
        end = self.b.block
        self.b.branch(self.parts.next_step)
        return _Kept(following, end)

    def end_step(
        self,
        clock: dict[str, ir.Value],
        strip: _Strip,
        step: _Step,
        outcome: _Outcome,
        kept: _Kept,
    ) -> None:
        """Pass on to the next step, of which the first takes what the strip starts with."""
        b, parts, every = self.b, self.parts, self.given.every
        b.position_at_end(parts.next_step)
        until_kept, record = b.phi(INDEX), b.phi(NUMBERS)
        until_kept.add_incoming(outcome.until_kept, outcome.end)
        until_kept.add_incoming(every, kept.end)
        record.add_incoming(step.record, outcome.end)
        record.add_incoming(kept.next_record, kept.end)
        more = b.icmp_signed("<", outcome.number, self.given.steps)
        b.cbranch(more, parts.step, parts.next_strip)
        start = strip.start | clock
        for phi, first, then in (
            (step.number, _whole(0), outcome.number),
            (step.until_kept, every, until_kept),
            (step.record, strip.records, record),
            (step.failing, strip.first_failed, outcome.failing),
            *((step.state[name], start[name], outcome.state[name]) for name in start),
        ):
            phi.add_incoming(first, parts.strip)
            phi.add_incoming(then, parts.next_step)

    def end_strip(self, strip: _Strip, outcome: _Outcome) -> None:
        b = self.b
        b.position_at_end(self.parts.next_strip)
        self.store_all((outcome.state[name] for name in self.layout.carried), strip.state)
        b.store(outcome.failing, strip.failed, align=8)
        following = b.add(strip.number, _whole(1))
        strip.number.add_incoming(following, self.parts.next_strip)
        b.cbranch(
            b.icmp_signed("<", following, self.given.strips), self.parts.strip, self.parts.done
        )
        b.position_at_end(self.parts.done)
        b.ret_void()

    def rows(self, base: ir.Value, number: ir.Value, count: int) -> ir.Value:
        """Where the rows of a strip begin, if each has so many."""
        return self.b.gep(base, [self.b.mul(number, _whole(count * LANES))])

    def row(self, base: ir.Value, row: int) -> ir.Value:
        return self.b.bitcast(self.b.gep(base, [_whole(row * LANES)]), ir.PointerType(VECTOR))

    def load(self, base: ir.Value, row: int) -> ir.Value:
        return self.b.load(self.row(base, row), align=8)

    def load_all(self, base: ir.Value, names: Iterable[str]) -> dict[str, ir.Value]:
        return {name: self.load(base, row) for row, name in enumerate(names)}

    def store_all(self, values: Iterable[ir.Value], base: ir.Value) -> None:
        for row, value in enumerate(values):
            self.b.store(value, self.row(base, row), align=8)


def _whole(number: int) -> ir.Constant:
    return ir.Constant(INDEX, number)
