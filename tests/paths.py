"""Short simulations for tests, straight through the model's step, the command line, and where
recorded data may lie.
"""

import contextlib
import io
import os
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import typer

from tokenomics.cli.main import app, main
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import as_arrays
from tokenomics.parameters import resolve

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def simulate(
    sets=None,
    *,
    policy=None,
    scenarios=(),
    overlays=(),
    days=60,
    runs=4,
    seed=1,
    model=MODEL,
    keep=None,
):
    """Paths (runs, times) of every variable, by name."""
    chosen = [
        f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in (sets or {}).items()
    ]
    parameters = resolve(
        "baseline",
        policy=policy,
        scenarios=scenarios,
        overlays=overlays,
        sets=(f"simulation.days={days}", *chosen),
    ).values
    table = sample(parameters, np.arange(runs), seed, extra=model.extra_shocks)
    params = bind(parameters, table)
    states = [as_arrays(steady_state(parameters, model).state, runs)]
    bound = model.bound(params)
    for _ in range(parameters.simulation.steps):
        states.append(bound.step(params, states[-1]))
    found = {}
    for name in states[0] if keep is None else keep:
        found[name] = np.empty((runs, len(states)))
        for day, state in enumerate(states):
            found[name][:, day] = state[name]
    return found


def assert_same_bits(name, one, other):
    """A variable's path is the same to the last bit, the sign of a zero too."""
    np.testing.assert_array_equal(one, other, err_msg=name)
    np.testing.assert_array_equal(np.signbit(one), np.signbit(other), err_msg=name)


def command(*arguments, folder=None):
    """Status, output and errors of a command line, without a process of its own: that would import
    and compile everything anew.
    """
    out, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
        mock.patch.object(sys, "argv", ["tokenomics", *map(str, arguments)]),
        mock.patch.dict(os.environ, {"COLUMNS": "80"}),
    ):
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
    return status, out.getvalue(), errors.getvalue()


def commands(group=None, path=()):
    """Every command: the words that call it, and what typer made of it."""
    group = group or typer.main.get_command(app)
    context = group.context_class(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from commands(found, (*path, name))
        else:
            yield (*path, name), found
