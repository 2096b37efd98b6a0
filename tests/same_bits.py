"""Whether all bits are the same: every shipped policy under every scenario, in both engines, in
many settings of the processor, each in a process of its own.

    python tests/same_bits.py [--quick] [--once] [--python PATH] [--only SETTING] > table.md

A digest is the SHA-256 of all state variables at all times, of the shocks, of the runs that failed
and why, and of all metrics: 64 runs of 365 days, each policy under each scenario. The settings
change what rounding could depend on: the instructions for which the steps are compiled, the runs in
a vector, threads and runs at a time; the loops of NumPy, of OpenBLAS and of the C library; with
--python another interpreter, such as one of another processor under an emulator.

Prints Markdown: a digest for each setting and engine, and where one differs from the first, in how
many simulations, and the first variable that does, in the order of the block list. Status 1 where
one differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from tokenomics.engines import cadcad, ensemble
from tokenomics.engines.stages import simulate
from tokenomics.engines.trajectories import Trajectories
from tokenomics.experiments.evaluate import evaluate
from tokenomics.experiments.staging import staged
from tokenomics.experiments.warm_up import warm_up
from tokenomics.model.model import MODEL
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import NONE, resolve
from tokenomics.parameters.locate import names
from tokenomics.results.evaluation import evaluate_metrics
from tokenomics.results.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
SEED = 20260101
ENGINES = ("cadcad", "ensemble")


@dataclass(frozen=True)
class Level:
    """Instructions of x86-64: a processor that has them in LLVM's names and in OpenBLAS's, and what
    NumPy, before release 2.4 and since, calls them.
    """

    name: str
    llvm: str
    blas: str
    numpy: tuple[str, ...] = ()


LEVELS = (
    Level("SSE2", "x86-64", "Prescott"),
    Level("AVX2", "x86-64-v3", "Haswell", ("AVX2", "X86_V3")),
    Level("AVX-512", "x86-64-v4", "SkylakeX", ("AVX512_SKX", "X86_V4")),
)
# what chooses other code of the GNU C library's exp, log, pow and sin
OLD_LIBRARY = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4"
# begin the names of what is no variable
SHOCK, SHOCK_BEFORE, METRIC = "shock ", "shock before day 0 ", "metric "
BETWEEN = " / "  # a policy and a scenario
SHOWN = 16  # digits of a digest
Parts = dict[str, str]  # SHA-256 by shock, variable or metric, in their order


@dataclass(frozen=True)
class Setting:
    """What a process is given. environment: variables beside those of this one. threads, chunk: of
    the ensemble, in which so many runs are simulated at a time. python: the interpreter.
    """

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    threads: int = 1
    chunk: int = ensemble.CHUNK
    engines: tuple[str, ...] = ENGINES
    python: tuple[str, ...] = (sys.executable,)

    def run(self, arguments: Sequence[str], folder: str, good: Sequence[int] = (0,)) -> str:
        """What the interpreter prints, in this setting. folder: for machine code, that of the other
        processes; what an earlier one kept proves nothing. good: exit status. Raises
        RuntimeError for another.
        """
        own = {"PYTHONPATH": str(ROOT), "TOKENOMICS_CACHE": folder}
        environment = {**os.environ, **own, **self.environment}
        command = [*self.python, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode not in good:
            raise RuntimeError(f"{self.name}: {done.stderr[-2000:]}")
        return done.stdout


@dataclass(frozen=True)
class Task:
    """What each process simulates."""

    pairs: tuple[tuple[str, str], ...]
    runs: int
    days: int


Way = tuple[Setting, str]  # and an engine


def settings(pythons: Sequence[str] = ()) -> list[Setting]:
    """All that this machine has; the first is what all others are held against."""
    found = [
        Setting("as it is"),
        Setting("two threads", threads=2, chunk=16, engines=("ensemble",)),
    ]
    found += [
        Setting(
            f"{level.name}, {lanes} lanes, {threads} thread{'s' * (threads > 1)}",
            {"TOKENOMICS_CPU": level.llvm, "TOKENOMICS_LANES": str(lanes)},
            threads,
            16 * threads,
            # the reference engine's elementary functions are compiled for the processor, too
            ENGINES if lanes == 8 and threads == 1 else ("ensemble",),
        )
        for level in levels()
        for lanes in (8, 16)
        for threads in (1, 2)
    ]
    loops, wide = _loops(), [name for name in _loops() if name.startswith(("AVX512", "X86_V4"))]
    found += [
        Setting(what, {"NPY_DISABLE_CPU_FEATURES": " ".join(off)})
        for what, off in (("NumPy without AVX-512", wide), ("NumPy's baseline", loops))
        if off
    ]
    found += [Setting(f"OpenBLAS {one.blas}", {"OPENBLAS_CORETYPE": one.blas}) for one in levels()]
    if levels():
        found += [Setting("C library without FMA", {"GLIBC_TUNABLES": OLD_LIBRARY}), oldest()]
    return found + [Setting(path, python=(path,)) for path in pythons]


def oldest() -> Setting:
    """All at once as on the oldest processor."""
    environment = {
        "TOKENOMICS_CPU": LEVELS[0].llvm,
        "TOKENOMICS_LANES": "8",
        "NPY_DISABLE_CPU_FEATURES": " ".join(_loops()),
        "OPENBLAS_CORETYPE": LEVELS[0].blas,
        "GLIBC_TUNABLES": OLD_LIBRARY,
    }
    return Setting("all as on the oldest processor", environment, threads=2, chunk=16)


def _loops() -> list[str]:
    """Loops of NumPy that this processor runs and that can be switched off."""
    return np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


def levels() -> list[Level]:
    """What this processor has of x86-64."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return []
    return [level for level in LEVELS if not level.numpy or set(level.numpy) & set(_loops())]


