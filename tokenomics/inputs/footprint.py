"""How much memory a simulation will take, told before it starts where it is large, and refused
above a limit.

The factors are measured on baseline runs of both engines: records are held once, by cadCAD twice,
and once more as a table that is written.
"""

from __future__ import annotations

import os
from math import isfinite

from ..errors import InputError, remark

LIMIT_GB = (
    2.0  # a quarter of the memory of a laptop with 8 GB: a browser and Jupyter have room beside it
)
LARGE_GB = 1.0  # told: few mean to keep that much
VARIABLE = "TOKENOMICS_MEMORY_GB"  # in the environment: another limit
NUMBER = 8  # bytes
COPIES = 3  # of shocks: words, uniforms, the table
KEPT = {"cadcad": 3.0, "ensemble": 2.5}  # copies of records, with the table that is written
# bytes that cadCAD keeps of a variable in one step beside its numbers: an entry in a dictionary for
# every block
CADCAD_VARIABLE = 950
CADCAD_BATCH = 256  # runs that cadCAD simulates at once, keeping all of their variables


def limit_gb() -> float:
    """The limit in force. Raises InputError where the environment names none that is one."""
    text = os.environ.get(VARIABLE)
    try:
        found = LIMIT_GB if text is None else float(text)
    except ValueError:
        found = 0.0
    if not (isfinite(found) and found > 0.0):
        raise InputError(f"'{text}'", key=VARIABLE, expected="a number of GB above 0")
    return found


def refuse_above(size: float, what: str, less: str, argument: str = "runs") -> None:
    """Raise InputError where `size` bytes are beyond the limit. what: that would take them. less:
    what takes less, for the message. argument: that asks for it.
    """
    most = limit_gb()
    if size > most * 1e9:
        found = f"{what} would take about {size / 1e9:,.3g} GB"
        raise InputError(
            found,
            argument=argument,
            expected=f"at most {most:g} GB of memory ({VARIABLE} sets another limit): {less}",
        )


def tell_above(size: float, what: str, less: str) -> None:
    """Remark the size where `size` bytes are many; see `refuse_above`."""
    if size > LARGE_GB * 1e9:
        remark(f"{what} will take about {size / 1e9:,.3g} GB of memory; less: {less}")


def shocks(runs: int, steps: int, processes: int) -> float:
    """Bytes of the shocks of a simulation while they are drawn."""
    return float(COPIES * NUMBER) * runs * steps * processes


def simulation(
    engine: str,
    *,
    runs: int,
    steps: int,
    every: int,
    recorded: int,
    variables: int,
    processes: int,
    before: int = 0,
) -> float:
    """Bytes of a simulation and of writing it. every, recorded: how many steps apart, and how many
    variables, are kept of all `variables`. before: steps before day 0, of which none is kept.
    """
    kept = KEPT[engine] * NUMBER * runs * (1 + steps // every) * recorded
    held = (
        max(steps, before) * variables * (CADCAD_VARIABLE + NUMBER * min(runs, CADCAD_BATCH))
        if engine == "cadcad"
        else 0.0
    )
    return shocks(runs, steps + before, processes) + kept + held
