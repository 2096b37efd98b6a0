"""Inter-arrival variation from rounded time stamps: within ten per cent of the exact one or
refused, and limits that hold it.
"""

from datetime import datetime, timedelta

import numpy as np
import pytest

from paths import DATA, command
from tokenomics.calibration.demand.calibrate import calibrate_demand
from tokenomics.calibration.demand.stamps import cells, limits, spread, variation
from tokenomics.calibration.demand.trace import simulate_trace
from tokenomics.histories.demand import read_requests
from tokenomics.histories.request_trace import RequestTrace

AZURE = DATA / "demand"
STEPS = 1.0, 3.0, 60.0
LAWS = [("gamma", cv) for cv in (0.5, 1.0, 2.0, 5.0)] + [
    ("lognormal", cv) for cv in (0.5, 1.0, 2.0, 5.0)
]


def cv_of(times):
    gaps = np.diff(times)
    return gaps.std(ddof=1) / gaps.mean()


def renewal(law, cv, mean, n=20_000, seed=0):
    """Arrival times of a renewal process that begins at any place of the clock."""
    draw = np.random.default_rng(seed)
    if law == "gamma":
        gaps = draw.gamma(1.0 / cv**2, cv**2, n)
    else:
        spread_of_logs = np.log1p(cv * cv)
        gaps = np.exp(draw.normal(-spread_of_logs / 2.0, np.sqrt(spread_of_logs), n))
    return mean * np.cumsum(gaps) + 1000.0 * draw.random()


def rounded(times, step):
    stamps = np.floor(times / step) * step
    ones = np.ones(len(stamps))
    return RequestTrace(stamps - stamps[0], ones, ones, "", "", "", step)


@pytest.mark.parametrize(("law", "cv"), LAWS)
def test_a_renewal_process_is_told_within_ten_per_cent_or_refused(law, cv):
    """Mean gaps from a twentieth of a second to twenty seconds, stamps of 1, 3 and 60 s."""
    for mean in (0.05, 0.18, 1.0, 4.0, 20.0):
        times = renewal(law, cv, mean)
        for step in STEPS:
            trace = rounded(times, step)
            found = variation(cells(trace))
            if found.problem:
                assert np.isnan(found.value) and f"steps of {step:g} s" in found.problem
            else:
                assert found.value == pytest.approx(cv_of(times), rel=0.1), (mean, step)
            low, high = found.low, found.high
            assert low <= high


@pytest.mark.parametrize(
    ("law", "cv", "mean", "step"),
    [
        ("gamma", 1.0, 0.18, 1.0),
        ("gamma", 1.0, 0.18, 3.0),
        ("gamma", 1.0, 4.0, 60.0),
        ("gamma", 0.5, 4.0, 1.0),
        ("gamma", 2.0, 1.0, 1.0),
        ("gamma", 5.0, 0.18, 1.0),
        ("lognormal", 5.0, 1.0, 3.0),
        ("lognormal", 2.0, 4.0, 3.0),
    ],
)
def test_what_rounding_leaves_to_be_told_is_told(law, cv, mean, step):
    times = renewal(law, cv, mean)
    found = variation(cells(rounded(times, step)))
    assert not found.problem and found.value == pytest.approx(cv_of(times), rel=0.05)


@pytest.mark.parametrize("cv", [0.5, 2.0, 5.0])
def test_many_requests_to_a_step_do_not_tell_bursts_from_a_changing_rate(cv):
    found = variation(cells(rounded(renewal("gamma", cv, 0.18), 60.0)))
    assert "counts by step allow" in found.problem and np.isnan(found.value)


@pytest.mark.parametrize(("law", "cv"), LAWS)
def test_no_law_of_arrivals_leaves_the_limits(law, cv):
    for mean, step in ((0.18, 1.0), (1.0, 1.0), (4.0, 3.0)):
        times = renewal(law, cv, mean, seed=1)
        found = cells(rounded(times, step))
        low, high = limits(found.gap, found.count.astype(float))
        assert low * 0.98 < cv_of(times) < high * 1.02
        assert high == pytest.approx(cv_of(rounded(times, step).seconds), rel=0.02)


def test_the_spread_requests_have_the_moments_of_uniform_places():
    counts, draw = np.array([3, 0, 1, 7, 0, 0, 2, 1]), np.random.default_rng(4)
    held = np.flatnonzero(counts)
    exact = spread(np.diff(held), counts[held][:-1] * 1.0, counts[held][1:] * 1.0)
    squares = lengths = 0.0
    for _ in range(20_000):
        places = np.sort(np.repeat(np.arange(len(counts)), counts) + draw.random(counts.sum()))
        gaps = np.diff(places)[: counts[held][:-1].sum()]
        # from the first request of the first step to the first one of the last
        squares, lengths = squares + (gaps**2).sum(), lengths + gaps.sum()
    simulated = np.sqrt(len(gaps) * 20_000 * squares / lengths**2 - 1.0)
    assert exact == pytest.approx(simulated, rel=0.01)


