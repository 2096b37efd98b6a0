#!/usr/bin/env bash
# python-control 0.10.2: with a delay of 20 steps the gain margin of a discrete loop is told five times too large, and the true one is in no list.
#
# An integrator that acts on the measurement of 20 steps ago: characteristic polynomial z^21 - z^20 + k. `margin` says that the gain may be
# raised by 38; the closed loop is unstable from 7.66 on, by the roots of that polynomial. `stability_margins(returnall=True)` has no 7.66 either. A
# warning says that a fallback on a grid of frequencies is used "because of chance of numerical inaccuracy", which does not say that crossings are
# missed. With 5 steps of delay the answer is right. A price oracle with a delay is such a loop.
# Where: control/margins.py, the fallback 'frd' with frequencies of its own. The true value is also the closed form
# 2 sin(pi / (2 (2 d + 1))) of a delayed integrator (d: delay), as in S. A. Levin and R. M. May, Theor. Popul. Biol. 9, 178 (1976).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q control==0.10.2 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import control
import numpy as np

GAIN = 0.01
print("python-control", control.__version__)
for delay in (5, 20, 60):
    loop = control.tf([GAIN], [1.0, -1.0] + [0.0] * delay, 1.0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        told = control.margin(loop)[0]
        listed = np.sort(control.stability_margins(loop, returnall=True)[0])

    def largest_root(margin):
        polynomial = np.array([1.0, -1.0] + [0.0] * delay)
        polynomial[-1] += GAIN * margin
        return np.max(np.abs(np.roots(polynomial)))

    closed_form = 2.0 * np.sin(np.pi / (2.0 * (2.0 * delay + 1.0))) / GAIN
    assert largest_root(0.999 * closed_form) < 1.0 < largest_root(1.001 * closed_form)
    print(f"delay {delay}: told {told:.3f}, true {closed_form:.3f}; listed {np.round(listed[:3], 2)}; warnings {len(said)}")
    if delay == 5:
        assert abs(told / closed_form - 1.0) < 1e-6
    else:
        assert told > 4.0 * closed_form and np.all(np.abs(listed / closed_form - 1.0) > 0.5)
PYTHON
