"""A program compiled to machine code: all steps of many runs, eight runs side by side.

Every operation becomes one vector instruction, so that a run's numbers do not depend on its neighbours; nothing is
reassociated or contracted, and exp, log and the like are the C library's, so that results are those of NumPy to the last
bit wherever NumPy uses the same functions.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
import numpy as np

from ..errors import ModelError
from .trace import POWERS, SHOCK, Constant, Program

LANES = 8  # runs side by side: one cache line of doubles

DOUBLE, TRUTH, INDEX = ir.DoubleType(), ir.IntType(1), ir.IntType(64)
VECTOR, TRUTHS = ir.VectorType(DOUBLE, LANES), ir.VectorType(TRUTH, LANES)
BINARY = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}
COMPARE = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "=="}
LOGIC = {"logical_and": "and_", "logical_or": "or_", "logical_xor": "xor"}
LOGIC |= {"bitwise_and": "and_", "bitwise_or": "or_", "bitwise_xor": "xor"}  # of truth values: runs have no integers
LIBRARY = {name: name for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos")}
LIBRARY |= {"power": "pow", "arctan": "atan"}
EXACT = {"sqrt": "llvm.sqrt", "absolute": "llvm.fabs", "floor": "llvm.floor", "ceil": "llvm.ceil", "rint": "llvm.rint"}


@dataclass(frozen=True)
class KernelLayout:
    """Which variables a kernel keeps in memory, in order.

    shared: clocks, the same in all runs. carried: what the next step reads. fixed: inputs that never change. shocks:
    processes. recorded: kept at every `every`-th step. limited: variables with a lower limit; what a block writes must be finite, and
    keep its limit, or the run fails.
    """

    shared: tuple[str, ...]
    carried: tuple[str, ...]
    fixed: tuple[str, ...]
    shocks: tuple[str, ...]
    recorded: tuple[str, ...]
    limited: tuple[str, ...]


class _Writer:
    """Writes the instructions of a program. A value is a vector of runs, or a scalar where it is the same in all runs."""

    def __init__(self, builder: ir.IRBuilder, module: ir.Module):
        self.b, self.module = builder, module

    def vector(self, value: ir.Value) -> ir.Value:
        """The value in every lane."""
        if isinstance(value.type, ir.VectorType):
            return value
        if isinstance(value, ir.Constant):
            return ir.Constant(ir.VectorType(value.type, LANES), [value] * LANES)
        one = self.b.insert_element(ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined), value, ir.Constant(INDEX, 0))
        return self.b.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    def number(self, value: ir.Value) -> ir.Value:
        """Truth as 0.0 or 1.0."""
        kinds = {TRUTH: DOUBLE, TRUTHS: VECTOR}
        return self.b.uitofp(value, kinds[value.type]) if value.type in kinds else value

    def truth(self, value: ir.Value) -> ir.Value:
        return value if value.type in (TRUTH, TRUTHS) else self.b.fcmp_unordered("!=", value, self.like(value, 0.0))

    def like(self, value: ir.Value, number: float) -> ir.Constant:
        """A constant of the shape of a value."""
        constant = ir.Constant(DOUBLE, number)
        return self.vector(constant) if isinstance(value.type, ir.VectorType) else constant

    def function(self, name: str, kind: ir.Type, count: int) -> ir.Function:
        if name not in self.module.globals:
            function = ir.Function(self.module, ir.FunctionType(kind, [kind] * count), name)
            for attribute in ("nounwind", "readnone", "nobuiltin"):
                function.attributes.add(attribute)
        return self.module.globals[name]

    def call_c(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        function = self.function(LIBRARY[name], DOUBLE, len(arguments))
        if arguments[0].type == DOUBLE:
            return self.b.call(function, arguments)
        result: ir.Value = ir.Constant(VECTOR, ir.Undefined)
        for lane in range(LANES):
            at = ir.Constant(INDEX, lane)
            result = self.b.insert_element(result, self.b.call(function, [self.b.extract_element(a, at) for a in arguments]), at)
        return result

    def extreme(self, sign: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """NumPy's maximum and minimum, which pass NaN on."""
        if isinstance(a, ir.Constant):
            a, b = b, a
        first = self.b.fcmp_unordered(sign, a, b) if isinstance(b, ir.Constant) else self.b.fcmp_ordered(sign, a, b)
        if not isinstance(b, ir.Constant):
            first = self.b.or_(first, self.b.fcmp_unordered("uno", a, a))
        return self.b.select(first, a, b)

    def write(self, name: str, arguments: Sequence[ir.Value]) -> ir.Value:
        """The result of one operation. Raises ModelError for a function without a compiled form."""
        b = self.b
        if any(isinstance(a.type, ir.VectorType) for a in arguments):
            arguments = [self.vector(a) for a in arguments]
        if name == "where":
            return b.select(self.truth(arguments[0]), *map(self.number, arguments[1:]))
        if name in LOGIC:
            return getattr(b, LOGIC[name])(*map(self.truth, arguments))
        if name in ("logical_not", "invert"):
            return b.not_(self.truth(arguments[0]))
        x = [self.number(a) for a in arguments]
        if name in BINARY:
            return getattr(b, BINARY[name])(*x)
        if name in COMPARE:
            return b.fcmp_ordered(COMPARE[name], *x)
        if name == "not_equal":
            return b.fcmp_unordered("!=", *x)  # true for a NaN
        if name in ("maximum", "minimum"):
            return self.extreme(">=" if name == "maximum" else "<=", *x)
        if name in LIBRARY:
            return self.call_c(name, x)
        if name in EXACT:
            shape = f"v{LANES}f64" if isinstance(x[0].type, ir.VectorType) else "f64"
            return b.call(self.function(f"{EXACT[name]}.{shape}", x[0].type, 1), x)
        if name == "power_of_number":
            result = self.call_c("power", x)
            for number, short in POWERS.items():
                same = b.fcmp_ordered("==", x[1], self.like(x[1], number))
                result = b.select(same, self.write(short, x[:1]), result)
            return result
        if name in DERIVED:
            return DERIVED[name](self, x[0])
        raise ModelError(f"np.{name} has no compiled form; the engine cadcad takes it")


