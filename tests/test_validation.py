"""Back-tests: scores are proper, nothing is known ahead of its day, and a model that made the
history itself is not found out.
"""

import datetime as dt
import json

import numpy as np
import pytest

import tokenomics as tk
from paths import command
from tokenomics.errors import InputError, ModelError
from tokenomics.histories.demand import DemandSeries
from tokenomics.model.model import MODEL
from tokenomics.validation import benchmarks, demand, scores, sources
from tokenomics.validation.forecasts import collect, model_paths
from tokenomics.validation.replay import pinned, redenominated, replay, settled

pytest.importorskip("arch")

FIRST = dt.date(2020, 1, 1)
BEFORE, AFTER = 250, 100


def write(folder, prices, name="closes.csv", gap=None):
    rows = [
        f"{FIRST + dt.timedelta(days=i)},{price!r}"
        for i, price in enumerate(map(float, prices))
        if i != gap
    ]
    (folder / name).write_text("\n".join(["date,value", *rows]) + "\n")
    return folder / name


def write_rate(folder, days=16):
    """Demand of the baseline's mean."""
    hours = np.arange(days * 24)
    rate = np.exp(0.2 * np.sin(hours / 24.0))
    rate *= tk.resolve("baseline").values.demand.request_rate / rate.mean()
    (folder / "rate.csv").write_text(
        "\n".join(["t_s,req_per_s", *(f"{h * 3600},{r}" for h, r in zip(hours, rate, strict=True))])
        + "\n"
    )
    return folder / "rate.csv"


@pytest.fixture(scope="module")
def own():
    """A history that the model made."""
    return tk.run(
        "baseline", days=BEFORE + AFTER, seed=5, engine="ensemble", record=["token_price"]
    ).trajectories.values["token_price"][0]


