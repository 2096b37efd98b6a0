"""cuBLAS and cuBLASLt by their own description, at addresses of this process; what they do goes
through the stand-in's stream.
"""

import ctypes
from types import SimpleNamespace

import numpy as np

from host_stream import TAPE
from tokenomics.capacity.cupy_fp8 import e4m3


def column_major(pointer, rows, columns, leading):
    """A column-major matrix of cuBLAS's conventions at an address of this process."""
    step = ctypes.sizeof(ctypes.c_float)
    flat = np.ctypeslib.as_array(
        (ctypes.c_float * (leading * (columns - 1) + rows)).from_address(pointer)
    )
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (step, step * leading))


def gemm(
    handle, ta, tb, m, n, k, alpha, a, atype, lda, sa, b, btype, ldb, sb, beta, c, ctype, ldc, sc,
    count, compute, algorithm,
):  # fmt: skip
    """What cublasGemmStridedBatchedEx says it does."""

    def work():
        for i in range(count):
            left = column_major(a + 4 * i * sa, *((k, m) if ta else (m, k)), lda)
            right = column_major(b + 4 * i * sb, *((n, k) if tb else (k, n)), ldb)
            product = (left.T if ta else left) @ (right.T if tb else right)
            column_major(c + 4 * i * sc, m, n, ldc)[...] = product

    TAPE.do(work)


CUBLAS = SimpleNamespace(
    Operation=SimpleNamespace(N=0, T=1),
    ComputeType=SimpleNamespace(COMPUTE_32F=68),
    GemmAlgo=SimpleNamespace(DFALT=-1),
    gemm_strided_batched_ex=gemm,
    get_version=lambda handle: 0,
)


class CuBLASLt:
    """What cublasLt says of products in fp8: which operands it takes, and what comes out."""

    MatmulDescAttribute = SimpleNamespace(TRANSA=3, TRANSB=4, FAST_ACCUM=25)
    MatmulPreferenceAttribute = SimpleNamespace(MAX_WORKSPACE_BYTES=1)
    matmul_heuristic_result_dtype = np.dtype([("algo", "u8", 8), ("state", "i4", 8)])
    widths = {3: np.int32, 4: np.int32, 25: np.int8, 1: np.uint64}

    def __init__(self):
        self.things = [{}]

    def _thing(self, *of):
        self.things.append({"of": of})
        return len(self.things) - 1

    def create(self):
        return self._thing()

    matmul_desc_create = matrix_layout_create = _thing
    matmul_preference_create = create

    def matmul_desc_set_attribute(self, thing, attribute, address, size):
        width = np.dtype(self.widths[attribute])
        assert size == width.itemsize
        value = np.frombuffer(ctypes.string_at(address, size), width)
        self.things[thing][attribute] = int(value[0])

    matmul_preference_set_attribute = matmul_desc_set_attribute

    def matmul_algo_get_heuristic(self, handle, how, a, b, c, d, preference, most, found, count):
        fits = self.things[how].get(3) == 1 and self.things[how].get(4) == 0
        for layout in (a, b, d):
            kind, rows, _, leading = self.things[layout]["of"]
            fits &= leading >= rows and leading * (1 if kind == 28 else 2) % 16 == 0
        ctypes.c_int32.from_address(count).value = int(fits)

    def matmul(
        self, handle, how, alpha, a, of_a, b, of_b, beta, c, of_c, d, of_d, algo, workspace, size,
        stream,
    ):  # fmt: skip
        def matrix(address, layout):
            kind, rows, columns, leading = self.things[layout]["of"]
            element = ctypes.c_uint8 if kind == 28 else ctypes.c_uint16
            flat = np.ctypeslib.as_array((element * (leading * columns)).from_address(address))
            return flat.reshape(columns, leading).T[:rows]

        product = e4m3(matrix(a, of_a)).T @ e4m3(matrix(b, of_b))
        matrix(d, of_d)[...] = product.astype(np.float16).view(np.uint16)
