"""Token prices: the mixture is a density, estimates find what was put in, and GARCH is its own
likelihood.
"""

import json
import sys
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy import integrate, optimize, signal, stats

from paths import DATA, command
from tokenomics.calibration.prices import garch, merton
from tokenomics.calibration.prices import stylised_facts as facts_module
from tokenomics.calibration.prices.calibrate import calibrate_prices
from tokenomics.calibration.prices.jump_mixture import (
    Jumps,
    cumulants,
    distribution,
    information,
    log_density,
    match_cumulants,
    sample_cumulants,
    score,
    simulate,
    to_log,
)
from tokenomics.calibration.prices.stylised_facts import (
    bipower,
    correlations,
    hill,
    lee_mykland,
    ljung_box,
    resample,
    student,
)
from tokenomics.calibration.recovery import recovery_table
from tokenomics.errors import InputError
from tokenomics.histories.choices import Choices
from tokenomics.histories.prices import read_closes
from tokenomics.parameters import resolve

RENDER = merton.TYPICAL
RARE = Jumps(0.001, 0.02, 0.05, -0.03, 0.15)
BUSY = Jumps(-0.01, 0.03, 3.0, 0.02, 0.05)


def drawn(values=RENDER, days=1481, seed=3):
    return simulate(values, days, np.random.default_rng(seed))


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    """The facts' bootstrap is not what is tested here."""
    monkeypatch.setattr(facts_module, "RESAMPLES", 40)


def write(tmp_path, returns, name="token.csv"):
    dates = np.datetime64("2021-01-01") + np.arange(len(returns) + 1)
    prices = np.exp(np.concatenate([[0.0], np.cumsum(returns)]))
    file = tmp_path / name
    file.write_text(
        "date,value\n" + "".join(f"{d},{p:.12g}\n" for d, p in zip(dates, prices, strict=True))
    )
    return file


@pytest.mark.parametrize("values", [RENDER, RARE, BUSY])
def test_the_mixture_is_a_density_with_mertons_cumulants(values):
    x = values.drift + np.linspace(-60.0, 60.0, 400_001) * np.sqrt(cumulants(values)[1])
    density = np.exp(log_density(x, values))

    def moment(power):
        return integrate.trapezoid((x - values.drift) ** power * density, x)

    assert moment(0) == pytest.approx(1.0, abs=1e-9)
    assert moment(1) == pytest.approx(0.0, abs=1e-9)
    found = [
        moment(2),
        moment(3),
        moment(4) - 3.0 * moment(2) ** 2,
        moment(5) - 10.0 * moment(3) * moment(2),
    ]
    found.append(
        moment(6) - 15.0 * moment(4) * moment(2) - 10.0 * moment(3) ** 2 + 30.0 * moment(2) ** 3
    )
    np.testing.assert_allclose(found, cumulants(values)[1:], rtol=1e-6)
    below = integrate.cumulative_trapezoid(density, x, initial=0.0)
    np.testing.assert_allclose(distribution(x[::1000], values), below[::1000], atol=1e-6)


def test_jumps_added_one_by_one_have_the_mixtures_distribution():
    generator = np.random.default_rng(1)
    days = 20_000
    r = (
        RENDER.drift
        - RENDER.jump_rate * RENDER.jump_mean
        + RENDER.volatility * generator.standard_normal(days)
    )
    for day, jumps in enumerate(generator.poisson(RENDER.jump_rate, days)):
        r[day] += sum(
            generator.normal(RENDER.jump_mean, RENDER.jump_volatility) for _ in range(jumps)
        )
    assert stats.kstest(r, lambda x: distribution(x, RENDER)).pvalue > 0.01
    assert stats.kstest(drawn(days=days), lambda x: distribution(x, RENDER)).pvalue > 0.01
    # and not of another: a fifth more volatility is told
    assert (
        stats.kstest(r, lambda x: distribution(x, RENDER._replace(volatility=0.054))).pvalue < 1e-6
    )


@pytest.mark.parametrize("values", [RENDER, RARE, BUSY])
def test_gradient_and_information_are_those_of_the_likelihood(values):
    r, place = drawn(values, 500), to_log(values) + 0.03
    total, gradient = score(place, r)
    assert total == pytest.approx(
        float(np.sum(log_density(r, Jumps(*np.where(merton.POSITIVE, np.exp(place), place)))))
    )
    np.testing.assert_allclose(
        gradient,
        optimize.approx_fprime(place, lambda x: score(x, r)[0], 1e-7),
        rtol=1e-3,
        atol=0.05,
    )
    h, observed = 1e-3, information(place, r)
    second = (
        score(place + [0, 0, h, 0, 0], r)[0] - 2.0 * total + score(place - [0, 0, h, 0, 0], r)[0]
    ) / h**2
    assert observed[2, 2] == pytest.approx(-second, rel=1e-3)