@pytest.fixture(scope="module")
def found(own, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    chosen = {
        "history": write(folder, own),
        "start": FIRST + dt.timedelta(days=BEFORE),
        "horizon": 5,
        "runs": 200,
        "arms": 3,
    }
    return tk.validate(policy="pid", demand=write_rate(folder), demand_align="repeat", **chosen)


# scores


@pytest.mark.parametrize("y", [-2.0, 0.1, 3.0])
def test_the_crps_of_draws_is_that_of_the_distribution_they_come_from(y):
    few = scores.draws(np.random.default_rng(1).normal(0.3, 1.5, (40_000, 5)))
    right = scores.Normal(np.array([0.3]), np.array([1.5])).crps(np.array([y]))[0]
    # five draws are enough on average: the estimator is fair
    assert np.mean(few.crps(np.full(40_000, y))) == pytest.approx(right, abs=0.02)


def test_the_true_distribution_has_the_least_crps():
    y = np.random.default_rng(2).normal(0.0, 1.0, 20_000)
    one = np.ones(len(y))
    score = {
        (m, s): np.mean(scores.Normal(m * one, s * one).crps(y))
        for m in (-0.3, 0.0, 0.3)
        for s in (0.7, 1.0, 1.4)
    }
    assert min(score, key=score.get) == (0.0, 1.0)


def test_intervals_and_ranks_of_right_forecasts_are_right():
    random = np.random.default_rng(3)
    right, y = scores.draws(random.standard_t(3, (4_000, 199))), random.standard_t(3, 4_000)
    for level in scores.LEVELS:
        covered = scores.coverage(right, y, level, 1)
        assert covered.value == pytest.approx(level, abs=0.02)
        assert covered.low < level < covered.high
    assert np.histogram(right.pit(y), 10, (0, 1))[0] == pytest.approx(np.full(10, 400), abs=80)


def test_the_interval_of_an_average_allows_for_overlap():
    # sums over 20 days, each day: an interval that took them for independent would hold the mean in
    # about half of the cases
    random, horizon, held, naive = np.random.default_rng(4), 20, 0, 0
    for _ in range(400):
        sums = np.convolve(random.normal(size=500 + horizon - 1), np.ones(horizon), "valid")
        one = scores.mean(sums, horizon)
        held += one.low < 0.0 < one.high
        naive += abs(one.value) < 1.96 * sums.std() / np.sqrt(len(sums))
    assert naive < 250
    assert 368 <= held <= 396


def test_too_few_forecasts_have_no_verdict():
    count = scores.needed(30)
    assert scores.verdict(scores.mean(np.ones(count - 1), 30)) == "too few forecasts to tell"
    noise = np.random.default_rng(5).normal(size=count)
    assert (
        scores.verdict(scores.mean(noise - noise.mean(), 30))
        == "not told apart: the interval holds 0"
    )
    assert scores.verdict(scores.mean(noise - 9.0, 30)) == "better"
    assert scores.verdict(scores.mean(noise + 9.0, 30)) == "worse"


# forecasts


def forecasts(prices, days):
    parameters = redenominated(tk.resolve("baseline").values, float(prices[0]), MODEL)
    states = {"replayed": replay(parameters, prices, MODEL)}
    states |= {
        "pinned": pinned(states["replayed"], parameters, MODEL),
        "settled": settled(states["replayed"], parameters, MODEL, 32, 0),
    }
    drawing = {"horizon": 5, "runs": 32, "seed": 0}
    paths = model_paths(parameters, states, days, **drawing, model=MODEL)
    returns = np.diff(np.log(prices))
    made = {name: one.ahead[5].sorted for name, one in collect(paths, days, (5,), ()).items()}
    fits = benchmarks.garch_fits(returns, days)
    made["GARCH-t"] = np.array(list(benchmarks.garch(returns, days, fits, **drawing)))
    made["bootstrap"] = np.array(list(benchmarks.bootstrap(returns, days, **drawing)))
    made["random walk"] = benchmarks.random_walk(returns, days, 5).sd
    return made | {"EWMA": benchmarks.ewma(returns, days, 5).sd}


@pytest.mark.slow
def test_no_forecast_knows_what_comes_after_its_day(own):
    days, known = np.arange(40, 80), 60
    before = forecasts(own[:101], days)
    later = own[:101].copy()
    later[known + 1 :] *= np.exp(np.cumsum(np.random.default_rng(6).normal(0.1, 0.1, 100 - known)))
    after = forecasts(later, days)
    for name, made in before.items():
        upto = days <= known
        np.testing.assert_array_equal(after[name][upto], made[upto], err_msg=name)
        differs = np.any((after[name] != made).reshape(len(days), -1), axis=1)
        # a fit may be one whose variance no return moves; the next is on the 30th day
        since = days >= days[benchmarks.REFIT] if name == "GARCH-t" else ~upto
        assert np.all(differs[since]), f"{name} does not follow the data"


def test_the_variance_of_garch_between_two_fits_is_that_of_the_package(own):
    from arch import arch_model

    returns = np.diff(np.log(own))
    fit = benchmarks.garch_fits(returns, np.arange(200, 201))
    drawn = list(benchmarks.garch(returns, np.arange(200, 221), fit, horizon=1, runs=64, seed=0))
    past = arch_model(returns[:220] * 100.0, mean="Zero", vol="GARCH", p=1, q=1, dist="t")
    fixed = past.fix([fit[0].omega, fit[0].alpha, fit[0].beta, fit[0].degrees])
    ahead = np.sqrt(fixed.forecast(horizon=1).variance.iloc[-1, 0]) / 100.0
    uniforms = benchmarks.Streams(0).uniforms(220, "garch", 64)
    standard = benchmarks.stdtrit(fit[0].degrees, uniforms) * np.sqrt(
        (fit[0].degrees - 2.0) / fit[0].degrees
    )
    # the package starts its variance otherwise; that is forgotten after 220 days
    np.testing.assert_allclose(drawn[20][:, 0], ahead * standard, rtol=1e-3)


@pytest.mark.slow
def test_the_model_covers_a_history_that_it_made(found):
    rows = found.tables["Scores"].set_index(["forecaster", "days ahead"])
    for h in (1, 5):
        block = next(b for b in found.blocks if b.horizon == h)
        for level in (0.5, 0.8):
            covered = scores.coverage(block.forecasts["model, replayed"], block.outcomes, level, h)
            assert covered.low - 0.05 <= level <= covered.high + 0.05, (h, level, covered)
        assert rows.loc[("model, replayed", h), "skill"] > -0.1


def test_a_broken_run_is_left_out_and_counted():
    path = np.arange(12.0).reshape(4, 3)
    path[1] = np.nan
    kept = collect([{"model": path}], [7], (3,), (7,))["model"]
    with pytest.raises(ModelError, match="model: all runs of the forecast on day 8"):
        collect([{"model": np.full((4, 3), np.nan)}], [8], (3,), ())
    assert kept.broken == 1
    assert set(kept.ahead[3].sorted[0]) == {2.0, 8.0, 11.0}
    assert np.isfinite(kept.fans[7]).all()


# counterfactual and report


def test_without_the_controller_the_history_comes_out_again(found, own):
    for arms in found.arms.values():
        np.testing.assert_allclose(
            arms.without.values["token_price"], np.tile(own[BEFORE:], (3, 1)), rtol=1e-9
        )
        assert np.any(np.abs(np.log(arms.controlled.values["token_price"] / own[BEFORE:])) > 1e-3)
        assert np.all(arms.without.values["control_output"] == 0.0)


def test_a_report_has_the_benchmarks_beside_the_model_and_says_what_is_not_checked(found):
    assert list(found.tables["Scores"]["forecaster"][:6]) == [
        "model, replayed",
        "model, settled",
        "bootstrap",
        "GARCH-t",
        "random walk",
        "EWMA",
    ]
    table = found.tables["Model against benchmarks"]
    assert len(found.lines) == len(table) == 2 * 2 * 4 + 2
    for row in table[table["of"] == "price"].to_dict(orient="records"):
        assert row["low"] < row["difference in CRPS"] < row["high"]
    assert (table["restarted"] == 0.0).all() and (found.tables["Scores"]["restarted"] == 0.0).all()
    whole = found.tables["How far the history was followed"]
    assert (whole[["restarts", "closes not reached", "largest gap"]] == 0.0).all(axis=None)
    text = found.markdown()
    assert "of these forecasts" not in text and "the replay was restarted" not in text
    assert "no data check its effect" in text
    assert "IN-SAMPLE: news.jump_volatility" in text  # the baseline's news is Render's, to 2024-07
    assert set(found.figures) == {"fans", "pit", "counterfactual"}


def test_sources_tell_which_data_they_saw():
    assert sources.last_day("fitted, 2020-07-01 to 2022-12-31, 913 returns") == dt.date(
        2022, 12, 31
    )
    assert sources.last_day("moments of RNDR, 2020-07 to 2024-02") == dt.date(2024, 2, 29)
    assert sources.last_day("assumption: 365 days") is None
    assert sources.fitted_later(tk.resolve("baseline"), dt.date(2024, 8, 1)) == []


# demand


def test_demand_that_reverts_to_its_mean_is_forecast_better_by_the_model_than_by_a_random_walk():
    parameters, x, random = tk.resolve("baseline").values, [0.0], np.random.default_rng(7)
    decay = np.exp(-parameters.demand.reversion)
    spread = parameters.demand.volatility * np.sqrt(
        (1.0 - decay**2) / (2.0 * parameters.demand.reversion)
    )
    for _ in range(300):
        x.append(decay * x[-1] + spread * random.normal())
    series = DemandSeries(np.repeat(np.exp(x), 24), 3600.0, "rate.csv")
    made, y = demand.demand_forecasts(parameters, demand.daily_means(series))
    gap = made["model"].crps(y) - made["random walk"].crps(y)
    assert scores.verdict(scores.mean(gap, 1)) == "better"
    assert scores.coverage(made["model"], y, 0.8, 1).value == pytest.approx(0.8, abs=0.06)
    assert demand.refusal(series, 30) == ""
    short = DemandSeries(series.rate[: 14 * 24], 3600.0, "rate.csv")
    assert (
        demand.refusal(short, 30)
        == "demand 30 days ahead is not scored: rate.csv has 14 whole days, and a forecast needs 34"
    )
    with pytest.raises(InputError, match="windows of 50000 s"):
        demand.daily_means(DemandSeries(np.ones(9), 50_000.0, "rate.csv"))


# bad input and the command


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            {"start": "2020-02-01"},
            (
                r"closes.csv: start: 2020-02-01 has 31 days of history before it and needs 250; "
                r"expected 2020-09-07 to"
            ),
        ),
        (
            {"start": "2020-12-12"},
            (
                r"2020-12-12 has 4 days of history after it and needs 24 for forecasts over 5 "
                r"days.*shorter `horizon`"
            ),
        ),
        ({"start": "soon"}, r"start: 'soon' is not a date; expected YYYY-MM-DD"),
        ({"end": "2022-01-01"}, r"end: 2022-01-01 is outside of the history"),
        ({"start": "2020-04-01", "end": "2020-05-01"}, r"expected a history of at least 275 days"),
        ({"end": "2020-05-01"}, r"start: .* is after 2020-05-01; expected a date before `end`"),
        ({"policy": "none"}, r"policy: a policy without a controller"),
        ({"policy": "pidd"}, r"did you mean 'pid'"),
        ({"runs": 3}, r"runs: 3; expected a whole number from 20 to 100,000 draws"),
        ({"horizon": 0}, r"horizon: 0; expected a whole number from 1 to 3,652 days"),
        ({"demand_align": "repeated"}, r"unknown alignment 'repeated'.*did you mean 'repeat'"),
        ({"demand_align": "repeat"}, r"demand_align: an alignment without a demand series"),
        (
            {"sets": {"simulation.time_step": 0.5}},
            r"simulation.time_step: a step of 0.5 days; expected 1",
        ),
        ({"sets": {"shocks.enabled": False}}, r"shocks.enabled: shocks are off"),
    ],
)
def test_bad_input_gets_one_clear_line(own, tmp_path, choice, message):
    file = write(tmp_path, own)
    with pytest.raises(InputError, match=message) as caught:
        tk.validate(
            **{"history": file, "policy": "pid", "start": "2020-09-10", "horizon": 5} | choice
        )
    assert "\n" not in str(caught.value)


