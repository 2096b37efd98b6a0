"""The loops of the universal functions as LLVM instructions."""

from __future__ import annotations

import llvmlite.ir as ir

from .functions import TABLE, Function
from .operations import either_nan
from .vectors import DOUBLE, INDEX, Vectors, function

LANES = 8
BYTES = ir.PointerType(ir.IntType(8))


def write_loop(module: ir.Module, one: Function) -> None:
    """The loop of a universal function: LANES numbers at a time, from wherever they lie. Where
    fewer are left the first of them fills up, so that no other number raises a flag, and so that
    NaN raises none, 1 is computed with in its place.
    """
    kinds = [ir.PointerType(BYTES), ir.PointerType(INDEX), ir.PointerType(INDEX), BYTES]
    loop = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), f"loop_{one.name}")
    entry, turn, done = (loop.append_basic_block(name) for name in ("entry", "turn", "done"))
    b = ir.IRBuilder(entry)
    ends = one.arguments + 1
    pointers = [b.load(b.gep(loop.args[0], [_whole(i)])) for i in range(ends)]
    strides = [b.load(b.gep(loop.args[2], [_whole(i)])) for i in range(ends)]
    count = b.load(loop.args[1])
    lane = ir.VectorType(DOUBLE, LANES)
    buffers = [b.alloca(lane) for _ in range(ends)]
    dense = ir.Constant(ir.IntType(1), 1)
    for stride in strides:
        dense = b.and_(dense, b.icmp_signed("==", stride, _whole(8)))
    b.cbranch(b.icmp_signed(">", count, _whole(0)), turn, done)
    b.position_at_end(turn)
    at = b.phi(INDEX)
    at.add_incoming(_whole(0), entry)
    left = b.sub(count, at)
    whole = b.and_(dense, b.icmp_signed(">=", left, _whole(LANES)))
    size = b.select(b.icmp_signed("<", left, _whole(LANES)), left, _whole(LANES))

    def place(end: int, index: ir.Value, kind: ir.Type) -> ir.Value:
        moved = b.gep(pointers[end], [b.mul(index, strides[end])])
        return b.bitcast(moved, ir.PointerType(kind))

    def cell(end: int, index: ir.Value) -> ir.Value:
        return b.gep(b.bitcast(buffers[end], ir.PointerType(DOUBLE)), [index])

    with b.if_else(whole) as (then, otherwise):
        with then:
            for end in range(one.arguments):
                b.store(b.load(place(end, at, lane), align=8), buffers[end])
        with otherwise:
            for end in range(one.arguments):
                for i in range(LANES):
                    inside = b.icmp_signed("<", _whole(i), size)
                    chosen = b.select(inside, b.add(at, _whole(i)), at)
                    b.store(b.load(place(end, chosen, DOUBLE), align=8), cell(end, _whole(i)))
    given, o = [b.load(x) for x in buffers[:-1]], Vectors(b, LANES)
    made = function(module, one.name, one.form, one.arguments, LANES)
    unknown = either_nan(o, given[0], given[-1])
    result = b.call(made, [o.sel(unknown, o.f(1.0), x) for x in given], cconv="fastcc")
    result = o.sel(unknown, one.of_nan(o, *given), result)
    with b.if_else(whole) as (then, otherwise):
        with then:
            b.store(result, place(ends - 1, at, lane), align=8)
        with otherwise:
            b.store(result, buffers[-1])
            for i in range(LANES):
                with b.if_then(b.icmp_signed("<", _whole(i), size)):
                    value = b.load(cell(ends - 1, _whole(i)))
                    b.store(value, place(ends - 1, b.add(at, _whole(i)), DOUBLE), align=8)
    following = b.add(at, _whole(LANES))
    at.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, count), turn, done)
    b.position_at_end(done)
    b.ret_void()


def _whole(number: int) -> ir.Constant:
    return ir.Constant(INDEX, number)


def assembly() -> str:
    """The loops of all functions."""
    module = ir.Module("elementary")
    for one in TABLE.values():
        write_loop(module, one)
    return str(module)
