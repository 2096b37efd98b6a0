"""Cost of the engines on the full model, side by side in one process, and the floor that random
numbers set.

    python tests/benchmarks/engines.py [--quick] > table.md

Prints Markdown. Times are the least of several repetitions, because noise only adds; peak memory is
that of a fresh process.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import platform
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np

from tokenomics.elementary import ndtri
from tokenomics.engines import cadcad
from tokenomics.engines.ensemble import Ensemble
from tokenomics.engines.folds import Folds
from tokenomics.experiments.evaluate import evaluate
from tokenomics.experiments.sweep import sweep
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import NORMALS, UNIFORMS, sample
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import as_arrays
from tokenomics.parameters import resolve
from tokenomics.results.evaluation import evaluate_metrics
from tokenomics.results.metrics import METRICS, needed

RESOLVED = resolve("baseline", policy="pid", scenarios=("token_crash",))
PARAMETERS = RESOLVED.values
STEPS = PARAMETERS.simulation.steps
START = steady_state(PARAMETERS).state
DRAWS = len(NORMALS) + len(UNIFORMS)
CHUNK = 64  # runs in one piece, whose shocks stay in the cache


def least(function, repeat: int) -> float:
    """Shortest of several times [s]."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def cadcad_alone(steps: int, deepcopy: bool) -> None:
    """cadCAD as its users call it: one run, no guards of ours."""
    params = bind(PARAMETERS, sample(PARAMETERS, [0], 0))
    blocks = [
        {
            "policies": {str(i): p for i, p in enumerate(b.policies)},
            "variables": {u.variable: u for u in b.updates},
        }
        for b in MODEL.bound(params).blocks
    ]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = cadcad.Experiment()
        settings = cadcad.config_sim(
            {"N": 1, "T": range(steps), "M": {k: [v] for k, v in params.items()}}
        )
        experiment.append_model(
            model_id="m",
            sim_configs=settings,
            initial_state=as_arrays(START, 1),
            partial_state_update_blocks=blocks,
        )
        options = None if deepcopy else {"deepcopy_off": True}
        context = cadcad.ExecutionContext(
            context=cadcad.ExecutionMode.single_mode, additional_objs=options
        )
        cadcad.Executor(context, experiment.configs, supress_print=True).execute()


class Engine:
    """The ensemble engine with its parts timed alone."""

    def __init__(self, record: list[str], folds: Folds | None = None):
        self.params = bind(PARAMETERS, sample(PARAMETERS, [0], 0))
        self.engine = Ensemble(
            MODEL.bound(self.params), self.params, record=record, steps=STEPS, folds=folds
        )

    def chunks(self, runs: int):
        """Run indices, some at a time."""
        return [np.arange(i, min(i + CHUNK, runs)) for i in range(0, runs, CHUNK)]

    def whole(self, chosen: np.ndarray) -> None:
        """Draw, simulate, keep."""
        shocks = self.engine.shocks(sample(PARAMETERS, chosen, 0))
        self.engine(START, {}, shocks, lanes=len(chosen))


def row(name: str, ns: float, base: float, floor: float) -> str:
    """A line of the table."""
    return f"| {name} | {ns:,.0f} | {base / ns:,.0f} | {ns / floor:.2f} |"