def _sign(w: _Writer, x: ir.Value) -> ir.Value:
    zero = w.like(x, 0.0)
    below = w.b.select(w.b.fcmp_ordered("<", x, zero), w.like(x, -1.0), x)  # NaN stays
    above = w.b.select(w.b.fcmp_ordered(">", x, zero), w.like(x, 1.0), below)
    return w.b.select(w.b.fcmp_ordered("==", x, zero), zero, above)


DERIVED: dict[str, Callable[[_Writer, ir.Value], ir.Value]] = {
    "negative": lambda w, x: w.b.fneg(x),
    "positive": lambda w, x: x,
    "square": lambda w, x: w.b.fmul(x, x),
    "reciprocal": lambda w, x: w.b.fdiv(w.like(x, 1.0), x),
    "sign": _sign,
    "isnan": lambda w, x: w.b.fcmp_unordered("uno", x, x),
    "isfinite": lambda w, x: w.b.fcmp_ordered("ord", w.b.fsub(x, x), w.like(x, 0.0)),
}


class Kernel:
    """Compiled steps. Calling it releases the interpreter's lock, so that threads run side by side."""

    def __init__(self, program: Program, layout: KernelLayout):
        self.layout = layout
        module = ir.Module("step")
        self._callbacks: list[Any] = []
        _write_loop(module, program, layout, self._callbacks)
        self._engine = _compile(str(module))
        kinds = [ctypes.c_void_p] * 8 + [ctypes.c_int64] * 5
        self._call = ctypes.CFUNCTYPE(None, *kinds)(self._engine.get_function_address("simulate"))

    def __call__(self, state, fixed, shocks, offsets, limits, records, failed, clock, steps: int, every: int) -> None:
        """Advance all strips in place.

        state: (strips, carried, LANES). fixed: (strips, fixed, LANES). shocks: (processes, steps, width). offsets: (strips,)
        first column of each strip. limits: (strips, limited, LANES). records: (strips, kept, recorded, LANES).
        failed: (strips, LANES) int64, the step at which a check first failed, 0 for none. clock: (shared,) at the start.
        """
        arrays = (state, fixed, shocks, offsets, limits, records, failed, clock)
        assert all(a.flags.c_contiguous for a in arrays)
        pointers = [a.ctypes.data for a in arrays]
        kept = records.shape[1]
        self._call(*pointers, len(state), steps, shocks.shape[-1], every, kept)


PER_RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def _callback(function: Callable, inputs: int, outputs: int) -> Any:
    """A C function of (which runs, arguments (inputs, LANES), results (outputs, LANES)) around one that takes a run alone."""

    def call(which: int, arguments: int, results: int) -> None:
        wanted = np.ctypeslib.as_array((ctypes.c_double * LANES).from_address(which))
        table = np.ctypeslib.as_array((ctypes.c_double * (inputs * LANES)).from_address(arguments)).reshape(inputs, LANES)
        found = np.ctypeslib.as_array((ctypes.c_double * (outputs * LANES)).from_address(results)).reshape(outputs, LANES)
        for run in np.flatnonzero(wanted):
            try:
                found[:, run] = function(np.ascontiguousarray(table[:, run]))
            except Exception:  # the run fails, and its replay in the reference engine says why
                found[:, run] = np.nan

    return PER_RUN(call)


