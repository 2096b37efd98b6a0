"""Faked usage: what it costs in closed form, that every token of it is booked, that honest work is
counted as honest, and that the holding from which it pays is one.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_conservation import assert_books_balance

from paths import assert_same_bits, command, simulate
from tokenomics.attacks.wash_usage import SHIPPED, Faking, defences, wash_usage_table
from tokenomics.engines import cadcad, ensemble
from tokenomics.engines.trace import record_step
from tokenomics.model.block import block
from tokenomics.model.blocks import wash_usage
from tokenomics.model.formulas.wash_usage import diverted, own_share, paid_out
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

START, DAYS, SIZE = 5.0, 20.0, 0.25
FAKED = {
    "wash_usage.enabled": True,
    "wash_usage.start": START,
    "wash_usage.days": DAYS,
    "wash_usage.size": SIZE,
}
# prices, fleet and honesty of nodes that nothing moves, and capacity without end
STILL = {
    "shocks.enabled": False,
    "capacity.enabled": False,
    "reliability.enabled": False,
    "pricing.enabled": False,
    "operators.enabled": False,
    "market.enabled": False,
    "market.anchoring": 0.0,
    "speculation.enabled": False,
}


def pair(sets, **choice):
    """Paths with and without faked work."""
    return (
        simulate(FAKED | sets, **choice),
        simulate(FAKED | sets | {"wash_usage.size": 0.0}, **choice),
    )


def rest(sets=STILL):
    """Parameters and state at the start."""
    values = resolve("baseline", sets=sets).values
    return values, steady_state(values).state


@pytest.mark.parametrize("step", [1.0, 0.5])
def test_who_has_no_nodes_pays_the_work_and_gets_nothing_back(step):
    hit, calm = pair(STILL | {"simulation.time_step": step}, days=40, runs=1)
    _, at = rest()
    a_day = SIZE * at["demand"] * at["inference_price"]
    assert hit["faker_profit"][0, -1] == pytest.approx(-a_day * DAYS, rel=1e-6)
    assert np.all(calm["faker_profit"] == 0.0)
    np.testing.assert_allclose(hit["faked_fees"][hit["faked_fees"] > 0.0], a_day, rtol=1e-6)


@pytest.mark.parametrize("own", [0.2, 1.0])
def test_who_owns_nodes_loses_what_is_burned_taxed_and_paid_to_others(own):
    """The network assigns the work: with all nodes his, burn and treasury's share are all that he
    loses, and emission, which does not follow usage, is his with and without it.
    """
    hit, calm = pair(STILL | {"wash_usage.own_nodes": own}, days=40, runs=1)
    values, at = rest()
    faked = SIZE * at["demand"] * at["inference_price"]
    lost = values.supply.burn_share + values.treasury.fee_share
    got = own * (1.0 - lost) * faked
    gain = hit["faker_profit"][0, -1] - calm["faker_profit"][0, -1]
    assert gain == pytest.approx((got - faked) * DAYS, rel=1e-6)


def test_who_chooses_his_nodes_draws_emission_from_the_others():
    """All faked work is done by his nodes, which do of the rest what their free capacity is of all
    that is free.
    """
    own = 0.4
    sets = {"wash_usage.own_nodes": own, "wash_usage.directed": 1.0}
    hit, calm = pair(STILL | sets, days=40, runs=1)
    values, at = rest()
    kept = 1.0 - values.supply.burn_share - values.treasury.fee_share
    honest, emission = at["demand"], at["emission_rate"] * at["token_price"]
    faked, price = SIZE * honest, at["inference_price"]
    free = (own * at["capacity"] - faked) / (at["capacity"] - faked)
    share = (faked + free * honest) / (faked + honest)
    income = share * (kept * (honest + faked) * price + emission)
    before = own * (kept * honest * price + emission)
    gain = hit["faker_profit"][0, -1] - calm["faker_profit"][0, -1]
    assert gain == pytest.approx((income - before - faked * price) * DAYS, rel=1e-6)
    assert income - before - faked * price > -faked * price * (1.0 - own * kept)


@settings(max_examples=60, deadline=None)
@given(
    own=st.floats(0.0, 1.0),
    directed=st.floats(0.0, 1.0),
    size=st.floats(0.0, 10.0),
    load=st.floats(0.01, 0.98),
)
def test_his_share_of_work_and_that_of_others_add_up(own, directed, size, load):
    sets = FAKED | {
        "wash_usage.own_nodes": own,
        "wash_usage.directed": directed,
        "wash_usage.size": size,
    }
    params = dict(resolve("baseline", sets=sets).values) | {"time_step": 1.0}
    state = {"time": START, "capacity": 1e6, "served": load * 1e6 / (1.0 + size)}
    state |= {"fees": 1e4, "emitted": 100.0, "burn_share": 0.5, "token_price": 0.4}
    share = own_share(params, state)
    assert own - 1e-12 <= share <= 1.0 + 1e-12
    assume(own < 1.0)
    others = 1.0 - diverted(params, state) / paid_out(params, state, 0.4)
    assert share + (1.0 - own) * others == pytest.approx(1.0, abs=1e-9)
    if directed == 0.0 or size == 0.0:
        assert share == pytest.approx(own, abs=1e-12)


@pytest.mark.parametrize("policy", ["none", "pid"])
def test_the_books_balance_and_his_cash_is_what_the_ledgers_say(policy):
    sets = {"wash_usage.holding": 0.02, "wash_usage.sale_days": 7.0, "wash_usage.own_nodes": 1.0}
    hit, calm = pair(sets, policy=policy, days=60, runs=3)
    assert_books_balance(hit)
    # all nodes are his: what operators are given is his income, their fiat cost apart
    kept = 1.0 - resolve("baseline").values.treasury.fee_share - hit["burn_share"]
    income = (
        kept * hit["fees"]
        + (hit["emitted"] - hit["slashed"]) * hit["settlement_price"]
        - hit["operator_cost"]
    )
    cash = income + hit["order_faker_tok"] * hit["settlement_price"] - hit["faked_fees"]
    np.testing.assert_allclose(
        np.diff(hit["faker_profit"], axis=1), cash[:, 1:], atol=1e-9 * hit["pool_usd"].max()
    )
    for paths in (hit, calm):
        sold = paths["order_faker_tok"].sum(axis=1)
        np.testing.assert_allclose(sold, 0.02 * paths["circulating_supply"][:, 0], rtol=1e-12)


def test_customers_do_not_pay_for_the_fakers_tokens():
    """Their tokens stay where they were: he buys all that he spends."""
    hit, calm = pair(STILL, days=40, runs=1)
    np.testing.assert_allclose(hit["customers_tok"], calm["customers_tok"], rtol=1e-9)


def test_honest_work_is_as_it_was_where_capacity_is_ample():
    """What customers bring and get does not change, though fees and utility value do."""
    hit, calm = pair(STILL, days=40, runs=2)
    for name in ("demand", "served", "unserved", "latency_mean", "latency_p99", "user_bill"):
        np.testing.assert_allclose(hit[name], calm[name], rtol=1e-12, err_msg=name)
    assert hit["utility_value"].max() > 1.05 * calm["utility_value"].max()
    during = hit["faked_served"] > 0.0
    np.testing.assert_allclose(hit["fees"][during], (1.0 + SIZE) * calm["fees"][during], rtol=1e-12)


def test_faked_work_takes_capacity_and_is_turned_away_like_any_other():
    hit, calm = pair({"shocks.enabled": False, "wash_usage.size": 1.0}, days=10, runs=1)
    day = int(START) + 1
    limit = resolve("baseline").values.capacity.admission_limit
    assert hit["utilisation"][0, day] == pytest.approx(2.0 * calm["utilisation"][0, day])
    served, demand = hit["served"][0, day], hit["demand"][0, day]
    assert served / demand == pytest.approx(limit * hit["capacity"][0, day] / (2.0 * demand))
    assert hit["faked_served"][0, day] == pytest.approx(served)
    assert served + hit["unserved"][0, day] == pytest.approx(demand)
    assert hit["latency_p99"][0, day] > calm["latency_p99"][0, day]


def test_engines_agree_while_usage_is_faked():
    sets = FAKED | {
        "wash_usage.holding": 0.02,
        "wash_usage.sale_days": 4.0,
        "wash_usage.own_nodes": 0.2,
        "wash_usage.directed": 0.7,
        "wash_usage.start": 2.0,
        "wash_usage.days": 9.5,
        "simulation.days": 15.0,
    }
    values = resolve("baseline", policy="pid", sets=sets).values
    params = bind(values, sample(values, np.arange(3), 7))
    start = steady_state(values).state
    slow, fast = (
        engine.simulate(MODEL.bound(params), params, start, runs=np.arange(3), steps=15)
        for engine in (cadcad, ensemble)
    )
    assert slow.values["faker_profit"].min() < 0.0
    for name, series in slow.values.items():
        assert_same_bits(name, fast.values[name], series)


def test_nobody_who_fakes_nothing_costs_nothing():
    """The compiled step of the baseline computes as much with the mechanism as without it."""

    def computed(model):
        values = resolve("baseline", policy="pid").values
        params = bind(values, sample(values, np.zeros(1, dtype=int), 0), model)
        program = record_step(model.bound(params), params)
        ends = [end for _, end in (*program.outputs, *program.checks)]
        names = [program.operations[i].name for i in program.needed(ends)]
        return sum(name != "input" for name in names)

    without = tuple(
        block(one.name, *kept)
        for one in MODEL.blocks
        for kept in [[p for p in one.policies if p.__module__ != wash_usage.__name__]]
    )
    assert computed(MODEL) == computed(replace(MODEL, blocks=without))


@pytest.fixture(scope="module")
def table():
    def under(policy):
        return resolve("baseline", policy=policy, scenarios=("wash_usage",), sets=LONG)

    return wash_usage_table(under, policies=["none", "pid"], runs=16, seed=3)


LONG = ("simulation.days=160",)


@pytest.mark.slow
def test_break_even_is_where_the_profit_is_nothing(table):
    row = table[(table["policy"] == "pid") & (table["defence"] == SHIPPED)].iloc[1]
    resolved = resolve("baseline", policy="pid", scenarios=("wash_usage",), sets=LONG)
    even, low, high = row["break_even"]
    assert 0.0 < low < even < high < 0.25
    profit = Faking(resolved, runs=16, seed=3).gains(row["nodes"], [0.0, 0.5 * even, even])[
        "profit"
    ]
    none, half, at = profit.mean(axis=1)
    assert none == pytest.approx(-row["total"][0]) and none < half < 0.0
    assert abs(at) < 0.005 * abs(none)


@pytest.mark.parametrize("size", [0.05, 0.5])
def test_a_token_pays_for_the_days_of_faking_over_its_holding_time_whatever_the_size(size):
    """Where price is utility value, work has one price and nothing is burned: of a cost of f F D
    and a rise of f F h/C, the holding that makes up for it is D/h of C.
    """
    days = 40.0
    sets = STILL | FAKED | {"market.anchoring": 1.0, "supply.enabled": False}
    sets |= {"supply.throughput_memory": 0.1, "wash_usage.days": days, "wash_usage.size": size}
    sets |= {"wash_usage.sale_days": 10.0, "simulation.days": 60.0}
    row = Faking(resolve("baseline", sets=sets), runs=2, seed=0).row(0.0)
    holding_time = resolve("baseline").values.supply.holding_time
    assert row["marked"] == pytest.approx(days / holding_time, rel=1e-2)


def test_nodes_of_his_own_make_faking_cheaper_and_a_slow_memory_makes_it_dearer(table):
    for _, rows in table.groupby("policy"):
        as_set = rows[rows["defence"] == SHIPPED].set_index("nodes")
        assert as_set.loc[0.1, "cost"][2] < as_set.loc[0.0, "cost"][1]
        assert as_set.loc[0.1, "break_even"][0] < as_set.loc[0.0, "break_even"][0]
        assert as_set.loc[0.0, "paid"] == pytest.approx(as_set.loc[0.0, "cost"])
        slow = rows[rows["defence"].str.startswith("throughput")].set_index("nodes")
        assert slow.loc[0.0, "value"][2] < as_set.loc[0.0, "value"][1]
        assert slow.loc[0.0, "break_even"][0] > as_set.loc[0.0, "break_even"][0]


def test_the_controller_buys_because_the_reference_rises_and_not_where_nobody_controls(table):
    first = table[(table["defence"] == SHIPPED) & (table["nodes"] == 0.0)].set_index("policy")
    assert first.loc["none", "spent"] == (0.0, 0.0, 0.0)
    assert first.loc["pid", "spent"][1] > 0.0


def test_no_controller_has_no_reference_to_defend_with():
    def named(policy):
        return defences(resolve("baseline", policy=policy))

    assert set(named("pid")) - set(named("none")) == {"reference average", "reference path"}


def test_the_command_says_from_what_holding_it_pays(tmp_path):
    few = ("--runs", "4", "--policies", "none", "--days", "150")
    status, output, errors = command("control", "wash-usage", *few, "--out", str(tmp_path / "w"))
    assert status == 0, errors
    assert "circulating supply would make up for it" in output
    assert "pays off from" in (tmp_path / "w" / "wash_usage.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--days", "100"), "expected at least 150"),
        (("--set", "wash_usage.size=0"), "in which nobody fakes usage"),
        (("--policies", "pid,pid"), "'pid' twice"),
    ],
)
def test_what_is_no_faking_is_refused(arguments, message):
    status, _, errors = command("control", "wash-usage", *arguments)
    assert status == 2 and message in errors


@pytest.mark.parametrize("mode", ["yield", "days_of_revenue"])
def test_who_owns_all_nodes_earns_what_operators_earn_less_what_delegators_get(mode):
    own = {"wash_usage.own_nodes": 1.0, "wash_usage.directed": 1.0, "shocks.enabled": False}
    sets = FAKED | own | {"bonding.mode": mode, "supply.staked_share": 0.3}
    paths = simulate(sets | {"market.enabled": False}, days=15, runs=1)
    earned = paths["operator_income"][0, 1:] - paths["operator_cost"][0, 1:]
    np.testing.assert_allclose(paths["faker_income"][0, 1:], earned, rtol=1e-2)
