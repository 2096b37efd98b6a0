"""Customers' choice between the network, other sellers of the same model and the cloud:
elasticities in closed form, targets that are met, and those that cannot be.
"""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tokenomics as tk
from paths import assert_same_bits, command
from tokenomics.errors import InputError
from tokenomics.model.elasticities import MONTH, elasticities
from tokenomics.model.formulas.choice import choice_settled, chosen, log_prices
from tokenomics.model.model import MODEL
from tokenomics.model.steady_state import customers, start_state, steady_state
from tokenomics.parameters import put, resolve
from tokenomics.parameters.choice import attainable, least, network_share, scales
from tokenomics.parameters.schema import substitute

TODAY = resolve("baseline").values
STATE = steady_state(TODAY).state
PARAMS = dict(TODAY)


def with_targets(**values):
    return resolve(
        "baseline", sets=tuple(f"{k.replace('__', '.')}={v}" for k, v in values.items())
    ).values


def slope(function, width=1e-5):
    """d function / d log of what it takes, by central differences."""
    return (function(np.exp(width)) - function(np.exp(-width))) / (2.0 * width)


def shares(state, params=PARAMS, name="interactive"):
    """Of the network, the other sellers and the cloud."""
    network, sellers, _ = chosen(params, name, state)
    return np.array([network, sellers, 1.0 - network - sellers])


# --- the logit ------------------------------------------------------------------------------------


@given(st.floats(0.01, 100.0), st.floats(0.01, 100.0), st.floats(0.01, 100.0))
def test_shares_add_up_to_one_and_none_is_negative(network, sellers, cloud):
    state = STATE | {"inference_price": STATE["inference_price"] * network}
    params = substitute(
        PARAMS,
        {"api.price": TODAY.api.price * sellers, "cloud.price": TODAY.cloud.price * cloud},
    )
    for name in TODAY.workloads:
        found = shares(state, params, name)
        assert np.all(found >= -1e-13)
        assert found.sum() == pytest.approx(1.0, abs=1e-14)


def test_a_dearer_network_loses_work_to_everyone_at_any_price():
    prices = STATE["inference_price"] * np.geomspace(1e-6, 1e6, 200)
    for name in TODAY.workloads:
        network, sellers, cloud = shares(STATE | {"inference_price": prices}, name=name)
        assert np.all(np.diff(network) <= 0.0)
        assert np.all(np.diff(sellers) >= -1e-13)
        assert np.all(np.diff(cloud) >= -1e-13)
        near = slice(90, 110)
        assert np.all(np.diff(network[near]) < 0.0)
    work = choice_settled(PARAMS, STATE | {"inference_price": prices})["demand"]
    assert np.all(np.diff(work) < 0.0)


@pytest.mark.parametrize("name", TODAY.workloads)
def test_elasticities_of_a_class_are_those_of_the_nested_logit(name):
    # Train, Discrete Choice Methods, chapter 4, with the elasticity of the class to its mean cost
    own = TODAY.workloads[name]
    s, a, eta = own.network_share, own.sellers_share, own.price_elasticity
    within, between, nest = STATE["choice_within"], STATE["choice_between"], s + a
    inside = s / nest

    def work(factor):
        at = STATE | {"inference_price": STATE["inference_price"] * factor}
        return np.log(choice_settled(PARAMS, at)[f"demand_{name}"])

    def rival(factor, path="api.price", price=TODAY.api.price):
        return np.log(
            choice_settled(substitute(PARAMS, {path: price * factor}), STATE)[f"demand_{name}"]
        )

    assert slope(work) == pytest.approx(
        -(within * (1.0 - inside) + between * inside * (1.0 - nest) + eta * s), rel=1e-7
    )
    assert slope(rival) == pytest.approx(
        (1.0 - inside) * (within - between * (1.0 - nest)) - eta * a, rel=1e-7
    )
    assert slope(lambda x: rival(x, "cloud.price", TODAY.cloud.price)) == pytest.approx(
        (between - eta) * (1.0 - nest), rel=1e-7
    )


