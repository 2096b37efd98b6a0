"""Demand from rate series and traces: the likelihood, what is found again, what is refused, and the
published figures of real traces.
"""

import json

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from paths import DATA, command
from tokenomics.calibration.ar1 import OrnsteinUhlenbeck, averaged
from tokenomics.calibration.demand.calibrate import (
    RECOVERY,
    TRUTH,
    calibrate_demand,
    simulate_series,
)
from tokenomics.calibration.demand.series import SeriesFit
from tokenomics.calibration.demand.trace import RECOVERY as TRACE
from tokenomics.calibration.demand.trace import lognormal
from tokenomics.calibration.dependence import jackknife, newey_west
from tokenomics.calibration.recovery import recover, recovery_table
from tokenomics.errors import InputError
from tokenomics.histories.demand import DemandSeries, read_demand
from tokenomics.parameters import resolve

AZURE = DATA / "demand" / "AzureLLMInferenceTrace_code.csv"
needs_data = pytest.mark.skipif(not AZURE.exists(), reason="the real data are not there")


def path_of(theta, deviation, n, step, seed=0):
    draw, phi = np.random.default_rng(seed), np.exp(-theta * step)
    x = [deviation * draw.standard_normal()]
    for z in draw.standard_normal(n - 1):
        x.append(phi * x[-1] + deviation * np.sqrt(1.0 - phi * phi) * z)
    return np.array(x)


@pytest.mark.parametrize(("theta", "step"), [(0.3, 1.0), (2.0, 1.0), (7.0, 1.0 / 24.0)])
def test_the_likelihood_is_that_of_the_whole_gaussian_vector(theta, step):
    n, deviation = 25, 0.4
    y = path_of(theta, deviation, n, step)
    x = np.column_stack([np.ones(n), np.sin(np.arange(n))])
    covariance = deviation**2 * np.exp(
        -theta * step * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    )
    weight = np.linalg.inv(covariance)
    beta = np.linalg.solve(x.T @ weight @ x, x.T @ weight @ y)
    fit, kept = OrnsteinUhlenbeck(y, x, step), deviation**2 * -np.expm1(-2.0 * theta * step)
    assert fit.log_likelihood(theta, kept) == pytest.approx(
        multivariate_normal(x @ beta, covariance).logpdf(y), rel=1e-10
    )
    # the restricted likelihood is that of contrasts free of β, up to a constant that depends on X
    # alone
    contrasts = np.linalg.svd(x.T)[2][2:]

    def of_contrasts(size):
        return multivariate_normal(
            np.zeros(n - 2), contrasts @ covariance @ contrasts.T * size
        ).logpdf(contrasts @ y)

    gain = fit.restricted(theta, 1.7 * kept) - fit.restricted(theta, kept)
    assert gain == pytest.approx(of_contrasts(1.7) - of_contrasts(1.0), rel=1e-9)


def test_no_reversion_is_likelier_than_the_estimate():
    fit = OrnsteinUhlenbeck(path_of(0.5, 0.3, 200, 1.0), np.ones((200, 1)), 1.0)
    theta, _ = fit.maximum_likelihood()
    around = fit.log_likelihood(theta * np.array([0.9, 0.97, 1.0, 1.03, 1.1]))
    assert np.argmax(around) == 2
    assert np.argmax(fit.restricted(fit.theta * np.array([0.9, 0.97, 1.0, 1.03, 1.1]))) == 2


def test_restricting_the_likelihood_takes_away_most_of_the_bias():
    ones, found = np.ones((30, 1)), []
    for seed in range(150):
        fit = OrnsteinUhlenbeck(path_of(0.2, 0.3, 30, 1.0, seed), ones, 1.0)
        found.append((np.exp(-fit.maximum_likelihood()[0]), np.exp(-fit.theta)))
    whole, restricted = np.mean(found, axis=0) - np.exp(-0.2)
    assert whole < -0.05 and abs(restricted) < 0.6 * abs(whole)


@pytest.mark.parametrize(
    ("theta", "days", "width"), [(2.0, 30, 60.0), (2.0, 365, 600.0), (20.0, 120, 60.0)]
)
def test_a_long_series_tells_what_was_put_in_within_a_narrow_interval(theta, days, width):
    """The interval is narrower than the grid on which a short series' likelihood is drawn."""
    n, step, deviation = round(days * 86400 / width), width / 86400, 0.3
    fit = OrnsteinUhlenbeck(
        3.0 + path_of(theta, deviation, n, step), np.ones((n, 1)), step, high=1000.0
    )
    volatility, reversion = fit.size("volatility"), fit.reversion()
    truth, relative = deviation * np.sqrt(2.0 * theta), volatility.error / volatility.value
    assert (
        abs(volatility.value - truth) < 3.0 * volatility.error
        and volatility.low < volatility.value < volatility.high
    )
    assert relative == pytest.approx(
        1.0 / np.sqrt(2.0 * n), rel=0.02
    )  # as of a variance from n independent squares
    assert abs(reversion.value - theta) < 3.0 * reversion.error
    assert reversion.error / reversion.value == pytest.approx(
        np.sqrt(2.0 / (theta * days)), rel=0.25
    )  # n θΔt / 2 independent looks at φ
    assert abs(fit.coefficient((1.0,)).value - 3.0) < 3.0 * fit.coefficient((1.0,)).error


