#!/usr/bin/env bash
# SALib 1.6.0: `sobol.analyze(..., seed=0)` is not seeded; the same call gives other intervals each time.
#
# 0 is the seed that most people write first. The bootstrap of the Sobol indices takes it for "no seed", for it asks whether the seed is true
# and not whether it is None; every other seed repeats. The Morris analysis takes 0 as the seed that it is.
# Where: SALib's analyze/sobol.py, `if seed:`; analyze/morris.py goes through a helper that handles None. Found by running it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q SALib==1.6.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
"$work/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from SALib.analyze import morris, sobol
from SALib.sample import morris as walks
from SALib.sample import sobol as points

problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
inputs = points.sample(problem, 64, calc_second_order=False, seed=1)
outputs = inputs @ np.array([3.0, 2.0, 1.0])


def widths(seed):
    return sobol.analyze(problem, outputs, calc_second_order=False, seed=seed)["S1_conf"]


print("SALib", version("SALib"))
for seed in (0, 1):
    one, two = widths(seed), widths(seed)
    print(f"Sobol, seed {seed}, twice: S1_conf {np.round(one, 4)} and {np.round(two, 4)}")
    assert np.array_equal(one, two) is (seed != 0), seed

steps = walks.sample(problem, 8, num_levels=4, seed=1)
effects = steps @ np.array([3.0, 2.0, 1.0]) + steps[:, 0] * steps[:, 1]
one, two = (morris.analyze(problem, steps, effects, seed=0)["mu_star_conf"] for _ in range(2))
print(f"Morris, seed 0, twice: mu_star_conf {one} and {two}")
assert np.array_equal(one, two)
PYTHON
