"""What a workload costs in each way of paying, and the exact split of the token bill's rise."""

import numpy as np
import pytest
from events import event
from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from paths import simulate
from tokenomics.errors import InputError
from tokenomics.model.formulas import billing as pay
from tokenomics.parameters import put, resolve
from tokenomics.results.bills import (
    bill_statistics,
    decompose,
    decompose_total,
    logarithmic_mean,
    token_factors,
)

BASE = resolve("baseline").values
FREE = {
    "bills.hedge_basis": 0.0,
    "bills.hedge_fee": 0.0,
    "bills.prepaid_capital_cost": 0.0,
    "bills.prepaid_expired": 0.0,
}
PARTS = ["billed_usage", "token_price", "quote_price", "inference_price", "credit_price"]
sizes = st.floats(1e-6, 1e6)


def charged(used, sets=None, contracted=1000.0, price=0.02, spot=0.5, quote=0.5, credit=0.02):
    p = put(BASE, sets or {})
    seen = {
        "inference_price": price,
        "token_price": spot,
        "quote_price": quote,
        "credit_price": credit,
    }
    return pay.every_way(p.bills, p.cloud, used, contracted, seen)


def ensemble(runs=4, days=60, **sets):
    return tk.run(
        "baseline",
        runs=runs,
        seed=1,
        days=days,
        engine="ensemble",
        record=[*PARTS, *pay.PAYMENTS],
        sets=sets,
    )


def test_at_constant_prices_every_bill_is_its_formula():
    b, cloud = BASE.bills, BASE.cloud
    hedge = (
        0.02
        * 1000
        * b.hedge_ratio
        * (b.quote_lag * b.hedge_basis / 365 + b.hedge_fee * b.quote_lag / b.hedge_tenor)
    )
    expected = {
        "user_bill": 18.0,
        "bill_stablecoin": 18.0,
        "bill_hedged": 18.0 + hedge,
        "bill_prepaid": 18.0
        * (1 + b.prepaid_capital_cost * b.prepaid_days / 2 / 365)
        / (1 - b.prepaid_expired),
        "bill_cloud": 900 * cloud.price,
        "bill_cloud_reserved": 1000 * cloud.price * (1 - cloud.reserved_discount),
    }
    assert charged(900.0) == pytest.approx(expected, rel=1e-12)


@given(sizes, sizes)
def test_a_whole_hedge_of_what_is_used_takes_the_token_price_out(spot, quote):
    found = charged(1000.0, {**FREE, "bills.hedge_ratio": 1.0}, spot=spot, quote=quote)
    assert found["bill_hedged"] == pytest.approx(
        found["bill_stablecoin"], abs=1e-12 * (found["user_bill"] + found["bill_stablecoin"])
    )


def test_a_hedge_leaves_its_unhedged_share_and_the_deviation_from_the_contract():
    found = charged(1200.0, {**FREE, "bills.hedge_ratio": 0.75}, spot=0.6)
    assert found["bill_hedged"] - found["bill_stablecoin"] == pytest.approx(
        0.02 * (0.25 * 1000 + 200) * 0.2
    )
    assert charged(100.0, spot=5.0)["bill_hedged"] < 0.0


def test_the_hedged_position_is_a_lag_of_bills():
    # what a constant position of one lag of bills earns on the price is what token bills exceed
    # stablecoin bills by, but for the last quote
    spot, quote, excess, dt, lag = 1.0, 1.0, 0.0, 0.001, 2.0
    for move in np.random.default_rng(0).normal(0.0, 0.001, 20000):
        spot *= np.exp(move)
        quote = pay.next_quote(quote, spot, move, lag, dt)
        excess += np.log(spot / quote) * dt
    assert excess == pytest.approx(lag * np.log(quote), abs=2e-3)


def test_prepaid_credit_without_costs_is_the_lagged_price():
    still = simulate({**FREE, "shocks.enabled": False}, days=20, runs=1)
    np.testing.assert_allclose(still["bill_prepaid"], still["bill_stablecoin"], rtol=1e-12)
    price = 1.0
    for _ in range(15):
        price = pay.next_credit_price(price, 2.0, 30.0, 1.0)
    assert price == pytest.approx(
        2.0 - np.exp(-1.0)
    )  # half of a period after the network's price doubled


