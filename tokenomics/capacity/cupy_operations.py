"""The operations of a decoder on CuPy, and how they are timed on a GPU. Written for CuPy 13 and 14;
not yet run on a GPU.

Matrix products call cuBLAS through nvmath-python and not through CuPy, for two reasons: CuPy (14.2
and before) refuses every cuBLAS call while a stream is captured (`setStream` raises
NotImplementedError), and its batched products cast fp16 to fp32 and copy a transposed operand
(cupy/cupy#10317), which would read the KV cache several times. The handle has a workspace of its
own, so that cuBLAS allocates nothing during capture.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InputError
from . import cupy_kernels

WORKSPACE = (
    32 * 1024**2
    # bytes; NVIDIA's recommendation for Hopper, more than older cards need (cuBLAS manual,
    # cublasSetWorkspace)
)
DATA_TYPES = {
    "fp32": 0,
    "fp16": 2,
    "bf16": 14,
}  # CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF of library_types.h
PLAIN = {"fp32": "float32", "fp16": "float16"}
SLAB = 2**24  # random numbers drawn at once, in float32: what an array needs besides itself
WARM_UP = 3  # runs before a capture: kernels are compiled and cuBLAS chooses its own
# of the kernels' int, of cuBLAS's dimensions and of a grid along x (CUDA C++ guide, compute
# capabilities); CuPy casts a larger grid to int without a word, and NumPy 1 a larger int32
INT_LIMIT = 2**31 - 1


def within_int(*numbers: int) -> None:
    """Raise InputError for a number that the kernels and cuBLAS would take for another."""
    if max(numbers) > INT_LIMIT:
        raise InputError(
            f"{max(numbers)} rows, columns or blocks in one call",
            key="batch",
            expected=f"at most {INT_LIMIT}",
        )


def int32(*numbers: int) -> tuple[np.int32, ...]:
    """Numbers as a kernel's int."""
    within_int(*numbers)
    return tuple(np.int32(n) for n in numbers)


