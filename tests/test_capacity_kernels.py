"""The CUDA source of the kernels, run on the host thread by thread, and what its callers keep
within the numbers that it counts in.
"""

import shutil

import numpy as np
import pytest

from device import kernels
from host_gpu import HostGPU, compiled
from tokenomics.capacity import cupy_kernels, cupy_operations
from tokenomics.errors import InputError

GPP = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
FEW = 8  # threads in a block: every loop then goes round, and every barrier is met sooner
OWN = [case for case in kernels.CASES if case[0].__name__ in cupy_kernels.NAMES]
SHARING = [case for case in OWN if case[0] in (kernels.norm, kernels.softmax)]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    return compiled(tmp_path_factory.mktemp("few"), FEW)


def test_products_reach_cublas_the_right_way_round():
    ops = HostGPU(None)
    for case in kernels.CASES:
        if case[0] in (kernels.linear, kernels.attention):
            assert kernels.run(ops, case) < kernels.TOLERANCE["fp32"], kernels.named(case)


@pytest.mark.parametrize("backward", [False, True])
def test_kernels_agree_with_float64_whichever_thread_comes_first(few, backward, monkeypatch):
    monkeypatch.setattr(cupy_kernels, "THREADS", FEW)
    ops = HostGPU(few, backward)
    for case in kernels.CASES:
        assert kernels.run(ops, case) < kernels.TOLERANCE["fp32"], kernels.named(case)


@GPP
def test_kernels_agree_with_float64_with_the_threads_that_a_card_has(tmp_path):
    ops = HostGPU(compiled(tmp_path, cupy_kernels.THREADS))
    for case in OWN:
        assert kernels.run(ops, case) < kernels.TOLERANCE["fp32"], kernels.named(case)


BARRIER = "    __syncthreads();\n    shared[threadIdx.x] = value;\n"


@GPP
@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (BARRIER, "    shared[threadIdx.x] = value;\n"),
        ("    shared[threadIdx.x] = value;\n    __syncthreads();\n", BARRIER[21:]),
        ("        __syncthreads();\n", ""),
        ("/ group + 1", "/ group"),
    ],
)
def test_a_barrier_or_an_element_left_out_is_seen(line, instead, tmp_path, monkeypatch):
    assert line in cupy_kernels.SOURCE
    monkeypatch.setattr(cupy_kernels, "THREADS", FEW)
    library = compiled(tmp_path, FEW, cupy_kernels.SOURCE.replace(line, instead))
    worst = max(
        kernels.run(HostGPU(library, backward), case)
        for case in SHARING
        for backward in (False, True)
    )
    assert worst > kernels.TOLERANCE["fp32"]


# --- limits ---------------------------------------------------------------------------------------


def test_numbers_beyond_the_kernels_int_are_refused_and_not_wrapped():
    assert cupy_operations.int32(2**31 - 1)[0] == 2**31 - 1
    with pytest.raises(InputError, match="2147483648 rows, columns or blocks in one call"):
        cupy_operations.int32(5, 2**31)


def long(*shape):
    """An array of a shape that no memory holds: one element, repeated."""
    return np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), shape, (0,) * len(shape))


@pytest.mark.parametrize(
    "call",
    [
        lambda ops: ops.norm(long(2**31, 8), long(8), 1e-5, long(2**31, 8)),
        lambda ops: ops.gated(long(2**31, 2**10), long(2**31, 2**9)),
        lambda ops: ops.softmax(long(2**20, 2**12, 8), 1, 7),
        lambda ops: ops.linear(long(4, 8), long(2**31, 8), long(4, 2**31)),
    ],
)
def test_a_grid_or_a_matrix_beyond_an_int_is_refused_before_it_is_launched(call):
    ops = object.__new__(cupy_operations.CuPyOperations)
    with pytest.raises(InputError, match="expected at most 2147483647"):
        call(ops)


def test_the_far_cases_reach_beyond_32_bits_and_stay_within_the_memory_that_is_asked_for():
    for function, sizes in kernels.FAR_CASES:
        if function is kernels.rotate:
            batch, heads, _, _, width, _, capacity = sizes
            most, arrays = batch * heads * capacity * width, 2
        else:
            most = int(np.prod(sizes[:2])) * (2 if function is kernels.gated else 1)
            most, arrays = (most * sizes[3], 1) if function is kernels.softmax else (most, 2)
        assert most > kernels.FAR and 2 * arrays * most < kernels.FAR_BYTES