def test_with_one_scale_the_choice_is_a_multinomial_logit():
    parameters = put(TODAY, {"venues.diversion": float(least(TODAY.workloads)[1])})
    state = start_state(parameters)
    assert state["choice_within"] == pytest.approx(state["choice_between"], rel=1e-12)
    params = dict(parameters)
    moved = state | {"inference_price": 1.7 * state["inference_price"]}
    for name, workload in parameters.workloads.items():
        prices = np.array(
            [
                price + state[f"wedge_{seller}_{name}"]
                for seller, price in zip(
                    ("network", "sellers", "cloud"),
                    log_prices(params, workload, moved),
                    strict=True,
                )
            ]
        )
        odds = np.exp(-state["choice_within"] * prices)
        np.testing.assert_allclose(shares(moved, params, name), odds / odds.sum(), rtol=1e-10)
        # and what one loses goes to the others in proportion to their shares
        before, after = shares(state, params, name), shares(moved, params, name)
        assert after[1] / after[2] == pytest.approx(before[1] / before[2], rel=1e-10)


def test_in_a_nest_the_other_sellers_gain_more_than_in_proportion():
    before = shares(STATE)
    after = shares(STATE | {"inference_price": 1.5 * STATE["inference_price"]})
    assert after[1] / before[1] > after[2] / before[2] > 1.0


# --- targets --------------------------------------------------------------------------------------


def test_the_start_has_the_shares_of_today():
    for name, workload in TODAY.workloads.items():
        assert STATE[f"share_{name}"] == pytest.approx(workload.network_share, rel=1e-12)
        assert STATE[f"sellers_{name}"] == pytest.approx(workload.sellers_share, rel=1e-12)
    assert STATE["network_share"] == pytest.approx(float(network_share(TODAY.workloads)))
    # at the prices of today customers ask for potential demand
    whole = STATE["demand"] + STATE["sellers_demand"] + STATE["cloud_demand"]
    assert whole == pytest.approx(STATE["potential_demand"], rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.5, 3.0),
    st.floats(0.0, 0.99),
    st.floats(0.05, 0.7),
    st.floats(0.05, 0.25),
)
def test_the_model_answers_as_its_targets_say(own, place, share, others):
    wanted = put(
        TODAY,
        {
            "venues.own_elasticity": -own,
            "workloads.interactive.network_share": share,
            "workloads.interactive.sellers_share": others,
        },
    )
    size, proportional = map(float, least(wanted.workloads))
    assume(own > size + 0.05)
    diversion = proportional + place * (1.0 - proportional)
    wanted = put(wanted, {"venues.diversion": diversion})
    assert attainable(wanted.venues, wanted.workloads)
    found = elasticities(wanted)
    assert found.own == pytest.approx(-own, abs=1e-6)
    rivals = sum(
        w.share * w.network_share * w.price_elasticity * w.sellers_share
        for w in wanted.workloads.values()
    ) / network_share(wanted.workloads)
    assert found.cross == pytest.approx(diversion * (own - size) - rivals, abs=1e-6)
    assert found.diversion == pytest.approx(diversion, abs=1e-6)
    assert found.network_share == pytest.approx(float(network_share(wanted.workloads)), abs=1e-9)
    within, between = scales(wanted.venues, wanted.workloads)
    assert 0.0 < between <= within * (1.0 + 1e-9)


@pytest.mark.parametrize("time", [7.0, 14.0, 60.0])
def test_after_a_month_those_have_changed_whom_the_time_to_change_lets(time):
    found = elasticities(put(TODAY, {"venues.switching_time": time}))
    size = sum(
        w.share * w.network_share * w.price_elasticity * w.network_share
        for w in TODAY.workloads.values()
    ) / network_share(TODAY.workloads)
    moved = 1.0 - np.exp(-MONTH / time)
    assert found.own_short == pytest.approx(-size + (found.own + size) * moved, abs=1e-6)


