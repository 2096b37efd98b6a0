"""What simulations cost, so that a sweep is cut into tasks that last alike, and its time is told.

CPU seconds of one core with AVX-512, measured 2026-11-29 by tests/benchmarks/tasks.py; a part that
depends on the machine is within a factor of two on others. They are written down and not measured
where a sweep begins: the cut says what a shard is, and must be the same on every machine.
"""

from __future__ import annotations

from ..parameters import Parameters

STRUCTURE = 0.6  # of what is compiled by itself, where it is not kept on the disk
TASK = 42e-3  # of any task: its step is recorded, its start solved for one point
POINT = 16e-6  # of a further point: checks, start, rows
RUN = 4e-6  # of a run that has no steps: what is laid out for it, its metrics, its row
STEP = 0.28e-6  # of a run-step: shocks, the compiled step, the metrics' folds
# of a decision of a law that solves a program of its own in every run
DECISION = {"mpc": 7e-6}


def run_seconds(parameters: Parameters) -> float:
    """Of one run of a network."""
    simulation, controller = parameters.simulation, parameters.controller
    decisions = simulation.days / max(controller.interval, simulation.time_step)
    return RUN + simulation.steps * STEP + decisions * DECISION.get(controller.type, 0.0)
