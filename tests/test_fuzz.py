"""A sample of the damaged inputs of `fuzz.py`: each is refused in one line or answered, and none
crashes, hangs or fills the memory.
"""

import fuzz
import pytest

SAMPLES = (5, 40)  # cases, the first of their seed; `python tests/fuzz.py` tries 2,000


@pytest.mark.skipif(
    not hasattr(fuzz.os, "fork"),
    reason="cases run in forked processes, which this system does not have",
)
@pytest.mark.slow_after(1)
@pytest.mark.parametrize("cases", SAMPLES)
def test_damaged_inputs_are_refused_in_one_line_or_answered(cases):
    outcomes = fuzz.fuzz(cases, seed=20)
    bad = [fuzz._told(o) for o in outcomes if o.kind not in fuzz.KNOWN.values()]
    assert not bad, "\n".join(bad)
    assert sum(o.kind == "refused" for o in outcomes) > cases // 3
