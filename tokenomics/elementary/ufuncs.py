"""The elementary functions as NumPy's universal functions: they broadcast, take `out` and `where`,
and let symbols answer for themselves, like NumPy's own. NaN and ordinary numbers give no warning
of floating-point errors; where a result is infinite or not defined there may be one or none.

They run compiled code, which is made or loaded when one of them is first called. NumPy finds a
loop's address in an array that is ours (Python C-API of NumPy, PyUFunc_FromFuncAndData), so that
the loop which makes the code puts the made ones in its place.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import numpy as np

from .functions import TABLE

LOOP = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)  # pointers, sizes, strides, data
TYPE_DOUBLE = 12  # NPY_DOUBLE
NO_IDENTITY = -1  # PyUFunc_None


class _Loops:
    """The addresses in which NumPy looks for its loops."""

    def __init__(self) -> None:
        self.addresses = {name: ctypes.c_void_p() for name in TABLE}
        self._lock, self._code = threading.Lock(), None
        self._first = {name: LOOP(self._starting(name)) for name in TABLE}
        for name, first in self._first.items():
            self.addresses[name].value = ctypes.cast(first, ctypes.c_void_p).value

    def _starting(self, name: str):
        def first(*arguments: int) -> None:
            LOOP(self.code().address(f"loop_{name}"))(*arguments)

        return first

    def code(self) -> Any:
        """The compiled loops; NumPy calls them by themselves from now on."""
        from .loops import assembly  # LLVM takes a while to import, and many commands do without
        from .machine_code import load

        with self._lock:
            if self._code is None:
                self._code = load("elementary functions", assembly)
                for name, address in self.addresses.items():
                    address.value = self._code.address(f"loop_{name}")
        return self._code


def _ufuncs(loops: _Loops) -> tuple[dict[str, np.ufunc], list[Any]]:
    """The universal functions, and what must live as long as they."""
    try:
        from numpy._core._multiarray_umath import _UFUNC_API
    except ImportError:  # before NumPy 2
        from numpy.core._multiarray_umath import _UFUNC_API
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(pointer(_UFUNC_API, None), ctypes.POINTER(ctypes.c_void_p))
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        *[ctypes.c_void_p] * 3,
        *[ctypes.c_int] * 4,
        *[ctypes.c_char_p] * 2,
        ctypes.c_int,
    )(table[1])
    kept: list[Any] = []
    made = {}
    for one in TABLE.values():
        types = (ctypes.c_char * (one.arguments + 1))(*[TYPE_DOUBLE] * (one.arguments + 1))
        data = (ctypes.c_void_p * 1)()
        texts = one.name.encode(), (one.form.__doc__ or "").encode()
        kept += [types, data, texts]
        made[one.name] = make(
            ctypes.addressof(loops.addresses[one.name]),
            ctypes.addressof(data),
            ctypes.addressof(types),
            1,
            one.arguments,
            1,
            NO_IDENTITY,
            *texts,
            0,
        )
    return made, kept


LOOPS = _Loops()
FUNCTIONS, _KEPT = _ufuncs(LOOPS)