def test_the_error_of_a_level_is_averaged_over_theta_as_an_integral_is():
    """Whatever the points at which θ is looked at, closer ones around a narrow top among them."""
    n = 40_000
    fit = OrnsteinUhlenbeck(path_of(0.5, 0.3, n, 1.0, seed=1), np.ones((n, 1)), 1.0)
    theta = fit.reversion()
    assert np.count_nonzero((fit.grid > theta.low) & (fit.grid < theta.high)) > 20
    phi = np.linspace(np.exp(-1.1 * theta.high), np.exp(-theta.low / 1.1), 20_001)
    beta, inverse, rss, _, _ = fit._solve(-np.log(phi))
    likelihood = fit.restricted(-np.log(phi))
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    spread = inverse[:, 0, 0] * rss / (fit.freedom - 2) + (beta[:, 0] - weight @ beta[:, 0]) ** 2
    assert fit.coefficient((1.0,)).error == pytest.approx(np.sqrt(weight @ spread), rel=1e-6)


def test_a_mean_over_days_of_the_process_has_the_variance_that_simulation_gives():
    fine = path_of(4.0, 1.0, 400_000, 0.01).reshape(-1, 100).mean(axis=1)
    deviation, lag = averaged(4.0, 1.0)
    assert fine.std() == pytest.approx(deviation, rel=0.03)
    assert np.corrcoef(fine[1:], fine[:-1])[0, 1] == pytest.approx(lag, abs=0.04)


@pytest.mark.parametrize(
    ("case", "count", "seeds", "least"),
    [(RECOVERY, 120, 25, 0.8), (RECOVERY, 14, 15, 0.75), (TRACE, 3600, 25, 0.75)],
)
def test_what_was_put_in_is_found_again(case, count, seeds, least):
    table = recovery_table(case.truth, [case.replicate(seed, count) for seed in range(seeds)])
    assert (table["coverage"] >= least).all()
    known = table[table["flagged"] < 0.5]
    assert (known["bias / standard deviation"].abs() < 0.6).all()


@pytest.mark.parametrize(
    ("name", "few"),
    [("trace", 599), ("economy", 249), ("burn", 11), ("demand", 6), ("merton", 99), ("garch", 99)],
)
def test_no_recovery_is_tried_on_fewer_observations_than_the_estimator_takes(name, few):
    with pytest.raises(InputError, match=f"count: {few}; expected at least {few + 1}"):
        recover(name, count=few)


def test_fourteen_days_do_not_tell_reversion_and_a_hundred_and_twenty_do():
    told = {
        days: [
            SeriesFit(simulate_series(seed, days)).process()[0].problem == "" for seed in range(10)
        ]
        for days in (14, 120)
    }
    assert sum(told[14]) == 0 and sum(told[120]) >= 8


def test_the_error_of_a_mean_of_independent_values_is_the_textbooks():
    values = np.random.default_rng(0).normal(5.0, 1.0, 4000)
    found = [
        jackknife(lambda kept, v=v: v[kept].mean(), np.arange(400) / 400)
        for v in values.reshape(10, 400)
    ]
    assert np.mean([one.error for one in found]) == pytest.approx(1.0 / 20.0, rel=0.25)
    x = np.column_stack([np.ones(4000), np.linspace(0, 1, 4000)])
    beta, errors = newey_west(values, x)
    assert (
        errors[1] == pytest.approx(np.sqrt(12.0 / 4000), rel=0.1) and abs(beta[1]) < 3 * errors[1]
    )


def test_a_lognormal_is_told_from_what_is_none():
    draw = np.random.default_rng(3)
    true = lognormal(np.round(np.exp(draw.normal(6.0, 0.8, 3000))))
    mixed = lognormal(
        np.round(np.exp(np.concatenate([draw.normal(4.0, 0.3, 1500), draw.normal(7.0, 0.3, 1500)])))
    )
    assert true.distance < true.limit and mixed.distance > 3 * mixed.limit


def rates(folder, values, header="t_s,req_per_s", step=3600):
    file = folder / "rate.csv"
    file.write_text("\n".join([header, *(f"{i * step},{v}" for i, v in enumerate(values))]) + "\n")
    return str(file)