def pairs(
    policies: Sequence[str] = (), scenarios: Sequence[str] = (), once: bool = False
) -> tuple[tuple[str, str], ...]:
    """Every policy under every scenario, all shipped ones and none by default; or, in fewer, every
    scenario once, under one policy after the other.
    """
    laws, worlds = policies or names("policy"), scenarios or [NONE, *names("scenario")]
    if once:
        return tuple((laws[i % len(laws)], one) for i, one in enumerate(worlds))
    return tuple((policy, one) for policy in laws for one in worlds)


def simulated(
    policy: str, scenario: str, task: Task, setting: Setting, engine: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Shocks, variables, failures and metrics of one policy under one scenario, in the order in
    which they are made.
    """
    resolved = resolve(
        "baseline",
        policy=policy,
        scenarios=() if scenario == NONE else (scenario,),
        sets=(f"simulation.days={task.days}",),
    )
    parameters, runs = resolved.values, np.arange(task.runs)
    table, before = sample(parameters, runs, SEED), warm_up(resolved.today, runs, SEED, MODEL)
    for kind, shocks in ((SHOCK, table), (SHOCK_BEFORE, before.params["shock_table"])):
        yield from ((kind + name, series) for name, series in shocks.values.items())
    stages, start = staged(resolved, table, MODEL), steady_state(resolved.today).state
    model = stages[-1].model
    if engine == "cadcad":
        paths = simulate(cadcad.simulate, stages, start, runs=runs, before=before)
        with np.errstate(all="ignore"):
            metrics = evaluate_metrics(list(METRICS), paths.values, parameters)
    else:
        own = partial(ensemble.simulate, chunk=setting.chunk, workers=setting.threads)
        paths = simulate(own, stages, start, runs=runs, before=before)
        found = evaluate(resolved, (), [[]], runs=runs, seed=SEED, metrics=list(METRICS))
        metrics = {name: values[0] for name, values in found.values.items()}
    yield from ((name, paths.values[name]) for name in _ordered(model, paths))
    yield "failures", np.array([str(failure) for failure in paths.failures], dtype="S200")
    yield from ((METRIC + name, values) for name, values in metrics.items())


def _ordered(model, paths: Trajectories) -> list[str]:
    """Names of the variables as the blocks write them."""
    written = [update.variable for block in model.blocks for update in block.updates]
    return [*dict.fromkeys(written), *(name for name in paths.values if name not in set(written))]


def digest(values: np.ndarray) -> str:
    """SHA-256 of an array's bits; every NaN is the same."""
    return hashlib.sha256(_bits(values).tobytes()).hexdigest()


def _bits(values: np.ndarray) -> np.ndarray:
    """Numbers as whole ones of the same bits, by which zeros differ in sign; texts as they are."""
    if values.dtype.kind != "f":
        return values
    return np.where(np.isnan(values), np.nan, values).astype("<f8").view("<i8")


def work(order: Path) -> None:
    """In a process of its own: simulate and write digests, or with `values` the numbers, beside the
    order.
    """
    told = json.loads(order.read_text())
    setting, task = Setting(**told["setting"]), Task(**told["task"])
    found, seconds = {}, {}
    for engine in told["engines"]:
        begin = time.perf_counter()
        for policy, scenario in task.pairs:
            one = simulated(policy, scenario, task, setting, engine)
            if told["values"]:
                np.savez(order.with_suffix(".npz"), **dict(one))
            else:
                parts = {name: digest(values) for name, values in one}
                found.setdefault(engine, {})[policy + BETWEEN + scenario] = parts
        seconds[engine] = time.perf_counter() - begin
    order.with_suffix(".out").write_text(json.dumps({"found": found, "seconds": seconds}))


def _process(
    setting: Setting, task: Task, folder: str, engines: Sequence[str], values: bool
) -> Path:
    """Run `work` in another process; the path of its order."""
    order = Path(tempfile.mkdtemp(dir=folder)) / "order.json"
    told = {"setting": vars(setting), "task": vars(task), "engines": engines, "values": values}
    order.write_text(json.dumps(told))
    setting.run([str(Path(__file__).resolve()), "--work", str(order)], folder)
    return order


def digests(setting: Setting, task: Task, folder: str) -> tuple[dict[str, dict[str, Parts]], dict]:
    """Digests by engine, simulation and part; and seconds by engine."""
    order = _process(setting, task, folder, setting.engines, values=False)
    told = json.loads(order.with_suffix(".out").read_text())
    return told["found"], told["seconds"]


def whole(found: dict[str, Parts], metrics: bool) -> str:
    """One digest of all simulations, of their metrics or of all else."""
    chosen = {
        label: [own for name, own in parts.items() if name.startswith(METRIC) == metrics]
        for label, parts in found.items()
    }
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:SHOWN]


