"""The exogenous-shock table: all randomness, sampled up front, indexed by (time step, run).

Each (seed, run index, process) has its own Philox stream, a counter-based generator, and a step reads one 64-bit word
of it. So a run's shocks are the same whatever else is run, for any span, order, chunk or machine. Normals come from an
inverse normal CDF of our own stream of uniforms: it does not depend on NumPy's distribution methods, which may change
between versions, and it admits Sobol points and antithetic pairs later.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from .errors import InputError
from .parameters import Parameters

NORMALS = ("news_normal", "news_jump_normal", "demand_noise", "speculation_noise", "oracle_noise")
UNIFORMS = ("news_jump_uniform",)
WORD = 2.0**-53


@dataclass(frozen=True)
class ShockTable:
    """Arrays (steps, runs) by process; recorded series ("recorded_rate" in req/s, "recorded_news") where given."""

    values: dict[str, np.ndarray]

    def at(self, name: str, step: int):
        """The row of a step, (runs,); None where the process is not in the table."""
        series = self.values.get(name)
        return None if series is None else series[int(step)]

    def replace(self, **series: np.ndarray) -> ShockTable:
        """The table with some series put in or replaced."""
        return ShockTable({**self.values, **series})

    def columns(self, chosen: slice | np.ndarray) -> ShockTable:
        """The table of some of the runs."""
        return ShockTable({name: series[:, chosen] for name, series in self.values.items()})

    @property
    def runs(self) -> int:
        """Number of runs."""
        return next(iter(self.values.values())).shape[1]

    def __deepcopy__(self, memo) -> ShockTable:
        # The table is read-only; cadCAD copies every parameter it is given.
        return self


class Streams:
    """Uniforms in (0, 1) of any (seed, run, process); one generator whose state is reset, which is cheaper than many."""

    def __init__(self, seed: int):
        if not 0 <= seed < 2**64:
            raise InputError(f"seed {seed}", key="--seed", expected="a whole number from 0 to 2**64 - 1")
        self._philox = np.random.Philox(key=np.array([seed, 0], dtype=np.uint64))
        self._state = self._philox.state
        self._seed = seed

    def uniforms(self, run: int, process: str, count: int) -> np.ndarray:
        """`count` uniforms of a process in a run."""
        if not 0 <= run < 2**32:
            raise InputError(f"run index {run}", key="--runs", expected="a run index from 0 to 2**32 - 1")
        state = self._state
        state["state"]["key"] = np.array([self._seed, (run << 32) | zlib.crc32(process.encode())], dtype=np.uint64)
        state["state"]["counter"] = np.zeros(4, dtype=np.uint64)
        state["buffer_pos"], state["has_uint32"], state["uinteger"] = 4, 0, 0
        self._philox.state = state
        return ((self._philox.random_raw(count) >> np.uint64(11)) + 0.5) * WORD


def sample(parameters: Parameters, runs: Sequence[int], seed: int, extra: Sequence[str] = ()) -> ShockTable:
    """The shock table of some run indices.

    extra: names of further standard normal processes, for blocks of your own. All zero where shocks are switched off.
    Raises InputError for a seed or run index out of range.
    """
    steps, streams = parameters.simulation.steps, Streams(seed)
    values = {name: np.zeros((steps, len(runs))) for name in (*NORMALS, *UNIFORMS, *extra)}
    if parameters.shocks.enabled:
        for column, run in enumerate(runs):
            for name, series in values.items():
                series[:, column] = streams.uniforms(int(run), name, steps)
        for name in (*NORMALS, *extra):
            values[name] = ndtri(values[name])
    return ShockTable(values)
