"""What the parts of a task cost, for `experiments/costs.py`, and how alike the tasks of some sweeps
last.

    python tests/benchmarks/tasks.py > tasks.md

CPU seconds of one thread, the least of several repetitions, because noise only adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest import mock

import numpy as np

from tokenomics.experiments import costs, evaluate
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.plan import Case, Task, make_plan, perform
from tokenomics.parameters import resolve
from tokenomics.results.metrics import METRICS

PATHS = ("treasury.reserve", "supply.burn_share")  # from which no law computes its gains
DESIGNS = {
    "a point of 100,000 runs": {"runs": 100_000},
    "40,000 points of a run": {"method": "random", "count": 40_000, "runs": 1},
    "100,000 points of a run of 3 days": {
        "method": "random",
        "count": 100_000,
        "runs": 1,
        "set": {"simulation.days": 3},
    },
    "200 points of 100 runs, pid and mpc": {
        "policies": ["pid", "mpc"],
        "method": "random",
        "count": 200,
        "runs": 100,
    },
    "10 points of 300 runs, 3,650 days": {
        "method": "random",
        "count": 10,
        "runs": 300,
        "set": {"simulation.days": 3650},
    },
}


class _Here:
    """In place of a pool of threads: what is timed is done in the thread that is timed."""

    def __init__(self, workers: int):
        pass

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(map)


def least(function: Callable[[], object], repeat: int) -> float:
    """Shortest of several CPU times of this thread [s], after one that compiles."""
    function()
    times = []
    for _ in range(repeat):
        begin = time.thread_time()
        function()
        times.append(time.thread_time() - begin)
    return min(times)


def task(policy: str, points: int, runs: int, days: int, repeat: int = 5) -> float:
    """CPU time of a task with all metrics, under a crash of the token [s]."""
    resolved = resolve(policy=policy, scenarios=("token_crash",), sets={"simulation.days": days})
    values = np.random.default_rng(0).random((points, len(PATHS))) * 0.3 + 0.1
    one = Task(0, tuple(range(points)), (), PATHS, (0, runs))
    case = Case(policy, "none", resolved)
    found = perform(case, one, PATHS, values.tolist(), 0, list(METRICS))
    assert not any(found["error"]), "an impossible point costs less"
    return least(lambda: perform(case, one, PATHS, values.tolist(), 0, list(METRICS)), repeat)


def parts() -> None:
    """The numbers of `costs`, and what is measured now."""
    point = (task("pid", 5000, 1, 1) - task("pid", 1000, 1, 1)) / 4000
    run = (task("pid", 100, 264, 1) - task("pid", 100, 8, 1)) / 25_600
    step = {
        policy: (task(policy, 4, 256, 260) - task(policy, 4, 256, 60)) / 204_800
        for policy in ("pid", "mpc")
    }
    interval = resolve(policy="mpc").values.controller.interval
    rows = [
        ("a task of one point and run", costs.TASK, task("pid", 1, 1, 1)),
        ("a further point", costs.POINT, point - run),
        ("a further run", costs.RUN, run),
        ("a run-step", costs.STEP, step["pid"]),
        (
            "a decision of the mpc",
            costs.DECISION["mpc"],
            (step["mpc"] - step["pid"]) * interval,
        ),
    ]
    print("| part | in `costs` [us] | now [us] |\n|---|---:|---:|")
    for name, told, found in rows:
        print(f"| {name} | {told * 1e6:,.2f} | {found * 1e6:,.2f} |")


def sweeps() -> None:
    """How long the tasks of some sweeps last."""
    print("\n| sweep | tasks | CPU s of a task: least | median | most |\n|---|---:|---:|---:|---:|")
    box = {path: {"low": 0.1, "high": 0.4} for path in PATHS}
    for name, more in DESIGNS.items():
        varied = {"parameters": box} if "count" in more else {}
        plan = make_plan(read_design({"policies": ["pid"], "seed": 1} | varied | more))
        chosen = np.unique(np.linspace(0, len(plan.tasks) - 1, 10).astype(int))
        tasks = [plan.arguments(int(number)) for number in chosen]
        found = [least(lambda one=one: perform(*one), 1) for one in tasks]
        told = " | ".join(f"{time:.2f}" for time in (min(found), np.median(found), max(found)))
        print(f"| {name} | {len(plan.tasks):,} | {told} |")


if __name__ == "__main__":
    with mock.patch.object(evaluate, "ThreadPoolExecutor", _Here):
        parts()
        sweeps()