def differences(one: dict[str, Parts], other: dict[str, Parts]) -> dict[str, list[str]]:
    """The parts that differ, by simulation."""
    found = {
        label: [name for name in parts if parts[name] != other[label].get(name)]
        for label, parts in one.items()
    }
    return {label: parts for label, parts in found.items() if parts}


def first_difference(label: str, ways: Sequence[Way], task: Task, folder: str) -> str:
    """Where two ways first differ in a simulation: in time, then in the order of the blocks."""
    alone = Task((tuple(label.split(BETWEEN)),), task.runs, task.days)
    orders = [_process(setting, alone, folder, (engine,), True) for setting, engine in ways]
    mine, other = (dict(np.load(order.with_suffix(".npz"))) for order in orders)
    found = []
    for place, (name, one) in enumerate(mine.items()):
        two = other[name]
        unequal = _bits(one) != _bits(two)
        if not unequal.any():
            continue
        path = one.ndim == 2 and not name.startswith(SHOCK)
        step = int(np.flatnonzero(unequal.any(axis=0))[0]) if path else None
        when = (0 if name.startswith(SHOCK) else 1 if path else 2, step or 0, place)
        at = f" at step {step}" if path else ""
        pair = " and ".join(repr(values[unequal].flat[0].item()) for values in (one, two))
        found.append((when, f"{name}{at}, {unequal.sum()} of {one.size} numbers: {pair}"))
    return min(found)[1] if found else "nothing in a second run"


def compare(chosen: Sequence[Setting], task: Task) -> bool:
    """Print the table; whether all digests are the same."""
    print("| setting | engine | variables | metrics | s |\n|---|---|---|---|---:|", flush=True)
    base: tuple[Way, dict[str, Parts]] | None = None
    others: dict[str, list[tuple[Way, dict[str, Parts]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for setting in chosen:
            found, seconds = digests(setting, task, folder)
            for engine, parts in found.items():
                way = (setting, engine)
                base = base or (way, parts)
                cells = [
                    (own := whole(parts, metrics))
                    + " **differs**" * (own != whole(base[1], metrics))
                    for metrics in (False, True)
                ]
                if parts != base[1]:
                    others.setdefault(json.dumps(parts), []).append((way, parts))
                row = [setting.name, engine, *cells, f"{seconds[engine]:.1f}"]
                print(f"| {' | '.join(row)} |", flush=True)
        print()
        for same in others.values():
            way, parts = same[0]
            unequal = differences(base[1], parts)
            label, count = next(iter(unequal)), len(set().union(*unequal.values()))
            print(
                f"- {'; '.join(f'{setting.name} ({engine})' for (setting, engine), _ in same)}: "
                f"{len(unequal)} of {len(parts)} simulations and {count} parts differ; "
                f"in {label} first {first_difference(label, (base[0], way), task, folder)}",
                flush=True,
            )
    if not others:
        print("All are the same.")
    return not others


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=64, help="runs of each simulation")
    parser.add_argument("--days", type=int, default=365, help="days of each simulation")
    parser.add_argument(
        "--quick", action="store_true", help="8 runs of 20 days, to see that it works"
    )
    parser.add_argument("--once", action="store_true", help="each scenario under one policy alone")
    parser.add_argument("--policy", action="append", default=[], help="instead of all shipped ones")
    parser.add_argument("--scenario", action="append", default=[], help="instead of all, and none")
    parser.add_argument("--only", action="append", default=[], help="settings beside the first")
    parser.add_argument("--python", action="append", default=[], help="another interpreter's path")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    chosen = settings(options.python)
    if options.only:
        chosen = [chosen[0], *(one for one in chosen[1:] if one.name in options.only)]
    size = (8, 20) if options.quick else (options.runs, options.days)
    sys.exit(
        not compare(chosen, Task(pairs(options.policy, options.scenario, options.once), *size))
    )


if __name__ == "__main__":
    main()
