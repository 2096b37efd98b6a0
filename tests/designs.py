"""Digests of what is solved before a simulation and at a decision: the designs of the LQR and the
MPC, the MPC's moves at made-up states, and the start of every policy.

    python tests/designs.py

Prints JSON: the name of a result, and the SHA-256 of its numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np

from tokenomics.model.controllers import law, lqr, mpc
from tokenomics.model.model import bind
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import names

DESIGNS = {
    "as shipped": (),
    "noisy oracle, thin plan": ("oracle.noise=0.03", "controller.mpc.horizon=3"),
    "weekly": ("controller.interval=7", "controller.mpc.horizon=84"),
    "cheap effort, long plan": ("controller.lqr.effort_weight=0.1", "controller.mpc.horizon=24"),
    "no integral": ("controller.lqr.integral_weight=0", "controller.interval=1"),
}


def results() -> Iterator[tuple[str, np.ndarray]]:
    """Every result with its name."""
    for name, sets in DESIGNS.items():
        params = bind(resolve("baseline", policy="mpc", sets=sets).values, None)
        found, controller = lqr.design(params), params["controller"]
        yield f"plant, {name}", np.concatenate([found.a.ravel(), found.b, found.c])
        yield f"filter, {name}", found.filter
        yield f"feedback, {name}", np.append(found.feedback, found.integral)
        yield f"cost, {name}", found.cost
        interval = controller.interval
        decisions = round(controller.mpc.horizon / interval)
        program = mpc.condensed(found, decisions, controller.lqr, interval)
        yield f"program, {name}", np.concatenate([program.response, program.answers], axis=1)
        yield f"moves, {name}", moves(params)
    for policy in names("policy"):
        state = steady_state(resolve("baseline", policy=policy).values).state
        yield f"start, {policy}", np.array(list(state.values()), dtype=float)


def moves(params) -> np.ndarray:
    """Signals and fallbacks (200, 2) of the MPC in states of which most break a limit."""
    rng, decide = np.random.default_rng(7), law("mpc").decide
    found = []
    for _ in range(200):
        state = {f"control_{m.name}": rng.normal(0.0, 0.5) for m in lqr.MEMORY}
        state |= {"control_error_integral": rng.normal(0.0, 10.0), "control_fallbacks": 0.0}
        state |= {"control_signal": rng.uniform(-0.2, 0.2), "reference_depth": 1e6}
        state["treasury_usd"] = rng.choice([0.0, rng.uniform(0.0, 5e5)])
        high = 0.05 * state["treasury_usd"] / state["reference_depth"]
        command = decide(params, state, rng.normal(0.0, 0.5), 7.0, -0.02, high)
        found.append([command.signal, command.memory["fallbacks"]])
    return np.array(found, dtype=float)


def digests() -> dict[str, str]:
    """SHA-256 by name."""
    return {name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in results()}


if __name__ == "__main__":
    print(json.dumps(digests()))