def _write_call(w: _Writer, arguments: Sequence[ir.Value], function: Callable, outputs: int, keep: list[Any]) -> list[ir.Value]:
    """Results of a function of one run's numbers, called where the first argument is true."""
    b, count = w.b, len(arguments)
    with b.goto_entry_block():
        buffers = [b.alloca(VECTOR, size) for size in (1, max(count - 1, 1), outputs)]
    at = [ir.Constant(INDEX, i) for i in range(max(count, outputs))]
    which = w.vector(w.truth(arguments[0]))
    b.store(b.uitofp(which, VECTOR), buffers[0])
    for i, value in enumerate(arguments[1:]):
        b.store(w.vector(w.number(value)), b.gep(buffers[1], [at[i]]))
    for i in range(outputs):
        b.store(w.vector(ir.Constant(DOUBLE, 0.0)), b.gep(buffers[2], [at[i]]))
    keep.append(_callback(function, count - 1, outputs))
    pointer = ir.PointerType(DOUBLE)
    kind = ir.FunctionType(ir.VoidType(), [pointer] * 3)
    address = ctypes.cast(keep[-1], ctypes.c_void_p).value
    target = b.inttoptr(ir.Constant(INDEX, address), ir.PointerType(kind))
    anyone = b.icmp_unsigned("!=", b.bitcast(which, ir.IntType(LANES)), ir.Constant(ir.IntType(LANES), 0))
    with b.if_then(anyone):
        b.call(target, [b.bitcast(buffer, pointer) for buffer in buffers])
    return [b.load(b.gep(buffers[2], [at[i]])) for i in range(outputs)]


