"""What a routine computes in machine code is what Python computes of the same text, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.elementary.routines import Array, Routine

LIMIT = 3.0
SKIPPED = 2
NUMBERS = st.lists(st.floats(allow_subnormal=True), min_size=1, max_size=12)


@Routine
def everything(count: int, factor: float, given: Array, out: Array) -> None:
    """Each statement and expression that a routine may have."""
    largest = -1
    found = 0.0
    for i in range(count):
        out[i] = given[i] * factor + LIMIT
        near = abs(given[i]) < LIMIT or given[i] == LIMIT
        if not near and i < count or i == SKIPPED:
            out[i] = -given[i] / 7.0
        elif given[i] != given[i]:
            out[i] = 0.5
        else:
            for j in range(i, count):
                out[i] = out[i] - given[j] * given[i]
        if out[i] >= found:
            found = out[i]
            largest = i
    out[count] = given[count - 1] if largest >= 0 else -1.0
    if found <= 0.0 or found < LIMIT:
        out[count + 1] = 1.0
        return
    for i in range(SKIPPED * 3 - 4):
        out[count + 1] = found * factor
        if i + 1 < 2:
            out[count + 1] = 2.0


@settings(max_examples=300, deadline=None)
@given(values=NUMBERS, factor=st.floats(-1e3, 1e3))
def test_machine_code_and_python_agree_in_every_bit(values, factor):
    numbers, out = np.array(values), np.zeros(len(values) + 2)
    plain = [0.0] * len(out)
    everything.plain(len(values), factor, values, plain)
    everything(len(values), factor, numbers.ctypes.data, out.ctypes.data)
    assert np.array(plain).tobytes() == out.tobytes() or np.isnan(plain).any()
    np.testing.assert_array_equal(out, plain)


@Routine
def wrong(out: Array) -> None:
    """Has what is not translated."""
    out[0] = max(1.0, 2.0)


def test_what_a_routine_may_not_have_is_said():
    with pytest.raises(NotImplementedError, match="max in a routine"):
        wrong(np.zeros(1).ctypes.data)