@given(st.floats(0.0, 1.0), st.floats(0.0, 2.0))
def test_a_reservation_is_cheaper_above_one_less_the_discount(discount, use):
    found = charged(1000.0 * use, {"cloud.reserved_discount": discount})
    saved = found["bill_cloud"] - found["bill_cloud_reserved"]
    assert saved == pytest.approx(
        1000 * BASE.cloud.price * (min(use, 1.0) - (1.0 - discount)), abs=1e-9
    )


def test_usage_follows_demand_with_its_elasticity_and_nothing_else_moves():
    scenario = event("demand", 0.5, start=10.0, days=30.0)
    one, two = (
        simulate({**scenario, "bills.follows_demand": e}, days=30, runs=2) for e in (0.0, 2.0)
    )
    ratio = two["potential_demand"] / two["potential_demand"][:, :1]
    np.testing.assert_array_equal(one["billed_usage"], 1000.0)
    np.testing.assert_allclose(two["billed_usage"], 1000.0 * ratio**2, rtol=1e-12)
    for name in one:
        if name not in (*pay.PAYMENTS, "billed_usage"):
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_the_engines_agree_where_usage_follows_demand():
    sets = {"bills.follows_demand": 0.7}
    fast = ensemble(runs=3, days=20, **sets).trajectories.values
    slow = tk.run("baseline", runs=3, seed=1, days=20, sets=sets).trajectories.values
    for name in (*PARTS, *pay.PAYMENTS):
        np.testing.assert_allclose(fast[name], slow[name], rtol=1e-12, err_msg=name)


def test_bills_on_recorded_paths_are_those_of_the_model():
    result = ensemble(**{"bills.follows_demand": 1.0})
    values, p = result.trajectories.values, result.resolved.values
    again = pay.every_way(p.bills, p.cloud, values["billed_usage"], p.bills.workload, values)
    for name in pay.PAYMENTS:
        np.testing.assert_allclose(again[name], values[name], rtol=1e-14, err_msg=name)


def test_the_mean_bill_does_not_depend_on_the_step():
    sets = {
        "shocks.enabled": False,
        **event("demand", 0.5, start=5.0, days=60.0),
    }
    coarse, fine = (
        simulate({**sets, "simulation.time_step": step}, days=60, runs=1) for step in (1.0, 0.25)
    )
    for name in pay.PAYMENTS:
        assert np.mean(coarse[name][:, 1:]) == pytest.approx(
            np.mean(fine[name][:, 1:]), rel=0.01
        ), name


def test_bills_that_are_switched_off_are_zero():
    off = simulate({"bills.enabled": False}, days=5, runs=1)
    assert all(np.all(off[name] == 0.0) for name in (*pay.PAYMENTS, "billed_usage"))
    with pytest.raises(InputError, match="every bill is zero"):
        bill_statistics(off, BASE)


# --- what made the bill rise ----------------------------------------------------------------------

three = st.fixed_dictionaries({name: sizes for name in ("usage", "token_price", "network_price")})


@given(three, three)
def test_the_parts_add_up_and_have_the_sign_of_their_factor(before, after):
    parts = decompose(before, after)
    first, last = np.prod(list(before.values())), np.prod(list(after.values()))
    assert sum(parts.values()) == pytest.approx(last - first, abs=1e-12 * max(first, last))
    for name, part in parts.items():
        assert np.sign(part) in (0.0, np.sign(after[name] - before[name]))
    back = decompose(after, before)
    assert all(
        back[name] == pytest.approx(-part, rel=1e-9, abs=1e-300) for name, part in parts.items()
    )


@given(sizes, st.floats(-1e-6, 1e-6))
def test_the_logarithmic_mean_lies_between_the_means_and_is_stable_near_equality(a, change):
    b = a * (1.0 + change)
    assert logarithmic_mean(a, b) == pytest.approx((a + b) / 2, rel=1e-12)
    assert logarithmic_mean(a, a) == a and logarithmic_mean(0.0, a) == 0.0
    assert np.sqrt(a * 9 * a) < logarithmic_mean(a, 9 * a) < 5 * a


