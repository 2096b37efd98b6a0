"""Sums, matrix products and linear equations in an order of our own, for what a simulation computes
before it starts.

A BLAS adds in an order that depends on the processor, and fuses multiplication and addition on
some; here every number is the result of IEEE 754's +, −, × and ÷ in an order that stands below, one
NumPy operation each, so that its bits are the same everywhere. For small matrices.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import numpy as np


def total(terms: Iterable[Any]) -> Any:
    """The sum from left to right. Python's own `sum` of floats is a compensated one from 3.12 on,
    and a plain one before.
    """
    return reduce(add, terms)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product of a (n, k) and b (k, m) or (k,); an entry is the sum of its k terms from
    left to right.
    """
    return total(np.multiply.outer(a[:, k], b[k]) for k in range(len(b)))


def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x (n, m) with a x = b, of a (n, n) and b (n, m); not finite where a is singular.

    Gauss-Jordan elimination with row pivoting, the first of the largest (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, section 14.4).
    """
    size = len(a)
    table = np.concatenate([a, b], axis=1)
    with np.errstate(all="ignore"):
        for k in range(size):
            largest = k + int(np.argmax(np.abs(table[k:, k])))
            table[[k, largest]] = table[[largest, k]]
            table[k] /= table[k, k]
            column = table[:, k].copy()
            column[k] = 0.0
            table -= np.multiply.outer(column, table[k])
    return table[:, size:]


def symmetric(a: np.ndarray) -> np.ndarray:
    """A matrix that only rounding keeps from being symmetric, made so."""
    return 0.5 * (a + a.T)