def _write_loop(module: ir.Module, program: Program, layout: KernelLayout, callbacks: list[Any]) -> None:
    pointer = ir.PointerType(DOUBLE)
    integers = ir.PointerType(INDEX)
    kinds = [pointer, pointer, pointer, integers, pointer, pointer, integers, pointer, *[INDEX] * 5]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "simulate")
    for argument in function.args[:8]:
        argument.add_attribute("noalias")
    state, fixed, shocks, offsets, limits, records, failed, clock, strips, steps, width, every, rows_kept = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    strip_loop, step_loop, keep, next_step, next_strip, done = map(
        function.append_basic_block, ("strip", "step", "keep", "next_step", "next_strip", "done")
    )
    whole = ir.IntType(64)
    zero, one, lanes = ir.Constant(whole, 0), ir.Constant(whole, 1), ir.Constant(whole, LANES)
    start_clock = {name: b.load(b.gep(clock, [ir.Constant(whole, row)])) for row, name in enumerate(layout.shared)}
    entry = b.block
    b.cbranch(b.icmp_signed(">", b.mul(strips, steps), zero), strip_loop, done)

    def rows(base: ir.Value, strip: ir.Value, count: int) -> ir.Value:
        return b.gep(base, [b.mul(strip, ir.Constant(whole, max(count, 1) * LANES))])

    def load(base: ir.Value, row: int) -> ir.Value:
        return b.load(b.bitcast(b.gep(base, [ir.Constant(whole, row * LANES)]), ir.PointerType(VECTOR)), align=8)

    def store(value: ir.Value, base: ir.Value, row: int) -> None:
        b.store(value, b.bitcast(b.gep(base, [ir.Constant(whole, row * LANES)]), ir.PointerType(VECTOR)), align=8)

    b.position_at_end(strip_loop)
    strip = b.phi(whole)
    strip.add_incoming(zero, entry)
    my_state, my_fixed = rows(state, strip, len(layout.carried)), rows(fixed, strip, len(layout.fixed))
    my_limits = rows(limits, strip, len(layout.limited))
    my_records = b.gep(records, [b.mul(b.mul(strip, rows_kept), ir.Constant(whole, max(len(layout.recorded), 1) * LANES))])
    my_failed = b.bitcast(b.gep(failed, [b.mul(strip, lanes)]), ir.PointerType(ir.VectorType(whole, LANES)))
    column = b.load(b.gep(offsets, [strip]))
    constants = {name: load(my_fixed, row) for row, name in enumerate(layout.fixed)}
    bounds = {name: load(my_limits, row) for row, name in enumerate(layout.limited)}
    begin = [load(my_state, row) for row in range(len(layout.carried))]
    first_failed = b.load(my_failed, align=8)
    strip_entry = b.block
    b.branch(step_loop)

    b.position_at_end(step_loop)
    step, until_kept, record_row = b.phi(whole), b.phi(whole), b.phi(pointer)
    failing = b.phi(first_failed.type)
    carried = {name: b.phi(VECTOR) for name in layout.carried} | {name: b.phi(DOUBLE) for name in layout.shared}
    writer = _Writer(b, module)
    values: dict[int, ir.Value] = {}
    called: dict[int, list[ir.Value]] = {}

    def result(end: int | Constant) -> ir.Value:
        return ir.Constant(DOUBLE, end.value) if isinstance(end, Constant) else values[end]

    outputs = dict(program.outputs)
    kept = [outputs[name] for name in (*layout.shared, *layout.carried, *layout.recorded)]
    needed = program.needed([*kept, *(end for _, end in program.checks)])
    for position in sorted(needed):
        operation = program.operations[position]
        kind, _, number = operation.name.partition(":")
        if kind == "call":
            arguments = [result(a) for a in operation.arguments[:-1]]
            called[position] = _write_call(writer, arguments, operation.arguments[-1], int(number), callbacks)
            continue
        if kind == "result":
            values[position] = called[operation.arguments[0]][int(number)]
            continue
        if kind != "input":
            arguments = [result(a) for a in operation.arguments]
            values[position] = writer.write(operation.name, arguments)
            continue
        name = operation.arguments[0]
        if name in carried:
            values[position] = carried[name]
        elif name in constants:
            values[position] = constants[name]
        else:
            process = ir.Constant(whole, layout.shocks.index(name.removeprefix(SHOCK)))
            row = b.add(b.mul(process, steps), step)
            values[position] = load(b.gep(shocks, [b.add(b.mul(row, width), column)]), 0)

    # One sum is finite only if all its terms are; a comparison with a NaN is never true.
    total, good = writer.vector(ir.Constant(DOUBLE, 0.0)), None
    for name, end in program.checks:
        value = writer.vector(writer.number(result(end)))
        total = b.fadd(total, value)
        if name in bounds:
            held = b.fcmp_ordered(">=", value, bounds[name])
            good = held if good is None else b.and_(good, held)
    finite = writer.write("isfinite", [total])
    good = finite if good is None else b.and_(good, finite)
    after_step = b.add(step, one)
    now = writer.vector(after_step)
    unmarked = b.icmp_signed("==", failing, ir.Constant(first_failed.type, [0] * LANES))
    marked = b.select(b.and_(b.not_(good), unmarked), now, failing)
    new = {name: writer.number(result(outputs[name])) for name in (*layout.shared, *layout.carried)}
    new |= {name: writer.vector(new[name]) for name in layout.carried}
    recorded = [writer.vector(writer.number(result(outputs[name]))) for name in layout.recorded]
    left = b.sub(until_kept, one)
    step_end = b.block
    b.cbranch(b.icmp_signed("==", left, zero), keep, next_step)

    b.position_at_end(keep)
    for row, value in enumerate(recorded):
        store(value, record_row, row)
    next_row = b.gep(record_row, [ir.Constant(whole, max(len(recorded), 1) * LANES)])
    b.branch(next_step)

    b.position_at_end(next_step)
    following, row_after = b.phi(whole), b.phi(pointer)
    following.add_incoming(left, step_end)
    following.add_incoming(every, keep)
    row_after.add_incoming(record_row, step_end)
    row_after.add_incoming(next_row, keep)
    b.cbranch(b.icmp_signed("<", after_step, steps), step_loop, next_strip)
    for phi, first, then in (
        (step, zero, after_step),
        (until_kept, every, following),
        (record_row, my_records, row_after),
        (failing, first_failed, marked),
        *((carried[name], begin[row], new[name]) for row, name in enumerate(layout.carried)),
        *((carried[name], start_clock[name], new[name]) for name in layout.shared),
    ):
        phi.add_incoming(first, strip_entry)
        phi.add_incoming(then, next_step)

    b.position_at_end(next_strip)
    for row, name in enumerate(layout.carried):
        store(new[name], my_state, row)
    b.store(marked, my_failed, align=8)
    following_strip = b.add(strip, one)
    strip.add_incoming(following_strip, next_strip)
    b.cbranch(b.icmp_signed("<", following_strip, strips), strip_loop, done)
    b.position_at_end(done)
    b.ret_void()


def _compile(text: str) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    module = llvm.parse_assembly(text)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    builder = llvm.create_pass_builder(target, tuning)
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, target)
    engine.finalize_object()
    return engine


@lru_cache(maxsize=32)
def compiled(program: Program, layout: KernelLayout) -> Kernel:
    """The kernel of a program, compiled once a process."""
    return Kernel(program, layout)
