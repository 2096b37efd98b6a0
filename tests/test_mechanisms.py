"""Each mechanism has the right sign and the right limit, and switching it off changes what it
should.
"""

import math
from functools import cache

import numpy as np
import pytest
from scipy import stats

from paths import simulate
from tokenomics.model.blocks.pricing import policy_pricing
from tokenomics.model.formulas.cheating import cheating
from tokenomics.model.formulas.fleet import energy_cost, willing_nodes
from tokenomics.model.formulas.numerics import chartist_share, impulse, poisson, relaxation, window
from tokenomics.model.model import MODEL, bind
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

STILL = {"shocks.enabled": False}


def last(paths, name):
    return float(np.mean(paths[name][:, -1]))


# --- switching a mechanism off changes a named output ---------------------------------------------

SWITCHES = [
    ("shocks.enabled", False, (), "token_price"),
    ("news.enabled", False, (), "token_price"),
    ("demand.enabled", False, (), "potential_demand"),
    ("venues.enabled", False, ("demand_boom",), "network_share"),
    ("capacity.enabled", False, ("demand_boom",), "served"),
    ("pricing.enabled", False, ("demand_boom",), "inference_price"),
    ("reliability.enabled", False, (), "availability"),
    ("privacy.mode", "tee", (), "privacy_throughput"),
    ("operators.enabled", False, ("demand_boom",), "nodes"),
    ("supply.enabled", False, (), "burned"),
    ("treasury.enabled", False, (), "treasury_income"),
    ("market.enabled", False, (), "settlement_price"),
    ("speculation.enabled", False, (), "velocity_speculative"),
    ("oracle.enabled", False, (), "measured_price"),
    ("controller.type", "none", (), "control_output"),
    ("bills.enabled", False, (), "user_bill"),
]


def switched(sets, scenarios):
    return simulate(sets, policy="pid", scenarios=scenarios, days=90, runs=2)


@cache
def all_on(scenarios):
    return switched(None, scenarios)


@pytest.mark.parametrize(("switch", "value", "scenarios", "output"), SWITCHES)
def test_switching_a_mechanism_off_changes_its_output(switch, value, scenarios, output):
    on, off = all_on(scenarios)[output], switched({switch: value}, scenarios)[output]
    assert np.all(np.isfinite(off))
    assert not np.allclose(on, off, rtol=1e-6, atol=0.0)


# --- price ----------------------------------------------------------------------------------------


def test_without_speculation_the_price_follows_the_utility_value():
    sets = STILL | {
        "speculation.enabled": False,
        "market.anchoring": 0.5,
        "operators.enabled": False,
    }
    paths = simulate(sets, scenarios=("demand_slump",), days=150, runs=1)
    assert last(paths, "utility_value") < 0.9 * paths["utility_value"][0, 0]
    assert np.max(np.abs(paths["decoupling"][:, 30:])) < 0.05


def test_without_impact_orders_leave_the_price_to_the_outside_valuation():
    paths = simulate({"market.enabled": False}, policy="static", days=60)
    np.testing.assert_allclose(paths["token_price"], paths["outside_value"], rtol=1e-12)


def test_fast_arbitrage_ties_the_pool_to_the_outside_valuation():
    paths = simulate({"market.arbitrage_speed": 1e11}, days=60)
    np.testing.assert_allclose(paths["token_price"], paths["outside_value"], rtol=1e-9)


def test_a_crash_of_the_valuation_moves_the_price_by_its_size():
    paths = simulate(
        STILL | {"speculation.enabled": False}, scenarios=("token_crash",), days=70, runs=1
    )
    size = resolve("baseline", scenarios=("token_crash",)).values.events["token_crash"].size
    drop = math.log(paths["token_price"][0, 61] / paths["token_price"][0, 60])
    assert drop == pytest.approx(size, rel=0.05)


def test_buying_raises_the_price_and_burns_supply():
    none = simulate(STILL, scenarios=("token_crash",), days=120, runs=1)
    pid = simulate(STILL, policy="pid", scenarios=("token_crash",), days=120, runs=1)
    after = slice(62, 91)  # later on, what the buy-back has raised others need not
    assert np.all(pid["token_price"][0, after] > none["token_price"][0, after])
    assert last(pid, "total_supply") < last(none, "total_supply")
    assert last(pid, "treasury_usd") < last(none, "treasury_usd")


