"""RAI's controller, Helium's halvings and Cosmos' inflation: closed forms, published figures, the
commands.
"""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import trapezoid

from paths import DATA, command
from tokenomics.model.controllers import rai as law
from tokenomics.papers import PAPERS, cosmos, hip20, rai, reproduce
from tokenomics.papers.reproduction import settings

PAPERS_HERE = ("rai", "hip20", "cosmos")


def values(paper):
    return {path: leaf.value for path, leaf in settings(paper).items()}


@pytest.fixture(scope="module")
def found():
    return {paper: reproduce(paper) for paper in PAPERS_HERE}


# RAI's law


def test_rai_lowers_its_redemption_price_when_the_market_is_above_it():
    error = law.deviation(3.0, 3.15)
    rate = law.redemption_rate(law.feedback(error, 0.0, 1e-8, 0.0), 3.0)
    assert rate < 1
    assert law.per_year(rate) == pytest.approx(np.exp(-1.5e-9 * law.YEAR) - 1, rel=1e-6)


def test_the_leaky_integral_of_a_lasting_error_ends_where_the_geometric_sum_does():
    leak, delay, integral = 0.99999884423976, law.UPDATE_DELAY, 0.0
    for _ in range(2000):
        integral = law.leaky_integral(integral, 1.0, 1.0, delay, leak)
    assert integral == pytest.approx(delay / (1 - leak**delay), rel=1e-9)


def test_without_a_leak_the_integral_is_the_trapezoidal_rule():
    times, integral = np.linspace(0.0, 1e5, 11), 0.0
    errors = np.cos(times / 3e4)
    for i in range(1, len(times)):
        integral = law.leaky_integral(
            integral, errors[i], errors[i - 1], times[i] - times[i - 1], 1.0
        )
    assert integral == pytest.approx(trapezoid(errors, times), rel=1e-12)


def test_the_noise_barrier_silences_small_outputs_and_the_bounds_hold_large_ones():
    outputs = np.array([0.0, 1e-3, -1e-3, 0.5, -0.5])
    rate = law.redemption_rate(outputs, 2.0, barrier=0.999, low=-0.1, high=0.2)
    np.testing.assert_allclose(rate, [1.0, 1.0, 1.0, 1.2, 0.9])


def test_half_of_the_integral_is_left_after_the_half_life():
    assert 0.999999 ** law.half_life(0.999999) == pytest.approx(0.5)


def test_rais_law_is_elementwise():
    market, price = np.array([2.9, 3.0, 3.1]), np.array([3.0, 3.0, 3.0])

    def step(p, m):
        error = law.deviation(p, m)
        output = law.feedback(
            error, law.leaky_integral(5.0, error, 0.1, 100.0, 0.9999), 1e-7, 1e-12
        )
        rate = law.redemption_rate(output, p, 1.0, -1e-8, 1e-8)
        return np.array([rate, law.next_redemption_price(p, rate, 28_800.0), law.per_year(rate)])

    np.testing.assert_allclose(
        step(price, market),
        np.column_stack([step(float(p), float(m)) for p, m in zip(price, market, strict=True)]),
    )
    np.testing.assert_array_equal(
        law.may_update(np.array([0.0, 28_799.0, 28_800.0])), [False, False, True]
    )


def test_the_rise_time_is_that_of_the_integrated_loop_and_first_order_for_small_steps():
    kp, step, dt = 1e-6, 0.5, 50.0
    price, time = 1.0, 0.0
    while price < 1.0 + 0.63 * step:
        price = law.next_redemption_price(
            price, law.redemption_rate(kp * (1.0 + step - price), price), dt
        )
        time += dt
    assert time == pytest.approx(rai.rise_time(kp, step, 0.63), rel=1e-3)
    assert rai.rise_time(kp, 1e-9, 0.63) * kp == pytest.approx(np.log(1 / 0.37))


def test_rais_published_figures(found):
    annual, leak, times = found["rai"].tables.values()
    np.testing.assert_allclose(annual["ours [%/year]"], [-4.62, -84.93], atol=0.01)
    np.testing.assert_allclose(leak["ours"][:2], [5.0, 6.94], atol=0.005)
    np.testing.assert_allclose(times["twin again [h]"], times["published"], rtol=1e-9)
    np.testing.assert_allclose(
        times["overshoot again [USD]"], times["overshoot published"], rtol=1e-9
    )
    np.testing.assert_allclose(times["logistic [h]"], times["published"], rtol=0.035)


# Helium


def test_the_issued_supply_is_the_sum_of_the_issuance():
    s = values("hip20")
    first, halving = 12 * s["schedule.monthly"], s["schedule.halving"]
    middles = np.arange(0.005, 9.0, 0.01)
    assert hip20.issuance(middles, first, halving).sum() * 0.01 == pytest.approx(
        hip20.issued(9.0, first, halving)
    )
    assert hip20.issued(1e4, first, halving) == 240e6
    np.testing.assert_array_equal(
        hip20.issued(np.array([0, 1, 2, 3]), first, halving), [0, 60e6, 120e6, 150e6]
    )


def test_the_emission_block_issues_heliums_halvings():
    first, halving = 60e6, 2
    paid = hip20.emission_block(first, halving, 5, "stepwise")
    np.testing.assert_array_equal(paid, 120e6 * 0.5 ** np.arange(5))


