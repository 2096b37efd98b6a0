"""Uniforms and standard normals of many streams, drawn in the processor's vector registers."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from . import normal, philox

if TYPE_CHECKING:
    import llvmlite.ir as ir

STREAMS = 16  # side by side: of 8, each operation would wait for the one before
WORDS = 4  # of a counter


def draw(seed: int, streams: np.ndarray, count: int, *, normals: bool) -> np.ndarray:
    """The first `count` numbers of every stream, (count, streams): uniforms in (0, 1), or the
    normals of which these are the probabilities.

    streams: (streams,) unsigned 64-bit words; a stream is that of `numpy.random.Philox` with the
    key (seed, stream). Both must be 64-bit words.
    """
    width, blocks = -(-len(streams) // STREAMS) * STREAMS, -(-count // WORDS)
    keys = np.zeros(width, dtype=np.uint64)
    keys[: len(streams)] = streams
    found = np.empty((blocks * WORDS, width))
    draw_strip = _drawing()[normals]
    for first in range(0, width, STREAMS):
        at = 8 * first
        draw_strip(seed, keys.ctypes.data + at, found.ctypes.data + at, blocks, width)
    return found[:count, : len(streams)]


@lru_cache(maxsize=1)
def _drawing() -> dict[bool, ctypes._CFuncPtr]:
    from .machine_code import load  # LLVM takes a while to import

    code = load("draws", _assembly)
    kinds = [ctypes.c_uint64, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2]
    return {normals: code.function(f"draw_{normals}", *kinds) for normals in (False, True)}


def _assembly() -> str:
    import llvmlite.ir as ir

    module = ir.Module("draws")
    for normals in (False, True):
        _write(ir, module, normals)
    return str(module)


def _write(ir, module: ir.Module, normals: bool) -> None:
    """The loop over the counters of a strip of streams: each gives a row of numbers for every
    word.
    """
    from .vectors import DOUBLE, INDEX, Vectors, function

    kinds = [INDEX, ir.PointerType(INDEX), ir.PointerType(DOUBLE), INDEX, INDEX]
    made = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), f"draw_{normals}")
    seed, keys, out, blocks, stride = made.args
    entry, turn, done = (made.append_basic_block(name) for name in ("entry", "turn", "done"))
    b = ir.IRBuilder(entry)
    o = Vectors(b, STREAMS)
    key = b.load(b.bitcast(keys, ir.PointerType(o.words)), align=8)
    b.cbranch(b.icmp_signed(">", blocks, ir.Constant(INDEX, 0)), turn, done)
    b.position_at_end(turn)
    number = b.phi(INDEX)
    number.add_incoming(ir.Constant(INDEX, 0), entry)
    following = b.add(number, ir.Constant(INDEX, 1))
    counter = (o.spread(following), *[o.i(0)] * 3)  # the first counter is 1
    for row, word in enumerate(philox.block(o, counter, (o.spread(seed), key))):
        value = philox.uniform(o, word)
        if normals:
            inverse = function(module, "ndtri", normal.ndtri_of_inside, 1, STREAMS)
            value = b.call(inverse, [value], cconv="fastcc")
        step = b.add(b.mul(number, ir.Constant(INDEX, WORDS)), ir.Constant(INDEX, row))
        place = b.gep(out, [b.mul(step, stride)])
        b.store(value, b.bitcast(place, ir.PointerType(o.floats)), align=8)
    number.add_incoming(following, turn)
    b.cbranch(b.icmp_signed("<", following, blocks), turn, done)
    b.position_at_end(done)
    b.ret_void()