def test_usage_that_begins_or_ends_is_the_whole_change():
    prices = {"token_price": np.array([1.0, 1.2, 1.0]), "network_price": np.array([2.0, 3.0, 2.0])}
    idle, busy = (
        {"usage": np.zeros(3), **prices},
        {
            "usage": np.array([5.0, 5.0, 0.0]),
            "token_price": np.full(3, 1.1),
            "network_price": np.full(3, 4.0),
        },
    )
    parts = decompose(idle, busy)
    np.testing.assert_allclose(parts["usage"], [22.0, 22.0, 0.0])
    assert not parts["token_price"].any() and not parts["network_price"].any()
    np.testing.assert_allclose(decompose(busy, idle)["usage"], -parts["usage"])
    nearly = decompose({**idle, "usage": np.full(3, 1e-200)}, {**busy, "usage": np.full(3, 5.0)})
    assert nearly["usage"][0] == pytest.approx(
        22.0, rel=0.01
    )  # the limit is approached with one over a logarithm


def test_factors_that_are_negative_or_do_not_match_are_refused():
    with pytest.raises(InputError, match="a negative usage"):
        decompose({"usage": -1.0}, {"usage": 1.0})
    with pytest.raises(InputError, match="factors usage and price"):
        decompose({"usage": 1.0}, {"price": 1.0})


def test_over_a_thousand_runs_the_parts_are_the_rise_of_the_year():
    values = ensemble(runs=1000, days=365, **{"bills.follows_demand": 1.0}).trajectories.values
    factors, bill = token_factors(values["billed_usage"], values), values["user_bill"]
    parts = decompose(
        {n: f[:, :1] for n, f in factors.items()}, {n: f[:, 1:] for n, f in factors.items()}
    )
    np.testing.assert_allclose(
        sum(parts.values()), bill[:, 1:] - bill[:, :1], rtol=0, atol=1e-12 * bill.max()
    )
    rise = np.sum(bill[:, 1:] - bill[:, :1], axis=1)
    np.testing.assert_allclose(sum(decompose_total(factors, 1.0).values()), rise, rtol=1e-9)


# --- statistics -----------------------------------------------------------------------------------


def test_statistics_worked_by_hand():
    stable = np.full((2, 5), 10.0)
    bills = {
        "user_bill": np.array([[10.0, 10, 20, 10, 10], [10.0, 10, 10, 10, 10]]),
        "bill_stablecoin": stable,
        "bill_hedged": stable - 10.0,
    }
    found = bill_statistics(bills, BASE)
    assert found.per_run["user_bill"].loc[0].to_dict() == pytest.approx(
        {
            "mean": 12.5,
            "volatility": np.std(np.log([1, 2, 0.5, 1]), ddof=1) * np.sqrt(365),
            "cost_at_risk": 0.85,
            "total": 50.0,
        }
    )
    assert found.table.loc[("user_bill", "budget_at_risk"), "value"] == pytest.approx(
        40.0 + 0.95 * 10.0
    )
    assert (
        found.table.loc[("bill_hedged", "volatility"), "failed"] == 2
    )  # log changes of a bill that is not positive
    assert found.table.loc[("user_bill", "mean"), "n"] == 2


def test_statistics_of_the_token_bill_are_the_metrics_and_a_failed_run_is_not_counted():
    result = ensemble(runs=40)
    per_run, metrics = (
        bill_statistics(result.trajectories.values, result.metric_parameters).per_run,
        result.metrics_per_run(),
    )
    np.testing.assert_array_equal(per_run["user_bill", "volatility"], metrics["bill_volatility"])
    np.testing.assert_array_equal(
        per_run["user_bill", "cost_at_risk"], metrics["bill_cost_at_risk"]
    )
    failed = {
        name: np.where(np.arange(40)[:, None] == 3, np.nan, path)
        for name, path in result.trajectories.values.items()
    }
    table = bill_statistics(failed, result.metric_parameters).table
    assert (table["failed"] == 1).all() and (table["n"] == 39).all()


def test_the_budget_at_risk_covers_the_quantile_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        year = np.exp(rng.normal(0.0, 0.3, (200, 1))) * np.ones((1, 3))
        row = bill_statistics({"bill_stablecoin": year}, BASE).table.loc[
            ("bill_stablecoin", "budget_at_risk")
        ]
        hits += row["low"] <= 2.0 * np.exp(0.3 * 1.6448536) <= row["high"]
    assert hits >= 180
