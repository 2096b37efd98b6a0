#!/usr/bin/env bash
# cadCAD 0.5.3: a range of timesteps that does not begin at 0 labels the initial state 0 all the same, and the first step one beyond the range's start.
#
# With T = range(5, 8) the records have the timesteps 0, 6, 7, 8; with T = range(-3, 0), days before a start, they have 0, -2, -1, 0: the first
# and the last record have the same label, so that whoever looks a day up by its timestep finds two, and whoever sorts by it puts the end beside
# the start. A step of two, range(0, 6, 2), gives 0, 1, 3, 5. Three updates are made in each case, and nothing is said.
# Where: the engine adds one to what the range yields and numbers the initial state by itself. Found by running it.
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


def count(params, substep, history, state, signal):
    """One more step."""
    return "steps", state["steps"] + 1


def recorded(days):
    experiment = Experiment()
    experiment.append_model(
        initial_state={"steps": 0},
        partial_state_update_blocks=[{"policies": {}, "variables": {"steps": count}}],
        sim_configs=config_sim({"N": 1, "T": days, "M": {"unused": [0]}}),
    )
    with contextlib.redirect_stdout(io.StringIO()):
        context = ExecutionContext(context=ExecutionMode().single_mode)
        records, _, _ = Executor(context, experiment.configs, supress_print=True).execute()
    return [(row["timestep"], row["steps"]) for row in records]


expected = {
    range(3): [0, 1, 2, 3],
    range(5, 8): [0, 6, 7, 8],
    range(-3, 0): [0, -2, -1, 0],
    range(0, 6, 2): [0, 1, 3, 5],
}
print("cadCAD", version("cadCAD"))
for days, labels in expected.items():
    found = recorded(days)
    print(days, "timesteps", [label for label, _ in found])
    assert found == list(zip(labels, range(4), strict=True)), (days, found)
PYTHON
