"""Cost of the same recorded step in JAX, which is no dependency, so that it runs in an environment
of its own.

python -m venv jax && jax/bin/pip install . jax
jax/bin/python tests/benchmarks/jax_engine.py

JAX computes the program that the ensemble engine compiles: what a day passes on to the next, its
checks and the price that is kept, as float64 operations on arrays of runs, in a scan over the days.
What costs it time without need is left out: a zero keeps its sign, limits and constants are one
number for all runs, and what is finite because something else is has no check of its own. It has
all runs in one call, the engine 64 at a time as in a sweep. Both take turns in one process on one
core, with shocks drawn before unless the table says otherwise; CPU time, the least of several
turns. Prints Markdown.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tokenomics.engines.ensemble import CHUNK, Ensemble
from tokenomics.engines.guards import CONSERVATION, limits
from tokenomics.engines.program import SHOCK, Constant
from tokenomics.engines.step_loop import told_by_others
from tokenomics.engines.trace import BALANCE
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

PRICE, REPEAT = "token_price", 15
PARAMETERS = resolve("baseline", policy="pid", scenarios=("token_crash",)).values
STEPS, START = PARAMETERS.simulation.steps, steady_state(PARAMETERS).state
PARAMS = bind(PARAMETERS, sample(PARAMETERS, [0], 0))
BOUND = MODEL.bound(PARAMS)
ENGINE = Ensemble(BOUND, PARAMS, record=[PRICE], steps=STEPS)
PROGRAM, LAYOUT = ENGINE.program, ENGINE._layout
OUTPUTS = dict(PROGRAM.outputs)
LIMITS = limits(BOUND.variables(PARAMS), START) | {BALANCE: -CONSERVATION}
OPTIONS = {  # of XLA's compiler; by default its vectors are half as wide as AVX-512 has them
    "JAX": {},
    "JAX, 512 bits": {"xla_cpu_prefer_vector_width": 512},
}
Values = Mapping[str, Any]


def day(carry: tuple[Values, Any], shocks: Values, fixed: Values, limited: Values):
    """One step as `lax.scan` takes it. carry: the state (runs,) by name, and the step at which each
    run first failed, 0 for none. Returns the carry and the price.
    """
    state, failed = carry
    given = {**state, **fixed, **{SHOCK + name: value for name, value in shocks.items()}}
    ends = [OUTPUTS[name] for name in (*state, PRICE)] + [end for _, end in PROGRAM.checks]
    values: dict[int, Any] = {}

    def result(end: int | Constant) -> Any:
        return end.value if isinstance(end, Constant) else values[end]

    for position in sorted(PROGRAM.needed(ends)):
        name, arguments = PROGRAM.operations[position].name, PROGRAM.operations[position].arguments
        if name == "input":
            values[position] = given[arguments[0]]
        else:
            values[position] = getattr(jnp, name)(*map(result, arguments))
    told = told_by_others(PROGRAM, (end for _, end in PROGRAM.checks))
    good = jnp.isfinite(sum(result(end) for _, end in PROGRAM.checks if end not in told))
    for name, end in PROGRAM.checks:
        if name in limited:
            good &= result(end) >= limited[name]
    failed = jnp.where(~good & (failed == 0.0), result(OUTPUTS["step"]), failed)
    after = {name: jnp.broadcast_to(result(OUTPUTS[name]), v.shape) for name, v in state.items()}
    return (after, failed), result(OUTPUTS[PRICE])


def simulation(state: Values, failed: Any, shocks: Values, fixed: Values, limited: Values):
    """All days: ((state, failed), prices (steps, runs))."""
    return jax.lax.scan(
        lambda carry, drawn: day(carry, drawn, fixed, limited), (state, failed), shocks
    )


def inputs(shocks: np.ndarray) -> tuple:
    """Arguments of `simulation`, for the engine's shocks (processes, steps, runs)."""
    runs = shocks.shape[-1]
    return (
        {name: jnp.full(runs, float(START[name])) for name in LAYOUT.carried}
        | {name: jnp.float64(START[name]) for name in LAYOUT.shared},
        jnp.zeros(runs),
        {name: jnp.asarray(shocks[row]) for row, name in enumerate(LAYOUT.shocks)},
        {name: jnp.float64(START[name]) for name in LAYOUT.fixed},
        {name: jnp.float64(LIMITS[name]) for name in LAYOUT.limited},
    )


def pieces(runs: int) -> list[np.ndarray]:
    """Run indices, as many as the engine takes at a time."""
    return [np.arange(i, min(i + CHUNK, runs)) for i in range(0, runs, CHUNK)]


def drawn(chosen: np.ndarray) -> np.ndarray:
    """The engine's shocks of some runs."""
    return ENGINE.shocks(sample(PARAMETERS, chosen, 0))


def spent(function: Callable[[], Any]) -> float:
    """CPU time of a call, of all threads [s]."""
    begin = time.process_time()
    function()
    return time.process_time() - begin


def compare(runs: int) -> str:
    """A line of the table."""
    chosen = pieces(runs)
    shocks = [drawn(c) for c in chosen]
    given = inputs(np.concatenate(shocks, axis=-1))
    traced = jax.jit(simulation).lower(*given)
    ways: dict[str, Callable[[], Any]] = {}
    for name, options in OPTIONS.items():
        compiled = traced.compile(compiler_options=options)
        ways[name] = lambda compiled=compiled: jax.block_until_ready(compiled(*given))
    ways["engine"] = lambda: [
        ENGINE(START, {}, s, lanes=len(c)) for c, s in zip(chosen, shocks, strict=True)
    ]
    ways["engine, with drawing"] = lambda: [
        ENGINE(START, {}, drawn(c), lanes=len(c)) for c in chosen
    ]
    times = {name: [] for name in ways}
    for _ in range(REPEAT):
        for name, way in ways.items():
            times[name].append(spent(way))
    ns = {name: min(found) / runs / STEPS * 1e9 for name, found in times.items()}
    mine = ways["engine"]()
    path = np.concatenate([outcome.values[PRICE][:, 1:] for outcome in mine])
    failed = np.concatenate([outcome.failed for outcome in mine])
    apart = 0.0
    for name in OPTIONS:
        (_, theirs), prices = ways[name]()
        assert np.array_equal(theirs, failed), "other runs fail in JAX"
        apart = max(apart, np.max(np.abs(np.asarray(prices)[-1] / path[:, -1] - 1.0)))
    ratios = " | ".join(f"{ns[name] / ns['engine']:.2f}" for name in OPTIONS)
    return f"| {runs:,} | {' | '.join(f'{n:,.0f}' for n in ns.values())} | {ratios} | {apart:.1e} |"


if __name__ == "__main__":
    # before JAX first computes, for it counts the cores then
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    jax.config.update("jax_enable_x64", True)
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "numpy", "llvmlite"))
    print(f"Python {platform.python_version()}, {packages}; load {os.getloadavg()[0]:.1f}.\n")
    heads = [*OPTIONS, "engine", "engine, with drawing", *(f"{n} / engine" for n in OPTIONS)]
    print(f"| runs | {' | '.join(heads)} | price of the last day apart, relative |")
    print("|" + "---:|" * (len(heads) + 2))
    for runs in (64, 512, 4096):
        print(compare(runs), flush=True)
    print(f"\nns per run and step, {STEPS} steps; load {os.getloadavg()[0]:.1f}.")