def test_a_whale_that_sells_lowers_the_price():
    calm = simulate(STILL, days=90, runs=1)
    whale = simulate(STILL, scenarios=("whale_unlock",), days=90, runs=1)
    assert last(whale, "token_price") < last(calm, "token_price")
    assert last(whale, "locked") < last(calm, "locked")


def test_news_has_mertons_moments():
    p = resolve("baseline", sets=("simulation.days=4000", "speculation.enabled=false")).values
    from tokenomics.model.blocks.shocks import policy_news
    from tokenomics.model.shocks import sample

    params = bind(p, sample(p, range(50), 7))
    state = {"time": 0.0, "news": np.zeros(50), "market_index": np.zeros(50)}
    state["volatility_level"] = np.zeros(50)
    news = np.array(
        [policy_news(params, 0, None, {**state, "step": t})["news"] for t in range(4000)]
    ).ravel()
    n = p.news
    variance = n.volatility**2 + n.jump_rate * (n.jump_mean**2 + n.jump_volatility**2)
    fourth = n.jump_rate * (
        n.jump_mean**4 + 6 * n.jump_mean**2 * n.jump_volatility**2 + 3 * n.jump_volatility**4
    )
    assert news.mean() == pytest.approx(0.0, abs=5 * math.sqrt(variance / news.size))
    assert news.var() == pytest.approx(variance, rel=0.03)
    assert stats.kurtosis(news) == pytest.approx(fourth / variance**2, rel=0.15)


@pytest.mark.parametrize("rate", [0.05, 0.5, 2.0])
def test_jump_counts_invert_the_poisson_distribution(rate):
    uniforms = np.linspace(1e-6, 1 - 1e-6, 1001)
    np.testing.assert_array_equal(
        poisson(rate, uniforms), np.minimum(stats.poisson(rate).ppf(uniforms), 12)
    )


# --- demand, venues, capacity ---------------------------------------------------------------------


def test_a_boom_brings_work_raises_the_price_and_then_nodes():
    calm, boom = (simulate(STILL, scenarios=s, days=140, runs=1) for s in ((), ("demand_boom",)))
    for name in ("demand", "inference_price", "nodes", "fees", "utility_value"):
        assert last(boom, name) > last(calm, name), name
    assert boom["utilisation"].max() > calm["utilisation"].max()


def test_what_is_not_served_is_counted():
    paths = simulate(scenarios=("demand_boom",), days=120)
    np.testing.assert_allclose(paths["served"] + paths["unserved"], paths["demand"], rtol=1e-12)
    assert np.all(paths["served"] <= paths["capacity"] * (1 + 1e-12))


def test_an_outage_takes_capacity_and_a_ban_takes_nodes():
    calm = simulate(STILL, days=64, runs=1)
    outage = simulate(STILL, scenarios=("regional_outage",), days=64, runs=1)
    ban = simulate(STILL, scenarios=("regulatory_ban",), days=100, runs=1)
    assert last(outage, "capacity") < 0.8 * last(calm, "capacity")
    assert ban["nodes"].min() < 0.9 * last(calm, "nodes")


def test_cheaper_hardware_brings_capacity_and_a_lower_price():
    calm, cheap = (
        # prices fall on day 60; by day 200 nine tenths of what follows have come
        simulate(STILL, scenarios=s, days=200, runs=1)
        for s in ((), ("hardware_price_drop",))
    )
    assert last(cheap, "capacity") > last(calm, "capacity")
    assert last(cheap, "inference_price") < last(calm, "inference_price")


def test_idle_nodes_do_not_sell_below_their_electricity():
    parameters = resolve("baseline").values
    params, state = bind(parameters, None), steady_state(parameters).state | {"utilisation": 0.1}
    start = state["inference_price"]
    for _ in range(1000):
        state["inference_price"] = float(policy_pricing(params, 0, None, state)["inference_price"])
    floor = energy_cost(params, {name: state[f"nodes_{name}"] for name in params["fleet"]})
    assert state["inference_price"] == pytest.approx(floor)
    assert floor < 0.2 * start


def test_customers_leave_a_network_whose_price_is_risky():
    calm, wary = (resolve("baseline", sets=(f"venues.risk_aversion={r}",)).values for r in (0, 20))
    left = steady_state(wary, today=calm).state
    assert left["network_share"] < steady_state(calm).state["network_share"]