def trace(folder, lines=None):
    file = folder / "trace.csv"
    if lines is None:
        lines = [
            f"2024-01-01 00:{i // 10:02d}:{i % 10 * 5:02d}.5,{100 + i},{10 + i % 7}"
            for i in range(150)
        ]
    file.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *lines]) + "\n")
    return str(file)


@pytest.mark.parametrize(
    ("pattern", "days", "said"),
    [
        ("weekly", 13, "whole days: 13; a weekly pattern needs 14"),
        ("diurnal", 1, "whole days: 1; a diurnal pattern needs 2"),
        ("wekly", 20, "did you mean 'weekly'?"),
    ],
)
def test_a_pattern_that_the_span_cannot_carry_is_refused(tmp_path, pattern, days, said):
    with pytest.raises(InputError, match="patterns") as error:
        calibrate_demand(rates(tmp_path, 5.0 + np.arange(24 * days) % 7), [pattern])
    assert said in str(error.value)


def test_a_trace_of_minutes_refuses_a_pattern(tmp_path):
    with pytest.raises(
        InputError,
        match=r"diurnal; expected a rate series of 2 whole days or more \(a trace of 15 minutes\)",
    ):
        calibrate_demand(trace(tmp_path), ["diurnal"])


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([1, 2, "x", 4], {}, r"rate.csv:4: req_per_s: the text 'x'"),
        ([1, 2, -3], {}, r"rate.csv:4: req_per_s: -3"),
        ([1, "nan"], {}, r"rate.csv:3: req_per_s: NaN"),
        ([1, 2], {"header": "time,rate"}, r"rate.csv:2: time: '0' is a number of unknown unit"),
        ([0] * 30, {}, r"no request at all"),
        ([1, 2, 3], {}, r"3 windows; expected at least 20"),
        (
            [1] * 30,
            {"step": 7000},
            r"windows of 7000 s; expected windows of which a whole number makes a day",
        ),
        (
            list(range(1, 25)) * 8,
            {},
            r"rate.csv: req_per_s: 8 days with the same mean rate; expected measured days",
        ),
        ([1] * 30, {"step": 0}, r"rate.csv:3: t_s: 0 s again, after line 2"),
    ],
)
def test_a_bad_rate_series_is_named_by_line(tmp_path, values, kind, said):
    with pytest.raises(InputError, match=said):
        calibrate_demand(rates(tmp_path, values, **kind))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["2024-01-01 00:00:00,5,5", "2024-01-01 00:00:01,5"],
            r"trace.csv:3: 2 cells; expected 3 cells",
        ),
        (["2024-01-01 00:00:00,5,5", "noon,5,5"], r"trace.csv:3: TIMESTAMP: 'noon' is not a date"),
        (
            ["2024-01-01 00:00:00,5,5", "2024-01-01 00:01:00,-5,5"],
            r"trace.csv:3: ContextTokens: -5",
        ),
        (
            ["2024-01-01 00:00:00,5,5", "2024-01-01 00:01:00,5,"],
            r"trace.csv:3: GeneratedTokens: an empty cell",
        ),
        (
            ["2024-01-01 00:00:00,5,5", "2024-01-01 00:01:00,5,5"],
            r"2 requests in 60 s; expected at least 100 requests and 600 s",
        ),
        (
            [f"2024-01-01 00:{i // 6:02d}:{i % 6 * 10:02d},5,{i}" for i in range(200)],
            r"ContextTokens: every request has 5; expected lengths that differ",
        ),
    ],
)
def test_a_bad_trace_is_named_by_line(tmp_path, lines, said):
    with pytest.raises(InputError, match=said):
        calibrate_demand(trace(tmp_path, lines))


def test_a_day_without_requests_leaves_the_rate_and_says_what_it_takes_away(tmp_path):
    values = np.tile(5.0 + np.arange(24), 16)
    values[48:72] = 0.0
    found = calibrate_demand(rates(tmp_path, values))
    problems = {e.name: e.problem for e in found.estimates}
    assert (
        problems["demand.reversion"] == "a day without a request"
        and "no logarithm" in problems["demand.weekly_amplitude"]
    )
    assert found.value("demand.request_rate") == pytest.approx(values.mean())


def test_what_has_no_error_is_flagged_and_left_out_of_the_overlay(tmp_path):
    regular = [
        f"2024-01-01 00:{i // 60:02d}:{i % 60:02d},{100 + i % 50},{10 + i % 7}" for i in range(800)
    ]
    for file, names in (
        (trace(tmp_path, regular), ["overdispersion of counts in 1 s", "capacity.arrival_cv"]),
        (rates(tmp_path, [0.0] * 30 + [1.0] + [0.0] * 30), ["demand.request_rate"]),
    ):
        found = calibrate_demand(file)
        problems = {e.name: e.problem for e in found.estimates}
        assert all(problems[name].startswith("it has no error") for name in names)
        assert "nan" not in found.overlay() and "arrival_cv" not in found.overlay()


