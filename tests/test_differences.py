"""Differences are read against what matters, all of a table at once."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import tokenomics as tk
from paths import command
from proposals import PROPOSAL
from tokenomics.errors import InputError
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.results.differences import (
    LARGER,
    SMALLER,
    UNDECIDED,
    Paired,
    family,
    holm,
    in_words,
    word,
)
from tokenomics.results.intervals import PairedMoments
from tokenomics.results.matters import BY_METRIC, BY_UNIT, declared, margins, runs_needed
from tokenomics.results.metrics import METRICS
from tokenomics.results.student import MOST, outside

NAMES = ["tracking_rms", "max_drawdown", "treasury_low", "price_final"]


def paired(gaps, names=NAMES):
    gaps = np.atleast_2d(gaps)
    return Paired.of(names[: len(gaps)], gaps, 0.0 * gaps)


@pytest.mark.parametrize(
    ("low", "high", "n", "expected"),
    [
        (0.02, 0.03, 50, LARGER),
        (-0.03, -0.02, 50, LARGER),
        (0.001, 0.009, 50, SMALLER),
        (-0.009, 0.009, 50, SMALLER),
        (0.005, 0.02, 50, UNDECIDED),
        (-0.02, 0.02, 50, UNDECIDED),
        (0.02, 0.02, 5, LARGER),
        (0.02, 0.02, 4, UNDECIDED),
        (0.0, 0.0, 4, UNDECIDED),
        (0.0, 0.0, 5, SMALLER),
        (np.nan, np.nan, 1, UNDECIDED),
    ],
)
def test_a_difference_is_larger_or_smaller_than_matters_or_undecided(low, high, n, expected):
    assert word(low, high, n, 0.01) == expected


@given(st.floats(-1.0, 1.0), st.floats(0.0, 1.0), st.floats(1e-3, 0.5))
def test_the_words_exclude_each_other_and_turn_with_the_sign(low, width, margin):
    found = word(low, low + width, 100, margin)
    assert found == word(-low - width, -low, 100, margin)
    # more that matters is never called more: a larger margin does not make larger of smaller
    wider = word(low, low + width, 100, 2.0 * margin)
    assert (found, wider) not in {(SMALLER, LARGER), (UNDECIDED, LARGER), (SMALLER, UNDECIDED)}


def test_without_a_margin_every_difference_matters():
    assert word(1e-12, 2e-12, 100, 0.0) == LARGER and word(-1e-12, 1e-12, 100, 0.0) == UNDECIDED


def test_a_table_s_intervals_hold_at_once():
    rng = np.random.default_rng(7)
    names, tables, wrong, single = NAMES[:2], 400, 0, 0
    for _ in range(tables):
        found = {str(k): paired(rng.standard_normal((2, 40)), names) for k in range(5)}
        rows = family(found, {}, "values")
        wrong += any(row["verdict"] == LARGER for row in rows)
        single += any(one.intervals().low.max() > 0.0 for one in found.values())
    # of 400 at 5 %: 20, with a deviation of 4.4; uncorrected, of one side alone, more than 80
    assert wrong <= 33 < 80 < single


def test_holm_is_that_of_a_worked_example():
    p = np.array([0.01, 0.04, 0.03, np.nan, 0.005])
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, np.nan, 0.02], nan_ok=True)
    assert holm(np.array([])).shape == (0,)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_holm_lies_between_the_single_probability_and_bonferroni(p):
    p = np.array(p)
    found = holm(p)
    assert np.all(found >= p) and np.all(found <= np.minimum(len(p) * p, 1.0) + 1e-15)
    assert np.all(np.diff(found[np.argsort(p, kind="stable")]) >= 0.0)


@pytest.mark.parametrize("n", [2, 3, 30, 1001, MOST + 2])
def test_p_is_that_of_the_paired_t_test(n):
    gaps = np.random.default_rng(n).normal(0.05, 1.0, (1, n))
    exact = stats.ttest_1samp(gaps[0], 0.0).pvalue
    assert paired(gaps).p_values() == pytest.approx([exact], rel=1e-5)


@pytest.mark.parametrize("freedom", [1, 2, 7, MOST, MOST + 1])
def test_what_lies_outside_is_that_of_scipy(freedom):
    for value in (0.0, 0.3, 2.0, 5.0):
        exact = 2.0 * stats.t.sf(value, freedom)
        assert outside(value, freedom) == pytest.approx(exact, rel=1e-5, abs=1e-15)


@pytest.mark.parametrize("freedom", [1, 2, 3, 8, 39, 998])
def test_a_small_tail_keeps_its_digits(freedom):
    for value in (5.5, 12.0, 30.0, 1e4):
        exact = max(2.0 * stats.t.sf(value, freedom), 1e-320)
        found = max(outside(value, freedom), 1e-320)
        assert found == pytest.approx(exact, rel=1e-8, abs=1e-299)


def test_no_p_is_0():
    gaps = np.random.default_rng(1).normal(1.0, 1e-3, (2, 40))
    gaps[1] = 1.0
    p = paired(gaps).p_values()
    assert (p > 0.0).all() and p[0] < 1e-50
    assert paired(np.ones((1, 2000))).p_values() > 0.0


def test_p_of_a_probability_is_mcnemar_s_and_of_one_number_the_sign_test_s():
    gaps = np.zeros((4, 8))
    gaps[1], gaps[2, :6] = 0.25, 1.0
    mine = np.where(gaps > 0, gaps, 0.0)
    found = Paired.of(NAMES, mine, np.zeros((4, 8))).p_values()
    assert found == pytest.approx([1.0, 2.0**-7, 2.0 * 0.5**6, 1.0])
    assert np.isnan(PairedMoments(1).p_values([False])).all()


@pytest.mark.parametrize(
    ("difference", "verdict", "reading", "matters", "words"),
    [
        (-0.2, LARGER, "worse", 0.1, "lower by more than matters, worse"),
        (0.2, LARGER, "better", 0.1, "higher by more than matters, better"),
        (-0.2, LARGER, "lower", 0.1, "lower by more than matters"),
        (0.2, LARGER, "worse", 0.0, "higher, worse"),
        (0.2, SMALLER, "", 0.3, "differs by less than matters"),
        (0.2, "undecided", "", 0.1, "undecided"),
    ],
)
def test_a_difference_is_read_as_which_way_the_metric_goes(
    difference, verdict, reading, matters, words
):
    row = SimpleNamespace(difference=difference, verdict=verdict, reading=reading, matters=matters)
    assert in_words(row) == words


def test_no_word_of_a_verdict_reads_as_a_sign():
    assert {LARGER, SMALLER} == {"more than matters", "less than matters"}


def test_a_table_says_which_way_a_larger_difference_goes():
    rng = np.random.default_rng(1)
    gaps = np.array([[0.1], [-0.1], [0.0], [0.1]]) + 1e-3 * rng.standard_normal((4, 50))
    gaps[2] = 0.0
    rows = family({"x": paired(gaps)}, dict.fromkeys(NAMES, 0.02), "values")
    assert [row["reading"] for row in rows] == ["worse", "better", "", "higher"]
    assert [row["verdict"] for row in rows] == [LARGER, LARGER, UNDECIDED, LARGER]
    # fifty runs do not tell a probability within a point of fifty
    assert rows[2]["n"] < runs_needed(0.02, len(rows))


@pytest.mark.parametrize("margin", [0.005, 0.02, 0.1, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("count", [1, 120])
def test_no_fewer_runs_than_are_needed_tell_a_probability_of_nothing_smaller(margin, count):
    def told(runs):
        zeros = np.zeros((1, runs))
        one = Paired.of(["treasury_low"], zeros, zeros)
        return family({"x": one}, {"treasury_low": margin}, "values", count)[0]["verdict"]

    n = runs_needed(margin, count)
    assert (told(n), told(n - 1)) == (SMALLER, UNDECIDED)


def test_the_documentation_tells_how_many_runs_are_needed():
    page = (Path(__file__).parents[1] / "docs/metrics.md").read_text(encoding="utf-8")
    told = f"{runs_needed(0.02)} for one difference and a margin of 0.02, {runs_needed(0.02, 120)} "
    assert told + "for 120 of them" in page


def test_every_metric_says_from_when_on_it_matters():
    assert set(BY_METRIC) <= set(METRICS)
    for name in METRICS:
        assert declared(name).source and declared(name).size > 0.0, name
    assert len({*BY_UNIT, *BY_METRIC}) == len(BY_UNIT) + len(BY_METRIC)


def test_an_error_that_adds_up_matters_from_the_same_mean_on_whatever_the_span():
    for days in (30.0, 365.0):
        found = margins(["tracking_iae", "tracking_rms", "treasury_runway"], {}, {}, days)
        assert found["tracking_iae"] / days == pytest.approx(found["tracking_rms"])
        assert found["treasury_runway"] == 7.0


def test_a_comparison_s_margin_of_an_error_is_of_its_own_span():
    found = tk.compare(**HOW | {"metrics": ["tracking_iae"]})
    assert list(found.differences()["matters"]) == [pytest.approx(0.01 * HOW["days"])]


def test_a_margin_of_money_is_a_share_of_the_network_s_own():
    small = margins(["treasury_min", "control_effort"], {"fees": 100.0}, {}, 30.0)
    large = margins(["treasury_min", "control_effort"], {"fees": 1000.0}, {}, 30.0)
    assert large == pytest.approx({name: 10.0 * size for name, size in small.items()})
    assert small["control_effort"] == pytest.approx(1.0)
    given = {"treasury_min": 5.0}
    assert margins(["treasury_min"], {"fees": 100.0}, given, 30.0) == given


HOW = {"policies": ["none", "static"], "days": 2, "runs": 2, "years": (), "metrics": NAMES}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tracking": 0.1}, "matters: unknown metric 'tracking'.*did you mean 'tracking"),
        ({"tracking_rms": 0.0}, "matters: tracking_rms: 0.0; expected a number above 0"),
        ({"churn": 0.1}, "matters: churn, which is not compared"),
        ({"treasury_low": 0.02}, "treasury_low: 0.02, with 2 runs; expected at least 306 runs"),
    ],
)
def test_a_difference_that_cannot_matter_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        tk.compare(matters=given, **HOW)


def test_the_command_takes_what_matters(tmp_path):
    how = ["--policies", "none,static", "--days", "2", "--runs", "6", "--years", "none"]
    how += ["--metrics", "control_effort", "--no-figures", "--out", tmp_path / "o"]
    for size, verdict in (("1e9", SMALLER), ("0.01", LARGER)):
        given = ["--matters", f"control_effort={size}", "--json"]
        status, out, _ = command("compare", *how, *given)
        (told,) = json.loads(out)["differences"]
        assert (status, told["verdict"], told["matters"]) == (0, verdict, float(size))
    status, _, error = command("compare", *how, "--matters", "control_effort")
    assert status == 2 and "--matters: 'control_effort'; expected METRIC=NUMBER" in error


def test_nobody_wins_by_less_than_matters():
    found = tk.compare(**HOW | {"runs": 6, "metrics": ["control_effort"]})
    assert list(found.best()["best"]) == ["none"]
    found = tk.compare(
        **HOW | {"runs": 6, "metrics": ["control_effort"]}, matters={"control_effort": 1e9}
    )
    assert found.best()["best"].isna().all() and "**" not in found.markdown()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"treasury_low": 0.02}, "matters.treasury_low: 0.02, with 4 runs; expected at least"),
        ({"nonsense": 0.02}, "unknown metric 'nonsense'"),
        ({"treasury_low": 0.0}, "matters.treasury_low"),
    ],
)
def test_a_proposal_s_own_margins_are_checked(given, message):
    with pytest.raises(InputError, match=message):
        read_proposal(PROPOSAL | {"matters": given, "runs": 4})