def test_smooth_emission_issues_heliums_halvings_when_its_first_rate_is_scaled():
    first, halving = 60e6, 2
    paid = hip20.emission_block(2 * np.log(2) * first, halving, 5, "smooth")
    np.testing.assert_allclose(paid, 120e6 * 0.5 ** np.arange(5), rtol=1e-12)
    np.testing.assert_allclose(
        np.cumsum(paid),
        hip20.continuous(2 * np.arange(1, 6), 2 * np.log(2) * first, halving),
        rtol=1e-12,
    )


def test_the_two_schedules_differ_most_where_their_rates_are_equal(found):
    table = (
        found["hip20"]
        .tables["Halvings against continuous decay, same half-life"]
        .set_index("schedule")
    )
    row, share = table.loc["continuous, same total"], 1 / (2 * np.log(2))
    assert row["at year"] == pytest.approx(-2 * np.log2(share), abs=1e-3)
    assert row["largest gap in 10 years [M HNT]"] == pytest.approx(
        240 * (1 - share) + 120 * np.log2(share), rel=1e-4
    )


def test_helium_issued_the_schedule_and_at_most_the_cap():
    file = DATA / "tokens" / "helium_bme_monthly.csv"
    if not file.is_file():
        pytest.skip("no recorded data")
    months = pd.read_csv(file, index_col="month").loc["2023-05":"2026-01"]
    days, s = 7.0 * months["n_weeks"], values("hip20")
    first, halving = 12 * s["schedule.monthly"], s["schedule.halving"]
    year = pd.PeriodIndex(months.index, freq="M")
    since = (year.year - 2019) + (year.month - 8) / 12
    schedule = hip20.issuance(since, first, halving) / 365 * days
    cap = first / 100 / 365 * days
    # July 2023 counts weeks of August; from December 2024 to July 2025 tokens left over from before
    # were issued as well
    ordinary = (months.index != "2023-07") & ~(
        (months.index >= "2024-12") & (months.index <= "2025-07")
    )
    extra = (months["hnt_issued"] - schedule)[ordinary]
    assert np.all(extra > 0)
    assert np.all(extra <= cap[ordinary] * (1 + 1e-6))
    full = extra.loc["2025-10":"2026-01"]
    np.testing.assert_allclose(full, cap[full.index], rtol=1e-6)


# Cosmos


def test_the_slew_time_is_that_of_the_recursion_at_any_number_of_steps():
    s, ratios = values("cosmos"), np.array([0.0, 0.335, 0.5, 0.8, 1.0])
    closed = cosmos.slew_time(ratios, s)
    np.testing.assert_allclose(closed[:3], [1.0, 2.0, 0.67 / 0.17], rtol=1e-12)
    assert cosmos.slew_time(0.67, s) == np.inf
    for pace in (100, 1000):
        np.testing.assert_allclose(
            cosmos.simulated_slew(ratios, s | {"slew.steps_per_year": pace}),
            closed,
            atol=2.1 / pace,
        )


def test_inflation_stays_between_its_bounds_and_leaves_them_at_once():
    s = values("cosmos")
    rate = np.array([0.07, 0.20, 0.20])
    for _ in range(1000):
        rate = cosmos.next_inflation(rate, np.array([1.0, 0.0, 0.0]), s, 52)
    np.testing.assert_array_equal(rate, [0.07, 0.20, 0.20])
    assert np.all(cosmos.next_inflation(rate, np.array([0.66, 0.68, 1.0]), s, 52)[1:] < 0.20)
    assert cosmos.next_inflation(0.07, 0.66, s, 52) > 0.07


@pytest.mark.parametrize(("share", "grows"), [(0.9, False), (1.1, True)])
def test_the_assumed_loop_is_stable_up_to_its_linear_limit(share, grows):
    s = values("cosmos") | {
        "loop.years": 150,
        "loop.bonded": 0.67,
        "loop.inflation": 0.131,
        "loop.steps_per_year": 200,
    }
    response = 2.0 * share / (0.13 / 0.67)
    inflation, _ = cosmos.closed_loop(response, 1.0, 0.13, s)
    early, late = np.ptp(inflation[2000:6000]), np.ptp(inflation[-4000:])
    assert (late > early) == grows


def test_a_wanted_inflation_outside_the_bounds_leaves_the_ratio_off_its_goal(found):
    table = found["cosmos"].tables["A loop with an assumed bonding response"]
    outside = table[table["wanted inflation [%]"] != 13]
    assert (outside["outcome"] == "stays at a bound").all()
    assert (np.abs(outside["bonded, mean at the end [%]"] - 67) > 1).all()


# All three


def test_each_claim_has_a_verdict_and_evidence(found):
    assert set(PAPERS_HERE) <= set(PAPERS)
    for result in found.values():
        assert {c.verdict for c in result.claims} <= {"confirmed", "refuted", "not testable"}
        assert all(c.evidence for c in result.claims)
        assert any(
            "published" in str(column)
            for table in result.tables.values()
            for column in table.columns
        )


@pytest.mark.parametrize("paper", PAPERS_HERE)
def test_each_number_has_a_unit_and_a_source(paper):
    for leaf in settings(paper).values():
        assert leaf.unit and leaf.source, leaf.path


@pytest.mark.parametrize("paper", PAPERS_HERE)
def test_the_command_prints_json(paper):
    status, output, errors = command("reproduce", paper, "--json")
    assert status == 0, errors
    assert json.loads(output)["claims"][0]["verdict"] == "confirmed"
