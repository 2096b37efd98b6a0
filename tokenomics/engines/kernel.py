"""A program compiled to machine code: all steps of many runs, eight runs side by side."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir

from .step_loop import KINDS, KernelLayout, write_loop
from .trace import Program


class Kernel:
    """Compiled steps. Calling it releases the interpreter's lock, so that threads run side by
    side.
    """

    def __init__(self, program: Program, layout: KernelLayout):
        self.layout = layout
        module = ir.Module("step")
        self._callbacks = write_loop(
            module, program, layout
        )  # what the code calls must live as long as it
        self._engine = _compile(str(module))
        kinds = [
            ctypes.c_void_p if isinstance(kind, ir.PointerType) else ctypes.c_int64
            for kind in KINDS
        ]
        self._call = ctypes.CFUNCTYPE(None, *kinds)(self._engine.get_function_address("simulate"))

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
