"""A program compiled to machine code: all steps of many runs, several runs side by side."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from functools import lru_cache

import llvmlite.ir as ir

from ..elementary.machine_code import load
from .instructions import FUNCTIONS, LANES, callback
from .program import Program
from .step_loop import KINDS, KernelLayout, calls, write_loop


class Kernel:
    """Compiled steps. Calling it releases the interpreter's lock, so that threads run side by
    side.
    """

    def __init__(self, program: Program, layout: KernelLayout):
        self.layout = layout
        self._code = load(_named(program, layout), lambda: _assembly(program, layout))
        # what the code calls must live as long as it
        self._callbacks = [
            callback(call.arguments[-1], len(call.arguments) - 2, int(call.name.partition(":")[2]))
            for call in calls(program)
        ]
        addresses = (ctypes.c_void_p * len(self._callbacks)).from_address(
            self._code.address(FUNCTIONS)
        )
        for number, made in enumerate(self._callbacks):
            addresses[number] = ctypes.cast(made, ctypes.c_void_p).value
        kinds = [
            ctypes.c_void_p if isinstance(kind, ir.PointerType) else ctypes.c_int64
            for kind in KINDS
        ]
        self._call = self._code.function("simulate", *kinds)

    def __call__(
        self,
        state,
        fixed,
        shocks,
        offsets,
        limits,
        records,
        accumulators,
        failed,
        clock,
        steps: int,
        every: int,
    ) -> None:
        """Advance all strips in place.

        state: (strips, carried, LANES). fixed: (strips, fixed, LANES). shocks: (processes, steps,
        width). offsets: (strips,) first column of each strip. limits: (strips, limited, LANES).
        records: (strips, kept, recorded, LANES). accumulators: (strips, accumulated, LANES).
        failed: (strips, LANES) int64, the step at which a check first failed, 0 for none. clock:
        (shared,) at the start.
        """
        arrays = (state, fixed, shocks, offsets, limits, records, accumulators, failed, clock)
        assert all(a.flags.c_contiguous for a in arrays)
        pointers = [a.ctypes.data for a in arrays]
        kept = records.shape[1]
        self._call(*pointers, len(state), steps, shocks.shape[-1], every, kept)


def _assembly(program: Program, layout: KernelLayout) -> str:
    module = ir.Module("step")
    write_loop(module, program, layout)
    return str(module)


def _named(program: Program, layout: KernelLayout) -> str:
    """All that the code depends on. Of the Python functions that it calls only their number."""
    operations = tuple(
        replace(o, arguments=tuple("" if callable(a) else a for a in o.arguments))
        for o in program.operations
    )
    return repr((LANES, layout, replace(program, operations=operations)))


@lru_cache(maxsize=32)
def compiled(program: Program, layout: KernelLayout) -> Kernel:
    """The kernel of a program, compiled once a process."""
    return Kernel(program, layout)
