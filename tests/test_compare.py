"""Policies are compared on the same shocks, and the statistics are those of the textbook."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from stores import with_failures

import tokenomics as tk
from paths import command
from tokenomics.cli.compare import _show_comparison
from tokenomics.errors import InputError
from tokenomics.experiments.own_code import only
from tokenomics.results.differences import Paired, family
from tokenomics.results.intervals import (
    MANY_PAIRS,
    Pairs,
    intervals,
    mcnemar,
    quantile_interval,
)
from tokenomics.results.metrics import MAIN, METRICS

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from coverage_of_pairs import coverage  # noqa: E402

METRIC_NAMES = ["price_volatility", "tracking_rms", "treasury_low", "treasury_min", "price_final"]


@pytest.fixture(scope="module")
def comparison():
    policies, scenarios = ["none", "static", "pid"], ["none", "token_crash"]
    return tk.compare(
        policies=policies,
        scenarios=scenarios,
        runs=12,
        seed=4,
        days=60,
        metrics=METRIC_NAMES,
        years=(),
        matters={"treasury_min": 1.0},
    )


@pytest.mark.slow
def test_differences_are_those_of_single_experiments_on_the_same_shocks(comparison):
    pid, none = (
        tk.run(policy=p, scenario="token_crash", runs=12, seed=4, days=60) for p in ("pid", "none")
    )
    expected = pid.compare(none)
    found = (
        comparison.differences()
        .query("policy == 'pid' and scenario == 'token_crash'")
        .set_index("metric")
    )
    for name in METRIC_NAMES:
        assert found["difference"][name] == pytest.approx(
            expected["difference"][name], rel=1e-9, abs=1e-12
        )
        # of one difference alone, and of all in the table at once
        assert found["low"][name] <= expected["low"][name]
        assert found["high"][name] >= expected["high"][name]
    better = (pid.metrics_per_run()["tracking_rms"] < none.metrics_per_run()["tracking_rms"]).mean()
    assert found["win_rate"]["tracking_rms"] == pytest.approx(better)


@pytest.mark.parametrize("gap", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("n", [2, 5, 6, 40])
def test_a_probability_that_differs_alike_in_every_run_is_no_certainty(gap, n):
    base = np.full((1, n), float(gap < 0.0))
    row = family({"x": Paired.of(["treasury_low"], base + gap, base)}, {}, "policy")[0]
    assert (row["difference"], row["n"]) == (gap, n)
    assert row["low"] < gap < row["high"] or {row["low"], row["high"]} & {-1.0, 1.0}
    # as in the sign test, no fewer than six runs tell at 95 %
    expected = "" if n < 6 or gap == 0.0 else "better" if gap < 0.0 else "worse"
    assert row["reading"] == expected


def test_paired_probabilities_have_newcombe_s_interval():
    # Newcombe (1998), Statistics in Medicine 17, 2635: method 10 of 36, 12, 2 and 0 pairs
    assert Pairs(36, 12, 2, 0).interval() == pytest.approx((0.0569, 0.3404), abs=5e-5)
    low, high = Pairs(2, 12, 36, 0).interval()
    assert -high < -low and low < 12 / 50 - 36 / 50 < high


def test_more_that_is_adverse_never_has_a_lower_bound():
    ends = np.array([Pairs(0, k, 0, 200 - k).interval() for k in range(12)])
    assert np.all(np.diff(ends, axis=0) >= 0.0)
    assert ends[0] == pytest.approx((-0.01885, 0.01885), abs=1e-5)
    # four of any number could be chance, six could not
    assert [low > 0.0 for low in ends[:, 0]] == [k >= 6 for k in range(12)]


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (4, 0), (5, 1), (9, 30), (60, 45)])
def test_mcnemar_is_the_exact_sign_test(first, second):
    exact = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(exact, rel=1e-12)


def test_mcnemar_of_many_pairs_joins_the_exact_one():
    exact = stats.binomtest(5_100, MANY_PAIRS + 2).pvalue
    assert mcnemar(5_100, MANY_PAIRS + 2 - 5_100) == pytest.approx(exact, rel=1e-2)


@pytest.mark.parametrize("discordance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("one", "two", "runs"), [(0.005, 0.05, 200), (0.05, 0.5, 200)])
def test_the_interval_holds_the_truth_as_often_as_it_says(one, two, runs, discordance):
    # more cases in tests/benchmarks/COVERAGE.md, of which none is below .94
    assert coverage(one, two, discordance, runs, draws=4_000) > 0.94


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300),
    st.sampled_from([0.01, 0.05, 0.5, 0.9, 0.99]),
)
def test_a_quantile_lies_between_two_of_the_values_or_beyond_them(values, q):
    low, high = quantile_interval(np.array(values), q)
    found = np.quantile(values, q, method="inverted_cdf")
    assert not low > found and not high < found
    # an end is missing where all values are on one side too often: (1 - q)^n or q^n above 2.5 %
    assert np.isnan(high) == (q ** len(values) > 0.025)
    assert np.isnan(low) == ((1.0 - q) ** len(values) > 0.025)


def test_a_quantile_s_interval_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(5)
    draws = rng.standard_exponential((2_000, 200))
    for q in (0.05, 0.5, 0.9):
        ends = np.array([quantile_interval(row, q) for row in draws])
        truth = -np.log(1.0 - q)
        held = np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
        assert 0.94 < held < 0.98


def test_another_metric_that_differs_alike_in_few_runs_is_not_told_apart():
    values = np.array([[0.1, 0.1, 0.1, 0.1, 0.1, np.nan]])
    for some, n, reading in ((values, 5, "better"), (values[:, 1:], 4, "")):
        row = family({"x": Paired.of(["treasury_min"], some, 0.0 * some)}, {}, "policy")[0]
        assert (row["difference"], row["low"], row["high"], row["n"]) == (0.1, 0.1, 0.1, n)
        assert row["reading"] == reading


def test_a_metric_without_a_better_direction_has_no_winner(comparison):
    assert "price_final" not in set(comparison.best()["metric"])
    assert comparison.differences().query("metric == 'price_final'")["win_rate"].isna().all()


def test_equal_policies_are_not_told_apart():
    same = tk.compare(
        policies=["none", "pid"],
        sets={"controller.pid.kp": 0.0},
        runs=4,
        days=5,
        metrics=["treasury_low", "treasury_low_day"],
        years=(),
    )
    assert "| treasury_low_day | days; the span where never | 5 [5, 5] |" in same.markdown()
    row = same.differences().iloc[0]
    assert (row["difference"], row["win_rate"], row["verdict"]) == (0.0, 0.5, "undecided")
    assert same.best()["equal"].iloc[0] == ("none", "pid") and same.best()["best"].isna().all()


def test_one_run_says_in_words_what_it_does_not_tell(capsys):
    one = tk.compare(policies=["none", "pid"], runs=1, days=5, metrics=["tracking_rms"], years=())
    assert one.told()[0].startswith("One run tells no interval, no p and no verdict")
    _show_comparison(one, one.differences(), one.best())
    text = capsys.readouterr().out
    assert not [word for word in ("nan", "95 %", "undecided", "simultaneous") if word in text]
    assert "One run tells no best policy; 2 or more may" in text.splitlines()
    title = " ".join(one.plot()._suptitle.get_text().split())
    assert title.startswith("One run tells no best policy; 2 or more may mean of 1 run on")
    assert "95 %" not in title


def test_nobody_wins_where_no_policy_is_told_from_another(tmp_path):
    same = tk.compare(
        policies=["none", "pid"],
        sets={"controller.pid.kp": 0.0},
        runs=4,
        days=5,
        metrics=["treasury_low"],
        years=(),
    )
    assert (
        "| treasury_low | 1 | 0 [0, 0.4899] | 0 [0, 0.4899] |" in same.markdown()
        and "**" not in same.markdown()
    )
    options = (
        "--policies",
        "none,pid",
        "--set",
        "controller.pid.kp=0",
        "--runs",
        "4",
        "--days",
        "5",
        "--metrics",
        "treasury_low",
        "--years",
        "none",
        "--out",
        tmp_path / "o",
    )
    _, text, _ = command("compare", *options)
    (row,) = (line.split() for line in text.splitlines() if line.startswith("treasury_low  "))
    assert row[:2] == ["treasury_low", "-"]
    _, text, _ = command("compare", *options, "--json")
    assert json.loads(text)["best"] == [
        {"scenario": "none", "metric": "treasury_low", "best": None, "equal": ["none", "pid"]}
    ]


def test_failed_runs_stand_beside_the_means(comparison):
    pid = comparison.sweep.cases.query("policy == 'pid' and scenario == 'none'").index[0]
    broken = with_failures(
        comparison.sweep, lambda case, point, run: (case == pid) & (run < 3), day=5.0
    )
    broken = type(comparison)(broken, "none")
    row = (
        broken.means()
        .query("policy == 'pid' and scenario == 'none' and metric == 'treasury_low'")
        .iloc[0]
    )
    assert (row["n"], row["failed"]) == (9, 3)
    calm, crash = broken.markdown().split("Scenario token_crash")
    assert (
        "Failed runs, of 12 each, which no mean counts: pid 3." in calm
        and "ailed runs" not in crash
    )
    title = " ".join(broken.plot().get_suptitle().split())
    assert "none: failed runs, of 12 each, which no mean counts: pid 3" in title
    assert broken.reasons("none") == [
        "pid fails: a variable beyond its bounds or not finite, first on day 5"
    ]
    assert "ailed" not in comparison.markdown()


def test_a_law_that_cannot_be_compiled_is_refused_with_its_line_before_anything_is_written(
    tmp_path,
):
    (tmp_path / "law.py").write_text(
        "import tokenomics as tk\n\n\ndef torn(params, state, error, dt, low, high):\n"
        "    return tk.Command(0.05 if error > 0 else 0.0, {})\n\n\n"
        "tk.register_controller('torn', torn)\n"
    )
    (tmp_path / "torn.yaml").write_text("controller: {type: torn}\n")
    options = "--policies none,torn.yaml --runs 2 --days 5 --years none --metrics churn --out c"
    line = ["compare", *options.split(), "--no-figures", "--code", "law.py"]
    why = "a Python branch on a value that differs between runs; expected np.where"
    with only({}):
        status, text, errors = command(*line, folder=tmp_path)
        again, told, _ = command(*line, "--json", folder=tmp_path)
    assert (status, text, again) == (2, "", 2) and errors.count("\n") == 1
    assert f"error: law.py:5: block 'the controller decides', 'torn': {why}" in errors
    one = json.loads(told)["error"]
    assert (one["file"], one["line"]) == ("law.py", 5) and why in one["found"]
    assert not (tmp_path / "c").exists()


def test_every_metric_that_is_asked_for_is_shown_and_else_the_main_ones(tmp_path):
    options = [
        "--policies",
        "none,pid",
        "--runs",
        "2",
        "--days",
        "5",
        "--years",
        "none",
        "--no-figures",
        "--out",
    ]
    asked = ["purchases", "treasury_min", "churn"]
    _, text, _ = command("compare", *options, tmp_path / "a", "--metrics", ",".join(asked))
    gaps = text.split("paired difference")[1].splitlines()
    assert [line.split()[0] for line in gaps if " pid " in line] == asked
    means = text.split("each alone]")[1].split("paired difference")[0].splitlines()
    assert [line.split()[0] for line in means if " [" in line and "Scen" not in line] == asked
    assert "differences of all are in differences.csv" not in text
    _, text, _ = command("compare", *options, tmp_path / "b")
    best = text.split("best policy by metric")[1].split("Scenario none: mean")[0].splitlines()
    judged = [line.split()[0] for line in best if line.split() and line.split()[0] in METRICS]
    assert sorted(judged) == sorted(MAIN)
    assert f"are of {len(MAIN)} of {len(METRICS)} metrics" in text


def test_the_best_policy_is_bold_in_the_table(comparison):
    text = comparison.markdown()
    assert text.count("**") == 2 * int(comparison.best()["best"].notna().sum()) > 0
    assert "12 runs, seed 4" in text
    assert comparison.finding() in text.splitlines()


def test_the_figure_states_its_finding(comparison):
    figure = comparison.plot()
    assert "Best by a clear margin" in figure.get_suptitle()
    figure.draw_without_rendering()
    assert figure.get_suptitle().endswith("(simultaneous 95 %)")
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["no scenario", "token_crash"]


def test_a_metric_that_no_policy_moves_is_not_drawn(comparison):
    figure, means = comparison.plot(), comparison.means()
    drawn = [text.get_text().split(" [")[0] for text in figure.axes[0].get_yticklabels()]
    for name in comparison.sweep.metrics:
        own = means[means["metric"] == name]
        same = own.groupby("scenario")["mean"].nunique().max() == 1
        if METRICS[name].better:
            assert (METRICS[name].label in drawn) != same, name
    assert "attacker profit" not in drawn and "tracking error" in drawn
    assert "that no policy moves left out" in " ".join(figure.get_suptitle().split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policies": ["pid"]}, "1 policy; expected two or more"),
        ({"policies": ["pid", "nnone"]}, "did you mean 'none'"),
        (
            {"policies": ["pid", "none"], "reference": "static"},
            "the reference 'static' is not among the policies",
        ),
        ({"policies": ["pid", "none"], "scenarios": ["crash"]}, "unknown scenario 'crash'"),
        ({"policies": ["pid", "none"], "runs": 0}, "runs: 0"),
        ({"policies": "pid"}, "1 policy; expected two or more"),
        ({"policies": ["pid", "none", "pid"]}, "policies: 'pid' twice"),
        ({"policies": ["pid", ""]}, "policies: an empty name"),
        ({"policies": ["pid", "none"], "scenarios": ["none", "none"]}, "scenarios: 'none' twice"),
        ({"policies": ["pid", "none"], "scenarios": []}, "scenarios: .*expected a list of names"),
        (
            {"policies": ["pid", "none"], "metrics": ["treasury_low", "treasury_low"]},
            "metrics: 'treasury_low' twice",
        ),
        (
            {"policies": ["pid", "none"], "sets": {"simulation.days": 3.0}},
            "days: 2, where simulation.days is set, too; expected the span once",
        ),
    ],
)
def test_a_bad_comparison_gets_one_clear_line(arguments, message):
    with pytest.raises(InputError, match=message):
        tk.compare(**{"days": 2, "runs": 1} | arguments)


@pytest.mark.parametrize(("good", "n"), [(0, 10), (3, 10), (10, 10), (1, 2)])
def test_an_interval_of_a_probability_is_wilsons(good, n):
    values = np.r_[np.ones(good), np.zeros(n - good)][None, :]
    found = intervals(values, probability=True)
    expected = stats.binomtest(good, n).proportion_ci(0.95, method="wilson")
    assert (found.low[0], found.high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert -1e-15 < found.low[0] < found.mean[0] + 1e-15 < found.high[0] + 2e-15 < 1.0 + 4e-15


def test_an_interval_of_a_mean_is_students():
    values = np.random.default_rng(0).normal(size=(1, 9))
    found = intervals(np.c_[values, [[np.nan]]])
    expected = stats.t.interval(0.95, 8, values.mean(), stats.sem(values[0]))
    assert (found.low[0], found.high[0], found.n[0]) == pytest.approx((*expected, 9))


def test_every_metric_says_which_way_is_better():
    assert {m.better for m in METRICS.values()} == {"", "lower", "higher"}


def test_the_command_writes_tables_and_a_figure(tmp_path):
    out = tmp_path / "c"
    arguments = [
        "compare",
        "--policies",
        "none,pid",
        "--scenarios",
        "none,token_crash",
        "--runs",
        "3",
        "--days",
        "10",
        "--years",
        "1",
        "--out",
        str(out),
    ]
    status, text, _ = command(*arguments, "--no-figures")
    assert status == 0 and "no figure in" in text and not list(out.rglob("*.png"))
    status, text, _ = command(*arguments)
    assert status == 0
    assert "-: no policy is told worse than the best mean by more than matters" in text
    assert "Best by a clear margin, times of " in text
    assert "paired difference to none" in text and "tracking_rms [1]" in text
    assert max(len(line) for line in text.splitlines() if line.startswith("treasury")) <= 80
    assert {
        "by_year.csv",
        "comparison.md",
        "comparison.png",
        "differences.csv",
        "manifest.json",
    } <= {f.name for f in out.iterdir()}
    status, text, _ = command(*arguments, "--json")
    assert status == 0 and set(json.loads(text)) == {
        "out",
        "sha256",
        "remarks",
        "failures",
        "means",
        "differences",
        "best",
        "by_year",
        "finding",
    }
    status, _, error = command(*arguments, "--reference", "static")
    assert status == 2 and "--reference: 'static'" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--scenarios", "none,none"), "--scenarios: 'none' twice"),
        (("--scenarios", ""), "--scenarios: an empty name"),
        (("--policies", ""), "--policies: an empty name"),
        (("--policies", "none,,pid"), "--policies: an empty name in 'none,,pid'"),
        (("--policies", "pid,pid"), "--policies: 'pid' twice"),
        (("--policies", "pid"), "--policies: 1 policy"),
        (("--metrics", ","), "--metrics: an empty name"),
        (("--metrics", ""), "--metrics: an empty name"),
        (("--metrics", "treasury_low,treasury_low"), "--metrics: 'treasury_low' twice"),
        (("--overlay", ""), "--overlay: an empty text"),
        (("--reference", ""), "--reference: ''"),
        (("--set", "oracle.lag=1", "--set", "oracle.lag=2"), "--set: 'oracle.lag' twice"),
        (
            ("--days", "3", "--set", "simulation.days=4"),
            (
                "--days: 3, where simulation.days is set, too; expected the span once, here or "
                "under --set"
            ),
        ),
        (
            ("--runs", "18446744073709551616"),
            "--runs: 18,446,744,073,709,551,616; expected a whole number from 1",
        ),
        (
            ("--seed", "18446744073709551616"),
            "--seed: 18,446,744,073,709,551,616; expected a whole number from 0",
        ),
        (("--years", "1,x"), "--years: '1,x'; expected whole numbers of years"),
        (("--years", "3,3"), "--years: '3' twice"),
        (("--years", "0"), "--years: 0; expected a whole number from 1 to 100 years"),
        (("--seed", "-1"), "--seed: -1; expected a whole number from 0"),
    ],
)
def test_an_option_that_asks_for_nothing_or_twice_is_refused(tmp_path, options, message):
    status, _, error = command("compare", *options, "--out", tmp_path / "o")
    assert (status, error.count("\n")) == (2, 1) and message in error
    assert not (tmp_path / "o").exists()


def test_policies_that_aim_at_different_prices_are_told_apart():
    how = {"runs": 2, "days": 20, "years": ()}
    apart = tk.compare(policies=["none", "pid", "dcbm"], **how)
    assert apart.notes == (
        "tracking_rms and tracking_iae: of each policy's own reference (pid: utility; dcbm: "
        "average); decoupling_rms is of the utility value for all.",
    )
    assert apart.notes[0] in apart.markdown()
    assert not tk.compare(policies=["none", "pid", "rai"], **how).notes
    assert not tk.compare(policies=["pid", "dcbm"], metrics=["churn"], **how).notes