def test_merton_finds_what_was_put_in():
    found = [merton.estimates(merton.fit(drawn(days=1481, seed=seed))) for seed in range(40)]
    table = recovery_table(dict(zip(merton.NAMES, RENDER, strict=True)), found).set_index(
        "parameter"
    )
    assert (
        table["bias / standard deviation"].abs() < 0.45
    ).all()  # 0.2 and the noise of 40 replications
    assert (table["coverage"] >= 0.85).all()
    ratio = table["mean standard error"] / table["standard deviation"]
    assert ratio.between(0.7, 1.45).all()
    assert table["flagged"].max() == 0.0 and table["failed"].max() == 0


def test_scale_of_returns_and_start_do_not_matter():
    r = drawn()
    one, large = merton.fit(r), merton.fit(100.0 * r)
    assert large.values.volatility == pytest.approx(100.0 * one.values.volatility, rel=1e-4)
    assert large.values.jump_rate == pytest.approx(one.values.jump_rate, rel=1e-4)
    assert large.log_likelihood == pytest.approx(
        one.log_likelihood - len(r) * np.log(100.0), abs=1e-5
    )
    assert merton.fit(r, [RARE]).log_likelihood == pytest.approx(one.log_likelihood, abs=1e-4)


def test_matched_cumulants_are_the_samples_and_find_what_was_put_in():
    grid = np.linspace(-2.0, 2.0, 200_001)
    r = np.interp(
        (np.arange(400_000) + 0.5) / 400_000, distribution(grid, RENDER), grid
    )  # every quantile once: the sixth moment of a draw is noise
    matched = match_cumulants(r)
    np.testing.assert_allclose(
        cumulants(matched)[[0, 1, 2, 3, 5]], sample_cumulants(r)[[0, 1, 2, 3, 5]], rtol=1e-5
    )
    np.testing.assert_allclose(matched, RENDER, rtol=0.05)
    assert (
        match_cumulants(np.random.default_rng(0).uniform(-1.0, 1.0, 500)) is None
    )  # lighter tails than the normal


def test_one_calm_return_does_not_draw_the_volatility_to_zero():
    r = drawn(days=300)
    found = merton.fit(r)
    spike = stats.median_abs_deviation(r, scale="normal") * merton.LEAST_VOLATILITY
    assert found.values.volatility > 2.0 * spike
    # the likelihood is unbounded there: a volatility of 1e-150 about one return beats the fit's
    # density of that return
    near = RENDER._replace(volatility=1e-150, drift=r[0] + RENDER.jump_rate * RENDER.jump_mean)
    assert np.sum(log_density(r[:60], near)) > np.sum(log_density(r[:60], found.values)) + 100.0


def test_a_token_without_jumps_is_said_to_have_none():
    for seed in range(10):
        r = 0.05 * np.random.default_rng(seed).standard_normal(500)
        found = merton.fit(r)
        assert not found.jumps
        drift, volatility, rate, mean, size = merton.estimates(found)
        assert volatility.value == pytest.approx(r.std()) and rate.value == 0.0 and not rate.problem
        assert "no jumps are seen" in mean.problem and mean.problem == size.problem
        assert drift.value == pytest.approx(r.mean(), rel=0.2, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"at_bound": ("news.jump_rate",)}, "at the bound of news.jump_rate"),
        ({"covariance": np.full((5, 5), np.nan)}, "cannot be told apart"),
        ({"days": 300}, "300 returns are fewer than 365"),
        ({"values": RENDER._replace(jump_rate=0.005)}, "7.4 jumps are expected"),
        (
            {"covariance": np.diag([1e-6, 0.01, 1.0, 1e-6, 0.01])},
            "the interval of news.jump_rate spans a factor of 50",
        ),
    ],
)
def test_what_the_sample_cannot_tell_is_flagged_and_left_out(change, problem):
    found = replace(merton.fit(drawn()), **change)
    told = merton.estimates(found)
    assert not told[0].problem
    assert all(problem in e.problem for e in told[1:])