def test_a_gap_is_named_with_the_option_that_avoids_it(own, tmp_path):
    file = write(tmp_path, own, gap=300)
    with pytest.raises(
        InputError,
        match=(
            r"closes.csv:302: date: a gap: 2020-10-27 is missing; expected .* by `history_start` "
            r"and `end`"
        ),
    ):
        tk.validate(history=file, policy="pid", start="2020-09-10")


def test_the_command_back_tests_up_to_a_gap_and_scores_demand(own, tmp_path):
    file = write(tmp_path, own, gap=265)
    options = [
        "--history",
        file,
        "--policy",
        "pid",
        "--from",
        "2020-09-08",
        "--horizon",
        1,
        "--runs",
        20,
        "--arms",
        2,
    ]
    options += ["--demand", write_rate(tmp_path)]
    status, _, errors = command("validate", *options, folder=tmp_path)
    assert status == 2
    assert "a gap" in errors
    status, out, errors = command(
        "validate", *options, "--to", "2020-09-21", "--out", "o", "--json", folder=tmp_path
    )
    assert status == 0, errors
    told = json.loads(out)
    assert {row["of"] for row in told["tables"]["Scores"]} == {"price", "demand"}
    figures = {"fans.png", "pit.png", "counterfactual.png"}
    assert {p.name for p in (tmp_path / "o").iterdir()} == figures | {
        "validation.md",
        "validation.json",
        "params.yaml",
    }
    status, _, errors = command("validate", *options, "--out", "o", folder=tmp_path)
    assert status == 2
    assert "exists" in errors