def test_what_is_late_or_exposed_moves_work_but_not_the_elasticity():
    other = with_targets(
        workloads__interactive__privacy_need=0.2, workloads__batch__latency_cost=1.0
    )
    assert elasticities(other).own == pytest.approx(TODAY.venues.own_elasticity, abs=1e-6)
    private = put(TODAY, {"privacy.mode": "tee"})
    assert steady_state(private, today=TODAY).state["demand"] > STATE["demand"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"venues__own_elasticity": -0.4},
            "venues.own_elasticity: -0.4; expected below -0.4543, which",
        ),
        (
            {"venues__diversion": 0.5},
            "venues.diversion: 0.5; expected at least 0.6423, at which those who leave go to",
        ),
        (
            {"workloads__batch__sellers_share": 0.35},
            "workloads.batch: network_share and sellers_share add up to 1; expected less than 1",
        ),
    ],
)
def test_targets_that_no_customers_can_have_are_refused(values, told):
    with pytest.raises(InputError, match=told):
        with_targets(**values)


def test_an_own_elasticity_that_is_positive_is_out_of_bounds():
    with pytest.raises(InputError, match="own_elasticity"):
        with_targets(venues__own_elasticity=1.0)


# --- today's customers ----------------------------------------------------------------------------


def test_a_lever_leaves_the_customers_of_today_and_another_world_has_its_own():
    lever = tk.resolve("baseline", sets=("reliability.replication=2",))
    kept = start_state(lever.today)
    assert customers(kept, PARAMS) == customers(start_state(TODAY), PARAMS)
    paths = tk.run(sets={"reliability.replication": 2.0}, days=20, engine="ensemble").trajectories
    for name, value in customers(start_state(TODAY), PARAMS).items():
        assert np.all(paths.values[name] == value), name
    world = start_state(with_targets(api__price=0.024))
    assert world["share_batch"] == pytest.approx(STATE["share_batch"])
    assert world["wedge_sellers_batch"] > STATE["wedge_sellers_batch"]


def test_a_network_whose_levers_change_comes_to_rest_with_the_customers_of_today():
    # emission that follows the burns, as at rest
    sets = ("shocks.enabled=false", "reliability.replication=2", "emission.mode=balance_daily")
    twice = tk.resolve("baseline", sets=sets)
    rest = steady_state(twice.values, today=twice.today)
    assert rest.residual < 1e-12
    paths = tk.run(
        sets=sets, runs=1, days=3000, engine="ensemble", record=["inference_price", "demand"]
    ).trajectories.values
    for name in ("inference_price", "demand"):
        assert paths[name][0, -1] == pytest.approx(rest.state[name], rel=1e-3)


def test_dearer_work_is_worth_less_to_the_token():
    # at an elasticity above one in size, fees fall when work gets dearer
    for path, value in (("reliability.replication", 2.0), ("treasury.fee_share", 0.3)):
        after = steady_state(put(TODAY, {path: value}), today=TODAY).state
        assert after["inference_price"] > STATE["inference_price"]
        assert after["token_price"] < STATE["token_price"]
        assert after["operator_income"] < STATE["operator_income"]
        assert after["network_share"] < STATE["network_share"]


def test_both_engines_choose_alike_bit_for_bit():
    other = {"venues.own_elasticity": -2.5, "venues.diversion": 0.9, "api.price": 0.05}
    names = list(MODEL.variables(TODAY))
    slow, fast = (
        tk.run(sets=other, days=15, runs=3, seed=3, engine=engine, record=names).trajectories.values
        for engine in ("cadcad", "ensemble")
    )
    for name in names:
        assert_same_bits(name, fast[name], slow[name])


def test_params_show_says_how_demand_answers():
    status, told, _ = command("params", "show", "--json")
    found = json.loads(told)["elasticities"]
    assert status == 0
    assert found["own"] == pytest.approx(-1.5, abs=1e-6)
    assert found["diversion"] == pytest.approx(0.8, abs=1e-6)
    assert 0.0 < found["cross"] < 1.0
    assert 0.0 < found["pass_through"] < 1.0
    assert "-1.5000 in the long run" in command("params", "show")[1]
