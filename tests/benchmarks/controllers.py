"""Cost of each shipped policy a run and step in the ensemble engine: draw, simulate, keep the
price, on one core.

    python tests/benchmarks/controllers.py [--quick] > table.md

Prints Markdown. Times are CPU times of this process, the policies taken in turn in every
repetition, so that a machine that slows down slows them all; the least and the median of the
repetitions. The program of a policy is recorded and compiled before, and not counted.
"""

from __future__ import annotations

import argparse
import platform
import time
from statistics import median

import numpy as np

from tokenomics.engines.ensemble import Ensemble
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import names as shipped

CHUNK = 512


class Policy:
    """A policy's compiled model and its start."""

    def __init__(self, name: str):
        self.parameters = resolve("baseline", policy=name, scenarios=("token_crash",)).values
        self.steps = self.parameters.simulation.steps
        params = bind(self.parameters, sample(self.parameters, [0], 0))
        bound = MODEL.bound(params)
        self.start = steady_state(self.parameters).state
        self.variables = len(MODEL.variables(params))
        self.engine = Ensemble(bound, params, record=["token_price"], steps=self.steps)

    def cost(self, runs: int) -> float:
        """CPU time of a run and step [ns]."""
        begin = time.process_time()
        for first in range(0, runs, CHUNK):
            chosen = np.arange(first, min(first + CHUNK, runs))
            self.engine(
                self.start,
                {},
                self.engine.shocks(sample(self.parameters, chosen, 0)),
                lanes=len(chosen),
            )
        return (time.process_time() - begin) / (runs * self.steps) * 1e9


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    runs, repeat = (64, 2) if parser.parse_args().quick else (512, 9)
    names = ["none", *(n for n in shipped("policy") if n != "none")]
    policies = {name: Policy(name) for name in names}
    costs: dict[str, list[float]] = {name: [] for name in names}
    for policy in policies.values():
        policy.cost(8)
    for _ in range(repeat):
        for name, policy in policies.items():
            costs[name].append(policy.cost(runs))
    steps = policies["none"].steps
    print(
        f"Python {platform.python_version()}, scenario token_crash, {steps} steps, {runs} runs, "
        f"{repeat} repetitions, CPU time.\n"
    )
    print(
        "| policy | state variables | operations of a step | ns a run and step, least | median | "
        "more than `none`, of the least | of the median |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    base = costs["none"]
    for name, own in costs.items():
        policy = policies[name]
        more = median(a - b for a, b in zip(own, base, strict=True))
        sizes = f"{policy.variables} | {len(policy.engine.program.operations)}"
        print(
            f"| {name} | {sizes} | {min(own):,.0f} | {median(own):,.0f} | "
            f"{min(own) - min(base):+,.0f} | {more:+,.0f} |"
        )


if __name__ == "__main__":
    main()
