"""The exogenous-shock table: all randomness, sampled up front, indexed by (time step, run).

Each (seed, run index, process) has its own Philox stream, a counter-based generator, and a step
reads one 64-bit word of it. So a run's shocks are the same whatever else is run, for any span,
order, chunk or machine. Normals come from an inverse normal CDF of our own stream of uniforms: it
does not depend on NumPy's distribution methods, which may change between versions, and it admits
Sobol points and antithetic pairs later.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..elementary.draws import draw
from ..elementary.operations import Arrays
from ..elementary.philox import uniform
from ..errors import InputError
from ..inputs import footprint
from ..parameters import Parameters

NORMALS = (
    "news_normal",
    "news_jump_normal",
    "demand_noise",
    "speculation_noise",
    "oracle_noise",
    "fleet_noise",
    "factor_normal",
    "volatility_normal",
)
UNIFORMS = ("news_jump_uniform", "region_uniform")


@dataclass(frozen=True, eq=False)
class ShockTable:
    """Arrays (steps, runs) by process; recorded series where given ("recorded_rate" in
    req/s, "recorded_news", "recorded_index": log change of the market's index, "recorded_bonded":
    share of total supply at the end of the step).

    first: the step of the first row, for a run that goes on from a state whose clock has run.
    """

    values: dict[str, np.ndarray]
    first: int = 0

    def at(self, name: str, step: int):
        """The row of a step, (runs,); None where the process is not in the table."""
        series = self.values.get(name)
        return None if series is None else series[int(step) - self.first]

    def replace(self, **series: np.ndarray) -> ShockTable:
        """The table with some series put in or replaced."""
        return ShockTable({**self.values, **series}, self.first)

    def columns(self, chosen: slice | np.ndarray) -> ShockTable:
        """The table of some of the runs."""
        return ShockTable(
            {name: series[:, chosen] for name, series in self.values.items()}, self.first
        )

    def starting(self, step: int) -> ShockTable:
        """The table with its first row at a step."""
        return ShockTable(self.values, step)

    @property
    def runs(self) -> int:
        """Number of runs."""
        return next(iter(self.values.values())).shape[1]

    def __deepcopy__(self, memo) -> ShockTable:
        # The table is read-only; cadCAD copies every parameter it is given.
        return self


def check_seed(seed: int) -> None:
    """Raise InputError for a seed out of range."""
    if not 0 <= seed < 2**64:
        raise InputError(
            f"seed {seed}", argument="seed", expected="a whole number from 0 to 2**64 - 1"
        )


class Streams:
    """Uniforms in (0, 1) of any (seed, run, process); one generator whose state is reset, which is
    cheaper than many.
    """

    def __init__(self, seed: int):
        check_seed(seed)
        self._philox = np.random.Philox(key=np.array([seed, 0], dtype=np.uint64))
        self._state = self._philox.state
        self._state["state"]["key"][0] = seed
        self._state["has_uint32"] = self._state["uinteger"] = 0

    def words(self, run: int, process: str, count: int) -> np.ndarray:
        """`count` 64-bit words of a process in a run."""
        inner = self._state["state"]
        inner["key"][1] = streams(np.array([run]), process)[0]
        inner["counter"][:] = 0
        self._state["buffer_pos"] = 4
        self._philox.state = self._state
        return self._philox.random_raw(count)

    def uniforms(self, run: int, process: str, count: int) -> np.ndarray:
        """`count` uniforms of a process in a run."""
        return uniform(Arrays, self.words(run, process, count).view(np.int64))


def streams(runs: np.ndarray, process: str) -> np.ndarray:
    """The second word of the keys of a process in some runs. Raises InputError for a run index out
    of range.
    """
    for run in runs[(runs < 0) | (runs >= 2**32)]:
        raise InputError(
            f"run index {run}", argument="runs", expected="a run index from 0 to 2**32 - 1"
        )
    return (runs.astype(np.uint64) << np.uint64(32)) | np.uint64(zlib.crc32(process.encode()))


def sample(
    parameters: Parameters, runs: Sequence[int], seed: int, extra: Sequence[str] = ()
) -> ShockTable:
    """The shock table of some run indices from day 0 on.

    extra: names of further standard normal processes, for blocks of your own. All zero where shocks
    are switched off. Raises InputError for a seed or run index out of range.
    """
    return _sampled(parameters, runs, seed, extra, parameters.simulation.steps)


def before_day_zero(
    parameters: Parameters, runs: Sequence[int], seed: int, extra: Sequence[str] = ()
) -> ShockTable:
    """The shock table of the span's steps before day 0, from streams of its own: of a shorter span
    those that are nearest to day 0. See `sample`.
    """
    steps = parameters.simulation.steps
    table = _sampled(parameters, runs, seed, extra, steps, " before day 0")
    return ShockTable({name: rows[::-1] for name, rows in table.values.items()}, -steps)


def _sampled(
    parameters: Parameters,
    runs: Sequence[int],
    seed: int,
    extra: Sequence[str],
    steps: int,
    when: str = "",
) -> ShockTable:
    """when: added to the names of processes, for streams of their own."""
    check_seed(seed)
    runs = np.asarray(runs, dtype=np.int64)
    names = (*NORMALS, *extra, *UNIFORMS)
    what = f"the shocks of {len(runs):,} runs over {steps:,} steps"
    footprint.refuse_above(
        footprint.shocks(len(runs), steps, len(names)), what, "fewer `runs` or `days`"
    )
    if not parameters.shocks.enabled:
        return ShockTable({name: np.zeros((steps, len(runs))) for name in names})
    return ShockTable(
        {
            name: draw(seed, streams(runs, name + when), steps, normals=name not in UNIFORMS)
            for name in names
        }
    )