class CuPyOperations:
    """The same operations as NumPyOperations, on the current GPU and on one stream."""

    backend, figure_of = "cupy", "gpu"

    def __init__(self, cupy: Any, precision: str) -> None:
        try:
            from nvmath.bindings import cublas
        except ImportError:
            raise InputError(
                "the package nvmath-python is not installed",
                argument="backend",
                expected="the extra cuda12 or cuda13: captured products need it",
            ) from None
        self.xp, self.precision, self.cublas = cupy, precision, cublas
        self.dtype = np.dtype(
            importlib.import_module("ml_dtypes").bfloat16
            if precision == "bf16"
            else PLAIN[precision]
        )
        # the legacy stream cannot be captured; one stream for all precisions, because CuPy launches
        # on the current one, and work on two would not wait for each other
        self.stream = cupy.cuda.get_current_stream()
        if self.stream == cupy.cuda.Stream.null:
            self.stream = cupy.cuda.Stream(non_blocking=True)
            self.stream.use()
        kind = cupy_kernels.TYPES[precision]
        names = [f"{name}<{kind}>" for name in cupy_kernels.NAMES]
        options = ("-std=c++17", "-DWITH_BF16") if precision == "bf16" else ("-std=c++17",)
        module = cupy.RawModule(code=cupy_kernels.SOURCE, options=options, name_expressions=names)
        self.kernels = {
            name: module.get_function(full)
            for name, full in zip(cupy_kernels.NAMES, names, strict=True)
        }
        self.handle = cublas.create()
        self.workspace = cupy.empty(WORKSPACE, dtype=np.uint8)
        # in this order: setting the stream puts the workspace back to cuBLAS's own
        cublas.set_stream(self.handle, self.stream.ptr)
        cublas.set_workspace(self.handle, self.workspace.data.ptr, WORKSPACE)
        self.one, self.zero = np.ones(1, dtype=np.float32), np.zeros(1, dtype=np.float32)

    def array(self, shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> Any:
        """Normal numbers of a standard deviation, drawn on the GPU from a seed that `rng` gives."""
        draw, out = (
            self.xp.random.RandomState(int(rng.integers(2**31))),
            self.xp.empty(shape, dtype=self.dtype),
        )
        flat = out.reshape(-1)
        for first in range(0, flat.size, SLAB):
            part = flat[first : first + SLAB]
            part[...] = draw.standard_normal(part.shape, dtype=np.float32) * np.float32(scale)
        return out

    def empty(self, shape: tuple[int, ...]) -> Any:
        """An array of zeros."""
        return self.xp.zeros(shape, dtype=self.dtype)

    def _product(self, a: Any, b: Any, out: Any, transposed: bool) -> None:
        """out[i] = a[i]·b[i]ᵀ, or a[i]·b[i]. Rows of every operand are contiguous; cuBLAS sees each
        as its transpose.
        """
        size = a.dtype.itemsize
        count, rows, inner = a.shape
        leading = [array.strides[1] // size for array in (b, a, out)]
        strides = [array.strides[0] // size for array in (b, a, out)]
        within_int(count, rows, inner, out.shape[2], *leading)
        kind, operation = DATA_TYPES[self.precision], self.cublas.Operation
        self.cublas.gemm_strided_batched_ex(
            self.handle,
            int(operation.T if transposed else operation.N),
            int(operation.N),
            out.shape[2],
            rows,
            inner,
            self.one.ctypes.data,
            b.data.ptr,
            kind,
            leading[0],
            strides[0],
            a.data.ptr,
            kind,
            leading[1],
            strides[1],
            self.zero.ctypes.data,
            out.data.ptr,
            kind,
            leading[2],
            strides[2],
            count,
            int(self.cublas.ComputeType.COMPUTE_32F),
            int(self.cublas.GemmAlgo.DFALT),
        )

    def linear(self, x: Any, weight: Any, out: Any) -> None:
        """out = x·weightᵀ; weight is (outputs, inputs)."""
        self._product(x[None], weight[None], out[None], True)

    def scores(self, query: Any, key: Any, out: Any) -> None:
        """out[i] = query[i]·key[i]ᵀ."""
        self._product(query, key, out, True)

    def mix(self, share: Any, value: Any, out: Any) -> None:
        """out[i] = share[i]·value[i]."""
        self._product(share, value, out, False)

    def norm(self, x: Any, gain: Any, epsilon: float, out: Any) -> None:
        """RMS norm of the rows."""
        self._launch("norm", x.shape[0], (x, gain, out, *int32(x.shape[1]), np.float32(epsilon)))

    def gated(self, gate_up: Any, out: Any) -> None:
        """SiLU(gate)·up."""
        blocks = -(-out.size // cupy_kernels.THREADS)
        self._launch("gated", blocks, (gate_up, out, np.int64(out.size), *int32(out.shape[1])))

    def rotate(
        self,
        qkv: Any,
        cosine: Any,
        sine: Any,
        query: Any,
        key: Any,
        value: Any,
        past: int,
        scale: float,
    ) -> None:
        """Rotary embedding; keys and values go to the cache."""
        batch, kv_heads, tokens, group, width = query.shape
        sizes = int32(tokens, kv_heads, group, width, past, key.shape[2])
        self._launch(
            "rotate",
            batch * tokens,
            (qkv, cosine, sine, query, key, value, *sizes, np.float32(scale)),
        )

    def softmax(self, scores: Any, group: int, past: int) -> None:
        """Causal softmax in place."""
        count, rows, columns = scores.shape
        self._launch("softmax", count * rows, (scores, *int32(rows, group, columns, past)))

    def add(self, x: Any, y: Any) -> None:
        """x += y."""
        self.xp.add(x, y, out=x)

    def _launch(self, name: str, blocks: int, arguments: tuple[Any, ...]) -> None:
        within_int(blocks)
        self.kernels[name]((blocks,), (cupy_kernels.THREADS,), arguments)

    def captured(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step as one CUDA graph, so that its launches cost the host nothing."""
        for _ in range(WARM_UP):
            step()
        self.stream.synchronize()
        self.stream.begin_capture()
        try:
            step()
        finally:  # a stream that is left capturing refuses all that comes after
            graph = self.stream.end_capture()
        return lambda: graph.launch(self.stream)

    def timed(self, step: Callable[[], None], repeats: int, seconds: float) -> list[float]:
        """Times between device events [s], three at least, no new one after `seconds`."""
        cuda, times = self.xp.cuda, []
        first, last = cuda.Event(), cuda.Event()
        begin = time.perf_counter()
        while len(times) < repeats and (len(times) < 3 or time.perf_counter() - begin < seconds):
            first.record(self.stream)
            step()
            last.record(self.stream)
            last.synchronize()
            times.append(1e-3 * cuda.get_elapsed_time(first, last))
        return times

    def free_memory(self) -> int:
        """Bytes that can be allocated; what CuPy keeps for reuse is given back first."""
        self.xp.get_default_memory_pool().free_all_blocks()
        return int(self.xp.cuda.runtime.memGetInfo()[0])

    def described(self) -> dict[str, str]:
        """Names of device and software."""
        runtime = self.xp.cuda.runtime
        name = runtime.getDeviceProperties(self.xp.cuda.Device().id)["name"].decode()
        return {
            "device": name,
            "driver": f"CUDA {runtime.driverGetVersion()}",
            "cuda": (
                f"runtime {runtime.runtimeGetVersion()}, cuBLAS "
                f"{self.cublas.get_version(self.handle)}"
            ),
            "library": f"cupy {self.xp.__version__}",
        }
