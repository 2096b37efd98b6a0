#!/usr/bin/env bash
# cadCAD 0.5.3: all Monte Carlo runs of a process hold one dictionary of parameters, and none of them gets a copy.
#
# The state is copied before every substep, so that it looks safe to count something in `params`, say. What a policy writes there stays for
# the steps that follow, and for all later runs: the second run of a simulation without any randomness differs from the first. Nothing is said.
# Where: the engine hands the same mapping of the configuration to every call. Found by running it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q cadCAD==0.5.3 pandas==3.1.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import contextlib
import io
from importlib.metadata import version

with contextlib.redirect_stdout(io.StringIO()):  # the banner
    from cadCAD.configuration import Experiment
    from cadCAD.configuration.utils import config_sim
    from cadCAD.engine import ExecutionContext, ExecutionMode, Executor


def price(params, substep, history, state):
    """A fee that rises by one at each step."""
    params["fee"] += 1
    return {"fee": params["fee"]}


def paid(params, substep, history, state, signal):
    return "paid", signal["fee"]


experiment = Experiment()
experiment.append_model(
    initial_state={"paid": 0},
    partial_state_update_blocks=[{"policies": {"price": price}, "variables": {"paid": paid}}],
    sim_configs=config_sim({"N": 2, "T": range(3), "M": {"fee": [0]}}),
)
with contextlib.redirect_stdout(io.StringIO()):
    context = ExecutionContext(context=ExecutionMode().single_mode)
    records, _, _ = Executor(context, experiment.configs, supress_print=True).execute()

runs = {run: [row["paid"] for row in records if row["run"] == run] for run in (1, 2)}
print("cadCAD", version("cadCAD"))
for run, values in runs.items():
    print(f"run {run}: paid {values}")
assert runs == {1: [0, 1, 2, 3], 2: [0, 4, 5, 6]}, runs
PYTHON