def test_garch_is_the_maximum_of_its_own_likelihood():
    r = garch.simulate(np.array(garch.TYPICAL), 1200, np.random.default_rng(5))
    found = garch.fit(r)

    def minus(place):
        mean, omega, alpha, beta, freedom = (
            place[0] * r.std(),
            *np.exp(place[1:4]),
            2.0 + np.exp(place[4]),
        )
        off = r - mean
        # RiskMetrics' average of the first 75 days stands for the day before the first, as arch has
        # it
        before = np.average(off[:75] ** 2, weights=0.94 ** np.arange(75.0))
        pushed = omega * r.var() + alpha * np.concatenate([[before], off[:-1] ** 2])
        variance = signal.lfilter([1.0], [1.0, -beta], pushed, zi=[beta * before])[0]
        spread = np.sqrt(variance * (freedom - 2.0) / freedom)
        return -float(np.sum(stats.t.logpdf(off / spread, freedom) - np.log(spread)))

    mean, omega, alpha, beta, freedom = found.values
    at = np.array([mean / r.std(), *np.log([omega / r.var(), alpha, beta, freedom - 2.0])])
    # arch takes that average about its starting mean, so that the two differ in the first days'
    # variance
    assert -minus(at) == pytest.approx(found.log_likelihood, abs=0.05)
    better = optimize.minimize(minus, at, method="Nelder-Mead", options={"maxfev": 400})
    assert minus(at) - better.fun < 0.05
    assert minus(at + [0, 0, 0.3, 0, 0]) > minus(at) + 0.5  # the likelihood tells a wrong alpha


def test_garch_estimates_add_up_and_persistence_at_one_is_said():
    found = garch.fit(garch.simulate(np.array(garch.TYPICAL), 1481, np.random.default_rng(0)))
    told = {e.name: e for e in garch.estimates(found)}
    kept = told["garch.alpha"].value + told["garch.beta"].value
    assert told["garch.persistence"].value == pytest.approx(kept)
    assert kept ** told["garch.half_life"].value == pytest.approx(0.5)
    assert told["garch.volatility"].value ** 2 * (1.0 - kept) == pytest.approx(
        told["garch.omega"].value
    )
    for name in garch.NAMES:
        assert told[name].low < told[name].value < told[name].high
    stuck = {
        e.name: e
        for e in garch.estimates(replace(found, values=np.array([0.0, 1e-4, 0.2, 0.8, 5.0])))
    }
    assert "no level to return to" in stuck["garch.half_life"].problem and np.isnan(
        stuck["garch.volatility"].value
    )
    flat = garch.estimates(replace(found, values=np.array([0.0, 1e-4, 0.0, 0.5, 5.0])))
    assert "no spells" in flat[3].problem


def test_facts_are_those_of_known_distributions():
    generator = np.random.default_rng(2)
    r = generator.standard_t(3.0, 20_000)
    index, error, count = hill(r, 0.01)
    assert abs(index - 3.0) < 4.0 * error and count == 200
    (freedom, _, scale), top, (low, high) = student(r[:2000])
    assert low < 3.0 < high and scale == pytest.approx(1.0, abs=0.1)
    fitted = stats.t.fit(r[:2000])
    assert freedom == pytest.approx(fitted[0], rel=0.02)
    assert top == pytest.approx(np.sum(stats.t.logpdf(r[:2000], *fitted)), abs=0.01)
    assert student(generator.standard_normal(400))[2][1] > 30.0


def test_tests_reject_what_is_false_and_keep_what_is_true():
    generator = np.random.default_rng(4)
    noise = generator.standard_normal(2000)
    tied = noise[1:] + 0.2 * noise[:-1]
    assert ljung_box(noise, 5)[1] > 0.01 and ljung_box(tied, 5)[1] < 1e-6
    assert correlations(tied, 1)[0] == pytest.approx(
        np.corrcoef(tied[1:], tied[:-1])[0, 1], abs=2e-3
    )
    jumping = noise + 8.0 * (generator.uniform(size=2000) < 0.01)
    assert abs(bipower(noise)[0]) < 0.1 and bipower(jumping)[2] < 1e-3
    assert lee_mykland(noise).sum() <= 2
    days = noise.copy()
    days[[500, 900]] = 15.0
    assert set(np.flatnonzero(lee_mykland(days))) >= {500, 900}


def test_blocks_keep_spells_together():
    r = garch.simulate(np.array(garch.TYPICAL), 1500, np.random.default_rng(1))
    memory = np.mean([correlations(np.abs(sample), 1)[0] for sample in resample(r, 20, 0)])
    shuffled = correlations(np.abs(np.random.default_rng(0).permutation(r)), 1)[0]
    assert memory > 0.5 * correlations(np.abs(r), 1)[0] > abs(shuffled)


