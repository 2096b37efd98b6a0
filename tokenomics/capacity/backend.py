"""Where the benchmark computes: CuPy on a GPU or NumPy on a CPU, and which precisions each can do.

CuPy is an extra of each CUDA generation (`cuda12`, `cuda13`) and is imported only when it is asked
for.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import InputError

BACKENDS = ("auto", "cupy", "numpy")
PRECISIONS = ("fp16", "bf16", "fp32")
CAPABILITY = {
    "fp32": 0,
    "fp16": 70,
    "bf16": 80,
}  # least compute capability with matrix units for it (NVIDIA, CUDA C++ guide)
EXTRA = "install the extra cuda12 or cuda13"


def choose(
    backend: str = "auto", precision: str | None = None, device: Any = None
) -> tuple[Any, str]:
    """The operations to compute with, and a one-line reason for the choice.

    backend: auto, cupy or numpy. precision: fp16, bf16 or fp32; by default fp16 on a GPU and fp32
    on a CPU. Raises InputError for a backend that is not there and for a precision that the card or
    the library cannot do.
    """
    if backend not in BACKENDS:
        raise InputError(
            f"'{backend}'", argument="backend", expected="one of " + ", ".join(BACKENDS)
        )
    if precision is not None and precision not in PRECISIONS:
        raise InputError(
            f"'{precision}'", argument="precision", expected="one of " + ", ".join(PRECISIONS)
        )
    if backend != "numpy":
        found, why = _gpu()
        if found is not None:
            chosen = precision or "fp16"
            refuse_precision(chosen, found)
            from .cupy_operations import CuPyOperations

            return CuPyOperations(found, chosen), why
        if backend == "cupy":
            raise InputError(why, argument="backend", expected=f"a CUDA GPU and CuPy ({EXTRA})")
    else:
        why = "asked for"
    if precision not in (None, "fp32"):
        raise InputError(
            precision,
            argument="precision",
            expected=f"fp32: NumPy has no fast {precision} product"
            + (f" ({why})" if backend == "auto" else ""),
        )
    from .numpy_operations import NumPyOperations

    return NumPyOperations(), f"NumPy on a CPU: {why}"


def _gpu() -> tuple[Any, str]:
    """CuPy where it finds a GPU, and why or why not."""
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        return None, f"CuPy is not installed ({EXTRA})"
    try:
        if cupy.cuda.runtime.getDeviceCount() < 1:
            return None, "CuPy finds no GPU"
    except (
        Exception
    ) as error:  # CuPy raises an error class of its own, known only once it is imported
        return None, f"CuPy finds no GPU: {' '.join(str(error).split())}"
    return cupy, "a GPU was found"


def refuse_precision(precision: str, cupy: Any) -> None:
    """Raise InputError for a precision that this card or this CuPy cannot do."""
    capability = int(cupy.cuda.Device().compute_capability)
    if capability < CAPABILITY[precision]:
        need = CAPABILITY[precision] / 10
        expected = (
            f"a card of compute capability {need:g} or higher; this one has {capability / 10:g}"
        )
        raise InputError(precision, argument="precision", expected=expected)
    if precision == "bf16":
        if int(cupy.__version__.split(".")[0]) < 14:
            raise InputError(
                "bf16",
                argument="precision",
                expected=(
                    f"CuPy 14 or newer; this is {cupy.__version__}, whose arrays cannot hold bf16"
                ),
            )
        try:
            importlib.import_module("ml_dtypes")
        except ImportError:
            raise InputError(
                "bf16",
                argument="precision",
                expected="the package ml_dtypes, which gives NumPy and CuPy the type",
            ) from None


def precisions(ops: Any) -> list[str]:
    """What these operations' device and library can compute in."""
    if ops.backend == "numpy":
        return [ops.precision]
    found = []
    for precision in PRECISIONS:
        try:
            refuse_precision(precision, ops.xp)
        except InputError:
            continue
        found.append(precision)
    return found
