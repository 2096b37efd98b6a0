"""Tokens are neither made nor lost, and no one spends what they do not hold."""

import numpy as np
import pytest
from events import early
from hypothesis import given, settings
from hypothesis import strategies as st

from paths import simulate
from tokenomics.experiments.run import run
from tokenomics.model.formulas.liquidity import clear
from tokenomics.parameters.locate import names

LEDGERS = (
    "pool_tok",
    "customers_tok",
    "operators_tok",
    "speculators_tok",
    "attacker_tok",
    "holders_tok",
)


def assert_books_balance(paths, dt=1.0):
    total = paths["total_supply"]
    booked = (
        sum(paths[n] for n in LEDGERS)
        + paths["staked"]
        + paths["treasury_tok"]
        + paths["locked"]
        + paths["vault_tok"]
    )
    np.testing.assert_allclose(booked, total, rtol=1e-9)
    np.testing.assert_allclose(
        sum(paths[n] for n in LEDGERS), paths["circulating_supply"], rtol=1e-9
    )
    change = (paths["minted"] - paths["burned"])[:, 1:] * dt
    np.testing.assert_allclose(np.diff(total, axis=1), change, atol=1e-9 * total.max())
    for name in (
        *LEDGERS,
        "staked",
        "treasury_tok",
        "locked",
        "vault_tok",
        "treasury_usd",
        "speculators_usd",
        "attacker_usd",
        "total_supply",
    ):
        assert paths[name].min() >= -1e-9 * total.max(), name


# every policy under a quarter of the scenarios, every scenario under a quarter of the policies;
# the random networks below take any pair
PAIRS = [
    (policy, scenario)
    for i, policy in enumerate(names("policy"))
    for j, scenario in enumerate(names("scenario"))
    if (i + j) % 4 == 0
]


@pytest.mark.parametrize(("policy", "scenario"), PAIRS)
def test_books_balance_under_every_policy_and_scenario(policy, scenario):
    # 55 days or more from the day on which it begins
    paths = simulate(early(scenario), policy=policy, scenarios=(scenario,), days=65, runs=3)
    assert_books_balance(paths)


@settings(max_examples=25, deadline=None)
@given(
    policy=st.sampled_from(names("policy")),
    scenario=st.sampled_from(names("scenario")),
    market=st.sampled_from(["pool", "linear"]),
    burn=st.floats(0.0, 0.9),
    fee=st.floats(0.0, 0.1),
    pool=st.floats(0.01, 0.2),
    volatility=st.floats(0.0, 0.15),
    noise=st.floats(0.0, 0.5),
    vesting=st.booleans(),
    time_step=st.sampled_from([1.0, 0.5]),
    seed=st.integers(0, 2**32),
)
def test_books_balance_on_random_networks(
    policy, scenario, market, burn, fee, pool, volatility, noise, vesting, time_step, seed
):
    sets = early(scenario) | {
        "market.type": market,
        "supply.burn_share": burn,
        "treasury.fee_share": fee,
        "market.pool_share": pool,
        "news.volatility": volatility,
        "speculation.noise": noise,
        "supply.vesting": vesting,
        "simulation.time_step": time_step,
    }
    assert_books_balance(
        simulate(sets, policy=policy, scenarios=(scenario,), days=25, runs=2, seed=seed),
        dt=time_step,
    )


def test_no_policy_can_spend_what_the_treasury_does_not_hold():
    sets = {
        "treasury.reserve": 0.001,
        "controller.spend_limit": 1.0,
        "controller.pid.kp": 5.0,
        "treasury.cost_ratio": 3.0,
    }
    paths = simulate(sets, policy="pid", scenarios=("token_crash",), days=200, runs=8)
    assert paths["treasury_usd"].min() >= 0.0
    spent = np.maximum(paths["control_output"], 0.0)[:, 1:]
    assert np.all(spent <= paths["treasury_usd"][:, :-1] + 1e-6)


@given(
    price=st.floats(1e-4, 1e4),
    tokens=st.floats(1e3, 1e9),
    buy=st.floats(0.0, 5.0),
    sell=st.floats(0.0, 5.0),
)
def test_a_batch_at_one_price_keeps_the_constant_product(price, tokens, buy, sell):
    usd = price * tokens
    settled, after, out = clear("pool", price, tokens, usd, buy * usd, sell * tokens, 0.0)
    left = tokens - out
    assert left > 0
    assert left * (usd + buy * usd - sell * tokens * settled) == pytest.approx(
        tokens * usd, rel=1e-9
    )
    assert after == pytest.approx(tokens * usd / left**2, rel=1e-9)


def test_one_buyer_pays_the_textbook_slippage():
    # P' = P (1 + J/y)², DCBM equation (5)
    _, after, _ = clear("pool", 2.0, 100.0, 200.0, 20.0, 0.0, 0.0)
    assert after == pytest.approx(2.0 * 1.1**2)


def test_linear_impact_is_the_pool_to_first_order():
    pool = clear("pool", 1.0, 1e6, 1e6, 10.0, 0.0, 1e6)[1]
    linear = clear("linear", 1.0, 1e6, 1e6, 10.0, 0.0, 1e6)[1]
    assert np.log(pool) == pytest.approx(np.log(linear), rel=1e-4)


def test_balanced_orders_leave_the_price_alone():
    settled, after, out = clear("pool", 0.5, 1e6, 5e5, 1000.0, 2000.0, 0.0)
    assert (settled, after) == (pytest.approx(0.5), pytest.approx(0.5))
    assert out == pytest.approx(0.0, abs=1e-6)


@given(
    price=st.floats(1e-4, 1e4),
    depth=st.floats(1e3, 1e9),
    buy=st.floats(0.0, 50.0),
    sell=st.floats(0.0, 50.0),
    held=st.floats(1e-3, 50.0),
    kind=st.sampled_from(["linear", "off"]),
)
def test_dealers_give_no_more_than_they_have(price, depth, buy, sell, held, kind):
    usd = price * depth
    settled, after, out = clear(kind, price, depth, usd, buy * usd, sell * depth, held * depth)
    assert out <= held * depth * (1.0 + 1e-9)
    offered = buy * usd / (sell * depth + held * depth)  # at which buyers share all that there is
    if kind == "off":
        assert after == price
    elif settled == offered > price:
        # nobody is left who would pay more, and impact alone may have brought the price further
        assert after == pytest.approx(max(offered, price * np.exp(2.0 * (buy - sell))), rel=1e-9)
    else:
        assert after * price == pytest.approx(settled**2, rel=1e-9)
    # USD and tokens that traders bring and take away, and those of the dealers
    assert buy * usd - sell * depth * settled == pytest.approx(
        out * settled, rel=1e-9, abs=1e-9 * usd * (1.0 + buy + sell * settled / price)
    )


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("kind", ["linear", "pool"])
@pytest.mark.parametrize("policy", ["pid", "threshold", "dcbm"])
def test_a_run_on_the_treasury_ends_with_what_holders_have(policy, kind):
    # every holder sells to the buy-back, which takes more tokens than passive holders are left with
    done = run(
        "baseline",
        policy=policy,
        scenario="bank_run",
        sets={"market.type": kind},
        runs=8,
        seed=3,
        engine="ensemble",
    )
    assert not done.failures
    assert float(done.dataset["holders_tok"].min()) >= -1e-9 * float(
        done.dataset["total_supply"].max()
    )
