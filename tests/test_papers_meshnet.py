"""MeshNet: the expected numbers are those of operators who act one by one, its accounts add up, the
PID is the published one, and both sides of the comparison emit the same.
"""

import csv
import json
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from paths import DATA, command
from tokenomics.papers import PAPERS
from tokenomics.papers.meshnet import claims, economy, trials
from tokenomics.papers.meshnet.economy import (
    SCENARIOS,
    draw,
    read_values,
    simulate,
    stake_left,
    static,
)
from tokenomics.papers.reproduction import in_words, settings

V = read_values()
YEAR = 365
SHORT = {**V, "simulation.days": 250}


def agents(scenario, emission, random, seed):
    """Nodes and slashed tokens (days,) of one run in which each operator has dice of his own."""
    rng, v = np.random.default_rng(seed), V
    first = np.repeat([0, 1, 2], (800, 900, 300))
    wants = np.array(v["operators.thresholds"])[first]
    cheats, loyal = first == 2, first == 0
    uptime = np.minimum(1.0, rng.normal(np.array(v["stake.start_uptime"])[first], 0.01))
    stake, entered = rng.integers(10_000, 30_000, 2000).astype(float), np.full(2000, -1)
    demand = economy.scenario_demand(v, scenario, len(emission))
    price, supply, nodes, paths = 0.1, 2e8, 2000, []
    for day, emitted in enumerate(emission):
        coverage = float(economy.coverage_factor(v, np.array([float(nodes)]))[0])
        fees = max(50.0, 1000 * demand[day] * coverage * (1 + 0.05 * random["fees"][day, 0]))
        income = (emitted + 0.7 * fees) / nodes * price
        cost = 3.0 + 0.5 * random["cost"][day, 0]
        uptime = np.clip(uptime + rng.normal(0.0, 0.005, nodes), 0.5, 1.0)
        fined = np.where(uptime < 0.9, 0.1 * stake, 0.0)
        caught = cheats & (rng.random(nodes) < 0.15 * 0.97)
        fined = np.where(caught, stake, fined)
        seasons = (day - 1) // 90 - np.maximum(0, -(-entered // 90) - 1)
        seasons = np.where(entered <= 0, (day - 1) // 90, seasons)
        rate = np.where(seasons >= 2, 0.003, 0.008)
        stay = ~caught & ~((income - cost < 5.0 * wants) & (rng.random(nodes) < rate))
        there = int(stay.sum())
        new = 0
        if income > 10.0:
            room = max(0.0, 1.0 - (there - 10_000) / 2_000) if there > 10_000 else 1.0
            new = int(min(int(0.03 * there), 30) * room)

        def join(old, fresh, stay=stay):
            return np.concatenate([old[stay], fresh])

        wants = join(wants, rng.choice(v["operators.thresholds"], new, p=(0.5, 0.35, 0.15)))
        cheats, loyal = join(cheats, rng.random(new) < 0.15), join(loyal, rng.random(new) < 0.5)
        uptime, entered = join(uptime, rng.normal(0.95, 0.02, new)), join(entered, [day] * new)
        stake = join(stake - fined, rng.integers(10_000, 30_000, new))
        if scenario == "competitor" and day == 540:
            gone = np.flatnonzero(~loyal)[: int(0.25 * there)]
            wants, cheats, loyal, uptime, entered, stake = (
                np.delete(one, gone) for one in (wants, cheats, loyal, uptime, entered, stake)
            )
        drift = v[f"scenarios.{scenario}.drift"]
        worth = min(max(1000 * 365 * fees / supply, 0.01), 10.0)
        pull = 2.8156 / 365 * np.log(worth / price)
        burn = 0.3 * fees / price
        price *= np.exp(pull + 0.048957 * random["price"][day, 0] + drift)
        supply = min(supply + emitted - burn - fined.sum(), 1e9)
        nodes = len(wants)
        paths.append((nodes, fined.sum()))
    return np.array(paths).T


@pytest.mark.parametrize(("scenario", "seed", "days"), [("competitor", 4, 560), ("bear", 1, 250)])
def test_the_expected_numbers_are_those_of_operators_one_by_one(scenario, seed, days):
    random, emission = draw(seed, [0], days), static(V, days)
    ours = simulate(V, scenario, emission, random)
    nodes, slashed = np.mean([agents(scenario, emission, random, s) for s in range(2)], axis=0)
    np.testing.assert_allclose(ours.nodes[:, 0], nodes, rtol=0.02, atol=15)
    assert ours.slashed[0] == pytest.approx(slashed.sum(), rel=0.04)


def test_the_mean_stake_is_that_of_stakes_that_walk_one_by_one():
    left, rng = stake_left(V, 400), np.random.default_rng(0)
    uptime, stake = rng.normal(0.95, 0.02, 20_000), np.ones(20_000)
    for day in range(401):
        assert abs(left[day, 3] - stake.mean()) < 0.012
        uptime = np.clip(uptime + rng.normal(0.0, 0.005, len(uptime)), 0.5, 1.0)
        stake *= np.where(uptime < 0.9, 0.9, 1.0)
    assert left[400, 3] < 0.5 and np.all(np.diff(left, axis=0) <= 0.0)


def test_the_pid_is_the_published_one():
    nodes = np.array([2000.0, 9000.0, 30_000.0])
    emitted, summed, error = economy.pid_emission(V, nodes, np.zeros(3), np.zeros(3), 1.0)
    np.testing.assert_allclose(error, [0.8, 0.1, -2.0])
    np.testing.assert_allclose(summed, error)
    want = 109_589 * (1.0 + (0.8 + 0.15 + 0.2) * error[:2])
    np.testing.assert_allclose(emitted, [*want, 27_397])
    wound = economy.pid_emission(V, nodes, np.full(3, 4.9), error, 0.5)
    np.testing.assert_allclose(wound[1], [5.0, 5.0, 2.9])
    assert wound[0][0] == pytest.approx(0.5 * 109_589 * (1.0 + 0.64 + 0.75))


def test_the_pid_decides_every_fourteen_days():
    emission = simulate(V, "bear", None, draw(0, range(2), 60)).emission
    changed = np.flatnonzero(np.any(np.diff(emission, axis=0) != 0.0, axis=1)) + 1
    assert list(changed) == [14, 28, 42, 56]


def test_the_static_schedule_emits_what_is_published():
    assert static(V, 1825).sum() / 1e6 == pytest.approx(V["emitted.static"], abs=0.005)


def test_entry_ends_where_the_published_ceiling_is():
    def newcomers(nodes, income=100.0):
        return economy.newcomers(V, np.array([nodes]), np.array([income]))[0]

    assert newcomers(11_933) == 1 and newcomers(11_934) == 0
    assert newcomers(10_000) == 30 and newcomers(500) == 15 and newcomers(33) == 0
    assert newcomers(5000, 10.0) == 0


def test_a_competitor_takes_the_first_who_are_not_loyal():
    operators = economy.MeshOperators(V, 600, 1)
    operators.enter(5, np.array([1000.0]))
    before = operators.honest[: operators.until, :, 0].copy()
    taken = operators.poach(np.array([1000.0]))
    after = operators.honest[: operators.until, :, 0]
    assert taken[0] == pytest.approx(1000.0)
    assert after[0, 0] == before[0, 0] and after[0, 1] == 0.0
    # 850 of those who entered are honest, half of them loose; 100 of these must go
    np.testing.assert_allclose(after[2], before[2] * (1.0 - 100.0 / 850.0))


def test_the_shocks_of_a_scenario_are_the_published_ones():
    day = {name: economy.scenario_demand(V, name, 1825) for name in SCENARIOS}
    assert day["bull"][YEAR] == pytest.approx(1.3)
    assert day["bear"][360 + 300] == pytest.approx(0.85 ** (660 / 365) * 0.8)
    assert day["competitor"][1000] == pytest.approx(0.9 ** (1000 / 365) * 0.7)
    assert day["regulatory"][541] == pytest.approx(0.95 ** (541 / 365) / 1.3)
    assert day["regulatory"][540] == pytest.approx(0.95 ** (540 / 365))


def test_both_sides_emit_the_same_on_shocks_that_the_comparison_does_not_see():
    equal = trials.equalised(SHORT, "bear", 10, 0)
    random = draw(0 + trials.MATCH_SEED, range(10), 250)
    pid = simulate(SHORT, "bear", None, random, factor=equal.down)
    wanted = static(SHORT, 250)
    assert pid.emission.sum() / 10 == pytest.approx(wanted.sum(), rel=trials.CLOSE)
    as_it_is = simulate(SHORT, "bear", None, random).emission
    assert equal.up * wanted.sum() == pytest.approx(as_it_is.sum() / 10)
    np.testing.assert_allclose(equal.path, as_it_is.mean(axis=1))
    compared = draw(0, range(10), 250)
    assert not np.array_equal(compared["price"], random["price"])
    for pid, other in trials.rivals(
        SHORT, "bear", equal, compared, simulate(SHORT, "bear", None, compared)
    ).values():
        assert pid.emission.sum() / other.emission.sum() == pytest.approx(1.0, abs=0.05)


def test_the_bootstrap_of_a_mean_is_students_interval():
    values = draw(1, range(200), 1)["price"][0]
    found = trials.Bootstrap.of(0, 200, 4000).interval(lambda x: np.mean(x, axis=-1), values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(200)
    np.testing.assert_allclose(found, values.mean() + half * np.array([0, -1, 1]), atol=0.01)


def test_too_few_runs_have_no_interval_of_a_percentile_and_decide_nothing():
    few = trials.Bootstrap.of(0, trials.FEWEST - 1, 50)
    value, low, high = few.interval(trials.fifth, np.arange(trials.FEWEST - 1.0))
    assert value == pytest.approx(0.9) and np.isnan(low) and np.isnan(high)
    assert claims.signed(low, high) == "undecided" == in_words("PID", low, high)
    assert claims.signed(0.1, 0.2) == "confirmed" and claims.signed(-0.2, -0.1) == "refuted"


def test_a_claim_of_a_number_is_confirmed_by_the_number_and_not_by_its_direction():
    assert claims.as_many_times(6.0, 9.0, 8.5) == "confirmed"
    assert claims.as_many_times(9.0, 12.0, 8.5) == "confirmed"
    assert claims.as_many_times(3.0, 8.0, 8.5) == "direction only"
    assert claims.as_many_times(0.9, 9.0, 8.5) == "undecided"
    assert claims.as_many_times(0.2, 0.9, 8.5) == "refuted"
    assert claims.as_many_times(np.nan, np.nan, 8.5) == "undecided"


def test_three_times_the_nodes_are_not_eight_and_a_half_times():
    rng, runs = np.random.default_rng(4), 200

    def paths(mean, deviation):
        nodes = rng.normal(mean, deviation, (1, runs))
        return economy.MeshPaths(nodes, nodes, nodes, *np.ones((3, runs)))

    rules = {"pid": (9000.0, 300.0), "static": (4000.0, 400.0)}
    found = {(s, rule): paths(*rules[rule]) for s in SCENARIOS for rule in trials.RULES}
    bootstrap = trials.Bootstrap.of(0, runs, 500)
    rows = [
        row
        for s in trials.STRESSED
        for row in trials.side_by_side(s, "x", found[s, "pid"], found[s, "static"], bootstrap)
    ]
    frame = pd.DataFrame(rows, columns=trials.COLUMNS)
    told = claims.as_published(V, found, frame, bootstrap)
    assert [(c.verdict, c.text[-9:]) for c in told[:2]] == [
        ("direction only", "bstract)."),
        ("direction only", "ion 8.1)."),
    ]


def test_nine_claims_at_equal_emission_have_intervals_that_hold_together():
    assert trials.AT_ONCE == 9 and pytest.approx(1.0 - 0.05 / 9) == trials.ALL_AT_ONCE
    rng, shape = np.random.default_rng(3), (1, 400)
    paths = [
        economy.MeshPaths(*(rng.normal(9000.0, 900.0, shape) for _ in fields(economy.MeshPaths)))
        for _ in range(2)
    ]
    bootstrap = trials.Bootstrap.of(0, 400, 4000)
    found = [
        pd.DataFrame(
            trials.side_by_side("bear", "x", *paths, bootstrap, *level), columns=trials.COLUMNS
        )
        for level in ((), (trials.ALL_AT_ONCE,))
    ]
    wider = (found[1]["high"] - found[1]["low"]) / (found[0]["high"] - found[0]["low"])
    # the normal distribution's .9972 quantile over its .975
    np.testing.assert_allclose(wider, 2.77 / 1.96, rtol=0.12)


def test_an_interval_in_words():
    assert in_words("PID", 0.1, 0.2) == "PID higher" and in_words("PID", -2, -1) == "PID lower"
    assert in_words("PID", -0.1, 0.2) == "undecided"


def test_the_published_table_is_that_of_the_published_runs():
    path = DATA / "protocols" / "meshnet_multi_seed_results.csv"
    if not path.exists():
        pytest.skip("the published runs are not here")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    random = draw(3, range(30), 1825)
    for scenario in SCENARIOS:
        for rule in trials.RULES:
            runs = [r for r in rows if r["scenario"] == scenario and r["emission_model"] == rule]
            nodes, price, emitted = (
                np.array([float(r[name]) for r in runs])
                for name in ("final_N", "final_P", "total_emission")
            )
            mean, deviation, low, high, last = V[f"published.{scenario}.{rule}"]
            assert nodes.mean() == pytest.approx(mean, abs=0.5)
            assert nodes.std(ddof=1) == pytest.approx(deviation, abs=0.5)
            assert list(np.quantile(nodes, (0.05, 0.95))) == pytest.approx([low, high], abs=0.5)
            assert price.mean() == pytest.approx(last, abs=0.005)
            name = "static" if rule == "static" else scenario
            assert emitted.mean() / 1e6 == pytest.approx(V[f"emitted.{name}"], abs=0.005)
            if (scenario, rule) == ("competitor", "pid"):
                ours = simulate(V, scenario, None, random)
                assert ks_2samp(ours.nodes[-1], nodes).pvalue > 0.01
                assert ks_2samp(ours.emission.sum(axis=0), emitted).pvalue > 0.01


def test_the_command_tells_published_numbers_ours_and_both_at_equal_emission(monkeypatch, tmp_path):
    short = {**V, "simulation.days": 60, "simulation.resamples": 50}
    monkeypatch.setattr("tokenomics.papers.meshnet.read_values", lambda: short)
    levels, compare = [], trials.side_by_side

    def noted(*sides):
        levels.append(sides[5:])
        return compare(*sides)

    monkeypatch.setattr(trials, "side_by_side", noted)
    words = ("reproduce", "meshnet", "--runs", "3", "--json", "--out", "mesh")
    status, output, errors = command(*words, folder=tmp_path)
    assert status == 0, errors
    found = json.loads(output)
    tables = dict(found["tables"])
    first = next(rows for title, rows in tables.items() if title.startswith("The published"))
    row = next(r for r in first if r["scenario"] == "competitor" and r["rule"] == "static")
    assert row["published"] == 8.61 and row["low"] < row["ours"] < row["high"]
    equal = next(rows for title, rows in tables.items() if title.startswith("At equal emission"))
    assert sorted(levels) == [()] * 3 + [(trials.ALL_AT_ONCE,)] * 9
    assert len(equal) == 3 * 3 * 3 and {r["against"] for r in equal} == set(trials.EQUAL)
    assert all(r["in words"] in ("PID higher", "PID lower", "undecided") for r in equal)
    assert all(c["evidence"] for c in found["claims"]) and len(found["claims"]) == 15
    assert "meshnet" in PAPERS and (tmp_path / "mesh" / "nodes.png").exists()
    assert "nan" not in (tmp_path / "mesh" / "reproduction.md").read_text()


def test_the_settings_say_where_they_come_from():
    for leaf in settings("meshnet").values():
        assert leaf.unit and leaf.source.startswith(("code", "results", "assumption")), leaf.path