def test_work_that_needs_an_answer_at_once_is_the_first_to_leave_a_slow_network():
    today = resolve("baseline").values
    slow = resolve("baseline", sets=("venues.orchestration_latency=20",)).values
    before, after = steady_state(today).state, steady_state(slow, today=today).state
    lost = {n: 1.0 - after[f"share_{n}"] / before[f"share_{n}"] for n in today.workloads}
    assert lost["interactive"] > 0.05
    assert lost["realtime"] > 0.05 > lost["batch"]


def test_privacy_protection_costs_throughput_and_latency():
    today = resolve("baseline").values
    plain, tee, zk = (
        steady_state(resolve("baseline", sets=(f"privacy.mode={mode}",)).values, today=today).state
        for mode in ("none", "tee", "zk")
    )
    assert tee["privacy_throughput"] < plain["privacy_throughput"]
    assert zk["latency_mean"] > tee["latency_mean"] > plain["latency_mean"] - 1.0
    assert zk["share_interactive"] < plain["share_interactive"]


# --- operators ------------------------------------------------------------------------------------


def test_supply_follows_the_merit_order():
    h100 = resolve("baseline").values.fleet["h100"]
    revenues = np.geomspace(1e-4, 1.0, 50)
    nodes = willing_nodes(h100, revenues)
    assert np.all(np.diff(nodes) >= 0)
    assert nodes[-1] <= h100.potential_nodes
    median = h100.reservation_cost * 24 / (h100.throughput * 0.0864)
    assert willing_nodes(h100, median) == pytest.approx(0.5 * h100.potential_nodes)


def test_exit_is_faster_than_entry():
    boom = simulate(STILL, scenarios=("demand_boom",), days=75, runs=1)["nodes"]
    slump = simulate(STILL, scenarios=("demand_slump",), days=75, runs=1)["nodes"]
    assert boom[0, -1] - boom[0, 0] < slump[0, 0] - slump[0, -1]