def test_a_poisson_process_whose_rate_wanders_is_told_by_seconds_and_not_by_minutes():
    times = simulate_trace(0, 7200).seconds
    for step in (1.0, 3.0):
        found = variation(cells(rounded(times, step)))
        assert found.value == pytest.approx(cv_of(times), rel=0.05)
    assert variation(cells(rounded(times, 60.0))).problem


def test_requests_that_come_in_pairs_are_no_poisson_process():
    draw = np.random.default_rng(5)
    pairs = np.repeat(np.cumsum(draw.exponential(1.0, 20_000)), 2) + 0.02 * draw.random(40_000)
    times = np.sort(pairs)
    assert variation(cells(rounded(times, 1.0))).value == pytest.approx(cv_of(times), rel=0.05)
    assert variation(cells(rounded(times, 3.0))).problem


def test_regular_gaps_are_coarse_below_half_a_gap():
    """A step of a quarter of the mean gap more than doubles the variance of a CV of a tenth."""
    assert rounded(renewal("gamma", 0.1, 4.0), 1.0).coarse
    assert not rounded(renewal("gamma", 1.0, 4.0), 1.0).coarse


def written(folder, times, step, lengths=None):
    draw = np.random.default_rng(9)
    start = datetime(2024, 1, 1)
    if lengths is None:
        lengths = draw.integers(10, 900, (len(times), 2))
    lines = [
        f"{start + timedelta(seconds=float(np.floor(t / step) * step))},{p:g},{o:g}"
        for t, (p, o) in zip(times, lengths, strict=True)
    ]
    file = folder / "trace.csv"
    file.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *lines]) + "\n")
    return str(file)


def test_the_command_corrects_or_refuses_and_says_so(tmp_path):
    times = renewal("gamma", 1.0, 0.5, n=8000)
    for step, told in ((1.0, True), (60.0, False)):
        file = written(tmp_path, times, step)
        status, out, errors = command("calibrate", "demand", file, folder=tmp_path)
        said = " ".join(out.split())
        assert (status, errors) == (0, "")
        assert ("is corrected for time stamps with steps of 1 s" in said) == told
        assert ("counts by step allow" in said) != told
        overlay = calibrate_demand(file).overlay()
        assert ("arrival_cv" in overlay) == told and "request_rate" in overlay


def test_steps_cut_by_the_ends_of_a_trace_are_no_slump(tmp_path):
    """The first minute begins with the first request and the last ends with the last one: counted
    whole, they lower the rate and raise the dispersion.
    """
    times = renewal("gamma", 1.0, 0.2, n=9000)
    times += 50.0 - times[0] % 60.0
    found = {e.name: e for e in calibrate_demand(written(tmp_path, times, 60.0)).estimates}
    assert found["demand.request_rate"].value == pytest.approx(5.0, rel=0.03)
    assert found["overdispersion of counts in 60 s"].value < 2.0


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (renewal("gamma", 1.0, 10.0, n=900), 3600.0),
        (np.repeat([0.0, 60.0, 1200.0], 100), 60.0),  # most steps are empty
    ],
)
def test_a_trace_of_few_steps_tells_no_rate(tmp_path, times, step):
    found = calibrate_demand(written(tmp_path, times, step))
    problem = {e.name: e.problem for e in found.estimates}["demand.request_rate"]
    assert f"steps of {step:g} s" in problem and "at least 10" in problem
    assert "prompt_tokens" in found.overlay() and "request_rate" not in found.overlay()


@pytest.mark.skipif(not AZURE.exists(), reason="the real data are not there")
@pytest.mark.parametrize(("name", "exact"), [("code", 13.152), ("conv", 1.094)])
def test_azures_traces_rounded_give_their_exact_figure_or_none(tmp_path, name, exact):
    trace = read_requests(AZURE / f"AzureLLMInferenceTrace_{name}.csv")
    begin = (trace.start - trace.start.astype("datetime64[D]")) / np.timedelta64(1, "s")
    lengths = np.column_stack([trace.prompt, trace.output])
    for step, told in ((1.0, True), (3.0, True), (60.0, False)):
        found = calibrate_demand(written(tmp_path, trace.seconds + begin, step, lengths))
        one = next(e for e in found.estimates if e.name == "capacity.arrival_cv")
        assert ("arrival_cv" in found.overlay()) == told
        if told:
            assert one.value == pytest.approx(exact, rel=0.05) and one.low < exact < one.high
        assert found.value("demand.request_rate") == pytest.approx(
            len(trace.seconds) / trace.seconds[-1], rel=0.02
        )
