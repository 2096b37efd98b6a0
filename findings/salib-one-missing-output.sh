#!/usr/bin/env bash
# SALib 1.6.0: one missing output makes every Sobol index exactly 0, with an interval of 0, and says nothing.
#
# Expected by somebody who knows NumPy: NaN, or an error. Seen: S1, ST and their half-widths are 0.0 for all parameters and no warning is given,
# so that a sweep with one failed run reads as "nothing matters, and that is certain". With the Morris method the same
# output gives masked values in place of numbers, and NaN for sigma.
# Where: SALib's analyze/sobol.py normalises the outputs by their mean and standard deviation and sets what has no spread to 0.
# Found by running it; SALib's documentation of `analyze` does not speak of missing outputs (salib.readthedocs.io, "Basics").
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q SALib==1.6.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
"$work/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

import numpy as np
from SALib.analyze import morris, sobol
from SALib.sample import morris as walks
from SALib.sample import sobol as points

problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
inputs = points.sample(problem, 64, calc_second_order=False, seed=1)
whole = inputs @ np.array([3.0, 2.0, 1.0])
missing = whole.copy()
missing[17] = np.nan
with warnings.catch_warnings():
    warnings.simplefilter("error")  # there is none
    right = sobol.analyze(problem, whole, calc_second_order=False, seed=5)
    wrong = sobol.analyze(problem, missing, calc_second_order=False, seed=5)
print("SALib", version("SALib"))
print("all outputs there: S1", np.round(right["S1"], 3), "+/-", np.round(right["S1_conf"], 3))
print("one of 320 is NaN: S1", wrong["S1"], "+/-", wrong["S1_conf"], "ST", wrong["ST"], "+/-", wrong["ST_conf"])
assert right["S1"].min() > 0.01
for name in ("S1", "S1_conf", "ST", "ST_conf"):
    assert np.all(np.asarray(wrong[name]) == 0.0), name

inputs = walks.sample(problem, 8, num_levels=4, seed=1)
outputs = inputs @ np.array([3.0, 2.0, 1.0])
outputs[5] = np.nan
found = morris.analyze(problem, inputs, outputs, seed=1)
print("Morris, one of 32 is NaN: mu*", found["mu_star"], "sigma", found["sigma"])
assert np.ma.getmaskarray(found["mu_star"]).all() and np.isnan(np.ma.filled(found["sigma"], np.nan)).all()
PYTHON