def test_the_mean_is_of_whole_days(tmp_path):
    whole = simulate_series(1, 20).rate
    found = calibrate_demand(rates(tmp_path, [*whole, 1e5, 1e5]))
    assert found.value("demand.request_rate") == pytest.approx(whole.mean())
    assert "the last 2 windows" in found.data.choices[-1]


def test_an_overlay_holds_what_is_identified_and_resolves(tmp_path):
    file = rates(tmp_path, simulate_series(0, 120).rate)
    status, out, errors = command(
        "calibrate",
        "demand",
        file,
        "--pattern",
        "weekly",
        "--out",
        "found",
        "--json",
        folder=tmp_path,
    )
    assert (status, errors) == (0, "")
    plain, overlay = json.loads(out), str(tmp_path / "found" / "overlay.yaml")
    resolved = resolve("baseline", overlays=(overlay,))
    for estimate in plain["estimates"]:
        if estimate["name"] in resolved.entries:
            calibrated = resolved.entries[estimate["name"]].source.startswith("calibrated: ")
            assert calibrated == (not estimate["problem"]), estimate["name"]
    assert resolved.values.demand.reversion == pytest.approx(TRUTH["demand.reversion"], rel=0.5)
    assert "standard error" in resolved.entries["demand.reversion"].source
    assert "120 days: growth is not told from the season of the year below 365" in out
    assert {p.name for p in (tmp_path / "found").iterdir()} == {
        "overlay.yaml",
        "calibration.md",
        "calibration.json",
        "demand.png",
    }
    assert command("calibrate", "demand", file, "--out", "found", folder=tmp_path)[0] == 2


def test_a_refusal_is_one_line_and_status_2(tmp_path):
    status, out, errors = command(
        "calibrate",
        "demand",
        rates(tmp_path, [3.0, 4.0] * 24),
        "--pattern",
        "weekly",
        "--out",
        "found",
        folder=tmp_path,
    )
    assert (
        status == 2
        and out == ""
        and "--pattern: weekly" in " ".join(errors.split())
        and not (tmp_path / "found").exists()
    )


def test_daily_rates_carry_no_diurnal_pattern():
    fit = SeriesFit(DemandSeries(10.0 + np.arange(60.0) % 7, 86400.0, "days"))
    assert (
        "do not show the hours" in fit.diurnal()[0].problem
        and fit.fast is None
        and fit.weekly().value > 0
    )


@needs_data
@pytest.mark.parametrize(
    ("name", "rate", "prompt", "output", "cv", "fits"),
    [
        ("code", 2.57, (2048, 7436), (28, 251), 13.15, ""),
        ("conv", 5.53, (1155, 4142), (211, 601), 1.094, "one value cannot give both"),
    ],
)
def test_azures_traces_give_their_published_figures(name, rate, prompt, output, cv, fits):
    found = calibrate_demand(str(DATA / "demand" / f"AzureLLMInferenceTrace_{name}.csv"))
    assert found.value("demand.request_rate") == pytest.approx(rate, abs=0.005)
    assert found.value("capacity.arrival_cv") == pytest.approx(cv, abs=0.005)
    for kind, (mean, p99) in (("prompt", prompt), ("output", output)):
        assert found.value(f"demand.{kind}_tokens") == pytest.approx(mean, abs=0.5)
        assert found.value(f"{kind} tokens, p99") == pytest.approx(p99, abs=0.6)
    assert fits in next(e.problem for e in found.estimates if e.name == "capacity.service_cv")
    assert all(
        "rejected" in text
        for text in found.tables["Lognormal fits of lengths [token]"]["lognormal"]
    )


@needs_data
def test_servegens_two_weeks_tell_rate_and_week_and_not_reversion():
    file = str(DATA / "demand" / "servegen_language_m-large_rate10min.csv")
    found = {e.name: e for e in calibrate_demand(file, ["weekly", "diurnal"]).estimates}
    assert (
        found["demand.request_rate"].value
        == pytest.approx(read_demand(file).rate.mean())
        == pytest.approx(195.84, abs=0.01)
    )
    assert (
        found["demand.weekly_amplitude"].problem == ""
        and 0.2 < found["demand.weekly_amplitude"].value < 0.3
    )
    assert "independent days or from a random walk" in found["demand.reversion"].problem
    assert "14; a trend needs 28" in found["demand.growth_rate"].problem


@needs_data
def test_one_day_gives_its_rate_and_nothing_else():
    found = calibrate_demand(str(DATA / "demand" / "servegen_reason_deepseek-r1_rate10min.csv"))
    assert [e.name for e in found.estimates if not e.problem and e.name.startswith("demand.")] == [
        "demand.request_rate"
    ]
    assert "says nothing about other days" in found.notes[1]
