#!/usr/bin/env bash
# cadCAD 0.5.3: the key under `variables` names no state variable. The name that the function returns decides what is written.
#
# A key is the name of a column of a table that has a row for each block. Where a block has nothing in a column, cadCAD puts a function that
# returns the variable as it is, and calls it in every substep. So a model whose V variables are set by as many blocks costs V x V calls a step
# under the obvious keys. Under one key for all of them it costs V calls, and the states are the same. Nothing is said of a key that is no
# variable.
# Where: `Processor.create_matrix_field` in cadCAD/configuration/__init__.py fills the table. Found by counting calls.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q cadCAD==0.5.3 pandas==3.1.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import sys
from importlib.metadata import version

with contextlib.redirect_stdout(io.StringIO()):  # the banner
    from cadCAD.configuration import Experiment
    from cadCAD.configuration.utils import config_sim
    from cadCAD.engine import ExecutionContext, ExecutionMode, Executor

NAMES = [f"x{i}" for i in range(40)]
STEPS = 5


def update(name):
    def one_more(params, substep, history, state, signal):
        return name, state[name] + 1

    return one_more


def simulated(key):
    """The last state, and how often cadCAD calls a function that leaves a variable as it is."""
    experiment = Experiment()
    experiment.append_model(
        initial_state=dict.fromkeys(NAMES, 0),
        partial_state_update_blocks=[
            {"policies": {}, "variables": {key(name): update(name)}} for name in NAMES
        ],
        sim_configs=config_sim({"N": 1, "T": range(STEPS)}),
    )
    calls = 0

    def count(frame, event, _):
        nonlocal calls
        code = frame.f_code
        if event == "call" and code.co_name == "<lambda>" and "var_dict" in code.co_varnames:
            calls += 1

    with contextlib.redirect_stdout(io.StringIO()):
        context = ExecutionContext(context=ExecutionMode().single_mode)
        executor = Executor(context, experiment.configs, supress_print=True)
        sys.setprofile(count)
        try:
            records, _, _ = executor.execute()
        finally:
            sys.setprofile(None)
    return {name: records[-1][name] for name in NAMES}, calls


own, shared = simulated(lambda name: name), simulated(lambda name: "no variable of this name")
print("cadCAD", version("cadCAD"))
print(f"{len(NAMES)} blocks of one variable, {STEPS} steps")
print(f"keys are the variables' names: {own[1]:,} calls that change nothing")
print(f"one key for all: {shared[1]:,}")
print("the last states are equal:", own[0] == shared[0])
assert own[0] == shared[0] == dict.fromkeys(NAMES, STEPS)
assert own[1] == STEPS * len(NAMES) * (len(NAMES) - 1), own[1]
assert shared[1] == 0, shared[1]
PYTHON