def test_cheating_fades_as_the_stake_at_risk_grows():
    params = bind(resolve("baseline").values, None)
    shares = [sum(cheating(params, stake, 100.0).values()) for stake in (1.0, 1e3, 1e5, 1e7)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 1e-4 < shares[0] <= params["reliability"].cheating_limit


def test_chartists_gain_when_they_earn_more_and_split_when_they_earn_the_same():
    speculation = resolve("baseline", sets=("speculation.information_cost=0",)).values.speculation
    assert chartist_share(speculation, 0.0) == 0.5
    assert chartist_share(speculation, 1e-3) > 0.5 > chartist_share(speculation, -1e-3)


def test_trend_following_beyond_the_bifurcation_leaves_the_fundamental_price():
    # Brock and Hommes (1998): with strong extrapolation the fundamental steady state loses its
    # stability
    sets = STILL | {
        "market.permanent_impact": 1.0,
        "speculation.fundamentalist": 0.05,
        "market.anchoring": 0.001,
    }
    weak = simulate(
        sets | {"speculation.chartist": 0.2}, scenarios=("token_bull",), days=365, runs=1
    )
    strong = simulate(
        sets | {"speculation.chartist": 1.2}, scenarios=("token_bull",), days=365, runs=1
    )
    assert np.all(np.isfinite(strong["token_price"]))
    assert (
        np.abs(strong["decoupling"][0, 60:200]).max()
        > 2 * np.abs(weak["decoupling"][0, 60:200]).max()
    )


# --- supply ---------------------------------------------------------------------------------------


def test_emission_over_a_half_life_is_what_the_schedule_says_for_any_step():
    sums = []
    for dt in (1.0, 0.25):
        paths = simulate(
            STILL | {"emission.half_life": 40, "simulation.time_step": dt},
            overlays=("decaying_emission",),
            days=40,
            runs=1,
        )
        sums.append(paths["emitted"][0, 1:].sum() * dt / paths["emission_rate"][0, 0])
    exact = 40 / math.log(2) * 0.5
    overlay = resolve("baseline", overlays=("decaying_emission",)).values.emission
    assert overlay.schedule == "smooth"
    np.testing.assert_allclose(sums, exact, rtol=1e-9)


def test_vesting_releases_the_locked_tokens_linearly():
    paths = simulate(STILL | {"supply.vesting_time": 100}, overlays=("vesting",), days=120, runs=1)
    locked = paths["locked"][0]
    assert locked[50] == pytest.approx(locked[0] / 2, rel=1e-9)
    assert locked[-1] == pytest.approx(0.0, abs=1e-6 * locked[0])


def test_a_manipulated_oracle_makes_the_controller_act():
    calm, fooled = (
        simulate(STILL, policy="pid_two_sided", scenarios=scenarios, days=70, runs=1)
        for scenarios in ((), ("oracle_manipulation",))
    )
    assert not np.allclose(calm["control_output"], fooled["control_output"], atol=1.0)
    np.testing.assert_allclose(
        calm["measured_price"][0, :60], fooled["measured_price"][0, :60], rtol=1e-12
    )


def test_bills_agree_when_nothing_moves_and_part_when_the_price_does():
    calm = simulate(STILL, days=20, runs=1)
    np.testing.assert_allclose(calm["user_bill"], calm["bill_stablecoin"], rtol=1e-9)
    wild = simulate(days=60)
    spread = {
        n: np.std(np.log(wild[n] / wild["bill_stablecoin"])) for n in ("user_bill", "bill_hedged")
    }
    assert spread["user_bill"] > 3 * spread["bill_hedged"] > 0


# --- time -----------------------------------------------------------------------------------------


def end_of_transient(scenario, dt):
    names = ("token_price", "nodes", "total_supply", "treasury_usd", "inference_price")
    sets = STILL | {"simulation.time_step": dt}
    paths = simulate(sets, policy="pid", scenarios=(scenario,), days=120, runs=1, keep=names)
    return np.array([last(paths, n) / paths[n][0, 0] for n in names])


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("scenario", ["demand_boom", "token_crash", "whale_unlock"])
def test_halving_the_step_changes_a_transient_only_by_discretisation(scenario):
    halved = end_of_transient(scenario, 0.5)
    assert np.all(np.abs(end_of_transient(scenario, 1.0) - halved) < 0.05)
    if scenario == "token_crash":  # the fastest of them; a quarter of a day takes as long as all
        assert np.all(np.abs(halved - end_of_transient(scenario, 0.25)) < 0.03)


@pytest.mark.slow
def test_halving_the_step_leaves_the_variance_of_returns():
    spreads = []
    for dt in (1.0, 0.5):
        paths = simulate({"simulation.time_step": dt}, days=365, runs=60, keep={"token_price"})[
            "token_price"
        ]
        daily = np.log(paths[:, :: round(1 / dt)])
        spreads.append(np.diff(daily, axis=1).std())
    assert spreads[1] == pytest.approx(spreads[0], rel=0.08)


def test_event_windows_add_up_for_any_step():
    for dt in (1.0, 0.5, 0.3):
        times = np.arange(0, 30, dt)
        assert sum(impulse(t, dt, 5.2, 7.0) for t in times) == pytest.approx(1.0)
        assert sum(window(t, dt, 5.2, 7.0) * dt for t in times) == pytest.approx(7.0)
    assert sum(impulse(t, 1.0, 5.0, 0.0) for t in np.arange(0.0, 30.0)) == pytest.approx(1.0)


def test_a_lag_closes_the_same_gap_in_two_half_steps():
    assert 1 - (1 - relaxation(0.5, 3.0)) ** 2 == pytest.approx(relaxation(1.0, 3.0))
    assert relaxation(1.0, 0.0) == 1.0


def test_floats_and_arrays_give_the_same_numbers():
    parameters = resolve("baseline", policy="pid", scenarios=("token_crash",)).values
    from tokenomics.model.shocks import ShockTable, sample

    table = sample(parameters, [0, 1, 2], 3)
    one = bind(parameters, ShockTable({k: v[:, 1] for k, v in table.values.items()}))
    state = start = steady_state(parameters).state
    arrays = {k: v if k in ("time", "step") else np.full(3, v) for k, v in start.items()}
    for _ in range(70):
        state, arrays = MODEL.step(one, state), MODEL.step(bind(parameters, table), arrays)
    for name, value in state.items():
        assert float(value) == pytest.approx(
            np.broadcast_to(arrays[name], 3)[1], rel=1e-9, abs=1e-9
        ), name
