"""Windows without a request in a rate series: an outage leaves the daily pattern and is told, empty
windows of a low rate are demand, and a pattern that cannot be had is refused.
"""

import numpy as np
import pytest

from paths import DATA, command
from tokenomics.calibration.demand.calibrate import TRUTH, calibrate_demand, simulate_series
from tokenomics.calibration.demand.series import SeriesFit
from tokenomics.histories.demand import DemandSeries, read_demand

DIURNAL = "diurnal amplitude (first harmonic of the log rate)"
SERVEGEN = DATA / "demand" / "servegen_language_m-large_rate10min.csv"
BLOCKS = ((100, 106), (171, 174), (250, 252))  # of two weeks of hours


def rates(folder, values, step=3600):
    file = folder / "rate.csv"
    lines = (f"{i * step},{v}" for i, v in enumerate(values))
    file.write_text("\n".join(["t_s,req_per_s", *lines]) + "\n")
    return str(file)


def with_outage(values, blocks=BLOCKS):
    values = np.array(values)
    for first, end in blocks:
        values[first:end] = 0.0
    return values


def sparse(mean, days, amplitude=0.8, seed=0):
    """Rates of windows of ten minutes whose Poisson counts have a day's cycle."""
    angle = 2.0 * np.pi * np.arange(days * 144) / 144
    cycle = np.exp(amplitude * np.sin(angle))
    counts = np.random.default_rng(seed).poisson(mean * cycle / cycle[:144].mean())
    return DemandSeries(counts / 600.0, 600.0, "sparse")


def test_an_outage_keeps_the_daily_pattern_and_is_told(tmp_path):
    whole = simulate_series(3, 14).rate
    exact = calibrate_demand(rates(tmp_path, whole))
    file = rates(tmp_path, with_outage(whole))
    status, out, errors = command(
        "calibrate", "demand", file, "--pattern", "diurnal", "--pattern", "weekly", folder=tmp_path
    )
    said = " ".join(out.split())
    assert (status, errors) == (0, "")
    assert "outage: 11 windows without a request" in said and "in 3 blocks" in said
    assert "360,000 s to 381,600 s (6)" in said
    found = calibrate_demand(file)
    for name, distance in ((DIURNAL, 0.02), ("demand.weekly_amplitude", 0.02)):
        assert found.value(name) == pytest.approx(exact.value(name), abs=distance)
    assert found.value("demand.request_rate") == pytest.approx(
        exact.value("demand.request_rate"), rel=0.01
    )
    names = "overdispersion of counts in 3600 s", "standard deviation of log daily demand"
    for name in names:
        assert found.value(name) == pytest.approx(exact.value(name), rel=0.1)


def test_the_amplitude_put_in_is_found_again_with_outages():
    errors = []
    for seed in range(20):
        series = simulate_series(seed, 28)
        holed = DemandSeries(with_outage(series.rate), series.width, series.file)
        estimate, _ = SeriesFit(holed).diurnal()
        errors.append((estimate.value - TRUTH[DIURNAL]) / TRUTH[DIURNAL])
    assert abs(np.mean(errors)) < 0.02 and np.std(errors) < 0.05


@pytest.mark.parametrize("mean", [0.5, 2.0])
def test_empty_windows_of_a_low_rate_are_demand_and_show_the_day(mean):
    inside = []
    for seed in range(20):
        fit = SeriesFit(sparse(mean, 30, seed=seed))
        assert not fit.outages.lost.any() and "kept as demand" in fit.said_of_empty()[0]
        estimate, table = fit.diurnal()
        assert estimate.value == pytest.approx(0.8, abs=0.25) and len(table) == 24
        inside.append(estimate.low < 0.8 < estimate.high)
    assert sum(inside) >= 16


def test_a_series_half_of_which_is_empty_is_no_outage():
    values = np.tile(np.r_[np.full(12, 5.0), np.full(12, 6.0)], 20) * (1 + np.arange(480) % 7)
    values[np.random.default_rng(0).random(480) < 0.4] = 0.0
    fit = SeriesFit(DemandSeries(values, 3600.0, "bursts"))
    assert not fit.outages.lost.any() and np.isfinite(fit.diurnal()[0].value)


@pytest.mark.parametrize(
    ("blocks", "pattern", "said"),
    [
        (((96, 120),), "weekly", "a day without a request has no logarithm"),
        (((96, 112),), "weekly", "a day of which half is missing or more has no logarithm"),
        ([(24 * d + 2, 24 * d + 3) for d in range(14)], "diurnal", "an hour without a request"),
    ],
)
def test_a_pattern_that_empty_windows_hide_is_refused(tmp_path, blocks, pattern, said):
    file = rates(tmp_path, with_outage(simulate_series(3, 14).rate, blocks))
    status, out, errors = command(
        "calibrate", "demand", file, "--pattern", pattern, folder=tmp_path
    )
    assert (status, out) == (2, "") and said in " ".join(errors.split())
    assert calibrate_demand(file).estimates  # not asked for, it is flagged


def test_the_help_promises_that_refusal(tmp_path):
    _, out, _ = command("calibrate", "demand", "--help", folder=tmp_path)
    assert "without a request" in " ".join(out.split())


@pytest.mark.skipif(not SERVEGEN.exists(), reason="the real data are not there")
def test_servegens_two_weeks_keep_their_day_through_an_outage():
    series = read_demand(SERVEGEN)
    holed = with_outage(series.rate, ((500, 530), (900, 918), (1500, 1512)))
    whole, fit = SeriesFit(series), SeriesFit(DemandSeries(holed, series.width, "holed"))
    one, other = whole.diurnal()[0], fit.diurnal()[0]
    assert other.value == pytest.approx(one.value, rel=0.1) and not other.problem
    assert "60 windows" in fit.said_of_empty()[0] and "in 3 blocks" in fit.said_of_empty()[0]
