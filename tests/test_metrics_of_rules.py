"""Metrics of how a rule goes with fees and of how concentrated demand is, on paths made by hand."""

import numpy as np
import pytest

import tokenomics
from tokenomics.parameters import resolve
from tokenomics.results.metrics import METRICS

RULE = METRICS["rule_procyclicality"]
PARAMETERS = resolve("baseline", sets=("simulation.time_step=1",)).values
BURN = PARAMETERS.supply.burn_share


def paths(fees, **others):
    """Two runs with the same fees; what is not given stands still and does nothing."""
    still = {
        "control_output": 0.0,
        "emitted": 50.0,
        "emission_multiplier": 1.0,
        "burn_share": BURN,
        "token_price": 2.0,
    }
    given = {"fees": fees} | {name: np.full(len(fees), value) for name, value in still.items()}
    given |= {name: np.asarray(value, dtype=float) for name, value in others.items()}
    # a week of each, after the start
    weeks = {name: np.append(path[0], np.repeat(path, 7)) for name, path in given.items()}
    return {name: np.tile(path, (2, 1)) for name, path in weeks.items()}


FEES = np.array([100.0, 120.0, 80.0, 60.0, 90.0, 140.0])


def slope(given):
    found = RULE.function(given, PARAMETERS)
    assert found[0] == found[1]
    return found[0]


def test_a_rule_that_spends_a_share_of_fees_has_that_share():
    assert slope(paths(FEES, control_output=0.3 * FEES)) == pytest.approx(0.3)
    assert slope(paths(FEES, control_output=50.0 - 0.2 * FEES)) == pytest.approx(-0.2)


def test_what_it_does_within_a_week_is_of_the_week():
    given = paths(FEES, control_output=0.3 * FEES)
    late = np.roll(given["control_output"], 1, axis=1)
    late[:, 0] = late[:, 1]
    found = slope(given | {"control_output": late})
    assert 0.2 < found < 0.3  # a day late, of seven
    weekly = given["fees"] * (1.0 + 0.5 * np.sin(2.0 * np.pi * np.arange(43) / 7.0))
    assert slope(given | {"fees": weekly}) == pytest.approx(0.3, rel=1e-9)
    assert slope({name: path[:, :10] for name, path in given.items()}) == 0.0  # of one week


def test_what_it_does_to_emission_and_burns_counts():
    # multiplier m on an emission of 50 TOK at 2 USD: 100 (m − 1) USD
    multiplier = 1.0 + 0.002 * (FEES - 100.0)
    of_emission = paths(FEES, emission_multiplier=multiplier, emitted=50.0 * multiplier)
    assert slope(of_emission) == pytest.approx(100.0 * 0.002)
    # a burn share that grows by 0.1 takes a tenth of fees
    assert slope(paths(FEES, burn_share=np.full(6, BURN + 0.1))) == pytest.approx(-0.1)


def test_an_emission_cut_to_nothing_takes_the_emission_that_there_was():
    low = FEES < 70.0
    multiplier = np.where(low, 0.0, 1.0)
    given = paths(FEES, emission_multiplier=multiplier, emitted=50.0 * multiplier)
    lost = np.where(low, -100.0, 0.0)
    assert slope(given) == pytest.approx(np.polyfit(FEES, lost, 1)[0])


def test_where_nothing_varies_it_is_nought():
    assert slope(paths(np.full(6, 100.0), control_output=FEES)) == 0.0
    assert slope(paths(FEES)) == 0.0
    assert slope(paths(100.0 + 1e-12 * FEES, control_output=FEES)) == 0.0


def test_a_static_purchase_of_treasury_income_is_pro_cyclical_by_its_share():
    result = tokenomics.run("baseline", policy="static", days=49, runs=2, seed=3)
    values = result.resolved.values
    share = values.controller.static_share * values.treasury.fee_share
    found = result.metrics_per_run()["rule_procyclicality"]
    # of the income of the day before, over seven weeks
    np.testing.assert_allclose(found, share, rtol=0.25)
    np.testing.assert_array_equal(found, RULE.function(result.trajectories.values, values))


def test_the_concentration_of_demand_is_the_herfindahl_index_of_the_classes():
    result = tokenomics.run("baseline", days=3, seed=1)
    values = result.trajectories.values
    parts = np.array([values[f"demand_{name}"] for name in result.resolved.values.workloads])
    index = np.sum((parts / values["demand"]) ** 2, axis=0)
    np.testing.assert_allclose(values["demand_concentration"], index, rtol=1e-14)
    found = METRICS["demand_concentration"].function(values, result.resolved.values)
    np.testing.assert_allclose(found, index[:, 1:].mean(axis=1), rtol=1e-14)
    assert 1.0 / len(parts) <= found[0] <= 1.0
