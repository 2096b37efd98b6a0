#!/usr/bin/env bash
# scoringrules 0.10.0: the weighted interval score adds half the forecast's median, not half its distance to what happened.
#
# Expected by its own documentation and by Bracher and others (2021, PLOS Computational Biology 17, e1008618, eq. 2): the score of forecast and
# outcome stays the same where both are shifted by one number, is never negative, and is twice the mean pinball loss of the levels. Seen: with the
# NumPy backend the term of the median is w_0 times the median itself, so that the same error scores 0.264 around 0, 14.5 around 100 and
# -14.0 around -100, and of two forecasts the one with the lower median is preferred.
# Where: core/interval/_score.py, weighted_interval_score. The intervals' own scores are right.
# Found by comparing it with the scores of the same quantiles summed up by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q scoringrules==0.10.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import scoringrules
from scipy.stats import norm

print("scoringrules", version("scoringrules"))
miss = np.array([0.05, 0.1, 0.5])
levels = np.r_[miss / 2.0, 0.5, 1.0 - miss / 2.0]


def theirs(centre):
    low, high = centre + norm.ppf(miss / 2.0), centre + norm.ppf(1.0 - miss / 2.0)
    return float(scoringrules.weighted_interval_score(centre + 1.0, centre, low, high, miss, backend="numpy"))


def by_hand(centre):
    gaps = centre + 1.0 - (centre + norm.ppf(levels))
    return float(2.0 * np.mean(np.maximum(levels * gaps, (levels - 1.0) * gaps)))


for centre in (0.0, 100.0, -100.0):
    print(f"normal forecast around {centre:g}, outcome one above: {theirs(centre):.4f}, by hand {by_hand(centre):.4f}")
assert abs(by_hand(100.0) - by_hand(0.0)) < 1e-12 and by_hand(0.0) > 0.4
assert abs(theirs(100.0) - theirs(0.0) - 0.5 * 100.0 / 3.5) < 1e-9
assert theirs(-100.0) < 0.0
PYTHON
