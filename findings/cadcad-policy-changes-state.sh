#!/usr/bin/env bash
# cadCAD 0.5.3: the policies of a block and its update functions are all handed the same state, so that what one policy changes in place, the others see.
#
# The state is copied deeply once for a block, which makes a list in it look safe to work on. Here a policy takes the first order from a book for
# itself. No update function names the book, yet the records keep it shortened; the other policy counts one order less, and one more when the two
# change places in the dictionary, though both are meant to read the state from before the block. Nothing is said.
# Where: `partial_state_update` in cadCAD's engine/simulation.py makes one copy and takes variables without an update from it.
# radCAD, a package with the same interface, had this too and calls it a bug (github.com/CADLabs/radCAD/issues/53). Found by running it.
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


def first(params, substep, history, state):
    """The first order, taken from what looks like a copy."""
    return {"first": state["book"].pop(0)}


def depth(params, substep, history, state):
    return {"depth": len(state["book"])}


def seen(params, substep, history, state, signal):
    return "seen", signal["depth"]


def simulated(policies):
    experiment = Experiment()
    experiment.append_model(
        initial_state={"book": [5, 6, 7], "seen": None},
        partial_state_update_blocks=[{"policies": policies, "variables": {"seen": seen}}],
        sim_configs=config_sim({"N": 1, "T": range(2)}),
    )
    with contextlib.redirect_stdout(io.StringIO()):
        context = ExecutionContext(context=ExecutionMode().single_mode)
        records, _, _ = Executor(context, experiment.configs, supress_print=True).execute()
    return [row["book"] for row in records], [row["seen"] for row in records]


print("cadCAD", version("cadCAD"))
expected = [[5, 6, 7], [6, 7], [7]]
for policies, depths in (
    ({"first": first, "depth": depth}, [None, 2, 1]),
    ({"depth": depth, "first": first}, [None, 3, 2]),
):
    books, found = simulated(policies)
    print(f"policies {', '.join(policies)}: book {books}, depth seen {found}")
    assert (books, found) == (expected, depths)
PYTHON
