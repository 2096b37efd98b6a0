"""A stand-in for a CUDA stream: work is done at once, or recorded while the stream is captured."""

import time
from types import SimpleNamespace

import numpy as np


class Tape:
    """What a stream does at once, or records while it is captured."""

    def __init__(self):
        self.recorded = None

    def do(self, work):
        work() if self.recorded is None else self.recorded.append(work)

    def forbid(self, what):
        """Raise where a capture runs."""
        if self.recorded is not None:
            raise RuntimeError(f"{what} during a capture")


TAPE = Tape()


class OnHost(np.ndarray):
    """An array with the address where CuPy's arrays have it, and assignments in the stream."""

    @property
    def data(self):
        return SimpleNamespace(ptr=self.ctypes.data)

    def __setitem__(self, key, value):
        TAPE.do(lambda: np.ndarray.__setitem__(self, key, value))


class Stream:
    ptr = 1

    def synchronize(self):
        TAPE.forbid("waiting")

    def begin_capture(self):
        TAPE.recorded = []

    def end_capture(self):
        tape, TAPE.recorded = TAPE.recorded, None
        return SimpleNamespace(launch=lambda stream: [work() for work in tape])


class Event:
    def record(self, stream):
        self.at = time.perf_counter()

    def synchronize(self):
        TAPE.forbid("waiting")
