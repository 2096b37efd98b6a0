"""Recorded series: what is wrong is named by file and line; what is right loses no request."""

import numpy as np
import pytest

from paths import DATA
from tokenomics.errors import InputError
from tokenomics.recorded import DemandSeries, align, mean_rate, read_demand


def write(tmp_path, text):
    file = tmp_path / "series.csv"
    file.write_text(text)
    return file


RATE = "t_s,req_per_s\n0,11\n600,22\n1200,33\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RATE.replace("22", "abc"), r":3: req_per_s: the text 'abc'"),
        (RATE.replace("22", "-1"), r":3: req_per_s: -1; expected a number >= 0"),
        (RATE.replace("22", "nan"), r":3: req_per_s: NaN"),
        (RATE + "3600,1\n", r":5: t_s: a gap: 2400 s since the row before"),
        (RATE.replace("600", "0"), r":3: t_s: a time that does not increase"),
        (RATE.replace("11", "0").replace("22", "0").replace("33", "0"), "no request at all"),
        ("a,b\n1,2\n", "expected t_s,req_per_s or date,req_per_s or TIMESTAMP"),
    ],
)
def test_a_bad_rate_file_gets_one_clear_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_demand(write(tmp_path, text))


def test_a_trace_is_counted_and_tells_its_tokens(tmp_path):
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    lines += [f"2023-11-16 18:{m:02d}:{s:02d}.1234567,100,{10 + m}" for m in range(3) for s in range(0, 60, 2)]
    series = read_demand(write(tmp_path, "\n".join(lines)))
    np.testing.assert_allclose(series.rate, [0.5, 0.5])
    assert (series.prompt_tokens, series.output_tokens) == (100.0, 11.0)
    with pytest.raises(InputError, match=r":3: TIMESTAMP: 'soon' is not a time"):
        read_demand(write(tmp_path, "\n".join([*lines[:2], "soon,1,1"])))


def series(rate, width=3600.0):
    return DemandSeries(np.asarray(rate, dtype=float), width, "series.csv")


def test_a_short_series_needs_a_choice_that_is_named():
    for choice in (None, "start"):
        with pytest.raises(InputError, match=r"spans 1 days, the simulation 3.*repeat.*bootstrap"):
            align(series(np.ones(24)), span_days=3, time_step=1.0, align=choice, runs=1, seed=0)


@pytest.mark.parametrize("time_step", [1.0, 0.5, 0.3, 1 / 48])
def test_tiling_loses_no_request(time_step):
    rate = np.random.default_rng(0).uniform(1, 9, 30)
    steps = round(5 / time_step)
    out = align(series(rate), span_days=5, time_step=time_step, align="repeat", runs=2, seed=0)
    assert out.shape == (steps, 2)
    days = steps * time_step
    laps, rest = divmod(days * 24, 30)
    hours = np.concatenate([np.tile(rate, int(laps)), rate[: int(rest)], [rate[int(rest) % 30] * (rest % 1)]])
    assert out[:, 0].sum() * time_step * 24 == pytest.approx(hours.sum(), rel=1e-9)


def test_a_long_series_needs_no_choice_and_is_used_from_its_start():
    out = align(series(np.arange(240.0)), span_days=2, time_step=1.0, align=None, runs=1, seed=0)
    np.testing.assert_allclose(out[:, 0], [11.5, 35.5])


def test_the_bootstrap_draws_whole_days_per_run():
    days = np.repeat([1.0, 2.0, 3.0], 24)
    few = align(series(days), span_days=50, time_step=1.0, align="bootstrap", runs=2, seed=4)
    many = align(series(days), span_days=50, time_step=1.0, align="bootstrap", runs=5, seed=4)
    np.testing.assert_array_equal(few, many[:, :2])
    assert set(np.unique(few)) == {1.0, 2.0, 3.0}
    assert not np.array_equal(few[:, 0], few[:, 1])


@pytest.mark.parametrize("name", ["servegen_language_m-large_rate10min.csv", "AzureLLMInferenceTrace_conv.csv"])
def test_real_demand_is_read(name):
    file = DATA / "demand" / name
    if not file.exists():
        pytest.skip("the recorded demand is not here")
    rate = mean_rate(read_demand(file))
    assert rate == pytest.approx({"s": 195.84, "A": 5.53}[name[0]], rel=0.01)
