"""Shocks belong to (seed, run, process) alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.elementary import ndtri
from tokenomics.elementary.draws import draw
from tokenomics.elementary.operations import Arrays
from tokenomics.elementary.philox import block, uniform
from tokenomics.errors import InputError
from tokenomics.model.shocks import NORMALS, UNIFORMS, Streams, sample
from tokenomics.parameters import resolve

YEAR = resolve().values


def span(days):
    return resolve(sets=(f"simulation.days={days}",)).values


def test_the_stream_is_the_one_of_the_record():
    # Golden values: a change here changes every published run.
    uniforms = Streams(1).uniforms(7, "news_normal", 3)
    np.testing.assert_array_equal(uniforms, GOLDEN_UNIFORMS)
    table = sample(span(3), [7], 1)
    np.testing.assert_allclose(table.values["news_normal"][:, 0], GOLDEN_NORMALS, rtol=1e-14)


GOLDEN_UNIFORMS = [0.38909905204098477, 0.8275189722606917, 0.709774869393778]
GOLDEN_NORMALS = [-0.28166798643874924, 0.9444063153618387, 0.5527271472791059]


def test_a_run_has_the_same_shocks_whatever_else_is_run():
    alone, among = sample(YEAR, [5], 3), sample(YEAR, [9, 5, 0], 3)
    for name in (*NORMALS, *UNIFORMS):
        np.testing.assert_array_equal(alone.values[name][:, 0], among.values[name][:, 1])


def test_a_longer_span_extends_a_shorter_one():
    np.testing.assert_array_equal(
        sample(span(50), [1], 3).values["news_normal"],
        sample(span(80), [1], 3).values["news_normal"][:50],
    )


def test_another_process_changes_nothing_and_is_new():
    one, two = sample(YEAR, [1], 3), sample(YEAR, [1], 3, extra=("mine",))
    np.testing.assert_array_equal(one.values["news_normal"], two.values["news_normal"])
    assert abs(np.corrcoef(two.values["mine"][:, 0], two.values["news_normal"][:, 0])[0, 1]) < 0.2


def test_normals_are_normal_and_processes_and_runs_are_independent():
    table = sample(span(400), range(200), 11)
    stacked = np.array([table.values[name].ravel() for name in NORMALS])
    assert np.all(np.abs(stacked.mean(axis=1)) < 0.02)
    assert np.all(np.abs(stacked.std(axis=1) - 1.0) < 0.02)
    assert np.max(np.abs(np.corrcoef(stacked) - np.eye(len(NORMALS)))) < 0.02
    runs = np.corrcoef(table.values["news_normal"].T)
    assert np.max(np.abs(runs - np.eye(200))) < 0.3


def test_uniforms_never_touch_the_ends():
    uniforms = Streams(0).uniforms(0, "x", 100_000)
    assert 0.0 < uniforms.min() < uniforms.max() < 1.0
    ends = np.array([0, 2**64 - 1, 2**64 - 2**11, 2**63], dtype=np.uint64).view(np.int64)
    np.testing.assert_array_equal(
        uniform(Arrays, ends), [2.0**-54, 1.0 - 2.0**-53, 1.0 - 2.0**-53, 0.5]
    )


def words(seed, stream, count):
    """NumPy's words of a stream."""
    return np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)).random_raw(count)


WORD = st.integers(0, 2**64 - 1)


@settings(max_examples=60, deadline=None)
@given(WORD, st.lists(WORD, min_size=1, max_size=19), st.integers(1, 21))
def test_what_is_drawn_side_by_side_is_numpys_stream_of_each(seed, keys, count):
    expected = np.stack([words(seed, key, count) for key in keys], axis=1)
    uniforms = uniform(Arrays, np.ascontiguousarray(expected).view(np.int64))
    keys = np.array(keys, dtype=np.uint64)
    np.testing.assert_array_equal(draw(seed, keys, count, normals=False), uniforms)
    np.testing.assert_array_equal(draw(seed, keys, count, normals=True), ndtri(uniforms))


@settings(max_examples=60, deadline=None)
@given(WORD, WORD, st.integers(1, 9))
def test_the_words_of_a_counter_are_numpys(seed, stream, counter):
    one = [np.array([word], dtype=np.uint64).view(np.int64) for word in (counter, 0, 0, 0)]
    key = [np.array([word], dtype=np.uint64).view(np.int64) for word in (seed, stream)]
    with np.errstate(over="ignore"):
        found = np.concatenate(block(Arrays, one, key)).view(np.uint64)
    np.testing.assert_array_equal(found, words(seed, stream, 4 * counter)[-4:])


def test_switched_off_shocks_are_zero():
    table = sample(resolve(overlays=("no_shocks",)).values, [0, 1], 3)
    assert all(np.all(series == 0.0) for series in table.values.values())


@pytest.mark.parametrize(("runs", "seed"), [([0], -1), ([0], 2**64), ([-1], 0), ([2**32], 0)])
def test_a_seed_or_run_out_of_range_is_refused(runs, seed):
    with pytest.raises(InputError, match="expected"):
        sample(YEAR, runs, seed)
