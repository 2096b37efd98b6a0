"""The rate of fp8 products, a ceiling of cards from compute capability 8.9 on. No decoder runs in
fp8 here: weights would have to be quantised with scales, and random ones say nothing of that.

cuBLASLt takes fp8 (E4M3) only as weightᵀ-by-x, both with contiguous inputs, which is how a layer's
weights lie anyway; inputs and outputs are multiples of 16, addresses of 16 bytes (cuBLAS manual,
cublasLtMatmul). Scales are left at one. Sums may be shortened as servers let them be
(`FAST_ACCUM`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InputError
from .cupy_operations import DATA_TYPES, WORKSPACE, CuPyOperations

CAPABILITY = 89  # least compute capability with matrix units for it (NVIDIA, CUDA C++ guide)
E4M3 = 28  # CUDA_R_8F_E4M3 of library_types.h
MULTIPLE = 16
LARGEST_CODE = 0x40  # codes below it are numbers under 2, so that no sum leaves fp16


def e4m3(codes: np.ndarray) -> np.ndarray:
    """Numbers that codes stand for: sign, 4 bits of exponent with a bias of 7, 3 of mantissa."""
    exponent, mantissa = (codes >> 3) & 15, codes & 7
    size = np.where(
        exponent == 0,
        mantissa * 2.0**-9,
        (8.0 + mantissa) * 2.0 ** (exponent.astype(float) - 10.0),
    )
    return np.where(codes & 0x80, -1.0, 1.0) * np.where(codes & 0x7F == 0x7F, np.nan, size)


def random_codes(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Codes of numbers of both signs, alike in number."""
    return (rng.integers(0, LARGEST_CODE, shape) | rng.integers(0, 2, shape) << 7).astype(np.uint8)


def refuse_layout(x: Any, weight: Any, out: Any) -> None:
    """Raise InputError for operands that cuBLASLt would refuse without a reason."""
    sizes = (*x.shape, *weight.shape, *out.shape)
    if any(size % MULTIPLE for size in sizes):
        raise InputError(
            f"{x.shape} by {weight.shape}", key="fp8", expected=f"multiples of {MULTIPLE}"
        )
    for array in (x, weight, out):
        if array.data.ptr % MULTIPLE or array.strides != (
            array.shape[1] * array.itemsize,
            array.itemsize,
        ):
            raise InputError(
                "an operand with gaps or off its alignment",
                key="fp8",
                expected=f"contiguous rows from a multiple of {MULTIPLE} bytes on",
            )


def has_fp8(ops: Any) -> bool:
    """Whether these operations' device multiplies in fp8."""
    if ops.backend == "numpy":
        return False
    return int(ops.xp.cuda.Device().compute_capability) >= CAPABILITY


def fp8_product(ops: CuPyOperations, x: Any, weight: Any, out: Any) -> Callable[[], None]:
    """What computes out = x·weightᵀ. x: codes (rows, inputs); weight: codes (outputs, inputs); out:
    fp16 (rows, outputs).

    Raises InputError where cuBLASLt knows no way on this card.
    """
    from nvmath.bindings import cublasLt

    refuse_layout(x, weight, out)
    (rows, inner), outputs = x.shape, weight.shape[0]
    handle, single = cublasLt.create(), DATA_TYPES["fp32"]
    described = cublasLt.matmul_desc_create(int(ops.cublas.ComputeType.COMPUTE_32F), single)
    names, preferred = cublasLt.MatmulDescAttribute, cublasLt.MatmulPreferenceAttribute

    def told(set_attribute: Callable, what: int, attribute: Any, value: np.generic) -> None:
        held = np.array([value])
        set_attribute(what, int(attribute), held.ctypes.data, held.nbytes)

    for attribute, value in (
        (names.TRANSA, np.int32(ops.cublas.Operation.T)),
        (names.TRANSB, np.int32(ops.cublas.Operation.N)),
        (names.FAST_ACCUM, np.int8(1)),
    ):
        told(cublasLt.matmul_desc_set_attribute, described, attribute, value)
    # column-major, so that every operand is seen as its transpose
    of_weight = cublasLt.matrix_layout_create(E4M3, inner, outputs, inner)
    of_x = cublasLt.matrix_layout_create(E4M3, inner, rows, inner)
    of_out = cublasLt.matrix_layout_create(DATA_TYPES["fp16"], outputs, rows, outputs)
    preference = cublasLt.matmul_preference_create()
    told(
        cublasLt.matmul_preference_set_attribute,
        preference,
        preferred.MAX_WORKSPACE_BYTES,
        np.uint64(WORKSPACE),
    )
    found, count = np.zeros(1, cublasLt.matmul_heuristic_result_dtype), np.zeros(1, np.int32)
    cublasLt.matmul_algo_get_heuristic(
        handle,
        described,
        of_weight,
        of_x,
        of_out,
        of_out,
        preference,
        1,
        found.ctypes.data,
        count.ctypes.data,
    )
    if count[0] < 1:
        raise InputError("fp8", argument="precision", expected="a card and cuBLASLt that have it")

    def product() -> None:
        cublasLt.matmul(
            handle,
            described,
            ops.one.ctypes.data,
            weight.data.ptr,
            of_weight,
            x.data.ptr,
            of_x,
            ops.zero.ctypes.data,
            out.data.ptr,
            of_out,
            out.data.ptr,
            of_out,
            found["algo"].ctypes.data,
            ops.workspace.data.ptr,
            WORKSPACE,
            ops.stream.ptr,
        )

    return product