def test_a_calibration_has_an_overlay_that_resolves(tmp_path):
    file = write(tmp_path, drawn(days=600))
    seen = []
    found = calibrate_prices(
        file, bootstrap=4, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (8, 8)
    news = YAML(typ="safe").load(found.overlay())["news"]
    assert set(news) == {"volatility", "jump_rate", "jump_mean", "jump_volatility"}
    (tmp_path / "overlay.yaml").write_text(found.overlay())
    resolved = resolve("baseline", overlays=[str(tmp_path / "overlay.yaml")]).values.news
    assert resolved.jump_rate == pytest.approx(found.value("news.jump_rate"), rel=1e-5)
    assert list(found.tables["Which model fits"]["model"])[0] in (
        "Merton jump-diffusion",
        "Student t",
    )
    assert calibrate_prices(file, bootstrap=4).markdown() == found.markdown()


def test_the_overlay_of_a_token_without_jumps_has_none(tmp_path):
    found = calibrate_prices(
        write(tmp_path, 0.03 * np.random.default_rng(0).standard_normal(400)), bootstrap=4
    )
    news = YAML(typ="safe").load(found.overlay())["news"]
    assert set(news) == {"volatility", "jump_rate"} and news["jump_rate"]["value"] == 0.0
    assert any("no jumps" in note for note in found.notes)
    short = calibrate_prices(
        write(tmp_path, 0.03 * np.random.default_rng(0).standard_normal(200)), bootstrap=0
    )
    assert "news" not in YAML(typ="safe").load(short.overlay())
    assert any(
        "news.volatility cannot be told: 200 returns are fewer than 365" in note
        for note in short.notes
    )


def test_without_arch_the_extra_is_named(tmp_path):
    file = write(tmp_path, drawn(days=200))
    with (
        mock.patch.dict(sys.modules, {"arch": None}),
        pytest.raises(InputError, match=r".\[calibrate\]"),
    ):
        calibrate_prices(file)


@pytest.mark.parametrize(("name", "gaps"), [("MiM_RNDR-USD.csv", 0), ("MiM_HNT-USD.csv", 1)])
def test_real_tokens_have_heavy_tails_and_all_starts_agree(name, gaps):
    file = DATA / "tokens" / name
    if not file.exists():
        pytest.skip(f"no {file}")
    if gaps:
        with pytest.raises(
            InputError, match=r":1661: date: 1 day is missing after 2025-01-14.*`gaps` span"
        ):
            read_closes(file)
    closes = read_closes(file, Choices(gaps="span"))
    assert len(closes.choices) == 1 + gaps and len(closes.returns) == len(closes.values) - 1 - gaps
    found = merton.fit(closes.returns)
    assert found.reached == found.starts and found.likelihood_ratio > 100.0
    assert 0.2 < found.values.jump_rate < 0.8 and not merton.problems(found)
    matched = match_cumulants(closes.returns)
    total = found.values.volatility**2 + found.values.jump_rate * (
        found.values.jump_mean**2 + found.values.jump_volatility**2
    )
    assert total == pytest.approx(cumulants(matched)[1], rel=0.05)


def test_the_command_writes_and_refuses(tmp_path):
    file = write(tmp_path, drawn(days=250))
    status, text, errors = command(
        "calibrate", "prices", file, "--bootstrap", "0", "--out", tmp_path / "found"
    )
    assert status == 0, errors
    assert "news.jump_rate" in text and "bootstrap keeps spells" not in text
    assert {p.name for p in (tmp_path / "found").iterdir()} == {
        "calibration.md",
        "calibration.json",
        "diagnostics.png",
    }
    assert (
        "not told: news.volatility" in text
        and "no overlay: the data tell no parameter of the model" in text
    )
    status, text, errors = command("calibrate", "prices", file, "--bootstrap", "0", "--json")
    told = json.loads(text)["overlay"]
    assert (status, told["file"]) == (0, None) and told["said"].startswith("no overlay: the data")
    for arguments, message in (
        (("--out", tmp_path / "found"), "exists already"),
        (("--gaps", "fill"), "--gaps: 'fill'; expected refuse, span, interpolate"),
        (("--from", "2031-01-01"), "--from: 2031-01-01 is outside of the history"),
    ):
        status, _, errors = command("calibrate", "prices", file, *arguments)
        assert status == 2 and message in errors
    status, _, errors = command("calibrate", "prices", tmp_path / "none.csv")
    assert status == 2 and "no such file" in errors
