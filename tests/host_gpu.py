"""A stand-in for a GPU and CuPy on the host: the CUDA source of the kernels, compiled by g++, with
a fiber for each thread of a block; cuBLAS by its own description; a stream whose capture records.

What a capture does not record is lost in a replay; what CUDA forbids while one runs is an error.
"""

import ctypes
import re
import subprocess
from types import SimpleNamespace

import numpy as np

from host_cublas import CUBLAS
from host_stream import TAPE, Event, OnHost, Stream
from tokenomics.capacity import cupy_kernels
from tokenomics.capacity.cupy_operations import CuPyOperations

HEADER = r"""
#include <math.h>
#include <string.h>
#include <ucontext.h>
#define MOST 256
#define STACK 65536
struct Place { unsigned x; };
static Place threadIdx, blockIdx, blockDim;
static ucontext_t scheduler, fibers[MOST];
static char stacks[MOST][STACK], ended[MOST];
static int waiting;
static void (*call)(void*);
static void* given;
#define __global__
#define __device__ static
#define __shared__ static
#define __launch_bounds__(threads)
static inline float rsqrtf(float value) { return 1.0f / sqrtf(value); }
static void __syncthreads() {
    unsigned self = threadIdx.x;
    waiting++;
    swapcontext(&fibers[self], &scheduler);
    threadIdx.x = self;
}
static void fiber(int self) {
    threadIdx.x = self;
    call(given);
    ended[self] = 1;
}
// all threads to their next barrier or their end, in one order or the other; 1 where some wait for
// a barrier that others never reach
template <typename Kernel>
static int launch(unsigned blocks, int threads, int backward, Kernel kernel) {
    call = [](void* of) { (*(Kernel*)of)(); };
    given = &kernel;
    blockDim.x = threads;
    for (unsigned block = 0; block < blocks; block++) {
        blockIdx.x = block;
        memset(ended, 0, MOST);
        for (int t = 0; t < threads; t++) {
            getcontext(&fibers[t]);
            fibers[t].uc_stack.ss_sp = stacks[t];
            fibers[t].uc_stack.ss_size = STACK;
            fibers[t].uc_link = &scheduler;
            makecontext(&fibers[t], (void (*)())fiber, 1, t);
        }
        for (waiting = threads; waiting;) {
            waiting = 0;
            for (int i = 0; i < threads; i++) {
                int t = backward ? threads - 1 - i : i;
                if (!ended[t]) swapcontext(&scheduler, &fibers[t]);
            }
            if (waiting && waiting != threads) return 1;
        }
    }
    return 0;
}
"""
C_TYPES = {"int": (np.int32, ctypes.c_int), "long long": (np.int64, ctypes.c_longlong)}
C_TYPES |= {"float": (np.float32, ctypes.c_float)}


def parameters(name, source=cupy_kernels.SOURCE):
    """The types of a kernel's parameters, such as `int` or `const T*`."""
    text = re.search(rf"__global__ void .*?\b{name}\(([^)]*)\)", source).group(1)
    return [one.strip().rpartition(" ")[0] for one in text.split(",")]


def compiled(folder, threads, source=cupy_kernels.SOURCE):
    """The kernels as a library, with so many threads in a block."""
    source = source.replace("#define THREADS 256", f"#define THREADS {threads}")
    for name in cupy_kernels.NAMES:
        types = [t.replace("T*", "float*") for t in parameters(name)]
        taken = ", ".join(f"{t} a{i}" for i, t in enumerate(types))
        given = ", ".join(f"a{i}" for i in range(len(types)))
        source += f"""extern "C" int run_{name}(unsigned blocks, int backward, {taken}) {{
            return launch(blocks, THREADS, backward, [=] {{ {name}<float>({given}); }});
        }}\n"""
    (folder / "cuda_fp16.h").write_text(HEADER)
    (folder / "kernels.cpp").write_text(source)
    command = "g++ -std=c++17 -O0 -fno-gnu-unique -shared -fPIC -w -I. kernels.cpp -o kernels.so"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, text=True)
    return ctypes.CDLL(str(folder / "kernels.so"))


class MemoryHook:
    """Counts what is allocated inside."""

    inside = None

    def __enter__(self):
        MemoryHook.inside = self

    def __exit__(self, *_):
        MemoryHook.inside = None


def allocated(make):
    """An allocation of NumPy's as one of CuPy's."""

    def array(*arguments, **options):
        TAPE.forbid("an allocation")
        if MemoryHook.inside is not None:
            MemoryHook.inside.malloc_preprocess(size=0)
        return make(*arguments, **options).view(OnHost)

    return array


class RandomState:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def standard_normal(self, shape, dtype):
        return self.rng.standard_normal(shape, dtype=dtype).view(OnHost)


class HostCuPy:
    """The part of CuPy that the operations use; the rest is NumPy's."""

    __version__ = "14.0.0"
    random = SimpleNamespace(RandomState=RandomState)
    empty, zeros, asarray = (staticmethod(allocated(f)) for f in (np.empty, np.zeros, np.asarray))
    runtime = SimpleNamespace(
        memGetInfo=lambda: (2**30, 2**30),
        getDeviceProperties=lambda number: {"name": b"stand-in on the host"},
        driverGetVersion=lambda: 0,
        runtimeGetVersion=lambda: 0,
    )
    cuda = SimpleNamespace(
        Device=lambda: SimpleNamespace(compute_capability="61", id=0),
        Event=Event,
        MemoryHook=MemoryHook,
        get_elapsed_time=lambda first, last: 1e3 * (last.at - first.at),
        runtime=runtime,
    )

    def __getattr__(self, name):
        return getattr(np, name)

    def add(self, x, y, out):
        TAPE.do(lambda: np.add(x, y, out=out))

    def get_default_memory_pool(self):
        return SimpleNamespace(free_all_blocks=lambda: None)


class HostGPU(CuPyOperations):
    """CuPyOperations with all that is CuPy's or cuBLAS's replaced, and nothing else."""

    def __init__(self, library, backward=False):
        self.xp, self.precision, self.cublas = HostCuPy(), "fp32", CUBLAS
        self.dtype, self.stream, self.handle = np.dtype("float32"), Stream(), 0
        self.one, self.zero = np.ones(1, np.float32), np.zeros(1, np.float32)
        self.workspace = np.zeros(1, np.uint8).view(OnHost)
        self.compiled, self.backward = library, backward
        self.kernels = {name: self._kernel(name) for name in cupy_kernels.NAMES if library}

    def _kernel(self, name):
        run, types = getattr(self.compiled, f"run_{name}"), parameters(name)

        def work(grid, block, arguments):
            assert block == (cupy_kernels.THREADS,) and 0 < grid[0] < 2**31
            given = []
            for kind, value in zip(types, arguments, strict=True):
                if kind.endswith("*"):
                    assert value.dtype == np.float32 and value.flags.c_contiguous
                    given.append(ctypes.c_void_p(value.data.ptr))
                else:
                    scalar, to_c = C_TYPES[kind]
                    assert type(value) is scalar, f"{name}: {type(value)} for {kind}"
                    given.append(to_c(value))

            def launched():
                if run(ctypes.c_uint(grid[0]), int(self.backward), *given):
                    raise RuntimeError(f"{name}: threads that wait for others that ended")

            TAPE.do(launched)

        return work
