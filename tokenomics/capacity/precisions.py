"""Formats of numbers in inference: the bytes of a weight, and in what its products are computed.

A 4-bit weight comes with a scale of its block: MXFP4 has 8 bits for 32 values (OCP Microscaling
Formats specification 1.0), int4 16 bits for 128 (group size of AWQ, Lin et al. 2023). NVFP4 has 8
bits for 16 values, 6 % more bytes than MXFP4: the fit does not tell them apart.
"""

from __future__ import annotations

from typing import Literal

Precision = Literal["fp32", "fp16", "bf16", "fp8", "fp4", "int4"]
CachePrecision = Literal["fp32", "fp16", "bf16", "fp8"]
BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "fp8": 1, "fp4": 0.5 + 1 / 32, "int4": 0.5 + 2 / 128}
SIXTEEN = 2  # bytes of the parts that a file of few bits keeps in 16
# Formats of weights alone: a card without arithmetic in them unpacks them to 16 bits
WEIGHT_ONLY = ("fp4", "int4")


def cache_precision(precision: str) -> str:
    """In what the KV cache is kept where nothing is said: as the weights from 8 bits on; 8 bits
    with fp4 and 16 with int4, as servers of such models do.
    """
    return {"fp4": "fp8", "int4": "fp16"}.get(precision, precision)


def arithmetic(precision: str, rates: dict) -> str | None:
    """The precision of `rates` in which products of such weights are computed; None where none
    is.
    """
    if precision in rates:
        return precision
    wider = next((name for name in ("fp16", "bf16") if name in rates), None)
    return wider if precision in WEIGHT_ONLY else None