def engines(quick: bool) -> None:
    """The table of engines."""
    runs, repeat, steps = (512, 2, 40) if quick else (4096, 5, 100)
    cost = {}
    cost["cadCAD, deepcopy on"] = least(lambda: cadcad_alone(steps // 2, True), 2) / (steps // 2)
    cost["cadCAD, deepcopy off"] = least(lambda: cadcad_alone(steps, False), 2) / steps
    price = Engine(["token_price"])
    chunks = price.chunks(runs)
    per = runs * STEPS
    price.whole(chunks[0])
    cost["ensemble, one core: draw, simulate, keep the price"] = (
        least(lambda: [price.whole(c) for c in chunks], repeat) / per
    )
    with ThreadPoolExecutor(2) as pool:
        cost["the same on two cores"] = (
            least(lambda: list(pool.map(price.whole, chunks)), repeat) / per
        )
    names = list(METRICS)

    def metrics(chosen: np.ndarray) -> None:
        evaluate(RESOLVED, (), [[]], runs=chosen, seed=0, metrics=names)

    metrics(chunks[0])
    cost["ensemble, one core: draw, simulate, all metrics"] = (
        least(lambda: [metrics(c) for c in chunks], repeat) / per
    )
    with ThreadPoolExecutor(2) as pool:
        cost["the same with all metrics on two cores"] = (
            least(lambda: list(pool.map(metrics, chunks)), repeat) / per
        )
    generator = np.random.Generator(np.random.Philox(0))
    buffer = np.empty((DRAWS, CHUNK * STEPS // 8))
    count = buffer.size / DRAWS
    floor = least(lambda: generator.standard_normal(out=buffer), 3 * repeat) / count
    cost[f"floor: {DRAWS} normals in bulk, Philox"] = floor
    base = cost["cadCAD, deepcopy off"]
    print(
        "| engine | ns per run and step | times faster than cadCAD (deepcopy off) | times the "
        "floor |\n|---|---:|---:|---:|"
    )
    for name, seconds in cost.items():
        print(row(name, seconds * 1e9, base * 1e9, floor * 1e9))


def profile(quick: bool) -> None:
    """Where the time of the ensemble engine goes."""
    runs, repeat = (512, 3) if quick else (2048, 7)
    folds = {name: fold for name in METRICS if (fold := METRICS[name].fold)}
    others = [name for name in METRICS if name not in folds]
    needs = needed(others)
    engine, chosen = Engine(needs, Folds(folds, PARAMETERS, ())), np.arange(CHUNK)
    table = sample(PARAMETERS, chosen, 0)
    shocks = engine.engine.shocks(table)
    outcome = engine.engine(START, {}, shocks, lanes=CHUNK)
    kernel, spent = engine.engine._kernel, []

    def timed(*arguments) -> None:
        begin = time.perf_counter()
        kernel(*arguments)
        spent.append(time.perf_counter() - begin)

    engine.engine._kernel = timed
    per = CHUNK * STEPS / 1e9
    uniform = np.random.default_rng(0).random(CHUNK * STEPS)
    parts = {
        "random words (Philox, one stream a run and process)": least(
            lambda: sample(PARAMETERS, chosen, 0), repeat
        ),
        "  of which inverse normal CDF": (DRAWS - 1) * least(lambda: ndtri(uniform), repeat),
        f"simulate with {len(folds)} folds and lay out what is kept": least(
            lambda: engine.engine(START, {}, shocks, lanes=CHUNK), repeat
        ),
        "  of which the compiled steps": 0.0,
        f"{len(others)} metric of paths": least(
            lambda: evaluate_metrics(others, outcome.values, PARAMETERS), repeat
        ),
    }
    parts["  of which the compiled steps"] = min(spent)
    print(f"\n| part ({len(needs)} variables kept, one core) | ns per run and step |\n|---|---:|")
    for name, seconds in parts.items():
        print(f"| {name} | {seconds / per:,.0f} |")
    counts = {}
    for operation in engine.engine.program.operations:
        counts[operation.name] = counts.get(operation.name, 0) + 1
    slow = {
        n: counts[n]
        for n in ("exp", "log", "power", "expm1", "sqrt", "divide", "sin")
        if n in counts
    }
    print(
        f"\nOperations of a step: {sum(counts.values())}, of which "
        + ", ".join(f"{v} {k}" for k, v in slow.items())
        + "."
    )


def growth(quick: bool) -> None:
    """How the cost grows with runs, steps and swept points."""
    sizes = (100, 1000) if quick else (100, 1000, 10_000)
    print(
        "\n| grows with | size | simulated run-steps | s | ns per run and step "
        "|\n|---|---:|---:|---:|---:|"
    )

    def line(what: str, size: int, design: dict, steps: int, simulations: int) -> None:
        seconds = least(lambda: sweep(design), 1 if size > 1000 else 2)
        work = steps * simulations
        print(f"| {what} | {size:,} | {work:,} | {seconds:.2f} | {seconds / work * 1e9:,.0f} |")

    base = {"policies": ["pid"], "scenarios": ["token_crash"], "seed": 1}
    for size in sizes:
        line("runs", size, base | {"runs": size}, STEPS, size)
    for days in (100, 365, 1460):
        line(
            "steps (1,000 runs)",
            days,
            base | {"runs": 1000, "set": {"simulation.days": days}},
            days,
            1000,
        )
    for size in (*sizes, *(() if quick else (100_000,))):
        axes = {
            "controller.pid.kp": {"low": 0.0, "high": 0.3},
            "supply.burn_share": {"low": 0.0, "high": 0.4},
        }
        design = base | {"method": "random", "count": size, "parameters": axes, "runs": 1}
        line("swept points (1 run each)", size, design, STEPS, size)


def memory(runs: int) -> None:
    """Peak memory of a sweep with all metrics, for a process of its own."""
    sweep({"policies": ["pid"], "scenarios": ["token_crash"], "runs": runs}, workers=2)
    # not getrusage: its maximum is inherited from the process that started this one
    print(
        next(
            int(line.split()[1]) / 1024
            for line in _lines("/proc/self/status")
            if line.startswith("VmHWM")
        )
    )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--memory", type=int, metavar="RUNS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        memory(options.memory)
        return
    packages = ", ".join(f"{p} {version(p)}" for p in ("cadCAD", "numpy", "scipy", "llvmlite"))
    model = next(
        (x.split(":")[1].strip() for x in _lines("/proc/cpuinfo") if x.startswith("model name")),
        platform.processor(),
    )
    print(f"{model}, {platform.system()}, Python {platform.python_version()}, {packages}.")
    print(
        f"Policy pid, scenario token_crash, {STEPS} steps, {len(MODEL.variables(PARAMETERS))} "
        f"state variables.\n"
    )
    engines(options.quick)
    profile(options.quick)
    growth(options.quick)
    print("\n| runs × 365 days with all metrics, two threads | peak memory [MB] |\n|---|---:|")
    for runs in (100, 1000) if options.quick else (100, 1000, 10_000, 40_000):
        command = [sys.executable, __file__, "--memory", str(runs)]
        peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(f"| {runs:,} | {peak:,.0f} |")


def _lines(path: str) -> list[str]:
    with contextlib.suppress(OSError), open(path) as stream:
        return stream.read().splitlines()
    return []


if __name__ == "__main__":
    main()
