"""All bits are the same in another setting of everything at once; `same_bits.py` runs them all."""

import pytest
import same_bits
from same_bits import Setting, Task

# a law with gains of a linear model, a solver in every step and several events at once
TASK = Task((("mpc", "combined_stress"),), runs=9, days=8)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Digests in both engines on this machine as it is."""
    found, _ = same_bits.digests(Setting("as it is"), TASK, str(tmp_path_factory.mktemp("usual")))
    return found


def test_the_engines_agree_on_every_bit(usual):
    assert same_bits.differences(usual["cadcad"], usual["ensemble"]) == {}


@pytest.mark.slow
@pytest.mark.skipif(not same_bits.levels(), reason="no processor of x86-64")
def test_no_bit_depends_on_the_processor(usual, tmp_path):
    found, _ = same_bits.digests(same_bits.oldest(), TASK, str(tmp_path))
    for engine, parts in found.items():
        assert same_bits.differences(usual["cadcad"], parts) == {}, engine
